"""What the detector says of texts written for it: counts, roles, speakers, dates, in three languages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from processing.detect import detect
from processing.models import Claim, DetectInput, Status

GOLDENS = [
    json.loads(line) for line in (Path(__file__).parent / "goldens.jsonl").read_text(encoding="utf-8").splitlines()
]


def claims_of(golden: dict[str, Any]) -> tuple[Claim, ...]:
    item = {
        key: golden[key]
        for key in ("id", "text", "title", "published", "source", "source_region", "source_official")
        if key in golden
    }
    return detect(DetectInput.model_validate(item)).claims


def own(claims: tuple[Claim, ...]) -> list[Claim]:
    return [claim for claim in claims if claim.status is Status.OWN]


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda golden: golden["id"])
def test_own_claims_are_those_of_the_golden(golden: dict[str, Any]) -> None:
    """The own claims are the golden's, number for number, and nothing else is reported."""
    found = sorted([c.measure.value, str(c.min), str(c.max), c.qualifier.value] for c in own(claims_of(golden)))
    wanted = sorted([w[0], str(w[1]), str(w[2]), w[3] if len(w) > 3 else "exact"] for w in golden["own"])
    assert found == wanted


@pytest.mark.parametrize("golden", [g for g in GOLDENS if g["own"]], ids=lambda golden: golden["id"])
def test_slots_of_the_first_claim_are_those_of_the_golden(golden: dict[str, Any]) -> None:
    """Place, origin, group, scope, speaker and date of the first own claim are as the golden says."""
    claim = own(claims_of(golden))[0]
    slots = {
        "place": claim.place_region,
        "origin": claim.origin_region,
        "group": claim.group.value,
        "scope": claim.scope.value,
        "date": claim.event_date.start.isoformat() if claim.event_date else None,
    }
    assert {k: v for k, v in slots.items() if k in golden} == {k: golden[k] for k in slots if k in golden}
    if "who" in golden:
        assert golden["who"] in str(claim.attribution.name)


@pytest.mark.parametrize("golden", [g for g in GOLDENS if "parts" in g], ids=lambda golden: golden["id"])
def test_parts_are_subsets_of_the_figure_they_belong_to(golden: dict[str, Any]) -> None:
    """Three exchanged of ten captured are a subset of the captured, never a figure of their own."""
    claims = claims_of(golden)
    for measure, number in golden["parts"]:
        part = next(c for c in claims if c.measure == measure and c.min == number)
        assert part.status is Status.SUBSET
        assert part.subset_of is not None
        assert claims[part.subset_of].measure == "captured"
