"""The tables of the lake, on a real S3 server."""

from __future__ import annotations

import multiprocessing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from botocore.exceptions import ClientError
from deltalake import DeltaTable

from processing.errors import ConfigError, Retry
from processing.lake.access import Part, storage_options
from processing.lake.schemas import DISCLOSURES, DOCUMENTS, RAW_INDEX, TABLES
from processing.lake.tables import Lake, check_store
from processing.models import DisclosureRecord
from scrapers.handover import Disposition
from scrapers.objects import ObjectStore
from tests.lake.samples import DETECTOR, NOON, claim, delivery, detection, document, page_line, record


def test_ensure_twice_makes_the_tables_once(lake: Lake) -> None:
    """A second ensure() commits nothing, and every table is empty and typed."""
    lake.ensure()
    assert lake.versions() == {spec.name: 0 for spec in TABLES}
    assert [lake.dataset(spec).count_rows() for spec in TABLES] == [0] * len(TABLES)


def _ensure(bucket: str, prefix: str) -> None:
    Lake(ObjectStore(bucket, prefix)).ensure()


def test_processes_may_ensure_at_once(store: ObjectStore) -> None:
    """Four processes that make the tables together leave one set of tables at version 0."""
    spawn = multiprocessing.get_context("spawn")
    makers = [spawn.Process(target=_ensure, args=(store.bucket, store.prefix)) for _ in range(3)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    assert [maker.exitcode for maker in makers] == [0, 0, 0]
    assert set(Lake(store).versions().values()) == {0}


def test_a_rerun_changes_nothing(lake: Lake) -> None:
    """Writing the same rows again adds none and makes no new version of any table."""
    documents = [document(f"https://a.example/{n}", source=f"s{n % 3}") for n in range(9)]

    def write() -> list[int]:
        return [
            lake.write_raw_index([page_line(d.url, d.source, Disposition.DOCUMENT_NEW) for d in documents]),
            lake.write_documents(documents),
            lake.write_claims([detection(d, claim(), claim(20, subset_of=0)) for d in documents], DETECTOR),
            lake.write_disclosures([record(), record(version=2)]),
            lake.write_deliveries([delivery(), delivery("k2")]),
        ]

    assert write() == [9, 9, 18, 2, 2]
    versions = lake.versions()
    assert set(versions.values()) == {1}
    assert write() == [0, 0, 0, 0, 0]
    assert lake.versions() == versions
    assert Lake(lake.store).versions() == versions


def test_half_known_batch_adds_the_other_half(lake: Lake) -> None:
    """A batch killed half-way adds only what is missing."""
    documents = [document(f"https://a.example/{n}") for n in range(4)]
    lake.write_documents(documents[:2])
    assert lake.write_documents(documents) == 2
    assert len(lake.read_documents("ledger-daily", [d.page_id for d in documents])) == 4


def test_rows_twice_in_one_batch_are_one_row(lake: Lake) -> None:
    """The same page twice in a batch is written once."""
    assert lake.write_raw_index([page_line("https://a.example/1")] * 2) == 1


def test_nothing_to_write_commits_nothing(lake: Lake) -> None:
    """Empty batches leave every table at its version."""
    assert (lake.write_documents([]), lake.write_claims([], DETECTOR), lake.write_deliveries([])) == (0, 0, 0)
    assert set(lake.versions().values()) == {0}


def test_documents_come_back_as_written(lake: Lake) -> None:
    """Document versions survive the table, quotes in the source id included."""
    documents = [
        document("https://a.example/1", source="o'brien"),
        document("https://a.example/1", "o'brien", 2),
    ]
    assert lake.write_documents(documents) == 2
    assert lake.write_documents(documents) == 0
    assert lake.read_documents("o'brien", [documents[0].page_id]) == documents
    assert lake.read_documents("another", [documents[0].page_id]) == []
    assert list(lake.all_documents()) == documents


def test_claims_come_back_as_written(lake: Lake) -> None:
    """All slots of a claim survive, in reading order, per document version and detector."""
    first, second = document("https://a.example/1"), document("https://a.example/2")
    claims = (claim(5), claim(0, subset_of=0), claim(5))
    lake.write_claims([detection(first, *claims), detection(second, claim())], DETECTOR)
    assert lake.read_claims([first], DETECTOR) == {(first.doc_id, 1): claims}
    assert lake.read_claims([first], "another") == {}
    assert lake.read_claims([], DETECTOR) == {}


def test_disclosures_come_back_and_have_typed_columns(lake: Lake) -> None:
    """The record is whole, and its measures are numbers that can be asked for."""
    records = [record(version=1), record(version=2, killed=5)]
    lake.write_disclosures(records)
    assert lake.read_disclosures() == records
    (row,) = lake.read(DISCLOSURES, ds.field("version") == 2)
    assert (row["killed_min"], row["killed_qualifier"], row["wounded_min"]) == (5, "exact", None)
    assert row["outlets"][0]["outlet"] == "Ledger Daily"
    assert row["claim_ids"] == ["c1", "c2"]


def test_a_delivery_takes_its_new_state(lake: Lake) -> None:
    """A delivery is one row, which follows its state; an equal state makes no commit."""
    lake.write_deliveries([delivery()])
    sent = replace(
        delivery(state="sent", attempts=1, revision=2),
        sent_at=datetime(2025, 3, 4, tzinfo=UTC),
        provider_ref="<1@x>",
    )
    assert lake.write_deliveries([sent, delivery("k2"), delivery()]) == 2
    assert lake.write_deliveries([sent]) == 0
    assert {row.key: row for row in lake.read_deliveries()} == {"k1": sent, "k2": delivery("k2")}


@pytest.mark.parametrize("late", [False, True])
def test_a_delivery_never_goes_back(lake: Lake, monkeypatch: pytest.MonkeyPatch, late: bool) -> None:
    """An older revision is not written, also not when the newer one came between our look and our merge."""
    sent = delivery(state="sent", attempts=1, revision=2)
    lake.write_deliveries([sent])
    if late:
        monkeypatch.setattr(Lake, "_known", lambda *_: [])
    lake.write_deliveries([delivery(state="sending", attempts=1, revision=1), delivery("k2")])
    assert {row.key: row for row in lake.read_deliveries()} == {"k1": sent, "k2": delivery("k2")}


def _write_states(bucket: str, prefix: str, writer: int) -> None:
    lake = Lake(ObjectStore(bucket, prefix))
    for number in range(writer, 16, 2):
        lake.write_deliveries([delivery(f"k{n}", revision=number) for n in range(20)])


def test_concurrent_states_end_at_the_newest(lake: Lake) -> None:
    """Two processes write the odd and the even states of the same deliveries: the last one stands, once."""
    spawn = multiprocessing.get_context("spawn")
    names = (lake.store.bucket, lake.store.prefix)
    writers = [spawn.Process(target=_write_states, args=(*names, number)) for number in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert sorted(row.key for row in lake.read_deliveries()) == sorted(f"k{n}" for n in range(20))
    assert {row.revision for row in lake.read_deliveries()} == {15}


def test_dispositions_count_each_page_once(lake: Lake) -> None:
    """The counts sum to the pages that are there."""
    lines = [page_line(f"https://a.example/{n}", disposition=Disposition.DOCUMENT_NEW) for n in range(3)]
    lines.append(page_line("https://a.example/x", disposition=Disposition.NO_TEXT))
    lake.write_raw_index(lines)
    pages = [(line.source, line.page_id) for line in lines]
    assert lake.dispositions(pages) == {"document_new": 3, "no_text": 1}
    assert lake.dispositions([*pages[:1], ("another", "unknown")]) == {"document_new": 1}
    assert lake.dispositions([]) == {}


def _write_many(bucket: str, prefix: str, source: str, same: str) -> None:
    writer = Lake(ObjectStore(bucket, prefix))
    for batch in range(6):
        own = [document(f"https://{source}.example/{batch}-{n}", source=source) for n in range(10)]
        shared = [document(f"https://{same}.example/{batch}-{n}", source=same) for n in range(5)]
        writer.write_documents([*own, *shared])
        writer.write_disclosures([record(f"d{batch}")])


def test_concurrent_writers_lose_and_double_nothing(lake: Lake) -> None:
    """Two processes write sources of their own and the same rows of a third: every row is there once."""
    spawn = multiprocessing.get_context("spawn")
    names = (lake.store.bucket, lake.store.prefix)
    writers = [spawn.Process(target=_write_many, args=(*names, source, "same")) for source in ("a", "b")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0]
    rows = lake.dataset(DOCUMENTS).to_table(["doc_id", "source"]).to_pylist()
    assert len(rows) == len({row["doc_id"] for row in rows}) == 6 * 25
    assert len(lake.read_disclosures()) == 6


def test_a_batch_reads_its_own_files_only(lake: Lake) -> None:
    """Documents, claims and dispositions of one batch are found without opening those of other days."""
    batches = []
    for day in range(3):
        seen = NOON + timedelta(days=day)
        lines = [
            page_line(f"https://a.example/{day}-{n}", f"s{n}", Disposition.DOCUMENT_NEW).model_copy(
                update={"fetched_at": seen}
            )
            for n in range(2)
        ]
        documents = [document(li.url, li.source).model_copy(update={"first_seen_at": seen}) for li in lines]
        lake.write_raw_index(lines)
        lake.write_documents(documents)
        lake.write_claims([detection(d) for d in documents], DETECTOR)
        batches.append((lines, documents))
    lines, documents = batches[1]
    assert lake.documents_of(lines) == sorted(documents, key=lambda d: d.doc_id)
    assert lake.dispositions_of(lines) == {"document_new": 2}
    assert set(lake.read_claims(documents, DETECTOR)) == {(d.doc_id, 1) for d in documents}
    part = Part(frozenset({"s0"}), (NOON + timedelta(days=1),) * 2)
    assert len(list(lake.dataset(DOCUMENTS, part).get_fragments())) == 1
    assert lake.documents_of([]) == []
    assert lake.write_documents(documents) == 0


def test_a_page_fetched_again_is_a_row_of_its_own(lake: Lake) -> None:
    """The same content fetched later is another fetch, counted once a batch; its document stays one."""
    line = page_line("https://a.example/1", disposition=Disposition.DOCUMENT_NEW)
    later = line.model_copy(update={"fetched_at": NOON + timedelta(days=9)})
    assert lake.write_raw_index([line]) == lake.write_raw_index([later]) == 1
    assert lake.dispositions_of([later]) == {"document_new": 1}
    first = document("https://a.example/1")
    for seen in (NOON, later.fetched_at):
        lake.write_documents([first.model_copy(update={"first_seen_at": seen})])
    assert lake.read_documents("ledger-daily", [first.page_id]) == [first]


def test_maintain_keeps_every_row_and_filters_still_hold(lake: Lake) -> None:
    """Compaction makes one file of many, loses nothing, and rows are still found by id."""
    documents = [document(f"https://a.example/{n}") for n in range(5)]
    for doc in documents:
        lake.write_documents([doc])
    done = lake.maintain(retention_hours=0)
    assert done["documents"]["compacted"] == 5
    assert done["documents"]["into"] == 1
    assert done["documents"]["deleted"] >= 5
    assert lake.read_documents("ledger-daily", [documents[3].page_id]) == [documents[3]]
    assert lake.write_documents(documents) == 0


def test_other_readers_see_utc_times_and_a_plain_table(lake: Lake) -> None:
    """The tables need no feature that Spark, Athena or DuckDB would have to know."""
    lake.write_documents([document("https://a.example/1")])
    table = DeltaTable(lake.uri(DOCUMENTS), storage_options=storage_options())
    assert table.protocol().min_reader_version == 1
    assert pa.schema(table.schema().to_arrow()).field("published_at").type == pa.timestamp("us", tz="UTC")


def test_the_store_honours_conditions(store: ObjectStore) -> None:
    """SeaweedFS passes the self-test, which leaves nothing behind."""
    check_store(store)
    assert list(store.list("")) == []


def test_a_store_that_ignores_conditions_is_refused(store: ObjectStore) -> None:
    """A store that takes every conditional put is a configuration error that says what is lost."""
    put = store.client.put_object

    def careless(**arguments: object) -> object:
        arguments.pop("IfNoneMatch")
        return put(**arguments)  # type: ignore[arg-type]  # passed on as they came

    with (
        mock.patch.object(store.client, "put_object", careless),
        pytest.raises(ConfigError, match="If-None-Match"),
    ):
        check_store(store)


def test_a_missing_bucket_is_named(store: ObjectStore) -> None:
    """The self-test says which bucket is missing (AWS refuses; SeaweedFS makes buckets on first use)."""
    answer: Any = {"Error": {"Code": "NoSuchBucket"}, "ResponseMetadata": {"HTTPStatusCode": 404}}
    missing = ClientError(answer, "PutObject")
    with (
        mock.patch.object(store.client, "put_object", side_effect=missing),
        pytest.raises(ConfigError, match=r"vigil-test.*NoSuchBucket"),
    ):
        check_store(store)


def test_tables_that_were_never_made_are_explained(store: ObjectStore) -> None:
    """Reading before `vigil lake init` says what to do."""
    with pytest.raises(Retry, match="vigil lake init"):
        Lake(store).read_deliveries()


def test_a_store_that_is_down_is_one_line(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """With nobody at the endpoint, reading raises Retry in one line that names it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    with pytest.raises(Retry, match=r"127\.0\.0\.1:9 does not answer") as caught:
        Lake(lake.store).versions()
    assert "\n" not in str(caught.value)


def test_a_page_keeps_its_first_disposition(lake: Lake) -> None:
    """raw_index rows are immutable: a second row of the same page is not written."""
    lake.write_raw_index([page_line("https://a.example/1", disposition=Disposition.DOCUMENT_NEW)])
    assert lake.write_raw_index([page_line("https://a.example/1", disposition=Disposition.NO_TEXT)]) == 0
    assert lake.table(RAW_INDEX).version() == 1


def test_every_measure_of_a_record_has_its_columns() -> None:
    """No measure and no field of its state is without a column."""
    assert {"exchanged_low", "bodies_returned_best", "killed_subset_of"} <= set(DISCLOSURES.schema.names)
    assert "measures" in DisclosureRecord.model_fields
