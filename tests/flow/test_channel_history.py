"""A channel's history in the lake: edits, deletions and returns of posts are versions, each with its evidence."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from processing.config import Settings
from processing.lake.schemas import DOCUMENTS
from processing.models import Document
from processing.pipeline import Pipeline, open_pipeline
from scrapers.batch import BatchKeys, store_index, store_warc
from scrapers.handover import PageKind, PageLine, page_id
from scrapers.objects import ObjectStore
from scrapers.warc import BatchWriter, Exchange, payload_digest
from tests.house import HOME

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
URL = "http://127.0.0.1:8765/s/vigil_demo_governor"
T = "tgme_widget_message"
TOLL = "В начале марта в Белгородской области погибли не менее 14 военнослужащих из Псковской области."


@pytest.fixture
def pipeline(tmp_path: Path, store: ObjectStore) -> Pipeline:
    """A pipeline over an empty lake and ledger, and the demo's sources."""
    made = open_pipeline(
        Settings(
            config_file=HOME / "config" / "vigil.yaml", sources_dir=HOME / "config" / "demo",
            ledger_url=f"sqlite:///{tmp_path / 'ledger.sqlite'}", bucket=store.bucket, prefix=store.prefix,
        )
    )
    made.clock = lambda: NOW
    made.lake.ensure()
    return made


def post(number: int, words: str, more: str = "") -> str:
    """Markup of one post."""
    return (
        f"<div class='{T}' data-post='vigil_demo_governor/{number}'>{more}<div class='{T}_text'>{words}</div>"
        f"<span class='{T}_views'>1.2K</span><span class='{T}_meta'><a class='{T}_date'>"
        f"<time datetime='2026-03-10T10:00:00+00:00'></time></a></span></div>"
    )


def poll(pipeline: Pipeline, minutes: int, *posts: str, new: tuple[int, ...] = (), gone: tuple[int, ...] = ()) -> str:
    """A crawl of the channel so many minutes after NOW; returns its index key."""
    at, name = NOW + timedelta(minutes=minutes), f"demo-20260310t12{minutes:02}00-a"
    body = f"<html><body><section class='tgme_channel_history'>{''.join(posts)}</section></body></html>".encode()
    keys = BatchKeys.of("demo", "2026-03-10", name)
    writer = BatchWriter(keys.warc, name, at, "test")
    digest = payload_digest(body)
    writer.add(
        PageLine(
            page_id=page_id("demo-governor", URL, digest), source="demo-governor", kind=PageKind.PREVIEW, url=URL,
            requested_url=URL, fetched_at=at, status=200, content_type="text/html", digest=digest, post_ids=new,
            missing_ids=gone,
        ),
        Exchange(URL, (), 200, "", (("Content-Type", "text/html"),), body),
    )
    store_warc(pipeline.store, keys, writer)
    store_index(pipeline.store, keys, writer.lines)
    return keys.index


def documents(pipeline: Pipeline, number: int) -> list[Document]:
    """Versions of a post, oldest first."""
    rows = [Document(**row) for row in pipeline.lake.read(DOCUMENTS, None)]
    return sorted((row for row in rows if row.url.endswith(f"/{number}")), key=lambda row: row.version)


def test_a_deleted_post_gets_a_tombstone_and_its_return_clears_it(pipeline: Pipeline) -> None:
    """Missing: a version with the last text and the time; back: a further version; neither is a new disclosure."""
    poll(pipeline, 0, post(7, TOLL), post(8, "Другое"), new=(7, 8))
    pipeline.process()
    gone = poll(pipeline, 10, post(8, "Другое"), gone=(7,))
    pipeline.process()
    first, tombstone = documents(pipeline, 7)
    assert (first.missing_since, tombstone.missing_since) == (None, NOW + timedelta(minutes=10))
    assert (tombstone.text, tombstone.version) == (first.text, 2)
    assert tombstone.page_id != first.page_id
    assert documents(pipeline, 8)[-1].missing_since is None

    pipeline.clean([gone])  # cleared and run again
    assert len(documents(pipeline, 7)) == 2
    poll(pipeline, 20, post(7, TOLL), post(8, "Другое"), new=(7,))
    pipeline.process()
    versions = documents(pipeline, 7)
    assert [row.missing_since is None for row in versions] == [True, False, True]
    disclosed = pipeline.lake.read_disclosures()
    assert len({record.disclosure_id for record in disclosed}) == 1
    assert disclosed[0].novelty.value == "new"
    assert {record.novelty.value for record in disclosed[1:]} <= {"repeat"}


def test_a_post_that_never_was_a_document_gets_no_tombstone(pipeline: Pipeline) -> None:
    """A picture without words that is deleted leaves nothing in `documents`."""
    poll(pipeline, 0, post(8, "Другое"), new=(8,))
    pipeline.process()
    poll(pipeline, 10, post(8, "Другое"), gone=(5,))
    pipeline.process()
    assert documents(pipeline, 5) == []


def test_what_the_channel_shows_of_a_post_reaches_the_lake(pipeline: Pipeline) -> None:
    """Forward, reply, media, links and views stand beside the text; others' words are not the official's."""
    more = (
        f"<a class='{T}_reply' href='https://t.me/vigil_demo_governor/3'></a>"
        f"<a class='{T}_forwarded_from_name' href='https://t.me/other'>Другой канал</a>"
        f"<a class='{T}_photo_wrap'></a><div class='{T}_document_title'>Список.pdf</div>"
    )
    poll(pipeline, 0, post(9, TOLL + "<br/><a href='https://e.org/x'>подробнее</a>", more), new=(9,))
    pipeline.process()
    (document,) = documents(pipeline, 9)
    assert document.forwarded_from == "Другой канал"
    assert document.text == f"{TOLL}\nподробнее"
    assert json.loads(document.post or "") == {
        "reply_to": "https://t.me/vigil_demo_governor/3", "forwarded_url": "https://t.me/other",
        "links": ["https://e.org/x"], "media": ["photo"], "files": ["Список.pdf"], "views": 1200,
    }
    assert {record.quote.attribution.name for record in pipeline.lake.read_disclosures()} == {None}
