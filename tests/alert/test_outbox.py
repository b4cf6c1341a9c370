"""The outbox: nothing lost, nothing doubled, and everything in order."""

from __future__ import annotations

import contextlib
import random
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processing.alert.outbox import (
    DeliveryJob,
    DigestJob,
    Outbox,
    Permanent,
    Sender,
    Sent,
    TargetDown,
    Transient,
    drain,
)
from processing.config import Route
from processing.ledger import Ledger
from processing.models import Measure, Novelty
from tests.alert.delivering import NOW, Clock, Provider, faults, keys_of, put, record, state
from tests.resolve.making import config


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    found = Ledger.open("sqlite://")
    yield found
    found.engine.dispose()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def outbox_of(ledger: Ledger, clock: Clock) -> Outbox:
    return Outbox(ledger.engine, clock, config(), random.Random(1))  # noqa: S311 -- repeatable, no secret


def ident(number: int) -> str:
    return f"{number:064d}"


def states(ledger: Ledger) -> Counter[str]:
    return Counter(row.state for row in ledger.deliveries())


def senders(**kinds: Sender) -> dict[str, Sender]:
    return kinds


# -- the plain way --------------------------------------------------


def test_each_target_gets_its_message(ledger: Ledger, clock: Clock) -> None:
    """One version reaches mailbox and channel once each, with what the sender needs to know."""
    assert put(ledger, record()) == 2
    provider = Provider()
    report = drain(outbox_of(ledger, clock), {"email": provider, "slack": provider})
    assert report.counts() == {"sent": 2}
    jobs = [job for _, job in provider.accepted]
    assert {(job.kind, job.target) for job in jobs} == {("email", "desk@x.test"), ("slack", "C1")}
    assert all(isinstance(job, DeliveryJob) and job.record == record() and not job.uncertain for job in jobs)
    assert drain(outbox_of(ledger, clock), {"email": provider, "slack": provider}).counts() == {}


def test_update_follows_in_the_thread_of_the_first(ledger: Ledger, clock: Clock) -> None:
    """Version 2 is given the reference of version 1's message."""
    provider, outbox = Provider(), outbox_of(ledger, clock)
    put(ledger, record())
    drain(outbox, senders(slack=provider, email=provider))
    put(ledger, record(version=2, novelty=Novelty.UPDATE_UP, measures=(state(16),)))
    clock.forward(seconds=59)
    assert outbox.claim_due(9, "me") == []  # more updates may come
    clock.forward(seconds=2)
    put(ledger, record(version=3, novelty=Novelty.UPDATE_UP, measures=(state(17),)), clock.now)
    drain(outbox, senders(slack=provider, email=provider))
    last = next(job for _, job in provider.accepted[2:] if job.kind == "slack")
    assert isinstance(last, DeliveryJob)
    root = outbox.thread_ref("d" * 64, "C1")[0]
    assert (last.record.version, last.root_ref, last.last_ref) == (3, root, root)
    assert [row.reason for row in ledger.deliveries() if row.version == 2] == [
        "suppressed: merged into version 3"
    ] * 2


def test_version_waits_for_its_predecessor(ledger: Ledger, clock: Clock) -> None:
    """While version 1 is on its way, version 2 is not given out; a dead version 1 lets it pass."""
    outbox = outbox_of(ledger, clock)
    put(ledger, record())
    first = outbox.claim_due(9, "me")
    put(ledger, record(version=2, novelty=Novelty.UPDATE_UP))
    clock.forward(seconds=61)
    assert outbox.claim_due(9, "you") == []
    for job in first:
        assert isinstance(job, DeliveryJob)
        outbox.mark_dead(job, "550")
    assert [job.record.version for job in outbox.claim_due(9, "you") if isinstance(job, DeliveryJob)] == [
        2,
        2,
    ]


def test_merged_versions_tell_all_their_news(ledger: Ledger, clock: Clock) -> None:
    """Updates that go out together name every measure that changed; an untold NEW stays NEW."""
    outbox = outbox_of(ledger, clock)
    wounded = state(3, Measure.WOUNDED)
    put(ledger, record())
    put(
        ledger,
        record(
            version=2,
            novelty=Novelty.UPDATE_UP,
            previous=(state(14),),
            changed=(Measure.WOUNDED,),
            measures=(state(14), wounded),
        ),
    )
    job = outbox.claim_due(1, "me")[0]
    assert isinstance(job, DeliveryJob)
    assert (job.record.version, job.record.novelty) == (2, Novelty.NEW)
    assert (job.record.previous, job.record.changed) == ((), (Measure.KILLED, Measure.WOUNDED))
    outbox.mark_sent(job, "r1")
    for version, measure in ((3, Measure.KILLED), (4, Measure.WOUNDED)):
        put(
            ledger,
            record(
                version=version, novelty=Novelty.UPDATE_UP, changed=(measure,), previous=(state(version),)
            ),
        )
    clock.forward(seconds=61)
    told = [j for j in outbox.claim_due(9, "me") if isinstance(j, DeliveryJob) and j.kind == job.kind]
    assert [(j.record.version, j.record.changed) for j in told] == [(4, (Measure.KILLED, Measure.WOUNDED))]
    assert told[0].record.previous == (state(3),)


def test_held_is_sent_or_suppressed_by_a_person(ledger: Ledger, clock: Clock) -> None:
    """A doubtful version waits; the reviewer's word goes with it either way."""
    outbox = outbox_of(ledger, clock)
    put(ledger, record(confidence=0.3))
    assert outbox.claim_due(9, "me") == []
    first, second = (row.id for row in ledger.deliveries("held"))
    outbox.review(first, True, "Anna")
    outbox.review(second, False, "Anna", "wrong region")
    assert [job.reason for job in outbox.claim_due(9, "me") if isinstance(job, DeliveryJob)] == [
        "sent: after review by Anna"
    ]
    assert [row.reason for row in ledger.deliveries("suppressed")] == [
        "suppressed: in review by Anna: wrong region"
    ]


def test_newer_version_settles_what_was_held(ledger: Ledger, clock: Clock) -> None:
    """When a later version goes out, nobody is asked about the earlier one any more."""
    put(ledger, record(confidence=0.3))
    put(ledger, record(version=2))
    assert states(ledger) == {"suppressed": 2, "pending": 2}


def test_two_routes_of_one_target_make_one_delivery(ledger: Ledger, clock: Clock) -> None:
    """A channel on two routes hears of a version once, by the route that sends."""
    routes = (
        Route(name="strict", receivers=("slack",), min_confidence=0.99),
        Route(name="lax", receivers=("slack",)),
    )
    assert put(ledger, record(), routes=routes) == 1
    assert [(row.route, row.state) for row in ledger.deliveries()] == [("lax", "pending")]


# -- what goes wrong --------------------------------------------------


def test_lost_lease_is_looked_up_before_resending(ledger: Ledger, clock: Clock) -> None:
    """A process died after the provider accepted: its successor finds the message and sends none."""
    put(ledger, record(), routes=(Route(name="r", receivers=("slack",)),))
    provider, outbox = Provider(lambda: "crash"), outbox_of(ledger, clock)
    with pytest.raises(KeyboardInterrupt):
        drain(outbox, senders(slack=provider))
    assert drain(outbox, senders(slack=provider)).counts() == {}  # still leased
    clock.forward(seconds=121)
    assert drain(outbox, senders(slack=provider)).counts() == {"sent": 1, "found": 1}
    assert len(provider.accepted) == 1
    assert [row.provider_ref for row in ledger.deliveries()] == ["ref-0"]


def test_retry_backs_off_and_gives_up_after_three_days(ledger: Ledger, clock: Clock) -> None:
    """Retries come 5 s to 15 min apart, for 72 h; then it is a dead letter that can be replayed."""
    put(ledger, record(), routes=(Route(name="r", receivers=("slack",)),))
    provider, outbox = Provider(lambda: "refuse"), outbox_of(ledger, clock)
    waits = []
    while states(ledger)["pending"]:
        drain(outbox, senders(slack=provider))
        row = ledger.deliveries()[0]
        waits.append((row.due - clock.now).total_seconds())
        clock.now = max(clock.now, row.due)
    assert 2.5 <= waits[0] <= 5
    assert 450 <= max(waits) <= 900
    assert timedelta(hours=71) < clock.now - NOW < timedelta(hours=73)
    (dead,) = ledger.deliveries("dead")
    assert dead.last_error == "given up after 72 h: 503"
    assert outbox.replay(dead.id)
    assert not outbox.replay(dead.id)  # pending already
    assert drain(outbox, senders(slack=Provider())).counts() == {"sent": 1}


def test_providers_own_wish_is_honoured(ledger: Ledger, clock: Clock) -> None:
    """429 with Retry-After: 30 is asked again after 30 s."""
    put(ledger, record(), routes=(Route(name="r", receivers=("slack",)),))

    class Limited(Provider):
        def send(self, job: DeliveryJob | DigestJob) -> Sent:
            raise Transient("429", retry_after=30)

    drain(outbox_of(ledger, clock), senders(slack=Limited()))
    assert ledger.deliveries()[0].due == NOW + timedelta(seconds=30)


def test_refused_recipient_does_not_stop_the_others(ledger: Ledger, clock: Clock) -> None:
    """A permanent refusal is a dead letter; the other target gets its message."""
    put(ledger, record())
    report = drain(outbox_of(ledger, clock), senders(email=Provider(lambda: "permanent"), slack=Provider()))
    assert report.counts() == {"sent": 1, "dead": 1}


def test_message_that_cannot_be_made_dies_after_five_attempts(ledger: Ledger, clock: Clock) -> None:
    """An error of our own does not stop the others, and does not last for ever."""
    put(ledger, record())

    class Broken(Provider):
        def send(self, job: DeliveryJob | DigestJob) -> Sent:
            raise ZeroDivisionError

    outbox, fine = outbox_of(ledger, clock), Provider()
    for _ in range(8):
        drain(outbox, senders(email=Broken(), slack=fine))
        clock.forward(minutes=20)
    assert states(ledger) == {"sent": 1, "dead": 1}
    assert ledger.deliveries("dead")[0].attempts == 5


def test_target_that_is_down_is_paused_and_loses_nothing(ledger: Ledger, clock: Clock) -> None:
    """All that is pending for it waits, is asked about once a quarter of an hour, and goes out in the end."""
    route = (Route(name="r", receivers=("slack",)),)
    for number in range(4):
        put(ledger, record(disclosure_id=ident(number)), routes=route)
    asked = []

    class Gone(Provider):
        def send(self, job: DeliveryJob | DigestJob) -> Sent:
            asked.append(job.key)
            raise TargetDown("channel_not_found")

    outbox = outbox_of(ledger, clock)
    assert drain(outbox, senders(slack=Gone())).counts() == {"paused": 1}
    assert drain(outbox, senders(slack=Gone())).counts() == {}
    assert outbox.paused() == {("slack", "C1"): "channel_not_found"}
    clock.forward(days=5)
    provider = Provider()
    assert drain(outbox, senders(slack=provider)).counts() == {"sent": 4}
    assert (len(asked), outbox.pending_count("C1")) == (1, 0)


def test_unknown_kind_waits_for_its_sender(ledger: Ledger, clock: Clock) -> None:
    """A receiver kind that this process cannot send to stays pending."""
    put(ledger, record())
    assert drain(outbox_of(ledger, clock), senders(slack=Provider())).counts() == {"sent": 1, "paused": 1}
    assert outbox_of(ledger, clock).pending_count() == 1


# -- floods --------------------------------------------------


def test_flood_becomes_one_digest_and_is_found_again(ledger: Ledger, clock: Clock) -> None:
    """More than ten for one channel go out as one message; after a crash the same digest is looked up."""
    for number in range(12):
        put(ledger, record(disclosure_id=ident(number)), routes=(Route(name="r", receivers=("slack",)),))
    provider, outbox = Provider(iter(["crash", *["none"] * 9]).__next__), outbox_of(ledger, clock)
    with pytest.raises(KeyboardInterrupt):
        drain(outbox, senders(slack=provider))
    put(ledger, record(disclosure_id=ident(99)), routes=(Route(name="r", receivers=("slack",)),))
    clock.forward(seconds=121)
    assert drain(outbox, senders(slack=provider)).counts() == {"sent": 13, "digests": 1, "found": 12}
    (_, digest), (_, single) = provider.accepted
    assert isinstance(digest, DigestJob)
    assert (len(digest.jobs), isinstance(single, DeliveryJob)) == (12, True)
    assert outbox.thread_ref(ident(1), "C1") == (None, None)  # a digest is nobody's thread


SLACK = (Route(name="r", receivers=("slack",)),)


def test_a_digest_is_tried_again_whole(ledger: Ledger, clock: Clock) -> None:
    """After twelve minutes without Slack, the one message that it takes carries all twelve disclosures."""
    for number in range(12):
        put(ledger, record(disclosure_id=ident(number)), routes=SLACK)
    down = iter(["refuse"] * 7)
    provider, outbox = Provider(lambda: next(down, "none")), outbox_of(ledger, clock)
    while outbox.pending_count():
        assert len({(row.state, row.due, row.attempts) for row in ledger.deliveries()}) == 1
        drain(outbox, senders(slack=provider))
        clock.forward(minutes=1)
    ((_, digest),) = provider.accepted
    assert sorted(keys_of(digest)) == sorted(row.key for row in ledger.deliveries("sent"))
    assert len(keys_of(digest)) == 12


def test_a_digest_dies_whole(ledger: Ledger, clock: Clock) -> None:
    """Members of different age are given up together, when the youngest is 72 h old."""
    for number in range(12):
        put(ledger, record(disclosure_id=ident(number)), clock.now, routes=SLACK)
        clock.forward(hours=1)
    outbox = outbox_of(ledger, clock)
    while outbox.pending_count():
        assert len(states(ledger)) == 1
        drain(outbox, senders(slack=Provider(lambda: "refuse")))
        clock.forward(minutes=45)
    assert states(ledger) == {"dead": 12}
    assert clock.now - NOW > timedelta(hours=11 + 71)


def test_a_digest_is_claimed_whole_or_not_at_all(
    ledger: Ledger, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A member that waits for its predecessor keeps the digest back; a short look at the queue cuts none off."""
    put(ledger, record(disclosure_id=ident(0)), routes=SLACK)
    outbox = outbox_of(ledger, clock)
    drain(outbox, senders(slack=Provider(lambda: "permanent")))
    (dead,) = ledger.deliveries("dead")
    for number in range(12):
        version, novelty = (1, Novelty.NEW) if number else (2, Novelty.UPDATE_UP)
        put(ledger, record(disclosure_id=ident(number), version=version, novelty=novelty), routes=SLACK)
    clock.forward(seconds=61)
    drain(outbox, senders(slack=Provider(lambda: "refuse")))
    outbox.replay(dead.id)
    clock.forward(seconds=61)
    monkeypatch.setattr("processing.alert.outbox._WINDOW", 5)
    (first,) = outbox.claim_due(9, "me")
    assert keys_of(first) == [dead.key]
    outbox.mark_sent(first, "r1")
    (digest,) = outbox.claim_due(9, "me")
    assert len(keys_of(digest)) == 12
    assert outbox.claim_due(9, "you") == []


def test_the_word_of_an_attempt_that_was_taken_over_is_ignored(ledger: Ledger, clock: Clock) -> None:
    """Its refusal changes nothing while another sends; its success does."""
    put(ledger, record(), routes=SLACK)
    outbox = outbox_of(ledger, clock)
    (late,) = outbox.claim_due(1, "late")
    clock.forward(seconds=121)
    assert outbox.claim_due(1, "quick")
    outbox.mark_dead(late, "550")
    outbox.mark_retry(late, "503")
    outbox.pause(late, "gone")
    assert states(ledger) == {"sending": 1}
    outbox.mark_sent(late, "r1")
    assert states(ledger) == {"sent": 1}


def test_ten_are_no_flood(ledger: Ledger, clock: Clock) -> None:
    """As many as the threshold still go out one by one."""
    for number in range(10):
        put(ledger, record(disclosure_id=ident(number)), routes=(Route(name="r", receivers=("slack",)),))
    report = drain(outbox_of(ledger, clock), senders(slack=Provider()))
    assert report.counts() == {"sent": 10}


# -- the promise --------------------------------------------------


def test_two_drainers_under_faults_lose_and_double_nothing(tmp_path: Path) -> None:
    """Two drainers at once, four in ten sends failing or dying: each delivery arrives exactly once."""
    ledger = Ledger.open(f"sqlite:///{tmp_path}/ledger.sqlite")
    clock, provider = Clock(), Provider(faults(7, 0.4))
    wanted = 0
    for number in range(40):
        wanted += put(
            ledger,
            record(
                disclosure_id=ident(number % 20),
                version=1 + number // 20,
                novelty=Novelty.NEW if number < 20 else Novelty.UPDATE_UP,
            ),
        )
    rounds = 0
    while Outbox(ledger.engine, clock, config()).pending_count() and rounds < 60:
        threads = [
            threading.Thread(target=drain_until_killed, args=(ledger, clock, provider, n)) for n in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        clock.forward(minutes=16)
        rounds += 1
    ledger.engine.dispose()
    arrived = Counter(key for _, job in provider.accepted for key in keys_of(job))
    gone = [row.key for row in ledger.deliveries() if row.state == "sent"]
    merged = [row for row in ledger.deliveries() if row.merged_into]
    ledger.engine.dispose()
    assert set(arrived) == set(gone)
    assert max(arrived.values()) == 1
    assert len(gone) + len(merged) == wanted


def drain_until_killed(ledger: Ledger, clock: Clock, provider: Provider, number: int) -> None:
    # A drainer that dies leaves what it held to the end of its lease.
    kinds = {"email": provider, "slack": provider}
    with contextlib.suppress(KeyboardInterrupt):
        drain(Outbox(ledger.engine, clock, config()), kinds, owner=f"w{number}")


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.sampled_from(["none", "refuse", "reset", "crash", "late"]), min_size=1, max_size=25),
    st.integers(1, 14),
    st.integers(1, 3),
    st.sampled_from([30, 960]),
)
def test_any_faults_in_any_order_deliver_once(
    plan: list[str], disclosures: int, versions: int, pace: int
) -> None:
    """Whatever goes wrong and whenever updates come, each version is told once, alone or merged, in order."""
    ledger, clock = Ledger.open("sqlite://"), Clock()
    coming = iter(plan)
    provider = Provider(lambda: next(coming, "none").replace("late", "reset"))
    outbox = outbox_of(ledger, clock)
    route = (Route(name="r", receivers=("slack",)),)
    for version in range(1, versions + 1):
        for number in range(disclosures):
            novelty = Novelty.NEW if version == 1 else Novelty.UPDATE_UP
            put(
                ledger,
                record(disclosure_id=ident(number), version=version, novelty=novelty),
                clock.now,
                routes=route,
            )
        _drain_once(outbox, provider)
        clock.forward(seconds=70)
    while outbox.pending_count():
        _drain_once(outbox, provider)
        clock.forward(seconds=pace)
    rows = ledger.deliveries()
    ledger.engine.dispose()
    arrived = Counter(key for _, job in provider.accepted for key in keys_of(job))
    assert set(arrived.values()) == {1}
    assert set(arrived) == {row.key for row in rows if row.state == "sent"}
    assert len(rows) == disclosures * versions
    assert all(row.state == "sent" or row.merged_into for row in rows)
    for number in range(disclosures):
        told = [
            j.record.version
            for _, job in provider.accepted
            for j in (job.jobs if isinstance(job, DigestJob) else (job,))
            if j.record.disclosure_id == ident(number)
        ]
        assert told == sorted(told)
        assert told[-1] == versions


def _drain_once(outbox: Outbox, provider: Provider) -> None:
    with contextlib.suppress(KeyboardInterrupt):
        drain(outbox, {"slack": provider})


def test_permanent_is_not_transient() -> None:
    """The errors carry their reason."""
    assert (Permanent("a").reason, Transient("b", 3).retry_after, TargetDown("c").reason) == ("a", 3, "c")
