"""A crawl that is killed at any moment: what it said it has is there, nothing is torn, and the next one goes on.

Five kills here; fifty with VIGIL_FAULTS_LONG=1 (some minutes). VIGIL_FAULTS_SEED repeats a run.
"""

from __future__ import annotations

import io
import os
import random
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from scrapers.handover import Disposition
from scrapers.warc import read_index, read_record, rebuild_index
from scrapers.wire import decoded_digest
from tests.scrapers.conftest import HOME, Crawler, Site, crawl, site

__all__ = ["crawl", "site"]  # fixtures

KILLS = 50 if os.environ.get("VIGIL_FAULTS_LONG") == "1" else 5
SEED = int(os.environ.get("VIGIL_FAULTS_SEED", "0")) or random.randrange(1, 10**6)  # noqa: S311 moments, no secrets
SOURCES = [
    {"id": f"s-{name}", "kind": "feed", "url": f"/{name}.xml", "max_pages": 100, "delay": 0.0} for name in "abc"
]
PAGES = 40  # of each source


def fill(site: Site, version: int) -> dict[str, bytes]:
    """The site as it stands: every page new at first, then some edited in place; URL -> body."""
    for source in "abc":
        for number in range(PAGES):
            path = f"/{source}/{number}.html"
            if version == 0 or number % 5 == version % 5:
                site.page(path, f"version {version} " + "слово " * 300, etag=False)
        site.feed(f"/{source}.xml", [f"/{source}/{number}.html" for number in range(PAGES)])
    return {
        site.url + path: reply.body for path, reply in site.routes.items() if path.endswith(".html")  # type: ignore[union-attr]
    }


def run(crawl: Crawler, batch: str, kill_after: float | None, storing: bool = False) -> int:
    """One crawl as the task starts it; its exit code.

    It is killed with SIGKILL `kill_after` seconds after its start, or after it began to write an object.
    """
    before = set(crawl.out.rglob("*"))
    process = subprocess.Popen(
        crawl.command(SOURCES, batch), env=crawl.env, cwd=HOME, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while storing and process.poll() is None and not any(".part" in f.name for f in set(crawl.out.rglob("*")) - before):
        time.sleep(0.001)
    try:
        return process.wait(timeout=kill_after if kill_after is not None else 120)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        return process.wait(timeout=30)


def stored(out: Path) -> dict[str, set[str]]:
    """URL -> digests of the decoded bodies in all archives. Fails if an archive or index is torn or disagrees."""
    found: dict[str, set[str]] = {}
    for file in sorted(out.rglob("*.warc.gz")):
        data = file.read_bytes()
        for record in ArchiveIterator(io.BytesIO(data), check_digests="raise"):  # an independent reader
            record.raw_stream.read()
        lines = rebuild_index(data)
        index = file.with_name(file.name.replace(".warc.gz", ".index.jsonl"))
        if index.exists():
            assert read_index(index.read_bytes()) == lines
        for line in lines:
            if line.disposition is Disposition.STORED:
                assert line.offset is not None
                assert line.length is not None
                page = read_record(data[line.offset : line.offset + line.length])
                digest = decoded_digest(page.body, page.content_encoding, 1 << 20)
                found.setdefault(line.requested_url, set()).add(digest)
    return found


def acknowledged(out: Path) -> dict[str, str]:
    """URL -> digest of the pages that the frontier says are stored."""
    file = out / "frontier.sqlite"
    if not file.exists():
        return {}
    with sqlite3.connect(file) as db:
        if not db.execute("select 1 from sqlite_master where name = 'frontier_url'").fetchone():
            return {}
        return dict(db.execute("select url, digest from frontier_url where digest is not null").fetchall())


@pytest.mark.timeout(1500)
def test_kill_at_random_moments_loses_nothing(site: Site, crawl: Crawler) -> None:
    """After every kill each acknowledged page is in a whole archive; in the end every page's last version is."""
    dice = random.Random(SEED)  # noqa: S311 as above
    fill(site, 0)
    assert run(crawl, "first", None) == 0
    fill(site, 1)
    crawl.make_due()
    started = time.monotonic()
    assert run(crawl, "quiet", None) == 0
    whole = time.monotonic() - started  # of a crawl like those that are killed: a fifth of the pages is new
    exits, kept, batch = Counter[int](), Counter[str](), 0
    for number in range(1, 20 * KILLS):  # some crawls are done before their moment comes
        if exits[-signal.SIGKILL] == KILLS:
            break
        pages = fill(site, number + 1)
        crawl.make_due()
        before = len(list(crawl.out.rglob("*.warc.gz")))
        storing = dice.random() < 0.5
        code = run(crawl, f"b{batch}", dice.uniform(0, 0.02) if storing else dice.uniform(0.3, 0.95) * whole, storing)
        exits[code] += 1
        new = len(list(crawl.out.rglob("*.warc.gz"))) - before
        kept["with its archive" if new and code == -signal.SIGKILL else "before its archive" if code else "ended"] += 1
        have = stored(crawl.out)
        for url, digest in acknowledged(crawl.out).items():
            assert digest in have.get(url, set()), f"{url} is acknowledged and missing (seed {SEED}, kill {number})"
        batch += dice.random() < 0.5  # the task's next try keeps the batch's name, the next schedule does not
    crawl.make_due()
    assert run(crawl, f"b{batch}", None) == 0
    crawl.make_due()
    assert run(crawl, "last", None) == 0
    have = stored(crawl.out)
    missing = [url for url, body in pages.items() if decoded_digest(body, "", 1 << 20) not in have.get(url, set())]
    assert missing == [], f"seed {SEED}"
    assert exits[-signal.SIGKILL] == KILLS, exits
    known = len(acknowledged(crawl.out))
    print(f"seed {SEED}: {dict(exits)} exits, {dict(kept)}; {known} pages acknowledged, 0 missing")
