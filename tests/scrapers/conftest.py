"""A small web site on loopback whose pages the test writes, and a way to crawl it as the operator does."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import create_engine, text

from scrapers.handover import PageLine
from scrapers.warc import read_index

HOME = Path(__file__).resolve().parents[2]


@dataclass
class Reply:
    """One answer of the site. `stream` writes the body itself; `etag` gives and honours an ETag."""

    body: bytes = b""
    type: str = "text/html; charset=utf-8"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    etag: bool = True
    stream: Callable[[Any], None] | None = None


@dataclass
class Site:
    """Routes and the log of requests."""

    url: str
    routes: dict[str, Reply | Callable[[str], Reply]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked if path != "/robots.txt"]

    def page(self, path: str, text: str = "text", **more: Any) -> None:
        html = f"<html><body><article><h1>{path}</h1><p>{text}</p></article></body></html>"
        self.routes[path] = Reply(html.encode(), **more)

    def feed(self, path: str, links: list[str], **more: Any) -> None:
        items = "".join(
            f"<item><title>t {n}</title><link>{link}</link></item>" for n, link in enumerate(links)
        )
        xml = f'<?xml version="1.0"?><rss version="2.0"><channel><title>f</title>{items}</channel></rss>'
        self.routes[path] = Reply(xml.encode(), type="application/rss+xml", **more)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are part of the tests."""


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            site.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
            reply = (
                site.routes.get(self.path) or site.routes.get(self.path.split("?")[0]) or Reply(status=404)
            )
            if callable(reply):
                reply = reply(self.path)
            if reply.stream:
                reply.stream(self)
                return
            tag = '"' + hashlib.sha256(reply.body).hexdigest()[:16] + '"'
            fresh = reply.etag and reply.status == 200 and self.headers.get("If-None-Match") == tag
            self.send_response(304 if fresh else reply.status)
            headers = {"Content-Type": reply.type, **({"ETag": tag} if reply.etag else {}), **reply.headers}
            for name, value in headers.items():
                self.send_header(name, value)
            if not fresh:
                self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            if not fresh:
                self.wfile.write(reply.body)

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    return Handler


@pytest.fixture
def site() -> Iterator[Site]:
    """An empty site; everything is 404."""
    made = Site("")
    server = _Server(("127.0.0.1", 0), _handler(made))
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()


@dataclass
class Result:
    """What a crawl process left."""

    code: int
    summary: dict[str, Any]
    lines: list[PageLine]
    warc: bytes
    stderr: str

    def by_url(self) -> dict[str, PageLine]:
        return {"/" + line.requested_url.split("/", 3)[3]: line for line in self.lines}


@dataclass
class Crawler:
    """Runs `python -m scrapers.run` on sources given as dictionaries."""

    folder: Path
    site: Site

    def command(self, sources: list[dict[str, Any]], batch: str, *more: str) -> list[str]:
        base = {"name": "n", "lang": "ru", "group": "demo", "grade": "B2", "delay": 0}
        entries = [
            {
                **base,
                **source,
                "url": self.site.url + source["url"] if source["url"].startswith("/") else source["url"],
            }
            for source in sources
        ]
        registry = self.folder / "sources"
        registry.mkdir(exist_ok=True)
        (registry / "s.yaml").write_text(yaml.safe_dump(entries), encoding="utf-8")
        return [
            sys.executable,
            "-m",
            "scrapers.run",
            "--batch-id",
            batch,
            "--group",
            "demo",
            "--date",
            "2026-01-02",
            "--sources",
            ",".join(s["id"] for s in sources),
            "--sources-dir",
            str(registry),
            "--out",
            str(self.out),
            "--user-agent",
            "VigilTest/1 (contact: t@example.org)",
            *more,
        ]

    @property
    def out(self) -> Path:
        return self.folder / "out"

    @property
    def env(self) -> dict[str, str]:
        return {**os.environ, "VIGIL_ALLOW_HOSTS": self.site.host}

    @property
    def ledger(self) -> str:
        return f"sqlite:///{self.out / 'frontier.sqlite'}"

    def __call__(self, sources: list[dict[str, Any]], batch: str = "b1", *more: str) -> Result:
        done = subprocess.run(
            self.command(sources, batch, *more),
            env=self.env,
            cwd=HOME,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        last = done.stdout.strip().splitlines()[-1:] or ["{}"]
        summary = json.loads(last[0])
        index, warc = summary.get("index_key"), summary.get("warc_key")
        return Result(
            done.returncode,
            summary,
            read_index((self.out / index).read_bytes()) if index else [],
            (self.out / warc).read_bytes() if warc else b"",
            done.stderr,
        )

    def make_due(self) -> None:
        """As if an hour had passed for every known article."""
        engine = create_engine(self.ledger)
        with engine.begin() as db:
            db.execute(
                text("UPDATE frontier_url SET next_due_at = :t"),
                {"t": (datetime.now(UTC) - timedelta(hours=1)).strftime("%Y-%m-%d %H:%M:%S.%f")},
            )
        engine.dispose()


@pytest.fixture
def crawl(tmp_path: Path, site: Site) -> Crawler:
    """Crawls the site into a folder of its own."""
    return Crawler(tmp_path, site)
