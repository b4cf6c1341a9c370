"""Making a very large page small enough to be cleaned: scripts, styles and drawings carry no article text."""

from __future__ import annotations

MAX_HTML = 2 << 20  # bytes of HTML that are parsed; nested input costs the square of its size

_USELESS = (b"script", b"style", b"svg", b"noscript", b"iframe")


def without_scripts(body: bytes) -> bytes:
    """The page without scripts (JSON-LD stays), styles, drawings and comments, in linear time.

    An element that is never closed ends the search for its kind: what follows stays.
    """
    body = _without(body, b"<!--", b"-->")
    for tag in _USELESS:
        body = _without(body, b"<" + tag, b"</" + tag, keep=b"ld+json" if tag == b"script" else None)
    return body


def _without(body: bytes, opening: bytes, closing: bytes, keep: bytes | None = None) -> bytes:
    lower = body.lower()
    kept: list[bytes] = []
    position = 0
    while (start := lower.find(opening, position)) >= 0:
        end = lower.find(closing, start)
        if end < 0:
            break
        end = lower.find(b">", end) + 1 or len(body)
        head_end = lower.find(b">", start, start + 2000)
        kept.append(body[position:start])
        if keep is not None and head_end >= 0 and keep in lower[start:head_end]:
            kept.append(body[start:end])
        position = end
    kept.append(body[position:])
    return b"".join(kept)
