"""Memory of one crawl process by the number of its pages: it must not grow with them."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from benchmarks.figure import Figure, Row
from benchmarks.measure import crawl, registry, site

HOSTS = 50
STEPS = (1_000, 10_000, 50_000)
ROOM = 100  # MiB that the longest crawl may take above the shortest


def measure(runs: int, scale: float = 1.0) -> Figure:
    """Highest resident size of a crawl of each length; pages of 20 KB, as their size is not what is asked."""
    del runs  # a maximum, not a median
    rows, sizes = [], []
    for step in STEPS:
        pages = max(HOSTS, int(step * scale) // HOSTS * HOSTS)
        with site(HOSTS, pages // HOSTS, size=20_000) as web, tempfile.TemporaryDirectory() as folder:
            home = Path(folder)
            ids = registry(home / "sources", web, 1, 1000)
            used = crawl(home, web, ids, "bench", "--max-bytes", str(2**40), "--time-budget", "3600")
            got = json.loads(used.out.splitlines()[-1])["dispositions"]
            if got != {"stored": pages}:
                raise RuntimeError(f"the crawl got {got}, not {pages} stored")
            sizes.append(used.rss)
            rows.append(Row(f"{pages} pages", f"{used.rss:.0f} MiB, {used.cpu / pages * 1000:.2f} CPU ms a page"))
    grown = sizes[-1] - sizes[0]
    rows.append(Row("growth", f"{grown:.0f} MiB", f"at most {ROOM} MiB", grown <= ROOM))
    return Figure("Highest resident size of one crawl process", rows)
