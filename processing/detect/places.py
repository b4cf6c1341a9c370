"""Places of a sentence, by the shipped gazetteer: regions, capitals, cities, towns, adjectives, inhabitants."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from processing.detect.view import View

_GAZETTEER = Path(__file__).parent / "gazetteer.txt"
_REGION_NOUN = re.compile(
    r" +(?:\([\w ]+\) +)?(?:област[ьиіею]\w*|обл\b\.?|кра[йяюею]\w*|республик\w+|республік\w+|"
    r"автономн\w+ округ\w*|region|oblast|krai|province|republic|territory)\b"
)
_DISTRICT_NOUN = re.compile(
    r" +(?:район\w*|р-н\w*|улус\w*|кожуун\w*|district|raion|громад\w*|муниципальн\w+ округ\w*|городск\w+ "
    r"округ\w*|округ\w*)\b"
)
_ABOUT_REGION = {"UA-30": "UA-32", "RU-MOW": "RU-MOS"}  # the city and the region around it share their adjective
_TRAP = re.compile(
    r"(?:улиц\w+|проспект\w*|площад\w+|вулиц\w+|бульвар\w*|street|square|avenue|фк|газет\w+|"
    r"завод\w*|театр\w*|ресторан\w*|hotel|стадион\w*) \"?$"
)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a sentence. `kind`: region, capital, city, town, adjective, people, district."""

    code: str
    kind: str
    start: int
    end: int


_BEFORE_TOWN = re.compile(
    r"(?:\b(?:в|во|на|у|под|около|возле|близ|из|с|по|над|за|біля|поблизу|під|з|із|до|від|от|"
    r"через|in|at|near|from|on|of|outside|around|города|города|городе|село|селе|селу|"
    r"поселок|поселке|поселку|поселка|деревн\w+|станиц\w+|хутор\w*|місто|місті|міста|селищ\w+|"
    r"селі|смт|пгт|town|village|settlement|city|district|обстрел|обстріл|атак\w+|"
    r"приграничн\w+|прикордонн\w+)\.? \"?|\b(?:г|с|п|д|м|пос|ст|х)\. ?|[(:] ?|район\w*, |област\w+, |области \")$"
)


def _is_town_context(view: View, start: int, end: int) -> bool:
    """Small places share names with common words: a preposition, or a heading's colon or comma, must tell."""
    if start == 0:
        return bool(re.match(r"[:,(]| под | снова | знову |$", view.norm[end:]))
    return _BEFORE_TOWN.search(view.norm[:start]) is not None


def _in_name(view: View, start: int, end: int) -> bool:
    """As in "Pavel Orlov", "Артем Сизов": a capitalised neighbour makes it part of a name."""
    if not _BEFORE_TOWN.search(view.norm[:start]) and re.match(
        r" [A-ZА-ЯЁІЇЄҐ][a-zа-яёіїєґ]{2,}", view.sentence.raw[end:]
    ):
        return not view.sentence.upper
    before = re.search(r"([^\W\d_][\w'’-]*) $", view.sentence.raw[:start])
    if before is None or view.sentence.upper:
        return False
    return before.group(1)[0].isupper() and before.start() > 0 and not _BEFORE_TOWN.search(view.norm[:start])


@lru_cache(maxsize=1)
def table() -> dict[str, tuple[str, str]]:
    order = ("town", "city", "people", "adjective", "region", "capital")
    rows = [line.split(" ", 2) for line in _GAZETTEER.read_text(encoding="utf-8").splitlines()]
    rows.sort(key=lambda row: order.index(row[1]))
    return {form: (code, kind) for code, kind, forms in rows for form in forms.split("|")}


def find_places(view: View) -> list[Place]:
    """Places in reading order; a name must be capitalised, an adjective or inhabitant need not be."""
    memo: dict[str, list[Place]] = view.memo
    if "places" not in memo:
        memo["places"] = _find_places(view)
    return memo["places"]


def _find_places(view: View) -> list[Place]:
    forms = table()
    words = [w for w in view.sentence.words if w.is_word]
    found: list[Place] = []
    skip = -1
    for index, word in enumerate(words):
        if word.start < skip:
            continue
        for size in (3, 2, 1):
            last = index + size - 1
            if last >= len(words) or words[last].end - word.start > 40:
                continue
            name = view.norm[word.start : words[last].end]
            entry = forms.get(name) or forms.get(name.removesuffix("'s"))
            if entry is None:
                continue
            place = _place(view, entry, word.start, words[last].end)
            if place is not None:
                found.append(place)
                skip = place.end
                break
    return found


def _place(view: View, entry: tuple[str, str], start: int, end: int) -> Place | None:
    code, kind = entry
    if kind not in ("adjective", "people") and not view.sentence.raw[start].isupper():
        return None
    if kind in ("city", "town") and (
        _in_name(view, start, end) or (kind == "town" and not _is_town_context(view, start, end))
    ):
        return None
    if _TRAP.search(view.norm[:start]) or (start and view.norm[start - 1] == "-" and kind != "people"):
        return None
    after = view.norm[end : end + 40]
    region = _REGION_NOUN.match(after)
    if region:
        return Place(_ABOUT_REGION.get(code, code), "region", start, end + region.end())
    district = _DISTRICT_NOUN.match(after)
    if district:
        return Place(code, "district", start, end + district.end())
    if end < len(view.norm) and view.norm[end] == "-" and kind not in ("adjective", "people"):
        return None
    if code == "UA-32" and kind == "adjective":
        code = "UA-30"
    return Place(code, kind, start, end)
