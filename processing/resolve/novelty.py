"""`vigil novelty`: a chronological stream of texts through the real detector and the real resolver."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, time
from typing import Any

from processing.config import VigilConfig
from processing.ledger.store import Ledger
from processing.models import (
    DetectInput,
    Detection,
    Document,
    Novelty,
    Precision,
    Qualifier,
    content_id,
)
from processing.resolve.intake import ClaimOutcome
from processing.resolve.resolver import Outcome, ResolveContext, resolve_document

_GRADE = "C3"  # of a source of which nothing is known


def novelty_jsonl(
    lines: Iterable[str], detect: Callable[[DetectInput], Detection] | None = None
) -> Iterator[str]:
    """{id,published,source,lang,title,text} → {id,events:[{disclosure,kind,measure,min,max,qualifier,…}]}.

    One event per disclosure and measure that a text touches; `kind` is the novelty. The ledger is in memory
    and nobody is alerted.
    """
    if detect is None:
        from processing.detect import detect as detect_text  # only this command needs its lexicons

        detect = detect_text
    ledger = Ledger.open("sqlite://")
    try:
        for line in lines:
            if line.strip():
                row: dict[str, Any] = json.loads(line)
                outcomes = _resolve(ledger, row, detect)
                yield json.dumps({"id": row["id"], "events": _events(outcomes)}, ensure_ascii=False)
    finally:
        ledger.engine.dispose()


def _resolve(
    ledger: Ledger, row: dict[str, Any], detect: Callable[[DetectInput], Detection]
) -> list[Outcome]:
    published, precision = _published(row.get("published"))
    document = _document(ledger, row, published, precision)
    detection = detect(DetectInput(
        id=str(row["id"]), text=row["text"], title=row.get("title"), lang=row.get("lang"),
        published=published, source=row.get("source"), source_name=row.get("source"),
    ))
    context = ResolveContext(
        grade=_GRADE, official=False, page=None, config=_nobody(), now=document.first_seen_at, backfill=True
    )
    return resolve_document(ledger, document, detection, "stream", context)


def _document(
    ledger: Ledger, row: dict[str, Any], published: datetime | None, precision: Precision
) -> Document:
    identity, title, text = str(row["id"]), row.get("title"), row["text"]
    source = row.get("source") or "unknown"
    doc_id, digest = content_id("document", source, identity), content_id("text", title or "", text)
    seen = published or datetime(1970, 1, 1, tzinfo=UTC)
    entry = ledger.document_version(doc_id, digest, source, digest, seen)
    return Document(
        doc_id=doc_id, version=entry.version, source=source, outlet=source, url=identity,
        canonical_url=identity, kind="article", title=title, text=text, lang=row.get("lang"),
        published_at=published, precision=precision,
        first_seen_at=seen, digest=f"sha256:{digest}", page_id=digest, extractor_version="stream",
    )


def _published(value: str | None) -> tuple[datetime | None, Precision]:
    if not value:
        return None, Precision.UNKNOWN
    moment = datetime.fromisoformat(value)
    precision = Precision.DAY if len(value) == len("2023-06-28") else Precision.MINUTE
    if precision is Precision.DAY:
        moment = datetime.combine(moment, time(12))
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)), precision


def _nobody() -> VigilConfig:
    return VigilConfig(user_agent="", tracked_regions=(), groups={}, receivers={}, routes=())


def _events(outcomes: Iterable[Outcome]) -> list[dict[str, Any]]:
    """The first, weightiest word on each disclosure and measure; bare "there are wounded" is none."""
    events: dict[tuple[str, str], dict[str, Any]] = {}
    for outcome in outcomes:
        for claim in outcome.claims:
            vague = claim.claim.qualifier is Qualifier.UNSPECIFIED and claim.novelty is Novelty.REPEAT
            if not vague:
                events.setdefault((outcome.disclosure_id, claim.measure), _event(outcome, claim))
    return list(events.values())


def _event(outcome: Outcome, said: ClaimOutcome) -> dict[str, Any]:
    claim, record = said.claim, outcome.record
    retracted = said.novelty is Novelty.RETRACTION
    return {
        "disclosure": outcome.disclosure_id, "kind": said.novelty, "measure": claim.measure,
        "min": None if retracted else claim.min, "max": None if retracted else claim.max,
        "qualifier": claim.qualifier, "group": record.group, "scope": record.scope,
        "place_region": record.place_region, "origin_region": record.origin_region,
        "asserted_by": claim.attribution.name or claim.attribution.office,
        "event_date": claim.event_date.start.isoformat() if claim.event_date else None,
    }
