"""The one Scrapy spider: crawls a batch's sources side by side, so that a host of many is asked politely."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
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
TOGETHER = 256  # requests of all sources that may be under way or wait for their host's turn
OF_ONE_SOURCE = 8  # the same of one source without a delay; with a delay it is one after the other


@dataclass(frozen=True)
class Failed:
    """A request that brought no answer: the last one, after redirects."""

    request: Request
    value: Exception


class Worker:
    """Asks what one source yields, in its order and never before its turn.

    Requests go to Scrapy's downloader and its middlewares, past scheduler and scraper: those cost more CPU than the
    download. What a handler yields is taken only when there is room for it, so that a thousand pages that are due
    are not a thousand requests in memory.
    """

    def __init__(self, download: Callable[[Request], Any], room: asyncio.Semaphore, crawl: SourceCrawl) -> None:
        self.download = download
        self.room = room
        self.crawl = crawl
        self.most = 1 if crawl.source.delay else OF_ONE_SOURCE
        self.yields: deque[Iterator[Request]] = deque([crawl.start()])

    async def run(self) -> None:
        """Until nothing is under way and nothing is left to ask."""
        under_way: set[asyncio.Task[None]] = set()
        try:
            while True:
                while len(under_way) < self.most and (request := self._next()) is not None:
                    await self.room.acquire()
                    under_way.add(asyncio.create_task(self._ask(request)))
                if not under_way:
                    return
                done, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
        finally:
            for task in under_way:
                task.cancel()

    def _next(self) -> Request | None:
        while self.yields:
            request = next(self.yields[0], None)
            if request is not None:
                return request
            self.yields.popleft()
        return None

    async def _ask(self, request: Request) -> None:
        found: Any
        request.meta["hop"] = hop = {"url": request.url}  # shared by the requests that redirects make of it
        try:
            response = await self.download(request)
        except Exception as error:  # noqa: BLE001 whatever it was, the source's crawl decides what it means
            failed: Any = Failed(request.replace(url=hop["url"]), error)
            found = request.errback(failed) if request.errback else None
        else:
            found = request.callback(response) if request.callback else None
        finally:
            self.room.release()
        if found:
            self.yields.append(iter(found))


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
        """The whole crawl; nothing is left to Scrapy's scheduler."""
        frontier, writer, changes, clock = self.parts
        politeness = Politeness.of(self.crawler)
        politeness.clock = clock
        politeness.held = frontier.held_hosts(clock())
        context = Context(frontier, writer, changes, clock, politeness.end)
        room = asyncio.Semaphore(TOGETHER)
        async with asyncio.TaskGroup() as group:
            for source in self.sources:
                crawl = self.crawls[source.id] = KINDS[source.kind](source, context)
                group.create_task(Worker(self.crawler.engine.download_async, room, crawl).run())
        return
        yield  # an asynchronous generator, as Scrapy asks for
