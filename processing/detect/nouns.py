"""Nouns for people: every form of some thousand words with its group, gender, number and case, found by look-up.

The tables `languages/<lang>.people.txt` are built from `build/people/<lang>.txt` by `processing.detect.build.people`;
a language without one has only the people of its YAML.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from processing.detect.text import Sentence, word_set

TABLES = Path(__file__).parent / "languages"
_WORD = re.compile(r"[^\W\d_]{2,}(?:['-][^\W\d_]+)*")
_ONE = word_set("one один одна одного одну одному одной одним однією однієї")
_ENDS_IN_ONE = re.compile(r"(?:\d*[^1\D])?1")


@dataclass(frozen=True, slots=True)
class Noun:
    """A form of a noun: `cases` holds letters of number (s, p) and case (n g d a i l), as "sn sa pg"."""

    group: str
    gender: str
    cases: frozenset[str]
    adjective: bool = False
    loose: bool = False  # means a person only right beside a number or a word of loss
    count: int = 1  # persons that the singular stands for


@dataclass(frozen=True, slots=True)
class Found:
    """A noun in a sentence."""

    noun: Noun
    start: int
    end: int


class Nouns:
    """The table of one language."""

    def __init__(self, forms: Mapping[str, Noun]) -> None:
        self._forms = {form: noun for form, noun in forms.items() if " " not in form}
        self._longer: dict[str, list[tuple[str, Noun]]] = {}
        for form, noun in sorted(forms.items(), key=lambda pair: -len(pair[0])):
            if " " in form:
                self._longer.setdefault(form.split()[0], []).append((form, noun))
        self._first = frozenset(self._forms) | frozenset(self._longer)

    def __len__(self) -> int:
        return len(self._forms) + sum(map(len, self._longer.values()))

    def find(self, sentence: Sentence) -> list[Found]:
        """The nouns of a sentence, longest first at a place, none inside another; no surnames."""
        found: list[Found] = []
        norm, position, first = sentence.norm, 0, self._first
        for match in _WORD.finditer(norm):
            word = match.group()
            if word not in first and "-" not in word and "'" not in word:
                continue
            start = match.start()
            if start < position:
                continue
            hit = self._at(norm, start, word)
            if hit is None or (start and (norm[start - 1].isalnum() or norm[start - 1] == "'")):
                continue
            if _is_surname(sentence, hit):
                continue
            before = found[-1] if found else None
            merged = _merged(before, hit) if before is not None and norm[before.end : start] == " " else None
            if merged is not None:
                found.pop()
            found.append(merged or hit)
            position = hit.end
        return found

    def _at(self, norm: str, start: int, word: str) -> Found | None:
        for form, noun in self._longer.get(word, ()):
            end = start + len(form)
            if norm.startswith(form, start) and not norm[end : end + 1].isalpha():
                return Found(noun, start, end)
        known = self._forms.get(word)
        if known is None and word.endswith("'s"):
            word = word[:-2]
            known = self._forms.get(word)
        if known is None and "-" in word:
            known = self._compound(word)
        return Found(known, start, start + len(word)) if known else None

    def _compound(self, word: str) -> Noun | None:
        """As in "врач-хирург", "ex-soldier": the last part says what they are, or the first where the last is none."""
        first, last = word.split("-")[0], word.rsplit("-", 1)[1]
        noun = self._forms.get(last)
        if noun is None and not word.isascii():
            noun = self._forms.get(first)
        return noun


def _merged(adjective: Found, noun: Found) -> Found | None:
    """As in "военный врач", "местный житель": one person; a uniform decides the group."""
    shared = adjective.noun.cases & noun.noun.cases
    if not (adjective.noun.adjective and shared):
        return None
    uniform = adjective.noun.group in ("military", "police") or noun.noun.group == "unknown"
    group = adjective.noun.group if uniform else noun.noun.group
    merged = Noun(group, noun.noun.gender, shared, noun.noun.adjective, noun.noun.loose, noun.noun.count)
    return Found(merged, adjective.start, noun.end)


def _is_surname(sentence: Sentence, found: Found) -> bool:
    """As in "Оксана Мельник", "супруги Ткач", "Sergeant Baker": a capital inside a sentence; no rank."""
    raw, start = sentence.raw, found.start
    if sentence.upper or start == 0 or not raw[start].isupper() or found.noun.group == "military":
        return False
    if not raw[start].isascii():
        return re.search(r"[\w,] $", raw[:start]) is not None
    before = re.search(r"[A-Z][\w'’-]*\.? $", raw[:start])
    return before is not None and before.start() > 0 and not _is_title(raw)


def _is_title(raw: str) -> bool:
    """An English headline that writes most words with a capital."""
    words = re.findall(r"[^\W\d_]{4,}", raw)
    return bool(sum(w[0].isupper() for w in words) > 0.6 * len(words))


def is_counted(norm: str, found: Found) -> bool:
    """Whether a number may count this form: plurals, genitives; other singulars only after "one"."""
    cases = found.noun.cases
    if "sg" in cases or any(case[0] == "p" for case in cases):
        return True
    words = norm[max(0, found.start - 40) : found.start].split()[-3:]
    return any(word in _ONE or _ENDS_IN_ONE.fullmatch(word) for word in words)


@lru_cache(maxsize=8)
def load(lang: str) -> Nouns | None:
    """The table of a language; None where it has none."""
    path = TABLES / f"{lang}.people.txt"
    return Nouns(read(path.read_text(encoding="utf-8"))) if path.exists() else None


def read(text: str) -> dict[str, Noun]:
    """Forms of a compiled table; of a form that several words have, the first word's group stands, all cases count."""
    endings: dict[str, list[tuple[str, str, frozenset[str]]]] = {}
    forms: dict[str, Noun] = {}
    for line in text.splitlines():
        head, _, rest = line.partition(" ")
        if head == "=":
            name, gender, pairs = rest.split(" ", 2)
            split = (pair.partition("=") for pair in pairs.split("|"))
            endings[name] = [(ending, gender, frozenset(cases.split(","))) for ending, _, cases in split]
        elif head and head != "#":
            _expand(forms, head, rest, endings)
    return forms


def _expand(
    forms: dict[str, Noun], head: str, rest: str, endings: Mapping[str, list[tuple[str, str, frozenset[str]]]]
) -> None:
    group, *flags = head.split("/")
    name, _, stems = rest.partition(" ")
    count = next((int(f) for f in flags if f.isdigit()), 1)
    nouns = [(e, Noun(group, g, cases, "adj" in flags, "loose" in flags, count)) for e, g, cases in endings[name]]
    for stem in stems.split("|"):
        for ending, noun in nouns:
            old = forms.setdefault(stem + ending, noun)
            if old is not noun and not noun.cases <= old.cases:
                forms[stem + ending] = replace(old, cases=old.cases | noun.cases)
