"""Detection: documents a minute and core, start-up, memory, and its share of what cleaning the same documents costs."""

from __future__ import annotations

import json
import statistics
from typing import Any

from benchmarks.figure import Figure, Row
from benchmarks.measure import run, spread

MIXED, FULL = 40_000, 6_000  # documents of 2.5 KB a minute and core, at 5 % and at 100 % disclosures
SHARE = 0.10  # of trafilatura's time for the same documents
FIRST, PEAK = 1.0, 150  # seconds to the first answer, MiB


def measure(runs: int, scale: float = 1.0) -> Figure:
    """Interleaved runs of detection at 5 % and at 100 % disclosures, and of trafilatura on pages of real size."""
    count = max(60, int(1_200 * scale))
    done: dict[str, list[dict[str, Any]]] = {"mixed": [], "full": [], "clean": []}
    for _ in range(runs):
        for name, what, documents, share in (
            ("mixed", "detect", count, 0.05), ("full", "detect", count // 3, 1.0), ("clean", "clean", count // 4, 0.05),
        ):  # fmt: skip
            done[name].append(json.loads(run("benchmarks.reading", what, str(documents), str(share)).out))
    cost = {name: [row["cpu"] / row["documents"] for row in rows] for name, rows in done.items()}
    speed = {name: 60 / statistics.median(values) for name, values in cost.items()}
    shares = [detected / cleaned for detected, cleaned in zip(cost["mixed"], cost["clean"], strict=True)]
    first = statistics.median(row["first"] for row in done["mixed"])
    warm = statistics.median(row["warm"] for row in done["mixed"])
    peak = max(row["peak"] for rows in (done["mixed"], done["full"]) for row in rows)
    same = all(len({row["digest"] for row in done[name]}) == 1 for name in ("mixed", "full"))
    ms = {name: spread([value * 1000 for value in values]) for name, values in cost.items()}
    return Figure(
        "Detection, documents of 2.5 KB in three languages, CPU of one core",
        [
            Row(
                "5 % disclosures",
                f"{speed['mixed']:,.0f} a minute, {ms['mixed']} ms each",
                f"≥ {MIXED:,}",
                speed["mixed"] >= MIXED,
            ),
            Row(
                "100 % disclosures",
                f"{speed['full']:,.0f} a minute, {ms['full']} ms each",
                f"≥ {FULL:,}",
                speed["full"] >= FULL,
            ),
            Row("trafilatura (fast) on the same documents in pages of 270 KB", f"{ms['clean']} ms each"),
            Row("detection ÷ trafilatura", spread(shares), f"≤ {SHARE}", statistics.median(shares) <= SHARE),
            Row("the first 150 documents of a process", f"{warm:.1f} s of CPU: lists, tables and expressions"),
            Row("import to first document", f"{first:.2f} s", f"< {FIRST:.0f} s", first < FIRST),
            Row("highest resident size", f"{peak:.0f} MiB", f"< {PEAK} MiB", peak < PEAK),
            Row("same output in every run", "yes" if same else "no", "yes", same),
        ],
    )
