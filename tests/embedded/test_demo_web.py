"""The demo web behaves as real sites do, tells its story in stages, and says that it is invented."""

from __future__ import annotations

import gzip
import re
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest

from processing.config import HOME
from processing.embedded.demo_web import DemoWeb, event_month, load_script, make_server
from scrapers.registry import Source

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)


class Client:
    """One request at a time over loopback; bodies are read at once."""

    def __init__(self, port: int) -> None:
        self.port = port

    def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[HTTPResponse, bytes]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        connection.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer, body


@contextmanager
def serving(state: Path, stage: int | None = None, port: int = 0) -> Iterator[Client]:
    server = make_server(port, state, lambda: NOW, stage)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield Client(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Client]:
    with serving(tmp_path, stage=2) as client:
        yield client


def addresses(client: Client) -> list[str]:
    """Every page that the entries of the five sites lead to, entries included."""
    entries = ["/ledger/rss.xml", "/listok/sitemap-news.xml", "/press/news/", "/ohliadach/atom.xml"]
    found = ["/", *entries, "/s/vigil_demo_governor", "/ledger/", "/listok/", "/press/", "/ohliadach/"]
    for entry in entries:
        text = client.ask(entry)[1].decode()
        found += re.findall(rf"http://127\.0\.0\.1:{client.port}(/[a-z]+/news/[^<\"]+)", text)
        found += re.findall(r'href="(/press/news/\d+/)"', text)
    return sorted(set(found))


def test_a_page_not_changed_since_answers_304(web: Client) -> None:
    """A known ETag or a Last-Modified saves the body, as on a real server."""
    answer, body = web.ask("/ledger/rss.xml")
    assert answer.status == 200
    assert b"<rss" in body
    for condition in ({"If_None_Match": answer.headers["ETag"]},
                      {"If_Modified_Since": answer.headers["Last-Modified"]}):
        again, nothing = web.ask("/ledger/rss.xml", **condition)
        assert (again.status, nothing) == (304, b"")
        assert again.headers["ETag"] == answer.headers["ETag"]
    assert web.ask("/ledger/rss.xml", If_None_Match='"other"')[0].status == 200
    stale = web.ask("/ledger/rss.xml", If_Modified_Since="Mon, 01 Jan 2024 00:00:00 GMT")[0]
    assert stale.status == 200


def test_gzip_only_where_asked(web: Client) -> None:
    """A client that takes gzip gets the same page compressed."""
    plain = web.ask("/press/news/")[1]
    answer, packed = web.ask("/press/news/", Accept_Encoding="gzip, br")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed) == plain


def test_head_has_no_body_and_unknown_is_404(web: Client) -> None:
    """HEAD tells the length only; an unknown path and an unknown method are refused."""
    answer, body = web.ask("/press/news/", method="HEAD")
    assert (answer.status, body) == (200, b"")
    assert int(answer.headers["Content-Length"]) > 500
    assert web.ask("/press/news/9/")[0].status == 404
    assert web.ask("/press/news/", method="DELETE")[0].status == 501


def test_regional_paper_is_in_windows_1251(web: Client) -> None:
    """Bytes, header and meta agree on windows-1251, and the bytes are no UTF-8."""
    answer, body = web.ask("/listok/news/20940.html")
    assert answer.headers["Content-Type"] == "text/html; charset=windows-1251"
    assert "14 военнослужащих из Псковской области погибли 4 ноября" in body.decode("windows-1251")
    assert b"charset=windows-1251" in body
    with pytest.raises(UnicodeDecodeError):
        body.decode("utf-8")


def test_every_page_says_that_it_is_invented(web: Client) -> None:
    """The mark stands in the title or feed title and, on pages, in the visible text."""
    mark = load_script().mark
    pages = addresses(web)
    assert len(pages) > 25
    for path in pages:
        answer, body = web.ask(path)
        assert answer.status == 200, path
        text = body.decode("windows-1251" if "1251" in answer.headers["Content-Type"] else "utf-8")
        assert mark in text, path
        if "html" in answer.headers["Content-Type"]:
            assert mark in text.partition("<title>")[2].partition("</title>")[0], path
            assert mark in text.partition("<body")[2], path
            assert not re.search(r'(?:src|href)="(?:https?:)?//(?!127\.0\.0\.1)', text), path


def test_feeds_and_sitemap_are_well_formed(web: Client) -> None:
    """RSS, Atom and news sitemap parse and list what is out, newest first."""
    titles = [e.text for e in ET.fromstring(web.ask("/ledger/rss.xml")[1]).iter("title")]  # noqa: S314  # our own
    assert titles[1] == "Toll among Pskov soldiers in Belgorod region rises to 17"
    atom = ET.fromstring(web.ask("/ohliadach/atom.xml")[1])  # noqa: S314
    assert len(atom.findall("{http://www.w3.org/2005/Atom}entry")) == 4
    sitemap = ET.fromstring(web.ask("/listok/sitemap-news.xml")[1])  # noqa: S314
    dates = [e.text for e in sitemap.iter() if e.tag.endswith("publication_date")]
    assert dates[0] == "2026-11-24T14:58:10+03:00"  # 20 s before stage 1, in Moscow time


def test_channel_preview_pages_back(web: Client) -> None:
    """The preview shows the last ten posts in Telegram's markup; `before` leads to the older ones."""
    latest = web.ask("/s/vigil_demo_governor")[1].decode()
    ids = [int(n) for n in re.findall(r'data-post="vigil_demo_governor/(\d+)"', latest)]
    assert ids == list(range(407, 417))
    assert 'class="tme_messages_more js-messages_more" data-before="407"' in latest
    older = web.ask("/s/vigil_demo_governor?before=407")[1].decode()
    assert re.findall(r'data-post="vigil_demo_governor/(\d+)"', older) == [str(n) for n in range(401, 407)]
    assert "js-messages_more" not in older
    assert "No posts found" in web.ask("/s/vigil_demo_governor?before=401")[1].decode()
    assert web.ask("/vigil_demo_governor/415")[0].status == 200
    assert web.ask("/vigil_demo_governor/999")[0].status == 404


def test_the_story_comes_in_stages(tmp_path: Path) -> None:
    """Noise and the governor's post first, the outlets after a minute, then the higher toll."""
    now = [NOW]
    web = DemoWeb(tmp_path, "http://127.0.0.1:1", lambda: now[0])

    def seen() -> tuple[int, int]:
        articles = sum(len(web.published(site.id)) for site in web.script.sites)
        return articles, len(web.published())

    assert seen() == (12, 15)
    now[0] = NOW + timedelta(seconds=59)
    assert seen() == (12, 15)
    now[0] = NOW + timedelta(seconds=60)
    assert seen() == (16, 15)
    now[0] = NOW + timedelta(seconds=150)
    assert seen() == (17, 16)
    assert all(row.published <= now[0] for site in web.script.sites for row in web.published(site.id))


def test_the_index_does_not_start_the_story(tmp_path: Path) -> None:
    """A launcher that waits for the index leaves the story for the first crawl."""
    web = DemoWeb(tmp_path, "http://127.0.0.1:1", lambda: NOW)
    assert web.get("/", {}).status == 200
    assert not list(tmp_path.iterdir())
    web.get("/robots.txt", {})
    assert web.epoch() == NOW


def test_a_second_start_changes_no_byte(tmp_path: Path) -> None:
    """With the same state folder and port every page has the ETag it had."""
    with serving(tmp_path, stage=2) as client:
        port = client.port
        first = {path: client.ask(path)[0].headers["ETag"] for path in addresses(client)}
    with serving(tmp_path, stage=2, port=port) as client:
        assert {path: client.ask(path)[0].headers["ETag"] for path in first} == first


@pytest.mark.parametrize(("today", "month"), [("2026-11-17", "2026-11-01"), ("2026-11-16", "2026-10-01"),
                                              ("2027-01-05", "2026-12-01")])
def test_the_event_lies_about_a_month_back(today: str, month: str) -> None:
    """The event's month begins 16 to 46 days before the story."""
    epoch = datetime.fromisoformat(today).replace(tzinfo=UTC)
    assert event_month(epoch).isoformat() == month
    assert 15 < (epoch.date() - event_month(epoch)).days < 47


def test_the_press_page_reprints_the_post_word_for_word(tmp_path: Path) -> None:
    """Reprint and channel carry the same words, so they are one independent source."""
    web = DemoWeb(tmp_path, "http://127.0.0.1:1", lambda: NOW, stage=1)
    post = next(p for p in web.published() if p.story.id == "disclosure")
    reprint = next(p for p in web.published("press") if p.story.reprint_of)
    assert reprint.paragraphs == [" ".join(line.split()) for line in post.lines]


def test_registry_entries_fit_the_sites() -> None:
    """config/demo/sources.yaml names all five entries at the port the launcher replaces."""
    import yaml

    rows = yaml.safe_load((HOME / "config" / "demo" / "sources.yaml").read_text(encoding="utf-8"))
    sources = [Source.model_validate(row) for row in rows]
    script = load_script()
    entries = {site.entry for site in script.sites} | {f"/s/{script.channel.name}"}
    assert {str(s.url).removeprefix("http://127.0.0.1:8765") for s in sources} == entries
    assert {s.group for s in sources} == {"demo"}
