"""Feeds: RSS, Atom and JSON Feed, in any charset, from their bytes; broken XML is read as far as it goes."""

from __future__ import annotations

import calendar
import io
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import feedparser

from scrapers.links import Link, clean_url, parse_time
from scrapers.spiders.base import SourceCrawl

_ZONES = {"MSK": "+0300", "EET": "+0200", "EEST": "+0300"}


@feedparser.registerDateHandler  # type: ignore[untyped-decorator] # feedparser has no types
def _named_zone(text: str) -> time.struct_time | None:
    """A feed's date with a zone of Russia's or Ukraine's by name, which feedparser takes for UTC."""
    words, _, zone = text.strip().rpartition(" ")
    if zone.upper() not in _ZONES:
        return None
    return parsedate_to_datetime(f"{words} {_ZONES[zone.upper()]}").utctimetuple()


class FeedCrawl(SourceCrawl):
    """A source with a feed."""

    def links(self, response: Any) -> list[Link]:
        """Links of the feed's entries."""
        return parse_feed(
            response.body, response.url, (response.headers.get("Content-Type") or b"").decode("latin-1")
        )


def parse_feed(body: bytes, url: str, content_type: str = "") -> list[Link]:
    """Links of a feed's entries, in its order; entries without a link are left out.

    Raises ValueError if `body` is no feed.
    """
    if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        return list(_json_feed(body, url))
    # As a stream: feedparser takes bytes for a file name if there is such a file.
    headers = {"content-location": url, **({"content-type": content_type} if content_type else {})}
    feed = feedparser.parse(
        io.BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
    )
    if not feed.get("version") and not feed.entries:
        raise ValueError(f"not a feed (content type {content_type[:60]!r})")
    return [link for entry in feed.entries if (link := _entry(entry, url)) is not None]


def _entry(entry: Any, base: str) -> Link | None:
    alternates = [
        item.get("href") for item in entry.get("links", []) if item.get("rel", "alternate") == "alternate"
    ]
    for href in (entry.get("link"), *alternates, entry.get("id")):
        url = clean_url(base, href) if href is not entry.get("id") else _permalink(href)
        if url:
            return Link(
                url, entry.get("title"), _time(entry.get("published_parsed") or entry.get("updated_parsed"))
            )
    return None


def _permalink(value: str | None) -> str | None:
    """An id that is a URL by itself; a relative one would be a guess."""
    return clean_url(value, value) if value and value.startswith(("http://", "https://")) else None


def _time(value: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(calendar.timegm(value), UTC) if value else None
    except (ValueError, OverflowError, OSError):
        return None


def _json_feed(body: bytes, base: str) -> Iterator[Link]:
    try:
        feed = json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError("not a feed (broken JSON)") from None
    if not isinstance(feed, dict) or "jsonfeed.org" not in str(feed.get("version")):
        raise ValueError("not a feed (JSON without a JSON Feed version)")
    items = feed.get("items")
    for item in items if isinstance(items, list) else []:
        if not isinstance(item, dict):
            continue
        url = _text(item, "url") or _text(item, "external_url")
        clean = clean_url(base, url) if url else _permalink(_text(item, "id"))
        if clean:
            yield Link(
                clean,
                _text(item, "title"),
                parse_time(_text(item, "date_published")) or parse_time(_text(item, "date_modified")),
            )


def _text(item: dict[str, Any], name: str) -> str | None:
    value = item.get(name)
    return value if isinstance(value, str) else None
