"""Victims without a number: one woman, a driver, named soldiers."""

from __future__ import annotations

import re
from dataclasses import dataclass

from processing.detect.binding import Trigger
from processing.detect.lexicon import Hit
from processing.detect.view import View
from processing.models import Measure

_NAME_PART = r"[А-ЯЁІЇЄҐ][а-яёіїєґ'’]+(?:-[А-ЯЁІЇЄҐ][а-яёіїєґ'’]+)?"
_LATIN_PART = r"[A-Z][a-z'’]+(?:-[A-Za-z][a-z]+)?"
_CYRILLIC_NAME = re.compile(rf"{_NAME_PART} {_NAME_PART}(?: {_NAME_PART})?")
_LATIN_NAME = re.compile(rf"{_LATIN_PART}(?: (?:al|el|de|van|bin|ibn)[- ])?[ -]{_LATIN_PART}(?: {_LATIN_PART})?")
_SINGULAR = re.compile(
    r"(?:погиб|погибла|убит|убита|ранен|ранена|умер|умерла|скончался|скончалась|пострадал|пострадала|получил|получила|ранило|убило|"
    r"загинув|загинула|вбито|убито|вбита|вбитий|поранено|поранена|поранений|помер|померла|постраждав|постраждала|дістав|дістала|"
    r"отримав|отримала|зазнав|зазнала|травмовано|травмована|не вижив|не вижила|не выжил|не выжила|не выжило|не вижило|поранило|пропал|пропала|зник|зникла)\b"
)


@dataclass(frozen=True, slots=True)
class People:
    """Victims counted without a number."""

    start: int
    end: int
    count: int
    group: str
    names: tuple[str, ...]
    rule: str


def unnumbered(view: View, trigger: Trigger, taken: list[tuple[int, int]], limits: tuple[int, int]) -> People | None:
    """Named or singular victims of a trigger that no number was bound to."""
    return _named(view, trigger, taken, limits) or _single(view, trigger, taken, limits)


def _single(view: View, trigger: Trigger, taken: list[tuple[int, int]], limits: tuple[int, int]) -> People | None:
    if trigger.form == "toll" or (trigger.form == "noun" and not _self_single(view, trigger)):
        return None
    options = [h for h in view.all("one.") if limits[0] <= h.start and h.end <= limits[1] and _free(h, taken)]
    options = [h for h in options if _direction_fits(view, trigger, h)]
    if not options:
        return None
    best = min(options, key=lambda h: _distance(view, trigger, h))
    if _distance(view, trigger, best) > 9:
        return None
    return People(best.start, best.end, 1, best.tag[4:], (), "count.single")


def _self_single(view: View, trigger: Trigger) -> bool:
    return bool(re.match(r"(?:гибел|смерт|загибел|жизн|житт|death of an?|death of the|жертвой|ранение|поранення)", view.norm[trigger.start:trigger.end + 4]))


def _free(hit: Hit, taken: list[tuple[int, int]]) -> bool:
    return all(hit.end <= a or hit.start >= b for a, b in taken)


def _direction_fits(view: View, trigger: Trigger, hit: Hit) -> bool:
    if view.lang == "en":
        before = view.norm[max(0, hit.start - 40):hit.start]
        article = re.search(r"(?:\b(?:an?|one|another|the|his|her|their|'s|elderly|local|former|[\w-]+-year-old)\b[\w -]{0,30}|^|[:,] ?|\w+ )$", before)
        if not article or view.norm[hit.end:hit.end + 2] in ("'s",):
            return False
        return hit.start >= trigger.end if trigger.form == "active" else hit.end <= trigger.start
    if re.search(r"\b(?:глав[аеуы]|губернатор\w*|мэр|мер|начальник\w*|очільник|сообщил\w*|заявил\w*) $", view.norm[max(0, hit.start - 14):hit.start]):
        return False
    return True


def _distance(view: View, trigger: Trigger, hit: Hit) -> float:
    gap = view.norm[trigger.end:hit.start] if hit.start >= trigger.end else view.norm[hit.end:trigger.start]
    return len(re.findall(r"\w+", gap)) + 2 * gap.count(",") + 6 * len(re.findall(r"[;:\"]|—", gap))


def _named(view: View, trigger: Trigger, taken: list[tuple[int, int]], limits: tuple[int, int]) -> People | None:
    if trigger.measure in (Measure.EXCHANGED, Measure.BODIES_RETURNED) or view.sentence.upper:
        return None
    ranked = [h for h in view.all("one.") if limits[0] <= h.start and h.end <= limits[1] and _free(h, taken)]
    names: list[tuple[int, int, str, str]] = []
    regex = _LATIN_NAME if view.lang == "en" else _CYRILLIC_NAME
    for hit in ranked:
        match = regex.match(view.sentence.raw, hit.end + 1) if hit.end < limits[1] else None
        if match and hit.tag.startswith(("one.military", "one.civilian", "one.police", "one.other", "one.unknown")):
            names.append((hit.start, match.end(), match.group(), hit.tag[4:]))
    if not names:
        return None
    return People(names[0][0], names[-1][1], len(names), names[0][3], tuple(n[2] for n in names), "count.names")
