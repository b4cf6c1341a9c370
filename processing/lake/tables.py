"""The lake: Delta tables in the object store, written so that a rerun changes nothing.

Every row has a content-derived key and a time of its own (`clock`). A write first reads which keys are there
already, in the files of its sources and times only; with nothing new it makes no commit at all. What is new
goes in by one insert-only merge, whose predicate names sources and times as literals, so that writers of
different sources do not conflict; writers of the same one retry.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.dataset as ds
from deltalake import CommitProperties, DeltaTable
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from processing.errors import Retry
from processing.lake import rows as as_rows
from processing.lake.access import (
    WHOLE,
    Part,
    among,
    as_dataset,
    is_network,
    one_line,
    storage_options,
    unreachable,
    writer_properties,
)
from processing.lake.schemas import CLAIMS, DELIVERIES, DISCLOSURES, DOCUMENTS, RAW_INDEX, TABLES, TableSpec
from processing.lake.selftest import check_store
from processing.ledger.store import DeliveryRow
from processing.models import Claim, Detection, DisclosureRecord, Document
from scrapers.handover import PageLine
from scrapers.objects import ObjectStore

__all__ = ["ATTEMPTS", "Lake", "among", "check_store"]

T = TypeVar("T")
ATTEMPTS = 12  # of a commit that loses against another writer


class Lake:
    """The tables of one store. One instance per thread; processes may write side by side."""

    def __init__(self, store: ObjectStore) -> None:
        self.store = store
        self._open: dict[str, DeltaTable] = {}

    # -- making and opening ----------------------------------------------------------------------

    def ensure(self) -> None:
        """Make the tables that are missing, empty and typed. Several processes may do so at once."""
        for spec in TABLES:
            with self.outside():
                self._ensure(spec)

    def table(self, spec: TableSpec) -> DeltaTable:
        """A table at its newest version. Raises Retry if the store is down or the tables were never made."""
        with self.outside():
            opened = self._open.get(spec.name)
            if opened is None:
                opened = self._open[spec.name] = DeltaTable(self.uri(spec), storage_options=storage_options())
            else:
                opened.update_incremental()
            return opened

    def dataset(self, spec: TableSpec, part: Part = WHOLE) -> ds.Dataset:
        """A table, or the files that hold part of it, at its newest version, for Arrow and DuckDB."""
        return as_dataset(self.table(spec), spec, f"{self.store.bucket}/{self.store.prefix}{spec.name}", part)

    def uri(self, spec: TableSpec) -> str:
        """`s3://` address of a table, for other readers (Spark, Polars, Athena) as well."""
        return self.store.uri(spec.name)

    def versions(self) -> dict[str, int]:
        """Newest Delta version of each table."""
        return {spec.name: self.table(spec).version() for spec in TABLES}

    # -- writing ---------------------------------------------------------------------------------

    def write_raw_index(self, lines: Sequence[PageLine]) -> int:
        """Pages with their dispositions. A page that is known keeps its first row. Returns rows added."""
        return self._insert(RAW_INDEX, [as_rows.raw_index_row(line) for line in lines])

    def write_documents(self, documents: Sequence[Document]) -> int:
        """Document versions. Returns rows added."""
        return self._insert(DOCUMENTS, [as_rows.document_row(document) for document in documents])

    def write_claims(self, detections: Iterable[tuple[Document, Detection]], detector_version: str) -> int:
        """All claims of document versions, suppressed candidates included. Returns rows added."""
        found = [
            row
            for doc, detection in detections
            for row in as_rows.claim_rows(doc, detection, detector_version)
        ]
        return self._insert(CLAIMS, found)

    def write_disclosures(self, records: Sequence[DisclosureRecord]) -> int:
        """Disclosure versions; append-only. Returns rows added."""
        return self._insert(DISCLOSURES, [as_rows.disclosure_row(record) for record in records])

    def write_deliveries(self, deliveries: Sequence[DeliveryRow]) -> int:
        """Deliveries as they stand: a known key takes a newer revision, never an older one.

        Returns rows added or changed.
        """
        return self._upsert(DELIVERIES, [as_rows.delivery_row(delivery) for delivery in deliveries])

    # -- reading ---------------------------------------------------------------------------------

    def documents_of(self, lines: Collection[PageLine]) -> list[Document]:
        """Document versions that a batch's pages made, by id and version. Reads that batch's files only."""
        part, pages = _part_of_pages(lines), {(line.source, line.page_id) for line in lines}
        rows = self.read(DOCUMENTS, among("page_id", (page for _, page in pages)), part=part)
        return _documents(row for row in rows if (row["source"], row["page_id"]) in pages)

    def read_documents(self, source: str, page_ids: Iterable[str]) -> list[Document]:
        """Document versions that these pages of a source made, by id and version."""
        part = Part(frozenset({source}))
        return _documents(self.read(DOCUMENTS, _at(source) & among("page_id", page_ids), part=part))

    def versions_of(self, source: str, doc_ids: Iterable[str]) -> dict[str, list[Document]]:
        """All versions of these documents of a source, by id, oldest first; unknown ones are absent."""
        found: dict[str, list[Document]] = {}
        part = Part(frozenset({source}))
        for document in _documents(self.read(DOCUMENTS, _at(source) & among("doc_id", doc_ids), part=part)):
            found.setdefault(document.doc_id, []).append(document)
        return found

    def all_documents(self) -> Iterator[Document]:
        """Every document version, source by source."""
        for source in self.sources(DOCUMENTS):
            yield from _documents(self.read(DOCUMENTS, _at(source), part=Part(frozenset({source}))))

    def read_claims(
        self, documents: Sequence[Document], detector_version: str
    ) -> dict[tuple[str, int], tuple[Claim, ...]]:
        """Claims in reading order, by (doc_id, version); versions without claims are absent."""
        if not documents:
            return {}
        wanted = {(document.doc_id, document.version) for document in documents}
        condition = among("doc_id", (doc for doc, _ in wanted)) & (
            ds.field("detector_version") == detector_version
        )
        seen = [document.first_seen_at for document in documents]
        part = Part(frozenset(document.source for document in documents), (min(seen), max(seen)))
        found: dict[tuple[str, int], dict[int, Claim]] = {}
        for row in self.read(CLAIMS, condition, part=part):
            key = (row["doc_id"], row["doc_version"])
            if key in wanted:
                found.setdefault(key, {})[row["position"]] = as_rows.claim_of(row)
        return {key: tuple(claims[n] for n in sorted(claims)) for key, claims in found.items()}

    def read_disclosures(self) -> list[DisclosureRecord]:
        """Every version of every disclosure, oldest first."""
        found = [as_rows.disclosure_of(row) for row in self.read(DISCLOSURES, None, ["record"])]
        return sorted(found, key=lambda record: (record.created_at, record.disclosure_id, record.version))

    def read_deliveries(self) -> list[DeliveryRow]:
        """Every delivery as last mirrored, oldest first."""
        found = [as_rows.delivery_of(row) for row in self.read(DELIVERIES, None)]
        return sorted(found, key=lambda delivery: (delivery.created_at, delivery.id))

    def read_raw_index(
        self, pages: Iterable[tuple[str, str]], columns: list[str] | None = None, part: Part | None = None
    ) -> list[as_rows.Row]:
        """Rows of `raw_index` of (source, page_id) pairs."""
        wanted = set(pages)
        part = part or Part(frozenset(source for source, _ in wanted))
        rows = self.read(RAW_INDEX, among("page_id", (page for _, page in wanted)), columns, part)
        return [row for row in rows if (row["source"], row["page_id"]) in wanted]

    def dispositions(self, pages: Iterable[tuple[str, str]], part: Part | None = None) -> dict[str, int]:
        """How many of these (source, page_id) pages ended in which disposition; absent ones in none."""
        found = self.read_raw_index(pages, ["source", "page_id", "disposition"], part)
        return dict(Counter({row["page_id"]: row["disposition"] for row in found}.values()))

    def dispositions_of(self, lines: Collection[PageLine]) -> dict[str, int]:
        """dispositions() of a batch's pages. Reads that batch's files only."""
        return self.dispositions([(line.source, line.page_id) for line in lines], _part_of_pages(lines))

    def sources(self, spec: TableSpec) -> list[str]:
        """Source ids that have rows in a table partitioned by source."""
        return sorted({dict(part)["source"] for part in self.table(spec).partitions()})

    # -- upkeep ----------------------------------------------------------------------------------

    def maintain(self, retention_hours: int = 168) -> dict[str, dict[str, int]]:
        """Compact small files, checkpoint, delete files unused for `retention_hours`; counts by table.

        Writers may go on meanwhile: whoever loses a commit tries again.
        """
        done: dict[str, dict[str, int]] = {}
        for spec in TABLES:
            done[spec.name] = self._committed(partial(self._maintain, spec, retention_hours))
        return done

    def _maintain(self, spec: TableSpec, retention_hours: int) -> dict[str, int]:
        table = self.table(spec)
        done = table.optimize.compact(writer_properties=writer_properties(spec))
        table.create_checkpoint()
        table.cleanup_metadata()
        gone = table.vacuum(retention_hours, dry_run=False, enforce_retention_duration=False)
        return {"compacted": done["numFilesRemoved"], "into": done["numFilesAdded"], "deleted": len(gone)}

    # -- inside ----------------------------------------------------------------------------------

    def _ensure(self, spec: TableSpec) -> None:
        try:
            DeltaTable.create(
                self.uri(spec),
                spec.schema,
                mode="ignore",
                partition_by=spec.partition,
                configuration={"delta.dataSkippingStatsColumns": ",".join(spec.stats)},
                storage_options=storage_options(),
                commit_properties=CommitProperties(max_commit_retries=0),  # else the loser makes a version 1
            )
        except DeltaError:
            # Another process made it between our look and our commit; if it did not, opening raises.
            DeltaTable(self.uri(spec), storage_options=storage_options())

    def _insert(self, spec: TableSpec, found: list[as_rows.Row]) -> int:
        """Add the rows whose key is not there yet; of rows with one key the first."""
        unique = {_key(spec, row): row for row in reversed(found)}

        def attempt() -> int:
            known = set(self._known(spec, list(unique.values()), spec.key))
            new = [row for key, row in unique.items() if key not in known]
            if new:
                self._merger(spec, new).when_not_matched_insert_all().execute()
            return len(new)

        return self._committed(attempt) if unique else 0

    def _upsert(self, spec: TableSpec, found: list[as_rows.Row]) -> int:
        """Add rows, and replace those whose key is there with a lower `revision`."""
        unique = {_key(spec, row): row for row in sorted(found, key=lambda row: row["revision"])}

        def attempt() -> int:
            columns = (*spec.key, "revision")
            known = {row[:-1]: row[-1] for row in self._known(spec, list(unique.values()), columns)}
            new = [row for key, row in unique.items() if row["revision"] > known.get(key, -1)]
            if new:
                # The table may have gone on since we looked: the merge itself compares as well.
                merger = self._merger(spec, new).when_matched_update_all("s.revision > t.revision")
                merger.when_not_matched_insert_all().execute()
            return len(new)

        return self._committed(attempt) if unique else 0

    def _known(
        self, spec: TableSpec, found: list[as_rows.Row], columns: tuple[str, ...]
    ) -> list[tuple[Any, ...]]:
        """Values of `columns` of the rows whose id is among those of `found`."""
        condition = among(spec.key[0], (row[spec.key[0]] for row in found))
        rows = self.read(spec, condition, list(columns), _part_of(spec, found))
        return [tuple(row[name] for name in columns) for row in rows]

    def _merger(self, spec: TableSpec, found: list[as_rows.Row]) -> Any:
        keys = [*spec.key, *([spec.partition] if spec.partition else [])]
        on = [*(f"t.{name} = s.{name}" for name in keys), *_part_of(spec, found).sql(spec, "t")]
        return self.table(spec).merge(
            pa.Table.from_pylist(found, schema=spec.schema),
            " AND ".join(on),
            source_alias="s",
            target_alias="t",
            writer_properties=writer_properties(spec),
        )

    def read(
        self,
        spec: TableSpec,
        condition: ds.Expression | None,
        columns: list[str] | None = None,
        part: Part = WHOLE,
    ) -> list[as_rows.Row]:
        """Rows that meet a condition. `part` only spares files: rows beside it may be among them."""
        dataset = self.dataset(spec, part)
        with self.outside():
            found: list[as_rows.Row] = dataset.to_table(
                columns or spec.schema.names, filter=condition
            ).to_pylist()
        return found

    def _committed(self, attempt: Callable[[], T]) -> T:
        """Look and commit until no other writer is faster. Raises Retry when one always was."""
        retrying = Retrying(
            retry=retry_if_exception_type(CommitFailedError),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_random_exponential(0.05, max=3),
            reraise=True,
        )
        try:
            with self.outside():
                return retrying(attempt)
        except CommitFailedError as error:
            raise Retry(f"lake: {ATTEMPTS} commits lost against other writers: {one_line(error)}") from None

    @contextmanager
    def outside(self) -> Iterator[None]:
        """The store's failures as Retry, in one line that names the endpoint."""
        try:
            yield
        except TableNotFoundError:
            raise Retry(f"no tables at {self.store.uri('')}: make them with `vigil lake init`") from None
        except (OSError, DeltaError) as error:
            if isinstance(error, CommitFailedError) or not is_network(error):
                raise
            raise Retry(unreachable(error)) from None


def _key(spec: TableSpec, row: as_rows.Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in spec.key)


def _at(source: str) -> ds.Expression:
    return ds.field("source") == source


def _part_of(spec: TableSpec, found: list[as_rows.Row]) -> Part:
    """The part of a table that rows lie in."""
    sources = frozenset(row[spec.partition] for row in found) if spec.partition else None
    times = [row[spec.clock] for row in found]
    return Part(sources, (min(times), max(times)))


def _part_of_pages(lines: Collection[PageLine]) -> Part:
    """Where a batch's pages and their documents lie: both carry the time of fetching."""
    times = [line.fetched_at for line in lines]
    return Part(frozenset(line.source for line in lines), (min(times), max(times)) if times else None)


def _documents(found: Iterable[as_rows.Row]) -> list[Document]:
    """Documents by id and version; of a version written twice the first."""
    documents: dict[tuple[str, int], Document] = {}
    for row in sorted(found, key=lambda row: row["first_seen_at"]):
        documents.setdefault((row["doc_id"], row["version"]), as_rows.document_of(row))
    return [documents[key] for key in sorted(documents)]
