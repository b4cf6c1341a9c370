"""Blocking: the few disclosures of the ledger that a mention has to be compared with, through indexes.

A disclosure stands under the keys of its regions (or "no region"), victims' names, speakers and place names;
a mention asks for the latter two only when it is not sure of its region. The number of candidates depends on
how much happens in one region within the match window, not on the size of the ledger.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import ColumnElement, and_, delete, func, or_, select
from sqlalchemy.orm import Session

from processing.ledger.schema import ClaimLink, Disclosure, DisclosureBlock
from processing.models import EventDate, Scope
from processing.resolve.likeness import name_key
from processing.resolve.mention import Mention
from processing.resolve.profile import SURE, Profile

MOST_CANDIDATES = 200  # of one mention, the latest; a busy region has a tenth of it in a fortnight
_CUMULATIVE_WINDOW = timedelta(days=400)
_EVENT_SLACK = timedelta(days=7)  # by which outlets disagree on the date of an event of last month


def lock_keys_of(mention: Mention) -> set[str]:
    """Keys to hold while a mention is resolved, so that two reports of one incident do not both open it."""
    keys = _region_keys(mention.scope, mention.origin, mention.place)
    keys |= _keys(mention.scope, "name", mention.names)
    if mention.origin is None and mention.place is None:
        keys |= _keys(mention.scope, "speaker", mention.speakers)
        keys |= _keys(mention.scope, "place", mention.place_names)
    return keys


def keys_of(profile: Profile, scope: Scope) -> set[str]:
    """Keys under which a disclosure is found."""
    return (
        _region_keys(scope, profile.origin, profile.place) | _keys(scope, "name", profile.names)
        | _keys(scope, "speaker", profile.speakers) | _keys(scope, "place", profile.place_names)
    )


def _region_keys(scope: Scope, origin: str | None, place: str | None) -> set[str]:
    return {f"{scope}|region|{region or '?'}" for region in ({origin, place} - {None} or {None})}


def _keys(scope: Scope, kind: str, skeletons: list[str]) -> set[str]:
    return {f"{scope}|{kind}|{name_key(skeleton)}" for skeleton in skeletons}


def candidates(session: Session, mention: Mention, match_days: int) -> list[Disclosure]:
    """Disclosures that may be the mentioned one: by keys and time, and those this document already made."""
    keys = lock_keys_of(mention) | _region_keys(mention.scope, None, None)
    keys |= {key for scope in Scope for key in _region_keys(scope, mention.origin, mention.place)}
    keys |= _keys(mention.scope, "name", mention.text_names)
    if mention.region_confidence < SURE:
        keys |= _keys(mention.scope, "speaker", mention.speakers)
        keys |= _keys(mention.scope, "place", [*mention.place_names, *mention.text_names])
    block = DisclosureBlock
    near = (
        select(block.disclosure_id).where(block.block.in_(sorted(keys)), _in_time(mention, match_days))
        .group_by(block.disclosure_id).order_by(func.max(block.last_published_at).desc()).limit(MOST_CANDIDATES)
    )
    own = select(ClaimLink.disclosure_id).where(ClaimLink.doc_id == mention.document.doc_id).distinct()
    ids = {*session.scalars(near), *session.scalars(own)}
    query = select(Disclosure).where(Disclosure.disclosure_id.in_(sorted(ids)))
    return list(session.scalars(query.order_by(Disclosure.disclosure_id)))


def _in_time(mention: Mention, match_days: int) -> ColumnElement[bool]:
    block = DisclosureBlock
    window = _CUMULATIVE_WINDOW if mention.scope is Scope.CUMULATIVE else timedelta(days=match_days)
    earliest, latest = mention.said_at - window, mention.said_at + window
    published = and_(block.last_published_at >= earliest, block.first_published_at <= latest)
    event = mention.event
    if event is None or mention.scope is Scope.CUMULATIVE:
        return published
    start, end = event.start - _EVENT_SLACK, event.end + _EVENT_SLACK
    first, last = (datetime.combine(day, time.min, UTC) for day in (start, end + timedelta(days=1)))
    undated = and_(block.event_start.is_(None), block.last_published_at >= first, block.first_published_at <= last)
    return or_(published, and_(block.event_start >= start, block.event_start <= end), undated)


def store_keys(
    session: Session, disclosure_id: str, scope: Scope, profile: Profile, first: datetime, last: datetime
) -> None:
    """Put a disclosure under its present keys."""
    event: EventDate | None = profile.event_date
    start: date | None = event.start if event else None
    session.execute(delete(DisclosureBlock).where(DisclosureBlock.disclosure_id == disclosure_id))
    session.add_all(
        DisclosureBlock(block=key, disclosure_id=disclosure_id, first_published_at=first,
                        last_published_at=last, event_start=start)
        for key in sorted(keys_of(profile, scope))
    )
