"""What the stages ask of the ledger apart from resolving: versions, batches, mirroring, silences."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Engine, or_, select, update

from processing.errors import ConfigError
from processing.ledger.engine import lock_keys, open_ledger, reading, writing
from processing.ledger.schema import Batch, Delivery, Disclosure, DisclosureVersion, DocumentVersion, Silence
from processing.models import DisclosureRecord

MIRROR_CHUNK = 5000  # rows copied to the lake in one go
_DAY = re.compile(r"/date=(\d{4}-\d{2}-\d{2})/")


@dataclass(frozen=True)
class VersionEntry:
    """The version a text is, and whether the asking page is the one that brought it.

    `is_new`: this page made the version (now, or before it was killed: write it to the lake again).
    `is_known_doc`: the document had other versions before.
    """

    version: int
    page_id: str
    first_seen_at: datetime
    is_new: bool
    is_known_doc: bool


@dataclass(frozen=True)
class DeliveryRow:
    """A delivery as it stands: what was sent to whom when, or why not."""

    id: int
    key: str
    disclosure_id: str
    version: int
    route: str
    receiver: str
    kind: str
    target: str
    state: str
    reason: str
    attempts: int
    due: datetime
    provider_ref: str | None
    last_error: str | None
    merged_into: int | None
    created_at: datetime
    sent_at: datetime | None
    revision: int  # counts changes: of two rows with one key the higher is the newer


class Ledger:
    """The ledger's plain questions. Every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @classmethod
    def open(cls, url: str) -> Ledger:
        """The ledger at a SQLAlchemy URL, its tables made if need be."""
        return cls(open_ledger(url))

    # -- documents and batches ---------------------------------------------------------------------

    def document_version(
        self, doc_id: str, digest: str, source: str, page_id: str, first_seen_at: datetime
    ) -> VersionEntry:
        """The version of a document that a fetch found; given its number here when it is new.

        The same text as the version before (or, fetched late, the one after) is that version. Asking again gives
        the same answer. Committed before it returns: the lake never holds a version that the ledger does not know.
        """
        query = select(DocumentVersion).where(DocumentVersion.doc_id == doc_id)
        with reading(self.engine) as session:
            row = _in_force(session.scalars(query).all(), digest, page_id, first_seen_at)
            if row:
                return _entry(row, page_id, first_seen_at)
        with writing(self.engine) as session:
            lock_keys(session, {f"doc|{doc_id}"})
            rows = session.scalars(query).all()
            row = _in_force(rows, digest, page_id, first_seen_at)
            if row is None:
                version = max((r.version for r in rows), default=0) + 1
                row = DocumentVersion(
                    doc_id=doc_id, version=version, digest=digest, source=source, page_id=page_id,
                    first_seen_at=first_seen_at,
                )
                session.add(row)
            return _entry(row, page_id, first_seen_at)

    def done_batches(self, since: date | None = None) -> set[str]:
        """Index keys of the batches whose pages have all reached their disposition: all, or from a day on.

        The day is the key's `date=`; a key without one is always among them.
        """
        query = select(Batch.index_key)
        if since is not None:
            query = query.where(or_(Batch.day >= since, Batch.day.is_(None)))
        with reading(self.engine) as session:
            return set(session.scalars(query))

    def mark_batch(
        self, batch_id: str, index_key: str, dispositions: Mapping[str, int], now: datetime
    ) -> None:
        """A batch is done. Marking it again changes nothing but the counts."""
        found = _DAY.search(index_key)
        day = date.fromisoformat(found[1]) if found else None
        with writing(self.engine) as session:
            session.merge(Batch(
                batch_id=batch_id, index_key=index_key, day=day, done_at=now, dispositions=dict(dispositions)
            ))

    # -- the mirror in the lake --------------------------------------------------------------------

    def unmirrored_disclosures(self, limit: int = MIRROR_CHUNK) -> list[DisclosureRecord]:
        """Disclosure versions that the lake does not have yet, oldest first."""
        Row = DisclosureVersion
        query = (
            select(Row.snapshot).where(Row.mirrored.is_(False))
            .order_by(Row.created_at, Row.disclosure_id, Row.version).limit(limit)
        )
        with reading(self.engine) as session:
            return [DisclosureRecord.model_validate(snapshot) for snapshot in session.scalars(query)]

    def mark_disclosures_mirrored(self, records: Iterable[DisclosureRecord]) -> None:
        """These versions are in the lake."""
        with writing(self.engine) as session:
            for record in records:
                session.execute(
                    update(DisclosureVersion).values(mirrored=True).where(
                        DisclosureVersion.disclosure_id == record.disclosure_id,
                        DisclosureVersion.version == record.version,
                    )
                )

    def unmirrored_deliveries(self, limit: int = MIRROR_CHUNK) -> list[DeliveryRow]:
        """Deliveries whose present state the lake does not have yet, oldest first."""
        query = select(Delivery).where(Delivery.mirrored.is_(False)).order_by(Delivery.id).limit(limit)
        with reading(self.engine) as session:
            return [_delivery_row(row) for row in session.scalars(query)]

    def mark_deliveries_mirrored(self, deliveries: Iterable[DeliveryRow]) -> None:
        """These deliveries are in the lake. One that has changed since it was read is copied again."""
        with writing(self.engine) as session:
            for row in deliveries:
                session.execute(
                    update(Delivery).values(mirrored=True, revision=Delivery.revision)
                    .where(Delivery.key == row.key, Delivery.revision == row.revision)
                )

    # -- looking at it -----------------------------------------------------------------------------

    def deliveries(self, state: str | None = None, limit: int = 1000) -> list[DeliveryRow]:
        """Deliveries in one state, or in any, newest first."""
        query = select(Delivery).order_by(Delivery.id.desc()).limit(limit)
        if state is not None:
            query = query.where(Delivery.state == state)
        with reading(self.engine) as session:
            return [_delivery_row(row) for row in session.scalars(query)]

    def delivery_by_key(self, key: str) -> DeliveryRow:
        """A delivery by its key or the key's first characters. Raises ConfigError if none or several match."""
        query = select(Delivery).where(Delivery.key.startswith(key, autoescape=True)).limit(2)
        with reading(self.engine) as session:
            found = session.scalars(query).all()
            if len(found) != 1:
                raise ConfigError(f"{key}: {'several' if found else 'no'} deliveries have keys that begin so")
            return _delivery_row(found[0])

    def latest_record(self, disclosure_id: str) -> DisclosureRecord:
        """Newest version of a disclosure, by its id or the id's first characters.

        Raises ConfigError if none or several match.
        """
        begins = Disclosure.disclosure_id.startswith(disclosure_id, autoescape=True)
        query = select(Disclosure).where(begins).limit(2)
        with reading(self.engine) as session:
            found = session.scalars(query).all()
            if len(found) != 1:
                raise ConfigError(f"{disclosure_id}: {len(found) or 'no'} disclosures have ids that begin so")
            version = session.get_one(DisclosureVersion, (found[0].disclosure_id, found[0].version))
            return DisclosureRecord.model_validate(version.snapshot)

    def latest_records(self) -> list[DisclosureRecord]:
        """Newest version of every disclosure, by first publication."""
        query = (
            select(DisclosureVersion.snapshot)
            .join(Disclosure, (Disclosure.disclosure_id == DisclosureVersion.disclosure_id)
                  & (Disclosure.version == DisclosureVersion.version))
            .order_by(Disclosure.first_published_at, Disclosure.disclosure_id)
        )
        with reading(self.engine) as session:
            return [DisclosureRecord.model_validate(snapshot) for snapshot in session.scalars(query)]

    def add_silence(
        self, field: str, value: str, until: datetime, reason: str, author: str, now: datetime
    ) -> None:
        """Mute alerts for a region, source or disclosure until a time. Raises ConfigError else."""
        if field not in ("region", "source", "disclosure"):
            raise ConfigError(f"silence: field {field!r} is not one of region, source, disclosure")
        with writing(self.engine) as session:
            session.add(
                Silence(field=field, value=value, until=until, reason=reason, author=author, created_at=now)
            )


def _in_force(
    rows: Sequence[DocumentVersion], digest: str, page_id: str, first_seen_at: datetime
) -> DocumentVersion | None:
    """The version that a fetch belongs to: the one it made, or a neighbour in time with the same text.

    A text that comes back after another (17 corrected to 14 again) is a version of its own: None.
    """
    for row in rows:
        if (row.page_id, row.digest, row.first_seen_at) == (page_id, digest, first_seen_at):
            return row
    before = max((r for r in rows if r.first_seen_at <= first_seen_at), key=lambda r: r.first_seen_at, default=None)
    after = min((r for r in rows if r.first_seen_at > first_seen_at), key=lambda r: r.first_seen_at, default=None)
    return next((row for row in (before, after) if row is not None and row.digest == digest), None)


def _entry(row: DocumentVersion, page_id: str, first_seen_at: datetime) -> VersionEntry:
    """A page that goes A, B, A has the same id twice: only the fetch that brought A first made its version."""
    made_it = (row.page_id, row.first_seen_at) == (page_id, first_seen_at)
    return VersionEntry(row.version, row.page_id, row.first_seen_at, made_it, row.version > 1)


def _delivery_row(row: Delivery) -> DeliveryRow:
    names = DeliveryRow.__dataclass_fields__
    return DeliveryRow(**{name: getattr(row, name) for name in names})
