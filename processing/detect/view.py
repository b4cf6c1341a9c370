"""A sentence with all that the lexicon found in it, and the document around it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from processing.detect.causes import causes_in_context
from processing.detect.lexicon import Hit, Lexicon
from processing.detect.quantities import Quantity, QuantityReader
from processing.detect.text import Sentence
from processing.models import DetectInput


@dataclass(frozen=True)
class View:
    """One sentence and its hits."""

    sentence: Sentence
    lexicon: Lexicon
    whole: str = ""  # the document in lower case, for what only the rest of the text tells

    @cached_property
    def hits(self) -> tuple[Hit, ...]:
        """What the lexicon finds; looked up when first asked for."""
        return causes_in_context(self.sentence, self.lexicon.scan(self.sentence), self.lexicon.lang)

    @cached_property
    def quantities(self) -> list[Quantity]:
        """The numbers of the sentence and what they count."""
        return QuantityReader(self.sentence, self.hits, self.lexicon).read()

    @cached_property
    def _asked(self) -> dict[tuple[str, ...], list[Hit]]:
        return {}

    @cached_property
    def _tags(self) -> dict[str, list[Hit]]:
        found: dict[str, list[Hit]] = {}
        for hit in self.hits:
            found.setdefault(hit.tag, []).append(hit)
        return found

    @cached_property
    def memo(self) -> dict[str, Any]:
        """What other modules worked out about this sentence once."""
        return {}

    @property
    def norm(self) -> str:
        return self.sentence.norm

    @property
    def lang(self) -> str:
        return self.lexicon.lang

    def all(self, *prefixes: str) -> list[Hit]:
        """Hits whose tag begins with one of the prefixes."""
        found = self._asked.get(prefixes)
        if found is None:
            found = [hit for tag, hits in self._tags.items() if tag.startswith(prefixes) for hit in hits]
            self._asked[prefixes] = found
        return found

    def has(self, *prefixes: str) -> bool:
        return bool(self.all(*prefixes))

    def clause(self, start: int, end: int) -> tuple[int, int]:
        """The stretch between commas or stronger marks around `start:end`."""
        left = max((m.end() for m in re.finditer(r"[,;:.!?—]\s|[\"()]", self.norm[:start])), default=0)
        right = re.search(r"[,;.!?—](?:\s|$)|[\"()]", self.norm[end:])
        return left, end + right.start() if right else len(self.norm)

    def near(self, hits: Iterable[Hit], start: int, end: int, reach: int = 0) -> bool:
        return any(h.start < end + reach and h.end > start - reach for h in hits)


@dataclass(frozen=True)
class Article:
    """The whole document as views, with what holds for all of it."""

    item: DetectInput
    lang: str
    lexicon: Lexicon
    views: tuple[View, ...]

    @cached_property
    def _asked(self) -> dict[tuple[str, ...], bool]:
        return {}

    @cached_property
    def weights(self) -> dict[str, int]:
        """How often each kind of cause occurs in title and text."""
        names = (
            "war",
            "conflict",
            "accident",
            "crime",
            "sport",
            "animals",
            "fiction",
            "historical",
            "anniversary",
            "drill",
            "payout",
            "hypothetical",
            "figurative",
        )
        return {name: sum(len(v.all(f"cause.{name}")) for v in self.views) for name in names}

    def has(self, *prefixes: str) -> bool:
        if prefixes not in self._asked:
            self._asked[prefixes] = any(v.has(*prefixes) for v in self.views)
        return self._asked[prefixes]
