"""The site that is crawled: `python -m benchmarks.site HOSTS PAGES CHARSET SIZE`, in a process of its own.

Loopback only, one port on 127.0.0.1 and the addresses after it. /feed.xml lists a host's pages; /p/N is an article
of real size, gzipped once at the start. Prints its port when it listens and ends when its input closes.
"""

from __future__ import annotations

import asyncio
import gzip
import random
import socket
import sys
import threading

import uvloop

DISTINCT = 120  # bodies; page N shows body N modulo this
ETAG = '"a-feed-that-stays"'
TEXT = (
    "region governor statement soldiers killed wounded village night shelling hospital families district report "
    "military unit border morning officials said according channel press service funeral memory awarded order "
    "область губернатор заявление погибли военнослужащие раненые село ночью обстрел больница семьи район сообщил "
    "военкомат часть граница утром официально канал похороны память награда порядок город улица дом энергия вода"
)
WORDS = TEXT.split()


def addresses(hosts: int) -> list[str]:
    """The hosts' addresses."""
    return [f"127.0.{number // 250}.{number % 250 + 1}" for number in range(hosts)]


def page(number: int, size: int) -> bytes:
    """A page with head, scripts, navigation, article, cards and footer: what a news site's template makes of a text."""
    dice = random.Random(number)  # noqa: S311 no secret, the same page every time
    text = lambda words: " ".join(dice.choices(WORDS, k=words))  # noqa: E731
    token = lambda: f"{dice.getrandbits(64):016x}"  # noqa: E731
    parts = [
        f"<!doctype html><html lang=en><head><meta charset=utf-8><title>{text(8)}</title>"
        f"<meta name=description content='{text(20)}'><style>"
    ]
    colour = lambda: f"{dice.getrandbits(24):06x}"  # noqa: E731
    parts += [f".c{colour()}{{margin:{dice.randrange(40)}px;color:#{colour()}}}" for _ in range(600)]
    parts.append("</style><script>window.state={")
    parts += [f'"{token()}":"{text(4)}",' for _ in range(size // 700)]
    parts.append("}</script></head><body><nav>")
    parts += [f"<a class='nav-link' href='/section/{text(1)}/{n}'>{text(2)}</a>" for n in range(80)]
    parts.append(f"</nav><article><h1>{text(9)}</h1>")
    parts += [f"<p>{text(60)}.</p>" for _ in range(14)]
    parts.append("</article>")
    length = len("".join(parts).encode())
    while length < size:
        card = (
            f"<div class='card card--small js-track' data-id='{token()}'>"
            f"<a class='card__link' href='/p/{dice.randrange(9999)}'>"
            f"<img loading='lazy' src='/i/{token()}.jpg' alt='{text(5)}'><h3 class='card__title'>{text(9)}</h3></a>"
            f"<time datetime='2026-01-02T03:{dice.randrange(60):02d}'>{text(2)}</time></div>"
        )
        parts.append(card)
        length += len(card.encode())
    parts.append("</body></html>")
    return "".join(parts).encode()


def answer(body: bytes, kind: str, *more: str) -> bytes:
    """A whole HTTP answer."""
    head = ["HTTP/1.1 200 OK", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *more, "", ""]
    return "\r\n".join(head).encode() + body


class Site:
    """Answers, made once."""

    def __init__(self, pages: int, charset: str, size: int) -> None:
        kind = "text/html; charset=utf-8" if charset == "charset" else "text/html"
        self.bodies = [
            answer(gzip.compress(page(number, size), 6), kind, "Content-Encoding: gzip", "Server: bench")
            for number in range(min(pages, DISTINCT))
        ]
        items = "".join(f"<item><title>Story {n}</title><link>/p/{n}</link></item>" for n in range(pages))
        feed = f'<?xml version="1.0"?><rss version="2.0"><channel><title>News</title>{items}</channel></rss>'
        self.feed = answer(feed.encode(), "application/rss+xml", f"ETag: {ETAG}")
        self.same = f"HTTP/1.1 304 Not Modified\r\nETag: {ETAG}\r\n\r\n".encode()
        self.none = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"

    def answer(self, head: bytes) -> bytes:
        """To a request's head."""
        path = head.split(b" ", 2)[1]
        if path.startswith(b"/p/"):
            return self.bodies[int(path[3:]) % len(self.bodies)]
        if path.startswith(b"/feed"):
            return self.same if ETAG.encode() in head else self.feed
        return self.none


class Connection(asyncio.Protocol):
    """One kept-alive connection."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody came."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """One request or several."""
        *heads, self.rest = (self.rest + data).split(b"\r\n\r\n")
        for head in heads:
            self.transport.write(self.site.answer(head))  # type: ignore[attr-defined] # a write transport


async def serve(hosts: int, site: Site) -> None:
    """Listen until the input closes."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    port = 0
    for host in addresses(hosts):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        port = listener.getsockname()[1]
        await loop.create_server(lambda: Connection(site), sock=listener, backlog=256)
    print(port, flush=True)  # noqa: T201 for whoever started it
    threading.Thread(target=lambda: (sys.stdin.read(), loop.call_soon_threadsafe(ended.set)), daemon=True).start()
    await ended.wait()


if __name__ == "__main__":
    hosts, pages, charset, size = sys.argv[1:]
    uvloop.run(serve(int(hosts), Site(int(pages), charset, int(size))))
