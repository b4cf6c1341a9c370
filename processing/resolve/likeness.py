"""Likeness across alphabets and wordings: surnames, places, and reprints of one text."""

from __future__ import annotations

import re
import zlib
from functools import lru_cache

from rapidfuzz import fuzz

SAME_NAME = 75  # rapidfuzz ratio of transliterated surnames
SAME_PLACE = 80
REPRINT = 0.3  # share of common three-word shingles; rewritten reports stay far below
_SKETCH = 48  # smallest shingle hashes kept of a text

_CYRILLIC = dict(zip("абвгґдеёєзиіїйклмнопрстуўфхцчшщыэ", "abvggdeeeziiiiklmnoprstuufxccssie", strict=True))
_CYRILLIC |= {"ж": "z", "ъ": "", "ь": "", "ю": "iu", "я": "ia"}
_LATIN = (
    ("ck", "k"), ("shch", "s"), ("kh", "x"), ("zh", "z"), ("ts", "c"), ("tz", "c"), ("ch", "c"), ("sh", "s"),
    ("ph", "f"), ("yo", "e"), ("ye", "e"), ("ya", "ia"), ("yu", "iu"), ("y", "i"), ("j", "i"),
    ("h", "g"), ("w", "v"), ("q", "k"),
)  # fmt: skip
_PATRONYMIC = re.compile(r"(?:ovic|evic|ovna|evna|ivna|iovic)[a-z]{0,2}$")
_WORD = re.compile(r"\w+")
_CAPITALISED = re.compile(r"\b[A-ZА-ЯЁЄІЇҐ][\w'’ʼ]{3,}")
_MOST_NAMES = 80  # capitalised words of a text
_KINDS_OF_PLACE = re.compile(  # as skeletons
    r"(sel[oae]|poselok|poselk[aei]|gorod[ae]?|mist[oai]|oblasti?|raion[aei]?|region[ae]?|district|vilage|town"
    r"|citi|gromad[ai]|cent(r[ae]?|er))"
)


@lru_cache(maxsize=4096)
def skeleton(text: str) -> str:
    """Lower-case Latin letters in which Russian, Ukrainian and English spellings of a name come close."""
    lowered = text.lower()
    for old, new in _LATIN:
        lowered = lowered.replace(old, new)
    letters = "".join(_CYRILLIC.get(c, c) for c in lowered)
    letters = re.sub(r"[^a-z0-9]*[ \-–][^a-z0-9]*", " ", letters)
    letters = re.sub(r"[^a-z0-9 ]+", "", letters)
    return re.sub(r"([a-z])\1+", r"\1", letters.replace("ie", "e")).strip()


def surname(name: str) -> str | None:
    """Skeleton of the surname in a person's name; None when nothing name-like is there."""
    words = [word for word in skeleton(name).split() if len(word) > 2]
    if not words:
        return None
    return words[0] if len(words) > 1 and _PATRONYMIC.search(words[-1]) else words[-1]


def same_name(one: str, other: str, least: float = SAME_NAME) -> bool:
    """Whether two skeletons are one name, inflected or transliterated differently."""
    return fuzz.ratio(one, other) >= least


def shared_names(ones: list[str], others: list[str], least: float = SAME_NAME) -> int:
    """How many of `ones` stand among `others`."""
    return sum(any(same_name(one, other, least) for other in others) for one in ones)


def place_name(text: str) -> str | None:
    """Skeleton of a place without "village of", "district" and the like; None when nothing else is there."""
    words = [word for word in skeleton(text).split() if not _KINDS_OF_PLACE.fullmatch(word)]
    return re.sub(r"\bki?v", "kev", " ".join(words)) or None


def same_place(one: str, other: str) -> bool:
    """Whether two place_name()s are one place: inflected, or one with its district or region."""
    if len(one) < 4 or len(other) < 4:
        return one == other
    stems = [word[: max(4, len(word) - 3)] for word in (*one.split(), *other.split()) if len(word) > 3]
    shared = any(stem in one and stem in other for stem in stems)
    return shared or fuzz.ratio(one, other) >= SAME_PLACE


def name_key(name: str) -> str:
    """First consonants of a skeleton: equal for the spellings and cases of one name."""
    return re.sub(r"[aeiou ]", "", name)[:4] or name[:4]


def text_names(text: str) -> list[str]:
    """Skeletons of a text's capitalised words: people, places, and whatever begins a sentence."""
    return list(dict.fromkeys(skeleton(word) for word in _CAPITALISED.findall(text)))[:_MOST_NAMES]


def sketch(text: str) -> list[int]:
    """The smallest hashes of a text's three-word shingles; empty for texts too short to tell a reprint."""
    words = _WORD.findall(text.lower())
    if len(words) < 8:
        return []
    shingles = {zlib.crc32(" ".join(words[i : i + 3]).encode()) for i in range(len(words) - 2)}
    return sorted(shingles)[:_SKETCH]


def overlap(one: list[int], other: list[int]) -> float:
    """Estimated share of common shingles (Jaccard) of two sketches."""
    if not one or not other:
        return 0.0
    union = sorted({*one, *other})[:_SKETCH]
    both = set(one) & set(other)
    return sum(value in both for value in union) / len(union)
