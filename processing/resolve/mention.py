"""The incidents that one document speaks of: its claims, put together by what they are about."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from processing.models import (
    Claim,
    Detection,
    Document,
    EventDate,
    Group,
    Measure,
    Precision,
    Qualifier,
    Scope,
    Status,
    claim_id,
)
from processing.resolve.figures import VAGUE, Cue, Figure
from processing.resolve.likeness import place_name, same_place, sketch, surname, text_names

_CUES: tuple[Cue, ...] = ("retraction", "denial", "correction", "rise")  # the weightiest first


@dataclass(frozen=True)
class Said:
    """One claim that is to be resolved, with its id."""

    claim: Claim
    claim_id: str
    figure: Figure
    parent: Measure | None = None
    perhaps: Cue = ""  # taking back, or a number reported beside such wording: the ledger tells which


@dataclass
class Mention:
    """What one document says of one incident, or of one cumulative total."""

    document: Document
    said_at: datetime  # publication; for an edited version, when the edit was seen
    source_official: bool
    scope: Scope
    said: list[Said] = field(default_factory=list)
    group: Group = Group.UNKNOWN
    origin: str | None = None
    place: str | None = None
    event: EventDate | None = None
    event_confidence: float = 0.0
    region_confidence: float = 0.0
    text_names: list[str] = field(default_factory=list)
    place_names: list[str] = field(default_factory=list)
    speakers: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    hashes: list[int] = field(default_factory=list)

    @property
    def figures(self) -> dict[Measure, Figure]:
        """The figure that stands for each measure in this document: the first precise one."""
        found: dict[Measure, Figure] = {}
        for said in sorted(self.said, key=lambda s: s.figure.qualifier in VAGUE):
            if not said.figure.challenge and said.figure.qualifier is not Qualifier.UNSPECIFIED:
                found.setdefault(said.claim.measure, said.figure)
        return found

    @property
    def challenges(self) -> list[Said]:
        """Claims that take a figure back, or deny it."""
        return [said for said in self.said if said.figure.challenge]

    @property
    def cues(self) -> set[Cue]:
        """The toll wording used."""
        return {said.figure.cue for said in self.said if said.figure.cue}

    @property
    def historical(self) -> bool:
        """It tells an old incident again."""
        return any(said.claim.status is Status.HISTORICAL for said in self.said)

    @property
    def opens(self) -> bool:
        """Whether this may be the first word of a disclosure: an own report with a number to it."""
        return any(
            said.claim.status is not Status.HISTORICAL and not said.figure.challenge
            and said.figure.qualifier is not Qualifier.UNSPECIFIED and said.parent is None
            for said in self.said
        )


def mentions(
    document: Document, detection: Detection, detector_version: str, official: bool
) -> list[Mention]:
    """The document's resolvable claims by incident, in reading order. Suppressed candidates are left out."""
    said_at = said_time(document)
    whole = f"{document.title or ''}\n{document.text}"
    hashes, capitalised = sketch(whole), text_names(whole)
    found: list[Mention] = []
    homes: dict[int, Mention] = {}
    for number, claim in enumerate(detection.claims):
        parent = _parent(detection, claim)
        if not _resolvable(claim, parent):
            continue
        said = _said(document, claim, detector_version, said_at, official, parent.measure if parent else None)
        home = homes.get(claim.subset_of) if claim.subset_of is not None and parent else None
        if home is None:
            home = next((m for m in found if _fits(m, said)), None)
        if home is None:
            home = Mention(
                document, said_at, official, claim.scope, hashes=hashes, text_names=capitalised
            )
            found.append(home)
        _put(home, said)
        homes[number] = home
    return found


def said_time(document: Document) -> datetime:
    """When a document version said it: its publication; for an edit, when the edit was seen.

    A bare day says no hour: then it is the first sight of it, within that day. A time in the future is none.
    """
    published, seen, day = document.published_at, document.first_seen_at, timedelta(days=1)
    if document.version > 1 or published is None or document.precision is Precision.UNKNOWN:
        return seen
    if document.precision is Precision.DAY:
        return max(published, min(seen, published + day))
    return seen if published > seen + day else published


def _parent(detection: Detection, claim: Claim) -> Claim | None:
    """The figure of another measure that this one is part of: the captured, of whom some were exchanged."""
    if claim.subset_of is None or not 0 <= claim.subset_of < len(detection.claims):
        return None
    parent = detection.claims[claim.subset_of]
    return parent if parent.measure is not claim.measure else None


def _resolvable(claim: Claim, parent: Claim | None) -> bool:
    if claim.status is Status.OWN:
        part_of_same = claim.subset_of is not None and parent is None
        return not part_of_same and (_counted(claim) or _cue(claim) in ("retraction", "denial"))
    if claim.status is Status.SUBSET:
        return parent is not None and _counted(claim)
    if claim.status is Status.DENIED:
        return True
    # An old incident told again corroborates it when the date says which one is meant; it never opens one.
    return claim.status is Status.HISTORICAL and claim.event_date is not None and _counted(claim)


def _counted(claim: Claim) -> bool:
    return claim.min is not None or claim.max is not None


def _cue(claim: Claim) -> Cue:
    cue: Cue = next((cue for cue in _CUES if cue in claim.cues), "")
    return "denial" if claim.status is Status.DENIED and cue != "retraction" else cue


def _said(
    document: Document, claim: Claim, detector_version: str, said_at: datetime, official: bool,
    parent: Measure | None,
) -> Said:
    identity = claim_id(document, claim, detector_version)
    cue: Cue = _cue(claim)
    perhaps: Cue = ""
    if claim.status is Status.OWN and _counted(claim) and cue in ("retraction", "denial"):
        cue, perhaps = "correction", cue
    figure = Figure(
        min=claim.min, max=claim.max, qualifier=claim.qualifier, raw=claim.raw, claim_id=identity,
        doc_id=document.doc_id, doc_version=document.version, source=document.source,
        speaker=surname(claim.attribution.name) if claim.attribution.name else None, official=official,
        said_at=said_at, cue=cue, subset_of=parent,
    )
    return Said(claim, identity, figure, parent, perhaps)


def _fits(mention: Mention, said: Said) -> bool:
    """Whether a further claim of the same document can be about the same incident."""
    claim = said.claim
    if mention.scope is not claim.scope or (claim.status is Status.HISTORICAL) != mention.historical:
        return False
    if _differ(mention.origin, claim.origin_region) or _differ(mention.place, claim.place_region):
        return False
    if mention.event and claim.event_date and _apart(mention.event, claim.event_date):
        return False
    place = place_name(claim.place) if claim.place else None
    if place and mention.place_names and not any(same_place(place, known) for known in mention.place_names):
        return False
    if not compatible(mention.group, claim.group):
        return False
    return all(_agree(other, said) for other in mention.said if other.claim.measure is claim.measure)


def _agree(one: Said, other: Said) -> bool:
    if one.figure.challenge or other.figure.challenge:
        return True
    if Qualifier.UNSPECIFIED in (one.figure.qualifier, other.figure.qualifier):
        return True
    vague = one.figure.qualifier in VAGUE or other.figure.qualifier in VAGUE
    return vague or one.figure.best == other.figure.best


def _put(mention: Mention, said: Said) -> None:
    claim = said.claim
    mention.said.append(said)
    mention.group = narrower(mention.group, claim.group)
    mention.origin = mention.origin or claim.origin_region
    mention.place = mention.place or claim.place_region
    if claim.event_date is not None and claim.confidence.date > mention.event_confidence:
        mention.event, mention.event_confidence = claim.event_date, claim.confidence.date
    if claim.origin_region or claim.place_region:
        mention.region_confidence = max(mention.region_confidence, claim.confidence.region)
    _add(mention.place_names, place_name(claim.place) if claim.place else None)
    _add(mention.speakers, said.figure.speaker)
    for name in claim.names:
        _add(mention.names, surname(name))


def _add(values: list[str], value: str | None) -> None:
    if value and value not in values:
        values.append(value)


def compatible(one: Group, other: Group) -> bool:
    """Whether two groups can be the same people: the same, or one of them not said or mixed."""
    open_groups = {Group.UNKNOWN, Group.MIXED, Group.OTHER}
    return one is other or one in open_groups or other in open_groups


def narrower(one: Group, other: Group) -> Group:
    """The more telling of two compatible groups."""
    order = [Group.UNKNOWN, Group.OTHER, Group.MIXED]
    rank = {group: order.index(group) if group in order else 9 for group in Group}
    return other if rank[other] > rank[one] else one


def _differ(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and one != other


def _apart(one: EventDate, other: EventDate) -> bool:
    return one.end < other.start or other.end < one.start
