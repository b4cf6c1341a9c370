"""Which language a text is in: by its letters where they decide, else by what the page and its source say."""

from __future__ import annotations

import re
from collections import Counter

_CODE = re.compile(r"([a-zA-Z]{2})(?:[-_].*)?\Z")
_UKRAINIAN, _RUSSIAN = "іїєґ", "ыэёъ"
_ONLY_HERE = {"be": "ў", "sr": "ђћџљњ", "mk": "ѓќѕ", "kk": "әғқңөұһ"}
_CYRILLIC_LANGS = frozenset(
    {"ru", "uk", "be", "bg", "sr", "mk", "kk", "ky", "mn", "tg", "tt", "ba", "cv", "ab", "os"}
)
_ENGLISH = frozenset(
    [
        "the",
        "of",
        "and",
        "to",
        "in",
        "that",
        "is",
        "was",
        "for",
        "on",
        "with",
        "as",
        "by",
        "at",
        "from",
        "were",
        "has",
        "have",
        "said",
        "his",
        "are",
        "be",
        "it",
        "an",
    ]
)
_OTHER_LATIN = frozenset(
    [
        "der",
        "die",
        "das",
        "und",
        "nicht",
        "von",
        "mit",
        "ist",
        "den",
        "les",
        "des",
        "une",
        "dans",
        "est",
        "pour",
        "que",
        "qui",
        "los",
        "las",
        "una",
        "por",
        "con",
        "para",
        "del",
        "che",
        "di",
        "il",
        "della",
        "sono",
        "non",
        "nie",
        "się",
        "jest",
        "na",
        "że",
        "het",
        "een",
        "van",
        "niet",
        "dat",
        "och",
        "att",
        "det",
        "som",
        "är",
        "ve",
        "bir",
        "için",
        "não",
        "uma",
        "com",
        "os",
    ]
)
_WORD = re.compile(r"[^\W\d_]+")


def two_letters(code: str | None) -> str | None:
    """`en` of `en-US`; None for anything that is no language code. `ua`, a frequent slip, is Ukrainian."""
    found = _CODE.match((code or "").strip())
    if not found:
        return None
    lang = found[1].lower()
    return "uk" if lang == "ua" else lang


def language_of(text: str, page_lang: str | None, source_lang: str | None) -> str | None:
    """Two-letter language of `text`. Templates lie, so letters go first; None if nothing tells."""
    declared, expected = two_letters(page_lang), two_letters(source_lang)
    letters = Counter(char for char in text.lower() if char.isalpha())
    total = sum(letters.values())
    cyrillic = sum(n for char, n in letters.items() if "\u0400" <= char <= "\u04ff")
    latin = sum(n for char, n in letters.items() if char < "\u0250")
    if not total:
        return declared or expected
    if cyrillic * 2 > total:
        return _cyrillic(letters, declared, expected)
    if latin * 2 > total:
        return _latin(text, declared, expected)
    return declared if declared not in (_CYRILLIC_LANGS | {"en"}) else None


def _cyrillic(letters: Counter[str], declared: str | None, expected: str | None) -> str | None:
    if declared in _CYRILLIC_LANGS - {"ru", "uk"}:
        return declared
    for lang, own in _ONLY_HERE.items():
        if sum(letters[char] for char in own) * 100 > sum(letters.values()):
            return lang
    ukrainian = sum(letters[char] for char in _UKRAINIAN)
    russian = sum(letters[char] for char in _RUSSIAN) * 3  # they are about three times as rare
    if ukrainian != russian:
        return "uk" if ukrainian > russian else "ru"
    return next((lang for lang in (declared, expected) if lang in _CYRILLIC_LANGS), None)


def _latin(text: str, declared: str | None, expected: str | None) -> str | None:
    words = [word.lower() for word in _WORD.findall(text[:20_000])]
    english = sum(word in _ENGLISH for word in words)
    other = sum(word in _OTHER_LATIN for word in words)
    if english > other and english * 12 > len(words):
        return "en"
    if declared and declared not in _CYRILLIC_LANGS and not (declared == "en" and other > english):
        return declared
    return expected if expected == "en" and other <= english else None
