"""Links to articles, as feeds, sitemaps and listings give them: cleaned, deduplicated, newest first."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urldefrag, urljoin, urlsplit, urlunsplit

from w3lib.url import safe_url_string

MAX_LINKS = 1000  # of one feed, sitemap or listing; the newest
MAX_URL = 2000
_TRACKERS = re.compile(r"(utm_\w+|fbclid|gclid|yclid|ysclid|mc_[ce]id|_openstat)\Z", re.IGNORECASE)


@dataclass(frozen=True)
class Link:
    """A link to an article with what its feed or sitemap says of it. `published` is aware UTC."""

    url: str
    title: str | None = None
    published: datetime | None = None


def clean_url(base: str, href: str | None) -> str | None:
    """Absolute http(s) URL without fragment and tracking parameters; None if `href` is no such link."""
    if not href or not href.strip():
        return None
    try:
        url = urldefrag(urljoin(base, href.strip())).url
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            return None
        if _TRACKERS.search("\n".join(name for name, _ in parse_qsl(parts.query))) or "utm_" in parts.query:
            parts = parts._replace(
                query="&".join(
                    pair for pair in parts.query.split("&") if not _TRACKERS.match(pair.split("=", 1)[0])
                )
            )
        clean = safe_url_string(urlunsplit(parts._replace(path=parts.path or "/")))
    except (ValueError, UnicodeError):
        return None
    return clean if len(clean) <= MAX_URL else None


def tidy(links: Iterable[Link], pattern: str | None) -> list[Link]:
    """Each URL once, only those that match `pattern`, newest first where all are dated, at most MAX_LINKS."""
    wanted = re.compile(pattern) if pattern else None
    unique: dict[str, Link] = {}
    for link in links:
        if wanted is None or wanted.search(link.url):
            unique.setdefault(link.url, link)
    found = list(unique.values())
    if all(link.published is not None for link in found):
        found.sort(key=lambda link: link.published or datetime.min.replace(tzinfo=UTC), reverse=True)
    return found[:MAX_LINKS]


def parse_time(text: str | None) -> datetime | None:
    """An ISO 8601 time (W3C profile) as aware UTC; without offset it is taken as UTC."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def short(text: str | None, limit: int = 300) -> str | None:
    """A title on one line, cut to `limit` characters; None if empty."""
    return " ".join((text or "").split())[:limit] or None
