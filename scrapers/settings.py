"""Scrapy's settings for a batch: polite, bounded, quiet, and no more machinery than the crawl uses."""

from __future__ import annotations

from typing import Any

from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware

MAX_BODY = 10 * 2**20  # bytes of a body, as it comes and once decoded
TIMEOUT = 30  # seconds for one request
TIME_BUDGET = 480.0  # seconds after which a batch starts no further request
BATCH_BYTES = 200 * 2**20  # of a batch's archive, after which it takes no further page
DEFAULT_USER_AGENT = "Vigil/0.1 (casualty disclosure monitor; contact not configured)"
ACCEPT = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,application/rss+xml,application/atom+xml,*/*;q=0.5"
)


class WireBytesMiddleware(HttpCompressionMiddleware):
    """Decodes feeds, sitemaps and robots.txt, and leaves the bodies of pages as they came."""

    def process_request(self, request: Any, spider: Any = None) -> None:
        """Ask for gzip alone: it is the one encoding whose end can be checked."""
        request.headers.setdefault("Accept-Encoding", "gzip")

    def process_response(self, request: Any, response: Any, spider: Any = None) -> Any:
        """The response, decoded unless the request is for a page."""
        if request.meta.get("wire_bytes"):
            return response
        return super().process_response(request, response)


def crawl_settings(user_agent: str, time_budget: float = TIME_BUDGET) -> dict[str, Any]:
    """Settings of one crawl process."""
    return {
        "BOT_NAME": "vigil",
        "USER_AGENT": user_agent,
        "DEFAULT_REQUEST_HEADERS": {"Accept": ACCEPT},
        "VIGIL_TIME_BUDGET": time_budget,
        # size, time, depth
        "DOWNLOAD_MAXSIZE": MAX_BODY,
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_TIMEOUT": TIMEOUT,
        "DNS_TIMEOUT": 15,
        "DOWNLOAD_FAIL_ON_DATALOSS": False,  # flagged instead, so that the page gets its disposition
        "REDIRECT_MAX_TIMES": 5,
        "REDIRECT_PRIORITY_ADJUST": 0,
        "RETRY_TIMES": 1,
        "RETRY_GIVE_UP_LOG_LEVEL": "DEBUG",
        "CLOSESPIDER_TIMEOUT": time_budget + 4 * TIMEOUT,
        "MEMUSAGE_LIMIT_MB": 1024,  # the figure includes what the parent had at fork
        # politeness
        "SCHEDULER_MEMORY_QUEUE": "scrapy.squeues.FifoMemoryQueue",  # newest first, as the spider asks
        "CONCURRENT_REQUESTS": 32,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 8,
        "DOWNLOAD_DELAY_JITTER": 0.0,  # a Crawl-delay is a minimum
        # security
        "TWISTED_DNS_RESOLVER": "scrapers.guards.GuardResolver",
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "DOWNLOAD_HANDLERS": {"file": None, "data": None, "ftp": None, "s3": None},
        "TELNETCONSOLE_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,
        "COOKIES_ENABLED": False,
        "HTTPPROXY_ENABLED": False,  # behind a proxy the resolver's guard would not hold
        "METAREFRESH_ENABLED": False,
        # no more machinery than needed
        "ASYNCIO_EVENT_LOOP": "uvloop.Loop",
        "CONCURRENT_ITEMS": 4,
        "WARN_ON_GENERATOR_RETURN_VALUE": False,  # parses the callback's source for every request
        "DUPEFILTER_CLASS": "scrapy.dupefilters.BaseDupeFilter",  # the frontier decides
        "LOG_INSTALL_ROOT_HANDLER": False,
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
            "scrapy.downloadermiddlewares.downloadtimeout.DownloadTimeoutMiddleware": 350,
            "scrapy.downloadermiddlewares.defaultheaders.DefaultHeadersMiddleware": 400,
            "scrapy.downloadermiddlewares.useragent.UserAgentMiddleware": 500,
            "scrapers.politeness.RetryAfterMiddleware": 550,
            "scrapers.settings.WireBytesMiddleware": 590,
            "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": 600,
        },
    }
