"""The outbox: what must still be sent to whom, and the hand that sends it.

Promise: every disclosure version reaches every target at least once; twice only if the provider hides a
message that it accepted. A resend first looks for its own key at the provider.
"""

from __future__ import annotations

import logging
import random
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import Engine, Select, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from processing.alert.policy import Decision, targets
from processing.config import Operations, Route, VigilConfig
from processing.errors import VigilError
from processing.ledger.engine import lock_keys, reading, writing
from processing.ledger.schema import Delivery, DisclosureVersion, NoticeVersion, TargetPause
from processing.models import DisclosureRecord, Measure, Notice, Novelty, content_id

log = logging.getLogger("vigil.outbox")

LEASE = timedelta(seconds=120)  # longer than a provider may take (60 s)
FIRST_RETRY, LONGEST_RETRY = 5.0, 900.0  # seconds
GIVE_UP_AFTER = timedelta(hours=72)
PAUSE = timedelta(minutes=15)  # until a target that takes nothing is asked again
BROKEN_AFTER = 5  # attempts that end in an error of our own make a dead letter
_DIGEST_MOST = 100  # deliveries in one digest
_WINDOW = 500  # due rows looked at in one go


@dataclass(frozen=True)
class DeliveryJob:
    """One disclosure version, or one message about a source, for one target, leased to this process.

    `root_ref` and `last_ref` are the provider's references of the first and the latest message about the same
    disclosure to the same target (None when there was none): the thread. `uncertain`: an earlier attempt may
    have been accepted, so look for `key` at the provider before sending.
    """

    id: int
    key: str
    kind: str
    target: str
    receiver: str
    route: str
    record: DisclosureRecord | Notice
    attempt: int
    uncertain: bool
    root_ref: str | None
    last_ref: str | None
    timezone: str
    lang: str
    reason: str

    @property
    def thread(self) -> str:
        """Id of what all messages of the thread are about."""
        return self.record.notice_id if isinstance(self.record, Notice) else self.record.disclosure_id


@dataclass(frozen=True)
class DigestJob:
    """Many deliveries for one target, sent as one message because they came in a flood.

    They share key, due, lease and fate until they are through: one message at the provider, with one content.
    """

    jobs: tuple[DeliveryJob, ...]
    key: str
    kind: str
    target: str
    receiver: str
    route: str
    uncertain: bool
    timezone: str
    lang: str


@dataclass(frozen=True)
class Sent:
    """Accepted by the provider under this reference (Slack ts, mail Message-ID)."""

    provider_ref: str


class Transient(VigilError):
    """Not accepted now; may be later. `retry_after` is the provider's own wish, in seconds."""

    def __init__(self, reason: str = "not accepted for now", retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class Permanent(VigilError):
    """Refused for good: this message becomes a dead letter."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TargetDown(VigilError):
    """The target takes nothing at all (channel gone, credentials refused): pause it, keep what is pending."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Sender(Protocol):
    """What a receiver kind implements, in processing/alert/receivers/<kind>.py."""

    def find(self, job: DeliveryJob | DigestJob) -> str | None:
        """The provider's reference of the message that carries `job.key`, if it has one. Raises as send()."""

    def send(self, job: DeliveryJob | DigestJob) -> Sent:
        """Send once, without retrying. Raises Transient, Permanent or TargetDown."""


def enqueue(
    session: Session, record: DisclosureRecord, decisions: Sequence[tuple[Route, Decision]],
    config: VigilConfig, now: datetime,
) -> int:
    """Outbox rows of one disclosure version, in the caller's transaction. Returns how many will be sent.

    A target of several routes gets one row: that of the first route that sends, else holds, else suppresses.
    The first word on a disclosure is due at once, further ones after the time in which updates are grouped.
    """
    rank = {"send": 0, "held": 1, "suppressed": 2}
    queued, done = 0, set()
    wait = timedelta(seconds=0 if record.novelty is Novelty.NEW else config.windows.update_group_seconds)
    ranked = sorted((d for d in decisions if d[1].verdict in rank), key=lambda pair: rank[pair[1].verdict])
    for route, decision in ranked:
        for target in targets(route, config):
            if (target.kind, target.target) in done:
                continue
            done.add((target.kind, target.target))
            state = "pending" if decision.send else decision.verdict
            queued += decision.send
            session.add(Delivery(
                key=delivery_key(record.disclosure_id, record.version, target.kind, target.target),
                disclosure_id=record.disclosure_id, version=record.version, route=route.name,
                receiver=target.receiver, kind=target.kind, target=target.target, state=state,
                reason=decision.reason, attempts=0, due=now + wait, give_up_at=now + wait + GIVE_UP_AFTER,
                created_at=now,
            ))
            if decision.send:
                _settle_held(session, record, target.kind, target.target)
    return queued


def enqueue_notice(
    session: Session, notice: Notice, decisions: Sequence[tuple[Route | Operations, Decision]],
    config: VigilConfig, now: datetime,
) -> int:
    """A message about a source and its outbox rows, in the caller's transaction. Returns how many will be sent."""
    session.add(NoticeVersion(
        notice_id=notice.notice_id, version=notice.version, kind=notice.kind, source=notice.source, created_at=now,
        snapshot=notice.model_dump(mode="json"),
        decision=[{"route": r.name, "verdict": d.verdict, "reason": d.reason} for r, d in decisions],
    ))
    done: set[str] = set()
    for route, decision in decisions:
        for target in targets(route, config) if decision.send else ():
            key = delivery_key(notice.notice_id, notice.version, target.kind, target.target)
            if key not in done:
                done.add(key)
                session.add(Delivery(
                    key=key, disclosure_id=notice.notice_id, version=notice.version, route=route.name,
                    receiver=target.receiver, kind=target.kind, target=target.target, state="pending",
                    reason=decision.reason, attempts=0, due=now, give_up_at=now + GIVE_UP_AFTER, created_at=now,
                ))
    return len(done)


def next_version(session: Session, notice_id: str) -> int:
    """Number of the next message about a source; also after the ledger was rebuilt from deliveries alone."""
    told = session.scalar(select(func.max(NoticeVersion.version)).where(NoticeVersion.notice_id == notice_id))
    sent = session.scalar(select(func.max(Delivery.version)).where(Delivery.disclosure_id == notice_id))
    return max(told or 0, sent or 0) + 1


def delivery_key(disclosure_id: str, version: int, kind: str, target: str) -> str:
    """The key by which a delivery is known here and at the provider."""
    return content_id("delivery", disclosure_id, str(version), kind, target)


def _settle_held(session: Session, record: DisclosureRecord, kind: str, target: str) -> None:
    """What waited for review is told with this version now."""
    session.flush()
    session.execute(
        update(Delivery)
        .where(Delivery.disclosure_id == record.disclosure_id, Delivery.kind == kind,
               Delivery.target == target, Delivery.state == "held", Delivery.version < record.version)
        .values(state="suppressed", reason=f"suppressed: told with version {record.version}")
    )


class Outbox:
    """Claims, leases and results of deliveries. Each method is one transaction; many processes may share."""

    def __init__(
        self, engine: Engine, clock: Callable[[], datetime], config: VigilConfig,
        rng: random.Random | None = None,
    ) -> None:
        self.engine = engine
        self.clock = clock
        self.config = config
        self._rng = rng or random.Random()  # noqa: S311 -- spreads retries; no secret rests on it
        self._routes: dict[str, Route | Operations] = {route.name: route for route in config.routes}
        if config.operations:
            self._routes[config.operations.name] = config.operations

    # -- taking work -------------------------------------------------------------------------

    def claim_due(
        self, limit: int, owner: str, lease: timedelta = LEASE
    ) -> list[DeliveryJob | DigestJob]:
        """Up to `limit` jobs that are due, leased to `owner`; a digest counts as one.

        Version n waits until its predecessors for the same target are through. Versions never tried yet
        are merged into the newest of them. A job that was tried before, also one whose lease ran out, is
        `uncertain`.
        """
        now = self.clock()
        jobs: list[DeliveryJob | DigestJob] = []
        with writing(self.engine) as session:
            lock_keys(session, {"outbox"})
            for bundle in self._bundles(session, now):
                if len(jobs) == limit:
                    break
                if not (rows := _told_of(session, bundle)):
                    continue
                uncertain = any(row.attempts > 0 for row in rows)
                for row in rows:
                    row.state, row.attempts = "sending", row.attempts + 1
                    row.lease_owner, row.lease_until = owner, now + lease
                session.flush()
                made = tuple(self._job(session, row, uncertain) for row in rows)
                jobs.append(made[0] if rows[0].digest_key is None else _digest(rows[0].digest_key, made))
        return jobs

    def _bundles(self, session: Session, now: datetime) -> list[list[Delivery]]:
        """Due rows as they go out: alone, or as digests."""
        ready = [row for row in self._due(session, now) if not _waits(session, row)]
        ready = self._merged(session, ready)
        by_target: dict[tuple[str, str], list[Delivery]] = defaultdict(list)
        bundles = [[row] for row in ready if row.digest_key is None and row.attempts > 0]
        for row in ready:
            if row.digest_key is None and row.attempts == 0:
                by_target[row.kind, row.target].append(row)
        for rows in by_target.values():
            flood = len(rows) > self.config.windows.flood_threshold
            bundles += self._flooded(rows) if flood else [[row] for row in rows]
        for key in {row.digest_key for row in ready if row.digest_key}:
            bundles += _digest_again(session, key, now)
        return sorted(bundles, key=lambda rows: (rows[0].due, rows[0].id))

    def _due(self, session: Session, now: datetime) -> list[Delivery]:
        pause = TargetPause
        paused = select(pause.kind).where(
            pause.kind == Delivery.kind, pause.target == Delivery.target, pause.until > now
        ).exists()
        due = or_(
            and_(Delivery.state == "pending", Delivery.due <= now),
            and_(Delivery.state == "sending", Delivery.lease_until < now),
        )
        query = select(Delivery).where(due, ~paused).order_by(Delivery.due, Delivery.id).limit(_WINDOW)
        return list(session.scalars(query))

    def _merged(self, session: Session, ready: list[Delivery]) -> list[Delivery]:
        """Replace each untried row by the newest untried version for the same disclosure and target."""
        kept: dict[int, Delivery] = {}
        for row in ready:
            if row.state == "suppressed":
                continue  # just merged
            newest = self._merge(session, row) if row.attempts == 0 else row
            kept[newest.id] = newest
        return list(kept.values())

    def _merge(self, session: Session, row: Delivery) -> Delivery:
        untried = _thread(row).where(Delivery.state == "pending", Delivery.attempts == 0)
        *older, newest = session.scalars(untried.order_by(Delivery.version)).all()
        for old in older:
            old.state, old.merged_into = "suppressed", newest.version
            old.reason = f"suppressed: merged into version {newest.version}"
            newest.due = min(newest.due, old.due)  # its news has waited long enough
            # What had been merged into it goes along.
            before = _thread(old).where(Delivery.merged_into == old.version)
            for earlier in session.scalars(before).all():
                earlier.merged_into = newest.version
        session.flush()
        return newest

    def _flooded(self, rows: list[Delivery]) -> list[list[Delivery]]:
        """Digests instead of single messages. Key and members are kept: a retry finds its own."""
        digests = [rows[start : start + _DIGEST_MOST] for start in range(0, len(rows), _DIGEST_MOST)]
        for members in digests:
            key = content_id("digest", *sorted(row.key for row in members))
            for row in members:
                row.digest_key = key
        return digests

    def _job(self, session: Session, row: Delivery, uncertain: bool) -> DeliveryJob:
        route = self._routes.get(row.route)  # None: taken out of the configuration since
        timezone, lang = (route.timezone, route.lang) if route else ("UTC", "en")
        root, last = _references(session, row.disclosure_id, row.kind, row.target)
        return DeliveryJob(
            id=row.id, key=row.key, kind=row.kind, target=row.target, receiver=row.receiver, route=row.route,
            record=_told(session, row), attempt=row.attempts, uncertain=uncertain, root_ref=root,
            last_ref=last, timezone=timezone, lang=lang, reason=row.reason,
        )

    # -- results -----------------------------------------------------------------------------

    # Of a whole job in one transaction. Except for `mark_sent`, the word of an attempt whose lease has passed to
    # another is ignored.

    def mark_sent(self, job: DeliveryJob | DigestJob, provider_ref: str) -> None:
        """The provider has it, under this reference."""
        on_its_way = Delivery.state.in_(("sending", "pending"))
        with writing(self.engine) as session:
            session.execute(
                update(Delivery).where(Delivery.id.in_([member.id for member in _members(job)]), on_its_way)
                .values(state="sent", provider_ref=provider_ref, sent_at=self.clock(), last_error=None,
                        lease_until=None, lease_owner=None)
            )

    def mark_retry(self, job: DeliveryJob | DigestJob, error: str, retry_after: float | None = None) -> None:
        """Try again after the provider's own wish, else after 5 s doubling to 15 min; dead after 72 h."""
        due = self.clock() + timedelta(seconds=self._wait(_members(job)[0].attempt, retry_after))
        with writing(self.engine) as session:
            rows = _released(session, job, error)
            given_up = bool(rows) and due > max(row.give_up_at for row in rows)
            for row in rows:
                row.state, row.due = "pending", due
                if given_up:
                    row.state, row.last_error = "dead", f"given up after 72 h: {error}"

    def mark_dead(self, job: DeliveryJob | DigestJob, error: str) -> None:
        """Refused for good. It stays as a dead letter, for operations to replay."""
        with writing(self.engine) as session:
            for row in _released(session, job, error):
                row.state = "dead"

    def pause(self, job: DeliveryJob | DigestJob, reason: str) -> None:
        """The target takes nothing: leave all that is pending for it alone for a while, this job included."""
        now = self.clock()
        with writing(self.engine) as session:
            session.merge(TargetPause(kind=job.kind, target=job.target, until=now + PAUSE, reason=reason))
            for row in _released(session, job, reason):
                row.state, row.due = "pending", now
                row.give_up_at = max(row.give_up_at, now + PAUSE + GIVE_UP_AFTER)

    # -- people ------------------------------------------------------------------------------

    def replay(self, delivery_id: int) -> bool:
        """Put a dead, suppressed or held delivery back into the outbox, and end its target's pause.

        Returns whether it was one of these; else nothing is changed.
        """
        now = self.clock()
        with writing(self.engine) as session:
            row = session.get_one(Delivery, delivery_id)
            if row.state not in ("dead", "suppressed", "held"):
                return False
            row.state, row.due, row.give_up_at = "pending", now, now + GIVE_UP_AFTER
            row.merged_into, row.digest_key = None, None
            session.execute(
                delete(TargetPause).where(TargetPause.kind == row.kind, TargetPause.target == row.target)
            )
        return True

    def review(self, delivery_id: int, send: bool, reviewer: str, note: str = "") -> None:
        """A person decides on a held delivery: out, or suppressed with the reviewer's name."""
        now, said = self.clock(), f"{reviewer}: {note}" if note else reviewer
        with writing(self.engine) as session:
            row = session.get_one(Delivery, delivery_id)
            if row.state != "held":
                return
            row.state = "pending" if send else "suppressed"
            row.due, row.give_up_at = now, now + GIVE_UP_AFTER
            row.reason = f"sent: after review by {said}" if send else f"suppressed: in review by {said}"
            told = Delivery.state.in_(("sending", "sent"))
            later = _thread(row).where(Delivery.version > row.version, told)
            if send and (newer := session.scalars(later.order_by(Delivery.version.desc())).first()):
                row.state, row.reason = "suppressed", f"suppressed: told with version {newer.version}"

    # -- questions ---------------------------------------------------------------------------

    def pending_count(self, target: str | None = None) -> int:
        """Deliveries that are still to go out, to one target or to all."""
        query = select(func.count()).select_from(Delivery).where(Delivery.state.in_(("pending", "sending")))
        if target is not None:
            query = query.where(Delivery.target == target)
        with reading(self.engine) as session:
            return session.scalar(query) or 0

    def thread_ref(
        self, disclosure_id: str, target: str, kind: str | None = None
    ) -> tuple[str | None, str | None]:
        """Provider references of the first and the latest message about a disclosure to a target."""
        with reading(self.engine) as session:
            return _references(session, disclosure_id, kind, target)

    def paused(self) -> dict[tuple[str, str], str]:
        """(kind, target) -> why it is paused now."""
        query = select(TargetPause).where(TargetPause.until > self.clock())
        with reading(self.engine) as session:
            return {(row.kind, row.target): row.reason for row in session.scalars(query)}

    def _wait(self, attempts: int, retry_after: float | None) -> float:
        backoff = min(LONGEST_RETRY, FIRST_RETRY * 2.0 ** min(attempts - 1, 20))
        jittered = backoff * self._rng.uniform(0.5, 1.0)
        return max(retry_after, FIRST_RETRY / 5) if retry_after is not None else jittered


def _thread(row: Delivery) -> Select[Delivery]:
    """Deliveries of the same disclosure to the same target."""
    return select(Delivery).where(
        Delivery.disclosure_id == row.disclosure_id, Delivery.kind == row.kind, Delivery.target == row.target
    )


def _members(job: DeliveryJob | DigestJob) -> tuple[DeliveryJob, ...]:
    return job.jobs if isinstance(job, DigestJob) else (job,)


def _released(session: Session, job: DeliveryJob | DigestJob, error: str) -> list[Delivery]:
    """A job's rows without their lease; none if they are settled, or taken over, meanwhile."""
    attempts = {member.id: member.attempt for member in _members(job)}
    query = select(Delivery).where(Delivery.id.in_(attempts), Delivery.state == "sending")
    rows = [row for row in session.scalars(query.with_for_update()) if row.attempts == attempts[row.id]]
    for row in rows:
        row.lease_until, row.lease_owner, row.last_error = None, None, error
    return rows


def _digest_again(session: Session, key: str, now: datetime) -> list[list[Delivery]]:
    """A digest that was tried before: with all its members, or not yet."""
    on_its_way = Delivery.state.in_(("pending", "sending"))
    members = select(Delivery).where(Delivery.digest_key == key, on_its_way).order_by(Delivery.id)
    rows = list(session.scalars(members))
    return [rows] if all(_is_due(row, now) and not _waits(session, row) for row in rows) else []


def _is_due(row: Delivery, now: datetime) -> bool:
    free = row.lease_until if row.state == "sending" else row.due
    return free is not None and free <= now


def _waits(session: Session, row: Delivery) -> bool:
    """Whether an older version is on its way: under lease, or tried before and so perhaps accepted."""
    on_its_way = or_(Delivery.state == "sending", and_(Delivery.state == "pending", Delivery.attempts > 0))
    older = _thread(row).where(Delivery.version < row.version, on_its_way)
    return session.scalars(older.limit(1)).first() is not None


def _references(
    session: Session, disclosure_id: str, kind: str | None, target: str
) -> tuple[str | None, str | None]:
    """First and latest single message; a digest is nobody's thread."""
    query = select(Delivery.provider_ref).where(
        Delivery.disclosure_id == disclosure_id, Delivery.target == target, Delivery.state == "sent",
        Delivery.digest_key.is_(None), Delivery.provider_ref.is_not(None),
    ).order_by(Delivery.version)
    found = session.scalars(query.where(Delivery.kind == kind) if kind else query).all()
    return (found[0], found[-1]) if found else (None, None)


def _told(session: Session, row: Delivery) -> DisclosureRecord | Notice:
    """The version's record, telling also the news of the versions merged into it."""
    into_it = _thread(row).where(Delivery.merged_into == row.version)
    merged = session.scalars(into_it.order_by(Delivery.version)).all()
    if found := session.get(NoticeVersion, (row.disclosure_id, row.version)):
        notice = Notice.model_validate(found.snapshot)
        earlier = session.get(NoticeVersion, (row.disclosure_id, merged[0].version)) if merged else None
        before = Notice.model_validate(earlier.snapshot).before if earlier else notice.before
        return notice.model_copy(update={"before": before})
    record = _record(session, row.disclosure_id, row.version)
    if not merged:
        return record
    first = _record(session, row.disclosure_id, merged[0].version)
    if first.novelty is Novelty.NEW and record.novelty not in (Novelty.RETRACTION, Novelty.CORRECTION):
        every = tuple(state.measure for state in record.measures)
        return record.model_copy(update={"novelty": Novelty.NEW, "previous": (), "changed": every})
    changed: list[Measure] = []
    for version in (*(m.version for m in merged), row.version):
        changed += _record(session, row.disclosure_id, version).changed
    news = {"previous": first.previous or record.previous, "changed": tuple(dict.fromkeys(changed))}
    return record.model_copy(update=news)


def _told_of(session: Session, rows: list[Delivery]) -> list[Delivery]:
    """Rows whose disclosure or notice is known. Others are dead: a ledger made anew from the lake has no notices."""
    known = []
    for row in rows:
        key = (row.disclosure_id, row.version)
        if session.get(DisclosureVersion, key) or session.get(NoticeVersion, key):
            known.append(row)
        else:
            row.state, row.last_error = "dead", "what it tells of is no longer in the ledger"
    return known


def _record(session: Session, disclosure_id: str, version: int) -> DisclosureRecord:
    row = session.get_one(DisclosureVersion, (disclosure_id, version))
    return DisclosureRecord.model_validate(row.snapshot)


def _digest(key: str, jobs: tuple[DeliveryJob, ...]) -> DigestJob:
    first = jobs[0]
    return DigestJob(
        jobs=jobs, key=key, kind=first.kind, target=first.target, receiver=first.receiver, route=first.route,
        uncertain=first.uncertain, timezone=first.timezone, lang=first.lang,
    )


@dataclass
class DrainReport:
    """What became of the jobs of one drain: deliveries, and digests among the messages."""

    sent: int = 0
    retried: int = 0
    dead: int = 0
    digests: int = 0
    paused: int = 0
    found: int = 0  # of `sent`: had been accepted before, and were not sent again

    def counts(self) -> dict[str, int]:
        """By outcome, those that happened."""
        return {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name)}


def drain(
    outbox: Outbox, senders: Mapping[str, Sender], limit: int = 1000, owner: str | None = None
) -> DrainReport:
    """Send what is due, up to `limit` messages, one lease at a time so that none runs out in a queue."""
    owner = owner or uuid.uuid4().hex
    report = DrainReport()
    for _ in range(limit):
        jobs = outbox.claim_due(1, owner)
        if not jobs:
            break
        _deliver(outbox, senders, jobs[0], report)
    return report


def _deliver(
    outbox: Outbox, senders: Mapping[str, Sender], job: DeliveryJob | DigestJob, report: DrainReport
) -> None:
    count = len(_members(job))
    try:
        sender = senders.get(job.kind)
        if sender is None:
            raise TargetDown(f"no sender for receivers of kind {job.kind!r}")
        found = sender.find(job) if job.uncertain else None
        reference = found if found is not None else sender.send(job).provider_ref
    except Transient as error:
        outbox.mark_retry(job, error.reason, error.retry_after)
        report.retried += count
    except Permanent as error:
        outbox.mark_dead(job, error.reason)
        report.dead += count
    except TargetDown as error:
        outbox.pause(job, error.reason)
        report.paused += count
        log.error("%s %s takes nothing and is paused: %s", job.kind, job.target, error.reason)
    except Exception as error:  # noqa: BLE001 -- a message we fail to make must not stop the others
        _broken(outbox, job, error, report)
    else:
        outbox.mark_sent(job, reference)
        report.sent += count
        report.found += count if found is not None else 0
        report.digests += isinstance(job, DigestJob)


def _broken(outbox: Outbox, job: DeliveryJob | DigestJob, error: Exception, report: DrainReport) -> None:
    """An error of our own: five attempts, then a dead letter, while the others go on."""
    said = f"{type(error).__name__}: {error}"
    members = _members(job)
    log.exception("delivery %s could not be made", members[0].key)
    if members[0].attempt >= BROKEN_AFTER:
        outbox.mark_dead(job, said)
        report.dead += len(members)
    else:
        outbox.mark_retry(job, said)
        report.retried += len(members)
