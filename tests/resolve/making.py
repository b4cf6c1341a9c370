"""Documents and detections made by hand, so that resolving is tested apart from detecting."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from typing import Any

from processing.config import EmailReceiver, Route, SlackReceiver, VigilConfig
from processing.models import (
    Attribution,
    Claim,
    Confidence,
    Detection,
    Document,
    EventDate,
    Evidence,
    Group,
    Measure,
    Precision,
    Qualifier,
    content_id,
)
from processing.resolve import Outcome, ResolveContext, resolve_document

T0 = datetime(2023, 6, 27, 10, 0, tzinfo=UTC)
_spans = itertools.count(100, 100)


def config(**changes: Any) -> VigilConfig:
    """Two tracked regions, one route to a mailbox and a channel."""
    values: dict[str, Any] = {
        "user_agent": "test",
        "tracked_regions": ("RU-PSK", "RU-BEL"),
        "groups": {},
        "receivers": {
            "mail": EmailReceiver(kind="email", sender="vigil@x.test", to=("desk@x.test",)),
            "slack": SlackReceiver(kind="slack", channel="C1"),
        },
        "routes": (Route(name="newsroom", receivers=("mail", "slack")),),
    }
    return VigilConfig(**{**values, **changes})


def day(text: str, precision: Precision = Precision.DAY) -> EventDate:
    """An event on one day."""
    return EventDate(start=date.fromisoformat(text), end=date.fromisoformat(text), precision=precision)


def claim(
    measure: str, low: int | None, high: int | None = None, qualifier: str = "exact", **slots: Any
) -> Claim:
    """A claim; `speaker` is the attribution's name, and the span is unique."""
    if qualifier == "exact":
        high = low
    start = next(_spans)
    raw = f"{low}..{high} {measure}"
    confidence = slots.pop("confidence", Confidence(count=0.9, region=0.9, attribution=0.9, date=0.8))
    speaker = slots.pop("speaker", None)
    event = slots.pop("event", None)
    evidence = Evidence(text=raw, start=start, end=start + len(raw))
    return Claim(
        measure=Measure(measure),
        min=low,
        max=high,
        qualifier=Qualifier(qualifier),
        raw=raw,
        attribution=Attribution(name=speaker, via=slots.pop("via", None)),
        event_date=day(event) if isinstance(event, str) else event,
        evidence=evidence,
        count_evidence=evidence,
        confidence=confidence,
        group=Group(slots.pop("group", "military")),
        **slots,
    )


def document(
    name: str,
    hours: float = 0,
    source: str | None = None,
    text: str | None = None,
    version: int = 1,
    **slots: Any,
) -> Document:
    """A document published `hours` after T0 by a source of its own, its text unlike any other."""
    published = slots.pop("published_at", T0 + timedelta(hours=hours))
    words = text if text is not None else " ".join(f"{name}{n}" for n in range(30))
    return Document(
        **{
            "doc_id": content_id("document", source or name, name),
            "version": version,
            "source": source or name,
            "outlet": (source or name).title(),
            "url": f"https://x.test/{name}",
            "lang": "en",
            "canonical_url": f"https://x.test/{name}",
            "kind": "article",
            "title": None,
            "text": words,
            "published_at": published,
            "precision": Precision.MINUTE,
            "first_seen_at": (published or T0) + timedelta(minutes=5),
            "digest": f"sha256:{name}{version}",
            "page_id": "p",
            "extractor_version": "1",
            **slots,
        }
    )


def resolve(
    ledger: Any, doc: Document, *claims: Claim, official: bool = False, **context: Any
) -> list[Outcome]:
    """Resolve a document with these claims, as if it had just been seen."""
    detection = Detection(id=doc.doc_id, lang=doc.lang or "en", disclosure=True, claims=claims)
    return resolve_document(
        ledger,
        doc,
        detection,
        "test-1",
        ResolveContext(
            **{
                "grade": "C3",
                "official": official,
                "page": None,
                "config": config(),
                "now": doc.first_seen_at,
                **context,
            }
        ),
    )
