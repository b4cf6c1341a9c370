"""The cost of a claim does not grow with the ledger: counted in disclosures compared, not in time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from processing.ledger import Ledger, writing
from processing.ledger.schema import Disclosure, DisclosureBlock
from processing.models import Scope
from processing.resolve.blocks import MOST_CANDIDATES, keys_of
from processing.resolve.profile import Profile, RegionSaid
from tests.resolve.making import T0, claim, document, resolve

REGIONS = ["RU-BEL", "RU-KRS", "UA-07", "UA-63", "UA-14", "RU-PSK", "RU-VGG", "UA-65"]
EVERY = timedelta(hours=6)


def fill(ledger: Ledger, number: int) -> None:
    """Disclosures at one pace, the last of them at T0."""
    rows, blocks = [], []
    for n in range(number):
        time = T0 - EVERY * n
        place = RegionSaid(region=REGIONS[n % len(REGIONS)], confidence=1, said_at=time)
        profile = Profile(places=[place], place_names=[f"town{n}"], times=[time], speakers=["gladkov"])
        rows.append(
            {
                "disclosure_id": f"d{n}",
                "version": 1,
                "state": "open",
                "scope": "incident",
                "group": "unknown",
                "place_region": place.region,
                "first_published_at": time,
                "last_published_at": time,
                "profile": profile.model_dump(mode="json"),
            }
        )
        blocks += [
            {"block": key, "disclosure_id": f"d{n}", "first_published_at": time, "last_published_at": time}
            for key in keys_of(profile, Scope.INCIDENT)
        ]
    with writing(ledger.engine) as session:
        session.execute(insert(Disclosure), rows)
        session.execute(insert(DisclosureBlock), blocks)


def examined(number: int) -> int:
    """Most disclosures that any of some claims is compared with, in a ledger of that size."""
    ledger = Ledger.open("sqlite://")
    fill(ledger, number)
    most = 0
    for n, region in enumerate([*REGIONS, None]):
        said: dict[str, Any] = {
            "place_region": region,
            "place": f"Village{n}",
            "event": "2023-06-26",
            "speaker": "Горянов",
        }
        (outcome,) = resolve(ledger, document(f"new{n}", 1), claim("killed", 50 + n, **said))
        most = max(most, outcome.candidates)
    ledger.engine.dispose()
    return most


def test_candidates_do_not_grow_with_the_ledger() -> None:
    """In ten times as many disclosures of the same pace, as many are compared with a claim as before."""
    thousand, ten_thousand = examined(1_000), examined(10_000)
    assert 0 < ten_thousand <= thousand + 1


def test_a_burst_is_cut_to_the_latest(monkeypatch: pytest.MonkeyPatch) -> None:
    """However much happens at once in one region, a claim is compared with no more than the cap."""
    monkeypatch.setattr("tests.resolve.test_scale.EVERY", timedelta(minutes=1))
    assert examined(5_000) <= MOST_CANDIDATES + 1
