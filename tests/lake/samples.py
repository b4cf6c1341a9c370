"""Invented records for the lake's tests."""

from __future__ import annotations

from datetime import UTC, date, datetime

from processing.ledger.store import DeliveryRow
from processing.models import (
    Attribution,
    Claim,
    Confidence,
    Detection,
    DisclosureRecord,
    Document,
    EventDate,
    Evidence,
    Group,
    Measure,
    MeasureState,
    Novelty,
    OutletRef,
    PageRef,
    Precision,
    Qualifier,
    Quote,
    Scope,
    content_id,
)
from scrapers.handover import Disposition, PageKind, PageLine, page_id

NOON = datetime(2025, 3, 4, 12, 0, 0, 123456, tzinfo=UTC)
DETECTOR = "test-1"


def page_line(
    url: str, source: str = "ledger-daily", disposition: Disposition = Disposition.STORED
) -> PageLine:
    """A page of a batch."""
    return PageLine(
        page_id=page_id(source, url, "x"),
        source=source,
        kind=PageKind.ARTICLE,
        url=url,
        requested_url=url,
        fetched_at=NOON,
        status=200,
        digest="sha256:00",
        warc_key="raw/x.warc.gz",
        offset=10,
        length=20,
        disposition=disposition,
    )


def document(
    url: str, source: str = "ledger-daily", version: int = 1, text: str = "Two were killed."
) -> Document:
    """A document version."""
    return Document(
        doc_id=content_id("document", source, url),
        version=version,
        source=source,
        outlet="Ledger Daily",
        url=url,
        canonical_url=url,
        kind="article",
        title="Toll rises",
        text=text,
        lang="en",
        published_at=NOON,
        precision=Precision.MINUTE,
        first_seen_at=NOON,
        digest="sha256:" + content_id(text),
        page_id=page_id(source, url, "x"),
        extractor_version="test",
    )


def claim(start: int = 0, measure: Measure = Measure.KILLED, subset_of: int | None = None) -> Claim:
    """A claim with every slot filled."""
    return Claim(
        measure=measure,
        min=2,
        max=None,
        qualifier=Qualifier.AT_LEAST,
        raw="at least two",
        group=Group.CIVILIAN,
        side="UA",
        as_of=date(2025, 3, 3),
        subset_of=subset_of,
        place="Нова Гора",
        place_region="UA-63",
        origin_region=None,
        attribution=Attribution(name="А. Б.", office="governor", via="Ledger"),
        event_date=EventDate(start=date(2025, 3, 2), end=date(2025, 3, 3), precision=Precision.RANGE),
        evidence=Evidence(text="Two were killed.", start=start, end=start + 16),
        count_evidence=Evidence(text="Two", start=start, end=start + 3),
        confidence=Confidence(count=0.9, region=0.8, attribution=0.7, date=0.6),
        rules=("r1", "r2"),
        names=("I. Invented",),
        cues=("rise",),
    )


def detection(doc: Document, *claims: Claim) -> tuple[Document, Detection]:
    """What was detected in a document."""
    return doc, Detection(id=doc.doc_id, lang="en", disclosure=True, claims=claims or (claim(),))


def record(disclosure_id: str = "d1", version: int = 1, killed: int = 2) -> DisclosureRecord:
    """A disclosure version."""
    state = MeasureState(
        measure=Measure.KILLED,
        min=killed,
        max=killed,
        best=killed,
        qualifier=Qualifier.EXACT,
        raw=str(killed),
        low=1,
        high=killed,
        claim_id="c1",
    )
    page = PageRef(page_id="p1", warc_key="raw/x.warc.gz", offset=1, length=2, digest="sha256:00")
    quote = Quote(
        text="=Two were killed.",
        lang="en",
        url="https://a.example/1",
        outlet="Ledger Daily",
        source="ledger-daily",
        attribution=Attribution(office="governor"),
        published_at=NOON,
        precision=Precision.MINUTE,
        first_seen_at=NOON,
        page=page,
    )
    outlet = OutletRef(
        source="ledger-daily",
        outlet="Ledger Daily",
        url="https://a.example/1",
        lang="en",
        published_at=NOON,
        precision=Precision.MINUTE,
        independent=True,
    )
    return DisclosureRecord(
        disclosure_id=disclosure_id,
        version=version,
        novelty=Novelty.NEW,
        created_at=NOON,
        measures=(state,),
        changed=(Measure.KILLED,),
        group=Group.CIVILIAN,
        scope=Scope.INCIDENT,
        origin_region=None,
        place_region="UA-63",
        event_date=EventDate(start=date(2025, 3, 2), end=date(2025, 3, 2), precision=Precision.DAY),
        disclosed_at=NOON,
        lag_days=2,
        grade="B2",
        confidence=0.8,
        confidence_reason="official",
        quote=quote,
        outlets=(outlet,),
        independent_sources=1,
        claim_ids=("c1", "c2"),
    )


def delivery(
    key: str = "k1", state: str = "pending", attempts: int = 0, revision: int = 0
) -> DeliveryRow:
    """A delivery."""
    return DeliveryRow(
        id=1,
        key=key,
        disclosure_id="d1",
        version=1,
        route="all",
        receiver="desk",
        kind="email",
        target="desk@example.org",
        state=state,
        reason="tracked region",
        attempts=attempts,
        due=NOON,
        provider_ref=None,
        last_error=None,
        merged_into=None,
        created_at=NOON,
        sent_at=None,
        revision=revision,
    )
