"""Three days of the simulated month; with VIGIL_MONTH_LONG=1 all thirty, of sixty sources, polled hourly."""

from __future__ import annotations

import copy
import os
from dataclasses import replace

import pytest

from scrapers.frontier import Verdict
from scrapers.objects import ObjectStore
from tests.conftest import S3Server
from tests.scrapers.month.drive import Record, run
from tests.scrapers.month.oracle import FAULTS, judge
from tests.scrapers.month.table import table
from tests.scrapers.month.world import World

LONG = os.environ.get("VIGIL_MONTH_LONG") == "1"
pytestmark = pytest.mark.timeout(4 * 3600 if LONG else 600)


@pytest.fixture(scope="module")
def record(s3: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Record:
    """The simulation's record."""
    world = World(1, 60, 30) if LONG else World(1, 20, 3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIGIL_ALLOW_HOSTS", "")
        return run(world, tmp_path_factory.mktemp("month"), ObjectStore(s3.bucket, "month"))


def faults(record: Record) -> dict[str, int]:
    """How often each kind of fault is found."""
    scores, _ = judge(record)
    total = {name: sum(score.counts[name] for score in scores.values()) for name in FAULTS}
    return {name: number for name, number in total.items() if number}


def test_nothing_that_was_visible_is_lost_and_every_verdict_is_right(record: Record) -> None:
    """0 lost, every edit a version, 0 duplicates, verdicts right within two polls, 0 false `broken`."""
    scores, troubles = judge(record)
    print(table(record, scores, troubles))
    assert not record.failures
    assert [f"{site} {line}" for site, score in scores.items() for line in score.faults] == []
    assert sum(score.counts["visible"] for score in scores.values()) > 900
    assert sum(score.counts["versions"] - score.counts["documents"] for score in scores.values()) > 40


def test_the_judge_notices_what_is_wrong(record: Record) -> None:
    """A document, a version, a verdict taken away or made up is found, and called what it is."""
    assert faults(record) == {}
    broken = copy.copy(record)
    edited = next(d for d in record.documents if d.version == 2 and d.missing_since is None)
    broken.documents = [d for d in record.documents if d is not edited]
    assert faults(broken).keys() == {"missed"}
    broken.documents = [d for d in record.documents if d.doc_id != edited.doc_id]
    assert faults(broken).keys() == {"lost"}
    broken.documents = [*record.documents, edited.model_copy(update={"doc_id": "0" * 64, "version": 1})]
    assert faults(broken).keys() == {"duplicates"}
    broken.documents = [*record.documents, edited.model_copy(update={"version": 9})]
    assert faults(broken).keys() == {"false versions"}
    broken.documents = record.documents
    broken.polls = [*record.polls]
    broken.polls[400] = replace(broken.polls[400], verdict=Verdict.BROKEN)
    assert {"false broken", "verdicts wrong"} >= faults(broken).keys() >= {"false broken"}
