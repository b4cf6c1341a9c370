"""The ledger's tables: what is known, what was decided, and what must still be sent.

SQLite (WAL) on one machine, PostgreSQL otherwise; always its own database, never Airflow's. The outbox
(`delivery`) shares a transaction with the disclosure version that caused it.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, Date, Index, String, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from scrapers.utc import UtcDateTime


class Base(DeclarativeBase):
    type_annotation_map: ClassVar = {datetime: UtcDateTime, date: Date, dict[str, Any]: JSON, list[Any]: JSON}


class DocumentVersion(Base):
    """Which text digests a document has had, and which page brought each first.

    Decides version numbers; the text is in the lake. A rerun of the page that brought a version writes it
    again, so that nothing is lost between this row and the lake.
    """

    __tablename__ = "document_version"
    doc_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str]
    source: Mapped[str]
    page_id: Mapped[str]
    first_seen_at: Mapped[datetime]


class Batch(Base):
    """A raw batch whose pages have all reached their disposition."""

    __tablename__ = "batch"
    batch_id: Mapped[str] = mapped_column(primary_key=True)
    index_key: Mapped[str] = mapped_column(index=True)
    day: Mapped[date | None] = mapped_column(index=True)  # the `date=` of index_key
    done_at: Mapped[datetime]
    dispositions: Mapped[dict[str, Any]]  # disposition -> pages


class SourceYield(Base):
    """What cleaning got out of one source's articles in one batch: the history that its health is judged by."""

    __tablename__ = "source_yield"
    index_key: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime]  # when the last of them was fetched
    pages: Mapped[int]  # articles that came whole
    texts: Mapped[int]  # of them, those with a text
    undated: Mapped[int]  # texts without a date
    untitled: Mapped[int]
    alike: Mapped[int]  # the most texts that are one and the same, at different addresses
    walled: Mapped[int]  # pages that are a captcha or an error page with status 200
    __table_args__ = (Index("ix_yield_source", "source", "at"),)


class SourceState(Base):
    """The verdict on a source that operations were last told of, or would have been."""

    __tablename__ = "source_state"
    source: Mapped[str] = mapped_column(String(64), primary_key=True)
    verdict: Mapped[str]
    reason: Mapped[str | None]
    since: Mapped[datetime]  # when the verdict changed
    silent_since: Mapped[datetime | None]  # an official channel: the last news before the silence told of


class NoticeVersion(Base):
    """A message about a source, not a disclosure; its deliveries have `notice_id` as their `disclosure_id`."""

    __tablename__ = "notice"
    notice_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]  # verdict | silence
    source: Mapped[str] = mapped_column(String(64), index=True)
    created_at: Mapped[datetime]
    snapshot: Mapped[dict[str, Any]]  # Notice.model_dump(mode="json")
    decision: Mapped[list[Any]]  # per route: {"route", "verdict", "reason"}, also where nothing is sent


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
    state: Mapped[str] = mapped_column(default="open")  # open | retracted
    scope: Mapped[str]
    group: Mapped[str]
    origin_region: Mapped[str | None]
    place_region: Mapped[str | None]
    event_start: Mapped[date | None]
    event_end: Mapped[date | None]
    first_published_at: Mapped[datetime]
    last_published_at: Mapped[datetime]
    profile: Mapped[dict[str, Any]]  # resolve.profile.Profile: all that later claims are compared with


class DisclosureBlock(Base):
    """The keys under which later claims find a disclosure: scope with region, victim's name, speaker."""

    __tablename__ = "disclosure_block"
    block: Mapped[str] = mapped_column(String(120), primary_key=True)
    disclosure_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    first_published_at: Mapped[datetime]
    last_published_at: Mapped[datetime]
    event_start: Mapped[date | None]
    __table_args__ = (
        Index("ix_block_published", "block", "last_published_at"),
        Index("ix_block_event", "block", "event_start"),
        Index("ix_block_disclosure", "disclosure_id"),
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
    decision: Mapped[list[Any]]  # per route: {"route", "verdict", "reason"}, also where nothing is sent
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

    States: held (for review) -> pending -> sending (under a lease) -> sent | dead | suppressed. `key` is
    unique, so that no version can be queued twice for one target.
    """

    __tablename__ = "delivery"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    disclosure_id: Mapped[str] = mapped_column(String(64))
    version: Mapped[int]
    route: Mapped[str]
    receiver: Mapped[str]  # name in config/vigil.yaml
    kind: Mapped[str]  # email | slack | ...
    target: Mapped[str]  # address or channel
    state: Mapped[str]
    reason: Mapped[str]  # why it is sent, or why not
    attempts: Mapped[int] = mapped_column(default=0)  # begun, also those whose end was never heard of
    due: Mapped[datetime]
    give_up_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    lease_owner: Mapped[str | None]
    digest_key: Mapped[str | None] = mapped_column(String(64))  # sent, or tried, as part of this digest
    merged_into: Mapped[int | None]  # the version that told this one's news
    provider_ref: Mapped[str | None]  # Slack ts, mail Message-ID
    last_error: Mapped[str | None]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    # Every UPDATE counts up and is to be mirrored, unless it sets these two itself.
    revision: Mapped[int] = mapped_column(default=0, onupdate=text("revision + 1"))
    mirrored: Mapped[bool] = mapped_column(default=False, onupdate=False, index=True)
    __table_args__ = (
        Index("ix_delivery_due", "state", "due"),
        Index("ix_delivery_thread", "disclosure_id", "kind", "target", "version"),
        Index("ix_delivery_target", "kind", "target", "state"),
    )


class TargetPause(Base):
    """A target that takes nothing at all; its deliveries stay pending until it is asked again."""

    __tablename__ = "target_pause"
    kind: Mapped[str] = mapped_column(primary_key=True)
    target: Mapped[str] = mapped_column(primary_key=True)
    until: Mapped[datetime]
    reason: Mapped[str]


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
