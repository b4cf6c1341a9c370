"""Crawl with WARC writing against a bare Scrapy spider that stores nothing: pages per CPU second, start-up included."""

from __future__ import annotations

import json
import statistics
import tempfile
from pathlib import Path

from benchmarks.figure import Figure, Row
from benchmarks.measure import Site, Used, crawl, registry, run, site, spread

HOSTS, PAGES = 20, 2000
FLOOR, AIM = 1.8, 2.2


def measure(runs: int, scale: float = 1.0) -> Figure:
    """Interleaved runs over two sites: half the pages with a charset in the header, half without."""
    pages = max(HOSTS, int(PAGES * scale) // HOSTS * HOSTS)
    rows, ratios = [], []
    for charset, label in (("charset", "charset in the header"), ("none", "no charset in the header")):
        ours: list[Used] = []
        bare: list[Used] = []
        with site(HOSTS, pages // HOSTS, charset) as web:
            for number in range(runs):
                bare.append(_bare(web, pages))
                ours.append(_ours(web, pages, number))
        pairs = [b.cpu / o.cpu for b, o in zip(bare, ours, strict=True)]
        ratios += pairs
        for name, used in (("Vigil with WARC", ours), ("bare Scrapy", bare)):
            rate = spread([pages / each.cpu for each in used])
            rows.append(Row(f"{name}, {label}: pages per CPU second", rate))
        rows.append(Row(f"ratio, {label}", spread(pairs)))
    ratio = statistics.median(ratios)
    rows.append(Row("ratio, both", spread(ratios), f"at least {FLOOR}, aim {AIM}", ratio >= FLOOR))
    return Figure(f"Crawl with WARC, {pages} pages of 270 KB on {HOSTS} hosts, {runs} interleaved runs", rows)


def _bare(web: Site, pages: int) -> Used:
    used = run("benchmarks.bare", str(web.port), str(HOSTS), str(pages))
    if used.out.split() != [str(pages)]:
        raise RuntimeError(f"bare Scrapy got {used.out!r}, not {pages} pages")
    return used


def _ours(web: Site, pages: int, number: int) -> Used:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        ids = registry(home / "sources", web, 1, pages // HOSTS)
        used = crawl(home, web, ids, f"bench-{number}", "--max-bytes", str(2**40))
        got = json.loads(used.out.splitlines()[-1])["dispositions"]
        if got != {"stored": pages}:
            raise RuntimeError(f"the crawl got {got}, not {pages} stored")
        return used
