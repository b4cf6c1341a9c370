"""Sources whose pages need a browser: an optional extra."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from scrapers.registry import Source
from scrapers.render import browser, missing
from scrapers.warc import read_record
from tests.scrapers.conftest import Crawler, Reply, Site

SOURCE = {"id": "s-js", "kind": "listing", "url": "/app", "link_css": "a.n", "render": True}
HAS = find_spec("scrapy_playwright") is not None


@pytest.mark.skipif(HAS, reason="the extra is installed")
def test_without_the_extra_the_error_says_what_to_do(site: Site, crawl: Crawler) -> None:
    """A rendered source without the browser extra is a wrong argument that names source and mend; nothing is asked."""
    result = crawl([SOURCE])
    assert result.code == 2
    assert "s-js: render: true needs scrapy-playwright, which is not installed; say pip install" in result.stderr
    assert site.asked == []


def test_other_sources_need_no_browser() -> None:
    """Only `render: true` asks for the extra."""
    entry = {"id": "s-a", "name": "n", "kind": "feed", "url": "https://e.org/f", "lang": "ru", "group": "g"}
    assert missing([Source.model_validate({**entry, "grade": "B2"})]) is None


@pytest.mark.skipif(not HAS or not browser(), reason="needs the browser extra and Chromium")
def test_a_page_made_by_scripts_is_stored_as_shown(site: Site, crawl: Crawler) -> None:
    """List and page that scripts fill are read; the page's scripts reach nothing that the crawl may not."""
    script = "document.body.innerHTML = '<p>Погибли 14</p>'; fetch('http://127.0.0.1:9/x'); new Image().src = '/pixel'"
    site.routes |= {
        "/app": Reply(b"<body><script src=/app.js></script></body>"),
        "/app.js": Reply(
            b"fetch('/data').then(r => r.json()).then(d => {document.body.innerHTML = "
            b"d.map(u => `<a class=n href=${u}>x</a>`).join('')})",
            type="text/javascript",
        ),
        "/data": Reply(b'["/one", "/two"]', type="application/json"),
        "/one": Reply(f"<body><script>{script}</script></body>".encode()),
        "/two": Reply(b"<body><script>location = 'http://127.0.0.1:9/'</script></body>"),
    }
    result = crawl([SOURCE], "b1", "--timeout", "20")
    assert result.code == 0, result.stderr
    line = result.by_url()["/one"]
    assert line.offset is not None
    assert line.length is not None
    page = read_record(result.warc[line.offset : line.offset + line.length])
    assert "<p>Погибли 14</p>" in page.body.decode()
    assert "/pixel" not in site.paths()
