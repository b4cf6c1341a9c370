"""Officials: who held which office when, found by name in a text; the holder's region is that of the statement.

The table officials.tsv is built from officials.yaml by `processing.detect.build.officials`. A name counts where the
date, the office words and the region around it fit: a governor quoted after leaving is no official, nor his namesake.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

from processing.detect.places import find_places
from processing.detect.text import fold, word_set
from processing.detect.view import Article, View
from processing.models import Attribution

TABLE = Path(__file__).parent / "officials.tsv"
_FIRST_DAY = date(2022, 2, 24)
_AFTER_LEAVING = timedelta(days=2)  # what was said on the last day is printed later
_AFTER_SEEN = timedelta(days=366)  # longer after the last reference a bare name does not count

_OVA = ("head of the regional military administration", "начальник ОВА", "начальник ОВА")
_INSTALLED = ("Russia-installed head", "глава оккупационной администрации", "голова окупаційної адміністрації")
OFFICES: Mapping[str, tuple[str, str, str]] = {  # titles in English, Russian, Ukrainian
    "governor": ("governor", "губернатор", "губернатор"),
    "head": ("head of the republic", "глава республики", "глава республіки"),
    "mayor": ("mayor", "мэр", "мер"),
    "okrug": ("head of the district", "глава округа", "голова округу"),
    "ova": _OVA,
    "kmva": ("head of the city military administration", "начальник КГВА", "начальник КМВА"),
    "mva": ("head of the city military administration", "начальник МВА", "начальник МВА"),
    "rva": ("head of the district military administration", "начальник РВА", "начальник РВА"),
    "occupied": _INSTALLED,
    "occupied_city": _INSTALLED,
}
_LANGS = ("en", "ru", "uk")
_REGIONAL = (
    r"губернатор\w*|врио|в\.? ?о\.?|глав(?:а|ы|е|у|ой|ою)|руководител\w+|начальник\w*|очільни\w+|голов(?:а|и|і|у|ою)|"
    r"керівни\w+|governor|gov\.?|head|chief|leader|ова|ода"
)
_CIVIC = r"мэр\w*|мер(?:а|у|ом|ові)?|градоначальник\w*|mayor|рва|мва|кмва"
_BESIDE = {
    "regional": re.compile(rf"\b(?:{_REGIONAL})(?:,? (?!и |та |and |й )[\w'’\"().-]+){{0,7}},? $"),
    "civic": re.compile(rf"\b(?:{_REGIONAL}|{_CIVIC})(?:,? (?!и |та |and |й )[\w'’\"().-]+){{0,7}},? $"),
}
_BEHIND = re.compile(rf",? ?[(—-]? ?(?:the |the \w+ )?(?:\w+ )?(?:{_REGIONAL}|{_CIVIC})\b")
_FORMER = re.compile(r"(?:\b(?:бывш\w+|прежн\w+|колишн\w+|former|ousted|late)|экс|екс|\bex)[ -](?:[\w'’.-]+ ){0,6}$")
_OTHER_JOB = re.compile(
    r"\b(?:депутат|нардеп|сенатор|полковник|подполковник|підполковник|генерал|майор|капитан|капітан|лейтенант|сержант|"
    r"рядов|боец|бойц|боєць|бійц|военнослужащ|військовослужб|солдат|командир|комбат|тренер|министр|міністр|посол|"
    r"президент|прокурор|судья|судд|следовател|слідч|журналист|журналіст|корреспондент|доктор|врач|лікар|политолог|"
    r"політолог|эксперт|експерт|советник|радник|замгубернатор|вице-губернатор|заступник|заместител|спикер|спікер|речник|"
    r"пресс-секретар|deputy|vice|colonel|general|major|captain|lieutenant|sergeant|private|minister|mp|lawmaker|senator|"
    r"coach|journalist|reporter|analyst|soldier|adviser|advisor|spokesm|спортсмен|футболист|певец|актер|актор|student|"
    r"школьник|учен|житель|жител|мешкан|resident)[\w'’-]*(?: [\w'’-]+)? $"
)
_TITLE_BEFORE = word_set("governor gov governor's mr mayor head president acting chief said says")
_CAPITAL = re.compile(r"(?<![\w'’-])[A-ZА-ЯЁІЇЄҐ][\w'’ʼ-]+")
_WORD_BEFORE = re.compile(r"([\w'’ʼ-]+\.?) $")
_INITIAL = re.compile(r"\b([A-ZА-ЯЁІЇЄҐ])\.(?: ?[A-ZА-ЯЁІЇЄҐ]\.)? ?$")
_PATRONYMIC = re.compile(r"(?:вич|вна|вича|вны|вичу|вне|вичем|вной|вичем|ович|івна|йович|ївна|івни|овича)$")


@dataclass(frozen=True, slots=True)
class Official:
    """A person in an office. `since` and `until` are its days; `seen` is the last day of a reference to it."""

    office: str
    region: str
    institution: str | None  # in English, as the sources are registered; None in occupied territory
    since: date | None
    until: date | None
    seen: date | None
    common: bool
    word: bool
    names: tuple[str, str, str]
    given: tuple[str, ...]

    def holds(self, on: date | None) -> bool:
        """Whether the person was in office on that day, as far as is known; any day when None."""
        if on is None:
            return True
        return (self.since or _FIRST_DAY) <= on and (self.until is None or on <= self.until + _AFTER_LEAVING)

    def is_stale(self, on: date | None) -> bool:
        """Whether the last reference is too old for a bare name to count."""
        return on is not None and self.until is None and self.seen is not None and on > self.seen + _AFTER_SEEN

    def name(self, lang: str) -> str:
        return self.names[_LANGS.index(lang) if lang in _LANGS else 0]

    def title(self, lang: str) -> str:
        return OFFICES[self.office][_LANGS.index(lang) if lang in _LANGS else 0]


@dataclass(frozen=True, slots=True)
class Mention:
    """An official named in a text. `named`: with the first name; `beside`: with an office word of the right kind."""

    official: Official
    start: int
    end: int
    named: bool
    beside: bool


@dataclass(frozen=True)
class Officials:
    """The table, by every form of a surname."""

    forms: Mapping[str, tuple[Official, ...]]
    given: tuple[str, ...]  # beginnings of first names


def read(lines: Iterable[str]) -> Officials:
    """The table from its lines."""
    forms: dict[str, list[Official]] = {}
    rows = iter(lines)
    given = set(next(rows).rstrip("\n").split("|"))
    for row in rows:
        office, region, body, since, until, seen, flags, en, ru, uk, first, last = row.rstrip("\n").split("\t")
        begin, end, latest = (date.fromisoformat(day) if day else None for day in (since, until, seen))
        first_names = tuple(first.split("|")) if first else ()
        given.update(first_names)
        official = Official(
            office,
            region,
            body or None,
            begin,
            end,
            latest,
            "common" in flags,
            "word" in flags,
            (en, ru, uk),
            first_names,
        )
        for form in last.split("|"):
            forms.setdefault(form, []).append(official)
    return Officials({form: tuple(held) for form, held in forms.items()}, tuple(sorted(given - {""})))


@lru_cache(maxsize=1)
def table() -> Officials:
    """The shipped table, read when first needed."""
    with TABLE.open(encoding="utf-8") as file:
        return read(file)


def find(
    text: str, on: date | None = None, regions: Iterable[str] = (), officials: Officials | None = None
) -> list[Mention]:
    """Officials that a text names on that day; `regions` it speaks of tell namesakes apart."""
    known, norm, near = officials or table(), fold(text), frozenset(regions)
    mentions = (_mention(text, norm, word, on, near, known) for word in _words(text, norm, known))
    return [mention for mention in mentions if mention is not None]


def _words(text: str, norm: str, known: Officials) -> list[re.Match[str]]:
    """The words that may be an official's surname."""
    return [match for match in _CAPITAL.finditer(text) if _held(norm[match.start() : match.end()], known)]


def _held(word: str, known: Officials) -> tuple[Official, ...]:
    return known.forms.get(word) or known.forms.get(word.removesuffix("'s"), ())


def _mention(
    raw: str, norm: str, word: re.Match[str], on: date | None, near: frozenset[str], known: Officials
) -> Mention | None:
    start, end = word.span()
    held = [official for official in _held(norm[start:end], known) if official.holds(on)]
    named, begin = _given(raw, norm, start, end, known)
    if named == "":
        return None
    if named is not None:
        held = [o for o in held if _is_named(o, named)]
    before, after = norm[max(0, begin - 90) : begin], norm[end : end + 40]
    if not held or _FORMER.search(before):
        return None
    fitting = [o for o in held if _beside(o, before, after)]
    if not fitting and _OTHER_JOB.search(before):
        return None
    official = _one(fitting, near) if fitting else _one(held, near)
    if official is None:
        return None
    beside, full = official in fitting, named is not None and len(named) > 1
    if official.is_stale(on) and not beside:
        return None
    if not beside and not full and (official.word or (official.common and official.region not in near)):
        return None
    if not beside and official.common and near and official.region not in near:
        return None
    return Mention(official, begin, end, full, beside)


def _is_named(official: Official, named: str) -> bool:
    """Whether the first name or initial before the surname is the official's; unknown first names fit any."""
    if len(named) == 1:
        return not official.given or any(name.startswith(named) for name in official.given)
    return not official.given or any(named.startswith(name) for name in official.given)


def _given(raw: str, norm: str, start: int, end: int, known: Officials) -> tuple[str | None, int]:
    """First name or initial beside the surname, "" when the word is part of another name, and where the name begins."""
    initial = _INITIAL.search(raw[max(0, start - 8) : start])
    if initial:
        return fold(initial.group(1)), start - (len(initial.group()))
    before = _WORD_BEFORE.search(raw[:start])
    follows = re.match(r" ([A-ZА-ЯЁІЇЄҐ][\w'’ʼ-]+)", raw[end:])
    if follows:
        word = fold(follows.group(1))
        return (word, start) if word.startswith(known.given) else ("", start)
    if before is None or not before.group(1)[0].isupper() or before.group(1).endswith("."):
        return None, start
    word = fold(before.group(1))
    begin = before.start(1)
    if _PATRONYMIC.search(word):
        earlier = _WORD_BEFORE.search(raw[:begin])
        if earlier and earlier.group(1)[0].isupper():
            return fold(earlier.group(1)), earlier.start(1)
    if word.startswith(known.given):
        return word, begin
    is_title = word in _TITLE_BEFORE or re.fullmatch(rf"(?:{_REGIONAL}|{_CIVIC})", word) is not None
    if is_title or begin == 0 or before.group(1).isupper() or re.search(r"[.!?:\n] ?[\"«“]?$", raw[:begin]):
        return None, start
    is_place = re.search(r"(?:ски\w+|цки\w+|ськ\w+|цьк\w+|стан\w*|щин\w+|щині)$", word) is not None
    return (None if is_place or _REGION_WORD.search(norm[:start]) else ""), start


_REGION_WORD = re.compile(
    rf"\b(?:{_REGIONAL}|{_CIVIC})(?: (?:of|the|г\.|города|міста|[\w-]+ая|[\w-]+ой))* [\w'’-]+(?: [\w'’-]+)? $"
)


def _beside(official: Official, before: str, after: str) -> bool:
    kind = "civic" if official.office in ("mayor", "okrug", "mva", "rva", "kmva", "occupied_city") else "regional"
    return _BESIDE[kind].search(before) is not None or _BEHIND.match(after) is not None


def _one(held: list[Official], near: frozenset[str]) -> Official | None:
    """The only one, or the only one of the regions spoken of."""
    if len({o.region for o in held}) == 1:
        return held[-1]
    local = [o for o in held if o.region in near]
    return local[-1] if len({o.region for o in local}) == 1 else None


def in_view(article: Article, view: View) -> list[Mention]:
    """Officials of a sentence, by the document's date and regions."""
    memo: dict[str, list[Mention]] = view.memo
    if "officials" not in memo:
        raw, known, published = view.sentence.raw, table(), article.item.published
        is_named = bool(_words(raw, view.norm, known))  # the regions cost a look at every sentence
        day = published.date() if published else None
        memo["officials"] = find(raw, day, _regions(article, view), known) if is_named else []
    return memo["officials"]


def _regions(article: Article, view: View) -> frozenset[str]:
    """Regions of the sentence; those of the document and the channel when it names none."""
    own = frozenset(place.code for place in find_places(view))
    if own:
        return own | frozenset(filter(None, [article.item.source_region]))
    every = frozenset(place.code for other in article.views for place in find_places(other))
    return every | frozenset(filter(None, [article.item.source_region]))


def speaking(article: Article, view: View) -> list[Mention]:
    """Officials who say what the sentence says: by their office word, or right at a word of saying."""
    return [m for m in in_view(article, view) if m.beside or says(view, m.start, m.end)]


def says(view: View, start: int, end: int) -> bool:
    """Whether a word of saying stands within a few words, or a colon or dash parts the name from what is said."""
    norm = view.norm
    for mark in view.all("attribution.verbs", "attribution.by"):
        gap = norm[end : mark.start] if mark.start >= end else norm[mark.end : start]
        if len(gap) < 28 and not re.search(r"[.;:]|,.*,", gap):
            return True
    return bool(re.match(r" ?[:—]", norm[end : end + 2]) or re.search(r"[\",»] ?[—-] ?$", norm[:start]))


def speaker(article: Article, view: View, said: Attribution | None) -> Attribution | None:
    """`said` with the office, institution and first name that the table knows; the official when nobody is found."""
    for mention in speaking(article, view):
        official, written = mention.official, view.sentence.raw[mention.start : mention.end]
        full = _full_name(mention, written, article.lang)
        title, body = official.title(article.lang), official.institution
        if said is None:
            return Attribution(name=full, office=title, institution=body)
        name = re.sub(r"['’]s$", "", said.name or "")
        if name and (name in written or written in name):
            full = name if " " in name else full
        elif said.name or not mention.beside or said.office is None or _OTHER_JOB.search(f"{fold(said.office)} "):
            continue
        return Attribution(name=full, office=said.office or title, institution=said.institution or body, via=said.via)
    return said


def _full_name(mention: Mention, written: str, lang: str) -> str:
    """The name as the text has it when whole, or when English and so in no case; else the table's nominative."""
    if mention.named and " " in written:
        return written
    name = mention.official.name(lang)
    if lang == "en":
        surname = re.sub(r"['’]s$", "", written)
        return f"{name.rsplit(' ', 1)[0]} {surname}" if " " in name else surname
    return name
