"""SQL over the lake and what is printed of it."""

from __future__ import annotations

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from processing.errors import ConfigError, Retry
from processing.lake.query import csv_cell, is_empty, parquet_bytes, query, render
from processing.lake.tables import Lake
from tests.lake.samples import DETECTOR, claim, delivery, detection, document, page_line, record


@pytest.fixture
def filled(lake: Lake) -> Lake:
    """A lake with a few rows in every table."""
    documents = [document(f"https://{s}.example/{n}", source=s) for s in ("north", "south") for n in range(3)]
    lake.write_raw_index([page_line(d.url, d.source) for d in documents])
    lake.write_documents(documents)
    lake.write_claims([detection(d, claim()) for d in documents], DETECTOR)
    lake.write_disclosures([record(), record(version=2, killed=7), record("d2")])
    lake.write_deliveries([delivery()])
    return lake


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT count(*) n FROM documents", [{"n": 6}]),
        (
            "SELECT url FROM documents WHERE url = 'https://north.example/1'",
            [{"url": "https://north.example/1"}],
        ),
        (
            "SELECT count(*) n FROM documents WHERE source = 'north' AND version = 1 AND lang IN ('en')",
            [{"n": 3}],
        ),
        (
            "SELECT count(*) n FROM documents WHERE url > 'https://o' AND published_at >= '2025-03-04'",
            [{"n": 3}],
        ),
        ("SELECT count(*) n FROM claims JOIN documents USING (doc_id)", [{"n": 6}]),
        (
            "SELECT disclosure_id d, version v, killed_max k FROM disclosures ORDER BY d",
            [{"d": "d1", "v": 2, "k": 7}, {"d": "d2", "v": 1, "k": 2}],
        ),
        ("SELECT count(*) n FROM disclosure_versions WHERE disclosure_id = 'd1'", [{"n": 2}]),
        (
            "SELECT o.outlet FROM (SELECT unnest(outlets) o FROM disclosures WHERE disclosure_id = 'd2')",
            [{"outlet": "Ledger Daily"}],
        ),
        ("SELECT state FROM deliveries WHERE key = 'k1'", [{"state": "pending"}]),
        ("SELECT count(*) n FROM raw_index WHERE reason IS NULL", [{"n": 6}]),
    ],
)
def test_sql_over_the_tables(filled: Lake, sql: str, expected: list[dict[str, object]]) -> None:
    """Tables, the latest-version view, joins and filters that reach the files answer rightly."""
    assert query(sql, filled).to_pylist() == expected


def test_an_unknown_table_is_answered_with_the_list(lake: Lake) -> None:
    """The error names the tables there are."""
    with pytest.raises(
        ConfigError, match=r"Tables: claims, deliveries, disclosure_versions, disclosures, documents"
    ):
        query("SELECT * FROM nothing", lake)


def test_wrong_sql_is_one_line(lake: Lake) -> None:
    """A syntax error is a message of one line."""
    with pytest.raises(ConfigError) as caught:
        query("SELEC 1", lake)
    assert "\n" not in str(caught.value)


def test_a_lake_without_tables_says_what_to_do(store: object) -> None:
    """Before `vigil lake init` the query says so."""
    with pytest.raises(Retry, match="vigil lake init"):
        query("SELECT 1", Lake(store))  # type: ignore[arg-type]  # the fixture's type is known to pytest only


def test_an_empty_lake_says_so(lake: Lake) -> None:
    """The text table of an empty lake explains why there are no rows."""
    assert is_empty(lake)
    assert "nothing has been crawled" in render(query("SELECT url FROM documents", lake))


def test_no_extension_is_downloaded(lake: Lake) -> None:
    """DuckDB may not fetch its network extension."""
    with pytest.raises(ConfigError):
        query("SELECT * FROM 'https://example.invalid/x.parquet'", lake)


def test_text_table(filled: Lake) -> None:
    """Columns are aligned, times are UTC, control characters are gone."""
    table = query("SELECT title, first_seen_at, edited FROM documents LIMIT 1", filled)
    assert render(table).splitlines() == [
        "title      | first_seen_at               | edited",
        "-----------+-----------------------------+-------",
        "Toll rises | 2025-03-04T12:00:00.123456Z | false",
        "(1 row)",
    ]
    assert "\x1b" not in render(pa.table({"a": ["\x1b[31mred"]}))


def test_csv_has_no_formulas(filled: Lake) -> None:
    """A cell that a spreadsheet would run gets a leading quote; numbers stay numbers."""
    assert render(query("SELECT quote_text q, -1 AS n FROM disclosures LIMIT 1", filled), "csv") == (
        "q,n\n'=Two were killed.,-1\n"
    )
    assert [csv_cell(v) for v in ("+1", "-x", "@a", "\ta", "\ra", "a=b", -3, None)] == [
        "'+1",
        "'-x",
        "'@a",
        "'\ta",
        "'\ra",
        "a=b",
        "-3",
        "",
    ]


def test_json_lines(filled: Lake) -> None:
    """One object a line, times as ISO 8601 in UTC."""
    out = render(query("SELECT url, published_at FROM documents ORDER BY url LIMIT 1", filled), "jsonl")
    assert json.loads(out) == {
        "url": "https://north.example/0",
        "published_at": "2025-03-04T12:00:00.123456Z",
    }


def test_parquet(filled: Lake) -> None:
    """The rows as a Parquet file."""
    table = query("SELECT * FROM claims", filled)
    assert pq.read_table(io.BytesIO(parquet_bytes(table))).num_rows == 6


def test_an_unknown_format_is_refused(lake: Lake) -> None:
    """The message lists the formats."""
    with pytest.raises(ConfigError, match="table, csv or jsonl"):
        render(pa.table({}), "xml")
