"""Records to rows of the lake's tables, and back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from processing.lake.schemas import MEASURE_COLUMNS, RAW_INDEX
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
    Measure,
    MeasureState,
    claim_id,
)
from scrapers.handover import PageLine

Row = dict[str, Any]  # column -> value; never leaves this package

_CLAIM_PLAIN = (
    "measure",
    "min",
    "max",
    "qualifier",
    "raw",
    "group",
    "side",
    "scope",
    "as_of",
    "status",
    "subset_of",
    "place",
    "place_region",
    "origin_region",
)


def raw_index_row(line: PageLine) -> Row:
    """Row of `raw_index`."""
    return {name: _plain(getattr(line, name)) for name in RAW_INDEX.schema.names}


def document_row(document: Document) -> Row:
    """Row of `documents`."""
    return {name: _plain(value) for name, value in document}


def document_of(row: Row) -> Document:
    """The document in a row of `documents`."""
    return Document(**row)


def claim_rows(document: Document, detection: Detection, detector_version: str) -> list[Row]:
    """Rows of `claims`, one a claim; `position` keeps reading order, which `subset_of` counts in."""
    return [
        {
            "claim_id": claim_id(document, claim, detector_version),
            "doc_id": document.doc_id,
            "doc_version": document.version,
            "position": position,
            "source": document.source,
            "url": document.url,
            "lang": detection.lang,
            "published_at": document.published_at,
            "first_seen_at": document.first_seen_at,
            "detector_version": detector_version,
            **_claim_slots(claim),
        }
        for position, claim in enumerate(detection.claims)
    ]


def claim_of(row: Row) -> Claim:
    """The claim in a row of `claims`."""
    event = None
    if row["event_date_start"] is not None:
        event = EventDate(
            start=row["event_date_start"], end=row["event_date_end"], precision=row["event_date_precision"]
        )
    return Claim(
        **{name: row[name] for name in _CLAIM_PLAIN},
        attribution=Attribution(**{name: row[f"attribution_{name}"] for name in Attribution.model_fields}),
        event_date=event,
        evidence=_evidence_of(row, "evidence"),
        count_evidence=_evidence_of(row, "count"),
        confidence=Confidence(**{name: row[f"confidence_{name}"] for name in Confidence.model_fields}),
        rules=tuple(row["rules"] or ()),
        names=tuple(row["names"] or ()),
        cues=tuple(row["cues"] or ()),
    )


def disclosure_row(record: DisclosureRecord) -> Row:
    """Row of `disclosures`: typed columns for questions, and the record itself as JSON."""
    quote = record.quote
    states = {state.measure: state for state in record.measures}
    measures = {k: v for measure in Measure for k, v in _measure_slots(measure, states.get(measure)).items()}
    plain = (
        "disclosure_id",
        "version",
        "novelty",
        "created_at",
        "group",
        "scope",
        "origin_region",
        "place_region",
        "disclosed_at",
        "lag_days",
        "grade",
        "confidence",
        "confidence_reason",
        "independent_sources",
    )
    return {
        **{name: _plain(getattr(record, name)) for name in plain},
        **measures,
        **_event_slots(record.event_date),
        **_attribution_slots(quote.attribution),
        "changed": [measure.value for measure in record.changed],
        "quote_text": quote.text,
        "quote_lang": quote.lang,
        "quote_url": quote.url,
        "quote_outlet": quote.outlet,
        "quote_source": quote.source,
        "quote_published_at": quote.published_at,
        "quote_page_id": quote.page.page_id if quote.page else None,
        "outlets": [{name: _plain(value) for name, value in outlet} for outlet in record.outlets],
        "claim_ids": list(record.claim_ids),
        "record": record.model_dump_json(),
    }


def disclosure_of(row: Row) -> DisclosureRecord:
    """The record in a row of `disclosures`."""
    return DisclosureRecord.model_validate_json(row["record"])


def delivery_row(delivery: DeliveryRow) -> Row:
    """Row of `deliveries`."""
    return asdict(delivery)


def delivery_of(row: Row) -> DeliveryRow:
    """The delivery in a row of `deliveries`."""
    return DeliveryRow(**row)


def _plain(value: Any) -> Any:
    """Enumerations as their value."""
    return getattr(value, "value", value)


def _claim_slots(claim: Claim) -> Row:
    return {
        **{name: _plain(getattr(claim, name)) for name in _CLAIM_PLAIN},
        **_attribution_slots(claim.attribution),
        **_event_slots(claim.event_date),
        **_evidence_slots("evidence", claim.evidence),
        **_evidence_slots("count", claim.count_evidence),
        **{f"confidence_{name}": value for name, value in claim.confidence},
        "rules": list(claim.rules),
        "names": list(claim.names),
        "cues": list(claim.cues),
    }


def _attribution_slots(attribution: Attribution) -> Row:
    return {f"attribution_{name}": value for name, value in attribution}


def _event_slots(event: EventDate | None) -> Row:
    return {f"event_date_{name}": _plain(getattr(event, name, None)) for name in EventDate.model_fields}


def _evidence_slots(prefix: str, evidence: Evidence) -> Row:
    return {f"{prefix}_{name}": value for name, value in evidence}


def _evidence_of(row: Row, prefix: str) -> Evidence:
    return Evidence(**{name: row[f"{prefix}_{name}"] for name in Evidence.model_fields})


def _measure_slots(measure: Measure, state: MeasureState | None) -> Row:
    return {f"{measure.value}_{name}": _plain(getattr(state, name, None)) for name in MEASURE_COLUMNS}
