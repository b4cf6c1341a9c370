"""Text as the detector sees it: length-preserving normal form, language, sentences, words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

Field = Literal["title", "text"]

_FOLD = {
    ord(a): b
    for a, b in {
        "ё": "е",
        "’": "'",
        "ʼ": "'",
        "`": "'",
        "‘": "'",
        "ʹ": "'",
        "\u00a0": " ",
        "\u202f": " ",
        "\u2009": " ",
        "\u0301": "'",
        "‑": "-",
        "‐": "-",
        "−": "-",
        "–": "—",
        "“": '"',
        "”": '"',
        "„": '"',
        "«": '"',
        "»": '"',
        "\t": " ",
        "\r": " ",
    }.items()
}
_WORD = re.compile(r"\d+(?:[.,:]\d+)*|[^\W\d_]+(?:'[^\W\d_]+)*|[^\w\s]")
_BREAK = re.compile(r"[.!?…]+[\"'»”“)\]]*(?=\s|$)|\n+|(?<=[\w»\"”])\s*;\s+(?=[A-ZА-ЯЁЇІЄҐ][а-яёїієґ]+ [а-яёїієґ]+)")
_ABBREVIATION = re.compile(
    r"(?:\b(?:г|гг|ул|д|им|т|п|н|е|др|обл|р|с|пгт|тыс|тис|млн|млрд|руб|коп|св|ст|оз|просп|вул|"
    r"м|с|смт|буд|о|рр|mr|mrs|ms|dr|gen|col|"
    r"lt|sgt|capt|maj|st|no|vs|etc|u\.s|u\.k|u\.n|a\.m|p\.m|approx|гв|ген|полк|подп|кап|мл|проф|акад|сотр|чел|ос)"
    r"|(?<=\s)[a-zа-яії]|^[a-zа-яії])\.$"
)


def word_set(text: str) -> frozenset[str]:
    """The words of a space-separated list."""
    return frozenset(text.split())


UPPER = "A-ZĄĆĘŁŃÓŚŹŻА-ЯЁІЇЄҐ"  # for character classes: what names begin with, and go on with
LOWER = "a-ząćęłńóśźżа-яёіїєґ"
_LONGEST = 900  # characters of a sentence; what is longer is a list or debris, and is cut
_MOST = 600  # sentences of a field that are looked at


def fold(text: str) -> str:
    """Lower case, one apostrophe, one space, no ё: the same length as `text`, so that offsets carry over."""
    low = text.lower()
    if len(low) != len(text):
        low = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    return low.translate(_FOLD)


def language(text: str) -> str:
    """en, ru or uk, by characters that only one of them uses."""
    low = text.lower()
    latin = len(re.findall(r"[a-z]", low))
    cyrillic = len(re.findall(r"[а-яёіїєґ]", low))
    if latin > cyrillic:
        return "en"
    ukrainian = len(re.findall(r"[іїєґ]|[а-я]['’ʼ][яюєї]", low))
    russian = len(re.findall(r"[ыэъё]", low))
    if ukrainian == russian:
        words = set(re.findall(r"\w+", low))
        ukrainian += len(
            words & {"та", "від", "що", "під", "було", "загинув", "загинуло", "поранено", "людей", "людина", "й"}
        )
        russian += len(
            words
            & {
                "и",
                "с",
                "со",
                "из",
                "под",
                "число",
                "количество",
                "погибших",
                "от",
                "что",
                "были",
                "был",
                "погиб",
                "погибло",
                "ранено",
                "человек",
                "как",
                "после",
            }
        )
    return "uk" if ukrainian > russian else "ru"


@dataclass(frozen=True, slots=True)
class Word:
    """A word, number or punctuation mark of a sentence, with offsets into the sentence."""

    text: str
    start: int
    end: int

    @property
    def is_number(self) -> bool:
        return self.text[0].isdigit()

    @property
    def is_word(self) -> bool:
        return self.text[0].isalpha()


@dataclass(frozen=True)
class Sentence:
    """A sentence with its place in a field of the document."""

    field: Field
    start: int
    raw: str
    norm: str

    @cached_property
    def words(self) -> tuple[Word, ...]:
        return words_of(self.norm)

    @cached_property
    def upper(self) -> bool:
        """Whether it is set in capitals."""
        letters = [c for c in self.raw if c.isalpha()]
        return len(letters) > 20 and sum(c.isupper() for c in letters) > 0.8 * len(letters)

    @property
    def end(self) -> int:
        return self.start + len(self.raw)


def words_of(norm: str) -> tuple[Word, ...]:
    return tuple(Word(m.group(), m.start(), m.end()) for m in _WORD.finditer(norm))


def sentences(text: str, field: Field) -> list[Sentence]:
    """Split at full stops (not of abbreviations and initials), line ends, and semicolons between full clauses."""
    found: list[Sentence] = []
    start = 0
    for match in _BREAK.finditer(text):
        if len(found) >= _MOST:
            return found
        piece = text[start : match.end()]
        if match.group().startswith(".") and _is_abbreviation(text, start, match, piece):
            continue
        _add(found, text, start, match.end(), field)
        start = match.end()
    _add(found, text, start, len(text), field)
    return found


def _is_abbreviation(text: str, start: int, match: re.Match[str], piece: str) -> bool:
    if match.end() >= len(text) or len(match.group()) > 1:
        return False
    following = text[match.end() : match.end() + 2].strip()
    tail = fold(piece[-12:])
    if not _ABBREVIATION.search(tail):
        return False
    return not (following[:1].isupper() and re.search(r"\b(?:г|гг|м|чел|ос|рр|тис|тыс|млн|р)\.$", tail))


def _add(found: list[Sentence], text: str, start: int, end: int, field: Field) -> None:
    while end - start > _LONGEST and len(found) < _MOST:
        space = text.rfind(" ", start + 1, start + _LONGEST)
        cut = space if space > 0 else start + _LONGEST
        _add_piece(found, text, start, cut, field)
        start = cut
    _add_piece(found, text, start, min(end, start + _LONGEST), field)


def _add_piece(found: list[Sentence], text: str, start: int, end: int, field: Field) -> None:
    raw = text[start:end]
    lead = len(raw) - len(raw.lstrip())
    raw = raw.strip()
    if not raw:
        return
    found.append(Sentence(field, start + lead, raw, fold(raw)))
