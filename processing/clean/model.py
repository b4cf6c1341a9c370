"""What cleaning makes of a page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Literal

from processing.models import Precision
from scrapers.handover import Disposition

CLEAN_VERSION = "1"  # raise when the same page would give another text
EXTRACTOR_VERSION = f"vigil-clean {CLEAN_VERSION}, trafilatura {version('trafilatura')}"


@dataclass(frozen=True)
class CleanText:
    """The text of an article, or of one post as it stands.

    `published_at` is aware UTC; with precision DAY it is midnight UTC of the day the page names. `lang` is a
    two-letter code. `canonical_url` identifies the article: without trackers, AMP and mobile hosts.
    """

    kind: Literal["article", "post"]
    url: str
    canonical_url: str
    title: str | None
    text: str
    lang: str | None
    published_at: datetime | None
    precision: Precision
    edited: bool
    outlet: str
    extractor_version: str = EXTRACTOR_VERSION
    forwarded_from: str | None = None  # of a post: the channel or person whose words it passes on
    post: str | None = None  # of a post: what else the channel shows of it, as JSON


@dataclass(frozen=True)
class Cleaned:
    """Where a page ended, and its texts.

    `disposition` is DOCUMENT_NEW (one text; the ledger says whether it is new), POSTS, POSTS_UNCHANGED,
    NO_TEXT, QUARANTINED or TRUNCATED. `reason` is a short slug, None where there is nothing to explain.
    """

    disposition: Disposition
    reason: str | None = None
    texts: tuple[CleanText, ...] = ()
    gone: tuple[str, ...] = ()  # URLs of posts that are no longer there
