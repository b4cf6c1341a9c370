"""Listings: pages of links, by the source's own rule or by courlan's judgement of article URLs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import lxml.html
from lxml.etree import ParserError
from scrapy import Request
from w3lib.encoding import html_body_declared_encoding, http_content_type_encoding

from scrapers.frontier import Verdict
from scrapers.links import Link, clean_url
from scrapers.registry import Source
from scrapers.spiders.base import Context, SourceCrawl
from scrapers.walls import wall_of

_PAGES = re.compile(
    r"\.(pdf|docx?|xlsx?|zip|rar|jpe?g|png|gif|webp|svg|mp[34]|avi|rss|xml|css|js)\Z", re.IGNORECASE
)


class ListingCrawl(SourceCrawl):
    """A source whose news list is a web page, or several: they are turned over as long as they bring new links."""

    def __init__(self, source: Source, context: Context) -> None:
        super().__init__(source, context)
        self._turned: set[str] = set()  # list pages asked for
        self._read = 0  # list pages that answered
        self._first: Any = None  # answer of the first, whose validators stand for all

    def on_document(self, response: Any) -> Iterator[Request]:
        """One page of the list; after it the next, unless nothing on this one was new."""
        if self._first is None:
            if not self.answered(response):
                return
            self._first = response
            self._turned = {response.meta["asked"], response.url}
        elif response.status != 200:  # the first page's validators are not kept, so that all is read again
            self.report.note = f"page {self._read + 1} of the list: status {response.status}"
            return
        self._read += 1
        before = self.report.new
        yield from self.pages(self.links(response) if response.status != 304 else ())
        following = self._following(response) if response.status == 200 and self.report.new > before else None
        if following is None:
            self.remember(self._first)
        else:
            self._turned.add(following)
            yield self.ask(following, self.on_document, self.on_document_error)

    def _following(self, response: Any) -> str | None:
        """The list's next page: one not asked yet, of the source's own, within `list_pages`."""
        if self._read >= self.source.list_pages:
            return None
        url = next_page(response.body, response.url, self.source.next_css)
        return url if url and url not in self._turned and self.source.owns(url) else None

    def links(self, response: Any) -> list[Link]:
        """Links of the list; none at all is a fault of the rule or of the page."""
        kind = (response.headers.get("Content-Type") or b"").decode("latin-1")
        found = parse_listing(response.body, response.url, self.source, kind)
        if not any(re.search(self.source.link_pattern or "", link.url) for link in found):
            rule = f"link_css {self.source.link_css!r}" if self.source.link_css else "the automatic choice"
            health = self.context.frontier.health([self.source.id]).get(self.source.id)
            verdict = Verdict.BROKEN if health and health.ever_linked else Verdict.MISCONFIGURED
            wall = wall_of(response)
            self.report.fault = (Verdict.BLOCKED, wall) if wall else (verdict, f"{rule} finds no links")
        return found


def next_page(body: bytes, url: str, rule: str | None) -> str | None:
    """Address of the page after this one of a list, by the source's rule or by rel=next."""
    tree = lxml.html.document_fromstring(body)
    found = tree.cssselect(rule) if rule else tree.xpath("//link[@rel='next'] | //a[contains(@rel, 'next')]")
    for element in found:
        for link in (element, *element.iter("a")):
            if target := clean_url(url, link.get("href")):
                return target
    return None


_NUMBERED = re.compile(
    r"(?:^|&)(?:id|nid|p|news|news_?id|article|article_?id|item|el_?id)=\d+", re.IGNORECASE
)


def charset_of(body: bytes, content_type: str = "") -> str:
    """UTF-8 if it can be that, whatever is declared; else as the header says, or the page, or as old sites write.

    Left to itself, lxml takes a page without <meta charset> for Latin-1, and every title for gibberish.
    """
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        declared = (http_content_type_encoding(content_type), html_body_declared_encoding(body))
        return next((name for name in declared if name not in (None, "utf-8")), None) or "cp1251"
    return "utf-8"


def parse_listing(body: bytes, url: str, source: Source, content_type: str = "") -> list[Link]:
    """Links to articles on a listing page, in page order. Raises ValueError if it is no HTML."""
    parser = lxml.html.HTMLParser(encoding=charset_of(body, content_type))
    try:
        tree = lxml.html.document_fromstring(body, parser=parser)
    except (ParserError, ValueError) as error:
        raise ValueError(f"not a web page: {error}") from None
    base = next((href for href in tree.xpath("//base/@href")), None)
    base = clean_url(url, base) or url
    if source.link_css:
        anchors = [a for node in tree.cssselect(source.link_css) for a in node.iter("a")]
        return list(_links(anchors, base))
    links = list(_links(tree.iter("a"), base))
    if source.link_pattern:
        return links
    return [link for link in links if _looks_like_article(link.url, url, source.lang)]


def _links(anchors: Any, base: str) -> Iterator[Link]:
    for anchor in anchors:
        url = clean_url(base, anchor.get("href"))
        if url:
            yield Link(url, anchor.text_content() or anchor.get("title"))


def _looks_like_article(url: str, page: str, lang: str) -> bool:
    """On the listing's own site, no navigation page by courlan's rules, with a number or a slug."""
    import courlan  # only the automatic choice needs it, and it is slow to import

    parts = urlsplit(url)
    if _site(parts.hostname) != _site(urlsplit(page).hostname) or _PAGES.search(parts.path):
        return False
    if courlan.is_navigation_page(url) or courlan.is_not_crawlable(url):
        return False
    if courlan.check_url(url, strict=False, language=None) is None and parts.hostname not in (
        "127.0.0.1",
        "localhost",
    ):
        return False
    last = parts.path.rstrip("/").rsplit("/", 1)[-1]
    slug = last.count("-") + last.count("_") >= 2
    return slug or re.search(r"\d{3,}", parts.path) is not None or _NUMBERED.search(parts.query) is not None


def _site(host: str | None) -> str:
    return (host or "").lower().removeprefix("www.")
