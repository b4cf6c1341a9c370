"""Places of a sentence, by the shipped gazetteers: regions, capitals, cities, towns, adjectives, inhabitants.

Names that stand in both gazetteers, that of Russia and Ukraine and that of the rest of the world ("Александрия",
"Токмак"): a small town at home gives way to a foreign town; a larger one stays unless the text names the other's
country; to a foreign capital or region it stays only where the text is about Russia or Ukraine as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from processing.detect import districts
from processing.detect.view import View

_GAZETTEER = Path(__file__).parent / "gazetteer.txt"
_WORLD = {"latin": Path(__file__).parent / "world_latin.txt", "cyrillic": Path(__file__).parent / "world_cyrillic.txt"}
_REGION_NOUN = re.compile(
    r" +(?:\([\w ]+\) +)?(?:област[ьиіею]\w*|обл\b\.?|кра[йяюею]\w*|республик\w+|республік\w+|"
    r"автономн\w+ округ\w*|region|oblast|krai|province|republic|territory|governorate|state|prefecture|department|"
    r"county|voivodeship|emirate|провинци\w+|провінці\w+|воеводств\w*|воєводств\w*|префектур\w*)\b"
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
    r"селі|смт|пгт|town|village|settlement|city|district|обстрел\w*|обстріл\w*|атак\w+|"
    r"штурм\w*|осад\w+|облог\w+|взяти\w+|захват\w*|бо[ияйї]\w* за|battle for|fighting for|"
    r"приграничн\w+|прикордонн\w+|провинци\w+|провінці\w+|штат\w*|мухафаз\w*|вилайет\w*|вілаєт\w*|префектур\w*|"
    r"департамент\w*|воеводств\w*|воєводств\w*|уезд\w*|повіт\w*|municipality|province|state|governorate)\.? \"?|"
    r"\b(?:г|с|п|д|м|пос|ст|х)\. ?|[(:] ?|район\w*, |област\w+, |области \")$"
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
    """Forms of Russian and Ukrainian places: code and kind."""
    return _read(_GAZETTEER)


@lru_cache(maxsize=1)
def _districts() -> dict[str, str]:
    return districts.stems(table())


@lru_cache(maxsize=2)
def world(script: str) -> dict[str, tuple[str, str]]:
    """Forms of places elsewhere and of countries, in latin or cyrillic script."""
    return _read(_WORLD[script])


def _read(file: Path) -> dict[str, tuple[str, str]]:
    order = ("town", "country", "city", "people", "adjective", "region", "capital")
    rows = [line.split(" ", 2) for line in file.read_text(encoding="utf-8").splitlines()]
    rows.sort(key=lambda row: order.index(row[1]))
    return {form: entry for code, kind, forms in rows for entry in ((code, kind),) for form in forms.split("|")}


@lru_cache(maxsize=2)
def _first_words(script: str) -> frozenset[str]:
    """What names of several words begin with."""
    names = (form for forms in (table(), world(script)) for form in forms if not form.isalpha())
    found = (m.group() for form in names if (m := _FIRST_OF_MORE.match(form)))
    return frozenset(found)


_FIRST_OF_MORE = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*(?=[^\w'])|[^\W\d_]+(?='$)")
_HOME_CONTEXT = re.compile(
    r"\b(?:ukrain|russia|укра[иї]н|росс?и|росі|рф\b|[зв]су\b|сво\b|донец|донбас|крым|крим\b|ова\b|облвласт|облраду)"
)


@lru_cache(maxsize=64)
def _country_name(code: str, script: str) -> re.Pattern[str]:
    forms = [re.escape(f) for f, (country, kind) in world(script).items() if kind == "country" and country == code]
    return re.compile(rf"\b(?:{'|'.join(forms) or '(?!)'})\b")


_FRONT = frozenset({"UA-09", "UA-14", "UA-23", "UA-63", "UA-65"})  # whose villages are news: Нью-Йорк, Донецька область


def _rival(view: View, home: tuple[str, str], foreign: tuple[str, str], script: str) -> tuple[str, str]:
    """Which of two places of one name is meant; see the head of the module."""
    if home[1] not in ("city", "town") or foreign[1] == "town":
        return home
    if foreign[1] == "country" or (home[1] == "town" and home[0] not in _FRONT):
        return foreign
    named = _country_name(foreign[0][:2], script).search(view.whole) is not None
    if foreign[1] in ("region", "capital"):
        return home if not named and _HOME_CONTEXT.search(view.whole) else foreign
    return foreign if named else home


def find_places(view: View) -> list[Place]:
    """Places in reading order; a name must be capitalised, an adjective or inhabitant need not be."""
    return _all_places(view)[0]


def countries_in(view: View) -> frozenset[str]:
    """ISO 3166-1 codes of countries that the sentence names as where something happened ("in Somalia")."""
    return _all_places(view)[1]


def _all_places(view: View) -> tuple[list[Place], frozenset[str]]:
    memo: dict[str, tuple[list[Place], frozenset[str]]] = view.memo
    if "places" not in memo:
        found = _find_places(view)
        memo["places"] = (
            [place for place in found if place.kind != "country"],
            frozenset(place.code for place in found if place.kind == "country"),
        )
    return memo["places"]


_IN_COUNTRY = re.compile(
    r"(?:\b(?:in|across|inside|throughout|into|over|near|central|northern|southern|eastern|western|в|во|у|на|по|через|"
    r"всей|всему|всій|усій)(?: the)? \"?|^)$"
)


def _find_places(view: View) -> list[Place]:
    forms, script = table(), "latin" if view.lang == "en" else "cyrillic"
    abroad, longer = world(script), _first_words(script)
    words = [w for w in view.sentence.words if w.is_word]
    found: list[Place] = []
    skip = -1
    for index, word in enumerate(words):
        if word.start < skip:
            continue
        for size in (4, 3, 2, 1) if word.text in longer else (1,):
            last = index + size - 1
            if last >= len(words) or words[last].end - word.start > 40:
                continue
            name = view.norm[word.start : words[last].end]
            bare = name.removesuffix("'s")
            entry, foreign = forms.get(name) or forms.get(bare), abroad.get(name) or abroad.get(bare)
            if foreign is not None:
                entry = foreign if entry is None else _rival(view, entry, foreign, script)
            if entry is None and view.lang == "uk" and size == 1 and view.sentence.raw[word.start].isupper():
                entry = districts.of_town(name, view.norm[word.end : word.end + 20], _districts())
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
    if (
        kind not in ("adjective", "people")
        and not view.sentence.raw[start].isupper()
        and (kind != "capital" or view.sentence.raw[start:end].islower())
    ):
        return None
    if kind == "country":
        told = _IN_COUNTRY.search(view.norm[:start]) and (start or re.match(r"[:,]|'s ", view.norm[end:]))
        return Place(code, kind, start, end) if told else None
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
