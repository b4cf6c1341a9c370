"""Text from the open web made fit to show: visible characters, plain addresses, no prisoners' names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from urllib.parse import quote, urlsplit

URL_LIMIT = 2000


def clean(text: str, limit: int) -> str:
    """One line of visible characters: no controls, no direction overrides; cut at `limit`."""
    kept = []
    for char in text[: limit * 20]:
        kind = unicodedata.category(char)
        if char.isspace() or kind in ("Zl", "Zp", "Cc"):
            kept.append(" ")
        elif kind not in ("Cf", "Cs", "Co", "Cn"):
            kept.append(char)
    return cut(" ".join("".join(kept).split()), limit)


def safe_url(url: str) -> str | None:
    """The address, percent-encoded, if it is plain http(s); None for anything else."""
    if len(url) > URL_LIMIT or any(c.isspace() or unicodedata.category(c) in ("Cc", "Cf") for c in url):
        return None
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").encode("idna").decode(), parts.port
    except (ValueError, UnicodeError):
        return None
    if parts.scheme not in ("http", "https") or not host or parts.username is not None:
        return None
    place = (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
    tail = quote(parts._replace(scheme="", netloc="").geturl(), safe="%/:=&?~#+!$,;'@()*-._")
    return f"{parts.scheme}://{place}{tail}"


CAPTIVITY = re.compile(r"плен|полон|обмен|обмін|captur|captiv|prisoner|\bpows?\b|exchang|taken alive", re.I)
_CAPITAL = r"[А-ЯЁІЇЄҐA-Z][\w'’-]+"
_INITIALS = r"(?:[А-ЯЁІЇЄҐA-Z]\.\s?){1,2}"
_RANK = (
    r"(?:рядов|солдат|ефрейтор|сержант|старшин|прапорщик|лейтенант|капитан|майор|боец|бойц"
    r"|private|sergeant|lieutenant)"
)
NAME = re.compile(
    rf"{_INITIALS}{_CAPITAL}|{_CAPITAL}\s+{_INITIALS}|{_CAPITAL}(?:\s+{_CAPITAL}){{1,3}}|\b(?i:{_RANK})\w*\s+{_CAPITAL}"
)
# Beginnings, in Latin letters, of words that make a capitalised phrase an institution and not a person.
NO_NAME = (
    "ministr", "minist", "defen", "gener", "staff", "armed", "force", "army", "guard", "border", "region",
    "oblast", "govern", "gubern", "red", "cross", "krasn", "cherv", "geneva", "zhenev", "komit", "upravl",
    "depart", "servi", "sluzh", "russia", "rossi", "ukrain", "state", "nation",
)


def withhold_prisoners(text: str, known: Sequence[str], withheld: str) -> str:
    """Replace what looks like a person's name in sentences about captivity, unless it is one of `known`.

    ICRC and British Red Cross guidance: prisoners are not exposed to public curiosity (Geneva III, art. 13).
    `known` are the speaker, his office, the outlet and the regions, in any script.
    """
    stems = {_latin(word)[:5] for name in known for word in re.findall(r"\w{3,}", name)}

    def replace(found: re.Match[str]) -> str:
        words = [_latin(word) for word in re.findall(r"\w{2,}", found[0])]
        institution = any(word.startswith(NO_NAME) for word in words)
        return found[0] if institution or any(word[:5] in stems for word in words) else withheld

    sentences = re.split(r"(?<=[.!?…])(?<![А-ЯЁІЇЄҐA-Z]\.)\s+", text)
    return " ".join(NAME.sub(replace, s) if CAPTIVITY.search(s) else s for s in sentences)


_LATIN = str.maketrans({
    **dict(zip("абвгґдеёєзиіїйклмнопрстуфыэ", "abvggdeeeziiiyklmnoprstufye", strict=True)),
    "ж": "zh", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ю": "yu", "я": "ya",
    "ъ": "", "ь": "",
})


def _latin(word: str) -> str:
    return word.lower().translate(_LATIN)


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, with an ellipsis where something is missing."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
