"""Where the crawler may go, and how it treats hosts."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from scrapy.http import Request, TextResponse

from scrapers.download import GuardResolver
from scrapers.guards import AddressRefusedError, allowed_hosts, refusal
from scrapers.politeness import (
    HostOnHoldError,
    Politeness,
    RetryAfterMiddleware,
    RobotsMiddleware,
    retry_after,
)

NONE: frozenset[tuple[str, int]] = frozenset()


@pytest.mark.parametrize("url", [
    "http://127.0.0.1/", "http://127.1/", "http://0x7f.1/", "http://2130706433/", "http://017700000001/",
    "http://0/", "http://10.1.2.3/", "http://172.16.0.1/", "http://192.168.1.1:8080/", "http://169.254.169.254/",
    "http://100.64.0.1/", "http://[::1]/", "http://[::]/", "http://[fe80::1]/", "http://[fd00::1]/",
    "http://[::ffff:10.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[2002:7f00:1::]/", "http://[64:ff9b::a00:1]/",
    "http://224.0.0.1/", "http://255.255.255.255/", "http://127.0.0.1./", "ftp://example.org/", "file:///etc/passwd",
    "gopher://example.org/", "http://", "http://example.org:99999/",
    "http://0177.0.0.1/", "http://0300.0250.1.1/", "http://0x7f000001/", "http://00000000177.1/", "http://192.0.0.8/",
    "http://198.18.0.1/", "http://8.8.8.8@127.0.0.1/", "http://[::127.0.0.1]/", "http://[::ffff:0:127.0.0.1]/",
    "http://[0:0:0:0:0:ffff:7f00:1]/", "http://[fec0::1]/", "http://[64:ff9b:1::a00:1]/", "http://[2001:db8::1]/",
    "http://[fe80::1%25eth0]/", "http://[::1%25lo]/", "http://[2001:0:7f00:1::]/", "http://[ff02::1]/",
])  # fmt: skip
def test_refused(url: str) -> None:
    """Private, local and odd spellings of addresses, and other schemes, are refused."""
    assert refusal(url, NONE) is not None


@pytest.mark.parametrize(
    "url", ["http://8.8.8.8/", "https://example.org/", "https://[2606:4700::1111]/", "http://[64:ff9b::808:808]/", "http://пример.рф/"]
)
def test_let_through(url: str) -> None:
    """Global addresses and names pass; what a name leads to is the resolver's business."""
    assert refusal(url, NONE) is None


def test_exemption_is_exact() -> None:
    """Only the very host and port of VIGIL_ALLOW_HOSTS are exempt."""
    allowed = allowed_hosts({"VIGIL_ALLOW_HOSTS": "127.0.0.1:8765, demo.local:80,[::1]:81"})
    assert refusal("http://127.0.0.1:8765/x", allowed) is None
    assert refusal("http://demo.local/", allowed) is None
    assert refusal("http://[::1]:81/", allowed) is None
    assert refusal("http://127.0.0.1:8766/", allowed) == "address 127.0.0.1 is not global"
    assert refusal("http://demo.local:8080/", allowed) == "port 8080 of an exempt host"
    with pytest.raises(ValueError, match=r"VIGIL_ALLOW_HOSTS: '127\.0\.0\.1' is not host:port"):
        allowed_hosts({"VIGIL_ALLOW_HOSTS": "127.0.0.1"})


class Names(GuardResolver):
    """A name server that gives the answers it is told, one after the other."""

    def __init__(self, exempt: frozenset[str], *answers: list[str]) -> None:
        super().__init__(exempt)
        self.answers = list(answers)

    async def look_up(self, host: str, port: int, family: Any) -> Any:
        return [{"host": address, "port": port, "hostname": host} for address in self.answers.pop(0)]


def test_resolver_checks_the_address_connected_to() -> None:
    """A public name that leads to a private address is refused, also at the second look; exempt names pass."""
    names = Names(frozenset({"demo.local"}), ["127.0.0.1"], ["8.8.8.8"], ["8.8.8.8", "10.0.0.1"], ["::ffff:7f00:1"])
    assert asyncio.run(names.resolve("Demo.local"))[0]["host"] == "127.0.0.1"
    assert asyncio.run(names.resolve("rebind.example.org"))[0]["host"] == "8.8.8.8"
    with pytest.raises(AddressRefusedError, match=r"address 10\.0\.0\.1 is not global"):
        asyncio.run(names.resolve("rebind.example.org"))
    with pytest.raises(AddressRefusedError, match="is not global"):
        asyncio.run(names.resolve("rebind.example.org"))


def fake_crawler() -> Any:
    downloader = SimpleNamespace(
        per_slot_settings={}, slots={"e.org": SimpleNamespace(delay=1.0, lastseen=0.0, queue=[])}
    )
    return SimpleNamespace(
        engine=SimpleNamespace(downloader=downloader), settings={"USER_AGENT": "Vigil/1 (x)"}
    )


@pytest.mark.parametrize(("rules", "delay"), [
    ("User-agent: *\nCrawl-delay: 7", 7.0), ("User-agent: vigil\nRequest-rate: 1/10s", 10.0),
    ("User-agent: *\nCrawl-delay: 9999", 60.0), ("User-agent: *\nDisallow:", 1.0), ("<html>404</html>", 1.0),
    ("User-agent: *\nCrawl-delay: nan", 1.0), ("User-agent: *\nRequest-rate: 0/0", 1.0),
])  # fmt: skip
def test_crawl_delay_and_request_rate_slow_the_host_down(rules: str, delay: float) -> None:
    """robots.txt sets the pause between two requests, unless the source's own is longer."""
    crawler = fake_crawler()
    middleware = RobotsMiddleware(crawler)
    middleware._read(TextResponse("http://www.e.org/robots.txt", body=rules.encode()), "e.org")  # redirected
    assert crawler.engine.downloader.slots["e.org"].delay == delay
    assert crawler.engine.downloader.per_slot_settings.get("www.e.org", {}).get("delay", 1.0) == delay


@pytest.mark.parametrize(("value", "seconds"), [
    (b"120", 120.0), (b"Fri, 02 Jan 2026 12:01:00 GMT", 60.0), (b"Thu, 01 Jan 2026 12:00:00 GMT", 0.0),
    (b"soon", None), (None, None), (b"-5", None),
])  # fmt: skip
def test_retry_after_is_read_in_both_forms(value: bytes | None, seconds: float | None) -> None:
    """Seconds or a date; anything else is none."""
    assert retry_after(value, datetime(2026, 1, 2, 12, tzinfo=UTC)) == seconds


def test_busy_host_is_paused_or_left_alone() -> None:
    """A short Retry-After pauses the host and repeats the request; a long one puts it on hold."""
    crawler = fake_crawler()
    crawler.spider = None
    middleware = RetryAfterMiddleware.__new__(RetryAfterMiddleware)
    middleware.crawler = crawler
    middleware._retry = lambda request, reason: request  # type: ignore[method-assign,assignment]
    request = Request("http://e.org/a")
    short = TextResponse("http://e.org/a", status=503, headers={"Retry-After": "5"})
    assert middleware.process_response(request, short) is request
    assert crawler.engine.downloader.slots["e.org"].lastseen > 0
    long = TextResponse("http://e.org/a", status=429, headers={"Retry-After": "3600"})
    assert middleware.process_response(request, long) is long
    assert list(Politeness.of(crawler).new_holds) == ["e.org"]
    assert "left alone until 2026-01-02" in str(HostOnHoldError("e.org", datetime(2026, 1, 2, tzinfo=UTC)))


def test_modules_for_other_stages_do_not_load_scrapy() -> None:
    """The modules that other stages import come without Scrapy, Twisted and Airflow."""
    code = (
        "import sys, scrapers.handover, scrapers.registry, scrapers.objects, scrapers.warc, scrapers.wire;"
        "import scrapers.preview, scrapers.frontier, scrapers.batch;"
        "sys.exit(bool({'scrapy', 'twisted', 'airflow', 'processing'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
