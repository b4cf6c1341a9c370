"""Sites that attack the crawler: each is given up within its limit, and harms no other source of the batch."""

from __future__ import annotations

import contextlib
import gzip
import threading
from pathlib import Path
from typing import Any

import brotli
import pytest

from tests.scrapers.conftest import Crawler, Reply, Site

MIB = 1 << 20
LAUGHS = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 10))
XML = {"type": "application/xml"}


def headed(handler: Any, *headers: str) -> None:
    handler.close_connection = True
    handler.wfile.write("\r\n".join(["HTTP/1.1 200 OK", *headers, "", ""]).encode())


class Loris:
    """Answers at once and then a byte now and then, for as long as anybody listens."""

    def __init__(self) -> None:
        self.enough = threading.Event()

    def __call__(self, handler: Any) -> None:
        headed(handler, "Content-Type: text/html", "Content-Length: 5000")
        with contextlib.suppress(OSError):
            while not self.enough.wait(0.05):
                handler.wfile.write(b"x")


class Flood:
    """200 MB of a feed, as far as the other side takes them."""

    sent = 0

    def __call__(self, handler: Any) -> None:
        headed(handler, "Content-Type: application/rss+xml")
        with contextlib.suppress(OSError):
            for _ in range(200):
                handler.wfile.write(b"<item>" + b" " * MIB)
                self.sent += MIB


def test_hostile_sources_end_within_their_limits(site: Site, crawl: Crawler) -> None:
    """Bombs, floods, byte-a-second bodies, entities, loops, names that lead home: a verdict for each."""
    loris, flood = Loris(), Flood()
    item = "<item><title>&x;</title><link>/good</link></item>"
    rss = f"<rss version='2.0'><channel><title>&x;</title>{item}</channel></rss>"
    urls = f"<urlset><url><loc>{site.url}/good?&x;</loc></url></urlset>"
    outside = "<!DOCTYPE d [<!ENTITY x SYSTEM 'file:///etc/hostname'>]>"
    laughing = f"<!DOCTYPE d [<!ENTITY l0 'lol'>{LAUGHS}<!ENTITY x '&l9;'>]>"
    zeros = bytes(64 * MIB)
    site.page("/good")
    site.feed("/good.xml", ["/good"])
    site.feed("/slow.xml", ["/slow-page"])
    site.routes |= {
        "/loris.xml": Reply(stream=loris),
        "/slow-page": Reply(stream=loris),
        "/flood.xml": Reply(stream=flood),
        "/gzip.xml": Reply(gzip.compress(zeros), headers={"Content-Encoding": "gzip"}, **XML),
        "/brotli.xml": Reply(brotli.compress(zeros, quality=1), headers={"Content-Encoding": "br"}, **XML),
        "/map.xml.gz": Reply(gzip.compress(zeros), type="application/gzip"),
        "/laughs.xml": Reply((laughing + rss).encode(), **XML),
        "/laughs-map.xml": Reply((laughing + urls).encode(), **XML),
        "/outside.xml": Reply((outside + rss).encode(), **XML),
        "/outside-map.xml": Reply((outside + urls).encode(), **XML),
        "/loop.xml": Reply(status=302, headers={"Location": "/loop.xml"}),
        "/file.xml": Reply(status=302, headers={"Location": "file:///etc/passwd"}),
        "/home.xml": Reply(status=302, headers={"Location": "http://2130706433:9/feed"}),
        "/index.xml": Reply(b"<sitemapindex><sitemap><loc>/index.xml</loc></sitemap></sitemapindex>"),
    }
    port = site.host.rpartition(":")[2]
    kinds = {"map": "sitemap", "index": "sitemap"}
    sources: list[dict[str, Any]] = [
        {"id": "s-" + path[1:].partition(".")[0], "url": path,
         "kind": kinds.get(path[1:].partition(".")[0].rpartition("-")[2], "feed")}
        for path in [*site.routes, "/good.xml"] if ".xml" in path and path != "/slow.xml"
    ]  # fmt: skip
    sources += [
        {"id": "s-slow", "kind": "feed", "url": "/slow.xml"},
        {"id": "s-name", "kind": "feed", "url": f"http://localhost:{port}/good.xml"},
        {"id": "s-v6", "kind": "feed", "url": f"http://[::ffff:7f00:1]:{port}/good.xml"},
    ]
    try:
        result = crawl(list({source["id"]: source for source in sources}.values()), "b1", "--timeout", "2")
    finally:
        loris.enough.set()
    assert result.code == 0, result.stderr
    told = {name[2:]: (each["verdict"], each["error"] or "") for name, each in result.summary["sources"].items()}
    assert told["good"] == ("fresh", "")
    assert told["loris"] == ("unreachable", "timed out")
    assert result.by_url()["/slow-page"].reason == "timed out"
    for name in ("flood", "gzip", "brotli"):
        assert told[name][0] == "broken", (name, told[name])
        assert "more than 10485760 bytes" in told[name][1]
    assert flood.sent < 40 * MIB
    assert told["map"] == ("broken", "gzipped sitemap: more than 10485760 bytes once decoded")
    assert "redirect" in told["loop"][1]
    assert told["file"][0] in ("broken", "misconfigured")
    assert told["home"] == ("misconfigured", "address 127.0.0.1 is not global")
    assert told["name"][0] == told["v6"][0] == "misconfigured"
    assert "is not global" in told["name"][1]
    assert site.paths().count("/index.xml") <= 20
    hints = [f"{line.requested_url} {line.hint_title}" for line in result.lines]
    assert not any("lol" in hint for hint in hints)
    hostname = Path("/etc/hostname").read_text(encoding="utf-8").strip()
    assert not hostname or not any(hostname in hint for hint in hints)


@pytest.mark.parametrize("rules", ["User-agent: *\nCrawl-delay: 1", "User-agent: *\nRequest-rate: 1/1s"])
def test_pause_of_robots_txt_is_kept(site: Site, crawl: Crawler, rules: str) -> None:
    """A host that asks for a second between requests gets it, also from a source that asks for none."""
    site.routes["/robots.txt"] = Reply(rules.encode(), type="text/plain")
    site.feed("/feed.xml", ["/a", "/b", "/c"])
    for name in "abc":
        site.page(f"/{name}")
    result = crawl([{"id": "s-feed", "kind": "feed", "url": "/feed.xml"}], "b1", "--time-budget", "2.5")
    told = result.summary["sources"]["s-feed"]
    assert 1 <= told["deferred"] <= 3  # in two and a half seconds there is no room for robots.txt, feed and three pages
    assert told["stored"] + told["deferred"] == 3
