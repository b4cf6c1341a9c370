"""An archived page comes back byte for byte, or not at all."""

from __future__ import annotations

import gzip
from dataclasses import dataclass

import pytest

from processing.errors import ConfigError
from processing.lake.evidence import EvidenceError, find_page, read_page
from processing.lake.tables import Lake
from scrapers.handover import PageLine
from scrapers.objects import ObjectStore
from scrapers.warc import BatchWriter, Exchange
from tests.lake.samples import NOON, page_line

KEY = "raw/group=test/date=2025-03-04/batch.warc.gz"


@dataclass(frozen=True)
class Archive:
    """A stored batch."""

    bodies: list[bytes]
    lines: list[PageLine]


@pytest.fixture
def archive(store: ObjectStore) -> Archive:
    """Three pages in one WARC object, one of them gzipped on the wire."""
    bodies = [b"<html>first</html>", gzip.compress(b"<html>second</html>"), "<html>третья</html>".encode()]
    writer = BatchWriter(KEY, "batch", NOON, "vigil-test")
    lines = []
    for number, body in enumerate(bodies):
        headers = (("Content-Type", "text/html"), *([("Content-Encoding", "gzip")] if number == 1 else []))
        url = f"https://a.example/{number}"
        line = page_line(url).model_copy(update={"digest": None})  # the writer's to compute
        lines.append(writer.add(line, Exchange(url, (), 200, "OK", headers, body)))
    store.put_once(KEY, writer.getvalue(), "application/warc")
    writer.close()
    return Archive(bodies, lines)


def test_a_page_comes_back_by_one_ranged_get(store: ObjectStore, archive: Archive) -> None:
    """Wire bytes, status and address are those stored."""
    for body, line in zip(archive.bodies, archive.lines, strict=True):
        assert line.offset is not None
        assert line.length is not None
        assert line.digest is not None
        response = read_page(store, KEY, line.offset, line.length, line.digest)
        assert (response.body, response.status, response.url) == (body, 200, line.url)


def test_another_digest_is_refused(store: ObjectStore, archive: Archive) -> None:
    """The error shows the digest expected and the one found."""
    line = archive.lines[0]
    with pytest.raises(EvidenceError) as caught:
        read_page(store, KEY, line.offset or 0, line.length or 0, "sha256:beef")
    assert "sha256:beef" in str(caught.value)
    assert str(line.digest) in str(caught.value)


def test_bytes_that_are_no_record_are_refused(store: ObjectStore, archive: Archive) -> None:
    """A wrong offset gives an error that names the object."""
    with pytest.raises(EvidenceError, match=r"batch\.warc\.gz bytes 1\+50"):
        read_page(store, KEY, 1, 50, "sha256:beef")


def test_a_missing_object_is_named(store: ObjectStore) -> None:
    """An object that is gone gives an error that names it."""
    with pytest.raises(EvidenceError, match=r"gone\.warc\.gz"):
        read_page(store, "raw/gone.warc.gz", 0, 10, "sha256:beef")


def test_a_page_is_found_by_its_id_or_the_start_of_it(lake: Lake, archive: Archive) -> None:
    """The reference in raw_index leads to the object; an ambiguous or unknown id is refused."""
    lake.write_raw_index(archive.lines)
    line = archive.lines[1]
    assert find_page(lake, line.page_id) == find_page(lake, line.page_id[:12])
    assert find_page(lake, line.page_id).offset == line.offset
    for wrong in ("", "zz", "0" * 64):
        with pytest.raises(ConfigError, match="pages in raw_index"):
            find_page(lake, wrong)


def test_a_page_that_was_not_stored_says_why(lake: Lake) -> None:
    """An unreachable page has no archive, and the error repeats the reason."""
    line = page_line("https://a.example/1").model_copy(
        update={"offset": None, "length": None, "digest": None, "reason": "timed out"}
    )
    lake.write_raw_index([line])
    with pytest.raises(ConfigError, match="timed out"):
        find_page(lake, line.page_id)
