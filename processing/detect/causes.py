"""Which words of a cause count: none inside a longer phrase of another cause, none inside a capitalised name."""

from __future__ import annotations

from processing.detect.lexicon import Hit
from processing.detect.text import Sentence

_PEACEFUL = ("cause.accident", "cause.crime", "cause.sport", "cause.figurative", "cause.payout")
_NAMED = ("cause.animals", "cause.accident", "cause.sport")


def causes_in_context(sentence: Sentence, hits: list[Hit], lang: str) -> tuple[Hit, ...]:
    """As in "теплові удари", no strike; and as in "колонія Оленівка", no deer."""
    peaceful = [h for h in hits if h.tag in _PEACEFUL]
    return tuple(h for h in hits if not (_swallowed(h, peaceful) or (lang != "en" and _is_name(sentence, h))))


def _swallowed(hit: Hit, peaceful: list[Hit]) -> bool:
    if hit.tag not in ("cause.war", "cause.conflict"):
        return False
    return any(p.start <= hit.start and hit.end <= p.end and p.end - p.start > hit.end - hit.start for p in peaceful)


def _is_name(sentence: Sentence, hit: Hit) -> bool:
    word = sentence.raw[hit.start : hit.end]
    inside = hit.start > 0 and not sentence.upper and sentence.norm[hit.start - 2 : hit.start] not in (". ", ": ")
    return hit.tag in _NAMED and inside and word[0].isupper() and word[1:2].islower()
