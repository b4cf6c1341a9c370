"""The main job, from page to message: real Airflow, Scrapy, S3, SMTP, over the demo web's story."""

from __future__ import annotations

from typing import Any

from processing.lake.evidence import read_page
from tests.house import House

ALL = ("crawl_demo", "process", "watch_sources", "alert")


def test_the_story_from_page_to_message(house: House) -> None:
    """One alert for the governor's post, none for the outlets that repeat it, one update in its thread."""
    house.show_stage(0)
    house.run_dags(*ALL)
    _one_new_alert(house)

    house.show_stage(1)
    house.run_dags(*ALL)
    _still_one_alert_but_corroborated(house)

    house.show_stage(2)
    house.run_dags(*ALL)
    _one_update_in_the_thread(house)

    before = (_row_counts(house), _message_ids(house))
    house.run_dags(*ALL)
    assert (_row_counts(house), _message_ids(house)) == before
    _every_claim_stands_on_evidence(house)
    _no_secret_in(house)


def _one_new_alert(house: House) -> None:
    got = house.messages()
    assert len(got["mails"]) == 1
    assert len(got["slack"]) == 1
    mail = got["mails"][0]
    assert "Pskov" in mail["subject"]
    for words in ("at least 14", "10", "Belgorod", "NEW"):
        assert words in mail["text"], words
        assert words in mail["html"], words
    found = house.rows("select * from disclosures")
    assert len(found) == 1
    record = found[0]
    assert (record["origin_region"], record["place_region"]) == ("RU-PSK", "RU-BEL")
    assert (record["killed_min"], record["killed_max"], record["killed_qualifier"]) == (14, None, "at_least")
    assert (record["captured_min"], record["exchanged_min"]) == (10, 3)
    assert record["group"] == "military"
    assert 15 <= record["lag_days"] <= 47  # from the start of a month that lies 16 to 46 days back


def _still_one_alert_but_corroborated(house: House) -> None:
    got = house.messages()
    assert len(got["mails"]) == 1
    assert len(got["slack"]) == 1
    record = house.rows("select * from disclosures")
    assert len(record) == 1
    assert len(record[0]["claim_ids"]) >= 4
    assert len({outlet["outlet"] for outlet in record[0]["outlets"]}) >= 3


def _one_update_in_the_thread(house: House) -> None:
    got = house.messages()
    assert len(got["mails"]) == 2
    first, update = sorted(got["mails"], key=lambda m: "UPDATED" in m["text"])
    assert "17" in update["text"]
    assert update["subject"] == first["subject"]
    assert set(update["references"].split()) & set(first["references"].split())
    root, reply = sorted(got["slack"], key=lambda m: m["thread_ts"] or "")
    assert reply["thread_ts"] == root["ts"]
    assert root["edits"]
    assert len(house.rows("select * from disclosures")) == 1


def _every_claim_stands_on_evidence(house: House) -> None:
    rows = house.rows(
        "select c.evidence_text, c.evidence_start, c.evidence_end, c.evidence_field, d.text, d.title, r.url, "
        "r.warc_key, r.offset, r.length, r.digest from claims c join documents d on d.doc_id = c.doc_id and "
        "d.version = c.doc_version join raw_index r on r.page_id = d.page_id"
    )
    assert len(rows) >= 8
    for row in rows:
        whole = row["title"] if row["evidence_field"] == "title" else row["text"]
        assert whole[row["evidence_start"] : row["evidence_end"]] == row["evidence_text"]
        page = read_page(house.store, row["warc_key"], row["offset"], row["length"], row["digest"])
        assert page.url == row["url"]


def _row_counts(house: House) -> dict[str, int]:
    return house.row_counts()


def _message_ids(house: House) -> list[Any]:
    got = house.messages()
    return [sorted(m["message_id"] for m in got["mails"]), sorted(m["ts"] for m in got["slack"])]


def _no_secret_in(house: House) -> None:
    secrets = [house.env["AWS_SECRET_ACCESS_KEY"], "xoxb-test-0000"]
    files = [*house.folder.rglob("*.log"), *(f for f in (house.folder / "inbox").rglob("*") if f.is_file())]
    texts = [file.read_text(encoding="utf-8", errors="replace") for file in files] + house.output
    assert len(files) >= 3
    assert sum(map(len, house.output)) > 10_000
    assert not [text[:200] for text in texts if any(secret in text for secret in secrets)]
