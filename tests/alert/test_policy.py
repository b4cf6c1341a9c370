"""The policy's verdict for each case, with the reason in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from processing.alert.policy import Target, decide, targets
from processing.config import EmailReceiver, Route, SlackReceiver
from processing.models import DisclosureRecord, Group, Measure, Novelty, Precision
from tests.alert.delivering import NOW, record
from tests.resolve.making import config


@dataclass(frozen=True)
class Quiet:
    """A silence."""

    field: str
    value: str
    until: datetime = NOW + timedelta(hours=2)
    reason: str = "press tour"
    author: str = "Anna"


def quoted(made: DisclosureRecord, **changes: Any) -> DisclosureRecord:
    return made.model_copy(update={"quote": made.quote.model_copy(update=changes)})


NEW = record()
OLD = quoted(NEW, published_at=NOW - timedelta(hours=60))
DAY_ONLY = quoted(NEW, published_at=NOW - timedelta(hours=60), precision=Precision.DAY)

CASES: list[tuple[str, DisclosureRecord, dict[str, Any], str, str]] = [
    ("new", NEW, {}, "send", "sent: NEW for RU-PSK (origin) and RU-BEL (place), confidence 0.82 ≥ 0.5"),
    (
        "update",
        record(novelty=Novelty.UPDATE_UP),
        {},
        "send",
        "sent: update up for RU-PSK (origin) and RU-BEL (place), confidence 0.82 ≥ 0.5",
    ),
    (
        "only the origin is tracked",
        record(place_region="UA-14"),
        {},
        "send",
        "sent: NEW for RU-PSK (origin), confidence 0.82 ≥ 0.5",
    ),
    (
        "one region in both roles",
        record(place_region="RU-PSK"),
        {},
        "send",
        "sent: NEW for RU-PSK (origin, place), confidence 0.82 ≥ 0.5",
    ),
    ("repeat", record(novelty=Novelty.REPEAT), {}, "suppressed", "suppressed: repeat"),
    ("out of order", record(novelty=Novelty.OUT_OF_ORDER), {}, "suppressed", "suppressed: out of order"),
    ("contested", record(novelty=Novelty.CONTESTED), {}, "suppressed", "suppressed: contested"),
    (
        "elsewhere",
        record(origin_region=None, place_region="UA-14"),
        {},
        "unmatched",
        "suppressed: no tracked region (place UA-14)",
    ),
    (
        "nowhere",
        record(origin_region=None, place_region=None),
        {},
        "unmatched",
        "suppressed: no tracked region (none known)",
    ),
    (
        "another group",
        record(group=Group.CIVILIAN),
        {"groups": (Group.MILITARY,)},
        "unmatched",
        "suppressed: civilian losses are not on this route",
    ),
    (
        "another measure",
        record(changed=(Measure.EXCHANGED,)),
        {},
        "suppressed",
        "suppressed: only exchanged changed; the route hears of killed, wounded, missing, captured",
    ),
    ("old", OLD, {}, "suppressed", "suppressed: article older than 48 h (published 2023-06-25 00:00 UTC)"),
    (
        "perhaps young enough",
        DAY_ONLY,
        {},
        "send",
        "sent: NEW for RU-PSK (origin) and RU-BEL (place), confidence 0.82 ≥ 0.5",
    ),
    (
        "undated",
        quoted(NEW, published_at=None, precision=Precision.UNKNOWN),
        {},
        "held",
        "held for review: no usable publication date",
    ),
    (
        "from the future",
        quoted(NEW, published_at=NOW + timedelta(days=3)),
        {},
        "held",
        "held for review: publication date in the future (2023-06-30 12:00 UTC)",
    ),
    (
        "doubtful",
        record(confidence=0.42),
        {},
        "held",
        "held for review: confidence 0.42 < 0.5 (count 0.90, region 0.90)",
    ),
    ("backfill", NEW, {"backfill": True}, "suppressed", "suppressed: backfill"),
    (
        "source silenced",
        NEW,
        {"silences": [Quiet("source", "gov")]},
        "suppressed",
        "suppressed: silenced until 2023-06-27 14:00 UTC by Anna: press tour",
    ),
    (
        "disclosure silenced",
        NEW,
        {"silences": [Quiet("disclosure", "d" * 64)]},
        "suppressed",
        "suppressed: silenced until 2023-06-27 14:00 UTC by Anna: press tour",
    ),
    (
        "one of two regions silenced",
        NEW,
        {"silences": [Quiet("region", "RU-BEL")]},
        "send",
        "sent: NEW for RU-PSK (origin) and RU-BEL (place), confidence 0.82 ≥ 0.5",
    ),
    (
        "both regions silenced",
        NEW,
        {"silences": [Quiet("region", "RU-BEL"), Quiet("region", "RU-PSK")]},
        "suppressed",
        "suppressed: silenced until 2023-06-27 14:00 UTC by Anna: press tour",
    ),
    (
        "silence is over",
        NEW,
        {"silences": [Quiet("source", "gov", NOW - timedelta(hours=1))]},
        "send",
        "sent: NEW for RU-PSK (origin) and RU-BEL (place), confidence 0.82 ≥ 0.5",
    ),
    (
        "a route of its own regions",
        record(place_region="UA-14"),
        {"regions": ("UA-14",)},
        "send",
        "sent: NEW for UA-14 (place), confidence 0.82 ≥ 0.5",
    ),
]


@pytest.mark.parametrize(
    ("made", "how", "verdict", "reason"),
    [pytest.param(made, how, verdict, reason, id=name) for name, made, how, verdict, reason in CASES],
)
def test_decision_and_its_reason(
    made: DisclosureRecord, how: dict[str, Any], verdict: str, reason: str
) -> None:
    """Each case has one verdict, and a reason that a person understands."""
    how = dict(how)
    backfill, silences = how.pop("backfill", False), how.pop("silences", [])
    route = Route(name="newsroom", receivers=("mail",), **how)
    decision = decide(made, route, config(), silences, NOW, backfill)
    assert (decision.verdict, decision.reason) == (verdict, reason)
    assert decision.send is (verdict == "send")


def test_targets_are_every_recipient_once() -> None:
    """A route reaches each address and each channel of its receivers, and none of them twice."""
    set_up = config(
        receivers={
            "desk": EmailReceiver(kind="email", sender="v@x.test", to=("a@x.test", "b@x.test")),
            "night": EmailReceiver(kind="email", sender="v@x.test", to=("b@x.test",)),
            "chat": SlackReceiver(kind="slack", channel="C1"),
        }
    )
    route = Route(name="r", receivers=("desk", "night", "chat"))
    assert targets(route, set_up) == [
        Target("desk", "email", "a@x.test"),
        Target("desk", "email", "b@x.test"),
        Target("chat", "slack", "C1"),
    ]
