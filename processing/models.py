"""The record of the project: documents, claims, disclosures, and the terms they are written in.

Terms and number rules are those of casualty recording (Every Casualty standards, ACLED and UCDP codebooks):
see the data dictionary in README. Regions are ISO 3166-2, times aware UTC, dates ISO 8601.
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Measure(StrEnum):
    KILLED = "killed"
    WOUNDED = "wounded"
    MISSING = "missing"
    CAPTURED = "captured"
    EXCHANGED = "exchanged"
    BODIES_RETURNED = "bodies_returned"


class Qualifier(StrEnum):
    """How the number was said. Bounds: exact/about N..N, at_least N.., more_than N+1.., up_to ..N,
    several 2.., dozens 20.., hundreds 200.., unspecified 1.."""

    EXACT = "exact"
    AT_LEAST = "at_least"
    MORE_THAN = "more_than"
    UP_TO = "up_to"
    ABOUT = "about"
    SEVERAL = "several"
    DOZENS = "dozens"
    HUNDREDS = "hundreds"
    UNSPECIFIED = "unspecified"


class Group(StrEnum):
    MILITARY = "military"
    CIVILIAN = "civilian"
    POLICE = "police"
    MIXED = "mixed"
    OTHER = "other"
    UNKNOWN = "unknown"


class Scope(StrEnum):
    INCIDENT = "incident"
    CUMULATIVE = "cumulative"


class Status(StrEnum):
    """OWN is reported; everything else is kept as a suppressed candidate with its reason."""

    OWN = "own"
    ENEMY_CLAIM = "enemy_claim"
    DENIED = "denied"
    HYPOTHETICAL = "hypothetical"
    HISTORICAL = "historical"
    ACCIDENT = "accident"  # any non-conflict cause
    SUBSET = "subset"  # part of another figure of the same measure
    PRIOR_FIGURE = "prior_figure"  # superseded in the same text


class Novelty(StrEnum):
    NEW = "new"
    UPDATE_UP = "update_up"
    UPDATE_DOWN = "update_down"
    CORRECTION = "correction"
    RETRACTION = "retraction"
    CONTESTED = "contested"
    REPEAT = "repeat"
    OUT_OF_ORDER = "out_of_order"


class Precision(StrEnum):
    """Of a date: MINUTE and DAY for publication; DAY, RANGE, MONTH for events."""

    MINUTE = "minute"
    DAY = "day"
    RANGE = "range"
    MONTH = "month"
    UNKNOWN = "unknown"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Evidence(_Record):
    """The exact words: `text == getattr(document, field)[start:end]` (code points)."""

    text: str
    start: int
    end: int
    field: Literal["title", "text"] = "text"


class Attribution(_Record):
    """Who asserts it. `via` is the outlet or agency it is reported through."""

    name: str | None = None
    office: str | None = None
    institution: str | None = None
    via: str | None = None


class EventDate(_Record):
    start: date
    end: date
    precision: Precision


class Confidence(_Record):
    """Per slot, 0..1."""

    count: float = Field(ge=0, le=1)
    region: float = Field(ge=0, le=1)
    attribution: float = Field(ge=0, le=1)
    date: float = Field(ge=0, le=1)


class Claim(_Record):
    """What one document says: a measure, a count, who, where, when, according to whom, with the words.

    `subset_of` is the position, in the same detection's claims, of the figure this one is part of
    ("10 were captured, three of whom ...": the exchanged 3 are a subset of the captured 10).
    """

    measure: Measure
    min: int | None
    max: int | None
    qualifier: Qualifier
    raw: str  # the phrase of the count as written
    group: Group = Group.UNKNOWN
    side: str | None = None
    scope: Scope = Scope.INCIDENT
    as_of: date | None = None
    status: Status = Status.OWN
    subset_of: int | None = None
    place: str | None = None  # as written
    place_region: str | None = None
    origin_region: str | None = None
    attribution: Attribution = Attribution()
    event_date: EventDate | None = None
    evidence: Evidence  # the whole sentence(s) that say it
    count_evidence: Evidence  # the count phrase
    confidence: Confidence
    rules: tuple[str, ...] = ()
    names: tuple[str, ...] = ()  # victims' names, for matching only: never rendered
    cues: tuple[str, ...] = ()  # toll wording: "rise", "correction", "denial", "retraction"


class DetectInput(_Record):
    """A text to look at. `source_*` describe the channel's owner, for roles the text leaves implicit."""

    id: str
    text: str
    title: str | None = None
    lang: str | None = None
    published: datetime | None = None
    source: str | None = None
    source_region: str | None = None  # region the channel or paper belongs to
    source_name: str | None = None  # outlet
    source_person: str | None = None  # official who owns the channel
    source_office: str | None = None
    source_official: bool = False


class Detection(_Record):
    """Claims in reading order, suppressed candidates included (their status is not OWN)."""

    id: str
    lang: str
    disclosure: bool  # at least one OWN claim with a count better than `unspecified`
    claims: tuple[Claim, ...]


class Document(_Record):
    """One version of one article or post."""

    doc_id: str
    version: int  # 1, 2, ... per doc_id
    source: str
    outlet: str
    url: str
    canonical_url: str
    kind: Literal["article", "post"]
    title: str | None
    text: str
    lang: str | None
    published_at: datetime | None
    precision: Precision
    first_seen_at: datetime  # of this version
    edited: bool = False
    missing_since: datetime | None = None  # a post that is gone: this version is its tombstone
    forwarded_from: str | None = None  # of a post: whose words it passes on
    post: str | None = None  # of a post: reply, media, links, views, as JSON
    digest: str  # "sha256:<hex>" of title and text
    page_id: str
    extractor_version: str


def content_id(*parts: str) -> str:
    """SHA-256 hex of the parts, unambiguously joined: the form of every id in the lake."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def claim_id(document: Document, claim: Claim, detector_version: str) -> str:
    """Content-derived id of a claim: same document version, span, measure and detector give the same id."""
    return content_id(
        "claim", document.doc_id, str(document.version), detector_version, claim.measure,
        claim.count_evidence.field, str(claim.count_evidence.start), str(claim.count_evidence.end),
    )


class PageRef(_Record):
    """Where the archived page is: one ranged GET of `length` bytes at `offset` of `warc_key`."""

    page_id: str
    warc_key: str
    offset: int
    length: int
    digest: str  # "sha256:<hex>" of the payload


class MeasureState(_Record):
    """What is currently known of one measure of a disclosure.

    `min`/`max` are those of the current figure; `low`/`high` the span over all claims that were not superseded,
    so that disagreement is kept and not averaged away.
    """

    measure: Measure
    min: int | None
    max: int | None
    best: int | None
    qualifier: Qualifier
    raw: str
    low: int | None
    high: int | None
    subset_of: Measure | None = None  # the exchanged are some of the captured
    claim_id: str  # the claim the figure rests on


class OutletRef(_Record):
    """One document that carries the disclosure."""

    source: str
    outlet: str
    url: str
    lang: str | None
    published_at: datetime | None
    precision: Precision
    independent: bool  # False: a reprint of another outlet's or agency's text


class Quote(_Record):
    """The words an alert rests on, and where they stand."""

    text: str
    lang: str | None
    url: str
    outlet: str
    source: str
    attribution: Attribution
    published_at: datetime | None
    precision: Precision
    first_seen_at: datetime
    page: PageRef | None


class DisclosureRecord(_Record):
    """One version of a disclosure: a row of the lake's `disclosures`, and all that an alert shows."""

    disclosure_id: str
    version: int
    novelty: Novelty
    created_at: datetime
    measures: tuple[MeasureState, ...]
    previous: tuple[MeasureState, ...] = ()  # as of the last version that changed a figure; empty when new
    changed: tuple[Measure, ...] = ()
    group: Group
    scope: Scope
    origin_region: str | None
    place_region: str | None
    event_date: EventDate | None
    disclosed_at: datetime | None  # publication of the first official claim, else of the first claim
    lag_days: int | None  # from event (its earliest day) to disclosure
    grade: str | None  # best Admiralty grade among its sources
    confidence: float
    confidence_reason: str
    quote: Quote  # of the claim that made this version
    outlets: tuple[OutletRef, ...]
    independent_sources: int
    claim_ids: tuple[str, ...]


class Notice(_Record):
    """One message about a source, not about a disclosure: its verdict changed, or an official fell silent.

    All messages of a kind about one source share `notice_id` and are counted by `version`: one thread.
    """

    notice_id: str
    version: int
    created_at: datetime
    kind: Literal["verdict", "silence"]
    source: str
    outlet: str
    url: str
    region: str | None
    verdict: str  # as it stands now
    before: str | None  # the verdict that was told last
    reason: str
    since: datetime  # of the verdict, or of the silence: its last news
    last_success_at: datetime | None
    usual_hours: float | None  # an official's usual time between news
    silent_hours: float | None


def notice_id(kind: str, source: str) -> str:
    """Content-derived id of what is told about a source."""
    return content_id("notice", kind, source)
