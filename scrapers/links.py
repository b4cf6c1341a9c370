"""Links to articles, as feeds, sitemaps and listings give them: cleaned, deduplicated, newest first."""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urldefrag, urljoin, urlsplit, urlunsplit

from tld import get_fld
from w3lib.url import safe_url_string

MAX_LINKS = 1000  # of one feed, sitemap or listing; the newest
MAX_URL = 2000
_TRACKERS = re.compile(r"(utm_\w+|fbclid|gclid|yclid|ysclid|mc_[ce]id|_openstat)\Z", re.IGNORECASE)
_UNFIT = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff]")  # control characters, lone surrogates


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


def tidy(
    links: Iterable[Link], pattern: str | None, owns: Callable[[str], bool]
) -> tuple[list[Link], list[Link]]:
    """Own and foreign links that match `pattern`: each once, newest first if all are dated, at most MAX_LINKS."""
    wanted = re.compile(pattern) if pattern else None
    unique: dict[str, Link] = {}
    for link in links:
        if wanted is None or wanted.search(link.url):
            unique.setdefault(link.url, link)
    own = [link for link in unique.values() if owns(link.url)]
    foreign = [link for link in unique.values() if not owns(link.url)]
    if all(link.published is not None for link in own):
        own.sort(key=lambda link: link.published or datetime.min.replace(tzinfo=UTC), reverse=True)
    return own[:MAX_LINKS], foreign


@functools.lru_cache(4096)
def site_of(host: str, port: int | None) -> str:
    """The site a host belongs to: its registrable domain; an address or a bare name counts with its port."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        if "." in host:
            domain = get_fld(f"http://{host}/", fail_silently=True, search_private=True)
            return str(domain) if domain else ".".join(host.split(".")[-2:])
    return f"{host}:{port}"


def host_and_port(url: str) -> tuple[str, int | None]:
    """Host, lower case, without the root's dot, and port, spelled out or the scheme's."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower().rstrip(".")
    return host, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def is_own(url: str, home: str, hosts: Iterable[str]) -> bool:
    """Whether `url` is on the site of `home`, on one of `hosts` (names or `host:port`), or under such a name."""
    try:
        host, port = host_and_port(url)
    except ValueError:
        return False
    if site_of(host, port) == site_of(*host_and_port(home)):
        return True
    return any(name in (host, f"{host}:{port}") or host.endswith("." + name) for name in hosts)


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
    """A title on one line, cut to `limit` characters, of characters every store takes; None if empty."""
    return " ".join(_UNFIT.sub("", text or "").split())[:limit].rstrip() or None
