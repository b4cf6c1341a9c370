"""What the crawl hands to the later stages: one line per page in the batch's index, and the batch's name.

A *page* is an article page or a channel preview that was asked for and whose content (or definite
failure) is new. Feeds, listings and sitemaps are only ways to pages; an unchanged page (304, or the same
digest as last time) is counted in the crawl's stats and leaves no line.
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

BATCH_ID = re.compile(r"[a-z0-9][a-z0-9_.-]{0,180}\Z")


class Disposition(StrEnum):
    """Where a page ended. Every page has exactly one; their sum equals the pages in."""

    STORED = "stored"  # body is in the WARC, not yet cleaned (interim)
    DOCUMENT_NEW = "document_new"
    DOCUMENT_VERSION = "document_version"  # known URL, changed text
    DOCUMENT_UNCHANGED = "document_unchanged"  # page changed, its text did not
    POSTS = "posts"  # a channel preview that yielded at least one new or edited post
    POSTS_UNCHANGED = "posts_unchanged"
    NO_TEXT = "no_text"  # a page without article text (section page, redirect stub, picture page)
    QUARANTINED = "quarantined"  # hostile or broken; `reason` says how
    HTTP_ERROR = "http_error"
    UNREACHABLE = "unreachable"
    ROBOTS_DENIED = "robots_denied"
    ADDRESS_REFUSED = "address_refused"  # a non-global address, on any hop
    FOREIGN_HOST = "foreign_host"  # a redirect to a host that is not the source's own
    TOO_LARGE = "too_large"
    TRUNCATED = "truncated"  # compressed body cut short
    UNSUPPORTED_TYPE = "unsupported_type"


class PageKind(StrEnum):
    ARTICLE = "article"
    PREVIEW = "preview"  # a t.me/s page of many posts


class PageLine(BaseModel):
    """One page of a batch: a line of `<batch_id>.index.jsonl`, and the JSON of its WARC metadata record.

    `offset` and `length` are bytes of the page's *response* record inside the WARC.gz object, for one
    ranged GET; None when nothing was stored. Every disposition but STORED has a `reason`; TRUNCATED keeps
    the bytes that came.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    page_id: str  # sha256 hex, see page_id()
    source: str  # source id of the registry
    kind: PageKind
    url: str  # final URL after redirects
    requested_url: str
    fetched_at: datetime  # aware UTC
    status: int | None  # HTTP status, None if no answer came
    content_type: str | None = None
    digest: str | None = None  # "sha256:<hex>" of the stored payload (wire bytes)
    warc_key: str | None = None
    offset: int | None = None
    length: int | None = None
    disposition: Disposition = Disposition.STORED
    reason: str | None = None
    # Hints of the feed or sitemap that led here
    hint_title: str | None = None
    hint_published: datetime | None = None
    post_ids: tuple[int, ...] = ()  # PREVIEW: the posts that are new or edited on this page
    missing_ids: tuple[int, ...] = ()  # PREVIEW: known posts gone from this page for the second time in a row
    # What the frontier must remember once the batch is stored
    etag: str | None = None
    last_modified: str | None = None


def page_id(source: str, url: str, content: str) -> str:
    """Content-derived id of a page: the same source, URL and digest (or failure reason) give the same id."""
    return hashlib.sha256("\x1f".join(("page", source, url, content)).encode()).hexdigest()


def raw_prefix(group: str, date: str) -> str:
    """Key prefix of one schedule group's raw objects of one day (`YYYY-MM-DD`, logical date, UTC)."""
    return f"raw/group={group}/date={date}/"


def warc_key(group: str, date: str, batch_id: str) -> str:
    """Key of a batch's WARC object. The batch id comes from DAG, batch and logical date, never the try."""
    if not BATCH_ID.match(batch_id):
        raise ValueError(f"batch id {batch_id!r}: use lower-case letters, digits, '_', '.', '-'")
    return f"{raw_prefix(group, date)}{batch_id}.warc.gz"


def index_key(group: str, date: str, batch_id: str) -> str:
    """Key of a batch's index: JSON lines of PageLine, written after the WARC."""
    return index_of(warc_key(group, date, batch_id))


def index_of(warc_key: str) -> str:
    """Key of the index that belongs to a WARC's key."""
    return warc_key.removesuffix(".warc.gz") + ".index.jsonl"
