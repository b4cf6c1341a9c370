"""The subject of a verb of saying, when no list knows it: "рассказал ротный", "Сухопутные войска признали"."""

from __future__ import annotations

import re

from processing.detect.lexicon import Hit
from processing.detect.text import word_set
from processing.detect.view import View

_PIECE = r"(?:[«\"„][^»\"”]{2,40}[»\"”]|\d+-[\w]+|[^\W\d][\w'’ʼ.-]*)"
_AFTER = re.compile(rf" (?:(?:в|во|у) )?({_PIECE}(?: {_PIECE}){{0,5}})")
_BEFORE = re.compile(
    rf"(?:^[«\"—– ]*|[,;:—–(»\"] ?|\b(?:как|як|что|що|но|але|а) )({_PIECE}(?: (?:\d+ )?{_PIECE}){{0,6}}) $"
)
_TAIL = re.compile(rf"(?:[—–] |, |: )({_PIECE}(?: {_PIECE}){{0,5}})\.?$")
_HEAD = re.compile(rf"^({_PIECE}(?: {_PIECE}){{0,5}}): ")
_MEDIUM = re.compile(
    r" (?:в|у|на) (?:своем |своїй |своєму |своей )?(?:соцсет|соцмереж|телеграм|telegram|фейсбу|facebook|"
    r"странице|сторінці)[\w-]*"
)
_BREAKS = word_set(
    "что о об про на по после с со и а но из за для как при не уже еще также том этом это нам нас ему ей им мне мы "
    "он она они я тот та те там здесь сегодня вчера накануне потом позже ранее утром вечером ночью днем впервые так "
    "в во у до к от ко под над "
    "що після з із зі і й але як вже ще також це цьому цього йому їй він вона вони ми тут учора сьогодні напередодні "
    "вранці ввечері вночі пізніше раніше спочатку від під над журналистам журналістам лично особисто"
)
_LEADS = word_set(
    "вчера сегодня накануне утром вечером ночью днем позже ранее также впервые журналистам учора сьогодні "
    "напередодні вранці ввечері вночі пізніше раніше"
)
_NOT_FIRST = _BREAKS | word_set(
    "который которая которые этот эта эти это этом так все всего число которых где когда кто если пока ни нет есть "
    "який яка які цей ця ці усе все усього кількість де коли хто якщо поки ні є раненых погибших поранених загиблих"
)


def subject(view: View) -> str | None:
    """The words of the subject, before the verb or after it; None where they can only be something else."""
    if view.lang == "en":
        return None
    verbs = sorted(view.all("attribution.verbs"), key=lambda h: h.start)
    return next((found for verb in verbs if (found := _before(view, verb) or _after(view, verb))), None)


def beside_mark(view: View) -> str | None:
    """As in "... — губернатор Тульской области", "ОВА: девять погибших": the speaker beside a dash or a colon."""
    known = view.all("attribution.offices", "attribution.institutions", "attribution.sources")
    for pattern in (_HEAD, _TAIL):
        match = pattern.search(view.sentence.raw)
        if match and any(match.start(1) <= h.start < min(match.end(1), match.start(1) + 15) for h in known):
            if any(match.start(1) <= h.start < match.end(1) for h in view.all("triggers.")):
                continue
            verb = next((v for v in view.all("attribution.verbs") if match.start(1) < v.start < match.end(1)), None)
            return view.sentence.raw[match.start(1) : verb.start if verb else match.end(1)].strip()
    return None


def _after(view: View, verb: Hit) -> str | None:
    start = verb.end
    medium = _MEDIUM.match(view.norm, start)
    start = medium.end() if medium else start
    lead = re.match(r"(?: ([^\W\d]+))", view.norm[start:])
    if lead and lead.group(1) in _LEADS:
        start += lead.end()
    match = _AFTER.match(view.sentence.raw, start)
    return _clean(view, match.start(1), match.group(1)) if match else None


def _before(view: View, verb: Hit) -> str | None:
    match = _BEFORE.search(view.sentence.raw[: verb.start])
    if match is None:
        return None
    words = match.group(1)
    lead = re.match(r"(?:В|Во|У|в|во|у) ", words)
    start = match.start(1) + (lead.end() if lead else 0)
    return _clean(view, start, view.sentence.raw[start : match.end(1)])


def _clean(view: View, start: int, words: str) -> str | None:
    """Cut at the first word that cannot belong to a name or an office."""
    pieces = list(re.finditer(_PIECE, words))
    first = words.split()[0].lower() if words.split() else ""
    if not pieces or first in _NOT_FIRST:
        return None
    end = next(
        (p.start() for p in pieces[1:] if p.group().lower() in _BREAKS - {"из", "с", "по", "в", "у", "з", "із"}), None
    )
    kept = words[:end].strip() if end else words
    low, high = start, start + len(kept)
    if any(low <= h.start < high for h in view.all("triggers.", "weekdays.", "days.", "months.")):
        return None
    if any(low <= h.start and h.end == high for h in view.all("objects")):
        return None
    return kept.rstrip(".") or None
