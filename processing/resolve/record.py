"""The record of a disclosure version: what an alert shows and the lake keeps."""

from __future__ import annotations

from datetime import datetime

from processing.models import (
    Confidence,
    DisclosureRecord,
    Measure,
    MeasureState,
    Novelty,
    PageRef,
    Precision,
    Quote,
    Scope,
)
from processing.resolve.figures import measure_state
from processing.resolve.mention import Mention, Said
from processing.resolve.profile import Profile

_OFFICIAL = 0.1  # added for the official's own channel among the sources
_CORROBORATION, _MOST_CORROBORATION = 0.05, 0.15  # for each further independent source
_GRADE = {"A": 0.05, "B": 0.05, "C": 0.0, "D": -0.05, "E": -0.15, "F": -0.05}  # F: cannot be judged
_NO_REGION = 0.4  # most confidence without origin and place


def measure_states(profile: Profile) -> tuple[MeasureState, ...]:
    """Every measure that was ever stated, in the order of the measures."""
    states = (measure_state(measure, profile.standing(measure)) for measure in Measure)
    return tuple(state for state in states if state is not None)


def confidence_of(profile: Profile) -> tuple[float, str]:
    """0..1, and how it came about. The count weighs most; a doubtful region or speaker takes from it."""
    slots = profile.slots or Confidence(count=0, region=0, attribution=0, date=0)
    value = slots.count * (0.6 + 0.4 * slots.region) * (0.9 + 0.1 * slots.attribution)
    parts = [f"count {slots.count:.2f}", f"region {slots.region:.2f}", f"attribution {slots.attribution:.2f}"]
    if profile.official:
        value += _OFFICIAL
        parts.append(f"official source +{_OFFICIAL:g}")
    if profile.grade and (bonus := _GRADE[profile.grade[0]]):
        value += bonus
        parts.append(f"best grade {profile.grade} {bonus:+g}")
    if (sources := len(profile.independence_keys)) > 1:
        bonus = min(_MOST_CORROBORATION, _CORROBORATION * (sources - 1))
        value += bonus
        parts.append(f"{sources} independent sources +{bonus:g}")
    if profile.origin is None and profile.place is None:
        value = min(value, _NO_REGION)
        parts.append(f"no region known, at most {_NO_REGION:g}")
    return round(min(0.99, max(0.0, value)), 3), ", ".join(parts)


def record_of(
    disclosure_id: str, version: int, novelty: Novelty, scope: Scope, profile: Profile,
    before: tuple[MeasureState, ...], changed: tuple[Measure, ...], quote: Quote, now: datetime,
) -> DisclosureRecord:
    """The whole record of one version. `before` are the measures as they were."""
    confidence, reason = confidence_of(profile)
    disclosed = profile.official_published_at or profile.first_published_at
    event = profile.event_date
    dated = disclosed is not None and event is not None and event.precision is not Precision.UNKNOWN
    return DisclosureRecord(
        disclosure_id=disclosure_id, version=version, novelty=novelty, created_at=now,
        measures=measure_states(profile), previous=before if changed else (), changed=changed,
        group=profile.group, scope=scope, origin_region=profile.origin, place_region=profile.place,
        event_date=event, disclosed_at=disclosed,
        lag_days=(disclosed.date() - event.start).days if dated and disclosed and event else None,
        grade=profile.grade, confidence=confidence, confidence_reason=reason, quote=quote,
        outlets=tuple(profile.outlets), independent_sources=len(profile.independence_keys),
        claim_ids=tuple(profile.claim_ids),
    )


def quote_of(mention: Mention, said: Said, lang: str | None, page: PageRef | None) -> Quote:
    """The words of the claim that made a version."""
    document, claim = mention.document, said.claim
    return Quote(
        text=claim.evidence.text, lang=document.lang or lang, url=document.url, outlet=document.outlet,
        source=document.source, attribution=claim.attribution, published_at=document.published_at,
        precision=document.precision, first_seen_at=document.first_seen_at, page=page,
    )
