"""A record to send, a ledger with deliveries, and a provider that loses nothing but its temper."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from processing.alert.outbox import DeliveryJob, DigestJob, Permanent, Sent, Transient, enqueue
from processing.alert.policy import decide
from processing.ledger import Ledger, writing
from processing.ledger.schema import DisclosureVersion
from processing.models import (
    Attribution,
    DisclosureRecord,
    Group,
    Measure,
    MeasureState,
    Novelty,
    OutletRef,
    Precision,
    Qualifier,
    Quote,
    Scope,
)
from tests.resolve.making import config

NOW = datetime(2023, 6, 27, 12, 0, tzinfo=UTC)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        """Move it."""
        self.now += timedelta(**by)


def state(best: int, measure: Measure = Measure.KILLED) -> MeasureState:
    """An exact figure."""
    return MeasureState(
        measure=measure,
        min=best,
        max=best,
        best=best,
        qualifier=Qualifier.EXACT,
        raw=str(best),
        low=best,
        high=best,
        claim_id="c",
    )


def record(**changes: Any) -> DisclosureRecord:
    """The main story's first version."""
    quote = Quote(
        text="14 were killed",
        lang="en",
        url="https://x.test/1",
        outlet="Gov",
        source="gov",
        attribution=Attribution(name="Dubrovin"),
        published_at=NOW - timedelta(minutes=9),
        precision=Precision.MINUTE,
        first_seen_at=NOW,
        page=None,
    )
    outlet = OutletRef(
        source="gov",
        outlet="Gov",
        url="https://x.test/1",
        lang="en",
        published_at=NOW,
        precision=Precision.MINUTE,
        independent=True,
    )
    return DisclosureRecord(
        **{
            "disclosure_id": "d" * 64,
            "version": 1,
            "novelty": Novelty.NEW,
            "created_at": NOW,
            "measures": (state(14),),
            "changed": (Measure.KILLED,),
            "group": Group.MILITARY,
            "scope": Scope.INCIDENT,
            "origin_region": "RU-PSK",
            "place_region": "RU-BEL",
            "event_date": None,
            "disclosed_at": NOW,
            "lag_days": None,
            "grade": "B2",
            "confidence": 0.82,
            "confidence_reason": "count 0.90, region 0.90",
            "quote": quote,
            "outlets": (outlet,),
            "independent_sources": 1,
            "claim_ids": ("c",),
            **changes,
        }
    )


def put(ledger: Ledger, made: DisclosureRecord, now: datetime = NOW, **settings: Any) -> int:
    """Store a version and its outbox rows, as resolving does."""
    set_up = config(**settings)
    decisions = [(route, decide(made, route, set_up, (), now)) for route in set_up.routes]
    with writing(ledger.engine) as session:
        session.add(
            DisclosureVersion(
                disclosure_id=made.disclosure_id,
                version=made.version,
                novelty=made.novelty.value,
                doc_id="d",
                doc_version=1,
                created_at=now,
                snapshot=made.model_dump(mode="json"),
                decision=[],
            )
        )
        return enqueue(session, made, decisions, set_up, now)


def keys_of(job: DeliveryJob | DigestJob) -> list[str]:
    """The deliveries that one message carries."""
    return [job.key for job in job.jobs] if isinstance(job, DigestJob) else [job.key]


class Provider:
    """A receiver with look-up: it may refuse, or accept and then lose the connection."""

    def __init__(self, fault: Callable[[], str] = lambda: "none") -> None:
        self.accepted: list[tuple[str, DeliveryJob | DigestJob]] = []
        self.looked_up: list[str] = []
        self._fault = fault
        self._lock = threading.Lock()

    def find(self, job: DeliveryJob | DigestJob) -> str | None:
        """Look up an accepted message by its key."""
        with self._lock:
            self.looked_up.append(job.key)
            return next((ref for ref, sent in self.accepted if sent.key == job.key), None)

    def send(self, job: DeliveryJob | DigestJob) -> Sent:
        """Accept, unless a fault is due."""
        with self._lock:
            fault = self._fault()
            if fault == "refuse":
                raise Transient("503")
            if fault == "permanent":
                raise Permanent("550 no such user")
            reference = f"ref-{len(self.accepted)}"
            self.accepted.append((reference, job))
        if fault == "reset":
            raise Transient("connection reset")
        if fault == "crash":
            raise KeyboardInterrupt  # as a kill between acceptance and our own note of it
        return Sent(reference)


def faults(seed: int, share: float) -> Callable[[], str]:
    """Faults at random."""
    rng = random.Random(seed)  # noqa: S311 -- repeatable, no secret
    return lambda: rng.choice(["refuse", "reset", "crash"]) if rng.random() < share else "none"
