"""The WARC of a batch: readable by others, by range, and enough to rebuild its index."""

from __future__ import annotations

import contextlib
import gzip
import io
import zlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator

from scrapers.handover import Disposition, PageKind, PageLine, page_id
from scrapers.warc import (
    BatchWriter,
    Exchange,
    WarcError,
    index_bytes,
    iter_responses,
    read_index,
    read_record,
    rebuild_index,
)
from scrapers.wire import BodyTooLargeError, BodyTruncatedError, decode

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
BODY = gzip.compress("Погибли 14".encode() * 40, mtime=3)


def line(url: str, **more: object) -> PageLine:
    base = {
        "page_id": page_id("s", url, "x"), "source": "s", "kind": PageKind.ARTICLE, "url": url,
        "requested_url": url, "fetched_at": NOW, "status": 200,
    }  # fmt: skip
    return PageLine.model_validate({**base, **more})


def exchange(url: str, body: bytes = BODY, **more: object) -> Exchange:
    headers = (("Content-Type", "text/html"), ("Content-Encoding", "gzip"), ("Transfer-Encoding", "chunked"))
    return Exchange(url, (("User-Agent", "T"),), 200, "OK", headers, body, "192.0.2.1", **more)  # type: ignore[arg-type]


def written() -> BatchWriter:
    writer = BatchWriter("raw/b.warc.gz", "b", NOW, "test")
    writer.add(line("http://e.org/a?q=1#f", hint_title="Заголовок"), exchange("http://e.org/a?q=1"))
    gone = {"status": 404, "disposition": Disposition.HTTP_ERROR, "reason": "status 404"}
    writer.add(line("http://e.org/gone", **gone))
    writer.add(
        line("http://e.org/c", post_ids=(3, 4)), exchange("http://e.org/c", BODY[:-9], truncated="disconnect")
    )
    return writer


ARCHIVE = written()
ARCHIVE_SPAN = slice(ARCHIVE.lines[0].offset, (ARCHIVE.lines[0].offset or 0) + (ARCHIVE.lines[0].length or 0))


def test_another_reader_finds_every_record_whole() -> None:
    """warcio reads all records with valid digests, and finds the bytes that came over the wire."""
    records = []
    for record in ArchiveIterator(io.BytesIO(written().getvalue()), check_digests=True):
        body = record.raw_stream.read()
        assert record.digest_checker.passed in (True, None)
        assert not record.digest_checker.problems
        assert (record.rec_headers.get_header("WARC-Block-Digest") or "").startswith("sha256:")
        has_payload = record.rec_headers.get_header("WARC-Payload-Digest") is not None
        assert has_payload == (record.rec_type == "response")
        records.append((record.rec_type, record.rec_headers.get_header("WARC-Target-URI"), body))
    kinds = [kind for kind, _, _ in records]
    assert kinds == [
        "warcinfo",
        "request",
        "response",
        "metadata",
        "metadata",
        "request",
        "response",
        "metadata",
    ]
    assert [body for kind, _, body in records if kind == "response"] == [BODY, BODY[:-9]]


def test_range_of_a_line_is_its_response() -> None:
    """The bytes at a line's offset are one gzip member with that page's response."""
    writer = written()
    data = writer.getvalue()
    kept = writer.lines[0]
    assert kept.offset is not None
    assert kept.length is not None
    part = data[kept.offset : kept.offset + kept.length]
    stream = zlib.decompressobj(31)
    stream.decompress(part)
    assert stream.eof
    assert stream.unused_data == b""
    stored = read_record(part)
    assert (stored.url, stored.status, stored.body, stored.digest) == (
        "http://e.org/a?q=1",
        200,
        BODY,
        kept.digest,
    )
    assert stored.header("content-length") == str(len(BODY))
    assert stored.header("transfer-encoding") is None
    assert [response.body for response in iter_responses(data)] == [BODY, BODY[:-9]]


def test_index_is_rebuilt_from_the_archive() -> None:
    """Losing the index loses nothing, failures included."""
    writer = written()
    assert rebuild_index(writer.getvalue()) == writer.lines
    assert read_index(index_bytes(writer.lines)) == writer.lines


def test_same_pages_give_the_same_bytes() -> None:
    """The archive depends on nothing but what is put into it."""
    assert written().getvalue() == written().getvalue()


def test_changed_payload_is_noticed() -> None:
    """A record whose payload is not what its digest says is refused."""
    writer = BatchWriter("raw/b.warc.gz", "b", NOW, "test")
    kept = writer.add(line("http://e.org/a"), Exchange("http://e.org/a", (), 200, "OK", (), b"fourteen"))
    assert kept.offset is not None
    plain = gzip.decompress(writer.getvalue()[kept.offset :][: kept.length])
    with pytest.raises(WarcError, match="payload digest"):
        read_record(gzip.compress(plain.replace(b"fourteen", b"forty-on")))
    with pytest.raises(WarcError):
        read_record(writer.getvalue())


@pytest.mark.parametrize("pad", [[15_000] * 6, [70_000], [8] * 9000, [0] * 20_000])
def test_absurd_heads_can_be_read_back(pad: list[int]) -> None:
    """A head that readers would refuse is cut when stored; what is needed to read the page stays."""
    padding = tuple((f"X-{number}", "a" * size) for number, size in enumerate(pad))
    headers = (*padding, ("Content-Type", "text/html"), ("Content-Encoding", "gzip"))
    writer = BatchWriter("raw/b.warc.gz", "b", NOW, "test")
    kept = writer.add(line("http://e.org/a"), Exchange("http://e.org/" + "a" * 90_000, (), 200, "", headers, BODY))
    assert kept.offset is not None
    assert kept.length is not None
    stored = read_record(writer.getvalue()[kept.offset : kept.offset + kept.length])
    assert (stored.body, stored.header("content-type"), stored.content_encoding) == (BODY, "text/html", "gzip")
    assert rebuild_index(writer.getvalue()) == [kept]


@given(st.data())
def test_damaged_archives_are_warc_errors(data: st.DataObject) -> None:
    """Whatever the bytes, readers give what was stored or raise WarcError."""
    whole = ARCHIVE.getvalue()
    plain = gzip.decompress(whole)
    damaged = bytearray(data.draw(st.sampled_from([whole, plain, gzip.decompress(whole[ARCHIVE_SPAN])])))
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(damaged[: data.draw(st.integers(0, len(damaged)))])
    for read in (read_record, rebuild_index, lambda warc: list(iter_responses(warc))):
        for given_bytes in (cut, gzip.compress(cut)):
            with contextlib.suppress(WarcError):
                read(given_bytes)


@given(st.binary(max_size=3000), st.integers(0, 40))
def test_wholeness_of_a_compressed_body(body: bytes, cut: int) -> None:
    """A whole body decodes to itself; any cut is noticed."""
    packed = gzip.compress(body)
    assert decode(packed, "gzip", 3000) == body
    assert decode(gzip.compress(body[:9]) + packed, "gzip", 4000) == body[:9] + body
    if 0 < cut < len(packed):
        with pytest.raises(BodyTruncatedError):
            decode(packed[:-cut], "gzip", 3000)


def test_bomb_is_cut_off() -> None:
    """A small body that unpacks to much is given up at the limit."""
    with pytest.raises(BodyTooLargeError):
        decode(gzip.compress(bytes(10_000_000)), "gzip", 1_000_000)
    assert (
        decode(zlib.compress(b"x"), "deflate", 10) == decode(zlib.compress(b"x")[2:-4], "deflate", 10) == b"x"
    )
