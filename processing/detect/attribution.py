"""Who says it: an official by office and name, an institution, a signature, or the owner of the channel."""

from __future__ import annotations

import re
from dataclasses import dataclass

from processing.detect.lexicon import Hit
from processing.detect.view import Article, View
from processing.models import Attribution

_PART = r"[A-ZА-ЯЁІЇЄҐ][a-zа-яёіїєґ'’ʼ]+(?:-[A-ZА-ЯЁІЇЄҐ][a-zа-яёіїєґ'’ʼ]+)?"
_NAME = re.compile(rf"{_PART}(?: (?:al-|el-|de |van |bin )?{_PART}){{0,2}}")
_FULL_NAME = re.compile(rf"{_PART} {_PART}(?: {_PART})?")
_SIGNATURE = re.compile(rf"^[—–-]?\s*({_PART} {_PART})[.!]?$")
_SPEAKER_COLON = re.compile(rf"^({_PART} {_PART}): ")
_BETWEEN = re.compile(r"(?: [\w.'\"«»“”-]+){0,5}? $")
_NOT_NAME = frozenset(
    "в на по the in on at telegram телеграм facebook twitter украины украине россии рф ukraine russia "
    "понедельник вторник среду четверг пятницу субботу воскресенье monday tuesday wednesday thursday friday saturday sunday "
    "january february march april may june july august september october november december киев киева kyiv moscow".split()
)


@dataclass(frozen=True, slots=True)
class Speaker:
    """The attribution and how sure its evidence class is."""

    attribution: Attribution
    sure: float


def find_speaker(article: Article, view: View) -> Speaker:
    """The sentence of the claim first, then the neighbours, the title, the signature, the channel's owner."""
    via = article.item.source_name
    for sure, other in _order(article, view):
        found = _in_sentence(article, other)
        if found is not None:
            return Speaker(found.model_copy(update={"via": found.via or via}), sure)
    item = article.item
    if item.source_person or item.source_office:
        return Speaker(Attribution(name=item.source_person, office=item.source_office, via=via), 0.7)
    return Speaker(Attribution(via=via), 0.2)


def _order(article: Article, view: View) -> list[tuple[float, View]]:
    views = list(article.views)
    index = views.index(view)
    near = [v for v in (views[index + 1:index + 2] + views[max(0, index - 1):index]) if v is not view]
    rest = [v for v in reversed(views) if v is not view and v not in near]
    return [(0.85, view)] + [(0.65, v) for v in near] + [(0.5, v) for v in rest]


def _in_sentence(article: Article, view: View) -> Attribution | None:
    signature = _SIGNATURE.match(view.sentence.raw) or _SPEAKER_COLON.match(view.sentence.raw)
    if signature and view.sentence.field == "text":
        return Attribution(name=signature.group(1))
    return _by_office(view) or _by_verb(view) or _by_institution(view)


def _by_office(view: View) -> Attribution | None:
    speaking = view.has("attribution.verbs", "attribution.by") or re.search(r"[:—]", view.norm) is not None
    if not speaking:
        return None
    best: Attribution | None = None
    for hit in view.all("attribution.offices"):
        office, name = _office_and_name(view, hit)
        if name is not None:
            return Attribution(office=office, name=name)
        if best is None and _speaks(view, hit):
            best = Attribution(office=office)
    return best


def _office_and_name(view: View, hit: Hit) -> tuple[str, str | None]:
    """"глава Волынской области Погуляйко": the office runs to the name, at most six words on."""
    raw = view.sentence.raw
    tail = raw[hit.end:hit.end + 90]
    stop = re.search(r"[.;:!?(\"«“—–]|,(?! [A-ZА-ЯІЇЄҐ][a-zа-яіїєґё'’]+ [A-ZА-ЯІЇЄҐ][a-zа-яіїєґё'’]+,)", tail)
    tail = tail[:stop.start()] if stop else tail
    office_end = hit.end
    places = {p.start: p.end for p in _places(view)}
    position = hit.end
    for word in re.finditer(r"[\w'’ʼ-]+", tail):
        begin = hit.end + word.start()
        if begin < position:
            continue
        if begin in places:
            position = office_end = places[begin]
            continue
        if raw[begin].isupper() and fold_word(raw, begin, word.group()) not in _NOT_NAME and not word.group().isupper():
            match = _NAME.match(raw, begin)
            if match:
                return raw[hit.start:office_end].strip(), match.group()
        if re.match(r"(?:said|says|told|сообщ|заяв|рассказ|повідом|напис|передал|что|що|как|як|reported|on|и|та|в|у|на)\w*$", word.group()):
            break
        office_end = begin + len(word.group())
    return raw[hit.start:office_end].strip(), None


def fold_word(raw: str, start: int, word: str) -> str:
    return raw[start:start + len(word)].lower()


def _places(view: View) -> list[Hit]:
    from processing.detect.places import find_places

    return [Hit(p.kind, p.start, p.end) for p in find_places(view)]


def _speaks(view: View, hit: Hit) -> bool:
    marks = view.all("attribution.verbs", "attribution.by")
    return any(abs(m.start - hit.end) < 40 or abs(hit.start - m.end) < 25 for m in marks) or view.norm[hit.end:hit.end + 30].find(":") >= 0


def _by_verb(view: View) -> Attribution | None:
    """"рассказал Азаров", "Мэр says": a capitalised name right after, or right before, a verb of saying."""
    raw = view.sentence.raw
    for hit in sorted(view.all("attribution.verbs", "attribution.by"), key=lambda h: h.start):
        match = _NAME.match(raw, hit.end + 1) if hit.end + 1 < len(raw) else None
        if match and match.group().split()[0].lower() not in _NOT_NAME:
            return Attribution(name=match.group()) if not _is_institution(view, hit.end + 1) else Attribution(institution=match.group())
        before = re.search(rf"({_PART}(?: {_PART}){{0,2}}),? (?:also |later |has |уже |также |на днях )?$", raw[:hit.start])
        if before and hit.tag.endswith("verbs") and before.group(1).split()[0].lower() not in _NOT_NAME:
            start = before.start(1)
            if _is_institution(view, start):
                return Attribution(institution=before.group(1))
            if start > 0 or _FULL_NAME.fullmatch(before.group(1)) or view.lang == "en":
                return Attribution(name=before.group(1))
    return None


def _is_institution(view: View, start: int) -> bool:
    return any(h.start == start for h in view.all("attribution.institutions"))


def _by_institution(view: View) -> Attribution | None:
    marks = view.all("attribution.verbs", "attribution.by")
    hits = view.all("attribution.institutions")
    for hit in sorted(hits, key=lambda h: min((abs(h.start - m.end) for m in marks), default=999)):
        near = any(-2 <= hit.start - m.end < 45 or -2 <= m.start - hit.end < 45 for m in marks)
        heads = view.norm[hit.end:hit.end + 2] == ": " or (view.norm[hit.end:hit.end + 25].find(":") >= 0 and hit.start < 3)
        if near or heads:
            return Attribution(institution=_phrase(view, hit))
    return None


def _phrase(view: View, hit: Hit) -> str:
    """The institution with what belongs to it: "Russia's Defence Ministry", "МВД Украины"."""
    raw = view.sentence.raw
    before = re.search(r"((?:[A-ZА-ЯІЇЄҐ][\w'’-]+ ){1,3})$", raw[:hit.start])
    after = re.match(r"(?: (?:[A-ZА-ЯІЇЄҐ][\w'’-]+|області|области|региона|області|in [A-Z]\w+|of [A-Z]\w+)){1,3}", raw[hit.end:])
    start = before.start(1) if before else hit.start
    return raw[start:hit.end + (after.end() if after else 0)].strip()
