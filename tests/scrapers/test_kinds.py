"""Every kind of source, crawled from a local site as the operator does."""

from __future__ import annotations

import gzip
import json
import subprocess

import pytest

from scrapers.handover import Disposition, PageKind
from scrapers.registry import Source
from scrapers.spiders.listing import parse_listing
from scrapers.warc import read_record
from tests.scrapers.conftest import HOME, Crawler, Reply, Site


def test_an_index_whose_sitemaps_did_not_change_is_no_fault(site: Site, crawl: Crawler) -> None:
    """The index always comes whole; that its sitemaps answer 304 means they list what they listed."""
    index = f"<sitemapindex><sitemap><loc>{site.url}/a.xml</loc></sitemap></sitemapindex>"
    site.routes["/sitemap.xml"] = Reply(index.encode(), type="text/xml", etag=False)
    site.routes["/a.xml"] = Reply(f"<urlset><url><loc>{site.url}/1</loc></url></urlset>".encode(), type="text/xml")
    site.page("/1")
    source = [{"id": "s-index", "kind": "sitemap", "url": "/sitemap.xml"}]
    told = [crawl(source, f"b{number}").summary["sources"]["s-index"] for number in range(3)]
    assert [entry["verdict"] for entry in told] == ["fresh"] * 3
    assert [entry["status"] for entry in told] == [200, 304, 304]


def test_feed_is_crawled_then_only_changes_are(site: Site, crawl: Crawler) -> None:
    """A first crawl stores every article, a second nothing, and after a change only the changed article."""
    site.feed(
        "/feed.xml", ["/a/1.html?utm_source=rss", f"{site.url}/a/2.html#x", "/a/1.html", "javascript:x"]
    )
    site.page("/a/1.html", "one")
    site.page("/a/2.html", "two", etag=False)
    source = [{"id": "s-feed", "kind": "feed", "url": "/feed.xml"}]

    first = crawl(source, "b1")
    assert first.code == 0
    assert first.summary["dispositions"] == {"stored": 2}
    assert first.summary["sources"]["s-feed"]["verdict"] == "fresh"
    assert sorted(first.by_url()) == ["/a/1.html", "/a/2.html"]
    assert first.by_url()["/a/1.html"].hint_title == "t 0"
    assert "s-feed: feed 200, 2 links, 2 due, 2 stored, 0 unchanged" in first.stderr
    agents = {headers["user-agent"] for _, headers in site.asked}
    assert agents == {"VigilTest/1 (contact: t@example.org)"}

    site.asked.clear()
    second = crawl(source, "b2")
    assert (second.code, second.summary["index_key"], second.summary["pages"]) == (0, None, 0)
    assert site.paths() == ["/feed.xml"]
    assert "if-none-match" in site.asked[-1][1]

    crawl.make_due()
    site.page("/a/2.html", "two, corrected", etag=False)
    third = crawl(source, "b3")
    assert sorted(site.paths()) == ["/a/1.html", "/a/2.html", "/feed.xml", "/feed.xml"]
    assert [(line.requested_url, line.status) for line in third.lines] == [(f"{site.url}/a/2.html", 200)]
    assert third.summary["sources"]["s-feed"]["unchanged"] == 1


def test_wire_bytes_are_stored_unharmed(site: Site, crawl: Crawler) -> None:
    """A gzipped page and a koi8-r page declared as UTF-8 come back from one ranged read as they were sent."""
    site.feed("/feed.xml", ["/gz.html", "/koi.html"])
    packed = gzip.compress("<p>Погибли 14 военнослужащих</p>".encode() * 50, mtime=7)
    koi = "<p>Погибли 14 военнослужащих</p>".encode("koi8-r")
    site.routes["/gz.html"] = Reply(packed, headers={"Content-Encoding": "gzip"})
    site.routes["/koi.html"] = Reply(koi, type="text/html; charset=utf-8")
    result = crawl([{"id": "s-feed", "kind": "feed", "url": "/feed.xml"}])
    for path, body in (("/gz.html", packed), ("/koi.html", koi)):
        line = result.by_url()[path]
        assert line.offset is not None
        assert line.length is not None
        stored = read_record(result.warc[line.offset : line.offset + line.length])
        assert (stored.body, stored.digest, stored.url) == (body, line.digest, line.url)
    assert all(headers["accept-encoding"] == "gzip" for _, headers in site.asked)


def test_kinds_of_lists_side_by_side(site: Site, crawl: Crawler) -> None:
    """Atom, JSON Feed, a sitemap index and its gzipped news sitemap, and listings share one batch."""
    for path in (
        "/atom/1.html",
        "/json/1.html",
        "/map/1.html",
        "/map/2.html",
        "/css/1.html",
        "/auto/v-pskove-pogibli-14.html",
    ):
        site.page(path)
    site.routes["/atom/feed"] = Reply(
        b'<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>A</title><link href="1.html"/>'
        b"<updated>2026-01-02T03:04:05Z</updated></entry><entry><title>no link</title></entry></feed>",
        type="application/atom+xml",
    )
    site.routes["/feed.json"] = Reply(
        json.dumps(
            {
                "version": "https://jsonfeed.org/version/1.1",
                "items": [
                    {
                        "id": "1",
                        "url": "/json/1.html",
                        "title": "J",
                        "date_published": "2026-01-02T03:04:05+03:00",
                    },
                    {"id": "2"},
                    "junk",
                ],
            }
        ).encode(),
        type="application/feed+json",
    )
    site.routes["/map.xml"] = Reply(
        f"<sitemapindex xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><sitemap><loc>{site.url}/news.xml.gz</loc>"
        "</sitemap><sitemap><loc>/gone.xml</loc></sitemap></sitemapindex>".encode(),
        type="application/xml",
    )
    news = (
        "<?xml version='1.0' encoding='windows-1251'?>"
        "<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9' "
        f"xmlns:n='http://www.google.com/schemas/sitemap-news/0.9'><url><loc>{site.url}/map/1.html</loc><n:news>"
        "<n:publication><n:name>x</n:name></n:publication><n:publication_date>2026-01-02</n:publication_date>"
        f"<n:title>Заголовок</n:title></n:news></url><url><loc>{site.url}/map/2.html</loc></url><url><loc/></url></urlset>"
    )
    site.routes["/news.xml.gz"] = Reply(gzip.compress(news.encode("windows-1251")), type="application/gzip")
    site.routes["/list"] = Reply(
        b"<nav><a href='/nav/1.html'>n</a></nav>"
        b"<div class=news><a href='/css/1.html'>c</a><a href='/css/skip'>s</a></div>"
    )
    site.routes["/auto"] = Reply(
        "<a href='/auto/v-pskove-pogibli-14.html'>a</a><a href='/about'>о нас</a>"
        "<a href='/tag/123456'>t</a><a href='/x-y-z-1.pdf'>p</a>".encode()
    )
    result = crawl(
        [
            {"id": "s-atom", "kind": "feed", "url": "/atom/feed"},
            {"id": "s-json", "kind": "feed", "url": "/feed.json"},
            {"id": "s-map", "kind": "sitemap", "url": "/map.xml"},
            {
                "id": "s-css",
                "kind": "listing",
                "url": "/list",
                "link_css": "div.news",
                "link_pattern": r"/css/\d",
            },
            {"id": "s-auto", "kind": "listing", "url": "/auto"},
        ]
    )
    assert result.code == 0
    assert sorted(result.by_url()) == [
        "/atom/1.html",
        "/auto/v-pskove-pogibli-14.html",
        "/css/1.html",
        "/json/1.html",
        "/map/1.html",
        "/map/2.html",
    ]
    assert result.by_url()["/map/1.html"].hint_title == "Заголовок"
    assert str(result.by_url()["/json/1.html"].hint_published) == "2026-01-02 00:04:05+00:00"
    assert result.by_url()["/css/1.html"].hint_title == "c"
    assert {s["verdict"] for s in result.summary["sources"].values()} == {"fresh"}
    assert result.summary["sources"]["s-map"]["error"] == "a sitemap of the index: status 404"
    assert all(
        line.kind is PageKind.ARTICLE and line.disposition is Disposition.STORED for line in result.lines
    )


def test_a_list_is_turned_over_while_it_brings_news(site: Site, crawl: Crawler) -> None:
    """A list of pages is read to where all is known, never twice, never past its limit."""

    def listing(path: str) -> Reply:  # without an end: every page has two articles and a link to the next
        number = int(path.partition("p=")[2] or 1)
        news = "".join(f"<a class=n href=/n/{number}-{k}.html>x</a>" for k in (1, 2))
        return Reply(f"<body>{news}<a class=next href='/press?p={number + 1}'>next</a></body>".encode())

    site.routes["/press"] = listing
    for number in range(1, 9):
        for k in (1, 2):
            site.page(f"/n/{number}-{k}.html", f"{number} {k}")
    source = {"id": "s-press", "kind": "listing", "url": "/press", "link_css": "a.n", "next_css": "a.next"}
    first = crawl([source | {"list_pages": 3}], "b1")
    assert sorted(first.by_url()) == [f"/n/{number}-{k}.html" for number in (1, 2, 3) for k in (1, 2)]
    site.asked.clear()
    second = crawl([source | {"list_pages": 20}], "b2")
    assert (second.summary["pages"], site.paths()) == (0, ["/press"])
    site.routes["/press"] = Reply(b"<a class=n href=/n/8-1.html>x</a><a class=next href=/press>again</a>")
    site.asked.clear()
    third = crawl([source | {"list_pages": 20}], "b3")
    assert sorted(third.by_url()) == ["/n/8-1.html"]
    assert site.paths().count("/press") == 1


@pytest.mark.parametrize(
    ("charset", "content_type", "head"),
    [
        ("utf-8", "text/html; charset=utf-8", ""),
        ("utf-8", "text/html; charset=windows-1251", ""),
        ("cp1251", "text/html; charset=utf-8", ""),
        ("cp1251", "text/html", ""),
        ("koi8-r", "text/html; charset=utf-8", "<meta charset='koi8-r'>"),
        ("koi8-r", "text/html; charset=koi8-r", ""),
    ],
)
def test_titles_of_a_list_are_read_whatever_charset_is_declared(charset: str, content_type: str, head: str) -> None:
    """The title of a link is the document's where the page itself has none: it must not be gibberish."""
    source = Source.model_validate({
        "id": "list", "name": "n", "kind": "listing", "url": "https://e.org/", "lang": "ru", "group": "news",
        "grade": "B2", "link_css": "div",
    })
    page = f"<html><head>{head}</head><body><div><a href='/a'>Мост открыт</a></div></body></html>"
    (link,) = parse_listing(page.encode(charset), "https://e.org/", source, content_type)
    assert link.title == "Мост открыт"


def test_press_releases_as_files_are_pages(site: Site, crawl: Crawler) -> None:
    """PDF and Word files that a listing's rule names are stored as they came, also under a nameless type."""
    pdf, word = b"%PDF-1.4 and more", b"PK\x03\x04 and more"
    site.routes["/press"] = Reply(b"<p class=docs><a href=/files/1.pdf>one</a><a href=/files/2.docx>two</a></p>")
    site.routes["/files/1.pdf"] = Reply(pdf, type="application/pdf")
    site.routes["/files/2.docx"] = Reply(word, type="application/octet-stream")
    result = crawl([{"id": "s-press", "kind": "listing", "url": "/press", "link_css": "p.docs"}])
    assert result.summary["dispositions"] == {"stored": 2}
    stored = [read_record(result.warc[line.offset :][: line.length]).body for line in result.lines]
    assert sorted(stored) == [pdf, word]
    assert {line.hint_title for line in result.lines} == {"one", "two"}


@pytest.mark.parametrize("kind", ["feed", "sitemap"])
def test_links_come_before_validators(site: Site, crawl: Crawler, kind: str) -> None:
    """If the links of a feed or sitemap cannot be worked on, it is read again; its ETag must not hide them."""
    site.feed("/feed", ["/a"])
    site.page("/a")
    site.routes["/map"] = Reply(
        f"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><url><loc>{site.url}/a</loc></url></urlset>".encode()
    )
    site.routes["/index"] = Reply(
        f"<sitemapindex><sitemap><loc>{site.url}/map</loc></sitemap></sitemapindex>".encode()
    )
    urls = ["/feed"] if kind == "feed" else ["/map", "/index"]
    sources = [{"id": f"s-{n}", "kind": kind, "url": url} for n, url in enumerate(urls)]
    fault = crawl.folder / "fault"
    fault.mkdir()
    (fault / "sitecustomize.py").write_text(
        "from scrapers.frontier import Frontier\n"
        "def urls(*_):\n    raise RuntimeError\n"
        "Frontier.urls = urls\n"
    )
    command = crawl.command(sources, "b1")
    env = {**crawl.env, "PYTHONPATH": f"{fault}:{HOME}"}
    done = subprocess.run(command, env=env, cwd=HOME, capture_output=True, text=True, check=True, timeout=60)
    assert "fault in the crawler: RuntimeError" in done.stdout
    result = crawl(sources, "b2")
    assert sorted(result.by_url()) == ["/a"]
    assert {told["verdict"] for told in result.summary["sources"].values()} == {"fresh"}


def test_pages_beyond_the_limit_are_asked_next_time(site: Site, crawl: Crawler) -> None:
    """Links over max_pages stay due, even when the feed itself then answers 304."""
    site.feed("/feed.xml", [f"/a/{n}.html" for n in range(5)])
    for number in range(5):
        site.page(f"/a/{number}.html", str(number))
    source = [{"id": "s-feed", "kind": "feed", "url": "/feed.xml", "max_pages": 3}]
    assert sorted(crawl(source, "b1").by_url()) == ["/a/0.html", "/a/1.html", "/a/2.html"]
    second = crawl(source, "b2")
    assert second.summary["sources"]["s-feed"]["status"] == 304
    assert sorted(second.by_url()) == ["/a/3.html", "/a/4.html"]
