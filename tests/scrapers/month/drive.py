"""Runs the real crawl and the real cleaning over the world, poll by poll, on a clock of its own.

Each crawl is `scrapers.run.run_batch` in a process of its own, as the DAG has it, with WARC and index in a real S3
server; cleaning follows each crawl, in another process. The one thing that is no real one is the lake's table of
documents: a Delta commit for each of some thousand batches would be most of the time, and tests/lake has those.
"""

from __future__ import annotations

import importlib
import logging
import os
import pickle
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

import yaml
from aiohttp.abc import ResolveResult

import scrapers.spiders.batch  # noqa: F401 imported once, before the forks
from processing.config import load_config
from processing.ledger import Ledger
from processing.models import Document
from processing.pipeline import Pipeline
from processing.watch import verdicts
from scrapers.batch import BatchKeys, FileStore
from scrapers.download import GuardResolver
from scrapers.frontier import Frontier, Gap, Health, Verdict
from scrapers.handover import PageLine
from scrapers.links import site_of
from scrapers.objects import ObjectStore
from scrapers.registry import load_registry
from scrapers.run import Batch, _talk_to_stderr, run_batch
from tests.scrapers.month.server import FORK, Shown, serving
from tests.scrapers.month.world import START, Site, World

HOME = Path(__file__).resolve().parents[3]
_LAZY = (  # packages of which a crawl imports parts only when it needs them
    "scrapy", "aiohttp", "uvloop", "feedparser", "courlan", "protego", "botocore", "sqlalchemy", "scrapers", "lxml",
    "xml",
)
AGENT = "VigilTest/1 (contact: month@example.org)"


@dataclass(frozen=True)
class Poll:
    """How a source fared at one time it was asked."""

    at: datetime
    source: str
    verdict: Verdict
    reason: str
    crawl: Verdict  # the crawl's own verdict, before cleaning had a say


@dataclass
class Record:
    """All that is known after a run."""

    world: World
    shown: list[Shown]
    polls: list[Poll]
    documents: list[Document]
    lines: list[PageLine]
    gaps: dict[str, list[Gap]]
    crawls: int = 0
    rested: int = 0
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0


class Lake:
    """Documents and pages by key, as the real one keeps them: what is there stays."""

    def __init__(self) -> None:
        self.documents: dict[tuple[str, int], Document] = {}
        self.lines: dict[tuple[str, str], PageLine] = {}
        self.of_doc: dict[str, list[Document]] = {}

    def write_documents(self, documents: Sequence[Document]) -> int:
        """Document versions."""
        for document in documents:
            if (document.doc_id, document.version) not in self.documents:
                self.documents[document.doc_id, document.version] = document
                self.of_doc.setdefault(document.doc_id, []).append(document)
        return len(documents)

    def write_raw_index(self, lines: Sequence[PageLine]) -> int:
        """Pages with their dispositions."""
        for line in lines:
            self.lines.setdefault((line.source, line.page_id), line)
        return len(lines)

    def versions_of(self, source: str, doc_ids: Any) -> dict[str, list[Document]]:
        """All versions of these documents."""
        return {name: sorted(self.of_doc[name], key=lambda d: d.version) for name in doc_ids if name in self.of_doc}


def entry(site: Site, port: int) -> dict[str, Any]:
    """The site's entry in the registry."""
    root = f"http://{site.host}:{port}"
    kinds = {"t": "telegram", "s": "sitemap", "l": "listing"}
    made: dict[str, Any] = {
        "id": site.id, "name": f"Источник {site.index}", "kind": kinds.get(site.style[0], "feed"), "lang": "ru",
        "group": "month", "grade": "B2", "delay": 0, "region": "RU-PSK",
        "url": root + {"telegram": f"/s/{site.channel}", "sitemap": "/sitemap.xml", "listing": "/press"}.get(
            kinds.get(site.style[0], ""), "/feed.xml"
        ),
        "expect": {"min_per_day": site.min_per_day, "max_per_day": 500},
    }
    if site.style in ("listing-css", "listing-press"):
        made["link_css"] = ".news-item"
    if site.style == "listing-mobile":
        made["link_pattern"] = "/news/.*-[0-9]+[.]html"
    if site.style == "tg-official":
        made["official"] = {"office": "governor"}
    return made


def run(world: World, folder: Path, store: ObjectStore, progress: bool = False) -> Record:
    """The whole month. `folder` takes registry and ledger."""
    started = time.monotonic()
    _talk_to_stderr()
    logging.getLogger("vigil.crawl").setLevel(logging.ERROR)
    with serving(world) as server:
        (folder / "sources").mkdir()
        entries = [entry(site, server.port) for site in world.sites]
        (folder / "sources" / "month.yaml").write_text(yaml.safe_dump(entries, allow_unicode=True), encoding="utf-8")
        registry = load_registry(folder / "sources", HOME / "config" / "regions.yaml")
        os.environ["VIGIL_ALLOW_HOSTS"] = ",".join(f"{host}:{server.port}" for host in server.hosts())
        names = _Names(world)
        look_up = GuardResolver.look_up
        GuardResolver.look_up = lambda _, *args: names.look_up(*args)  # type: ignore[method-assign] # see _Names
        ledger = f"sqlite:///{folder / 'ledger.sqlite'}"
        Ledger.open(ledger)
        Frontier(ledger).close()
        mine, theirs = FORK.Pipe()
        cleaner = FORK.Process(target=_clean, args=(theirs, mine, folder, ledger, store))
        cleaner.start()
        _warm(tuple(registry.in_group("month")), folder, world)
        crawls = rested = 0
        failures: list[str] = []
        sources = tuple(registry.in_group("month"))
        at = START
        while at <= world.end:
            server.set_time(at)
            names.at = at
            batch = _batch(at, sources, world)
            result = _in_child(batch, store, ledger, at)
            if isinstance(result, str):
                failures.append(f"{batch.batch_id}: {result}")
            else:
                summary, health = result
                polled = [h for h in health.values() if h.last_checked_at == at]
                crawls += 1
                rested += len(sources) - len(polled)
                mine.send((summary["index_key"], at, polled))
            at += world.poll
            if progress and at.hour == 0:
                print(f"{at:%m-%d}: {crawls} crawls, {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
        mine.send(None)
        polls, documents, lines, broke = mine.recv()
        cleaner.join(30)
        shown = server.stop()
        frontier = Frontier(ledger)
        gaps = {site.id: frontier.gaps(site.id) for site in world.sites if site.is_channel}
        frontier.close()
        GuardResolver.look_up = look_up  # type: ignore[method-assign]
    return Record(
        world, shown, polls, documents, lines, gaps, crawls, rested, failures + broke, time.monotonic() - started
    )


def _warm(sources: tuple[Any, ...], folder: Path, world: World) -> None:
    """Load once, here, what every crawl's process would load again."""
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        os.environ["VIGIL_ALLOW_HOSTS"] = ""
        store, frontier = FileStore(folder / "warm"), Frontier(f"sqlite:///{folder / 'warm.sqlite'}")
        run_batch(_batch(START, sources, world), store, frontier, lambda: START)
        with os.fdopen(write, "w") as pipe:
            pipe.write("\n".join(sys.modules))
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        names = pipe.read().split("\n")
    os.waitpid(child, 0)
    for name in names:
        if name.partition(".")[0] in _LAZY:
            importlib.import_module(name)
    site_of("s00.example", 80)


@dataclass
class _Names:
    """The world's names, which are in no DNS: all on one address; on another, where none listens, while down."""

    world: World
    at: datetime = START

    async def look_up(self, host: str, port: int, family: Any) -> list[ResolveResult]:
        """As GuardResolver.look_up."""
        trouble = self.world.on_host(host).episode(self.at)
        address = "127.0.0.2" if trouble is not None and trouble.kind == "refused" else "127.0.0.1"
        return [ResolveResult(hostname=host, host=address, port=port, family=2, proto=6, flags=0)]


def _batch(at: datetime, sources: tuple[Any, ...], world: World) -> Batch:
    name = f"month-{at:%Y%m%dt%H%M%S}"
    return Batch(name, BatchKeys.of("month", f"{at:%Y-%m-%d}", name), sources, AGENT, 300.0, slowest=2 * world.poll)


def _in_child(
    batch: Batch, store: ObjectStore, ledger: str, at: datetime
) -> tuple[dict[str, Any], dict[str, Health]] | str:
    """One crawl, as its own process; its summary and the health of its sources, or what went wrong."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        try:
            frontier = Frontier(ledger)
            summary = run_batch(batch, store, frontier, lambda: at)
            told: Any = (summary, frontier.health([source.id for source in batch.sources]))
            if summary["finish_reason"] != "finished":
                told = str(summary["finish_reason"])
        except BaseException:  # noqa: BLE001 the child's boundary
            told = traceback.format_exc()
        with os.fdopen(write, "wb") as pipe:
            pickle.dump(told, pipe)
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        body = pipe.read()
    os.waitpid(child, 0)
    result: tuple[dict[str, Any], dict[str, Health]] | str = pickle.loads(body) if body else "the crawl died"  # noqa: S301 our own child's
    return result


def _forget_forkserver() -> None:
    """In a fork: a server of workers that other tests started is the parent's child, and cannot be waited for here."""
    server: Any = forkserver._forkserver  # its only name
    server._forkserver_address = server._forkserver_alive_fd = server._forkserver_pid = None


def _clean(pipe: Any, theirs: Any, folder: Path, ledger_url: str, store: ObjectStore) -> None:
    """Clean each batch as it comes, and say how its sources fare. Ends with the month's process, however that ends."""
    theirs.close()
    _forget_forkserver()
    now = START
    registry = load_registry(folder / "sources", HOME / "config" / "regions.yaml")
    ledger, lake = Ledger.open(ledger_url), Lake()
    config = load_config(HOME / "config" / "vigil.yaml")
    pipeline = Pipeline(config, registry, store, lake, ledger, lambda: now, 1)  # type: ignore[arg-type]
    polls: list[Poll] = []
    failures: list[str] = []
    while (message := pipe.recv()) is not None:
        key, now, polled = message
        try:
            if key:
                pipeline.clean([key])
                pipeline._indexes.clear()
            found = verdicts(ledger.engine, {health.source: health for health in polled})
            polls += [
                Poll(now, h.source, found[h.source].verdict, found[h.source].reason, h.verdict) for h in polled
            ]
        except Exception:  # noqa: BLE001 one batch's boundary: the month goes on, and tells of it
            failures.append(traceback.format_exc())
    pipe.send((polls, list(lake.documents.values()), list(lake.lines.values()), failures))
