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
from processing.ledger.schema import ClaimLink, Disclosure, DisclosureVersion, Resolved, Silence
from processing.ledger.store import Ledger
from processing.models import (
    Claim,
    Confidence,
    Detection,
    DisclosureRecord,
    Document,
    Measure,
    MeasureState,
    Novelty,
    OutletRef,
    PageRef,
    Scope,
    content_id,
)
from processing.resolve.blocks import candidates, lock_keys_of, store_keys
from processing.resolve.figures import novelty_of
from processing.resolve.likeness import skeleton
from processing.resolve.match import Evidence, reprinted, weigh
from processing.resolve.mention import Mention, Said, mentions, narrower
from processing.resolve.profile import (
    DateSaid,
    Profile,
    TextSketch,
    remember,
    remember_date,
    remember_region,
    remember_text,
    remember_time,
)
from processing.resolve.record import measure_states, quote_of, record_of

_TRIES = 4  # of a transaction that the database undid: deadlock, lost serialization, lock timeout

# The weightiest novelty among a document's claims names the version.
_WEIGHT = (
    Novelty.RETRACTION, Novelty.CORRECTION, Novelty.UPDATE_UP, Novelty.UPDATE_DOWN, Novelty.CONTESTED,
    Novelty.OUT_OF_ORDER, Novelty.REPEAT,
)
_CHANGES = frozenset({
    Novelty.NEW, Novelty.UPDATE_UP, Novelty.UPDATE_DOWN, Novelty.CORRECTION, Novelty.RETRACTION,
})
_QUIET = frozenset(Novelty) - _CHANGES


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
class ClaimOutcome:
    """What one claim brought to its disclosure, measure by measure."""

    claim_id: str
    measure: Measure
    novelty: Novelty
    claim: Claim


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
    claims = [claim for mention in choice.mentions for claim in _take_in(profile, mention)]
    if not claims:
        return None
    keys = [_remember(profile, mention, context) for mention in choice.mentions]
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
    row = _store(session, row, record, profile, choice.mentions, decisions)
    _link(session, record, claims, choice.mentions[0], keys[0])
    queued = enqueue(session, record, decisions, context.config, context.now)
    session.flush()
    return Outcome(disclosure_id, version, record.novelty, queued, record, tuple(claims), choice.candidates)


def _current(session: Session, choice: _Choice) -> tuple[Profile, Disclosure | None]:
    """The row, locked (on PostgreSQL another key's holder may have changed it since it was compared)."""
    if choice.row is None:
        return choice.profile, None
    row = session.get_one(Disclosure, choice.row.disclosure_id, with_for_update=True, populate_existing=True)
    return Profile.model_validate(row.profile), row


def _take_in(profile: Profile, mention: Mention) -> list[ClaimOutcome]:
    """Add a mention's figures to the profile; what each claim brought."""
    outcomes = []
    primary = {figure.claim_id for figure in mention.figures.values()}
    for said in sorted(mention.said, key=lambda s: s.figure.claim_id not in primary):
        measure, figure = said.claim.measure, said.figure
        novelty: Novelty | None = Novelty.REPEAT
        if figure.claim_id in primary or figure.challenge:
            before = profile.standing(measure)
            if figure.challenge and before.current is None and before.retraction is None:
                continue
            profile.add_figure(measure, figure)
            novelty = novelty_of(before, profile.standing(measure), figure, measure)
        if novelty is not None and said.claim_id not in profile.claim_ids:
            outcomes.append(ClaimOutcome(said.claim_id, measure, novelty, said.claim))
            profile.claim_ids.append(said.claim_id)
    return outcomes


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


def _remember(profile: Profile, mention: Mention, context: ResolveContext) -> str:
    """Everything else that the mention says, for later ones and the record. Returns the independence key."""
    document = mention.document
    slots = [said.claim.confidence for said in mention.said]
    region_slot = max(slot.region for slot in slots)
    profile.group = narrower(profile.group, mention.group)
    remember_region(profile.origins, mention.origin, region_slot, mention.said_at)
    remember_region(profile.places, mention.place, region_slot, mention.said_at)
    for values, further in (
        (profile.place_names, mention.place_names), (profile.speakers, mention.speakers),
        (profile.names, mention.names), (profile.docs, [document.doc_id]),
    ):
        for value in further:
            remember(values, value)
    if mention.event is not None:
        remember_date(profile.dates, DateSaid(
            date=mention.event, official=mention.source_official, said_at=mention.said_at
        ))
    profile.slots = _best_slots([*slots, *([profile.slots] if profile.slots else [])])
    profile.grade = min(filter(None, (profile.grade, context.grade)), default=None)
    return _remember_source(profile, mention, context)


def _remember_source(profile: Profile, mention: Mention, context: ResolveContext) -> str:
    document = mention.document
    key, reprint = _independence(profile, mention)
    if document.source not in profile.sources or profile.sources[document.source] < mention.said_at:
        profile.sources[document.source] = mention.said_at
    remember_time(profile.times, mention.said_at)
    remember_text(profile.texts, TextSketch(
        source=document.source, independence_key=key, said_at=mention.said_at, hashes=mention.hashes
    ))
    remember(profile.independence_keys, key)
    if document.published_at is not None:
        profile.first_published_at = _earliest(profile.first_published_at, document.published_at)
        if context.official:
            profile.official_published_at = _earliest(profile.official_published_at, document.published_at)
    profile.official = profile.official or context.official
    if all((o.source, o.url) != (document.source, document.url) for o in profile.outlets):
        profile.outlets.append(OutletRef(
            source=document.source, outlet=document.outlet, url=document.url, lang=document.lang,
            published_at=document.published_at, precision=document.precision, independent=not reprint,
        ))
    return key


def _independence(profile: Profile, mention: Mention) -> tuple[str, bool]:
    """(key, is a reprint). Reprints of a text, and reports taken from one agency, count as one source."""
    original = reprinted(mention, profile)
    if original is not None:
        return original.independence_key, True
    outlet = skeleton(mention.document.outlet)
    for said in mention.said:
        via = skeleton(said.claim.attribution.via or "")
        if via and via != outlet:
            key = f"via:{via}"
            return key, key in profile.independence_keys
    return f"source:{mention.document.source}", False


def _best_slots(slots: Sequence[Confidence]) -> Confidence:
    return Confidence(
        count=max(s.count for s in slots), region=max(s.region for s in slots),
        attribution=max(s.attribution for s in slots), date=max(s.date for s in slots),
    )


def _earliest(known: datetime | None, moment: datetime) -> datetime:
    return moment if known is None else min(known, moment)


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
    if record.novelty in _QUIET:
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
        kept_back = decision.verdict == "suppressed" and news.novelty not in _QUIET
        if not told and (decision.send or kept_back):
            profile.settled.append(route.name)
    return news, decisions


# -- the rows ------------------------------------------------------------------------------------------


def _store(
    session: Session, row: Disclosure | None, record: DisclosureRecord, profile: Profile,
    mentions_: Sequence[Mention], decisions: Sequence[tuple[Route, Decision]],
) -> Disclosure:
    times = [mention.said_at for mention in mentions_]
    if row is None:
        row = Disclosure(
            disclosure_id=record.disclosure_id, scope=record.scope.value,
            first_published_at=min(times), last_published_at=max(times),
        )
        session.add(row)
    event = record.event_date
    row.version, row.state = record.version, _state(record.measures)
    row.group = record.group.value
    row.origin_region, row.place_region = record.origin_region, record.place_region
    row.event_start, row.event_end = (event.start, event.end) if event else (None, None)
    row.first_published_at = min(row.first_published_at, *times)
    row.last_published_at = max(row.last_published_at, *times)
    row.profile = profile.model_dump(mode="json")
    document = mentions_[0].document
    session.add(DisclosureVersion(
        disclosure_id=record.disclosure_id, version=record.version, novelty=record.novelty.value,
        doc_id=document.doc_id, doc_version=document.version, created_at=record.created_at,
        snapshot=record.model_dump(mode="json"),
        decision=[{"route": r.name, "verdict": d.verdict, "reason": d.reason} for r, d in decisions],
    ))
    first, last = row.first_published_at, row.last_published_at
    store_keys(session, row.disclosure_id, record.scope, profile, first, last)
    return row


def _state(measures: Sequence[MeasureState]) -> str:
    return "open" if any(state.best is not None for state in measures) else "retracted"


def _link(
    session: Session, record: DisclosureRecord, claims: Sequence[ClaimOutcome], mention: Mention, key: str
) -> None:
    document, said_at = mention.document, mention.said_at
    for claim in claims:
        session.merge(ClaimLink(
            claim_id=claim.claim_id, disclosure_id=record.disclosure_id, version=record.version,
            doc_id=document.doc_id, doc_version=document.version, source=document.source,
            independence_key=key, measure=claim.measure.value, novelty=claim.novelty.value,
            published_at=said_at, claim=claim.claim.model_dump(mode="json"),
        ))
