"""Workers that survive what they clean."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from processing.clean import CleanPool, clean_page
from processing.clean import pool as pool_module
from scrapers.handover import Disposition, PageLine
from scrapers.registry import Source
from scrapers.warc import StoredResponse
from tests.clean.pages import RU, SOURCE, article, page_line, response

NESTED = "<html><body>" + "<div>" * 250 + "<p>x y z</p>" * 100_000  # 1.2 MB, about 20 s of trafilatura


def job(body: str) -> tuple[StoredResponse, PageLine, Source]:
    """A page to clean."""
    return response(body), page_line(), SOURCE


def crash(response: StoredResponse, line: PageLine, source: Source) -> object:
    """Stands in for clean_page: the body says what to do to the worker."""
    if response.body == b"crash":
        os.kill(os.getpid(), signal.SIGKILL)
    if response.body == b"memory":
        return bytearray(64 << 30)
    if response.body == b"fault":
        raise KeyError("a secret of the page")
    if response.body.startswith(b"once "):
        _, how, place = response.body.decode().split()
        if not Path(place).exists():
            Path(place).touch()
            return crash(replace(response, body=how.encode()), line, source)
        return clean_page(replace(response, body=article().encode()), line, source)
    if response.body == b"slow":
        time.sleep(60)
    return clean_page(response, line, source)


@pytest.fixture(scope="module")
def pool() -> Iterator[CleanPool]:
    """Two workers with a short deadline."""
    with CleanPool(2, deadline=3) as made:
        yield made


def test_outcomes_come_in_order(pool: CleanPool) -> None:
    """Thirty pages over two workers come back as they were given, equal to those of the plain function."""
    jobs = [job(article((f"Номер {n}. " + RU[0], *RU[1:]))) for n in range(30)]
    outcomes = list(pool.clean_many(jobs))
    assert [outcome.texts[0].text.split(".")[0] for outcome in outcomes] == [f"Номер {n}" for n in range(30)]
    assert outcomes[7] == clean_page(*jobs[7])


def test_an_empty_batch_is_no_trouble(pool: CleanPool) -> None:
    """No pages, no outcomes."""
    assert list(pool.clean_many([])) == []


def test_a_pathological_page_costs_its_deadline_only() -> None:
    """Deep nesting is stopped at the deadline; the pages around it are cleaned."""
    with CleanPool(1, deadline=1) as pool:
        started = time.monotonic()
        outcomes = list(pool.clean_many([job(article()), job(NESTED), job(article())]))
        assert time.monotonic() - started < 15
    assert [outcome.disposition for outcome in outcomes] == [
        Disposition.DOCUMENT_NEW,
        Disposition.QUARANTINED,
        Disposition.DOCUMENT_NEW,
    ]
    assert outcomes[1].reason == "timeout"


def test_crashes_and_faults_are_quarantined(monkeypatch: pytest.MonkeyPatch, pool: CleanPool) -> None:
    """A dead worker, too much memory and a fault of ours each cost one page, and no page's words leak out."""
    monkeypatch.setattr(pool_module, "clean_page", crash)
    outcomes = list(pool.clean_many([job(b) for b in ("crash", "memory", "fault", article())]))
    assert [outcome.reason for outcome in outcomes] == ["crashed", "out_of_memory", "error:KeyError", None]


def test_workers_are_replaced_after_their_share() -> None:
    """With two pages a worker, six pages are still cleaned."""
    with CleanPool(1, tasks=2) as pool:
        assert all(outcome.texts for outcome in pool.clean_many([job(article())] * 6))


def test_leaving_by_an_error_ends_the_workers() -> None:
    """An exception in the caller stops the pool at once."""
    started = time.monotonic()

    def fail() -> None:
        with CleanPool(1, deadline=60) as pool:
            stream = pool.clean_many([job(article()), job(NESTED), job(NESTED)])
            next(stream)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert time.monotonic() - started < 20


@pytest.mark.parametrize("how", ["crash", "slow", "memory"])
def test_a_page_is_tried_once_more_in_a_fresh_worker(
    monkeypatch: pytest.MonkeyPatch, pool: CleanPool, tmp_path: Path, how: str
) -> None:
    """What ended a worker once may have come from outside: such a page is cleaned, in its place."""
    monkeypatch.setattr(pool_module, "clean_page", crash)
    bodies = (article(), f"once {how} {tmp_path}/tried", article())
    outcomes = list(pool.clean_many([job(body) for body in bodies]))
    assert [outcome.disposition for outcome in outcomes] == [Disposition.DOCUMENT_NEW] * 3
    assert (tmp_path / "tried").exists()


def workers_of(pool: CleanPool) -> list[int]:
    """Process ids of the workers."""
    return list(pool._pool._pool_manager.worker_manager.workers)


def test_workers_killed_from_outside_cost_no_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed idle or at work, again and again: every page comes out, in order."""
    jobs = [job(article((f"Номер {n}. " + RU[0], *RU[1:]))) for n in range(24)]
    monkeypatch.setattr(pool_module, "PATIENCE", 1)  # one killed with pebble's lock in hand stops the others
    with CleanPool(2, deadline=3) as pool:
        list(pool.clean_many(jobs[:2]))
        outcomes = []
        for moment in (0, 0.5):
            for worker in workers_of(pool):
                os.kill(worker, signal.SIGKILL)
            time.sleep(moment)
            for number, outcome in enumerate(pool.clean_many(jobs)):
                outcomes.append(outcome)
                if number == 5:
                    for worker in workers_of(pool):
                        os.kill(worker, signal.SIGKILL)
    assert [o.reason for o in outcomes] == [None] * 48
    assert [o.texts[0].text.split(".")[0] for o in outcomes] == [f"Номер {n}" for n in range(24)] * 2


def test_a_page_that_its_worker_lost_is_found_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker killed between taking a page and saying so leaves pebble waiting for ever; we do not."""
    monkeypatch.setattr(pool_module, "PATIENCE", 0.1)
    with CleanPool(1, deadline=0.5) as pool:
        (first,) = pool.clean_many([job(article())])
        monkeypatch.setattr(pool._pool._pool_manager, "schedule", lambda task: None)
        outcomes = list(pool.clean_many([job(article())] * 3))
    assert outcomes == [first] * 3
