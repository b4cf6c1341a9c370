"""Sitemaps: plain, news, gzipped, and indexes of them; read with a parser that resolves nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lxml import etree
from scrapy import Request

from scrapers.frontier import DocState
from scrapers.links import Link, clean_url, parse_time, short
from scrapers.outcomes import of_exception
from scrapers.registry import Source
from scrapers.settings import MAX_BODY
from scrapers.spiders.base import Context, SourceCrawl
from scrapers.wire import BodyTooLargeError, BodyTruncatedError, decode

MAX_CHILDREN = 10  # sitemaps of an index that are read in one crawl
MAX_DEPTH = 2


@dataclass(frozen=True)
class Sitemap:
    """Links of a sitemap, or the sitemaps of an index with their last change."""

    links: tuple[Link, ...]
    children: tuple[tuple[str, datetime | None], ...]


class SitemapCrawl(SourceCrawl):
    """A source with a sitemap or an index. Links are gathered first, so that the newest are asked."""

    def __init__(self, source: Source, context: Context) -> None:
        super().__init__(source, context)
        self._found: list[Link] = []
        self._docs: list[DocState] = []  # of the sitemaps that the links were found in
        self._unchanged = False  # whether a sitemap of an index answered 304
        self._waiting = 0  # sitemaps of an index still to come

    def on_document(self, response: Any) -> Iterator[Request]:
        """Links of a sitemap, and the newest sitemaps of an index."""
        if not self.answered(response):
            return
        if response.status == 304:
            yield from self.pages(())
            return
        sitemap = parse_sitemap(response.body, response.url)
        if not sitemap.children:
            yield from self.pages(sitemap.links)
            self.remember(response)  # not an index: it may stay the same while its sitemaps change
        yield from self._ask_children(sitemap, 1)

    def on_child(self, response: Any) -> Iterator[Request]:
        """One sitemap of an index; a fault in it is noted, and no fault of the source."""
        try:
            if response.status == 200:
                sitemap = parse_sitemap(response.body, response.url)
                self._found += sitemap.links
                self._docs += self.validators(response)
                yield from self._ask_children(sitemap, response.meta["sitemap_depth"] + 1)
            elif response.status == 304:
                self._unchanged = True
            else:
                self.report.note = f"a sitemap of the index: status {response.status}"
        except ValueError as error:
            self.report.note = short(f"a sitemap of the index: {error}", 200)
        yield from self._child_done()

    def on_child_error(self, failure: Any) -> Iterator[Request]:
        """One sitemap of an index could not be fetched."""
        self.report.note = (
            f"a sitemap of the index: {of_exception(failure.value, failure.request.url).reason}"[:200]
        )
        yield from self._child_done()

    def _ask_children(self, sitemap: Sitemap, depth: int) -> Iterator[Request]:
        for url in newest(sitemap.children) if depth <= MAX_DEPTH else ():
            self._waiting += 1
            request = self.ask(
                url, self.on_child, self.on_child_error, doc=self.context.frontier.doc(self.source.id, url)
            )
            request.meta["sitemap_depth"] = depth
            yield request

    def _child_done(self) -> Iterator[Request]:
        self._waiting -= 1
        if self._waiting == 0:
            yield from self.pages(self._found)
            if self._unchanged and not self.report.links:
                self.report.status = 304  # the index came, and its sitemaps list what they listed
            self.context.changes.docs += self._docs

    def links(self, response: Any) -> Iterable[Link]:
        """Links of one sitemap."""
        return parse_sitemap(response.body, response.url).links


def newest(children: Iterable[tuple[str, datetime | None]]) -> list[str]:
    """The sitemaps of an index to read: the last changed; without dates, the first and last of the list."""
    unique = dict(children)
    if len(unique) <= MAX_CHILDREN:
        return list(unique)
    if any(unique.values()):
        early = datetime.min.replace(tzinfo=UTC)
        return sorted(unique, key=lambda url: unique[url] or early, reverse=True)[:MAX_CHILDREN]
    urls, half = list(unique), MAX_CHILDREN // 2
    return urls[:half] + urls[-half:]


def parse_sitemap(body: bytes, url: str) -> Sitemap:
    """Read a sitemap or an index from its bytes, gzipped or not. Raises ValueError if it is neither."""
    if body[:2] == b"\x1f\x8b":
        try:
            body = decode(body, "gzip", MAX_BODY)
        except (BodyTooLargeError, BodyTruncatedError) as error:
            raise ValueError(f"gzipped sitemap: {error}") from None
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False, recover=True
    )
    try:
        root = etree.fromstring(body.strip(), parser=parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ValueError(f"not a sitemap: {error}") from None
    if root is None or _local(root) not in ("urlset", "sitemapindex"):
        raise ValueError(
            f"not a sitemap (root element {_local(root)[:40]!r})" if root is not None else "not a sitemap"
        )
    if _local(root) == "sitemapindex":
        rows = [(clean_url(url, _value(item, "loc")), parse_time(_value(item, "lastmod"))) for item in root]
        return Sitemap((), tuple((loc, changed) for loc, changed in rows if loc))
    return Sitemap(tuple(link for item in root if (link := _entry(item, url)) is not None), ())


def _entry(item: Any, base: str) -> Link | None:
    url = clean_url(base, _value(item, "loc"))
    if url is None:
        return None
    published = parse_time(_value(item, "publication_date")) or parse_time(_value(item, "lastmod"))
    return Link(url, _news_title(item), published)


def _news_title(item: Any) -> str | None:
    return next((_value(child, "title") for child in item if _local(child) == "news"), None)


def _value(item: Any, name: str) -> str | None:
    """Text of the first element of that name under `item`, of any namespace; not of image and video parts."""
    for child in item.iter():
        if _local(child) == name and _local(child.getparent()) not in ("image", "video", "publication"):
            return (child.text or "").strip() or None
    return None


def _local(element: Any) -> str:
    return (
        element.tag.rpartition("}")[2].lower() if element is not None and isinstance(element.tag, str) else ""
    )
