"""`python -m benchmarks [NAME ...] [--runs N] [--scale F] [--keep]`: one table of all figures, or of those named.

Every other module of this folder with a `measure(runs, scale)` is a figure. Exit code 1 if a floor does not hold.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import benchmarks
from benchmarks.measure import machine

RESULTS = Path(__file__).resolve().parent / "results"
TOOLS = frozenset({"__main__", "bare", "figure", "measure", "reading", "site"})


def main() -> int:
    """Run, print, keep."""
    names = sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name not in TOOLS)
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure what the project promises.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names)}; all by default")
    parser.add_argument("--runs", type=int, default=5, help="interleaved runs of which the median counts")
    parser.add_argument("--scale", type=float, default=1.0, help="size of the workload; other than 1 says little")
    parser.add_argument("--keep", action="store_true", help="write the table into benchmarks/results/")
    args = parser.parse_args()
    if unknown := set(args.names) - set(names):
        parser.error(f"unknown figure {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    text, held = table(args.names or names, args.runs, args.scale)
    print(text, end="")  # noqa: T201 the command's own voice
    if args.keep:
        RESULTS.mkdir(exist_ok=True)
        file = RESULTS / f"{datetime.now(UTC):%Y-%m-%d-%H%M}.md"
        file.write_text(text, encoding="utf-8")
        print(f"kept as {file.relative_to(RESULTS.parent.parent)}")  # noqa: T201 as above
    return 0 if held else 1


def table(names: list[str], runs: int, scale: float) -> tuple[str, bool]:
    """Markdown, and whether all floors held."""
    load = os.getloadavg()[0]
    lines = [f"# Benchmarks of {datetime.now(UTC):%Y-%m-%d %H:%M} UTC", "", machine()]
    lines += [
        f"Median (lowest–highest). Load of the machine at the start: {load:.1f}; above 0.5 the spread tells more."
    ]
    held = True
    for name in names:
        start = time.monotonic()
        print(f"measuring {name} ...", file=sys.stderr)  # noqa: T201 it takes minutes
        figure = importlib.import_module(f"benchmarks.{name}").measure(runs, scale)
        lines += ["", f"## {figure.title}", "", "| | | floor |", "|---|---|---|"]
        for row in figure.rows:
            verdict = {True: "held", False: "**not held**", None: ""}[row.held]
            lines.append(f"| {row.what} | {row.value} | {' '.join((row.floor, verdict)).strip()} |")
            held = held and row.held is not False
        lines.append(f"\n({time.monotonic() - start:.0f} s)")
    return "\n".join(lines) + "\n", held


if __name__ == "__main__":
    sys.exit(main())
