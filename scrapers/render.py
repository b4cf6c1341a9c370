"""Pages that are empty without JavaScript, by scrapy-playwright: an optional extra, for sources with `render: true`.

The browser gets no network of its own: its proxy is a dead end, and what a page asks for is fetched by the crawl's
own guarded handler and handed in. So each rule of scrapers/guards.py holds for scripts and their data, too.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import Awaitable, Callable, Iterable
from importlib.util import find_spec
from typing import Any
from urllib.parse import urljoin, urlsplit

from scrapy import Request
from scrapy.http import Response

from scrapers.guards import AddressRefusedError, ForeignHostError, allowed_hosts, refusal
from scrapers.registry import Source
from scrapers.wire import DECODABLE, decode

NEEDED = frozenset({"document", "script", "xhr", "fetch"})  # kinds of requests without which there is no text
MOST = 60  # requests of one page
HOPS = 5  # redirects of one of them
CLOSING = 5.0  # seconds for closing a page whose time is up
_HOP_HEADERS = frozenset({"content-encoding", "content-length", "transfer-encoding", "connection"})


def missing(sources: Iterable[Source]) -> str | None:
    """Why the sources that need a browser cannot be crawled; None if they can or none does."""
    wanting = [source.id for source in sources if source.render]
    if not wanting or (find_spec("scrapy_playwright") and browser()):
        return None
    what = "a browser" if find_spec("scrapy_playwright") else "scrapy-playwright"
    return (
        f"{', '.join(wanting)}: render: true needs {what}, which is not installed; say pip install -e '.[browser]', "
        "install Chromium and name it in VIGIL_CHROMIUM, or take `render` out of the entry"
    )


def browser() -> str | None:
    """Path of the browser: VIGIL_CHROMIUM, else what the system has."""
    return os.environ.get("VIGIL_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


def render_settings(user_agent: str, timeout: float) -> dict[str, Any]:
    """Settings that a batch with rendered sources needs besides."""
    arguments = ["--proxy-server=127.0.0.1:1", "--proxy-bypass-list=<-loopback>", "--disable-gpu"]
    arguments += [  # WebRTC goes past the proxy unless told not to
        "--webrtc-ip-handling-policy=disable_non_proxied_udp",
        "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    ]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")  # Chromium does not start as root with it; run as another user
    return {
        "TWISTED_REACTOR_ENABLED": True,  # scrapy-playwright asks for it
        "VIGIL_RENDER": True,
        "PLAYWRIGHT_BROWSER_TYPE": "chromium",
        "PLAYWRIGHT_LAUNCH_OPTIONS": {"executable_path": browser(), "args": arguments},
        "PLAYWRIGHT_CONTEXTS": {"default": {"user_agent": user_agent, "service_workers": "block"}},
        "PLAYWRIGHT_MAX_PAGES_PER_CONTEXT": 2,
        "PLAYWRIGHT_DEFAULT_NAVIGATION_TIMEOUT": timeout * 1000,
        "PLAYWRIGHT_PROCESS_REQUEST_HEADERS": None,
    }


class Renderer:
    """Renders pages with `fetch` as the only way to the network."""

    def __init__(self, crawler: Any, fetch: Callable[[Request], Awaitable[Response]], maxsize: int) -> None:
        from scrapy_playwright.handler import ScrapyPlaywrightDownloadHandler

        self.fetch = fetch
        self.maxsize = maxsize
        self.allowed = allowed_hosts()
        self.handler = ScrapyPlaywrightDownloadHandler.from_crawler(crawler)

    async def render(self, request: Request) -> Response:
        """The page after its scripts have run, as a response whose body is the rendered HTML."""
        request.meta.update(
            playwright=True,
            playwright_page_init_callback=self._take_over,
            playwright_page_goto_kwargs={"wait_until": "networkidle"},
        )
        try:
            rendered = await self.handler.download_request(request)
        except asyncio.CancelledError:  # time is up: left open, the page would keep one of few places for good
            if "rendering" in request.meta:
                with contextlib.suppress(Exception):
                    await asyncio.wait_for(request.meta["rendering"].close(), CLOSING)
            raise
        except Exception:
            if refused := request.meta.get("refused"):
                raise refused from None
            raise
        finally:
            request.meta.pop("rendering", None)
        if reason := refusal(rendered.url, self.allowed):  # where its scripts went in the end
            raise AddressRefusedError(reason)
        source = request.meta.get("vigil_source")
        if source is not None and not source.owns(rendered.url):
            raise ForeignHostError(f"its scripts lead to {rendered.url[:200]}, which is not among the source's `hosts`")
        kept = [
            (name, value)
            for name, values in dict.items(rendered.headers)
            for value in values
            if name.decode("latin-1").lower() not in {*_HOP_HEADERS, "content-type"}
        ]
        kept.append((b"Content-Type", b"text/html; charset=utf-8"))
        request.meta["wire"] = ("rendered", kept)
        headers: dict[bytes, list[bytes]] = {}
        for name, value in kept:
            headers.setdefault(name, []).append(value)
        body = rendered.text.encode()
        return Response(rendered.url, rendered.status, headers, body[: self.maxsize + 1], flags=["rendered"])

    async def _take_over(self, page: Any, request: Request) -> None:
        """Answer every request of the page ourselves."""
        request.meta["rendering"] = page
        left = MOST

        async def answer(route: Any) -> None:
            nonlocal left
            left -= 1
            asked = route.request
            if left < 0 or asked.method != "GET" or asked.resource_type not in NEEDED:
                await route.abort()
                return
            try:
                found = await self._guarded(asked.url, request, document=asked.resource_type == "document")
            except Exception as error:  # noqa: BLE001 whatever it was: the page does without
                if asked.url == request.url and isinstance(error, AddressRefusedError | ForeignHostError):
                    request.meta["refused"] = error
                await route.abort()
                return
            await route.fulfill(status=found[0], headers=found[1], body=found[2])

        await page.route("**", answer)

    async def _guarded(self, url: str, asker: Request, *, document: bool) -> tuple[int, dict[str, str], bytes]:
        """What is at `url`. A document that redirects to another site is refused: its words are not the source's."""
        source = asker.meta.get("vigil_source")
        for _ in range(HOPS + 1):
            if reason := refusal(url, self.allowed):
                raise AddressRefusedError(reason)
            if document and source is not None and not source.owns(url):
                netloc = urlsplit(url).netloc[:200]
                raise ForeignHostError(f"leads to {netloc}, which is not among the source's `hosts`")
            answer = await self.fetch(Request(url, headers=dict(asker.headers), meta={"wire_bytes": True}))
            headers = {
                name.decode("latin-1"): b", ".join(values).decode("latin-1")
                for name, values in dict.items(answer.headers)
            }
            if answer.status in (301, 302, 303, 307, 308) and "Location" in headers:
                url = urljoin(url, headers["Location"])
                continue
            encoding = headers.get("Content-Encoding", "").strip().lower()
            body = decode(answer.body, encoding if encoding in DECODABLE else "", self.maxsize)
            return answer.status, {k: v for k, v in headers.items() if k.lower() not in _HOP_HEADERS}, body
        raise AddressRefusedError("too many redirects")

    async def close(self) -> None:
        """End the browser."""
        await self.handler.close()
