"""The ledger: opening it, numbering versions, remembering batches, silences."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text

from processing.alert.outbox import Outbox
from processing.config import Route
from processing.errors import ConfigError
from processing.ledger import Ledger, reading, writing
from processing.ledger.schema import Delivery, Silence
from tests.alert.delivering import Clock, put, record
from tests.resolve.making import config

NOW = datetime(2025, 1, 2, 3, 4, tzinfo=UTC)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/deep/ledger.sqlite"


def test_several_processes_create_one_ledger(url: str) -> None:
    """Processes that start at once on an empty folder all get a whole ledger."""
    code = f"from processing.ledger import Ledger; print(Ledger.open({url!r}).done_batches())"
    started = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(4)]
    assert [(p.communicate(timeout=60)[0], p.returncode) for p in started] == [(b"set()\n", 0)] * 4


def test_version_numbers_are_given_once(url: str) -> None:
    """The same text is the same version whoever asks, and the page that brought it may write it again."""
    ledger = Ledger.open(url)
    first = ledger.document_version("d", "sha256:a", "s", "page-1", NOW)
    assert (first.version, first.is_new, first.is_known_doc) == (1, True, False)
    assert ledger.document_version("d", "sha256:a", "s", "page-1", NOW) == first
    again = ledger.document_version("d", "sha256:a", "s", "page-2", NOW)
    assert (again.version, again.is_new, again.page_id) == (1, False, "page-1")
    edited = ledger.document_version("d", "sha256:b", "s", "page-2", NOW)
    assert (edited.version, edited.is_new, edited.is_known_doc) == (2, True, True)
    ledger.engine.dispose()


def test_a_text_that_comes_back_is_a_version_of_its_own(url: str) -> None:
    """17 corrected to 14 again is news; the same text fetched twice, or fetched early and told late, is not."""
    ledger = Ledger.open(url)
    at = [NOW + timedelta(hours=hour) for hour in range(5)]
    fetched = [("a", at[0], 1), ("b", at[2], 2), ("a", at[3], 3), ("a", at[4], 3), ("b", at[1], 2)]
    for digest, when, version in fetched:
        assert ledger.document_version("d", digest, "s", f"page-{digest}", when).version == version
    assert ledger.document_version("d", "a", "s", "page-a", at[3]).is_new
    assert not ledger.document_version("d", "a", "s", "page-a", at[4]).is_new
    ledger.engine.dispose()


def test_threads_number_versions_without_gap(url: str) -> None:
    """Eight at once on one document: versions 1 to 8, each once."""
    ledger = Ledger.open(url)
    found: list[int] = []

    def ask(number: int) -> None:
        found.append(ledger.document_version("d", f"sha256:{number}", "s", "p", NOW).version)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ledger.engine.dispose()
    assert sorted(found) == list(range(1, 9))


def test_reading_does_not_wait_for_a_writer(url: str) -> None:
    """While one writes, another reads what was there before, without a lock."""
    ledger = Ledger.open(url)
    with writing(ledger.engine) as writer:
        writer.add(Silence(field="region", value="RU-PSK", until=NOW, reason="r", author="a", created_at=NOW))
        writer.flush()
        with reading(ledger.engine) as reader:
            reader.execute(text("PRAGMA busy_timeout=1"))
            assert reader.scalars(select(Silence)).all() == []
    with reading(ledger.engine) as reader:
        assert len(reader.scalars(select(Silence)).all()) == 1
    ledger.engine.dispose()


def test_batch_is_done_once_marked(url: str) -> None:
    """Marking twice keeps one row."""
    ledger = Ledger.open(url)
    for pages in (1, 2):
        ledger.mark_batch("b", "raw/x/b.index.jsonl", {"posts": pages}, NOW)
    assert ledger.done_batches() == {"raw/x/b.index.jsonl"}
    ledger.engine.dispose()


def test_done_batches_since_a_day(url: str) -> None:
    """Batches of earlier days are left out; one without a day is never."""
    ledger = Ledger.open(url)
    keys = [f"raw/group=news/date=2025-01-0{day}/b{day}.index.jsonl" for day in (1, 2, 3)]
    for key in (*keys, "raw/x/b.index.jsonl"):
        ledger.mark_batch(key, key, {}, NOW)
    assert ledger.done_batches() == {*keys, "raw/x/b.index.jsonl"}
    assert ledger.done_batches(since=date(2025, 1, 2)) == {*keys[1:], "raw/x/b.index.jsonl"}
    ledger.engine.dispose()


def test_a_delivery_is_found_by_the_beginning_of_its_key(url: str) -> None:
    """However many are newer; none or several are a question back."""
    ledger = Ledger.open(url)
    put(ledger, record())
    with writing(ledger.engine) as session:
        old = session.scalars(select(Delivery)).first()
        assert old is not None
        names = [c.name for c in Delivery.__table__.columns if c.name not in ("id", "key")]
        rows = [{**{n: getattr(old, n) for n in names}, "key": f"zz{number:062}"} for number in range(1001)]
        session.execute(insert(Delivery), rows)
    assert ledger.delivery_by_key(old.key[:12]).key == ledger.delivery_by_key(old.key).key == old.key
    with pytest.raises(ConfigError, match="several deliveries have keys that begin so"):
        ledger.delivery_by_key("zz")
    for unknown in ("xx", "%", "_" * 64):
        with pytest.raises(ConfigError, match="no deliveries have keys that begin so"):
            ledger.delivery_by_key(unknown)
    ledger.engine.dispose()


def test_every_change_of_a_delivery_has_a_revision_of_its_own(url: str) -> None:
    """Claims, results and words of people count up; being mirrored does not."""
    ledger = Ledger.open(url)
    put(ledger, record(), routes=(Route(name="r", receivers=("slack",)),))
    clock = Clock()
    outbox = Outbox(ledger.engine, clock, config())

    def revision() -> int:
        (row,) = ledger.unmirrored_deliveries()
        ledger.mark_deliveries_mirrored([row])
        assert ledger.unmirrored_deliveries() == []
        return row.revision

    found = [revision()]
    (job,) = outbox.claim_due(1, "me")
    found.append(revision())
    outbox.mark_dead(job, "550")
    found.append(revision())
    outbox.replay(ledger.deliveries()[0].id)
    found.append(revision())
    (job,) = outbox.claim_due(1, "me")
    outbox.mark_sent(job, "r1")
    found.append(revision())
    assert found == [0, 1, 2, 3, 5]
    ledger.engine.dispose()


def test_naive_times_are_refused(url: str) -> None:
    """A time without zone is a fault of the caller."""
    ledger = Ledger.open(url)
    with pytest.raises(Exception, match="naive datetime"):
        ledger.add_silence("region", "RU-PSK", datetime(2025, 1, 1), "r", "a", NOW)  # noqa: DTZ001 -- the point
    ledger.engine.dispose()


def test_unknown_silence_and_unknown_disclosure_are_said(url: str) -> None:
    """Wrong questions get an answer that names the mend."""
    ledger = Ledger.open(url)
    with pytest.raises(ConfigError, match="not one of region, source, disclosure"):
        ledger.add_silence("regoin", "RU-PSK", NOW + timedelta(hours=1), "r", "a", NOW)
    with pytest.raises(ConfigError, match="no disclosures have ids that begin so"):
        ledger.latest_record("abc")
    ledger.engine.dispose()
