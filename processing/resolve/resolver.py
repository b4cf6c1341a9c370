"""RESOLVE: one document's claims against the ledger, in one transaction with the alerts they cause."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from processing.alert.outbox import enqueue
from processing.alert.policy import Decision, decide
from processing.config import Route, VigilConfig
from processing.errors import Retry
from processing.ledger.engine import lock_keys, reading, writing
from processing.ledger.schema import Disclosure, Resolved, Silence
from processing.ledger.store import Ledger
from processing.models import (
    Detection,
    DisclosureRecord,
    Document,
    Measure,
    Novelty,
    PageRef,
    Scope,
    content_id,
)
from processing.resolve.blocks import candidates, lock_keys_of
from processing.resolve.intake import ClaimOutcome, take_account, take_in
from processing.resolve.match import Evidence, weigh
from processing.resolve.mention import Mention, Said, mentions
from processing.resolve.profile import Profile
from processing.resolve.record import measure_states, quote_of, record_of
from processing.resolve.rows import put_disclosure, put_links, put_version

_TRIES = 4  # of a transaction that the database undid: deadlock, lost serialization, lock timeout

# The weightiest novelty among a document's claims names the version.
_WEIGHT = (
    Novelty.RETRACTION, Novelty.CORRECTION, Novelty.UPDATE_UP, Novelty.UPDATE_DOWN, Novelty.CONTESTED,
    Novelty.OUT_OF_ORDER, Novelty.REPEAT,
)
_CHANGES = frozenset({
    Novelty.NEW, Novelty.UPDATE_UP, Novelty.UPDATE_DOWN, Novelty.CORRECTION, Novelty.RETRACTION,
})
QUIET = frozenset(Novelty) - _CHANGES  # alert nobody


@dataclass(frozen=True)
class ResolveContext:
    """What resolving needs to know beside the document: how far its source is trusted, what time it is."""

    grade: str  # Admiralty
    official: bool  # the source is an official's own channel
    page: PageRef | None  # the archived page
    config: VigilConfig
    now: datetime
    backfill: bool = False  # an import of old material: alerts nobody


@dataclass(frozen=True)
class Outcome:
    """One disclosure touched by a document: its new version, and how many deliveries that queued."""

    disclosure_id: str
    version: int
    novelty: Novelty
    queued: int
    record: DisclosureRecord
    claims: tuple[ClaimOutcome, ...]
    candidates: int  # disclosures that were compared with


def resolve_document(
    ledger: Ledger | Engine, document: Document, detection: Detection, detector_version: str,
    context: ResolveContext,
) -> list[Outcome]:
    """Resolve one document version: links, disclosure versions and outbox rows, together or not at all.

    A version that was resolved before, by this detector, changes nothing and gives []. A document without
    resolvable claims touches nothing. Raises Retry if the database gives up.
    """
    engine = ledger.engine if isinstance(ledger, Ledger) else ledger
    found = mentions(document, detection, detector_version, context.official)
    if not found or _is_resolved(engine, document, detector_version):
        return []
    for tries_left in reversed(range(_TRIES)):
        try:
            with writing(engine) as session:
                return _resolve(session, found, document, detector_version, context)
        except DBAPIError as error:
            if not tries_left:
                raise Retry(f"document {document.doc_id} could not be resolved: {error.orig}") from error
            time.sleep(0.05 * (_TRIES - tries_left))
    raise AssertionError("unreachable")


def _is_resolved(engine: Engine, document: Document, detector_version: str) -> bool:
    with reading(engine) as session:
        return session.get(Resolved, (document.doc_id, document.version, detector_version)) is not None


def _resolve(
    session: Session, found: list[Mention], document: Document, detector_version: str, context: ResolveContext
) -> list[Outcome]:
    lock_keys(session, {f"doc|{document.doc_id}"}.union(*(lock_keys_of(mention) for mention in found)))
    identity = (document.doc_id, document.version, detector_version)
    if session.get(Resolved, identity) is not None:
        return []
    session.add(Resolved(
        doc_id=document.doc_id, version=document.version, detector_version=detector_version,
        resolved_at=context.now,
    ))
    outcomes = []
    for chosen in _assign(session, found, context):
        outcome = _apply(session, chosen, context)
        if outcome is not None:
            outcomes.append(outcome)
    return outcomes


# -- which disclosure ----------------------------------------------------------------------------------


@dataclass
class _Choice:
    """Mentions of one document and the disclosure they are of; None opens one."""

    mentions: list[Mention]
    row: Disclosure | None
    profile: Profile
    candidates: int


def _assign(session: Session, found: list[Mention], context: ResolveContext) -> list[_Choice]:
    """The best disclosure for each mention; no two mentions that state one measure share a disclosure."""
    scored: list[tuple[float, int, Disclosure, Profile]] = []
    counts = []
    for number, mention in enumerate(found):
        rows = candidates(session, mention, context.config.windows.match_days)
        counts.append(len(rows))
        for row in rows:
            profile = Profile.model_validate(row.profile)
            evidence = weigh(mention, profile, Scope(row.scope), context.config.windows.match_days)
            if evidence is not None and _is_same(mention, evidence):
                scored.append((evidence.score, number, row, profile))
    scored.sort(key=lambda s: (-s[0], s[1], s[2].disclosure_id))
    taken: dict[str, _Choice] = {}
    placed: set[int] = set()
    for _, number, row, profile in scored:
        if number in placed:
            continue
        choice = taken.setdefault(row.disclosure_id, _Choice([], row, profile, counts[number]))
        if not any(set(other.figures) & set(found[number].figures) for other in choice.mentions):
            choice.mentions.append(found[number])
            placed.add(number)
    opening = [
        _Choice([mention], None, Profile(), counts[number])
        for number, mention in enumerate(found) if number not in placed and mention.opens
    ]
    return [choice for choice in (*taken.values(), *opening) if choice.mentions]


def _is_same(mention: Mention, evidence: Evidence) -> bool:
    """An old incident told again must be dated, or it would swallow the new one."""
    return evidence.same and (evidence.date_agrees or not mention.historical)


# -- what it brings ------------------------------------------------------------------------------------


def _apply(session: Session, choice: _Choice, context: ResolveContext) -> Outcome | None:
    """Write one disclosure's new version. None if the document only denies what nobody has said."""
    profile, row = _current(session, choice)
    before = measure_states(profile)
    claims = [claim for mention in choice.mentions for claim in take_in(profile, mention)]
    if not claims:
        return None
    keys = [take_account(profile, mention, context.official, context.grade) for mention in choice.mentions]
    disclosure_id = row.disclosure_id if row else content_id("disclosure", claims[0].claim_id)
    version = row.version + 1 if row else 1
    novelty = _version_novelty(claims) if row else Novelty.NEW
    changed = tuple(m for m in Measure if any(c.measure is m and c.novelty in _CHANGES for c in claims))
    mention, said = _telling(choice.mentions, claims, novelty)
    record = record_of(
        disclosure_id, version, novelty, mention.scope, profile, before, changed,
        quote_of(mention, said, None, context.page), context.now,
    )
    record, decisions = _decide(session, record, profile, context)
    put_disclosure(session, row, record, profile, [mention.said_at for mention in choice.mentions])
    put_version(session, record, mention.document, decisions)
    put_links(session, record, claims, mention, keys[0])
    queued = enqueue(session, record, decisions, context.config, context.now)
    session.flush()
    return Outcome(disclosure_id, version, record.novelty, queued, record, tuple(claims), choice.candidates)


def _current(session: Session, choice: _Choice) -> tuple[Profile, Disclosure | None]:
    """The row, locked (on PostgreSQL another key's holder may have changed it since it was compared)."""
    if choice.row is None:
        return choice.profile, None
    row = session.get_one(Disclosure, choice.row.disclosure_id, with_for_update=True, populate_existing=True)
    return Profile.model_validate(row.profile), row


def _version_novelty(claims: Sequence[ClaimOutcome]) -> Novelty:
    """The weightiest novelty; a measure that was not stated before makes the known losses grow."""
    found = {Novelty.UPDATE_UP if c.novelty is Novelty.NEW else c.novelty for c in claims}
    return next(novelty for novelty in _WEIGHT if novelty in found)


def _telling(
    mentions_: Sequence[Mention], claims: Sequence[ClaimOutcome], novelty: Novelty
) -> tuple[Mention, Said]:
    """The claim whose words the version is told in: the first that brought its novelty."""
    news = [c for c in claims if c.novelty is novelty] or [c for c in claims if c.novelty in _CHANGES]
    wanted = (news or list(claims))[0].claim_id
    return next((m, s) for m in mentions_ for s in m.said if s.claim_id == wanted)


# -- who hears of it -----------------------------------------------------------------------------------


def _decide(
    session: Session, record: DisclosureRecord, profile: Profile, context: ResolveContext
) -> tuple[DisclosureRecord, list[tuple[Route, Decision]]]:
    """The policy's word for every route.

    A repeat alerts nobody. But when it brings what was lacking (the region, or confidence enough), a route
    that was never told gets the disclosure as new: or a first report without its region would hide the rest.
    """
    silences = session.scalars(select(Silence).where(Silence.until > context.now)).all()

    def ask(asked: DisclosureRecord, route: Route) -> Decision:
        return decide(asked, route, context.config, silences, context.now, context.backfill)

    routes = context.config.routes
    news = record
    if record.novelty in QUIET:
        standing = tuple(state.measure for state in record.measures if state.best is not None)
        first = record.model_copy(update={"novelty": Novelty.NEW, "changed": standing})
        untold = [route for route in routes if route.name not in profile.settled]
        if standing and any(ask(first, route).send for route in untold):
            news = first
    decisions = []
    for route in routes:
        told = route.name in profile.settled
        decision = ask(record if told else news, route)
        decisions.append((route, decision))
        kept_back = decision.verdict == "suppressed" and news.novelty not in QUIET
        if not told and (decision.send or kept_back):
            profile.settled.append(route.name)
    return news, decisions
