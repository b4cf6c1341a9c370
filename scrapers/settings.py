"""Scrapy's settings for a batch: polite, bounded, quiet, and no more machinery than the crawl uses."""

from __future__ import annotations

from typing import Any

from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.logformatter import LogFormatter

MAX_BODY = 10 * 2**20  # bytes of a body, as it comes and once decoded
TIMEOUT = 30.0  # seconds for one request
TIME_BUDGET = 480.0  # seconds after which a batch starts no further request
BATCH_BYTES = 200 * 2**20  # of a batch's archive, after which it takes no further page
DEFAULT_USER_AGENT = "Vigil/0.1 (casualty disclosure monitor; contact not configured)"
ACCEPT = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,application/rss+xml,application/atom+xml,*/*;q=0.5"
)


class WireBytesMiddleware(HttpCompressionMiddleware):
    """Says who asks and for what; decodes feeds, sitemaps and robots.txt, and leaves the bodies of pages as they came.

    One middleware for all of a request's headers, since each costs its share of every request.
    """

    def __init__(self, crawler: Any = None) -> None:
        super().__init__(crawler=crawler)
        self.headers = {
            "User-Agent": crawler.settings["USER_AGENT"],
            "Accept": ACCEPT,
            "Accept-Encoding": "gzip",  # alone: it is the one encoding whose end can be checked
        }

    def process_request(self, request: Any, spider: Any = None) -> None:
        """Complete the headers."""
        for name, value in self.headers.items():
            request.headers.setdefault(name, value)

    def process_response(self, request: Any, response: Any, spider: Any = None) -> Any:
        """The response, decoded unless the request is for a page."""
        if request.meta.get("wire_bytes"):
            return response
        return super().process_response(request, response)


class QuietFormatter(LogFormatter):
    """No line for each answer: nobody reads them, and they name every URL."""

    def crawled(self, request: Any, response: Any, spider: Any) -> Any:
        """Nothing."""


def crawl_settings(
    user_agent: str, time_budget: float = TIME_BUDGET, timeout: float = TIMEOUT
) -> dict[str, Any]:
    """Settings of one crawl process; `timeout` is that of a whole answer, body included."""
    return {
        "BOT_NAME": "vigil",
        "USER_AGENT": user_agent,
        "VIGIL_TIME_BUDGET": time_budget,
        # size, time, depth
        "DOWNLOAD_MAXSIZE": MAX_BODY,
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_TIMEOUT": timeout,
        "REDIRECT_MAX_TIMES": 5,
        "REDIRECT_PRIORITY_ADJUST": 0,
        "RETRY_TIMES": 1,
        "RETRY_GIVE_UP_LOG_LEVEL": "DEBUG",
        "RETRY_EXCEPTIONS": [  # without the Twisted handler's, whose import takes longer than a small crawl
            "scrapy.exceptions.CannotResolveHostError",
            "scrapy.exceptions.DownloadConnectionRefusedError",
            "scrapy.exceptions.DownloadFailedError",
            "scrapy.exceptions.DownloadTimeoutError",
        ],
        "CLOSESPIDER_TIMEOUT": time_budget + 4 * timeout,
        "MEMUSAGE_LIMIT_MB": 1024,  # the figure includes what the parent had at fork
        # politeness
        "CONCURRENT_REQUESTS": 0,  # BatchSpider's own business
        "CONCURRENT_REQUESTS_PER_DOMAIN": 8,
        "DOWNLOAD_DELAY_JITTER": 0.0,  # a Crawl-delay is a minimum
        # security
        "DOWNLOAD_HANDLERS_BASE": {},
        "DOWNLOAD_HANDLERS": {
            "http": "scrapers.download.DownloadHandler",
            "https": "scrapers.download.DownloadHandler",
        },
        "TELNETCONSOLE_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,
        "COOKIES_ENABLED": False,
        "HTTPPROXY_ENABLED": False,  # behind a proxy the resolver's guard would not hold
        "METAREFRESH_ENABLED": False,
        # no more machinery than needed
        "ASYNCIO_EVENT_LOOP": "uvloop.Loop",
        "TWISTED_REACTOR_ENABLED": False,
        "DUPEFILTER_CLASS": "scrapy.dupefilters.BaseDupeFilter",  # the frontier decides
        "LOG_INSTALL_ROOT_HANDLER": False,
        "LOG_FORMATTER": "scrapers.settings.QuietFormatter",
        # The whole machinery, by name: what the bases would add is switched off only after its import (aiohttp
        # alone is a third of the start-up), and every part costs its share of each request.
        "EXTENSIONS_BASE": {},
        "EXTENSIONS": {
            "scrapy.extensions.corestats.CoreStats": 0,
            "scrapy.extensions.memusage.MemoryUsage": 0,
            "scrapy.extensions.closespider.CloseSpider": 0,
        },
        "SPIDER_MIDDLEWARES_BASE": {},  # all statuses are ours to judge, nothing is followed from page to page
        "ROBOTSTXT_OBEY": False,  # done by RobotsMiddleware
        "DOWNLOADER_MIDDLEWARES_BASE": {},
        "DOWNLOADER_MIDDLEWARES": {
            "scrapers.guards.GuardMiddleware": 10,
            "scrapers.politeness.HoldMiddleware": 50,
            "scrapers.politeness.RobotsMiddleware": 100,
            "scrapers.politeness.RetryAfterMiddleware": 550,
            "scrapers.settings.WireBytesMiddleware": 590,
            "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": 600,
        },
    }
