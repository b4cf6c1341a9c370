"""Word lists of one language, compiled for a single scan over a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import yaml

from processing.detect import nouns
from processing.detect.text import Sentence, language, word_set

LANGUAGES = Path(__file__).parent / "languages"
SCRIPTS = ("en", "ru", "uk")  # told apart by their letters alone
_STARTS = re.compile(r"(?<!\w)(?<!\w')\w")
_SPECIAL = re.compile(r"[*(?\[.\\|~ +{]")
_HEAD = re.compile(r"\(((?:[^()]|\([^()]*\))+)\)(?![?{+])")
_CHOICE = re.compile(r"(?:[^()|]|\([^()]*\))+")
_GAP = r"(?:[ ,\"]{1,2}[\w'-]{1,30}){0,6}?[ ,\"]{1,2}"


@dataclass(frozen=True, slots=True)
class Hit:
    """A lexicon entry found in a sentence. `tag` is its dotted place in the YAML, as `triggers.killed.verb`.

    `noun` is the entry of the people table, for words found there.
    """

    tag: str
    start: int
    end: int
    noun: nouns.Noun | None = None


def pattern(entry: str) -> str:
    """The entry's regular expression: `*` is any ending, `~` up to four words between."""
    text = entry.replace("~", "\x00").replace("*", r"\w*")
    text = re.sub(r" ?\x00 ?", lambda _: _GAP, text)
    return text.replace(" ", " +") if _GAP not in text else _spaces_outside_gap(text)


def _spaces_outside_gap(text: str) -> str:
    return _GAP.join(part.replace(" ", " +") for part in text.split(_GAP))


class Matcher:
    """Finds entries of many categories in one pass, looked up by the first letters of each word."""

    def __init__(self, entries: Mapping[str, list[str]]) -> None:
        grouped: dict[str, dict[str, list[str]]] = {}
        for tag, patterns in entries.items():
            for entry in patterns:
                grouped.setdefault(self._key(entry), {}).setdefault(tag, []).append(pattern(entry))
        self._grouped = grouped
        self._index: dict[str, list[tuple[str, re.Pattern[str]]]] = {}

    def compiled(self, key: str) -> list[tuple[str, re.Pattern[str]]]:
        """The expressions for words that begin with `key`, compiled when first met: most never are in a short run."""
        found = self._index.get(key)
        if found is None:
            found = [
                (tag, re.compile(r"(?:" + "|".join(sorted(alts, key=len, reverse=True)) + r")(?!\w)"))
                for tag, alts in self._grouped[key].items()
            ]
            self._index[key] = found
        return found

    def beginnings(self) -> Iterator[str]:
        """The beginnings of words that entries are looked up by."""
        return iter(self._grouped)

    @staticmethod
    def _key(entry: str) -> str:
        special = _SPECIAL.search(entry)
        literal = entry[: special.start()] if special else entry
        if special and special.group() == "?" and literal:
            literal = literal[:-1]
        if not literal:
            raise ValueError(f"entry must start with a letter: {entry!r}")
        return literal[:3]

    def scan(self, norm: str) -> list[Hit]:
        """All hits, in reading order; of one category at one place the longest."""
        found: list[Hit] = []
        known = self._grouped
        for start in _STARTS.finditer(norm):
            i = start.start()
            for length in (3, 2, 1):
                key = norm[i : i + length]
                for tag, regex in self.compiled(key) if key in known and len(key) == length else ():
                    match = regex.match(norm, i)
                    if match:
                        found.append(Hit(tag, i, match.end()))
        return found

    def finds(self, norm: str) -> bool:
        """Whether `scan` would find anything, without looking further than the first hit."""
        known = self._grouped
        for start in _STARTS.finditer(norm):
            i = start.start()
            for length in (3, 2, 1):
                key = norm[i : i + length]
                if key in known and any(regex.match(norm, i) for _, regex in self.compiled(key)):
                    return True
        return False


_ENDS = re.compile(
    r"$|[^\w\s':-]| (?:was|were|is|are|has|had|have|who|and|or|but|in|at|on|of|from|to|by|with|near|during|after|when|"
    r"while|under|inside|outside|beneath|as|died|dies|killed|wounded|injured|missing|dead|hurt|captured|suffered|lost|"
    r"aged|also|later)\b"
)
_SINGLE = frozenset({"sn", "sg", "sa", "si"})
_DATIVE = frozenset({"sn", "sd"})  # "ребенку оторвало": the one hurt, though in the dative


def _beside(norm: str, hit: Hit, found: nouns.Found) -> bool:
    """As in "водителю осколком перебило", "оказали помощь девочке": at most three words between."""
    gap = norm[found.end : hit.start] if hit.start >= found.end else norm[hit.end : found.start]
    return re.fullmatch(r" (?:[\w-]+ ){0,3}", gap) is not None


@dataclass(frozen=True)
class Lexicon:
    """Everything the engine knows about one language."""

    lang: str
    numbers: Mapping[str, int]
    matcher: Matcher
    losses: Matcher  # the words of loss alone: what decides whether a text or a sentence is looked at
    examples: tuple[Mapping[str, Any], ...]
    people: nouns.Nouns | None = None
    words: Mapping[str, str] = field(default_factory=dict)  # its words for "and", "but", "not": English by own

    @cached_property
    def _own_words(self) -> re.Pattern[str]:
        longest_first = sorted(self.words, key=len, reverse=True)
        return re.compile(rf"\b(?:{'|'.join(map(re.escape, longest_first))})\b")

    def common(self, text: str) -> str:
        """The text with the words that the YAML lists under `words` in English, as the engine's patterns know them."""
        return self._own_words.sub(lambda match: self.words[match.group()], text) if self.words else text

    def scan(self, sentence: Sentence) -> list[Hit]:
        """All that the language's lists and its table of people find in a sentence."""
        hits = self.matcher.scan(sentence.norm)
        return [*self._people(sentence, hits), *hits] if self.people is not None else hits

    def _people(self, sentence: Sentence, hits: list[Hit]) -> Iterator[Hit]:
        """People as `persons.<group>` where a number may count them, `one.<group>` where they may be one victim."""
        norm = sentence.norm
        hurt = [hit for hit in hits if hit.tag == "hurt_to"]
        for found in self.people.find(sentence) if self.people is not None else ():
            noun, start, end = found.noun, found.start, found.end
            meant = not noun.loose or self._is_meant(sentence, found, hits)
            if not meant and (noun.count == 1 or "sg" not in noun.cases):
                continue
            if noun.count == 2 and meant:
                yield Hit("vague.pair", start, end, noun)
                continue
            if nouns.is_counted(norm, found):
                yield Hit(f"persons.{noun.group}", start, end, noun)
            to_them = "sd" in noun.cases and any(_beside(norm, hit, found) for hit in hurt)
            if to_them or not noun.cases.isdisjoint(_SINGLE):
                yield Hit(f"one.{noun.group}", start, end, replace(noun, cases=_DATIVE) if to_them else noun)

    def _is_meant(self, sentence: Sentence, found: nouns.Found, hits: list[Hit]) -> bool:
        """A word that means a person only beside a number or a word of loss; in English where no noun follows."""
        norm = sentence.norm
        if self.lang == "en" and ("sn" not in found.noun.cases or _ENDS.match(norm, found.end)):
            return True
        if (found.noun.group == "military" or found.noun.count == 2) and sentence.raw[
            found.end + 1 : found.end + 2
        ].isupper():
            return True
        before = norm[: found.start].rsplit(None, 1)[-1] if found.start else ""
        return (
            before.isdigit()
            or before in self.numbers
            or any(
                hit.tag.startswith("triggers.")
                and not (found.noun.count == 2 and hit.tag.endswith(".noun"))
                and (found.end + 1 == hit.start or (self.lang != "en" and hit.end + 1 == found.start))
                for hit in hits
            )
        )


def _flatten(node: Any, prefix: str) -> Iterator[tuple[str, list[str]]]:
    if isinstance(node, dict):
        for key, child in node.items():
            yield from _flatten(child, f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(node, list):
        yield prefix, [entry for family in node for entry in _entries(family)]
    elif isinstance(node, str):
        yield prefix, _entries(node)


def _entries(text: str) -> list[str]:
    found = [entry.strip() for entry in re.split(r",\s+", text.strip().rstrip(",")) if entry.strip()]
    return [form for entry in found for form in _heads(entry)]


def _heads(entry: str) -> list[str]:
    """The forms of an entry that begins with alternatives: the index needs the first letters of each."""
    first = _HEAD.match(entry)
    return [head + entry[first.end() :] for head in _CHOICE.findall(first.group(1))] if first else [entry]


def _whole(entry: str, parts: Mapping[str, str]) -> str:
    """The entry with the parts that it names by `@` written out."""
    return re.sub(r"@[a-z]+", lambda match: parts[match.group()], entry) if "@" in entry else entry


def _number_forms(table: Mapping[Any, str]) -> dict[str, int]:
    return {form: int(value) for value, forms in table.items() for form in forms.split()}


def _read(lang: str) -> dict[str, Any]:
    with (LANGUAGES / f"{lang}.yaml").open(encoding="utf-8") as file:
        loaded: dict[str, Any] = yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe loaders
    return loaded


@lru_cache(maxsize=8)
def load(lang: str) -> Lexicon:
    """The lexicon of a language; raises FileNotFoundError for one that has no YAML."""
    data = _read(lang)
    apart = ("numbers", "examples", "lang", "parts", "recognise", "words")
    entries = dict(_flatten({k: v for k, v in data.items() if k not in apart}, ""))
    parts = {f"@{name}": f"({'|'.join(forms)})" for name, forms in _flatten(data.get("parts", {}), "")}
    entries = {tag: [form for e in listed for form in _heads(_whole(e, parts))] for tag, listed in entries.items()}
    return Lexicon(
        lang=lang,
        numbers=_number_forms(data["numbers"]),
        matcher=Matcher(entries),
        losses=Matcher({tag: listed for tag, listed in entries.items() if tag.startswith("triggers.")}),
        examples=tuple(data.get("examples", ())),
        people=nouns.load(lang),
        words={own: word for word, listed in data.get("words", {}).items() for own in _entries(listed)},
    )


@dataclass(frozen=True, slots=True)
class Signs:
    """What tells a language from others of its script: letters that they lack, its frequent words and numbers."""

    lang: str
    letters: re.Pattern[str]
    words: frozenset[str]

    def weight(self, words: list[str]) -> int:
        """One for each frequent word, one for each with a letter of the language; names may be of any language."""
        return sum((w.lower() in self.words) + (w[0].islower() and self.letters.search(w) is not None) for w in words)


@lru_cache(maxsize=1)
def _signs() -> tuple[Signs, ...]:
    """Of the languages that declare `recognise` in their YAML."""
    found = ((lang, _read(lang)) for lang in supported() if lang not in SCRIPTS)
    return tuple(
        Signs(
            lang,
            re.compile(f"[{data['recognise']['letters']}]"),
            word_set(data["recognise"]["words"]) | _number_forms(data["numbers"]).keys(),
        )
        for lang, data in found
        if "recognise" in data
    )


def recognise(text: str) -> str:
    """The language of a text: one that has signs for a seventh of its words, else that of the script."""
    usual, signs = language(text), _signs()
    words = re.findall(r"[^\W\d_]+", text[:4000]) if signs else []
    weight, best = max(((own.weight(words), own.lang) for own in signs), default=(0, usual))
    return best if weight >= max(2, len(words) / 7) else usual


@lru_cache(maxsize=1)
def supported() -> tuple[str, ...]:
    """Languages that have a lexicon."""
    return tuple(sorted(path.stem for path in LANGUAGES.glob("*.yaml")))
