"""A house with Airflow in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scrapers.objects import ObjectStore
from tests.house import House, open_house


@pytest.fixture
def house(tmp_path: Path, store: ObjectStore) -> Iterator[House]:
    """Empty lake, ledger and inbox; Airflow's database migrated."""
    with open_house(tmp_path, store) as made:
        made.migrate_airflow()
        yield made
