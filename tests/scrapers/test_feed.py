"""Feeds from their bytes, whatever became of them on the way."""

from __future__ import annotations

import json

import pytest

from scrapers.spiders.feed import parse_feed

BASE = "https://e.org/news/feed"
ITEM = "<item><title>{title}</title><link>{link}</link><pubDate>Fri, 02 Jan 2026 10:00:00 +0300</pubDate></item>"


def rss(*items: str, head: str = '<?xml version="1.0"?>', tail: str = "</channel></rss>") -> str:
    return f"{head}<rss version='2.0'><channel><title>f</title>{''.join(items)}{tail}"


TWO = (ITEM.format(title="Погибли 14", link="/1"), ITEM.format(title="Второе", link="/2"))


@pytest.mark.parametrize(
    "body",
    [
        rss(*TWO, tail=""),  # cut off
        rss(*TWO).replace("<title>f</title>", "<title>Дом & сад &nbsp;</title><b>"),  # what only HTML takes
        "\n\n" + rss(*TWO),  # blanks before the declaration
        rss(*TWO).replace("Второе", "Второе\x0b\x1b"),  # control characters
        rss(*TWO) + "<!-- cached --><html>",  # something after the end
    ],
)  # fmt: skip
def test_broken_xml_is_read_as_far_as_it_goes(body: str) -> None:
    """A feed that no strict parser takes gives its links, titles and times all the same."""
    links = parse_feed(body.encode(), BASE)
    assert [link.url for link in links] == ["https://e.org/1", "https://e.org/2"]
    assert links[0].title == "Погибли 14"
    assert [str(link.published) for link in links] == ["2026-01-02 07:00:00+00:00"] * 2


@pytest.mark.parametrize(
    ("encoding", "declared", "header"),
    [
        ("windows-1251", "windows-1251", "application/rss+xml"),
        ("windows-1251", None, "text/xml; charset=windows-1251"),
        ("koi8-r", "koi8-r", "application/xml"),
        ("utf-16", "utf-16", "application/xml"),
        ("utf-8-sig", None, "text/html"),
    ],
)
def test_any_charset(encoding: str, declared: str | None, header: str) -> None:
    """The charset is taken from where the feed or its header says it."""
    head = f'<?xml version="1.0" encoding="{declared}"?>' if declared else '<?xml version="1.0"?>'
    links = parse_feed(rss(*TWO, head=head).encode(encoding), BASE, header)
    assert [link.title for link in links] == ["Погибли 14", "Второе"]


def test_json_feed() -> None:
    """JSON Feed 1.0 and 1.1: links relative to the feed, dates with their offset, items without a link left out."""
    feed = {
        "version": "https://jsonfeed.org/version/1",
        "items": [
            {"id": "1", "url": "../a", "title": "A", "date_published": "2026-01-02T10:00:00+03:00"},
            {"id": "https://e.org/b", "date_modified": "2026-01-02"},
            {"id": "3", "url": 7},
            {"id": "4", "external_url": "https://other.example/x"},
        ],
    }
    links = parse_feed(b"\xef\xbb\xbf" + json.dumps(feed).encode(), BASE)
    assert [link.url for link in links] == ["https://e.org/a", "https://e.org/b", "https://other.example/x"]
    assert str(links[0].published) == "2026-01-02 07:00:00+00:00"


@pytest.mark.parametrize("body", [b"", b"<html>no</html>", b'{"items": []}', b'{"version"', b"\x00\xff" * 9])
def test_what_is_no_feed_says_so(body: bytes) -> None:
    """An error page or other JSON is a fault of the source, not an empty feed."""
    with pytest.raises(ValueError, match="not a feed"):
        parse_feed(body, BASE)


@pytest.mark.parametrize(("zone", "hour"), [("MSK", 7), ("EET", 8), ("eest", 7), ("GMT", 10), ("+0300", 7)])
def test_zones_by_name(zone: str, hour: int) -> None:
    """Moscow's and Kyiv's time written by name is no UTC."""
    (link,) = parse_feed(rss(TWO[0].replace("+0300", zone)).encode(), BASE)
    assert link.published is not None
    assert link.published.hour == hour
