"""Builds languages/<lang>.people.txt: nouns for people in all their forms, from the lists in build/people/<lang>.txt.

Run with the development requirements: `python -m processing.detect.build.people`. A list has sections `[group]` and
`[group adjectives]` (words that decline as adjectives); entries are separated by commas. `!word` means a person only
beside a number or a word of loss; `word=2` stands for two persons; `word~model` declines as another word does;
`word>plural` gives an irregular English plural, `word>-` a word that is plural already.
Forms come from pymorphy3; words that it does not know are inflected as those it thinks alike.

The table: `= name gender ending=cases|...` is a pattern of endings, `group[/adj][/loose][/count] name stem|stem|...`
the words that follow it. Cases: s or p for the number, then n g d a i l.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymorphy3  # type: ignore[import-untyped, unused-ignore]  # build time only

from processing.detect.nouns import TABLES
from processing.detect.text import fold

LISTS = Path(__file__).parent / "people"
GROUPS = ("civilian", "military", "police", "other", "unknown")
CASES = {"nomn": "n", "gent": "g", "gen2": "g", "datv": "d", "accs": "a", "ablt": "i", "loct": "l", "loc2": "l"}
_ADJECTIVE = re.compile("(?:ий|ый|ой|ій)$")

Forms = dict[str, set[str]]


@dataclass(frozen=True, slots=True)
class Entry:
    """A word of a list."""

    word: str
    group: str
    adjective: bool
    loose: bool
    count: int
    plural: str | None


def entries(lang: str) -> Iterator[Entry]:
    """The words of a list; raises ValueError, naming file and line, for a group there is none of."""
    path, group, adjective = LISTS / f"{lang}.txt", "", False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        line = line.partition("#")[0].strip()
        if line.startswith("["):
            group, *rest = line.strip("[]").split()
            adjective = rest == ["adjectives"]
            if group not in GROUPS or (rest and not adjective):
                raise ValueError(f"{path.name}:{number}: [{group}] is no group; use one of {', '.join(GROUPS)}")
            continue
        for item in filter(None, (part.strip() for part in line.split(","))):
            word, _, plural = item.lstrip("!").partition(">")
            word, _, count = word.partition("=")
            yield Entry(word, group, adjective, item.startswith("!"), int(count or 1), plural or None)


def _common(words: list[str]) -> str:
    """What all words begin with."""
    low, high = min(words), max(words)
    return low[: next((i for i, letter in enumerate(low) if letter != high[i : i + 1]), len(low))]


HARD_RU = "{0}=sn ого=sg,sa ому=sd ым=pd,si ом=sl ая=sn ой=sd,sg,si,sl ою=si ую=sa ые=pn ых=pa,pg,pl ыми=pi"
VELAR_RU = "ий=sn ого=sg,sa ому=sd им=pd,si ом=sl ая=sn ой=sd,sg,si,sl ою=si ую=sa ие=pn их=pa,pg,pl ими=pi"
SOFT_RU = "ий=sn его=sg,sa ему=sd им=pd,si ем=sl {0}=sn ей=sd,sg,si,sl ею=si {1}=sa ие=pn их=pa,pg,pl ими=pi"
HARD_UK = "ий=sn ого=sg,sa ому=sd,sl им=pd,si а=sn ої=sg ій=sd,sl у=sa ою=si і=pn их=pa,pg,pl ими=pi"
SOFT_UK = "ій=sd,sl,sn ього=sg,sa ьому=sd,sl ім=pd,si я=sn ьої=sg ю=sa ьою=si і=pn іх=pa,pg,pl іми=pi"


def adjective(word: str, lang: str) -> Forms:
    """Forms of a noun that declines as an adjective, men's and women's."""
    stem = word[:-2]
    if lang == "uk":
        endings = SOFT_UK if word.endswith("ій") else HARD_UK
    elif not word.endswith("ий"):
        endings = HARD_RU.format(word[-2:])
    elif stem[-1] in "кгх":
        endings = VELAR_RU
    else:
        endings = SOFT_RU.format(*(("ая", "ую") if stem[-1] in "шщжч" else ("яя", "юю")))
    found: Forms = defaultdict(set)
    for ending, _, cases in (pair.partition("=") for pair in endings.split()):
        found[stem + ending] |= set(cases.split(","))
    return found


class Slavic:
    """Forms of Russian and Ukrainian nouns."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self.morph = pymorphy3.MorphAnalyzer(lang=lang)

    def forms(self, word: str, declines: bool) -> tuple[str, Forms]:
        """Gender (m, f, n, c for both, p for plural words) and the cases of each form. `declines`: as an adjective."""
        word, _, model = fold(word).partition("~")
        if model:
            gender, like = self.forms(model, declines)
            shared = len(_common([word[::-1], model[::-1]]))
            old, new = model[: len(model) - shared], word[: len(word) - shared]
            return gender, {new + form.removeprefix(old): cases for form, cases in like.items()}
        if " " in word or "-" in word:
            return self._compound(word)
        if word.endswith("йся"):
            return "c", {form + "ся": cases for form, cases in adjective(word[:-2], self.lang).items()}
        options = [] if declines else self._nouns(word)
        if not options and _ADJECTIVE.search(word):
            return "c", adjective(word, self.lang)
        if not options:
            raise ValueError(f"{self.lang}: no forms for {word!r}; name it in another way or leave it out")
        analysis = options[0]
        found: Forms = defaultdict(set)
        plural_only = "plur" in analysis.tag
        gender = "p" if plural_only else {"masc": "m", "femn": "f", "neut": "n"}.get(str(analysis.tag.gender), "c")
        own = gender == "f" or word[-1] in "ая"
        for form in analysis.lexeme:
            case, number = CASES.get(str(form.tag.case or "nomn")), "p" if "plur" in form.tag else "s"
            if case is None or (plural_only and number == "s"):
                continue
            if case == "a" and (number == "p" or not own or ("inan" in form.tag and gender != "f")):
                continue
            found[fold(form.word)].add(number + case)
        for cases in found.values():
            # people's accusative is their genitive: the dictionary takes unknown words for things
            cases.update({"pa"} if "pg" in cases else ())
            cases.update({"sa"} if "sg" in cases and not own else ())
        return gender, {form: cases for form, cases in found.items() if cases}

    def _nouns(self, word: str) -> list[Any]:
        options = [a for a in self.morph.parse(word) if a.tag.POS == "NOUN" and fold(a.word) == word]
        options = [a for a in options if a.tag.case in ("nomn", None) and "Abbr" not in a.tag]
        options = [a for a in options if not {"Surn", "Name"} & set(a.tag.grammemes)] or options
        named = [a for a in options if fold(a.normal_form) == word]
        plural = [a for a in options if "plur" in a.tag]
        living = [a for a in named or plural if "anim" in a.tag]
        return living or named or plural

    def _agree(self, first: str, last: str) -> bool:
        """As in "старший лейтенант", "мирна жителька", not "рядовой полиции"."""
        lemmas = {fold(a.normal_form) for a in self.morph.parse(last.split()[0]) if a.tag.POS == "NOUN"}
        describes = any(a.tag.POS in ("ADJF", "PRTF") for a in self.morph.parse(first))
        return describes and (last.split()[0] in lemmas or last in ("люди", "граждане"))

    def _compound(self, word: str) -> tuple[str, Forms]:
        """Of "механик-водитель" and "старший лейтенант" both words decline, of "глава села" the first one only."""
        first, mark, last = re.split("([ -])", word, maxsplit=1)
        if mark == " " and not self._agree(first, last):
            gender, head = self.forms(first, declines=False)
            return gender, {f"{form} {last}": cases for form, cases in head.items()}
        gender, tail = self.forms(last, declines=False)
        try:
            head = self.forms(_masculine(first) if mark == " " else first, declines=mark == " ")[1]
        except ValueError:
            return gender, {f"{first}-{form}": cases for form, cases in tail.items()}
        found: Forms = defaultdict(set)
        for form, cases in tail.items():
            for other, shared in head.items():
                if cases & shared:
                    found[f"{other}{mark}{form}"] |= cases & shared
        return gender, found


def _masculine(adjective_form: str) -> str:
    """As in "мирная", "мирные", "мирна": мирный, мирний."""
    if _ADJECTIVE.search(adjective_form):
        return adjective_form
    if adjective_form.endswith(("ая", "ые", "ие", "яя")):
        stem = adjective_form[:-2]
        return stem + ("ий" if stem[-1] in "кгхшщжч" or adjective_form.endswith(("ие", "яя")) else "ый")
    return adjective_form[:-1] + "ий"


class English:
    """Forms of English nouns: the plural."""

    def forms(self, word: str, plural: str | None) -> tuple[str, Forms]:
        """Singular and plural; `plural` where irregular, `-` for words that are plural already."""
        word = fold(word)
        plural = plural or english_plural(word)
        if plural == "-":
            return "c", {word: {"pn"}}
        return "c", {word: {"sn"}, plural: {"pn"}} if plural != word else {word: {"sn", "pn"}}


def english_plural(word: str) -> str:
    """The plural by the rules; compounds of "-in-law" and the like carry it on the first word."""
    lead, of, rest = word.partition(" of ")
    if of:
        return english_plural(lead) + of + rest
    if "-in-" in word or word == "passer-by":
        first, dash, rest = word.partition("-")
        return english_plural(first) + dash + rest
    if re.search("(?:^|[ -]|[a-z])(?:man|woman)$", word) and not word.endswith(("german", "roman", "human")):
        return word[:-2] + "en"
    for end, plural in (("child", "children"), ("person", "people"), ("wife", "wives"), ("thief", "thieves")):
        if word.endswith(end):
            return word[: -len(end)] + plural
    if re.search("(?:s|x|z|ch|sh)$", word):
        return word + "es"
    return word[:-1] + "ies" if re.search("[^aeiou]y$", word) else word + "s"


def build(lang: str) -> list[str]:
    """The lines of the table of a language."""
    source: Slavic | English = English() if lang == "en" else Slavic(lang)
    patterns: dict[tuple[str, tuple[tuple[str, str], ...]], str] = {}
    words: dict[tuple[str, str], list[str]] = defaultdict(list)
    seen: set[tuple[str, bool]] = set()
    for entry in entries(lang):
        if (fold(entry.word), entry.adjective) in seen:
            continue
        seen.add((fold(entry.word), entry.adjective))
        if isinstance(source, English):
            gender, forms = source.forms(entry.word, entry.plural)
        else:
            gender, forms = source.forms(entry.word, entry.adjective)
        stem = _common(list(forms))
        endings = tuple(sorted((form[len(stem) :], ",".join(sorted(cases))) for form, cases in forms.items()))
        name = patterns.setdefault((gender, endings), str(len(patterns) + 1))
        flags = [f for f, on in (("adj", entry.adjective), ("loose", entry.loose)) if on]
        flags += [str(entry.count)] if entry.count > 1 else []
        words["/".join([entry.group, *flags]), name].append(stem)
    lines = [f"# Built by `python -m processing.detect.build.people` from build/people/{lang}.txt. Do not edit."]
    for (gender, endings), name in patterns.items():
        lines.append(f"= {name} {gender} " + "|".join(f"{ending}={cases}" for ending, cases in endings))
    return lines + [f"{head} {name} {'|'.join(stems)}" for (head, name), stems in words.items()]


def main() -> int:
    for path in sorted(LISTS.glob("*.txt")):
        target = TABLES / f"{path.stem}.people.txt"
        target.write_text("\n".join(build(path.stem)) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
