"""The end of a batch survives a kill between any two steps, and a stored batch is the truth."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pytest

from scrapers.batch import (
    BatchKeys,
    FileStore,
    Store,
    adopt_stored,
    finish_batch,
    rebuild_missing_index,
    store_warc,
)
from scrapers.frontier import Changes, DocState, Frontier, Health, PostState, UrlState, Verdict
from scrapers.handover import Disposition, PageKind, PageLine, page_id
from scrapers.warc import BatchWriter, Exchange, index_bytes, payload_digest, read_index, read_record
from tests.scrapers.conftest import HOME, Crawler, Site
from tests.scrapers.test_telegram import page, post

if TYPE_CHECKING:
    from scrapers.objects import ObjectStore

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
KEYS = BatchKeys.of("demo", "2026-01-02", "b1")


class MemoryStore:
    """Objects in a dictionary."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put_once(self, key: str, body: bytes | IO[bytes], content_type: str) -> bool:
        whole = body if isinstance(body, bytes) else body.read()
        return self.objects.setdefault(key, whole) is whole

    def get(self, key: str) -> bytes:
        return self.objects[key]

    def exists(self, key: str) -> bool:
        return key in self.objects


@pytest.fixture
def frontier(tmp_path: Path) -> Iterator[Frontier]:
    made = Frontier(f"sqlite:///{tmp_path / 'f.sqlite'}")
    yield made
    made.close()


def batch(body: bytes = b"<p>14</p>") -> tuple[BatchWriter, Changes]:
    """One article, one preview and one failure, as a crawl leaves them."""
    writer = BatchWriter(KEYS.warc, "b1", NOW, "test")
    for kind, url, content, ids in (
        (PageKind.ARTICLE, "http://e.org/a", body, ()),
        (PageKind.PREVIEW, "http://e.org/s/chan", page(post(7), post(8)), (8,)),
    ):
        writer.add(
            PageLine(page_id=page_id("s", url, payload_digest(content)), source="s", kind=kind, url=url,
                     requested_url=url, fetched_at=NOW, status=200, digest=payload_digest(content),
                     post_ids=ids, etag='"1"'),
            Exchange(url, (), 200, "OK", (("Content-Type", "text/html"),), content),
        )  # fmt: skip
    writer.add(PageLine(page_id=page_id("s", "http://e.org/x", "f"), source="s", kind=PageKind.ARTICLE,
                        url="http://e.org/x", requested_url="http://e.org/x", fetched_at=NOW, status=404,
                        disposition=Disposition.HTTP_ERROR, reason="status 404"))  # fmt: skip
    changes = Changes(
        docs=[DocState("s", "http://e.org/feed", '"f"', None, NOW)],
        urls=[UrlState("s", "http://e.org/a", NOW, NOW + timedelta(minutes=10), NOW, payload_digest(body))],
    )
    return writer, changes


def test_order_is_archive_index_frontier(frontier: Frontier) -> None:
    """All three are written, and the lines returned are those stored."""
    store, (writer, changes) = MemoryStore(), batch()
    lines = finish_batch(store, KEYS, writer, changes, frontier, NOW).lines
    assert list(store.objects) == [KEYS.warc, KEYS.index]
    assert read_index(store.objects[KEYS.index]) == lines == writer.lines
    assert frontier.doc("s", "http://e.org/feed") is not None


@pytest.mark.parametrize("index_written", [False, True])
def test_kill_before_the_frontier(frontier: Frontier, index_written: bool) -> None:
    """After a kill past the archive, a rerun with other pages takes the stored ones and mends the index."""
    store, (writer, _) = MemoryStore(), batch()
    assert store_warc(store, KEYS, writer)
    if index_written:
        finish_batch(store, KEYS, writer, Changes(), frontier, NOW)
    other, changes = batch(b"<p>another crawl</p>")
    lines = finish_batch(store, KEYS, other, changes, frontier, NOW + timedelta(minutes=1)).lines
    assert lines == writer.lines == read_index(store.objects[KEYS.index])
    known = frontier.urls("s", ["http://e.org/a", "http://e.org/x"])
    assert known["http://e.org/a"].digest == payload_digest(b"<p>14</p>")
    assert known["http://e.org/a"].etag == '"1"'
    assert known["http://e.org/x"].failure == "http_error: status 404"
    assert list(frontier.posts("s", 1, 9)) == [8]
    assert frontier.doc("s", "http://e.org/feed") is None  # its newer links are still to be found
    assert frontier.health()["s"].verdict is Verdict.FRESH


def test_rerun_of_an_old_batch_sets_nothing_back(frontier: Frontier) -> None:
    """What a later crawl learnt stays when an old batch is taken again."""
    store, (writer, changes) = MemoryStore(), batch()
    finish_batch(store, KEYS, writer, changes, frontier, NOW)
    later = NOW + timedelta(hours=2)
    newer = UrlState("s", "http://e.org/a", NOW, None, later, "sha256:new", '"2"')
    frontier.commit(Changes(urls=[newer]), later)
    adopt_stored(store, KEYS, frontier, later)
    assert frontier.urls("s", ["http://e.org/a"])["http://e.org/a"] == newer


def test_a_stored_batch_that_is_taken_again_keeps_the_sources_rhythm(frontier: Frontier) -> None:
    """A kill before the frontier does not make an old source a new one, whose next news would not count."""
    store, (writer, _) = MemoryStore(), batch()
    since = NOW - timedelta(days=90)
    frontier.commit(Changes(health=[Health("s", Verdict.FRESH, since, since, since_at=since)]), since)
    store_warc(store, KEYS, writer)
    adopt_stored(store, KEYS, frontier, NOW)
    assert frontier.health()["s"].since_at == since


def test_nothing_new_writes_no_object(frontier: Frontier) -> None:
    """An empty batch leaves the store alone and still commits the frontier."""
    store = MemoryStore()
    _, changes = batch()
    done = finish_batch(store, KEYS, BatchWriter(KEYS.warc, "b1", NOW, "t"), changes, frontier, NOW)
    assert done.lines == []
    assert store.objects == {}
    assert frontier.doc("s", "http://e.org/feed") is not None


def test_missing_index_is_made_from_the_archive(frontier: Frontier) -> None:
    """Killed after the archive and never run again: the index can still be made, once, and is the same."""
    store, (writer, _) = MemoryStore(), batch()
    store_warc(store, KEYS, writer)
    assert rebuild_missing_index(store, KEYS.warc) == KEYS.index
    assert read_index(store.objects[KEYS.index]) == writer.lines
    store.objects[KEYS.index] = b""
    assert rebuild_missing_index(store, KEYS.warc) == KEYS.index
    assert store.objects[KEYS.index] == b""
    program = "import sys, scrapers.batch; print([m for m in ('scrapy', 'twisted') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], cwd=HOME, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_bad_rows_of_one_source_leave_the_others(frontier: Frontier) -> None:
    """Rows that the database refuses cost their own source its memory of this crawl, and no other."""
    store, (writer, changes) = MemoryStore(), batch()
    changes.urls.append(UrlState("evil", "http://e.org/e", NOW, NOW, hint_title="bad \ud800 title"))
    changes.posts.append(PostState("evil2", 2**70, "d", NOW))
    changes.health.append(Health("evil", Verdict.FRESH, NOW, NOW, last_error="\ud800"))
    changes.channels["evil2"] = 7
    done = finish_batch(store, KEYS, writer, changes, frontier, NOW)
    assert sorted(done.refused) == ["evil", "evil2"]
    assert len(done.lines) == 3
    assert frontier.doc("s", "http://e.org/feed") is not None
    assert frontier.urls("evil", ["http://e.org/e"]) == {}
    assert frontier.last_post_id("evil2") is None
    told = {name: health.verdict for name, health in frontier.health().items()}
    assert told == {"evil": Verdict.BROKEN, "evil2": Verdict.BROKEN}


def test_unreadable_record_does_not_stop_a_rerun(frontier: Frontier) -> None:
    """A stored page that cannot be read back is asked again later; the batch is taken all the same."""
    store, (writer, _) = MemoryStore(), batch()
    finish_batch(store, KEYS, writer, Changes(), frontier, NOW)
    lines = [line.model_copy(update={"length": 7}) if line.offset else line for line in writer.lines]
    store.objects[KEYS.index] = index_bytes(lines)
    assert adopt_stored(store, KEYS, frontier, NOW).lines == lines
    failure = frontier.urls("s", ["http://e.org/a"])["http://e.org/a"].failure
    assert failure == "stored: unreadable in the archive"


def test_files_and_objects_are_written_once(tmp_path: Path, store: ObjectStore) -> None:
    """Both stores refuse a second write and keep the first."""
    stores: list[Store] = [FileStore(tmp_path), store]
    for one in stores:
        assert one.put_once(KEYS.warc, b"first", "application/warc")
        assert not one.put_once(KEYS.warc, b"second", "application/warc")
        assert (one.get(KEYS.warc), one.exists(KEYS.warc), one.exists(KEYS.index)) == (b"first", True, False)
    assert not list(tmp_path.rglob(".part-*"))


def test_crawl_into_the_object_store(site: Site, crawl: Crawler, store: ObjectStore, tmp_path: Path) -> None:
    """Without --out the objects go to the bucket; a rerun of the batch takes them and asks nobody."""
    site.feed("/feed.xml", ["/a.html"])
    site.page("/a.html")
    command = crawl.command([{"id": "s-feed", "kind": "feed", "url": "/feed.xml"}], "b1")
    where = command.index("--out")
    ledger = f"sqlite:///{tmp_path / 'l.sqlite'}"
    command[where : where + 2] = ["--stats", str(tmp_path / "s")]
    env = {**crawl.env, "VIGIL_BUCKET": store.bucket, "VIGIL_PREFIX": store.prefix, "VIGIL_LEDGER_URL": ledger}
    summaries = []
    for _ in range(2):
        done = subprocess.run(
            command, env=env, cwd=HOME, capture_output=True, text=True, check=True, timeout=60
        )
        summaries.append(json.loads(done.stdout.splitlines()[-1]))
        assert json.loads((tmp_path / "s").read_text()) == summaries[-1]
    assert site.paths() == ["/feed.xml", "/a.html"]
    first, second = summaries
    assert first["index_key"] == second["index_key"] == "raw/group=demo/date=2026-01-02/b1.index.jsonl"
    (line,) = read_index(store.get(first["index_key"]))
    assert line.warc_key == first["warc_key"]
    assert line.offset is not None
    assert line.length is not None
    assert read_record(store.get_range(line.warc_key or "", line.offset, line.length)).digest == line.digest
    assert second["dispositions"] == {"stored": 1}
    assert second["sources"]["s-feed"]["verdict"] == "fresh"
    assert (tmp_path / "l.sqlite").is_file()
