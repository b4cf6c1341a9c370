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
    text, held = head(), True
    print(text, end="", flush=True)  # noqa: T201 the command's own voice; each figure as soon as it is known
    for name in args.names or names:
        section, good = measured(name, args.runs, args.scale)
        text, held = text + section, held and good
        print(section, end="", flush=True)  # noqa: T201 as above
    if args.keep:
        RESULTS.mkdir(exist_ok=True)
        file = RESULTS / f"{datetime.now(UTC):%Y-%m-%d-%H%M}.md"
        file.write_text(text, encoding="utf-8")
        print(f"kept as {file.relative_to(RESULTS.parent.parent)}")  # noqa: T201 as above
    return 0 if held else 1


def head() -> str:
    """When and where."""
    return (
        f"# Benchmarks of {datetime.now(UTC):%Y-%m-%d %H:%M} UTC\n\n{machine()}\n\nMedian (lowest–highest). "
        f"Load of the machine at the start: {os.getloadavg()[0]:.1f}; best below 0.5.\n"
    )


def measured(name: str, runs: int, scale: float) -> tuple[str, bool]:
    """A figure's table as Markdown, and whether all its floors held."""
    start = time.monotonic()
    print(f"measuring {name} ...", file=sys.stderr)  # noqa: T201 it takes minutes
    figure = importlib.import_module(f"benchmarks.{name}").measure(runs, scale)
    lines = ["", f"## {figure.title}", "", "| | | floor |", "|---|---|---|"]
    for row in figure.rows:
        verdict = {True: "held", False: "**not held**", None: ""}[row.held]
        lines.append(f"| {row.what} | {row.value} | {' '.join((row.floor, verdict)).strip()} |")
    lines.append(f"\n({time.monotonic() - start:.0f} s)")
    return "\n".join(lines) + "\n", all(row.held is not False for row in figure.rows)


if __name__ == "__main__":
    sys.exit(main())
