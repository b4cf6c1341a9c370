"""How the lake's files are reached: S3 clients, how files are written, which files a reader needs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import and_
from typing import Any
from urllib.parse import unquote, urlsplit

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import ColumnProperties, DeltaTable, WriterProperties
from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem

from processing.lake.schemas import STRINGS, UTC_TIME, TableSpec

MARGIN = timedelta(seconds=1)  # file statistics may be cut to milliseconds
_NETWORK = ("error sending request", "connect", "timed out", "Generic S3 error", "dns error", "HTTP error")


def among(column: str, values: Iterable[str]) -> ds.Expression:
    """Condition: the column has one of these strings; with none, no row meets it."""
    return ds.field(column).isin(pa.array(sorted(set(values)), pa.string()))


@dataclass(frozen=True)
class Part:
    """Part of a table: these sources only, and rows whose `clock` lies between two times, both included."""

    sources: frozenset[str] | None = None
    between: tuple[datetime, datetime] | None = None

    def sql(self, spec: TableSpec, alias: str) -> list[str]:
        """Conditions in literals, from which delta-rs tells which files it need not read or quarrel about."""
        found = []
        if self.sources is not None and spec.partition:
            literals = ", ".join("'" + source.replace("'", "''") + "'" for source in sorted(self.sources))
            found.append(f"{alias}.{spec.partition} IN ({literals})")
        if self.between:
            low, high = (
                moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") for moment in _widened(self.between)
            )
            found += [f"{alias}.{spec.clock} >= '{low}'", f"{alias}.{spec.clock} <= '{high}'"]
        return found

    def keep(self, spec: TableSpec, actions: pa.Table) -> pa.Table:
        """The files (rows of a table's add actions) that may hold rows of this part."""
        keep = pa.array([True] * actions.num_rows, pa.bool_())
        if self.sources is not None and spec.partition:
            wanted = pa.array(sorted(self.sources), pa.string())
            keep = pc.is_in(actions[f"partition.{spec.partition}"].cast(pa.string()), wanted)
        if self.between and f"min.{spec.clock}" in actions.column_names:
            low, high = (pa.scalar(moment, UTC_TIME) for moment in _widened(self.between))
            early = pc.less_equal(actions[f"min.{spec.clock}"].cast(UTC_TIME), high)
            late = pc.greater_equal(actions[f"max.{spec.clock}"].cast(UTC_TIME), low)
            keep = pc.and_(keep, pc.and_(pc.fill_null(early, True), pc.fill_null(late, True)))
        return actions.filter(keep)


WHOLE = Part()


def _widened(between: tuple[datetime, datetime]) -> tuple[datetime, datetime]:
    return between[0] - MARGIN, between[1] + MARGIN


def as_dataset(table: DeltaTable, spec: TableSpec, root: str, part: Part = WHOLE) -> ds.Dataset:
    """The files under `root` (`bucket/prefix/name`) that a part of the table needs.

    `DeltaTable.to_pyarrow_dataset` is not used. In deltalake 1.6 it takes a column without statistics for one
    without values, so that filters on it find nothing (see writer_properties()), and it reads through Python
    from Arrow's threads, which aborts a process that ends while they still read ahead.
    """
    actions = part.keep(spec, pa.table(table.get_add_actions(flatten=True)))
    files, parquet = file_system(), ds.ParquetFileFormat()
    fragments = [
        parquet.make_fragment(
            f"{root}/{unquote(action['path'])}",
            filesystem=files,
            file_size=action["size_bytes"],
            partition_expression=_known_of(spec, action),
        )
        for action in actions.to_pylist()
    ]
    return ds.FileSystemDataset(fragments, spec.schema, parquet, files)


def _known_of(spec: TableSpec, action: dict[str, Any]) -> ds.Expression | None:
    """What is true of every row of a file: its source, and the span of its clock."""
    known = []
    if spec.partition:
        known.append(ds.field(spec.partition) == action[f"partition.{spec.partition}"])
    low, high = action.get(f"min.{spec.clock}"), action.get(f"max.{spec.clock}")
    if low and high:
        clock = ds.field(spec.clock)
        low, high = (pa.scalar(moment, UTC_TIME) for moment in _widened((low, high)))
        known.append((clock >= low) & (clock <= high))
    return reduce(and_, known) if known else None


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
    return f"object store {endpoint()} does not answer: {one_line(error)}"


def is_network(error: BaseException) -> bool:
    """Whether the store, not the request, is at fault."""
    text = str(error)
    return any(word in text for word in _NETWORK)


def one_line(error: BaseException, width: int = 240) -> str:
    """An error's message on one line of at most `width` characters."""
    text = " ".join(str(error).split())
    return text if len(text) <= width else text[:width] + " ..."
