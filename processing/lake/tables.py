"""The lake: Delta tables in the object store, written so that a rerun changes nothing.

Every row has a content-derived key. A write first reads which keys are there already; with nothing new it
makes no commit at all. What is new goes in by one insert-only merge, whose predicate names the partitions it
touches as literals, so that writers of different sources do not conflict; writers of the same one retry.
"""

from __future__ import annotations

import os
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import pyarrow as pa
import pyarrow.dataset as ds
from botocore.exceptions import BotoCoreError, ClientError
from deltalake import ColumnProperties, DeltaTable, WriterProperties
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from processing.errors import ConfigError, Retry
from processing.lake import rows as as_rows
from processing.lake.schemas import (
    CLAIMS,
    DELIVERIES,
    DISCLOSURES,
    DOCUMENTS,
    RAW_INDEX,
    STRINGS,
    TABLES,
    TableSpec,
)
from processing.ledger.store import DeliveryRow
from processing.models import Claim, Detection, DisclosureRecord, Document
from scrapers.handover import PageLine
from scrapers.objects import ObjectStore

T = TypeVar("T")
ATTEMPTS = 12  # of a commit that loses against another writer
RACERS = 16
_NETWORK = ("error sending request", "connect", "timed out", "Generic S3 error", "dns error", "HTTP error")


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

    def dataset(self, spec: TableSpec) -> ds.Dataset:
        """A table at its newest version as an Arrow dataset that prunes files by partition."""
        return as_dataset(self.table(spec), spec, f"{self.store.bucket}/{self.store.prefix}{spec.name}")

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
        """Deliveries as they stand: a known key takes the new state. Returns rows added or changed."""
        return self._upsert(DELIVERIES, [as_rows.delivery_row(delivery) for delivery in deliveries])

    # -- reading ---------------------------------------------------------------------------------

    def read_documents(self, source: str, page_ids: Iterable[str]) -> list[Document]:
        """Document versions that these pages of a source made, by id and version."""
        condition = (ds.field("source") == source) & among("page_id", page_ids)
        found = [as_rows.document_of(row) for row in self.read(DOCUMENTS, condition)]
        return sorted(found, key=lambda document: (document.doc_id, document.version))

    def all_documents(self) -> Iterator[Document]:
        """Every document version, source by source."""
        for source in self.sources(DOCUMENTS):
            yield from (
                as_rows.document_of(row) for row in self.read(DOCUMENTS, ds.field("source") == source)
            )

    def read_claims(
        self, documents: Sequence[Document], detector_version: str
    ) -> dict[tuple[str, int], tuple[Claim, ...]]:
        """Claims in reading order, by (doc_id, version); versions without claims are absent."""
        if not documents:
            return {}
        condition = (
            among("source", (document.source for document in documents))
            & among("doc_id", (document.doc_id for document in documents))
            & (ds.field("detector_version") == detector_version)
        )
        wanted = {(document.doc_id, document.version) for document in documents}
        found: dict[tuple[str, int], list[tuple[int, Claim]]] = {}
        for row in self.read(CLAIMS, condition):
            key = (row["doc_id"], row["doc_version"])
            if key in wanted:
                found.setdefault(key, []).append((row["position"], as_rows.claim_of(row)))
        return {
            key: tuple(claim for _, claim in sorted(claims, key=_position)) for key, claims in found.items()
        }

    def read_disclosures(self) -> list[DisclosureRecord]:
        """Every version of every disclosure, oldest first."""
        found = [as_rows.disclosure_of(row) for row in self.read(DISCLOSURES, None, ["record"])]
        return sorted(found, key=lambda record: (record.created_at, record.disclosure_id, record.version))

    def read_deliveries(self) -> list[DeliveryRow]:
        """Every delivery as last mirrored, oldest first."""
        found = [as_rows.delivery_of(row) for row in self.read(DELIVERIES, None)]
        return sorted(found, key=lambda delivery: (delivery.created_at, delivery.id))

    def read_raw_index(
        self, pages: Iterable[tuple[str, str]], columns: list[str] | None = None
    ) -> list[as_rows.Row]:
        """Rows of `raw_index` of (source, page_id) pairs."""
        wanted = set(pages)
        if not wanted:
            return []
        condition = among("source", (source for source, _ in wanted)) & among(
            "page_id", (page for _, page in wanted)
        )
        return [
            row
            for row in self.read(RAW_INDEX, condition, columns)
            if (row["source"], row["page_id"]) in wanted
        ]

    def dispositions(self, pages: Iterable[tuple[str, str]]) -> dict[str, int]:
        """How many of these (source, page_id) pages ended in which disposition; absent ones in none."""
        found = self.read_raw_index(pages, ["source", "page_id", "disposition"])
        return dict(Counter({row["page_id"]: row["disposition"] for row in found}.values()))

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
            )
        except DeltaError:
            # Another process made it between our look and our commit; if it did not, opening raises.
            DeltaTable(self.uri(spec), storage_options=storage_options())

    def _insert(self, spec: TableSpec, found: list[as_rows.Row]) -> int:
        """Add the rows whose key is not there yet."""
        unique = {_key(spec, row): row for row in found}

        def attempt() -> int:
            known = set(self._known(spec, list(unique.values()), spec.key))
            new = [row for key, row in unique.items() if key not in known]
            if new:
                self._merger(spec, new).when_not_matched_insert_all().execute()
            return len(new)

        return self._committed(attempt) if unique else 0

    def _upsert(self, spec: TableSpec, found: list[as_rows.Row]) -> int:
        """Add rows, and replace those whose key is there with other values."""
        unique = {_key(spec, row): row for row in found}

        def attempt() -> int:
            known = self._known(spec, list(unique.values()), tuple(spec.schema.names))
            new = [row for row in unique.values() if _values(spec, row) not in known]
            if new:
                self._merger(spec, new).when_matched_update_all().when_not_matched_insert_all().execute()
            return len(new)

        return self._committed(attempt) if unique else 0

    def _known(
        self, spec: TableSpec, found: list[as_rows.Row], columns: tuple[str, ...]
    ) -> list[tuple[Any, ...]]:
        """Values of `columns` of the rows whose id is among those of `found`."""
        condition = among(spec.key[0], (row[spec.key[0]] for row in found))
        if spec.partition:
            condition &= among(spec.partition, (row[spec.partition] for row in found))
        return [tuple(row[name] for name in columns) for row in self.read(spec, condition, list(columns))]

    def _merger(self, spec: TableSpec, found: list[as_rows.Row]) -> Any:
        on = [f"t.{name} = s.{name}" for name in spec.key]
        if spec.partition:
            literals = sorted({row[spec.partition] for row in found})
            on.append(_among(f"t.{spec.partition}", literals))
            on.append(f"t.{spec.partition} = s.{spec.partition}")
        return self.table(spec).merge(
            pa.Table.from_pylist(found, schema=spec.schema),
            " AND ".join(on),
            source_alias="s",
            target_alias="t",
            writer_properties=writer_properties(spec),
        )

    def read(
        self, spec: TableSpec, condition: ds.Expression | None, columns: list[str] | None = None
    ) -> list[as_rows.Row]:
        """Rows of a table that meet a condition."""
        dataset = self.dataset(spec)
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
            raise Retry(f"lake: {ATTEMPTS} commits lost against other writers: {_line(error)}") from None

    @contextmanager
    def outside(self) -> Iterator[None]:
        """The store's failures as Retry, in one line that names the endpoint."""
        try:
            yield
        except TableNotFoundError:
            raise Retry(f"no tables at {self.store.uri('')}: make them with `vigil lake init`") from None
        except (OSError, DeltaError) as error:
            if isinstance(error, CommitFailedError) or not _is_network(error):
                raise
            raise Retry(unreachable(error)) from None


def among(column: str, values: Iterable[str]) -> ds.Expression:
    """Condition: the column has one of these strings; with none, no row meets it."""
    return ds.field(column).isin(pa.array(sorted(set(values)), pa.string()))


def as_dataset(table: DeltaTable, spec: TableSpec, root: str) -> ds.Dataset:
    """The table's files under `root` (`bucket/prefix/name`) with their partition values.

    `DeltaTable.to_pyarrow_dataset` is not used. In deltalake 1.6 it takes a column without statistics for one
    without values, so that filters on it find nothing (see writer_properties()), and it reads through Python
    from Arrow's threads, which aborts a process that ends while they still read ahead.
    """
    actions = pa.table(table.get_add_actions(flatten=True))
    paths, sizes = actions["path"].to_pylist(), actions["size_bytes"].to_pylist()
    values = actions[f"partition.{spec.partition}"].to_pylist() if spec.partition else [None] * len(paths)
    files, parquet = file_system(), ds.ParquetFileFormat()
    fragments = [
        parquet.make_fragment(
            f"{root}/{unquote(path)}",
            filesystem=files,
            file_size=size,
            partition_expression=ds.field(spec.partition) == value if spec.partition else None,
        )
        for path, size, value in zip(paths, sizes, values, strict=True)
    ]
    return ds.FileSystemDataset(fragments, spec.schema, parquet, files)


def file_system() -> S3FileSystem:
    """Arrow's own S3 client, for reading; credentials come from the AWS environment."""
    address = urlsplit(os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or "")
    return S3FileSystem(
        region=os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"),
        scheme=address.scheme or "https",
        endpoint_override=address.netloc or None,
        connect_timeout=5,
        request_timeout=60,
        retry_strategy=AwsStandardS3RetryStrategy(max_attempts=4),
    )


def writer_properties(spec: TableSpec) -> WriterProperties:
    """How files are written: zstd, and no statistics of strings.

    Merges of deltalake 1.6 type strings as string views; Arrow then cannot compare a file's statistics with
    the strings of a filter and fails ("no kernel matching input types"). Without statistics it can.
    """
    strings = [
        field.name
        for field in spec.schema
        if field.type in (pa.string(), STRINGS) and field.name != spec.partition
    ]
    silent = ColumnProperties(statistics_enabled="NONE")
    return WriterProperties(compression="ZSTD", column_properties=dict.fromkeys(strings, silent))


def storage_options() -> dict[str, str]:
    """Options of delta-rs's own S3 client; endpoint, region and credentials come from the AWS environment."""
    return {
        "aws_conditional_put": "etag",
        "connect_timeout": "5s",
        "timeout": "60s",
        "max_retries": "4",
        "retry_timeout": "20s",
    }


def endpoint() -> str:
    """Where the object store is, for messages."""
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or "AWS S3"


def unreachable(error: BaseException) -> str:
    """One line that says which store does not answer, and how."""
    return f"object store {endpoint()} does not answer: {_line(error)}"


def check_store(store: ObjectStore) -> None:
    """Prove that the store honours If-None-Match, without which tables lose rows silently.

    A second conditional put must be refused, and of 16 at once exactly one may win. Raises ConfigError if
    not, Retry if the store does not answer. Leaves nothing behind.
    """
    key = f"selftest/{secrets.token_hex(8)}"
    try:
        answers = [_conditional_put(store, f"{key}-twice") for _ in range(2)]
        with ThreadPoolExecutor(RACERS) as racers:
            won = sum(racers.map(lambda _: _conditional_put(store, f"{key}-race"), range(RACERS)))
        for suffix in ("twice", "race"):
            store.client.delete_object(Bucket=store.bucket, Key=f"{store.prefix}{key}-{suffix}")
    except BotoCoreError as error:
        raise Retry(unreachable(error)) from None
    except ClientError as error:
        raise ConfigError(f"object store {endpoint()}, bucket {store.bucket}: {_line(error)}") from None
    if answers != [True, False] or won != 1:
        found = (
            "took a second put of the same key" if answers[1] else f"let {won} of {RACERS} racing puts win"
        )
        raise ConfigError(
            f"object store {endpoint()} {found}: it ignores `If-None-Match: *`, and tables on it lose rows "
            "silently. Use AWS S3 or SeaweedFS 4.48 or newer"
        )


def _conditional_put(store: ObjectStore, key: str) -> bool:
    """Whether the put won. A store may also answer a race with 409 (AWS), which did not win."""
    try:
        store.client.put_object(Bucket=store.bucket, Key=store.prefix + key, Body=b"x", IfNoneMatch="*")
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] in (409, 412):
            return False
        raise
    return True


def _key(spec: TableSpec, row: as_rows.Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in spec.key)


def _values(spec: TableSpec, row: as_rows.Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in spec.schema.names)


def _among(column: str, literals: Sequence[str]) -> str:
    """SQL: the column is one of these strings."""
    quoted = ["'" + literal.replace("'", "''") + "'" for literal in literals]
    return f"{column} = {quoted[0]}" if len(quoted) == 1 else f"{column} IN ({', '.join(quoted)})"


def _position(item: tuple[int, Claim]) -> int:
    return item[0]


def _is_network(error: BaseException) -> bool:
    text = str(error)
    return any(word in text for word in _NETWORK)


def _line(error: BaseException, width: int = 240) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= width else text[:width] + " ..."
