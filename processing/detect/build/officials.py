"""Builds officials.tsv from officials.yaml: every way a name is written and inflected in the three languages.

Run `python -m processing.detect.build.officials`. Surnames are declined by their ending, Russian names are also written
as Ukrainian papers write them, and both as English ones do. A row: `OFFICE REGION INSTITUTION FROM TO SEEN FLAGS EN RU
UK GIVEN|... SURNAME|...`, tab-separated; the first row holds the beginnings of common first names.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from datetime import date
from functools import lru_cache
from itertools import islice, product
from pathlib import Path
from typing import Any

import yaml

from processing.detect.officials import OFFICES, TABLE
from processing.detect.text import fold, word_set

SOURCE = Path(__file__).parents[1] / "officials.yaml"
REGIONS = Path(__file__).parents[3] / "config" / "regions.yaml"
_INSTITUTIONS = {
    "governor": "Government of {region}",
    "head": "Government of {region}",
    "ova": "{short} regional military administration",
    "kmva": "{short} city military administration",
    "mva": "{of} city military administration",
    "rva": "{of} district military administration",
    "okrug": "Administration of {of} district",
    "mayor": "City administration of {of}",
}
_FIELDS = word_set("region office of ru uk sex common word from to seen source note")
_MOST_VARIANTS = 64  # ways to write one surname
_VOWELS = "аеиоуыэюяіїє"


def _pairs(text: str) -> dict[str, str]:
    return {key: value for key, _, value in (pair.partition(":") for pair in text.split())}


# Ukrainian of Russian first names that are not written letter by letter.
_UKRAINIAN = _pairs(
    "александр:Олександр алексей:Олексій андрей:Андрій антон:Антон артем:Артем валентин:Валентин валерий:Валерій "
    "василий:Василь виктор:Віктор виталий:Віталій владимир:Володимир вячеслав:В'ячеслав геннадий:Геннадій "
    "георгий:Георгій глеб:Гліб дмитрий:Дмитро евгений:Євген егор:Єгор игорь:Ігор илья:Ілля иван:Іван ирина:Ірина "
    "леонид:Леонід мария:Марія михаил:Михайло наталья:Наталія николай:Микола олег:Олег павел:Павло сергей:Сергій "
    "филипп:Філіп юрий:Юрій"
)
_ENGLISH = _pairs(
    "александр:Alexander алексей:Alexey андрей:Andrey артем:Artyom дмитрий:Dmitry евгений:Yevgeny егор:Yegor "
    "максим:Maxim юрий:Yury олег:Oleg"
)
_OTHER_NAMES = word_set(
    "Аркадий Богдан Борис Вадим Вениамин Григорий Даниил Данила Захар Кирилл Константин Лев Марат Марина Никита Оксана "
    "Ольга Петр Прохор Семен Степан Тимофей Федор Эдуард Эрик Юлия Яков Ярослав Анна Елена Екатерина Людмила Татьяна "
    "Светлана Галина Алина Вера Зоя Надежда Любовь Арсений Архип Ефим Матвей Назар Остап Орест Тарас Тимур Анатолий "
    "Станислав Святослав Ростислав Руслан Рамзан Радий Дарья Алла Лидия Нина Раиса Валерия Виктория Евгения Александра "
    "Герман Игнат Климент Лука Макар Нестор Савва Устин Фома Эльдар"
)

_LATIN = {
    **dict(zip("абвгджзклмнопрстуф", "abvgdzzklmnoprstuf", strict=True)),
    "ж": "zh", "и": "i", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch sch", "э": "e", "ъ": "", "'": "",
    "-": "-",
}  # fmt: skip
_RU_LATIN = {**_LATIN, "е": "e ye", "ё": "yo e", "й": "y i", "ы": "y", "ь": " '", "ю": "yu iu", "я": "ya ia"}
_UK_LATIN = {
    **_LATIN, "г": "h g", "ґ": "g", "е": "e", "є": "ie ye e", "и": "y i", "і": "i", "ї": "i yi", "й": "i y", "ь": " '",
    "ю": "iu yu", "я": "ia ya",
}  # fmt: skip


def latin(word: str, lang: str) -> list[str]:
    """Ways to write a folded word in Latin letters, the usual one first."""
    table = _RU_LATIN if lang == "ru" else _UK_LATIN
    ending: list[str] = [""]
    for tail, ways in (("ий", "y iy yi yy ii"), ("ый", "y yi yy")):
        if word.endswith(tail):
            word, ending = word[:-2], ways.split()
    options = [_ways(word, index, table) for index in range(len(word))]
    if lang == "uk" and word[0] in "єюяї":  # Yevhen, Yurii
        options[0] = [way.replace("i", "y", 1) for way in options[0] if way[0] == "i"] + options[0]
    found = ("".join(parts) for parts in product(*options, ending))
    return list(dict.fromkeys(w for way in islice(found, _MOST_VARIANTS * 4) for w in (way, way.replace("ks", "x"))))


def _ways(word: str, index: int, table: dict[str, str]) -> list[str]:
    letter = word[index]
    if letter == "е" and "ye" in table["е"]:
        return ["ye", "e"] if not index or word[index - 1] in _VOWELS + "ьъ" else ["e"]
    if letter == "й" and index < len(word) - 1:
        return ["i", "y"]
    return table[letter].split(" ")


def ukrainian(word: str) -> list[str]:
    """Ways Ukrainian papers write a folded Russian surname, the usual one first."""
    found = []
    for soft in ("none", "end", "all"):
        for i in "іи":
            written = word.replace("и", i).replace("ы", "и").replace("э", "е").replace("ъ", "'")
            if soft == "all":
                written = written.replace("е", "є")
            elif soft == "end" and word.endswith("ев"):
                written = written[:-2] + "єв"
            found.append(written.replace("ський", "ський"))
    whole = [w[: -len("скій")] + "ський" if w.endswith(("скій", "ский")) else w for w in found]
    whole += [w[:-2] + "ий" for w in whole if w.endswith("ій") and not w.endswith("ський")]
    return list(dict.fromkeys(whole))


def _with(stem: str, endings: str) -> set[str]:
    return {stem + ending for ending in endings.split()}


def declined(word: str, lang: str, female: bool) -> set[str]:
    """The case forms of a folded surname by its ending; a surname that does not decline is alone."""
    if "-" in word or word.endswith(("ых", "их")):
        return {word}
    forms = _female(word, lang) if female else _male(word, lang)
    return {word} | forms


def _female(word: str, lang: str) -> set[str]:
    if word.endswith("ая"):
        return _with(word[:-2], "ой ую")
    if word.endswith(("ова", "ева", "єва", "ина", "іна", "на")):
        return _with(word[:-1], "ой у ою" if lang == "ru" else "ої ій у ою")
    if word.endswith("а"):
        return _with(word[:-1], "ої ій у ою")
    return set()


def _male(word: str, lang: str) -> set[str]:
    stem, last = word[:-1], word[-1]
    ru = lang == "ru"
    if word.endswith(("ский", "цкий", "ський", "цький", "ный", "ной")):
        return _with(word[:-2], "ого ому им ом")
    if last == "й":
        return _with(stem, "я ю ем е и" if ru else "я ю єві єм ї і")
    if last == "ь":
        return _with(stem, "я ю ем е" if ru else "я ю еві ем і")
    if last == "о":
        return set() if ru else _with(stem, "а у ові ом")
    if last == "а":
        mixed = stem[-1] in "жчшщ"
        if ru:
            return _with(stem, "и е у ей" if mixed else "ы и е у ой")
        return _with(stem, "і у ею") if mixed else _with(stem, "и і у ою") | _softened(stem)
    if last in "яеиуюыіїє":
        return set()
    if word.endswith(("ов", "ев", "єв", "ин", "ін", "їн", "ын")):
        return _with(word, "а у ым е" if ru else "а у им ові і")
    forms = _with(word, "а у ем е" if last in "жчшщц" else "а у ом е") if ru else _uk_hard(word)
    if word.endswith("ец"):
        forms |= _with(word[:-2], "ца цу цем це")
    return forms


def _uk_hard(word: str) -> set[str]:
    return _with(word, "а у еві ем і" if word[-1] in "жчшщ" else "а у ові ом і")


def _softened(stem: str) -> set[str]:
    softer = {"к": "ц", "г": "з", "х": "с"}.get(stem[-1])
    return {stem[:-1] + softer + "і"} if softer else set()


def beginning(name: str) -> str:
    """What all cases of a folded first name begin with."""
    if name == "павел":
        return "пав"
    while len(name) > 4 and name[-1] in "аяйьоуиеіїy'":
        name = name[:-1]
    return name[:6]


def given(ru: str, uk: str) -> list[str]:
    """Beginnings of a first name in the three languages."""
    known = _UKRAINIAN.get(fold(ru), "")
    others = [fold(uk)] if uk else [fold(known)] if known else ukrainian(fold(ru))
    written = [fold(ru), *others, *latin(fold(ru), "ru")[:8], *(w for o in others for w in latin(o, "uk")[:8])]
    return sorted({beginning(word) for word in written if word})


def surnames(entry: dict[str, Any]) -> set[str]:
    """Every form of the surname of an entry."""
    female = entry.get("sex") == "f"
    ru = fold(entry["ru"].split()[-1])
    uk = [fold(entry["uk"].split()[-1])] if "uk" in entry else ukrainian(ru)
    forms = declined(ru, "ru", female) | {form for word in uk for form in declined(word, "uk", female)}
    forms |= set(latin(ru, "ru")[:_MOST_VARIANTS])
    if "uk" in entry:
        forms |= {way for word in uk for way in latin(word, "uk")[:_MOST_VARIANTS]}
    else:  # йо and ё alike
        forms |= set(latin(entry["ru"].split()[-1].lower(), "ru")[:_MOST_VARIANTS])
    return {form for form in forms if len(form) > 2}


def names(entry: dict[str, Any]) -> tuple[str, str, str]:
    """The name in English, Russian and Ukrainian."""
    ru = entry["ru"]
    first, last = ru.split()[:-1], ru.split()[-1]
    uk = entry.get("uk") or " ".join(
        [*(_UKRAINIAN.get(fold(f)) or _title(ukrainian(fold(f))[0]) for f in first), _title(ukrainian(fold(last))[0])]
    )
    is_ukrainian = "uk" in entry and not entry["office"].startswith("occupied")
    lang, source = ("uk", uk) if is_ukrainian else ("ru", ru)
    parts = [latin(word.lower(), lang)[0] for word in source.split()]
    if not is_ukrainian and first:
        parts[0] = _ENGLISH.get(fold(first[0]), parts[0])
    return " ".join(map(_title, parts)), ru, uk


def _title(word: str) -> str:
    return "-".join(part[:1].upper() + part[1:] for part in word.split("-"))


def entries(text: str) -> Iterator[dict[str, Any]]:
    """The officials of the YAML; ValueError names the entry that is not as it must be."""
    data = yaml.safe_load(text)
    for entry in data["officials"]:
        label = f"officials.yaml: {entry.get('ru')} ({entry.get('region')})"
        if unknown := set(entry) - _FIELDS:
            raise ValueError(f"{label}: unknown field {', '.join(sorted(unknown))}")
        if entry["office"] not in OFFICES:
            raise ValueError(f"{label}: office {entry['office']!r} is none of {', '.join(OFFICES)}")
        if lost := [key for key in entry.get("source", ()) if key not in data["sources"]]:
            raise ValueError(f"{label}: source {lost[0]!r} is not listed under sources")
        if not entry.get("source") or not (entry.get("to") or entry.get("seen")):
            raise ValueError(f"{label}: needs a source, and `to` or `seen`")
        if any(key in entry and not isinstance(entry[key], date) for key in ("from", "to", "seen")):
            raise ValueError(f"{label}: from, to and seen are dates as 2024-05-15")
        yield entry


def institution(entry: dict[str, Any]) -> str:
    """The body that the official heads, named as the sources are registered; empty in occupied territory."""
    if entry["region"] == "RU-MOW":
        return "Government of Moscow"
    region = _regions()[entry["region"]]
    form = _INSTITUTIONS.get(entry["office"], "")
    return form.format(region=region, short=region.removesuffix(" region"), of=entry.get("of"))


@lru_cache(maxsize=1)
def _regions() -> dict[str, str]:
    return {row["code"]: row["en"] for row in yaml.safe_load(REGIONS.read_text(encoding="utf-8"))}


def rows(officials: Iterable[dict[str, Any]]) -> Iterator[str]:
    """The lines of the table."""
    yield "|".join(sorted({b for name in sorted(_OTHER_NAMES) for b in given(name, "") if len(b) > 2}))
    for entry in officials:
        first = entry["ru"].split()[:-1]
        uk_first = entry["uk"].split()[0] if "uk" in entry else ""
        cells = (
            entry["office"],
            entry["region"],
            institution(entry),
            *(str(entry.get(key, "")) for key in ("from", "to", "seen")),
            " ".join(flag for flag in ("common", "word") if entry.get(flag)),
            *names(entry),
            "|".join(given(first[0], uk_first)) if first else "",
            "|".join(sorted(surnames(entry))),
        )
        yield "\t".join(cells)


def main() -> int:
    TABLE.write_text("\n".join(rows(entries(SOURCE.read_text(encoding="utf-8")))) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
