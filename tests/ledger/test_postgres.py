"""The same promises on PostgreSQL, where writers do run side by side.

Needs a throw-away database: VIGIL_TEST_POSTGRES=postgresql+psycopg://user@host/name, and psycopg installed.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import create_engine

from processing.alert.outbox import Outbox
from processing.ledger import Ledger
from processing.ledger.schema import Base
from tests.alert.delivering import Clock, Provider, faults, keys_of, put, record
from tests.alert.test_outbox import drain_until_killed, ident
from tests.resolve.making import T0, claim, config, document, resolve

URL = os.environ.get("VIGIL_TEST_POSTGRES", "")

pytestmark = pytest.mark.skipif(not URL, reason="VIGIL_TEST_POSTGRES names no database")


@pytest.fixture
def ledgers() -> Iterator[list[Ledger]]:
    """Six openings of one empty database, made at once."""
    engine = create_engine(URL)
    Base.metadata.drop_all(engine)
    engine.dispose()
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: Ledger.open(URL), range(6)))
    yield found
    for ledger in found:
        ledger.engine.dispose()


def test_versions_are_numbered_without_gap(ledgers: list[Ledger]) -> None:
    """Twenty at once on one document."""
    with ThreadPoolExecutor(8) as pool:
        entries = pool.map(
            lambda n: ledgers[n % 6].document_version("d", f"sha256:{n}", "s", "p", T0), range(20)
        )
        assert sorted(entry.version for entry in entries) == list(range(1, 21))


def test_reports_side_by_side_open_one_disclosure_each(ledgers: list[Ledger]) -> None:
    """120 reports of five incidents, eight at a time: five disclosures, 120 versions, none twice."""
    regions = ["RU-PSK", "RU-KRS", "UA-07", "UA-14", "RU-VGG"]

    def one(number: int) -> list[tuple[str, int]]:
        incident = number % 5
        said = {"place_region": regions[incident], "place": f"Town{incident}grad", "event": "2023-06-20"}
        outcomes = resolve(
            ledgers[number % 6],
            document(f"o{number}", number % 9),
            claim("killed", 14 + incident, None, "exact", **said),
            claim("wounded", 30 + incident, None, "exact", **said),
        )
        return [(outcome.disclosure_id, outcome.version) for outcome in outcomes]

    with ThreadPoolExecutor(8) as pool:
        made = [version for versions in pool.map(one, range(120)) for version in versions]
    assert len({disclosure for disclosure, _ in made}) == 5
    assert (len(made), len(set(made))) == (120, 120)


def test_three_drainers_lose_and_double_nothing(ledgers: list[Ledger]) -> None:
    """Four in ten sends fail or die; each delivery arrives exactly once."""
    clock, provider = Clock(), Provider(faults(5, 0.4))
    wanted = sum(put(ledgers[0], record(disclosure_id=ident(n))) for n in range(30))
    for _ in range(60):
        threads = [
            threading.Thread(target=drain_until_killed, args=(ledgers[n], clock, provider, n))
            for n in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        clock.now += timedelta(minutes=16)
        if not Outbox(ledgers[0].engine, clock, config()).pending_count():
            break
    arrived = Counter(key for _, job in provider.accepted for key in keys_of(job))
    assert (len(arrived), max(arrived.values())) == (wanted, 1)
