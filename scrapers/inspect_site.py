"""What a site or channel offers to read, asked as politely and guardedly as a crawl: feeds, sitemaps, lists, channels.

`python -m scrapers.inspect_site URL [--user-agent UA]` prints one JSON object, the Inspection, as its last line.
Exit codes: 0 inspected, 1 the address could not be read, 2 it is none.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

from scrapy import Request, Spider

from scrapers.links import Link, clean_url, is_own, short
from scrapers.new_entry import Inspection, Kind, Lang, Way
from scrapers.preview import parse_preview
from scrapers.registry import Source
from scrapers.settings import DEFAULT_USER_AGENT, crawl_settings
from scrapers.spiders.feed import parse_feed
from scrapers.spiders.listing import parse_listing
from scrapers.spiders.sitemap import Sitemap, newest, parse_sitemap

FEED_GUESSES = ("rss.xml", "rss", "feed/", "feed.xml", "atom.xml", "rss-feeds/rss.xml")  # where no link tells
SITEMAP_GUESSES = ("sitemap_news.xml", "sitemap-news.xml", "sitemap.xml")
MAX_WAYS = 6  # feeds or sitemaps of one site that are read
TIME = 120.0  # seconds for one inspection
_CHANNEL = re.compile(r"https?://(?:t\.me|telegram\.me)/(?:s/)?([A-Za-z][A-Za-z0-9_]{3,31})/?(?:\?.*)?\Z")
_NO_CHANNELS = frozenset({"share", "joinchat", "addstickers", "iv", "proxy", "socks"})
_LETTERS = {"uk": "іїєґІЇЄҐ", "ru": "ыэъёЫЭЪЁ"}


class InspectSpider(Spider):
    """Asks the address, then what the page and robots.txt name, then the usual places."""

    name = "inspect"

    def __init__(self, url: str, found: list[Inspection], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.url = preview_url(url) or url
        self.found = found  # the result goes here, for the caller after the run
        self.faults: list[str] = []
        self.seen: set[str] = set()

    async def start(self) -> AsyncIterator[Request]:
        """One request after the other; nothing goes through the scheduler."""
        self.found.append(await self._inspect())
        return
        yield  # a generator by Scrapy's contract

    async def _inspect(self) -> Inspection:
        response = await self._get(self.url)
        if response is None:
            return Inspection(url=self.url, faults=tuple(self.faults))
        direct = way_of(response.body, response.url, declared=True)
        if direct is not None and direct.kind == "telegram":
            preview = parse_preview(response.body, response.url)
            lang = language(None, " ".join(post.text for post in preview.posts))
            return Inspection(url=response.url, title=preview.title, lang=lang, ways=(direct,))
        page = response if direct is None else await self._get(urljoin(response.url, "/"))
        title, lang, channels, feeds = read_page(page.body, page.url) if page is not None else (None, None, (), ())
        ways = [direct] if direct is not None else []
        ways += await self._feeds(feeds, response.url)
        ways += await self._sitemaps(response.url)
        if direct is None and (listing := listing_way(page.body, page.url)) is not None:
            ways.append(listing)
        return Inspection(
            url=response.url, title=title, lang=lang, ways=tuple(sorted(ways, key=_rank)), channels=channels,
            faults=tuple(self.faults),
        )

    async def _feeds(self, declared: Sequence[str], base: str) -> list[Way]:
        ways = [way for url in declared[:MAX_WAYS] if (way := await self._way(url, declared=True))]
        for guess in FEED_GUESSES if not ways else ():
            way = await self._way(urljoin(base, "/" + guess), quiet=True)
            if way is not None:
                return [way]
        return ways

    async def _sitemaps(self, base: str) -> list[Way]:
        from trafilatura.sitemaps import extract_robots_sitemaps

        robots = await self._get(urljoin(base, "/robots.txt"), quiet=True)
        named = extract_robots_sitemaps(robots.text, base) if robots is not None and hasattr(robots, "text") else []
        ways = []
        for url in sorted(named, key=lambda url: "news" not in url)[:MAX_WAYS]:
            ways.append(await self._way(url, declared=True))
        for guess in SITEMAP_GUESSES if not any(ways) else ():
            ways.append(await self._way(urljoin(base, "/" + guess), quiet=True))
        return [way for way in ways if way is not None and way.kind == "sitemap"]

    async def _way(self, url: str, declared: bool = False, quiet: bool = False) -> Way | None:
        """The feed or sitemap at `url`; of an index, the newest sitemap tells what is in it."""
        response = await self._get(url, quiet)
        if response is None:
            return None
        children = _children(response.body, response.url)
        if children and (child := await self._get(newest(children)[0], quiet)) is not None:
            inside = way_of(child.body, child.url)
            return inside and inside.model_copy(update={"url": response.url, "declared": declared})
        way = way_of(response.body, response.url, declared)
        if way is None and not quiet:
            self.faults.append(f"{url}: neither feed nor sitemap")
        return way

    async def _get(self, url: str, quiet: bool = False) -> Any:
        """The answer if it is 200; None, with a fault unless `quiet`, if not or if it was asked before."""
        if url in self.seen:
            return None
        self.seen.add(url)
        engine: Any = self.crawler.engine
        fault = None
        try:
            response = await engine.download_async(Request(url))
            self.seen.add(response.url)
            if response.status == 200:
                return response
            fault = f"answered {response.status}"
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 whatever it is, the inspection goes on and tells it
            fault = str(error) or type(error).__name__
        if not quiet:
            self.faults.append(f"{url}: {fault}")
        return None


def preview_url(url: str) -> str | None:
    """The public preview of the Telegram channel that `url` belongs to; None if it is no channel's."""
    match = _CHANNEL.match(url)
    return f"https://t.me/s/{match[1]}" if match and match[1].lower() not in _NO_CHANNELS else None


def way_of(body: bytes, url: str, declared: bool = False) -> Way | None:
    """The way that `body` is by itself: a channel's preview, a feed or a sitemap."""
    preview = parse_preview(body, url)
    if preview.is_preview and urlsplit(url).path.startswith("/s/"):
        links = [Link(post.url, None, post.date) for post in preview.posts]
        return _way("telegram", url, links, declared)
    try:
        return _way("feed", url, parse_feed(body, url), declared)
    except ValueError:
        pass
    try:
        sitemap = parse_sitemap(body, url)
    except ValueError:
        return None
    return _way("sitemap", url, sitemap.links, declared)


def _children(body: bytes, url: str) -> Sequence[tuple[str, datetime | None]]:
    try:
        sitemap: Sitemap = parse_sitemap(body, url)
    except ValueError:
        return ()
    news = [child for child in sitemap.children if "news" in child[0]]
    return news or sitemap.children


def listing_way(body: bytes, url: str) -> Way | None:
    """The page as a list of articles, if the automatic choice finds at least five."""
    entry = {"id": "x1", "name": "x", "kind": "listing", "url": url, "lang": "en", "group": "x", "grade": "C3"}
    try:
        links = list({link.url: link for link in parse_listing(body, url, Source.model_validate(entry))}.values())
    except ValueError:
        return None
    return _way("listing", url, links, declared=True) if len(links) >= 5 else None


def _way(kind: Kind, url: str, links: Sequence[Link], declared: bool) -> Way:
    own = [link for link in links if is_own(link.url, url, ())]
    strangers = [urlsplit(link.url).hostname or "" for link in links if not is_own(link.url, url, ())]
    dates = sorted(link.published for link in links if link.published is not None)
    days = (dates[-1] - dates[0]).total_seconds() / 86400 if len(dates) > 1 else 0.0
    return Way(
        kind=kind, url=url, links=len(links), own=len(own), declared=declared,
        hosts=tuple(sorted(set(strangers), key=lambda host: (-strangers.count(host), host))[:3]),
        newest=dates[-1] if dates else None, per_day=(len(dates) - 1) / days if days > 0 else None,
    )  # fmt: skip


def _rank(way: Way) -> tuple[bool, int, bool, int, str]:
    """Feeds before news sitemaps before lists; with more links, and shorter addresses, first."""
    kinds = ("telegram", "feed", "sitemap", "listing")
    return (way.links == 0, kinds.index(way.kind), not way.declared, -way.links, way.url)


def read_page(body: bytes, url: str) -> tuple[str | None, Lang | None, tuple[str, ...], tuple[str, ...]]:
    """Title, language, Telegram channels and declared feeds of a web page, from its bytes."""
    from trafilatura.feeds import FeedParameters, determine_feed
    from trafilatura.utils import decode_file, load_html

    text = decode_file(body)
    tree = load_html(body)
    if tree is None:
        return None, None, (), ()
    names = tree.xpath("//meta[@property='og:site_name']/@content") + tree.xpath("//head/title//text()")
    parts = urlsplit(url)
    base = f"{parts.scheme}://{parts.netloc}"
    feeds = determine_feed(text, FeedParameters(base, parts.hostname or "", url))
    hrefs = [clean_url(url, href) or "" for href in tree.xpath("//a/@href")]
    channels = [match[1] for href in hrefs if (match := _CHANNEL.match(href)) and match[1].lower() not in _NO_CHANNELS]
    declared = next(iter(tree.xpath("//html/@lang")), None)
    words = " ".join(tree.xpath("//body//text()[not(ancestor::script or ancestor::style)]"))
    return (
        next((title for name in names if (title := short(name, 100))), None),
        language(declared, words),
        tuple(dict.fromkeys(channels)),
        tuple(dict.fromkeys(feeds)),
    )


def language(declared: str | None, text: str) -> Lang | None:
    """Of the three that the detector reads: by the letters that only one of them has, else as declared."""
    counts = {name: sum(text.count(letter) for letter in letters) for name, letters in _LETTERS.items()}
    best = max(counts, key=lambda name: counts[name])
    if counts[best] >= 3:
        return "uk" if best == "uk" else "ru"
    code = (declared or "").lower()[:2]
    if code in ("en", "ru", "uk"):
        return "en" if code == "en" else "ru" if code == "ru" else "uk"
    latin = sum(char.isascii() and char.isalpha() for char in text)
    return "en" if latin > 200 and latin > 0.9 * sum(char.isalpha() for char in text) else None


def inspect_site(url: str, user_agent: str) -> Inspection:
    """Inspect an address. Once a process, as Twisted's reactor has it."""
    from scrapy.crawler import AsyncCrawlerProcess

    found: list[Inspection] = []
    process = AsyncCrawlerProcess(crawl_settings(user_agent, TIME))
    process.crawl(InspectSpider, url=url, found=found)
    process.start()
    return found[0] if found else Inspection(url=url, faults=("the inspection did not end in time",))


def main(argv: Iterable[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m scrapers.inspect_site")
    parser.add_argument("url")
    parser.add_argument("--user-agent", default=DEFAULT_USER_AGENT)
    args = parser.parse_args(list(argv) if argv is not None else None)
    if clean_url("", args.url) is None:
        print(f"{args.url!r}: not an address; write it whole, as in https://example.org/", file=sys.stderr)  # noqa: T201 the command line's own voice
        return 2
    found = inspect_site(args.url, args.user_agent)
    print(found.model_dump_json(), flush=True)  # noqa: T201 the hand-over to the caller
    return 0 if found.ways or found.title else 1


if __name__ == "__main__":
    sys.exit(main())
