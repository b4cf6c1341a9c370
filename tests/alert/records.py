"""Records of an invented disclosure, as the resolver makes them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from processing.alert.outbox import DeliveryJob
from processing.models import (
    Attribution,
    DisclosureRecord,
    EventDate,
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
)

POST = "http://127.0.0.1:8765/vigil_demo_governor/415"
WORDS = (
    "В начале ноября в Белгородской области погибли не менее 14 военнослужащих из Псковской области. "
    "10 наших военнослужащих попали в плен, трое из них уже вернулись домой по обмену."
)


def state(
    measure: Measure, least: int | None, most: int | None, qualifier: Qualifier, raw: str, **more: Any
) -> MeasureState:
    """A figure; the span of all reports is its own unless said otherwise."""
    best = least if least is not None else most
    fields = {"best": best, "low": least, "high": most, "claim_id": f"c-{measure}", **more}
    return MeasureState(measure=measure, min=least, max=most, qualifier=qualifier, raw=raw, **fields)


KILLED = state(Measure.KILLED, 14, None, Qualifier.AT_LEAST, "не менее 14 военнослужащих")
CAPTURED = state(Measure.CAPTURED, 10, 10, Qualifier.EXACT, "10 наших военнослужащих")
EXCHANGED = state(Measure.EXCHANGED, 3, 3, Qualifier.EXACT, "трое", subset_of=Measure.CAPTURED)
KILLED_17 = state(Measure.KILLED, 17, 17, Qualifier.EXACT, "с 14 до 17", low=14)


def outlet(name: str, url: str, *, independent: bool = True, source: str = "") -> OutletRef:
    """A document that carries the disclosure."""
    return OutletRef(
        source=source or url,
        outlet=name,
        url=url,
        lang="en",
        precision=Precision.MINUTE,
        published_at=datetime(2026, 11, 24, 20, 5, tzinfo=UTC),
        independent=independent,
    )


def quote(**change: Any) -> Quote:
    """The governor's words."""
    page = PageRef(
        page_id="3f9a1c0de5b7",
        warc_key="raw/group=demo/date=2026-11-24/demo-0001.warc.gz",
        offset=10412,
        length=3120,
        digest="sha256:" + "ab12" * 16,
    )
    fields: dict[str, Any] = {
        "text": WORDS,
        "lang": "ru",
        "url": POST,
        "outlet": "Governor's channel (demo)",
        "source": "demo-governor",
        "attribution": Attribution(name="Arkady Lesovoy", office="governor", institution="Pskov region"),
        "published_at": datetime(2026, 11, 24, 20, 0, tzinfo=UTC),
        "precision": Precision.MINUTE,
        "first_seen_at": datetime(2026, 11, 24, 20, 4, 30, tzinfo=UTC),
        "page": page,
    }
    return Quote(**{**fields, **change})


def record(**change: Any) -> DisclosureRecord:
    """Version 1 of the disclosure."""
    fields: dict[str, Any] = {
        "disclosure_id": "1f2e3d4c5b6a79881f2e3d4c5b6a7988",
        "version": 1,
        "novelty": Novelty.NEW,
        "created_at": datetime(2026, 11, 24, 20, 4, 40, tzinfo=UTC),
        "measures": (KILLED, CAPTURED, EXCHANGED),
        "group": Group.MILITARY,
        "scope": Scope.INCIDENT,
        "origin_region": "RU-PSK",
        "place_region": "RU-BEL",
        "event_date": EventDate(start=date(2026, 11, 1), end=date(2026, 11, 10), precision=Precision.RANGE),
        "disclosed_at": datetime(2026, 11, 24, 20, 0, tzinfo=UTC),
        "lag_days": 23,
        "grade": "A1",
        "confidence": 0.91,
        "confidence_reason": "named official on his own channel; count and regions explicit",
        "quote": quote(),
        "independent_sources": 2,
        "claim_ids": ("c1", "c2", "c3"),
        "outlets": (
            outlet("Governor's channel (demo)", POST, source="demo-governor"),
            outlet(
                "The Northern Ledger (demo)", "http://127.0.0.1:8765/ledger/news/pskov-soldiers-killed.html"
            ),
            outlet(
                "Пресс-портал «Озёрный край» (demo)",
                "http://127.0.0.1:8765/press/news/5517/",
                independent=False,
            ),
        ),
    }
    return DisclosureRecord(**{**fields, **change})


def rise(**change: Any) -> DisclosureRecord:
    """Version 2: the governor raises the toll from at least 14 to 17."""
    words = "Число военнослужащих из Псковской области, погибших в Белгородской области, выросло с 14 до 17."
    return record(
        **{
            "version": 2,
            "novelty": Novelty.UPDATE_UP,
            "measures": (KILLED_17, CAPTURED, EXCHANGED),
            "previous": (KILLED, CAPTURED, EXCHANGED),
            "changed": (Measure.KILLED,),
            "quote": quote(text=words, url=POST.replace("415", "416")),
            **change,
        }
    )


def job(of: DisclosureRecord, **change: Any) -> DeliveryJob:
    """A delivery of the record."""
    fields: dict[str, Any] = {
        "id": of.version,
        "key": f"{of.disclosure_id}/{of.version}/target",
        "kind": "slack",
        "target": "C0VIGIL",
        "receiver": "newsroom-slack",
        "route": "newsroom",
        "record": of,
        "attempt": 1,
        "uncertain": False,
        "root_ref": None,
        "last_ref": None,
        "timezone": "Europe/Berlin",
        "lang": "en",
        "reason": "route newsroom: origin RU-PSK is tracked",
    }
    return DeliveryJob(**{**fields, **change})
