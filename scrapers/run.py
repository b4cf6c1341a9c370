"""Crawl a batch of sources in one Scrapy process.

`python -m scrapers.run --batch-id ID --group G --date YYYY-MM-DD --sources a,b`

The last line of stdout is the batch's summary as JSON. Exit codes: 0 the batch is stored and remembered,
1 the crawl was stopped or could not be stored (nothing half-written remains), 2 wrong arguments or registry.
An unreachable or broken source is a verdict in the summary, never an error of the process.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import os
import re
import signal
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    gc.disable()  # until all is imported: modules are no garbage

from scrapers.batch import BatchKeys, FileStore, Store, adopt_stored, finish_batch
from scrapers.frontier import Changes, Frontier
from scrapers.handover import PageLine
from scrapers.registry import RegistryError, Source, load_registry
from scrapers.settings import BATCH_BYTES, DEFAULT_USER_AGENT, TIME_BUDGET, TIMEOUT, crawl_settings
from scrapers.spool import Spool
from scrapers.warc import BatchWriter

SLACK = timedelta(seconds=60)  # a run a little before the time is the run that was meant
HOME = Path(__file__).resolve().parent.parent
log = logging.getLogger("vigil.crawl")


@dataclass(frozen=True)
class Batch:
    """What one process is to crawl, and where it puts the result."""

    batch_id: str
    keys: BatchKeys
    sources: tuple[Source, ...]
    user_agent: str
    time_budget: float
    max_bytes: int = BATCH_BYTES
    timeout: float = TIMEOUT  # seconds for one answer
    slowest: timedelta | None = None  # between two polls of a source; None: all are polled


@dataclass(frozen=True)
class Crawled:
    """What a Scrapy run brought home."""

    writer: BatchWriter
    changes: Changes
    crawls: dict[str, Any]  # source id -> SourceCrawl
    finish_reason: str
    over: str | None = None  # why pages were deferred, if the batch ended before its work


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    _talk_to_stderr()
    args = _arguments(argv)
    try:
        batch = _batch(args)
        store = _store(args)
    except (RegistryError, ValueError) as error:
        print(error, file=sys.stderr)  # noqa: T201 the command line's own voice
        return 2
    frontier = Frontier(_ledger_url(args))
    try:
        summary = run_batch(batch, store, frontier, lambda: datetime.now(UTC))
    except Exception as error:
        log.exception("the batch could not be stored or remembered; a rerun is safe")
        summary = _summary(batch, [], {}) | {"finish_reason": f"error: {type(error).__name__}"}
    finally:
        frontier.close()
    return _report(summary, args.stats)


def run_batch(
    batch: Batch, store: Store, frontier: Frontier, clock: Callable[[], datetime]
) -> dict[str, Any]:
    """Crawl, store, remember; the summary. A batch that is stored already is not crawled again."""
    if store.exists(batch.keys.warc):
        log.info("batch is stored already; taking the stored pages")
        lines = adopt_stored(store, batch.keys, frontier, clock()).lines
        return _summary(batch, lines, _stored_sources(batch, lines, frontier))
    resting = frontier.resting([source.id for source in batch.sources], clock() + SLACK) if batch.slowest else set()
    if resting:
        log.info("not yet due: %s", ", ".join(sorted(resting)))
        rested = _stored_sources(batch, [], frontier, resting)
        batch = replace(batch, sources=tuple(source for source in batch.sources if source.id not in resting))
        if not batch.sources:
            return _summary(batch, [], rested)
    crawled = crawl(batch, frontier, clock)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # from here on every step is whole or not at all
    try:
        if crawled.finish_reason != "finished":
            return _summary(batch, [], {}) | {"finish_reason": crawled.finish_reason}
        sources = _judge(batch, crawled, frontier, clock())
        done = finish_batch(store, batch.keys, crawled.writer, crawled.changes, frontier, clock())
        for source, error in done.refused.items():
            sources[source] |= {"verdict": "broken", "error": error}
        sources |= rested if resting else {}
        return _summary(batch, done.lines, sources) | {"over": crawled.over}
    finally:
        crawled.writer.close()


def crawl(batch: Batch, frontier: Frontier, clock: Callable[[], datetime]) -> Crawled:
    """One Scrapy run over all sources of the batch. Once a process, as Twisted's reactor has it."""
    from scrapy.crawler import AsyncCrawlerProcess

    from scrapers.render import render_settings
    from scrapers.spiders.batch import BatchSpider

    writer = BatchWriter(batch.keys.warc, batch.batch_id, clock(), batch.user_agent, batch.max_bytes)
    changes, crawls = Changes(urls=Spool()), dict[str, Any]()
    settings = crawl_settings(batch.user_agent, batch.time_budget, batch.timeout)
    if any(source.render for source in batch.sources):
        settings |= render_settings(batch.user_agent, batch.timeout)
    process = AsyncCrawlerProcess(settings)
    crawler = process.create_crawler(BatchSpider)
    process.crawl(
        crawler,
        sources=batch.sources,
        frontier=frontier,
        writer=writer,
        changes=changes,
        clock=clock,
        crawls=crawls,
    )
    gc.freeze()
    gc.enable()
    gc.set_threshold(20_000, 20, 20)  # a crawl makes few cycles and keeps many objects
    process.start()
    politeness = getattr(crawler, "vigil_politeness", None)
    changes.hosts = dict(politeness.new_holds) if politeness else {}
    reason = crawler.stats.get_value("finish_reason") if crawler._stats is not None else None
    return Crawled(writer, changes, crawls, reason or "aborted", politeness.over if politeness else None)


def _judge(batch: Batch, crawled: Crawled, frontier: Frontier, now: datetime) -> dict[str, dict[str, Any]]:
    """Health of each source into the changes; what the summary says of it."""
    from scrapers.health import judge, news_of
    from scrapers.rhythm import HISTORY

    names = [source.id for source in batch.sources]
    before, days = frontier.health(names), frontier.days(names, (now - HISTORY).date())
    told: dict[str, dict[str, Any]] = {}
    for source in batch.sources:
        report = crawled.crawls[source.id].report
        old = before.get(source.id)
        health = judge(source, report, old, now, days.get(source.id, ()), batch.slowest)
        if health is not None:
            crawled.changes.health.append(health)
        if day := news_of(source, report, old, now):
            crawled.changes.days.append(day)
        shown = health or before.get(source.id)
        told[source.id] = {
            "verdict": shown.verdict if shown else "unknown",
            "error": health.last_error if health else report.note,
            "links": report.links,
            "new": report.new,
            "pages": report.stored + sum(report.failed.values()) - report.repeated,
            "status": report.status,
            "asked": report.asked,
            "stored": report.stored,
            "unchanged": report.unchanged,
            "failed": dict(report.failed),
            "repeated_failures": report.repeated,
            "deferred": report.deferred,
            "foreign": report.foreign.total(),
        }
    return told


def _stored_sources(
    batch: Batch, lines: Sequence[PageLine], frontier: Frontier, only: set[str] | None = None
) -> dict[str, dict[str, Any]]:
    """What the summary says of sources that were not asked: because their pages are stored, or it is not time."""
    health = frontier.health([source.id for source in batch.sources])
    pages = Counter(line.source for line in lines)
    return {
        source.id: {
            "verdict": health[source.id].verdict if source.id in health else "unknown",
            "error": health[source.id].last_error if source.id in health else None,
            "links": (health[source.id].last_links if source.id in health else None) or 0,
            "pages": pages[source.id],
        }
        for source in batch.sources
        if only is None or source.id in only
    }


def _summary(batch: Batch, lines: Sequence[PageLine], sources: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        "batch_id": batch.batch_id,
        "index_key": batch.keys.index if lines else None,
        "warc_key": batch.keys.warc if lines else None,
        "pages": len(lines),
        "dispositions": dict(sorted(Counter(line.disposition.value for line in lines).items())),
        "sources": sources,
        "deferred": sum(told.get("deferred", 0) for told in sources.values()),
        "over": None,
        "finish_reason": "finished",
    }


def _report(summary: dict[str, Any], stats: Path | None) -> int:
    text = json.dumps(summary, ensure_ascii=False)
    if stats:
        stats.parent.mkdir(parents=True, exist_ok=True)
        part = stats.with_name(stats.name + ".part")
        part.write_text(text + "\n", encoding="utf-8")
        part.replace(stats)
    print(text, flush=True)  # noqa: T201 the hand-over to the caller
    return 0 if summary["finish_reason"] == "finished" else 1


def _batch(args: argparse.Namespace) -> Batch:
    """The batch that the arguments ask for. Raises RegistryError, ValueError."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", args.date):
        raise ValueError(f"--date {args.date!r}: use YYYY-MM-DD")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}", args.group):
        raise ValueError(f"--group {args.group!r}: use letters, digits, '_', '-'")
    registry = load_registry(args.sources_dir)
    ids = [name.strip() for name in args.sources.split(",") if name.strip()]
    unknown = [name for name in ids if name not in registry.sources]
    if unknown or not ids:
        raise ValueError(f"--sources: {', '.join(unknown) or 'none given'}: not in {args.sources_dir}")
    sources = tuple(registry[name] for name in dict.fromkeys(ids))
    if any(source.render for source in sources):
        from scrapers.render import missing

        if fault := missing(sources):
            raise ValueError(fault)
    agent = " ".join(args.user_agent.split())
    return Batch(
        args.batch_id,
        BatchKeys.of(args.group, args.date, args.batch_id),
        sources,
        agent,
        args.time_budget,
        args.max_bytes,
        args.timeout,
        timedelta(minutes=args.slowest) if args.slowest else None,
    )


def _store(args: argparse.Namespace) -> Store:
    if args.out:
        return FileStore(args.out)
    from scrapers.objects import ObjectStore  # boto3, not needed with --out

    return ObjectStore.from_env()


def _ledger_url(args: argparse.Namespace) -> str:
    if args.ledger_url:
        return str(args.ledger_url)
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
        return f"sqlite:///{args.out / 'frontier.sqlite'}"
    return os.environ.get("VIGIL_LEDGER_URL", f"sqlite:///{HOME / 'var' / 'ledger.sqlite'}")


def _talk_to_stderr() -> None:
    """Our own lines from INFO up; of libraries only errors (Scrapy's other lines name every URL)."""
    everyone, ours = logging.StreamHandler(sys.stderr), logging.StreamHandler(sys.stderr)
    everyone.setLevel(logging.ERROR)
    logging.basicConfig(handlers=[everyone], format="%(name)s: %(message)s", force=True)
    ours.setFormatter(logging.Formatter("%(message)s"))
    log.handlers, log.propagate = [ours], False
    log.setLevel(logging.INFO)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scrapers.run", description="Crawl a batch of sources.")
    parser.add_argument(
        "--batch-id", required=True, help="from DAG, batch and logical date; never the try number"
    )
    parser.add_argument("--group", required=True, help="schedule group, part of the object key")
    parser.add_argument("--date", required=True, help="logical date, YYYY-MM-DD")
    parser.add_argument("--sources", required=True, help="source ids, comma-separated")
    default = Path(os.environ.get("VIGIL_SOURCES", HOME / "config" / "sources"))
    parser.add_argument("--sources-dir", type=Path, default=default, help="folder of the registry")
    parser.add_argument(
        "--ledger-url",
        help="database of the frontier. Others see arguments: one with a password belongs into VIGIL_LEDGER_URL, "
        "the default without --out",
    )
    parser.add_argument("--out", type=Path, help="write objects as files here, with a frontier of their own")
    parser.add_argument("--user-agent", default=DEFAULT_USER_AGENT)
    parser.add_argument("--stats", type=Path, help="file for the summary")
    parser.add_argument(
        "--time-budget",
        type=float,
        default=TIME_BUDGET,
        help="seconds after which no further page is asked; the rest stays due",
    )
    parser.add_argument(
        "--max-bytes",
        type=int,
        default=BATCH_BYTES,
        help="size of the archive after which no further page is taken; the rest stays due",
    )
    parser.add_argument(
        "--slowest",
        type=float,
        help="minutes between two polls of a source at most; sources that publish rarely are left out until then, "
        "unless a known page of theirs is due. Without it, all are polled",
    )
    parser.add_argument("--timeout", type=float, default=TIMEOUT, help="seconds for one answer, body included")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
