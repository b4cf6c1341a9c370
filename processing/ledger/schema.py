"""The ledger's tables: what is known, what was decided, and what must still be sent.

SQLite (WAL) on one machine, PostgreSQL otherwise; always its own database, never Airflow's. The outbox
(`delivery`) shares a transaction with the disclosure version that caused it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import JSON, Date, DateTime, Engine, Index, String, UniqueConstraint, create_engine, event
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC in, aware UTC out, on both databases. Naive values are refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times and store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime; times in the ledger are aware UTC")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """SQLite returns naive values: they are UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    type_annotation_map = {datetime: UtcDateTime, date: Date, dict[str, Any]: JSON, list[Any]: JSON}


class DocumentVersion(Base):
    """Which text digests a document has had. Decides version numbers; the text is in the lake."""

    __tablename__ = "document_version"
    doc_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str]
    source: Mapped[str]
    first_seen_at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("doc_id", "digest"),)


class Batch(Base):
    """A raw batch whose pages have all reached their disposition."""

    __tablename__ = "batch"
    batch_id: Mapped[str] = mapped_column(primary_key=True)
    index_key: Mapped[str]
    done_at: Mapped[datetime]
    dispositions: Mapped[dict[str, Any]]  # disposition -> pages


class Resolved(Base):
    """A document version whose claims have been resolved; makes a rerun a no-op."""

    __tablename__ = "resolved"
    doc_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    detector_version: Mapped[str] = mapped_column(primary_key=True)
    resolved_at: Mapped[datetime]


class Disclosure(Base):
    """The current state of one disclosure; its history is in DisclosureVersion."""

    __tablename__ = "disclosure"
    disclosure_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[int]
    state: Mapped[str] = mapped_column(default="open")  # open | retracted | false | merged
    scope: Mapped[str]
    group: Mapped[str]
    origin_region: Mapped[str | None]
    place_region: Mapped[str | None]
    event_start: Mapped[date | None]
    event_end: Mapped[date | None]
    first_published_at: Mapped[datetime]
    last_published_at: Mapped[datetime]
    measures: Mapped[dict[str, Any]]  # measure -> MeasureState.model_dump()
    __table_args__ = (
        Index("ix_disclosure_origin", "origin_region", "scope", "last_published_at"),
        Index("ix_disclosure_place", "place_region", "scope", "last_published_at"),
    )


class DisclosureVersion(Base):
    """One version: what a document changed, or that it repeated. Mirrored to the lake's `disclosures`."""

    __tablename__ = "disclosure_version"
    disclosure_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    novelty: Mapped[str]
    doc_id: Mapped[str] = mapped_column(String(64))
    doc_version: Mapped[int]
    created_at: Mapped[datetime]
    snapshot: Mapped[dict[str, Any]]  # DisclosureRecord.model_dump(mode="json")
    mirrored: Mapped[bool] = mapped_column(default=False, index=True)


class ClaimLink(Base):
    """Which claim belongs to which disclosure, and what it brought."""

    __tablename__ = "claim_link"
    claim_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    disclosure_id: Mapped[str] = mapped_column(String(64), index=True)
    version: Mapped[int]
    doc_id: Mapped[str] = mapped_column(String(64), index=True)
    doc_version: Mapped[int]
    source: Mapped[str]
    independence_key: Mapped[str]  # equal for reprints of one text or agency
    measure: Mapped[str]
    novelty: Mapped[str]
    published_at: Mapped[datetime]
    claim: Mapped[dict[str, Any]]  # Claim.model_dump(mode="json")


class Delivery(Base):
    """The outbox: one row per disclosure version and target.

    States: pending -> sending (under a lease) -> sent | dead | suppressed. `key` is unique, so that no
    version can be queued twice for one target.
    """

    __tablename__ = "delivery"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    disclosure_id: Mapped[str] = mapped_column(String(64), index=True)
    version: Mapped[int]
    route: Mapped[str]
    receiver: Mapped[str]  # name in config/vigil.yaml
    kind: Mapped[str]  # email | slack | ...
    target: Mapped[str]  # address or channel
    state: Mapped[str]
    reason: Mapped[str]  # why it is sent, or why not
    attempts: Mapped[int] = mapped_column(default=0)
    due: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    lease_owner: Mapped[str | None]
    provider_ref: Mapped[str | None]  # Slack ts, mail Message-ID
    last_error: Mapped[str | None]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    mirrored: Mapped[bool] = mapped_column(default=False)
    __table_args__ = (Index("ix_delivery_due", "state", "due"),)


class Silence(Base):
    """A mute: no alerts for a region, source or disclosure until it expires."""

    __tablename__ = "silence"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    field: Mapped[str]  # region | source | disclosure
    value: Mapped[str]
    until: Mapped[datetime]
    reason: Mapped[str]
    author: Mapped[str]
    created_at: Mapped[datetime]


def open_ledger(url: str) -> Engine:
    """Engine with the tables in place. On SQLite: WAL, 30 s busy timeout, foreign keys, BEGIN IMMEDIATE."""
    engine = create_engine(url, pool_pre_ping=True)
    if engine.dialect.name == "sqlite":
        _tune_sqlite(engine)
    Base.metadata.create_all(engine)
    return engine


def _tune_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy emits BEGIN itself, below
        for pragma in ("journal_mode=WAL", "busy_timeout=30000", "foreign_keys=ON", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
