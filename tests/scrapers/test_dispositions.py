"""Every page ends in exactly one disposition, whatever the other side does."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable
from typing import Any

from scrapers.handover import Disposition
from scrapers.warc import read_record
from tests.scrapers.conftest import HOME, Crawler, Reply, Site

MIB = 2**20


def _send(status: int, headers: dict[str, str], chunks: Callable[[], Any]) -> Callable[[Any], None]:
    def stream(handler: Any) -> None:
        handler.close_connection = True
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        for chunk in chunks():
            handler.wfile.write(chunk)

    return stream


def test_every_page_has_one_disposition(site: Site, crawl: Crawler) -> None:
    """Hostile, broken, forbidden and oversized pages are counted, each with its own disposition."""
    html = {"Content-Type": "text/html"}
    packed = gzip.compress(b"<p>text</p>" * 5000)
    site.page("/good.html")
    site.routes["/robots.txt"] = Reply(b"User-agent: *\nDisallow: /secret/\n", type="text/plain")
    site.routes["/picture"] = Reply(b"GIF89a", type="image/gif")
    site.routes["/br"] = Reply(b"xx", headers={"Content-Encoding": "br"})
    site.routes["/cut-gzip"] = Reply(packed[: len(packed) // 2], headers={"Content-Encoding": "gzip"})
    site.routes["/cut-line"] = Reply(
        stream=_send(200, {**html, "Content-Length": "5000"}, lambda: [b"<p>half"])
    )
    site.routes["/bomb"] = Reply(gzip.compress(bytes(11 * MIB)), headers={"Content-Encoding": "gzip"})
    site.routes["/declared-50mb"] = Reply(
        stream=_send(200, {**html, "Content-Length": str(50 * MIB)}, lambda: (b"x" * MIB for _ in range(50)))
    )
    site.routes["/streamed-50mb"] = Reply(stream=_send(200, html, lambda: (b"x" * MIB for _ in range(50))))
    site.routes["/loop"] = Reply(status=302, headers={"Location": "/loop"})
    site.routes["/to-file"] = Reply(status=302, headers={"Location": "file:///etc/passwd"})
    for name, target in (
        ("port", "http://127.0.0.1:9/"),
        ("v6", "http://[::1]/"),
        ("net10", "http://10.0.0.1/"),
        ("decimal", "http://2130706433/"),
        ("meta", "http://169.254.169.254/latest/"),
        ("literal", "http://0x7f.1/literal"),
        ("mapped", "http://[::ffff:127.0.0.1]/mapped"),
        ("elsewhere", "http://ads.example.net/x?y=1"),
    ):
        site.routes[f"/to-{name}"] = Reply(status=302, headers={"Location": target})
    site.routes["/to-good"] = Reply(status=301, headers={"Location": "/good.html"})
    paths = [
        "/good.html",
        "/to-good",
        "/secret/1",
        "/gone.html",
        *(path for path in site.routes if path[1] in "pbcdslt"),
    ]
    paths = list(dict.fromkeys(paths))
    site.feed("/feed.xml", [*paths, "http://0x7f.1/literal", "http://ads.example.net/x"])
    result = crawl([{"id": "s-feed", "kind": "feed", "url": "/feed.xml"}])

    assert result.code == 0
    found = {path: line.disposition.value for path, line in result.by_url().items()}
    expected = {
        "/good.html": "stored",
        "/to-good": "stored",
        "/secret/1": "robots_denied",
        "/gone.html": "http_error",
        "/picture": "unsupported_type",
        "/br": "unsupported_type",
        "/cut-gzip": "truncated",
        "/cut-line": "truncated",
        "/bomb": "too_large",
        "/declared-50mb": "too_large",
        "/streamed-50mb": "too_large",
        "/loop": "http_error",
        "/to-file": "http_error",
        "/to-port": "address_refused",
        "/to-v6": "address_refused",
        "/to-net10": "address_refused",
        "/to-decimal": "address_refused",
        "/to-meta": "address_refused",
        "/to-literal": "address_refused",
        "/to-mapped": "address_refused",
        "/to-elsewhere": "foreign_host",
    }
    found.pop("/robots.txt", None)
    assert found == expected
    assert sum(result.summary["dispositions"].values()) == result.summary["pages"] == len(result.lines)
    reasons = {path: line.reason for path, line in result.by_url().items()}
    assert reasons["/gone.html"] == "status 404"
    assert reasons["/to-decimal"] == "address 127.0.0.1 is not global"
    assert reasons["/to-elsewhere"] == "leads to ads.example.net, which is not among the source's `hosts`"
    assert result.by_url()["/to-elsewhere"].url == "http://ads.example.net/x?y=1"
    assert result.summary["sources"]["s-feed"]["foreign"] == 2
    assert result.by_url()["/to-good"].url == f"{site.url}/good.html"
    cut = result.by_url()["/cut-gzip"]
    assert cut.offset is not None
    assert cut.length is not None
    assert read_record(result.warc[cut.offset : cut.offset + cut.length]).body == packed[: len(packed) // 2]
    assert all(
        line.offset is None
        for line in result.lines
        if line.disposition not in (Disposition.STORED, Disposition.TRUNCATED)
    )

    crawl.make_due()
    again = crawl([{"id": "s-feed", "kind": "feed", "url": "/feed.xml"}], "b2")
    assert again.summary["pages"] == 0
    assert again.summary["sources"]["s-feed"]["repeated_failures"] == len(expected) - 2


def test_sources_that_fail_are_verdicts_not_errors(site: Site, crawl: Crawler) -> None:
    """Each way a source can fail has its verdict, and the process still exits with 0."""
    site.routes["/page"] = Reply(b"<p>no feed</p>")
    site.routes["/forbidden"] = Reply(status=403)
    site.routes["/busy"] = Reply(status=503)
    site.routes["/wait"] = Reply(status=429, headers={"Retry-After": "7200"})
    site.feed("/bad-pages.xml", ["/f/1", "/f/2"])
    site.feed("/empty.xml", [])
    site.feed("/foreign.xml", ["http://www.a.example/1", "https://b.example/2"])
    site.routes["/moved.xml"] = Reply(status=302, headers={"Location": "http://feeds.example/f"})
    for path in ("/f/1", "/f/2"):
        site.routes[path] = Reply(status=403)
    sources = [
        {"id": "s-page", "kind": "feed", "url": "/page"},
        {"id": "s-forbidden", "kind": "feed", "url": "/forbidden"},
        {"id": "s-gone", "kind": "sitemap", "url": "/gone.xml"},
        {"id": "s-private", "kind": "feed", "url": "http://192.168.0.1/feed"},
        {"id": "s-name", "kind": "feed", "url": "http://localhost:1/feed"},
        {"id": "s-pages", "kind": "feed", "url": "/bad-pages.xml"},
        {"id": "s-rule", "kind": "listing", "url": "/page", "link_css": ".none"},
        {"id": "s-empty", "kind": "feed", "url": "/empty.xml"},
        {"id": "s-busy", "kind": "feed", "url": "/busy"},
        {"id": "s-foreign", "kind": "feed", "url": "/foreign.xml"},
        {"id": "s-moved", "kind": "feed", "url": "/moved.xml"},
    ]
    result = crawl(sources)
    told = {name: (entry["verdict"], entry["error"]) for name, entry in result.summary["sources"].items()}
    assert result.code == 0
    assert told == {
        "s-page": ("broken", "not a feed (content type 'text/html; charset=utf-8')"),
        "s-forbidden": ("blocked", "status 403"),
        "s-gone": ("misconfigured", "status 404"),
        "s-private": ("misconfigured", "address 192.168.0.1 is not global"),
        "s-name": ("misconfigured", "address 127.0.0.1 is not global"),
        "s-pages": ("blocked", "2 of 2 pages failed: status 403"),
        "s-rule": ("misconfigured", "link_css '.none' finds no links"),
        "s-empty": ("quiet", None),
        "s-busy": ("unreachable", "status 503"),
        "s-foreign": (
            "misconfigured",
            "all 2 links lead to other hosts (b.example, www.a.example); "
            "if these are the source's own, list them under `hosts` in its entry",
        ),
        "s-moved": ("misconfigured", "leads to feeds.example, which is not among the source's `hosts`"),
    }


def test_retry_after_is_honoured_by_the_next_crawl_too(site: Site, crawl: Crawler) -> None:
    """A host that asked for two hours is not asked again before, by no source of it."""
    site.routes["/wait"] = Reply(status=429, headers={"Retry-After": "7200"})
    site.feed("/feed.xml", ["/a"])
    first = crawl([{"id": "s-wait", "kind": "feed", "url": "/wait"}])
    assert first.summary["sources"]["s-wait"]["verdict"] == "blocked"
    assert site.paths() == ["/wait"]
    site.asked.clear()
    second = crawl(
        [
            {"id": "s-wait", "kind": "feed", "url": "/wait"},
            {"id": "s-feed", "kind": "feed", "url": "/feed.xml"},
        ],
        "b2",
    )
    assert second.code == 0
    assert site.asked == []
    assert second.summary["sources"]["s-feed"]["verdict"] == "blocked"
    assert second.summary["sources"]["s-feed"]["error"].startswith("host asked to be left alone until ")


def test_unreachable_host_is_a_verdict(site: Site, crawl: Crawler) -> None:
    """Nobody listens: unreachable, and no object is written."""
    site.url = "http://127.0.0.1:9"  # discard port, exempt from the guard by the fixture, closed
    result = crawl([{"id": "s-feed", "kind": "feed", "url": "/feed.xml"}])
    assert result.code == 0
    entry = result.summary["sources"]["s-feed"]
    assert (entry["verdict"], result.summary["index_key"]) == ("unreachable", None)


def test_sigterm_leaves_nothing_half_written(site: Site, crawl: Crawler) -> None:
    """A crawl that is told to stop exits non-zero without objects; the next one takes everything."""
    arrived, release = threading.Event(), threading.Event()

    def slow(path: str) -> Reply:
        arrived.set()
        release.wait(60)
        return Reply(b"<p>late</p>")

    site.feed("/feed.xml", ["/quick.html", "/slow.html"])
    site.page("/quick.html")
    site.routes["/slow.html"] = slow
    source = [{"id": "s-feed", "kind": "feed", "url": "/feed.xml"}]
    process = subprocess.Popen(
        crawl.command(source, "b1"),
        env=crawl.env,
        cwd=HOME,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert arrived.wait(50)
    process.send_signal(signal.SIGTERM)
    release.set()
    stdout, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert '"finish_reason": "shutdown"' in stdout
    assert not (crawl.out / "raw").exists()
    assert sorted(crawl(source, "b1").by_url()) == ["/quick.html", "/slow.html"]


def test_time_budget_defers_pages(site: Site, crawl: Crawler) -> None:
    """When the time is up, pages that wait for their turn stay due; without any, nothing is asked at all."""
    site.feed("/feed.xml", ["/a", "/b", "/c"])
    for path in ("/a", "/b", "/c"):
        site.page(path)
    slow = {
        "id": "s-feed",
        "kind": "feed",
        "url": "/feed.xml",
        "delay": 60,
        "robots": "ignore: a test of the clock only",
    }
    none = crawl([slow], "b0", "--time-budget", "0")
    assert (none.code, site.asked) == (0, [])
    assert none.summary["sources"]["s-feed"]["verdict"] == "unknown"
    first = crawl([slow], "b1", "--time-budget", "2.5")
    assert first.code == 0
    assert (first.summary["sources"]["s-feed"]["deferred"], first.summary["pages"]) == (3, 0)
    assert len(crawl([{**slow, "delay": 0}], "b2").lines) == 3


def test_a_full_batch_defers_pages(site: Site, crawl: Crawler) -> None:
    """A batch takes pages up to its size; the rest stays due, the report says so, and later batches get it."""
    names = [f"/a/{number}" for number in range(6)]
    site.feed("/feed.xml", names)
    for name in names:
        site.page(name, os.urandom(30_000).hex())
    source = [{"id": "s-feed", "kind": "feed", "url": "/feed.xml"}]
    found: list[str] = []
    for number in range(6):
        result = crawl(source, f"b{number}", "--max-bytes", "100000")
        assert result.code == 0
        assert len(result.warc) < 110_000
        found += result.by_url()
        told = result.summary["sources"]["s-feed"]
        assert told["stored"] + told["deferred"] == told["asked"]
        if number == 0:
            assert told["deferred"] > 0
            assert (told["error"], result.summary["over"]) == ("the batch was full (100000 bytes)",) * 2
            assert result.summary["deferred"] == told["deferred"]
        if result.summary["deferred"] == 0:
            break
    assert sorted(found) == names


def test_bad_text_of_one_source_does_not_fail_the_batch(site: Site, crawl: Crawler) -> None:
    """Lone surrogates and control characters in titles and headers are dropped at the door."""
    site.routes["/evil.json"] = Reply(
        json.dumps(
            {
                "version": "https://jsonfeed.org/version/1.1",
                "items": [
                    {"url": f"{site.url}/e1", "title": "bad \ud800 title"},
                    {"url": f"{site.url}/e2", "title": "nul \0\x1b\x9f\n t"},
                ],
            }
        ).encode()
    )
    site.feed("/good.xml", ["/g"])
    for name in ("/e1", "/g"):
        site.page(name)
    site.page("/e2", headers={"ETag": "a\x01b", "Last-Modified": "x" * 9000}, etag=False)
    sources = [
        {"id": "s-evil", "kind": "feed", "url": "/evil.json"},
        {"id": "s-good", "kind": "feed", "url": "/good.xml"},
    ]
    result = crawl(sources)
    assert result.code == 0
    assert sorted(result.by_url()) == ["/e1", "/e2", "/g"]
    assert result.by_url()["/e1"].hint_title == "bad title"
    assert result.by_url()["/e2"].hint_title == "nul t"
    assert (result.by_url()["/e2"].etag, result.by_url()["/e2"].last_modified) == (None, None)
    assert crawl(sources, "b2").summary["pages"] == 0


def test_robots_opt_out_of_a_source(site: Site, crawl: Crawler) -> None:
    """A source whose entry says why may be asked where robots.txt forbids it; the others may not."""
    site.routes["/robots.txt"] = Reply(b"User-agent: *\nDisallow: /", type="text/plain")
    site.feed("/feed.xml", ["/a"])
    site.page("/a")
    base = {"kind": "feed", "url": "/feed.xml"}
    reason = "ignore: the publisher allowed it in writing"
    result = crawl([{**base, "id": "s-obey"}, {**base, "id": "s-ignore", "robots": reason}])
    assert [line.source for line in result.lines] == ["s-ignore"]
    told = result.summary["sources"]["s-obey"]
    assert (told["verdict"], told["error"]) == ("blocked", "robots.txt forbids it")
