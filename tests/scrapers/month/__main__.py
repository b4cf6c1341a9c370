"""`python -m tests.scrapers.month [--days N] [--sites N] [--seed N]`: run the month and print its table."""

from __future__ import annotations

import argparse
import os
import pickle
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

from tests.scrapers.month.drive import run
from tests.scrapers.month.oracle import FAULTS, judge
from tests.scrapers.month.store import seaweed
from tests.scrapers.month.table import table
from tests.scrapers.month.world import World


def main() -> int:
    """The command line; 1 if anything is wrong."""
    long = os.environ.get("VIGIL_MONTH_LONG") == "1"
    parser = argparse.ArgumentParser(prog="python -m tests.scrapers.month", description=__doc__)
    parser.add_argument("--days", type=int, default=30 if long else 3)
    parser.add_argument("--sites", type=int, default=60 if long else 20)
    parser.add_argument("--poll", type=int, default=60, help="minutes between two polls")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults", type=int, default=12, help="lines of each fault to print")
    parser.add_argument("--keep", type=Path, help="file for the whole record, to be judged again")
    parser.add_argument("--again", type=Path, help="judge a record that was kept")
    args = parser.parse_args()
    if args.again:
        record = pickle.loads(args.again.read_bytes())  # noqa: S301 one of our own
    else:
        with tempfile.TemporaryDirectory(prefix="vigil-month-") as folder, seaweed(Path(folder)) as store:
            world = World(args.seed, args.sites, args.days, timedelta(minutes=args.poll))
            record = run(world, Path(folder), store, progress=True)
        if args.keep:
            args.keep.write_bytes(pickle.dumps(record))
    scores, troubles = judge(record)
    print(table(record, scores, troubles))
    for name in FAULTS:
        found = [f"{site} {line}" for site, score in scores.items() for line in score.faults]
        found = [line for line in found if f" {name}: " in line]
        for line in found[: args.faults]:
            print(line)
        if len(found) > args.faults:
            print(f"... and {len(found) - args.faults} more of: {name}")
    for text in record.failures[:3]:
        print(text)
    return int(bool(record.failures) or any(score.faults for score in scores.values()))


if __name__ == "__main__":
    sys.exit(main())
