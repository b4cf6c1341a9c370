"""What the page inside the Airflow UI shows, read from the ledger. Plain values; the page's templates escape them."""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import func, or_, select

from processing.alert.view import headline, region_names
from processing.config import Settings
from processing.errors import ConfigError
from processing.ledger import Ledger
from processing.ledger.engine import reading
from processing.ledger.schema import Delivery, Disclosure, DisclosureVersion
from processing.models import DisclosureRecord, MeasureState, Novelty, Precision
from processing.sources import source_rows
from scrapers.frontier import Verdict

PAGE_SIZE = 50
TONES = {Novelty.NEW: "new", Novelty.REPEAT: "soft", Novelty.OUT_OF_ORDER: "soft"}
VERDICT_TONES = {Verdict.FRESH: "ok", Verdict.QUIET: "soft"}


@functools.cache
def _ledger(url: str) -> Ledger:
    return Ledger.open(url)


def list_disclosures(region: str | None, novelty: str | None, page: int) -> dict[str, Any]:
    """One page of disclosures, newest change first."""
    query = select(DisclosureVersion.snapshot, Disclosure.state).join(
        Disclosure,
        (Disclosure.disclosure_id == DisclosureVersion.disclosure_id)
        & (Disclosure.version == DisclosureVersion.version),
    )
    if region:
        query = query.where(or_(Disclosure.origin_region == region, Disclosure.place_region == region))
    if novelty:
        query = query.where(DisclosureVersion.novelty == novelty)
    newest = query.order_by(DisclosureVersion.created_at.desc(), Disclosure.disclosure_id)
    with reading(_ledger(Settings.from_env().ledger_url).engine) as session:
        total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
        found = session.execute(newest.limit(PAGE_SIZE + 1).offset((page - 1) * PAGE_SIZE)).all()
    rows = [_row(DisclosureRecord.model_validate(snapshot)) for snapshot, _ in found[:PAGE_SIZE]]
    names = sorted(((code, name["en"]) for code, name in region_names().items()), key=lambda pair: pair[1])
    return {
        "rows": rows, "total": total, "more": len(found) > PAGE_SIZE, "page": page, "region": region,
        "novelty": novelty, "regions": names, "kinds": [kind.value for kind in Novelty],
    }


def show_disclosure(disclosure_id: str) -> dict[str, Any] | None:
    """One disclosure with every version and delivery; None if there is none."""
    ledger = _ledger(Settings.from_env().ledger_url)
    try:
        record = ledger.latest_record(disclosure_id)
    except ConfigError:
        return None
    with reading(ledger.engine) as session:
        snapshots = session.scalars(
            select(DisclosureVersion.snapshot)
            .where(DisclosureVersion.disclosure_id == record.disclosure_id)
            .order_by(DisclosureVersion.version.desc())
        ).all()
        deliveries = session.scalars(
            select(Delivery).where(Delivery.disclosure_id == record.disclosure_id).order_by(Delivery.id.desc())
        ).all()
    versions = [_version(DisclosureRecord.model_validate(snapshot)) for snapshot in snapshots]
    outlets = [
        {
            "outlet": o.outlet, "lang": o.lang, "url": o.url, "href": _web(o.url), "independent": o.independent,
            "published": _when(o.published_at, o.precision),
        }
        for o in record.outlets
    ]
    event = record.event_date
    return {
        "id": record.disclosure_id, "record": record, "headline": headline(record), "versions": versions,
        "deliveries": deliveries, "outlets": outlets, "quote_url": _web(record.quote.url),
        "event": f"{event.start} to {event.end} ({event.precision})" if event else "unknown",
    }


def list_sources() -> dict[str, Any]:
    """Every source of the registry with its health."""
    settings = Settings.from_env()
    rows = [
        {
            "source": row.source,
            "verdict": row.verdict.value if row.verdict else "not crawled yet",
            "tone": VERDICT_TONES.get(row.verdict, "update") if row.verdict else "soft",
            "success": _minute(row.last_success_at),
            "new": _minute(row.last_new_at),
            "next": _minute(row.next_poll_at) or ("each run" if row.verdict else ""),
            "never_seen": row.never_seen or "",
            "error": row.reason,
        }
        for row in source_rows(settings, _ledger(settings.ledger_url))
    ]
    return {"rows": rows}


def _row(record: DisclosureRecord) -> dict[str, Any]:
    said = record.quote.attribution
    who = ", ".join(part for part in (said.office, said.name or said.institution) if part)
    return {
        "id": record.disclosure_id, "version": record.version, "kind": record.novelty.value,
        "tone": TONES.get(record.novelty, "update"), "headline": headline(record), "who": who or record.quote.outlet,
        "lag": "" if record.lag_days is None else f"{record.lag_days} d",
        "outlets": f"{record.independent_sources}/{len(record.outlets)}",
        "confidence": f"{record.confidence:.2f}", "disclosed": _minute(record.disclosed_at),
    }


def _version(record: DisclosureRecord) -> dict[str, Any]:
    return {
        "version": record.version, "kind": record.novelty.value, "tone": TONES.get(record.novelty, "update"),
        "figures": "; ".join(_figure(state) for state in record.measures), "outlet": record.quote.outlet,
        "published": _when(record.quote.published_at, record.quote.precision), "confidence": f"{record.confidence:.2f}",
    }


def _figure(state: MeasureState) -> str:
    return f"{state.measure} {state.qualifier} {'' if state.best is None else state.best}".strip()


def _web(url: str) -> str:
    """A link only where it is one: a scraped `javascript:` is shown, never followed."""
    return url if urlsplit(url).scheme in ("http", "https") else "#"


def _when(moment: datetime | None, precision: Precision) -> str:
    """No minute that nobody stated."""
    return _minute(moment) if precision is Precision.MINUTE else _minute(moment)[:10]


def _minute(moment: datetime | None) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M") if moment else ""
