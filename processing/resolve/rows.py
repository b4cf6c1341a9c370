"""A disclosure's rows in the ledger, written within the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from processing.alert.policy import Decision
from processing.config import Route
from processing.ledger.schema import ClaimLink, Disclosure, DisclosureVersion
from processing.models import DisclosureRecord, Document, MeasureState
from processing.resolve.blocks import store_keys
from processing.resolve.intake import ClaimOutcome
from processing.resolve.mention import Mention
from processing.resolve.profile import Profile


def put_disclosure(
    session: Session, row: Disclosure | None, record: DisclosureRecord, profile: Profile,
    times: Sequence[datetime],
) -> None:
    """The current state of a disclosure, and the keys that find it. `row` is None for a new one."""
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
    first, last = row.first_published_at, row.last_published_at
    store_keys(session, row.disclosure_id, record.scope, profile, first, last)


def put_version(
    session: Session, record: DisclosureRecord, document: Document,
    decisions: Iterable[tuple[Route, Decision]],
) -> None:
    """One version with the policy's word for every route, also where nothing is sent."""
    session.add(DisclosureVersion(
        disclosure_id=record.disclosure_id, version=record.version, novelty=record.novelty.value,
        doc_id=document.doc_id, doc_version=document.version, created_at=record.created_at,
        snapshot=record.model_dump(mode="json"),
        decision=[{"route": r.name, "verdict": d.verdict, "reason": d.reason} for r, d in decisions],
    ))


def put_links(
    session: Session, record: DisclosureRecord, claims: Iterable[ClaimOutcome], mention: Mention, key: str
) -> None:
    """Which claims of a document a version took in; `key` is equal for reprints of one text."""
    document = mention.document
    for claim in claims:
        session.merge(ClaimLink(
            claim_id=claim.claim_id, disclosure_id=record.disclosure_id, version=record.version,
            doc_id=document.doc_id, doc_version=document.version, source=document.source,
            independence_key=key, measure=claim.measure.value, novelty=claim.novelty.value,
            published_at=mention.said_at, claim=claim.claim.model_dump(mode="json"),
        ))


def _state(measures: Iterable[MeasureState]) -> str:
    return "open" if any(state.best is not None for state in measures) else "retracted"
