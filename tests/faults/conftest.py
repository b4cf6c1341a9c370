"""A house without Airflow, with the demo at its first stage already crawled."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scrapers.objects import ObjectStore
from tests.house import HOME, House, open_house


@pytest.fixture
def house(tmp_path: Path, store: ObjectStore) -> Iterator[House]:
    """Empty lake, ledger and inbox."""
    with open_house(tmp_path, store) as made:
        made.show_stage(0)
        yield made


def drive(house: House, step: str, kill_at: str | None = None) -> int:
    """Run one step in a process of its own, killed with SIGKILL at a point if one is named. Returns its exit code."""
    argv = [sys.executable, "-m", "tests.faults.driver", step, *([kill_at] if kill_at else [])]
    done = subprocess.run(argv, env=house.env, cwd=HOME, capture_output=True, text=True, timeout=120, check=False)
    if kill_at is None:
        assert done.returncode == 0, done.stderr
    return done.returncode
