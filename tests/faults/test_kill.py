"""A kill -9 at any point loses nothing and alerts nobody twice: rerun, and the end state is that of a quiet run."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from tests.faults.conftest import drive
from tests.house import House

CRAWL_POINTS = (
    "after:scrapers.objects:ObjectStore.put_once",  # WARC stored, no index
    "before:scrapers.frontier:Frontier.commit",  # index stored, frontier knows nothing
)
PROCESS_POINTS = (
    "after:processing.ledger.store:Ledger.document_version",  # version numbered, document not in the lake
    "after:processing.lake.tables:Lake.write_documents",  # documents stored, no disposition
    "after:processing.lake.tables:Lake.write_claims",  # claims stored, nothing resolved
    "before:processing.lake.tables:Lake.write_disclosures",  # resolved and committed, not mirrored
    "after:processing.lake.tables:Lake.write_disclosures",  # mirrored, not marked
    "before:processing.ledger.store:Ledger.mark_batch",  # all done, the batch still pending
)
SEND_POINTS = (
    "before:processing.alert.receivers.slack:SlackSender.send",  # leased, not sent
    "after:processing.alert.receivers.slack:SlackSender.send",  # accepted by Slack, not marked
    "after:processing.alert.outbox:Outbox.mark_sent",  # first one marked, second still leased
)


@pytest.fixture
def quiet(house: House) -> None:
    """The house after a crawl that nobody disturbed."""
    drive(house, "crawl")


@pytest.mark.parametrize("point", CRAWL_POINTS)
def test_a_kill_in_the_crawl_keeps_the_stored_pages(house: House, point: str) -> None:
    """The rerun finds the stored batch, and each page is there once."""
    assert drive(house, "crawl", point) == -signal.SIGKILL
    drive(house, "crawl")
    drive(house, "process")
    counts = _counts(house)
    drive(house, "crawl")
    drive(house, "process")
    assert _counts(house) == counts
    assert counts["raw_index"] >= 10
    assert _distinct_pages(house) == counts["raw_index"]


@pytest.mark.usefixtures("quiet")
def test_a_kill_at_any_point_of_processing_changes_nothing_in_the_end(house: House) -> None:
    """Six kills, one after the other, then one whole run: one disclosure, one delivery per receiver, no row twice."""
    for point in PROCESS_POINTS:
        assert drive(house, "process", point) == -signal.SIGKILL, point
    drive(house, "process")
    counts = _counts(house)
    assert counts["raw_index"] == _distinct_pages(house)
    distinct = house.rows(
        "select (select count(*) from (select distinct doc_id, version from documents)) as documents, "
        "(select count(distinct claim_id) from claims) as claims, "
        "(select count(*) from (select distinct disclosure_id, version from disclosure_versions)) "
        "as disclosure_versions, (select count(*) from disclosures) as disclosures"
    )[0]
    assert distinct == {t: counts[t] for t in ("documents", "claims", "disclosure_versions")} | {"disclosures": 1}
    drive(house, "process")
    assert _counts(house) == counts
    drive(house, "send")
    assert (len(house.messages()["mails"]), len(house.messages()["slack"])) == (1, 1)


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("point", SEND_POINTS)
def test_a_kill_in_the_alert_task_doubles_nothing_at_slack(house: House, point: str) -> None:
    """After the lease has run out the outbox asks Slack for its own key first; the mail keeps one Message-ID."""
    drive(house, "process")
    assert drive(house, "send", point) == -signal.SIGKILL
    _let_leases_run_out(house)
    drive(house, "send")
    got = house.messages()
    assert len(got["slack"]) == 1
    assert len({mail["message_id"] for mail in got["mails"]}) == 1
    assert _states(house) == {"sent": 2}


def _counts(house: House) -> dict[str, int]:
    return house.row_counts()


def _distinct_pages(house: House) -> Any:
    return house.rows("select count(distinct page_id) as n from raw_index")[0]["n"]


def _let_leases_run_out(house: House) -> None:
    """Two minutes pass."""
    house.sql("update delivery set lease_until = '2020-01-01 00:00:00' where state = 'sending'")


def _states(house: House) -> dict[str, int]:
    return dict(house.sql("select state, count(*) from delivery group by state"))
