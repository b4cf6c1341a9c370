"""Watches the sources: one verdict for each, from crawling and cleaning, and who is told when it changes.

Operations hear of a verdict once, when it changes; readers of a tracked region hear once of each silence of its
official channel. What was told is remembered in the transaction that queues the message.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from processing.alert.outbox import enqueue_notice, next_version
from processing.alert.policy import Decision, decide_notice
from processing.config import Operations, Route, VigilConfig
from processing.ledger.engine import lock_keys, writing
from processing.ledger.schema import Silence, SourceState, SourceYield
from processing.ledger.yields import yields_of
from processing.models import Notice, notice_id
from scrapers.frontier import FAILING, Day, Frontier, Health, Verdict
from scrapers.registry import Registry, Source
from scrapers.rhythm import HISTORY, patience, usual_gap

CHANCE = 1e-5  # that so many pages in a row fail by themselves, below which the layout has changed
LEAST_PAGES = 2
LEAST_ALIKE = 3
OVERDUE = timedelta(days=2)  # that a source was not asked while others were: longer than any schedule group waits


@dataclass(frozen=True)
class Assessment:
    """The one verdict on a source, and why."""

    verdict: Verdict
    reason: str


def assess(health: Health, yields: Sequence[SourceYield], latest: datetime | None = None) -> Assessment:
    """The crawl's verdict, unless it is old, or cleaning got nothing out of pages that the crawl found well.

    `yields` are the source's batches, newest first; at `latest` any source was asked last. Pure.
    """
    if latest is not None and latest - health.last_checked_at > OVERDUE:
        said = f"not asked since {health.last_checked_at:%Y-%m-%d %H:%M} UTC: does its batch fail?"
        return Assessment(Verdict.UNKNOWN, said)
    if health.verdict not in FAILING and (fault := _unreadable(yields)):
        return fault
    return Assessment(health.verdict, health.last_error or "")


def _unreadable(yields: Sequence[SourceYield]) -> Assessment | None:
    newest = next((row for row in yields if row.pages), None)
    if newest is None:
        return None
    if newest.alike >= LEAST_ALIKE and newest.alike == newest.texts:
        return Assessment(Verdict.BLOCKED, f"the same text at {newest.alike} addresses: an error page with status 200")
    if newest.walled and newest.walled == newest.pages and _streak([(row.pages, row.walled) for row in yields]):
        return Assessment(Verdict.BLOCKED, f"{newest.walled} of {newest.pages} pages are a wall with status 200")
    faults = (
        ("pages load, but no text is found on them", [(row.pages, row.pages - row.texts) for row in yields]),
        ("no date is found on its pages any more", [(row.texts, row.undated) for row in yields]),
        ("no title is found on its pages any more", [(row.texts, row.untitled) for row in yields]),
    )
    for said, counts in faults:
        if number := _streak(counts):
            return Assessment(Verdict.BROKEN, f"{said} (the last {number})")
    return None


def _streak(counts: Iterable[tuple[int, int]]) -> int:
    """How many pages in a row failed up to now, if that is no accident by the source's own history; else 0.

    `counts` are (pages, failures) of batches, newest first. By Laplace's rule of succession a page fails by
    itself with probability (failures + 1) / (pages + 2) of what was before the streak.
    """
    rows = [row for row in counts if row[0]]
    length = next((n for n, (pages, failures) in enumerate(rows) if failures < pages), len(rows))
    streak = sum(pages for pages, _ in rows[:length])
    before, failed = (sum(row[part] for row in rows[length:]) for part in (0, 1))
    chance = (failed + 1) / (before + 2)
    return streak if streak >= LEAST_PAGES and chance ** min(streak, 1000) < CHANCE else 0


def watch(
    engine: Engine, frontier: Frontier, registry: Registry, config: VigilConfig, now: datetime
) -> dict[str, int]:
    """Assess every enabled source and queue what is to be told. Returns counts; running it again tells nothing."""
    sources = [source for source in registry.sources.values() if source.enabled]
    health = frontier.health([source.id for source in sources])
    yields = yields_of(engine, health)
    officials = [source.id for source in sources if source.official and source.region]
    days = frontier.days(officials, (now - HISTORY).date())
    latest = max((row.last_checked_at for row in health.values()), default=None)
    counts: Counter[str] = Counter()
    with writing(engine) as session:
        lock_keys(session, {"watch"})
        silences = list(session.scalars(select(Silence).where(Silence.until > now)))
        for source in sorted(sources, key=lambda source: source.id):
            if (row := health.get(source.id)) is None:
                continue
            told = assess(row, yields[source.id], latest)
            counts[told.verdict.value] += 1
            teller = _Teller(session, source, row, config, silences, now)
            counts["queued"] += teller.of_verdict(told) + teller.of_silence(told, days.get(source.id, ()))
    return dict(counts)


def verdicts(engine: Engine, health: Mapping[str, Health]) -> dict[str, Assessment]:
    """The verdict on each source as it stands, for showing."""
    yields = yields_of(engine, health)
    latest = max((row.last_checked_at for row in health.values()), default=None)
    return {name: assess(row, yields[name], latest) for name, row in health.items()}


@dataclass(frozen=True)
class _Teller:
    """Tells of one source, in the caller's transaction."""

    session: Session
    source: Source
    health: Health
    config: VigilConfig
    silences: Sequence[Silence]
    now: datetime

    def of_verdict(self, found: Assessment) -> int:
        """Operations, once per change. A source that starts well, or failed only once, is no news."""
        state = self.session.get(SourceState, self.source.id)
        if state is not None and state.verdict == found.verdict.value:
            return 0
        if found.verdict in FAILING and self.health.verdict in FAILING and self.health.consecutive_failures < 2:
            return 0
        before = state.verdict if state else None
        if state is None:
            state = SourceState(source=self.source.id, silent_since=None)
            self.session.add(state)
        state.verdict, state.reason, state.since = found.verdict.value, found.reason, self.now
        if (before is None and found.verdict not in FAILING) or self.config.operations is None:
            return 0
        notice = self._notice("verdict", found, before, self.now)
        return self._enqueue(notice, [self.config.operations])

    def of_silence(self, found: Assessment, days: Sequence[Day]) -> int:
        """The readers of its region, once per silence of an official that can be read."""
        source, health = self.source, self.health
        if source.official is None or source.region is None or health.last_new_at is None:
            return 0
        if found.verdict in FAILING or found.verdict is Verdict.UNKNOWN:
            return 0
        usual, most = _bounds(source, days)
        silent = health.last_checked_at - health.last_new_at  # what was not looked at is not known to be silence
        state = self.session.get(SourceState, source.id)
        if usual is None or most is None or silent <= most or state is None:
            return 0
        if state.silent_since == health.last_new_at:
            return 0
        state.silent_since = health.last_new_at
        notice = self._notice("silence", found, None, health.last_new_at).model_copy(
            update={"usual_hours": usual / timedelta(hours=1), "silent_hours": silent / timedelta(hours=1)}
        )
        routes: list[Route | Operations] = list(self.config.routes)
        return self._enqueue(notice, routes)

    def _notice(self, kind: str, found: Assessment, before: str | None, since: datetime) -> Notice:
        name = notice_id(kind, self.source.id)
        return Notice.model_validate({
            "notice_id": name, "version": next_version(self.session, name), "created_at": self.now, "kind": kind,
            "source": self.source.id, "outlet": self.source.name, "url": str(self.source.url),
            "region": self.source.region, "verdict": found.verdict.value, "before": before, "reason": found.reason,
            "since": since, "last_success_at": self.health.last_success_at, "usual_hours": None, "silent_hours": None,
        })

    def _enqueue(self, notice: Notice, routes: Sequence[Route | Operations]) -> int:
        decisions: list[tuple[Route | Operations, Decision]] = [
            (route, decide_notice(notice, route, self.config, self.silences, self.now)) for route in routes
        ]
        if not any(decision.verdict != "unmatched" for _, decision in decisions):
            return 0
        return enqueue_notice(self.session, notice, decisions, self.config, self.now)


def _bounds(source: Source, days: Sequence[Day]) -> tuple[timedelta | None, timedelta | None]:
    """An official's usual gap and the longest that is no silence: by its history, else by its registry entry."""
    usual, most = usual_gap(days), patience(days)
    if usual is None and source.expect.min_per_day:
        usual = timedelta(days=1) / source.expect.min_per_day
        most = max(3 * usual, timedelta(days=1))
    return usual, most
