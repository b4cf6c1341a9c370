"""Taking a mention into a disclosure's profile: its figures one by one, then all else it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from processing.models import Claim, Confidence, Measure, Novelty, OutletRef
from processing.resolve.figures import Figure, novelty_of, relation
from processing.resolve.likeness import name_key, skeleton
from processing.resolve.match import reprinted
from processing.resolve.mention import Mention, Said, narrower
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


@dataclass(frozen=True)
class ClaimOutcome:
    """What one claim brought to its disclosure, measure by measure."""

    claim_id: str
    measure: Measure
    novelty: Novelty
    claim: Claim


def take_in(profile: Profile, mention: Mention) -> list[ClaimOutcome]:
    """Add a mention's figures to the profile; what each claim brought."""
    outcomes = []
    primary = {figure.claim_id for figure in mention.figures.values()}
    for said in sorted(mention.said, key=lambda s: s.figure.claim_id not in primary):
        measure, figure = said.claim.measure, _in_context(profile, said)
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


def _in_context(profile: Profile, said: Said) -> Figure:
    """A number told with wording that takes back: the one that stands or stood, or another."""
    if not said.perhaps:
        return said.figure
    standing = profile.standing(said.claim.measure)
    told = standing.current is not None and relation(standing.current, said.figure) == "same"
    gone = standing.current is None and any(old.best == said.figure.best for old in standing.superseded)
    return said.figure.model_copy(update={"cue": said.perhaps}) if told or gone else said.figure


def take_account(profile: Profile, mention: Mention, official: bool, grade: str) -> str:
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
        (profile.text_keys, [name_key(name) for name in mention.text_names]),
    ):
        for value in further:
            remember(values, value)
    if mention.event is not None:
        remember_date(profile.dates, DateSaid(
            date=mention.event, official=mention.source_official, confidence=mention.event_confidence,
            said_at=mention.said_at,
        ))
    profile.slots = _best_slots([*slots, *([profile.slots] if profile.slots else [])])
    profile.grade = min(filter(None, (profile.grade, grade)), default=None)
    return _remember_source(profile, mention, official)


def _remember_source(profile: Profile, mention: Mention, official: bool) -> str:
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
        if official:
            profile.official_published_at = _earliest(profile.official_published_at, document.published_at)
    profile.official = profile.official or official
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
