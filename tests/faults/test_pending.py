"""Which batches are pending is read from the lake: nothing stored is forgotten, whatever its date or its crawl."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from processing.config import Settings
from processing.ledger import Ledger
from processing.pipeline import CRAWL_LIMIT, Pipeline, open_pipeline
from scrapers.handover import index_key
from scrapers.objects import ObjectStore
from tests.faults.conftest import drive
from tests.house import HOME, House

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


@dataclass
class Clock:
    """A clock that the test turns."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        """The time."""
        return self.now


@pytest.fixture
def pipeline(tmp_path: Path, store: ObjectStore) -> Pipeline:
    """A pipeline over an empty lake and ledger, at a fixed time."""
    made = open_pipeline(
        Settings(
            config_file=HOME / "config" / "vigil.yaml", sources_dir=HOME / "config" / "demo",
            ledger_url=f"sqlite:///{tmp_path / 'ledger.sqlite'}", bucket=store.bucket, prefix=store.prefix,
        )
    )
    made.clock = Clock()
    return made


def put(pipeline: Pipeline, day: date, name: str = "a", group: str = "demo") -> str:
    """An index of a batch, as a crawl of that day would store it."""
    key = index_key(group, day.isoformat(), f"{group}-{day:%Y%m%d}t120000-{name}")
    pipeline.store.put(key, b"", "application/x-ndjson")
    return key


def finish(ledger: Ledger, *keys: str) -> None:
    """These batches are done."""
    for key in keys:
        ledger.mark_batch(key.rsplit("/", 1)[-1].removesuffix(".index.jsonl"), key, {}, NOW)


def test_an_old_batch_that_failed_stays_pending(pipeline: Pipeline) -> None:
    """Days of finished batches after it do not make it forgotten."""
    old = put(pipeline, NOW.date() - timedelta(days=20))
    for day in range(10):
        new = put(pipeline, NOW.date() - timedelta(days=day))
        assert old in pipeline.pending()
        finish(pipeline.ledger, new)
    assert pipeline.pending() == [old]
    finish(pipeline.ledger, old)
    assert pipeline.pending() == []


def test_a_batch_from_the_future_does_not_hide_the_present(pipeline: Pipeline) -> None:
    """A crawl under a wrong clock is processed, and today's batches after it are too."""
    finish(pipeline.ledger, put(pipeline, NOW.date() + timedelta(days=42)))
    assert pipeline.pending() == []
    today = put(pipeline, NOW.date())
    assert pipeline.pending() == [today]


def test_a_late_old_batch_is_found_by_the_nightly_look(pipeline: Pipeline) -> None:
    """The sweep skips days long finished; the look at everything finds it, and the sweep after that too."""
    finish(pipeline.ledger, put(pipeline, NOW.date()))
    assert pipeline.pending() == []
    late = put(pipeline, NOW.date() - timedelta(days=60))
    assert pipeline.pending() == []
    assert pipeline.pending(everything=True) == [late]
    assert pipeline.pending() == [late]


def test_oldest_first_whatever_the_group_and_strays_are_passed_over(pipeline: Pipeline) -> None:
    """Order is by the time in the batch's name; a folder that is no day stops nothing."""
    pipeline.store.put("raw/group=demo/date=tmp/x.index.jsonl", b"", "text/plain")
    day = NOW.date()
    keys = [
        index_key(group, day.isoformat(), f"{group}-{day:%Y%m%d}t{time}-x")
        for group, time in (("news", "000100"), ("channels", "120000"), ("demo", "235900"))
    ]
    for key in reversed(keys):
        pipeline.store.put(key, b"", "application/x-ndjson")
    assert pipeline.pending() == keys
    assert pipeline.pending_shares(2) == [[keys[0], keys[2]], [keys[1]]]


def test_pages_of_a_crawl_that_never_wrote_its_index_are_processed(house: House) -> None:
    """Killed between WARC and index and never run again: after an hour the index is made from the WARC."""
    assert drive(house, "crawl", "after:scrapers.objects:ObjectStore.put_once") == -signal.SIGKILL
    env = house.env
    pipeline = open_pipeline(
        Settings(
            config_file=Path(env["VIGIL_CONFIG"]), sources_dir=Path(env["VIGIL_SOURCES"]),
            ledger_url=env["VIGIL_LEDGER_URL"], bucket=env["VIGIL_BUCKET"], prefix=env["VIGIL_PREFIX"],
        )
    )
    assert pipeline.pending(everything=True) == []
    pipeline.clock = Clock(datetime.now(UTC) + CRAWL_LIMIT + timedelta(minutes=1))
    assert len(pipeline.pending(everything=True)) == 1
    pipeline.process()
    assert house.row_counts()["raw_index"] >= 10
