"""Who says it: an official by office and name, an institution, a signature, or the owner of the channel."""

from __future__ import annotations

import re
from dataclasses import dataclass

from processing.detect.headings import according_to, heading, inverted_subject, signature, subject_of_saying
from processing.detect.lexicon import Hit
from processing.detect.officials import speaker as speaker_of_office
from processing.detect.places import find_places
from processing.detect.subjects import beside_mark, subject
from processing.detect.text import LOWER, UPPER, fold, word_set
from processing.detect.view import Article, View
from processing.models import Attribution

_PART = rf"[{UPPER}][{LOWER}'’ʼ]+(?:-[{UPPER}][{LOWER}'’ʼ]+)?"
_NAME = re.compile(rf"{_PART}(?: (?:al-|el-|de |van |bin )?{_PART}){{0,2}}")
_FULL_NAME = re.compile(rf"{_PART} {_PART}(?: {_PART})?")
_SIGNATURE = re.compile(rf"^[—–-]?\s*({_PART} {_PART})[.!]?$")
_TRAILING = re.compile(rf"[,»”\"] ?[—–-] ({_PART} {_PART})[.!]?$")
_SPEAKER_COLON = re.compile(rf"^({_PART} {_PART}): ")
_SURNAME_FORM = re.compile(r"(?:ов|ев|ин|ын|ий|ко|ук|юк|ич|ян|дзе|швили|ва|на|ая|ін|їн|ак|як|ець|ба)$")
_MEDIUM = re.compile(
    r" (?:об этом |про це |о случившемся )?(?:(?:в|у|on|in) (?:своем |своїй |своєму |his |her "
    r")?(?:telegram|телеграм\w*|facebook|фейсбуц\w*|фейсбуке|соцсет\w*|соцмереж\w*|"
    r"тг)(?:-канал\w*|-канал[еі])? |об этом |про це )"
)
_ENDS_OFFICE = re.compile(
    r"(?:said|says|told|сообщ|заяв|рассказ|повідом|напис|передал|что|що|как|як|reported|on|и|"
    r"та|в|у|на|was|is|has|late|во)\w*$"
)
_PRONOUNS = word_set("він вона вони він. он она они he she they")
_NOT_NAME = word_set(
    "в на по the in on at telegram телеграм facebook twitter украины украине россии рф ukraine russia до "
    "по из об від про у із зі з на за при как як що что the a an on at in it he she his her their having "
    "after before while when понедельник вторник среду четверг пятницу субботу воскресенье monday tuesday "
    "wednesday thursday friday saturday sunday january february march april may june july august "
    "september october november december i'm i киев киева kyiv moscow"
)


_UNIT = re.compile(r"(?:бригад|батальон|батальйон|рот[аеыиу]|полк|отряд|госпитал|шпитал|больниц|лікарн|красн\w+ крест)")
_ABROAD = re.compile(r"^([A-Z][\w&.'-]+(?: [A-Z][\w&.'-]+){0,2}|[«\"][A-ZА-ЯЁ][^»\"]{2,30}[»\"]): ")  # "Bloomberg: ..."
_NO_SPEAKER = _PRONOUNS | word_set(
    "i we you it this that there who which am is are was were has have had been be not over under about some "
    "all no none only and but as by of in on at to the a an their its his her our well more less up so far "
    "now then officials' reported"
)
_SOURCE = re.compile(r"(?:источник|собеседник|джерел|співрозмовник)\w* (?:\w|[«\"])")


@dataclass(frozen=True, slots=True)
class Speaker:
    """The attribution and how sure its evidence class is."""

    attribution: Attribution
    sure: float


def find_speaker(article: Article, view: View) -> Speaker:
    """The sentence of the claim first, then the neighbours, the title, the signature, the channel's owner."""
    via = article.item.source_name
    for sure, other in _order(article, view):
        if "speaker" not in other.memo:
            other.memo["speaker"] = speaker_of_office(article, other, _in_sentence(article, other))
        found: Attribution | None = other.memo["speaker"]
        if found is not None:
            return Speaker(found.model_copy(update={"via": found.via or via}), sure)
    item = article.item
    if item.source_person or item.source_office:
        return Speaker(Attribution(name=item.source_person, office=item.source_office, via=via), 0.7)
    mentioned = _mentioned(article)
    if mentioned is not None:
        return Speaker(mentioned.model_copy(update={"via": via}), 0.35)
    return Speaker(Attribution(via=via), 0.2)


def _order(article: Article, view: View) -> list[tuple[float, View]]:
    views = list(article.views)
    index = views.index(view)
    near = [v for v in (views[index + 1 : index + 2] + views[max(0, index - 1) : index]) if v is not view]
    rest = [v for v in reversed(views) if v is not view and v not in near]
    return [(0.85, view)] + [(0.65, v) for v in near] + [(0.5, v) for v in rest]


def _in_sentence(article: Article, view: View) -> Attribution | None:
    signed = _SIGNATURE.match(view.sentence.raw) or _SPEAKER_COLON.match(view.sentence.raw)
    if signed and view.sentence.field == "text" and not view.near(view.all("cause.", "triggers."), 0, signed.end(1)):
        return Attribution(name=signed.group(1))
    abroad = _ABROAD.match(view.sentence.raw) if view.lang != "en" else None
    if abroad:
        return Attribution(institution=abroad.group(1))
    trailing = _TRAILING.search(view.sentence.raw)
    if trailing:
        return Attribution(name=trailing.group(1))
    return (
        _said_in(view)
        or heading(view)
        or signature(article, view)
        or _by_office(view)
        or _by_verb(view)
        or according_to(view)
        or subject_of_saying(view)
        or inverted_subject(view)
        or _by_source(view)
        or _by_institution(view)
        or _by_subject(view)
        or _by_phrase(view)
        or _far_institution(view)
    )


def _by_source(view: View) -> Attribution | None:
    """As in "источник в силовых структурах рассказал": a bare word for a source needs the words that follow it."""
    words = subject(view)
    return Attribution(office=words) if words and _SOURCE.match(words.lower()) else None


def _by_subject(view: View) -> Attribution | None:
    words = (subject(view) or beside_mark(view)) if view.lang != "en" else None
    return Attribution(office=words) if words and fold(words) not in _PRONOUNS else None


def _mentioned(article: Article) -> Attribution | None:
    """An office or an institution that the text names, though no word says that it speaks."""
    for view in article.views:
        for hit in view.all("attribution.offices", "attribution.institutions"):
            near = any(abs(h.start - hit.end) < 16 or abs(hit.start - h.end) < 16 for h in view.all("triggers."))
            if near or re.search(r"(?:здани\w+|будівл\w+|по|у|против|проти|building|at|on) $", view.norm[: hit.start]):
                continue
            if hit.tag.endswith("offices"):
                office, name, _ = _office_and_name(view, hit)
                return Attribution(office=office, name=name)
            return Attribution(institution=_phrase(view, hit))
    return None


def _said_in(view: View) -> Attribution | None:
    """As in "сообщили в МВД Украины", "повідомили в ОВА"."""
    for verb in view.all("attribution.verbs"):
        preposition = re.match(r" (?:в|во|у) (?:\w+ )?", view.norm[verb.end :])
        if preposition is None:
            continue
        for hit in view.all("attribution.institutions"):
            if verb.end < hit.start <= verb.end + preposition.end():
                return Attribution(institution=_phrase(view, hit))
    return None


def _far_institution(view: View) -> Attribution | None:
    """The institution before a verb of saying, however much stands between."""
    verbs = view.all("attribution.verbs")
    before = [
        h
        for h in view.all("attribution.institutions")
        if any(h.end < verb.start for verb in verbs) and not _UNIT.match(view.norm, h.start, h.end)
    ]
    return Attribution(institution=_phrase(view, before[0])) if before else None


def _by_office(view: View) -> Attribution | None:
    best: Attribution | None = None
    for hit in view.all("attribution.offices"):
        office, name, end = _office_and_name(view, hit)
        if not _speaks(view, hit.start, end):
            continue
        if name is not None:
            return Attribution(office=office, name=name)
        best = best or Attribution(office=office)
    return best


def _office_and_name(view: View, hit: Hit) -> tuple[str, str | None, int]:
    """As in "глава Волынской области Погуляйко": the office runs to the name, at most six words on."""
    raw = view.sentence.raw
    tail = raw[hit.end : hit.end + 90]
    stop = re.search(rf"[.;:!?(\"«“—–]|,(?! {_PART} {_PART},)", tail)
    tail = tail[: stop.start()] if stop else tail
    office_end = hit.end
    places = {p.start: p.end for p in find_places(view)}
    position = hit.end
    start = _office_start(view, hit)
    for word in re.finditer(r"[\w'’ʼ-]+", tail):
        begin = hit.end + word.start()
        if begin < position:
            continue
        if begin in places:
            position = office_end = places[begin]
            continue
        lowered = view.norm[begin : begin + len(word.group())]
        if raw[begin].isupper() and lowered not in _NOT_NAME and not word.group().isupper():
            match = _NAME.match(raw, begin)
            if match:
                return raw[start:office_end].strip(), match.group(), match.end()
        if _ENDS_OFFICE.match(lowered):
            break
        office_end = begin + len(word.group())
    return raw[start:office_end].strip(), None, office_end


def _office_start(view: View, hit: Hit) -> int:
    """As in "Белгородский губернатор": a region or a qualifier before the office is part of it."""
    for place in find_places(view):
        if place.end + 1 == hit.start:
            return place.start
    lead = re.search(
        r"(?:(?:pro-kremlin|acting|regional|deputy|russian|ukrainian|israeli|taliban|government|"
        r"врио|вице-|заместитель|заступник) )+$",
        view.norm[: hit.start],
    )
    return lead.start() if lead else hit.start


def _speaks(view: View, start: int, end: int) -> bool:
    """A word of saying stands within a few words of the office or its name, or a colon or dash opens the quote."""
    for mark in view.all("attribution.verbs", "attribution.by"):
        if mark.start >= end and _said_by_another(view, mark, end):
            continue
        gap = view.norm[end : mark.start] if mark.start >= end else view.norm[mark.end : start]
        if view.lang == "en" and mark.end <= start and re.search(r"\b(?:that|how|killed|wounded|by)\b|\d", gap):
            continue
        if len(gap) < 32 and not re.search(r"[.;:]|,.*,", gap):
            return True
    return bool(re.match(r" ?[:—]|[\"»] ?[,—]| (?:в|на|у) [^:\"]{3,30}: \"", view.norm[end : end + 40])) or bool(
        re.search(r"[—-] ?$", view.norm[:start])
    )


def _said_by_another(view: View, verb: Hit, end: int) -> bool:
    """As in "убит глава города, сообщает РИА Новости": the verb after the comma has a subject of its own."""
    if not view.norm[end : verb.start].startswith(","):
        return False
    speakers = view.all("attribution.institutions", "attribution.sources", "attribution.offices")
    return any(0 <= h.start - verb.end <= 2 for h in speakers)


def _by_verb(view: View) -> Attribution | None:
    """As in "рассказал Азаров", "Kutuzov said": a capitalised name right after, or right before, a verb of saying."""
    raw = view.sentence.raw
    for hit in sorted(view.all("attribution.verbs", "attribution.by"), key=lambda h: h.start):
        own = hit.tag.endswith("verbs") and not _said_by_another(view, hit, view.norm.rfind(",", 0, hit.start))
        found = _after_verb(view, hit) or (_before_verb(view, hit, raw) if own else None)
        if found is not None:
            return found
    return None


def _after_verb(view: View, hit: Hit) -> Attribution | None:
    if view.norm[hit.start : hit.end] in ("told", "tells") or view.norm[hit.end : hit.end + 1] in (":", ","):
        return None
    medium = _MEDIUM.match(view.norm, hit.end)
    start = medium.end() if medium else hit.end + 1
    match = _NAME.match(view.sentence.raw, start) if start < len(view.norm) else None
    if (
        match is None
        or _first(match.group()) in _NOT_NAME
        or (view.lang == "en" and hit.tag.endswith("verbs") and not _FULL_NAME.match(match.group()))
    ):
        return None
    if _is_institution(view, start):
        return None
    if (
        view.lang == "en"
        and hit.tag.endswith("verbs")
        and re.match(r" (?:was|were|has|had|is|killed|died|and)\b", view.norm[match.end() : match.end() + 8])
    ):
        return None
    return Attribution(name=match.group())


def _before_verb(view: View, hit: Hit, raw: str) -> Attribution | None:
    before = re.search(
        rf"({_PART}(?: {_PART}){{0,2}}),? (?:also |later |has |subsequently |уже |также |на днях |"
        rf"позже |пізніше |також )?$",
        raw[: hit.start],
    )
    if (
        before is None
        or _first(before.group(1)) in _NOT_NAME
        or re.search(r"\b(?:of|in|near|at|from|to|on|в|у|на|из|під|под) $", view.norm[: before.start(1)])
    ):
        return None
    start, name = before.start(1), before.group(1)
    if _is_institution(view, start) or any(p.start <= start < p.end for p in find_places(view)):
        return None
    if start == 0 and not _FULL_NAME.fullmatch(name) and (view.lang == "en" or not _SURNAME_FORM.search(name)):
        return None
    return Attribution(name=name)


def _first(name: str) -> str:
    return name.split()[0].lower()


def _is_institution(view: View, start: int) -> bool:
    return any(h.start <= start < h.end for h in view.all("attribution.institutions"))


def _by_institution(view: View) -> Attribution | None:
    marks = view.all("attribution.verbs", "attribution.by")
    hits = view.all("attribution.institutions")
    for hit in sorted(hits, key=lambda h: min((abs(h.start - m.end) for m in marks), default=999)):
        if re.search(r"(?:открыт\w+|відкрит\w+|\bдо|\bк|\bпро|\bо|\bto) $", view.norm[: hit.start]):
            continue
        reach = 4 if _UNIT.match(view.norm, hit.start, hit.end) else 45
        near = any(-2 <= hit.start - m.end < reach or -2 <= m.start - hit.end < reach for m in marks)
        heads = view.norm[hit.end : hit.end + 2] == ": " or (
            view.norm[hit.end : hit.end + 25].find(":") >= 0 and hit.start < 3
        )
        if near or heads:
            return Attribution(institution=_phrase(view, hit))
    return None


def _by_phrase(view: View) -> Attribution | None:
    """As in "two aid workers told Reuters", "according to a new report": the words, when no list knows them."""
    raw = view.sentence.raw
    for hit in view.all("attribution.by"):
        words = re.match(r"(?: [\w'’.«»\"-]+){1,6}", raw[hit.end :])
        if words:
            return Attribution(institution=words.group().strip())
    for hit in view.all("attribution.verbs"):
        quoted = re.match(
            r" (?:издание |газета |канал |видання |телеканал )?([«\"“][^»\"”]{3,40}[»\"”])", raw[hit.end :]
        )
        if quoted:
            return Attribution(institution=quoted.group(1))
    if view.lang == "en":
        for hit in view.all("attribution.verbs"):
            subject = re.search(r"(?:^|[,:—] |\b(?:as|but|and) )((?:[\w'’-]+ ){1,4})$", raw[: hit.start])
            said_by = subject.group(1).split() if subject else []
            if subject and said_by[0].lower() not in _NO_SPEAKER and said_by[-1].lower() not in _NO_SPEAKER:
                return Attribution(institution=subject.group(1).strip())
    return None


def _phrase(view: View, hit: Hit) -> str:
    """The institution with what belongs to it: "Russia's Defence Ministry", "МВД Украины"."""
    raw = view.sentence.raw
    before = re.search(
        r"((?:[A-ZА-ЯІЇЄҐ][\w'’-]+ |(?:state|local|the|city|военн|обласн|місцев|местн)\w* ){1,3})$", raw[: hit.start]
    )
    after = re.match(
        r"(?: (?:[A-ZА-ЯІЇЄҐ][\w'’-]+|області|области|региона|in [A-Z]\w+|of [A-Z]\w+)){1,3}", raw[hit.end :]
    )
    start = before.start(1) if before and _first(before.group(1)) not in _NOT_NAME else hit.start
    return raw[start : hit.end + (after.end() if after else 0)].strip()
