"""The lake's tables as Arrow schemas: every column typed here, so that no first write can type it otherwise.

Times are UTC with microseconds, dates are days, ids are SHA-256 in hex, spans are code points.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from processing.models import Measure

UTC_TIME = pa.timestamp("us", tz="UTC")
STRINGS = pa.list_(pa.string())

OUTLET = pa.struct(
    [
        ("source", pa.string()),
        ("outlet", pa.string()),
        ("url", pa.string()),
        ("lang", pa.string()),
        ("published_at", UTC_TIME),
        ("precision", pa.string()),
        ("independent", pa.bool_()),
    ]
)

MEASURE_COLUMNS: dict[str, pa.DataType] = {
    "min": pa.int64(),
    "max": pa.int64(),
    "best": pa.int64(),
    "qualifier": pa.string(),
    "raw": pa.string(),
    "low": pa.int64(),
    "high": pa.int64(),
    "subset_of": pa.string(),
    "claim_id": pa.string(),
}


@dataclass(frozen=True)
class TableSpec:
    """One table: its columns, the columns whose values identify a row, its partition, and what is indexed.

    `clock` is a time that a row has for ever: writers look for known rows only in files around their own.
    `stats` are the columns with minimum and maximum per file in the table's log; strings are kept out of it.
    """

    name: str
    schema: pa.Schema
    key: tuple[str, ...]
    partition: str | None
    clock: str
    stats: tuple[str, ...]


RAW_INDEX = TableSpec(
    "raw_index",
    pa.schema(
        [
            ("page_id", pa.string()),
            ("source", pa.string()),
            ("kind", pa.string()),
            ("url", pa.string()),
            ("requested_url", pa.string()),
            ("fetched_at", UTC_TIME),
            ("status", pa.int32()),
            ("content_type", pa.string()),
            ("digest", pa.string()),
            ("warc_key", pa.string()),
            ("offset", pa.int64()),
            ("length", pa.int64()),
            ("disposition", pa.string()),
            ("reason", pa.string()),
        ]
    ),
    key=("page_id", "fetched_at"),
    partition="source",
    clock="fetched_at",
    stats=("fetched_at",),
)

DOCUMENTS = TableSpec(
    "documents",
    pa.schema(
        [
            ("doc_id", pa.string()),
            ("version", pa.int32()),
            ("source", pa.string()),
            ("outlet", pa.string()),
            ("url", pa.string()),
            ("canonical_url", pa.string()),
            ("kind", pa.string()),
            ("title", pa.string()),
            ("text", pa.string()),
            ("lang", pa.string()),
            ("published_at", UTC_TIME),
            ("precision", pa.string()),
            ("first_seen_at", UTC_TIME),
            ("edited", pa.bool_()),
            ("missing_since", UTC_TIME),
            ("forwarded_from", pa.string()),
            ("post", pa.string()),  # JSON: reply_to, forwarded_url, author, links, media, group_ids, views
            ("digest", pa.string()),
            ("page_id", pa.string()),
            ("extractor_version", pa.string()),
        ]
    ),
    key=("doc_id", "version"),
    partition="source",
    clock="first_seen_at",
    stats=("published_at", "first_seen_at"),
)

CLAIMS = TableSpec(
    "claims",
    pa.schema(
        [
            ("claim_id", pa.string()),
            ("doc_id", pa.string()),
            ("doc_version", pa.int32()),
            ("position", pa.int32()),
            ("source", pa.string()),
            ("url", pa.string()),
            ("lang", pa.string()),
            ("published_at", UTC_TIME),
            ("first_seen_at", UTC_TIME),
            ("measure", pa.string()),
            ("min", pa.int64()),
            ("max", pa.int64()),
            ("qualifier", pa.string()),
            ("raw", pa.string()),
            ("group", pa.string()),
            ("side", pa.string()),
            ("scope", pa.string()),
            ("as_of", pa.date32()),
            ("status", pa.string()),
            ("subset_of", pa.int32()),
            ("place", pa.string()),
            ("place_region", pa.string()),
            ("origin_region", pa.string()),
            ("attribution_name", pa.string()),
            ("attribution_office", pa.string()),
            ("attribution_institution", pa.string()),
            ("attribution_via", pa.string()),
            ("event_date_start", pa.date32()),
            ("event_date_end", pa.date32()),
            ("event_date_precision", pa.string()),
            ("evidence_text", pa.string()),
            ("evidence_start", pa.int64()),
            ("evidence_end", pa.int64()),
            ("evidence_field", pa.string()),
            ("count_text", pa.string()),
            ("count_start", pa.int64()),
            ("count_end", pa.int64()),
            ("count_field", pa.string()),
            ("confidence_count", pa.float64()),
            ("confidence_region", pa.float64()),
            ("confidence_attribution", pa.float64()),
            ("confidence_date", pa.float64()),
            ("rules", STRINGS),
            ("names", STRINGS),
            ("cues", STRINGS),
            ("detector_version", pa.string()),
        ]
    ),
    key=("claim_id", "position"),
    partition="source",
    clock="first_seen_at",
    stats=("published_at", "first_seen_at"),
)

DISCLOSURES = TableSpec(
    "disclosures",
    pa.schema(
        [
            ("disclosure_id", pa.string()),
            ("version", pa.int32()),
            ("novelty", pa.string()),
            ("created_at", UTC_TIME),
            *[
                (f"{measure.value}_{name}", kind)
                for measure in Measure
                for name, kind in MEASURE_COLUMNS.items()
            ],
            ("changed", STRINGS),
            ("group", pa.string()),
            ("scope", pa.string()),
            ("origin_region", pa.string()),
            ("place_region", pa.string()),
            ("event_date_start", pa.date32()),
            ("event_date_end", pa.date32()),
            ("event_date_precision", pa.string()),
            ("disclosed_at", UTC_TIME),
            ("lag_days", pa.int32()),
            ("grade", pa.string()),
            ("confidence", pa.float64()),
            ("confidence_reason", pa.string()),
            ("quote_text", pa.string()),
            ("quote_lang", pa.string()),
            ("quote_url", pa.string()),
            ("quote_outlet", pa.string()),
            ("quote_source", pa.string()),
            ("attribution_name", pa.string()),
            ("attribution_office", pa.string()),
            ("attribution_institution", pa.string()),
            ("attribution_via", pa.string()),
            ("quote_published_at", UTC_TIME),
            ("quote_page_id", pa.string()),
            ("outlets", pa.list_(OUTLET)),
            ("independent_sources", pa.int32()),
            ("claim_ids", STRINGS),
            ("record", pa.string()),  # DisclosureRecord as JSON: what the ledger is rebuilt from
        ]
    ),
    key=("disclosure_id", "version"),
    partition=None,
    clock="created_at",
    stats=("version", "created_at", "disclosed_at"),
)

DELIVERIES = TableSpec(
    "deliveries",
    pa.schema(
        [
            ("key", pa.string()),
            ("id", pa.int64()),
            ("disclosure_id", pa.string()),
            ("version", pa.int32()),
            ("route", pa.string()),
            ("receiver", pa.string()),
            ("kind", pa.string()),
            ("target", pa.string()),
            ("state", pa.string()),
            ("reason", pa.string()),
            ("attempts", pa.int32()),
            ("due", UTC_TIME),
            ("provider_ref", pa.string()),
            ("last_error", pa.string()),
            ("merged_into", pa.int64()),
            ("created_at", UTC_TIME),
            ("sent_at", UTC_TIME),
            ("revision", pa.int64()),
        ]
    ),
    key=("key",),
    partition=None,
    clock="created_at",
    stats=("created_at", "sent_at"),
)

TABLES = (RAW_INDEX, DOCUMENTS, CLAIMS, DISCLOSURES, DELIVERIES)
