"""Which charset a page's bytes really have, whatever they are declared as; the page as UTF-8.

Declarations are wrong often enough (koi8-r called utf-8, windows-1251 not called at all) that the bytes are
asked first: valid UTF-8 is UTF-8; Cyrillic is told by how like Russian or Ukrainian each reading looks; a
declaration decides only among the rest.
"""

from __future__ import annotations

import codecs
import re

from trafilatura.utils import detect_encoding

HEAD = 8192  # bytes in which a page may declare its charset
SAMPLE = 40_000  # bytes of words by which Cyrillic charsets are compared
LIKE_CYRILLIC = 15.0  # score above which a reading is language; misreadings lie below 5, texts above 30

_META = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([a-zA-Z0-9_.:-]{2,40})""", re.IGNORECASE)
_XML = re.compile(rb"""^\s*<\?xml[^>]{0,100}?encoding\s*=\s*["']([a-zA-Z0-9_.:-]{2,40})""")
_HEADER = re.compile(r"""charset\s*=\s*["']?\s*([a-zA-Z0-9_.:-]{2,40})""", re.IGNORECASE)
_LANG = re.compile(rb"""<html[^>]{0,300}?\slang\s*=\s*["']?([a-zA-Z]{2})""", re.IGNORECASE)
_TAG = re.compile(rb"<[^<>]{0,2000}>")
_HIGH = bytes(range(128, 256))
_HIGH_WORD = re.compile(rb"[\x80-\xff]{3,}")

# As browsers read them (WHATWG Encoding, https://encoding.spec.whatwg.org/#names-and-labels)
_BROWSER = {
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "koi8-r": "koi8-u",
}
_CYRILLIC = ("cp1251", "koi8-u", "iso8859-5", "cp866", "mac-cyrillic")
_MULTIBYTE = frozenset({"gb18030", "big5", "cp949", "cp932", "euc_jp", "iso2022_jp"})
_CENTRAL = frozenset({b"pl", b"cs", b"sk", b"hu", b"hr", b"sl", b"ro"})

# Letters per thousand in running text, Russian and Ukrainian together, in round numbers
_BY_FREQUENCY = {
    100: "о",
    80: "аеи",
    60: "нтр",
    45: "свлк",
    30: "дмпуі",
    20: "яьзбг",
    12: "йчхжє",
    8: "шюї",
    4: "цщфы",
    2: "эґёъ",
}
_OFTEN = {letter: weight for weight, letters in _BY_FREQUENCY.items() for letter in letters}


def to_utf8(body: bytes, content_type: str | None) -> bytes:
    """A page's bytes as UTF-8, without byte order mark. `content_type` is the HTTP header's value."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if body.startswith(mark):
            return _recode(body[len(mark) :], name)
    declared = _declared(body, content_type)
    if b"\x1b$" in body and "iso2022_jp" in declared:
        return _recode(body, "iso2022_jp")
    return body if _is_utf8(body) else _recode(body, _guess(body, declared))


def _recode(body: bytes, name: str) -> bytes:
    return body.decode(name, "replace").encode("utf-8", "replace")


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _guess(body: bytes, declared: list[str]) -> str:
    if _is_damaged_utf8(body):
        return "utf-8"
    if name := next((name for name in declared if name in _MULTIBYTE and _fits(body, name)), None):
        return name
    text = _TAG.sub(b" ", body)
    words = b" ".join(_HIGH_WORD.findall(text))
    latin = len(words) < 0.6 * (len(text) - len(text.translate(None, _HIGH)))  # lone accents, no whole words
    if not latin and (name := _best_cyrillic(words[:SAMPLE], declared)):
        return name
    if name := next((name for name in declared if name != "utf-8" and _fits(body, name)), None):
        return name
    if latin:
        found = _LANG.search(body[:HEAD])
        return "cp1250" if found and found[1].lower() in _CENTRAL else "cp1252"
    return next((name for name in detect_encoding(text) if _fits(body, name)), "utf-8")


def _declared(body: bytes, content_type: str | None) -> list[str]:
    """Python names of the charsets that header, XML declaration and <meta> name, in that order."""
    labels = [found[1] for found in [_HEADER.search(content_type or "")] if found]
    head = body[:HEAD]
    labels += [found[1].decode("ascii") for found in (_XML.search(head), _META.search(head)) if found]
    names = []
    for label in labels:
        try:
            name = codecs.lookup(label).name
        except LookupError:
            continue
        names.append(_BROWSER.get(name, name))
    return list(dict.fromkeys(names))


def _fits(body: bytes, name: str) -> bool:
    """Whether at most one byte in ten that is not ASCII cannot be read so."""
    try:
        text = body.decode(name, "replace")
    except LookupError:
        return False
    high = sum(char > "\x7f" for char in text)
    return text.count("\ufffd") * 10 <= high


def _is_damaged_utf8(body: bytes) -> bool:
    """UTF-8 with a few broken characters: nearly all that is not ASCII is valid."""
    text = body.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = sum(char > "\x7f" for char in text) - bad
    return good >= 4 and bad * 5 <= good


def _best_cyrillic(words: bytes, declared: list[str]) -> str | None:
    order = sorted(_CYRILLIC, key=lambda name: name not in declared)  # a declaration decides a draw
    scores = {name: _likeness(words.decode(name, "replace")) for name in order}
    best = max(order, key=lambda name: scores[name])
    return best if scores[best] > LIKE_CYRILLIC else None


def _likeness(text: str) -> float:
    """How like Russian or Ukrainian a reading is: frequent letters count for it, capitals inside words and
    signs that are no letters against it. Per letter."""
    score, count, before = 0.0, 0, " "
    for char in text:
        if char == " ":
            before = char
            continue
        count += 1
        lower = char.lower()
        if lower in _OFTEN:
            score += _OFTEN[lower] if char == lower or before == " " or before.isupper() else -60
        else:
            score -= 40
        before = char
    return score / count if count else 0.0
