"""SQL over the lake's tables, by DuckDB, and what comes out as text, CSV, JSON lines or Parquet."""

from __future__ import annotations

import csv
import io
import json
from datetime import date, datetime
from typing import Any, Literal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from processing.errors import ConfigError
from processing.lake.schemas import DISCLOSURES, TABLES
from processing.lake.tables import Lake

Format = Literal["table", "csv", "jsonl", "parquet"]

VERSIONS_VIEW = "disclosure_versions"
VIEWS = (*(spec.name for spec in TABLES), VERSIONS_VIEW)
_LATEST = (
    "CREATE VIEW disclosures AS SELECT * FROM disclosure_versions "
    "QUALIFY row_number() OVER (PARTITION BY disclosure_id ORDER BY version DESC) = 1"
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
EMPTY = "the lake is empty: nothing has been crawled and processed yet"
WIDTH = 60  # characters a cell of the text table shows


def query(sql: str, lake: Lake) -> pa.Table:
    """Rows of a statement over raw_index, documents, claims, deliveries, disclosures and disclosure_versions.

    `disclosures` has the latest version of each disclosure, `disclosure_versions` all. Nothing is downloaded.
    Raises ConfigError for wrong SQL (naming the tables there are), Retry if the store does not answer.
    """
    with duckdb.connect(
        config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    ) as con:
        con.execute("SET TimeZone = 'UTC'")
        for spec in TABLES:
            con.register(VERSIONS_VIEW if spec is DISCLOSURES else spec.name, lake.dataset(spec))
        con.execute(_LATEST)
        try:
            with lake.outside():
                found = con.execute(sql).to_arrow_table()
        except duckdb.CatalogException as error:
            raise ConfigError(f"{_line(error)}\nTables: {', '.join(sorted(VIEWS))}") from None
        except duckdb.Error as error:
            raise ConfigError(_line(error)) from None
        empty = not found.num_rows and is_empty(lake)
        return found.replace_schema_metadata({"note": EMPTY}) if empty else found


def is_empty(lake: Lake) -> bool:
    """Whether no page has reached the lake yet."""
    return lake.table(TABLES[0]).version() == 0


def render(table: pa.Table, form: Format | str = "table") -> str:
    """Rows as text. Parquet is bytes, hence not text: see parquet_bytes()."""
    if form == "csv":
        return _csv(table)
    if form == "jsonl":
        return "".join(
            json.dumps(row, ensure_ascii=False, default=_spell) + "\n" for row in table.to_pylist()
        )
    if form == "table":
        return _text(table)
    raise ConfigError(f"format {form!r}: use table, csv or jsonl")


def parquet_bytes(table: pa.Table) -> bytes:
    """Rows as a Parquet file."""
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def csv_cell(value: Any) -> str:
    """A value as CSV text that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        return _spell(value)
    text = _spell(value)
    return "'" + text if text.startswith(_FORMULA) else text


def _csv(table: pa.Table) -> str:
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\n")
    writer.writerow([csv_cell(name) for name in table.column_names])
    for row in table.to_pylist():
        writer.writerow([csv_cell(row[name]) for name in table.column_names])
    return sink.getvalue()


def _text(table: pa.Table) -> str:
    names = table.column_names
    cells = [[_cut(row[name]) for name in names] for row in table.to_pylist()]
    widths = [max(len(row[i]) for row in [names, *cells]) for i in range(len(names))]
    rule = "-+-".join("-" * width for width in widths)
    lines = [_joined(names, widths), rule, *(_joined(row, widths) for row in cells)]
    count = table.num_rows
    note = (table.schema.metadata or {}).get(b"note", b"").decode()
    return "\n".join([*lines, f"({count} row{'' if count == 1 else 's'})", *([note] if note else [])])


def _joined(cells: list[str], widths: list[int]) -> str:
    return " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _cut(value: Any) -> str:
    if value is None:
        return ""
    text = " ".join("".join(c if c.isprintable() else " " for c in _spell(value)).split())
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"


def _spell(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=_spell)
    return str(value)


def _line(error: BaseException) -> str:
    """DuckDB's message without its drawing of the statement."""
    return " ".join(str(error).split("\n\nLINE ")[0].split())
