"""Workers that survive what they clean."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

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
