"""Ukrainian names of districts and communities by the towns they are called after: "Самбірщина"."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

_LAND = re.compile(r"([^\W\d_]{3,}?)(ч?)щин(?:а|и|і|у|ою)")
_ADJECTIVE = re.compile(r"([^\W\d_]{3,}?)[сцз]ьк(?:ий|ого|ому|им|ій|ої|а|у|ою|е)")
_OF_A_TOWN = re.compile(
    r" (?:громад|район|р-н|рва\b|мва\b|тцк\b|рада\b|раді\b|ради\b|міськ|селищн|сільськ|районн|окружн|полігон|лікарн|"
    r"напрям|старост|військкомат|ліце|школ|гімназ|коледж|шпитал|госпітал|колоні|тец\b|тес\b|аес\b|гес\b)"
)
_SUFFIX = re.compile(r"(?:[сцз]ьк\w{0,3})$")
_ENDING = re.compile(r"(?:ого|ому|ою|ею|ий|а|у|и|і|е|я|ю|ь|й|о|ї|є)$")
_NO_PLACE = re.compile(r"батьківщин|військовщин|гетьманщин|козаччин|панщин|деревенщин|спадщин")
_KNOWN = {  # names that several towns could have given, and those that change more than their ending
    "білоцерків": "UA-32",
    "бучан": "UA-32",
    "переяслав": "UA-32",
    "лиман": "UA-14",
    "покрів": "UA-14",
    "косів": "UA-26",
    "шостк": "UA-59",
    "шосткин": "UA-59",
    "дрогобич": "UA-46",
    "дрогоби": "UA-46",
    "стрий": "UA-46",
    "городо": "UA-46",
    "гуляйпіл": "UA-23",
    "борзнян": "UA-74",
    "ічнян": "UA-74",
}
_FULL = re.compile(r"(?:а|я|ий|е|і)$")


def _stem(form: str) -> str:
    bare = _ENDING.sub("", _SUFFIX.sub("", form)).rstrip("ь")
    return re.sub(r"[оеє](?=в$)", "і", bare).replace("їв", "ів")


def _stems(form: str) -> set[str]:
    """What an adjective may keep of a town's name: Коростень, Охтирка, Курахове, Криве Озеро."""
    first, _, second = form.partition(" ")
    if second:
        return {_FULL.sub("", first) + "о" + s for s in _stems(second)} if " " not in second else set()
    stem = _stem(form)
    found = {stem}
    if stem.endswith("к") and len(stem) > 5:
        found.add(_stem(stem[:-1]))
    return {s for s in found if len(s) >= 4}


def stems(table: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """Stems of Ukrainian towns whose region is beyond doubt, from the forms of the gazetteer."""
    large: dict[str, set[str]] = defaultdict(set)
    small: dict[str, set[str]] = defaultdict(set)
    for form, (code, kind) in table.items():
        if code.startswith("UA") and kind in ("city", "town", "capital") and form[-1] > "z":
            for stem in _stems(form):
                (small if kind == "town" else large)[stem].add(code)
    every = {stem: large.get(stem) or codes for stem, codes in (small | large).items()}
    return {stem: next(iter(codes)) for stem, codes in every.items() if len(codes) == 1} | _KNOWN


def of_town(word: str, after: str, known: Mapping[str, str]) -> tuple[str, str] | None:
    """Code and kind of a name that a town gave, in the text's lower case; an adjective tells before its noun alone."""
    if _NO_PLACE.match(word):
        return None
    land = _LAND.fullmatch(word)
    if land:
        stem = land.group(1) + land.group(2)
    else:
        adjective = _ADJECTIVE.fullmatch(word)
        if adjective is None or not _OF_A_TOWN.match(after):
            return None
        stem = adjective.group(1)
    code = known.get(_stem(stem)) or known.get(stem)
    return (code, "region" if land else "adjective") if code else None
