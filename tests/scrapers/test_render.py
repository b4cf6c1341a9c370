"""Sources whose pages need a browser: an optional extra."""

from __future__ import annotations

import os
import socket
from importlib.util import find_spec

import pytest

from scrapers.registry import Source
from scrapers.render import browser, missing
from scrapers.warc import read_record
from tests.scrapers.conftest import Crawler, Reply, Site

SOURCE = {"id": "s-js", "kind": "listing", "url": "/app", "link_css": "a.n", "render": True}
HAS = find_spec("scrapy_playwright") is not None
rendered = pytest.mark.skipif(not HAS or not browser(), reason="needs the browser extra and Chromium")


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


@rendered
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


@rendered
def test_a_redirect_to_another_site_is_not_the_sources_word(
    site: Site, crawl: Crawler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a page redirects to is held to `hosts` as without a browser, though the browser never sees the redirect."""
    other = site.url.replace("127.0.0.1", "localhost")
    monkeypatch.setattr(Crawler, "env", {**os.environ, "VIGIL_ALLOW_HOSTS": f"{site.host},{other[7:]}"})
    site.routes |= {
        "/app": Reply(b"<body><a class=n href=/one>x</a></body>"),
        "/one": Reply(status=302, headers={"Location": f"{other}/foreign"}),
        "/foreign": Reply(b"<body>somebody else's words</body>"),
    }
    result = crawl([SOURCE], "b1", "--timeout", "20")
    assert result.by_url()["/one"].disposition == "foreign_host", result.stderr
    assert "/foreign" not in site.paths()


@rendered
def test_webrtc_reaches_nothing(site: Site, crawl: Crawler) -> None:
    """A script's STUN request to a private address is not sent: it would go past the proxy."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stun:
        stun.bind(("127.0.0.1", 0))
        stun.setblocking(False)
        script = (
            f"p = new RTCPeerConnection({{iceServers: [{{urls: 'stun:127.0.0.1:{stun.getsockname()[1]}'}}]}});"
            "p.createDataChannel('x'); p.createOffer().then(o => p.setLocalDescription(o));"
            "n = 0; t = setInterval(() => { fetch('/data?' + n++); if (n > 20) clearInterval(t) }, 100)"
        )
        site.routes |= {
            "/app": Reply(f"<body><a class=n href=/one>x</a><script>{script}</script></body>".encode()),
            "/one": Reply(b"<body>one</body>"),
            "/data": Reply(b"[]"),
        }
        assert crawl([SOURCE], "b1", "--timeout", "20").by_url()["/one"].disposition == "stored"
        assert any(path.startswith("/data?2") for path in site.paths())  # the script ran
        with pytest.raises(BlockingIOError):
            stun.recv(100)


@rendered
def test_pages_that_never_end_do_not_keep_the_others_out(site: Site, crawl: Crawler) -> None:
    """A script without end costs its own page only, however many such pages there are."""
    endless = [f"/endless/{number}" for number in range(3)]
    site.routes |= {path: Reply(b"<body><script>for (;;) {}</script></body>") for path in endless}
    links = "".join(f"<a class=n href={path}>x</a>" for path in [*endless, "/last"])
    site.routes |= {"/app": Reply(f"<body>{links}</body>".encode()), "/last": Reply(b"<body>last</body>")}
    found = crawl([SOURCE], "b1", "--timeout", "5").by_url()
    assert {path: line.disposition.value for path, line in found.items()} == {
        **dict.fromkeys(endless, "unreachable"),
        "/last": "stored",
    }
