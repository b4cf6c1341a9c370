"""What cleaning got out of each source's articles, batch by batch: whether its pages can still be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Engine, delete, select

from processing.clean.model import Cleaned
from processing.ledger.engine import reading, writing
from processing.ledger.schema import SourceYield
from processing.models import Precision, content_id
from scrapers.handover import Disposition, PageKind, PageLine
from scrapers.walls import wall_in
from scrapers.warc import StoredResponse
from scrapers.wire import BodyTooLargeError, BodyTruncatedError, decode

SHORT = 600  # characters up to which a text may be that of a wall
KEPT = 60  # batches of a source that are looked back on
_WITHOUT_TEXT = (Disposition.NO_TEXT, Disposition.QUARANTINED)
_WALL = 300_000  # bytes beyond which no page is a wall


@dataclass
class Yield:
    """The counts of SourceYield, as pages are cleaned."""

    at: datetime
    pages: int = 0
    texts: int = 0
    undated: int = 0
    untitled: int = 0
    walled: int = 0
    digests: Counter[str] = field(default_factory=Counter)

    @property
    def alike(self) -> int:
        """The most texts that are one and the same."""
        return max(self.digests.values(), default=0)


@dataclass
class Yields:
    """Of one batch, by source."""

    by_source: dict[str, Yield] = field(default_factory=dict)

    def count(self, line: PageLine, cleaned: Cleaned, response: StoredResponse) -> None:
        """A page that came whole, and what cleaning made of it. Channel previews are judged by the crawl."""
        if line.kind is not PageKind.ARTICLE:
            return
        found = self.by_source.setdefault(line.source, Yield(line.fetched_at))
        found.at = max(found.at, line.fetched_at)
        found.pages += 1
        for text in cleaned.texts:
            found.texts += 1
            found.undated += text.precision is Precision.UNKNOWN
            found.untitled += not text.title
            found.digests[content_id(text.text)] += 1
        short = all(len(text.text) <= SHORT for text in cleaned.texts)
        if short and (cleaned.texts or cleaned.disposition in _WITHOUT_TEXT):
            found.walled += _is_wall(response)


def note_yields(engine: Engine, index_key: str, yields: Yields) -> None:
    """Keep a batch's counts; cleaning it again replaces them."""
    with writing(engine) as session:
        session.execute(delete(SourceYield).where(SourceYield.index_key == index_key))
        session.add_all(
            SourceYield(
                index_key=index_key, source=source, at=found.at, pages=found.pages, texts=found.texts,
                undated=found.undated, untitled=found.untitled, alike=found.alike, walled=found.walled,
            )
            for source, found in yields.by_source.items()
        )


def yields_of(engine: Engine, sources: Iterable[str]) -> dict[str, list[SourceYield]]:
    """The last KEPT batches in which each source had articles, newest first."""
    found = {}
    with reading(engine) as session:
        for source in sources:
            query = select(SourceYield).where(SourceYield.source == source).order_by(SourceYield.at.desc())
            found[source] = list(session.scalars(query.limit(KEPT)))
    return found


def prune_yields(engine: Engine, before: datetime) -> int:
    """Forget batches older than `before`; how many rows."""
    with writing(engine) as session:
        gone = session.execute(delete(SourceYield).where(SourceYield.at < before))
        return int(gone.rowcount)  # type: ignore[attr-defined]  # a DELETE's result has it


def _is_wall(response: StoredResponse) -> bool:
    try:
        return wall_in(decode(response.body, response.content_encoding, _WALL), article=True) is not None
    except (BodyTooLargeError, BodyTruncatedError, ValueError):
        return False
