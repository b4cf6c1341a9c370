"""The yardstick: a Scrapy spider at default settings that stores nothing.

`python -m benchmarks.bare PORT HOSTS PAGES [feeds]`
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from typing import Any

from scrapy import Request, Spider
from scrapy.crawler import AsyncCrawlerProcess

from benchmarks.site import ETAG, addresses


class BareSpider(Spider):
    """Asks for every page, or asks every feed whether it changed, and counts the answers."""

    name = "bare"
    handle_httpstatus_list = (304,)

    def __init__(self, urls: list[str], headers: dict[str, str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.urls = urls
        self.headers = headers
        self.pages = 0

    async def start(self) -> AsyncIterator[Request]:
        """All requests."""
        for url in self.urls:
            yield Request(url, headers=self.headers)

    def parse(self, response: Any) -> None:
        """One more."""
        self.pages += response.status in (200, 304)


if __name__ == "__main__":
    port, hosts, pages = (int(value) for value in sys.argv[1:4])
    feeds = sys.argv[4:] == ["feeds"]
    each = pages // hosts
    urls = [
        f"http://{host}:{port}/{'feed.xml?' if feeds else 'p/'}{number}"
        for number in range(each)
        for host in addresses(hosts)
    ]
    process: Any = AsyncCrawlerProcess({"LOG_LEVEL": "ERROR"})
    crawler: Any = process.create_crawler(BareSpider)
    process.crawl(crawler, urls=urls, headers={"If-None-Match": ETAG} if feeds else {})
    process.start()
    print(crawler.spider.pages)  # noqa: T201 read by the bench
