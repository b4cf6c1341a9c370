"""The one Scrapy spider: crawls a batch's sources side by side, so that a host of many is asked politely."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Any

from scrapy import Request, Spider

from scrapers.frontier import Changes, Frontier
from scrapers.politeness import Politeness
from scrapers.registry import Source
from scrapers.spiders.base import Context, SourceCrawl
from scrapers.spiders.feed import FeedCrawl
from scrapers.spiders.listing import ListingCrawl
from scrapers.spiders.sitemap import SitemapCrawl
from scrapers.spiders.telegram import TelegramCrawl
from scrapers.warc import BatchWriter

KINDS: dict[str, type[SourceCrawl]] = {
    "feed": FeedCrawl,
    "sitemap": SitemapCrawl,
    "listing": ListingCrawl,
    "telegram": TelegramCrawl,
}


class BatchSpider(Spider):
    """Runs the crawl of every source of a batch."""

    name = "batch"

    def __init__(
        self,
        sources: Sequence[Source],
        frontier: Frontier,
        writer: BatchWriter,
        changes: Changes,
        clock: Callable[[], datetime],
        crawls: dict[str, SourceCrawl],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sources = sources
        self.parts = (frontier, writer, changes, clock)
        self.crawls = crawls  # filled here, read by the caller after the run

    async def start(self) -> AsyncIterator[Request]:
        """First requests of all sources."""
        frontier, writer, changes, clock = self.parts
        politeness = Politeness.of(self.crawler)
        politeness.held = frontier.held_hosts(clock())
        context = Context(frontier, writer, changes, clock, politeness.end)
        for source in self.sources:
            crawl = self.crawls[source.id] = KINDS[source.kind](source, context)
            for request in crawl.start():
                yield request
