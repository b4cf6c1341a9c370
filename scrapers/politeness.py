"""How a host is treated: robots.txt with its Crawl-delay and Request-rate, and Retry-After on 429 and 503."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from protego import Protego
from scrapy import Request, signals
from scrapy.downloadermiddlewares.retry import RetryMiddleware
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from scrapy.http.request import NO_CALLBACK

from scrapers.frontier import LONGEST_HOLD
from scrapers.guards import AddressRefusedError

SHORT_WAIT = 20.0  # seconds of Retry-After that are waited for within the crawl
DEFAULT_HOLD = 300.0  # seconds a host is left alone after 429 without Retry-After
LONGEST_DELAY = 60.0  # a Crawl-delay above this is met by asking the host for little, not by waiting
ROBOTS_LIMIT = 512 * 1024  # bytes of robots.txt that are read
_TIME_UP = "the batch's time was up before the page's turn came"


_WORDS = {
    CannotResolveHostError: "name does not resolve",
    DownloadConnectionRefusedError: "connection refused",
    DownloadTimeoutError: "timed out",
    ResponseDataLossError: "connection lost",
}


class RobotsDeniedError(IgnoreRequest):
    """robots.txt forbids the URL, or could not be read because of the server's own error."""


class HostUnreachableError(IgnoreRequest):
    """robots.txt could not be fetched, so the host is not asked for pages either."""


class HostOnHoldError(IgnoreRequest):
    """The host asked to be left alone; the page stays due for a later crawl."""

    def __init__(self, host: str, until: datetime) -> None:
        super().__init__(f"host asked to be left alone until {until:%Y-%m-%d %H:%M} UTC")
        self.host = host
        self.until = until


class BatchOverError(IgnoreRequest):
    """The batch's time is up, or it is full; the page stays due for a later crawl."""


@dataclass(frozen=True)
class Robots:
    """What a host's robots.txt says to us, or why it could not be read."""

    rules: Protego | None = None
    denied: str | None = None
    error: Exception | None = None


class Politeness:
    """Delays and holds of one crawl's hosts; shared by the spider and the middlewares."""

    def __init__(self, crawler: Any) -> None:
        self.crawler = crawler
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)  # the batch's, once it has begun
        self.held: dict[str, datetime] = {}
        self.new_holds: dict[str, datetime] = {}
        self.over: str | None = None  # why no further request is made

    @classmethod
    def of(cls, crawler: Any) -> Politeness:
        """The crawl's one instance."""
        found: Politeness | None = getattr(crawler, "vigil_politeness", None)
        if found is None:
            found = crawler.vigil_politeness = cls(crawler)
        return found

    def slow_down(self, host: str, seconds: float) -> None:
        """At least `seconds` between two requests to `host`; the longest wish wins."""
        if seconds <= 0:
            return
        downloader = self.crawler.engine.downloader
        wishes = downloader.per_slot_settings.setdefault(host, {})
        wishes["delay"] = max(seconds, wishes.get("delay", 0.0))
        if host in downloader.slots:
            slot = downloader.slots[host]
            slot.delay = max(slot.delay, seconds)

    def pause(self, host: str, seconds: float) -> None:
        """No request to `host` for `seconds`; those waiting wait on."""
        self.slow_down(host, 0.01)
        slot = self.crawler.engine.downloader.slots.get(host)
        if slot is not None:
            slot.lastseen = max(slot.lastseen, time.monotonic() + seconds)

    def hold(self, host: str, seconds: float) -> None:
        """No further request to `host` in this crawl, nor in later ones before the time is up."""
        until = self.clock() + min(timedelta(seconds=seconds), LONGEST_HOLD)
        self.held[host] = self.new_holds[host] = max(until, self.held.get(host, until))
        self.send_home(HostOnHoldError(host, self.held[host]), host)

    def end(self, reason: str) -> None:
        """Make no further request: what has not been asked stays due."""
        if self.over is None:
            self.over = reason
            self.send_home(BatchOverError(reason))

    def send_home(self, error: Exception, host: str | None = None) -> None:
        """End the requests that still wait for their turn, of one host or of all."""
        for name, slot in self.crawler.engine.downloader.slots.items():
            while slot.queue and host in (None, name):
                _, waiting = slot.queue.popleft()
                waiting.errback(error)


class HoldMiddleware:
    """Drops requests to hosts on hold, and everything once the batch is over."""

    def __init__(self, crawler: Any) -> None:
        self.politeness = Politeness.of(crawler)
        self.budget: float = crawler.settings.getfloat("VIGIL_TIME_BUDGET")
        if self.budget <= 0:
            self.politeness.over = _TIME_UP
        self._alarm: asyncio.TimerHandle | None = None

    @classmethod
    def from_crawler(cls, crawler: Any) -> HoldMiddleware:
        """Scrapy's constructor."""
        made = cls(crawler)
        crawler.signals.connect(made.spider_opened, signal=signals.spider_opened)
        crawler.signals.connect(made.spider_closed, signal=signals.spider_closed)
        return made

    def spider_opened(self) -> None:
        """Set the alarm for the end of the batch's time."""
        self._alarm = asyncio.get_running_loop().call_later(self.budget, self.politeness.end, _TIME_UP)

    def spider_closed(self) -> None:
        """No alarm after the end."""
        if self._alarm is not None:
            self._alarm.cancel()

    def process_request(self, request: Any) -> None:
        """Raises HostOnHoldError, BatchOverError; keeps the source's delay, also after a redirect."""
        host = host_of(request.url)
        if host in self.politeness.held:
            raise HostOnHoldError(host, self.politeness.held[host])
        if self.politeness.over is not None:
            raise BatchOverError(self.politeness.over)
        self.politeness.slow_down(host, request.meta.get("vigil_delay", 0.0))


class RobotsMiddleware:
    """Obeys robots.txt as RFC 9309 has it: 4xx allows all, 5xx and no answer allow nothing."""

    def __init__(self, crawler: Any) -> None:
        self.crawler = crawler
        self.politeness = Politeness.of(crawler)
        self.agent: str = crawler.settings["USER_AGENT"]
        self._robots: dict[tuple[str, str], asyncio.Future[Robots]] = {}

    @classmethod
    def from_crawler(cls, crawler: Any) -> RobotsMiddleware:
        """Scrapy's constructor."""
        return cls(crawler)

    async def process_request(self, request: Any) -> None:
        """Raises RobotsDeniedError, or what kept robots.txt from being read."""
        if request.meta.get("dont_obey_robotstxt"):
            return
        robots = await self._of_host(request.url)
        if robots.error is not None:
            raise robots.error
        if robots.denied is not None:
            raise RobotsDeniedError(robots.denied)
        if robots.rules is not None and not robots.rules.can_fetch(request.url, self.agent):
            raise RobotsDeniedError("robots.txt forbids it")

    async def _of_host(self, url: str) -> Robots:
        parts = urlsplit(url)
        key = (parts.scheme, parts.netloc)
        if key not in self._robots:
            self._robots[key] = asyncio.get_running_loop().create_future()
            self._robots[key].set_result(
                robots := await self._fetch(f"{parts.scheme}://{parts.netloc}/robots.txt")
            )
            return robots
        return await self._robots[key]

    async def _fetch(self, url: str) -> Robots:
        meta = {"dont_obey_robotstxt": True, "vigil_robots": True}
        try:
            response = await self.crawler.engine.download_async(
                Request(url, priority=1000, meta=meta, callback=NO_CALLBACK)
            )
        except (AddressRefusedError, HostOnHoldError, BatchOverError) as error:
            return Robots(error=error)
        except IgnoreRequest:
            return Robots()  # too many redirects: as if there were none
        except Exception as error:  # noqa: BLE001 whatever kept us from robots.txt keeps us from the host
            return Robots(error=HostUnreachableError(f"robots.txt: {plain_words(error)}"))
        if response.status >= 500 or response.status == 429:
            return Robots(denied=f"robots.txt answered {response.status}")
        if response.status != 200:
            return Robots()
        return self._read(response, host_of(url))

    def _read(self, response: Any, asked: str) -> Robots:
        """The rules, which are those of the host asked, also where another gave them."""
        rules = Protego.parse(response.body[:ROBOTS_LIMIT].decode("utf-8", "replace"))
        rate = rules.request_rate(self.agent)
        wishes = [
            rules.crawl_delay(self.agent) or 0.0,
            rate.seconds / rate.requests if rate and rate.requests else 0.0,
        ]
        for host in {asked, host_of(response.url)}:
            self.politeness.slow_down(host, min(max(wishes), LONGEST_DELAY))
        return Robots(rules=rules)


class RetryAfterMiddleware(RetryMiddleware):
    """One retry of a failed request; on 429 and 503 the host says when, and is otherwise left alone."""

    def process_response(self, request: Any, response: Any, spider: Any = None) -> Any:
        """The response, or the request to repeat."""
        if response.status not in (429, 503) or request.meta.get("vigil_robots"):
            return super().process_response(request, response)
        host, politeness = host_of(request.url), Politeness.of(self.crawler)
        wait = retry_after(response.headers.get("Retry-After"), politeness.clock())
        if wait is not None and wait <= SHORT_WAIT:
            politeness.pause(host, wait)
            return self._retry(request, f"answered {response.status}") or response
        if wait is not None or response.status == 429:
            politeness.hold(host, wait if wait is not None else DEFAULT_HOLD)
            return response
        return super().process_response(request, response)


def retry_after(value: bytes | None, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks to wait; None if there is none to be understood."""
    text = (value or b"").decode("latin-1").strip()
    if text.isdecimal() and len(text) < 9:
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def plain_words(error: Exception) -> str:
    """What went wrong with a request, for a reader who does not know Scrapy's exceptions."""
    known = next((words for kind, words in _WORDS.items() if isinstance(error, kind)), None)
    return known or (str(error) if isinstance(error, HostUnreachableError) else type(error).__name__)


def host_of(url: str) -> str:
    """Host part, lower case: the key of Scrapy's download slots."""
    return (urlsplit(url).hostname or "").lower()
