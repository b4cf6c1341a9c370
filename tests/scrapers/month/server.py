"""Serves the world on loopback in a process of its own, at the time it is told, and notes what it showed to whom."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import logging
import multiprocessing
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from multiprocessing.connection import Connection
from typing import Any

from aiohttp import web

from tests.scrapers.month.render import Answer, answer, number_in
from tests.scrapers.month.world import Site, World

FORK: Any = multiprocessing.get_context("fork")


@dataclass(frozen=True)
class Shown:
    """What one answer showed. A 304 shows what the answer before it did."""

    at: datetime
    site: str
    status: int
    listed: tuple[int, ...] = ()
    item: tuple[int, int] | None = None
    asked: int | None = None  # number of the article that was asked for
    posts: dict[int, int] | None = None
    before: int | None = None


class WebServer:
    """The running server: `set_time`, then crawl; `stop` gives the log."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self.listener.getsockname()[1]
        self.clock = FORK.Value("d", 0.0, lock=False)
        self.pipe, theirs = FORK.Pipe()
        self.process = FORK.Process(target=self._serve, args=(theirs,), daemon=True)
        self.process.start()
        self.listener.close()

    def hosts(self) -> list[str]:
        """Every host name there is."""
        names = sorted({site.host for site in self.world.sites})
        return [prefix + name for name in names for prefix in ("", "www.", "m.")]

    def set_time(self, at: datetime) -> None:
        """From now on it is `at`."""
        self.clock.value = at.timestamp()

    def stop(self) -> list[Shown]:
        """End the server; everything it showed, in order."""
        self.pipe.send("stop")
        found: list[Shown] = self.pipe.recv()
        self.process.join(20)
        return found

    def _serve(self, pipe: Connection) -> None:
        asyncio.run(self._run(pipe))

    async def _run(self, pipe: Connection) -> None:
        logging.disable()
        self.pipe.close()  # so that the month's end is seen, however it ends
        log: list[Shown] = []
        ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(pipe.fileno(), ended.set)
        channels = {site.channel: site for site in self.world.sites if site.is_channel}

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            at = datetime.fromtimestamp(self.clock.value, UTC)
            host = request.host.rsplit(":", 1)[0]
            site = self.world.on_host(host)
            if site.is_channel:
                site = channels.get(request.path.strip("/").removeprefix("s/"), site)
            moved = site.has("to-www", at) and not host.startswith("www.") and request.path != "/robots.txt"
            if moved:
                target = f"http://www.{site.host}:{self.port}{request.path_qs}"
                found = Answer(status=301, headers={"Location": target})
            else:
                found = answer(site, at, self.port, request.path_qs)
            if found.abort:
                log.append(Shown(at, site.id, 0))
                assert request.transport is not None
                request.transport.abort()
                return web.Response()
            return await _respond(request, site, at, found, log)

        server = web.Server(handle, access_log=None)
        running = await asyncio.get_running_loop().create_server(server, sock=self.listener)
        await ended.wait()
        running.close()
        await server.shutdown(1)
        pipe.send(log)


async def _respond(
    request: web.BaseRequest, site: Site, at: datetime, found: Answer, log: list[Shown]
) -> web.StreamResponse:
    headers = {"Content-Type": found.type, **found.headers}
    status, body = found.status, found.body
    tag = '"' + hashlib.sha256(body).hexdigest()[:20] + '"'
    stamp = format_datetime(found.modified, usegmt=True) if found.modified else None
    if status == 200 and site.validators == "etag" and not site.is_channel:
        headers["ETag"] = tag
        status = 304 if request.headers.get("If-None-Match") == tag else 200
    elif status == 200 and site.validators == "modified" and stamp:
        headers["Last-Modified"] = stamp
        status = 304 if request.headers.get("If-Modified-Since") == stamp else 200
    if request.path != "/robots.txt":
        shown = found if found.status == 200 and not found.cut else Answer()
        log.append(Shown(
            at, site.id, status, shown.listed, shown.item, number_in(request.path_qs), shown.posts, shown.before
        ))
    if status == 304:
        return web.Response(status=304, headers={k: v for k, v in headers.items() if k != "Content-Type"})
    if site.index % 2 and not found.cut:
        headers["Content-Encoding"], body = "gzip", gzip.compress(body, 1, mtime=0)
    if not found.cut:
        return web.Response(status=status, body=body, headers=headers)
    response = web.StreamResponse(status=status, headers={**headers, "Content-Length": str(len(body))})
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    assert request.transport is not None
    request.transport.abort()
    return response


@contextmanager
def serving(world: World) -> Iterator[WebServer]:
    """A server that is gone afterwards."""
    server = WebServer(world)
    try:
        yield server
    finally:
        if server.process.is_alive():
            server.process.terminate()
            server.process.join(5)
