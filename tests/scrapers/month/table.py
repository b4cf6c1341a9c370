"""What came of the month, as a table."""

from __future__ import annotations

import statistics
from collections import Counter

from tests.scrapers.month.drive import Record
from tests.scrapers.month.oracle import FAULTS, Score, Verdicts

COLUMNS = ("polls", "visible", "documents", "versions", "tombstones", "gaps", *FAULTS)


def table(record: Record, scores: dict[str, Score], troubles: dict[str, Verdicts]) -> str:
    """What came of it, by kind of source and by trouble."""
    rows: dict[str, Counter[str]] = {}
    for site in record.world.sites:
        row = rows.setdefault(site.style, Counter())
        row.update(scores[site.id].counts)
        row["sources"] += 1
    total = sum(rows.values(), Counter())
    head = ("sources", *COLUMNS)
    lines = [f"{record.world.days} days, {len(record.world.sites)} sources, seed {record.world.seed}: "
             f"{record.crawls} crawls, {len(record.shown)} answers, {len(record.lines)} pages kept, "
             f"{record.seconds:.0f} s", ""]
    lines.append(f"{'':16}" + "".join(f"{name:>{max(8, len(name) + 2)}}" for name in head))
    for style, row in [*sorted(rows.items()), ("all", total)]:
        lines.append(f"{style:16}" + "".join(f"{row[name]:>{max(8, len(name) + 2)}}" for name in head))
    lines += ["", f"{'trouble':16}{'episodes':>10}{'told':>8}{'polls until told: median':>26}{'most':>6}"]
    for kind, found in sorted(troubles.items()):
        after = found.after or [0]
        lines.append(f"{kind:16}{found.episodes:>10}{len(found.after):>8}{statistics.median(after):>26}{max(after):>6}")
    for name in ("judged", "edits", "deletions", "never readable"):
        lines.append(f"{name}: {total[name]}")
    lines.append(f"crawls or cleanings that failed: {len(record.failures)}")
    return "\n".join(lines)
