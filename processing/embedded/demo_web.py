"""The demo web: invented outlets, a press page and a governor's channel that together tell one story.

It behaves as real sites do (ETag, Last-Modified, 304, gzip, robots.txt, windows-1251, paging) and answers on
loopback only. The story starts with the first page a crawler asks for; that moment is kept, so a restart
changes no byte.
"""

from __future__ import annotations

import argparse
import email.utils
import gzip
import hashlib
import json
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

HERE = Path(__file__).resolve().parent / "demo"
MOSCOW = timezone(timedelta(hours=3))
MONTHS = {
    "en": "January February March April May June July August September October November December",
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "uk": "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
}
Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Site:
    """One outlet of the demo web; `entry` is its feed, sitemap or listing."""

    id: str
    name: str
    what: str
    lang: str
    home: str
    entry: str
    article: str
    encoding: str


@dataclass(frozen=True)
class Channel:
    """The governor's Telegram channel."""

    name: str
    title: str
    about: str
    lang: str
    page_size: int
    first_id: int


@dataclass(frozen=True)
class Story:
    """An article, or a post (`site` empty). `expect`: its claims (`killed at_least 14`); empty is noise."""

    stage: int
    ago: int
    text: str = ""
    id: str = ""
    site: str = ""
    slug: str = ""
    section: str = ""
    title: str = ""
    byline: str = ""
    lead: str = ""
    reprint_of: str = ""
    media: str = ""
    reply: str = ""
    edited: bool = False
    expect: tuple[str, ...] = ()


@dataclass(frozen=True)
class Script:
    """Everything in stories.yaml."""

    mark: str
    stages: tuple[int, ...]
    sites: tuple[Site, ...]
    channel: Channel
    stories: tuple[Story, ...]
    posts: tuple[Story, ...]


@dataclass(frozen=True)
class Published:
    """A story at its time and address, dates filled in."""

    story: Story
    title: str
    lead: str
    text: str
    published: datetime
    path: str
    url: str
    number: int = 0  # of a post

    @property
    def paragraphs(self) -> list[str]:
        return [p for p in (" ".join(block.split()) for block in self.text.split("\n\n")) if p]

    @property
    def lines(self) -> list[str]:
        return self.text.split("\n") if self.text else []

    @property
    def views(self) -> str:
        return f"{1 + self.number % 7}.{self.number % 10}{self.number % 9}K"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.story, name)


@dataclass(frozen=True)
class Answer:
    """A resource: its bytes are the same for the same epoch, port and stage."""

    body: bytes
    content_type: str
    modified: datetime
    status: int = 200


def load_script(file: Path = HERE / "stories.yaml") -> Script:
    """The invented stories. A key the code does not know raises TypeError."""
    data = yaml.safe_load(file.read_text(encoding="utf-8"))

    def stories(rows: list[dict[str, Any]]) -> tuple[Story, ...]:
        return tuple(Story(**{**row, "expect": tuple(row.get("expect", ()))}) for row in rows)

    return Script(
        mark=data["mark"], stages=tuple(data["stages"]), channel=Channel(**data["channel"]),
        sites=tuple(Site(**row) for row in data["sites"]),
        stories=stories(data["stories"]), posts=stories(data["posts"]),
    )


def event_month(epoch: datetime) -> date:
    """First day of the month the event is told of, 16 to 46 days back: the lag is about a month."""
    day = epoch.date()
    return (day if day.day > 16 else day.replace(day=1) - timedelta(days=1)).replace(day=1)


@dataclass
class DemoWeb:
    """The content by path. `stage` fixes the story's stage; without it the clock advances it."""

    state: Path
    base: str  # "http://127.0.0.1:8765"
    clock: Clock
    stage: int | None = None
    script: Script = field(default_factory=load_script)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._jinja = Environment(
            loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
            keep_trailing_newline=True,
        )
        self._jinja.filters["rfc2822"] = lambda moment: email.utils.format_datetime(moment)
        self._jinja.filters["local"] = _local
        self._plain = Environment(undefined=StrictUndefined)  # noqa: S701  # our own YAML, escaped by the page template

    def epoch(self) -> datetime:
        """When the story began: set by the first call, then read from the state folder."""
        file = self.state / "demo-web.json"
        with self._lock:
            if not file.exists():
                passed = timedelta(seconds=self.script.stages[self.stage or 0])
                began = self.clock().replace(microsecond=0) - passed
                self.state.mkdir(parents=True, exist_ok=True)
                file.write_text(json.dumps({"epoch": began.isoformat()}), encoding="utf-8")
            return datetime.fromisoformat(json.loads(file.read_text(encoding="utf-8"))["epoch"])

    def current_stage(self) -> int:
        """0, 1 or 2."""
        if self.stage is not None:
            return self.stage
        passed = (self.clock() - self.epoch()).total_seconds()
        return max(i for i, seconds in enumerate(self.script.stages) if i == 0 or passed >= seconds)

    def get(self, path: str, query: dict[str, list[str]]) -> Answer:
        """The resource at `path`; status 404 when there is none."""
        if path in ("/", "/favicon.ico"):  # looked at by people and launchers: does not start the story
            return self._opening(path)
        if path == "/robots.txt":
            return self._answer("robots.txt.j2", self.epoch(), content_type="text/plain; charset=utf-8")
        if path in (f"/s/{self.script.channel.name}", f"/{self.script.channel.name}"):
            return self._channel(query)
        for site in self.script.sites:
            if path.startswith(site.home):
                return self._site(site, path)
        if path.startswith(f"/{self.script.channel.name}/"):
            return self._post(path.rsplit("/", 1)[1])
        return self._missing()

    def published(self, site: str = "") -> list[Published]:
        """Articles of a site (newest first) or the channel's posts (oldest first) that are out by now."""
        stage = self.current_stage()
        if site:
            known = next(s for s in self.script.sites if s.id == site)
            out = [s for s in self.script.stories if s.site == site and s.stage <= stage]
            rows = [self._article(known, story) for story in out]
            return sorted(rows, key=lambda row: row.published, reverse=True)
        posts = [s for s in self.script.posts if s.stage <= stage]
        return [self._telegram(n, post) for n, post in enumerate(posts, self.script.channel.first_id)]

    # -- pages -----------------------------------------------------------------------------------

    def _opening(self, path: str) -> Answer:
        long_ago = datetime(2026, 1, 1, tzinfo=UTC)
        if path != "/":
            return Answer(b"ok\n", "text/plain; charset=utf-8", long_ago)
        return self._answer("index.html.j2", long_ago, stages=self.script.stages, sites=self.script.sites,
                            channel=self.script.channel)

    def _site(self, site: Site, path: str) -> Answer:
        stories = self.published(site.id)
        newest = stories[0].published
        if path == site.entry:
            kind = "html" if site.id == "press" else "xml"
            mime = f"{'text' if kind == 'html' else 'application'}/{kind}; charset=utf-8"
            return self._answer(f"{site.id}_entry.{kind}.j2", newest, mime, site=site, stories=stories)
        mime, encoding = f"text/html; charset={site.encoding}", site.encoding
        if path == site.home:
            return self._answer(f"{site.id}_home.html.j2", newest, mime, encoding, site=site, stories=stories)
        for story in stories:
            if story.path == path:
                # Only older articles, so that a page's bytes do not change when the next one comes out.
                related = [other for other in stories if other.published < story.published][:3]
                return self._answer(f"{site.id}_article.html.j2", story.published, mime, encoding,
                                    site=site, story=story, related=related)
        return self._missing()

    def _channel(self, query: dict[str, list[str]]) -> Answer:
        posts = everything = self.published()
        size = self.script.channel.page_size
        before, after = (_number(query.get(name, [""])[0]) for name in ("before", "after"))
        if before:
            posts = [post for post in posts if post.number < before]
        if after:
            posts = [post for post in posts if post.number > after][:size]
        return self._preview(posts[-size:], everything, before)

    def _post(self, number: str) -> Answer:
        everything = self.published()
        chosen = [post for post in everything if str(post.number) == number]
        return self._preview(chosen, everything, 0) if chosen else self._missing()

    def _preview(self, posts: list[Published], everything: list[Published], canonical: int) -> Answer:
        older = bool(posts) and posts[0].number > everything[0].number
        return self._answer(
            "telegram.html.j2", (posts or everything)[-1].published, channel=self.script.channel, posts=posts,
            posts_total=len(everything), before=posts[0].number if older else None, canonical=canonical,
        )

    def _missing(self) -> Answer:
        body = f"Not found. {self.script.mark}\n".encode()
        return Answer(body, "text/plain; charset=utf-8", self.epoch(), 404)

    def _answer(self, template: str, modified: datetime, content_type: str = "text/html; charset=utf-8",
                encoding: str = "utf-8", **values: object) -> Answer:
        text = self._jinja.get_template(template).render(mark=self.script.mark, base=self.base, **values)
        return Answer(text.encode(encoding), content_type, modified)

    # -- stories ---------------------------------------------------------------------------------

    def _article(self, site: Site, story: Story) -> Published:
        if story.reprint_of:
            post = next(p for p in self.script.posts if p.id == story.reprint_of)
            story = replace(story, text=post.text.replace("\n", "\n\n"))
        path = site.article.format(slug=story.slug)
        return self._fill(story, path, self.base + path)

    def _telegram(self, number: int, post: Story) -> Published:
        path = f"/{self.script.channel.name}/{number}"
        return self._fill(post, path, self.base + path, number)

    def _fill(self, story: Story, path: str, url: str, number: int = 0) -> Published:
        epoch = self.epoch()
        event = event_month(epoch)
        month = {lang: names.split()[event.month - 1] for lang, names in MONTHS.items()}
        texts = (story.title, story.lead, story.text)
        title, lead, text = (self._plain.from_string(t).render(month=month) for t in texts)
        when = epoch + timedelta(seconds=self.script.stages[story.stage] - story.ago)
        return Published(story, title, lead, text, when, path, url, number)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 12 else 0


def _local(moment: datetime, pattern: str | None = None) -> Any:
    there = moment.astimezone(MOSCOW)
    return there.strftime(pattern) if pattern else there


# -- HTTP ----------------------------------------------------------------------------------------


class _Handler(BaseHTTPRequestHandler):
    """GET and HEAD with conditional requests and gzip."""

    web: DemoWeb
    protocol_version = "HTTP/1.1"
    server_version = "VigilDemoWeb/1"
    sys_version = ""

    def do_GET(self) -> None:
        self._serve(with_body=True)

    def do_HEAD(self) -> None:
        self._serve(with_body=False)

    def _serve(self, *, with_body: bool) -> None:
        parts = urlsplit(self.path)
        answer = self.web.get(parts.path, parse_qs(parts.query))
        body, encoded = answer.body, False
        if "gzip" in self.headers.get("Accept-Encoding", ""):
            body, encoded = gzip.compress(body, mtime=0), True
        etag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
        fresh = answer.status == 200 and self._has(etag, answer.modified)
        self.send_response(304 if fresh else answer.status)
        self.send_header("ETag", etag)
        self.send_header("Last-Modified", email.utils.format_datetime(answer.modified, usegmt=True))
        self.send_header("Vary", "Accept-Encoding")
        self.send_header("Cache-Control", "no-cache")
        if not fresh:
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(body)))
            if encoded:
                self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        if with_body and not fresh:
            self.wfile.write(body)

    def _has(self, etag: str, modified: datetime) -> bool:
        """Whether the client's copy is current; If-None-Match goes first (RFC 9110, 13.2.2)."""
        if (tags := self.headers.get("If-None-Match")) is not None:
            return tags.strip() == "*" or etag in [tag.strip().removeprefix("W/") for tag in tags.split(",")]
        since = self.headers.get("If-Modified-Since")
        try:
            return since is not None and email.utils.parsedate_to_datetime(since) >= modified
        except (ValueError, TypeError):
            return False

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: the crawler logs what it asks for."""


def make_server(port: int, state: Path, clock: Clock, stage: int | None = None) -> ThreadingHTTPServer:
    """A server on 127.0.0.1 (port 0 picks one), not yet serving."""
    server = ThreadingHTTPServer(("127.0.0.1", port), _Handler)
    web = DemoWeb(state, f"http://127.0.0.1:{server.server_address[1]}", clock, stage)
    server.RequestHandlerClass = type("Handler", (_Handler,), {"web": web})
    server.daemon_threads = True
    return server


def main(argv: list[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser("python -m processing.embedded.demo_web", description=__doc__)
    parser.add_argument("--port", type=int, default=8765, help="loopback port (default 8765; 0 picks one)")
    parser.add_argument("--state", type=Path, required=True, help="folder that keeps when the story began")
    parser.add_argument("--stage", type=int, choices=(0, 1, 2), help="stay there (default: advance)")
    options = parser.parse_args(argv)
    server = make_server(options.port, options.state, lambda: datetime.now(UTC), options.stage)
    print(f"demo web: http://127.0.0.1:{server.server_address[1]}/", flush=True)  # noqa: T201  # the command's output
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
