"""Polling feeds that did not change: CPU per feed above a bare Scrapy spider that asks the same."""

from __future__ import annotations

import json
import statistics
import tempfile
from pathlib import Path

from benchmarks.figure import Figure, Row
from benchmarks.measure import crawl, registry, run, site, spread

HOSTS, FEEDS = 200, 1000
FLOOR = 2.0  # ms of CPU


def measure(runs: int, scale: float = 1.0) -> Figure:
    """The first crawl learns the feeds and their one page; what is measured is the polls after it."""
    hosts, feeds = max(1, int(HOSTS * scale)), max(1, int(HOSTS * scale)) * (FEEDS // HOSTS)
    ours, bare, same = [], [], 1.0
    with site(hosts, 1, size=2000) as web, tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        ids = registry(home / "sources", web, feeds // hosts, 1)
        crawl(home, web, ids, "bench-first")
        for number in range(runs):
            used = run("benchmarks.bare", str(web.port), str(hosts), str(feeds), "feeds")
            if used.out.split() != [str(feeds)]:
                raise RuntimeError(f"bare Scrapy got {used.out!r}, not {feeds} answers")
            bare.append(used.cpu / feeds * 1000)
            used = crawl(home, web, ids, f"bench-{number}")
            told = json.loads(used.out.splitlines()[-1])["sources"].values()
            same = min(same, sum(each["status"] == 304 for each in told) / feeds)
            ours.append(used.cpu / feeds * 1000)
    above = [mine - theirs for mine, theirs in zip(ours, bare, strict=True)]
    held = statistics.median(above) <= FLOOR
    return Figure(
        f"{feeds} unchanged feeds on {hosts} hosts, {runs} interleaved runs, start-up included",
        [
            Row("answers 304", f"{same:.1%}", "at least 99 %", same >= 0.99),
            Row("Vigil: CPU ms per feed", spread(ours)),
            Row("bare Scrapy: CPU ms per feed", spread(bare)),
            Row(
                "above bare Scrapy: CPU ms per feed",
                spread(above),
                f"at most {FLOOR}", held,
            ),
        ],
    )
