"""Raw pages as WARC 1.1: one gzip member a record, so that every page is one ranged GET away."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import struct
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, Any

from fastwarc.warc import ArchiveIterator, WarcRecordType
from isal import isal_zlib

from scrapers.handover import PageLine
from scrapers.spool import Spool
from scrapers.wire import content_encoding

HEAD = 32 << 10  # bytes of a response's stored headers; readers give up at 64 KiB
VALUE = 8 << 10  # bytes of one stored header
MAX_URI = 8 << 10
_NAMESPACE = b"6d2f2d0e-60d5-5d35-9c3e-5f6a7c1f0a11"  # of our record ids
_BUFFER = 1 << 20  # bytes written to the temporary file at once
_GZIP = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"  # head of a member: no name, no time, no system
_JSON = "application/json"
_PLACE = {"offset", "length"}  # of a line: not known before its record is written
_HOP_BY_HOP = frozenset({"transfer-encoding", "content-length", "connection", "keep-alive"})
_VITAL = frozenset({"content-type", "content-encoding", "content-language", "etag", "last-modified", "date"})


class WarcError(Exception):
    """The bytes are not the record or archive they should be."""


@dataclass(frozen=True)
class Exchange:
    """One request and the answer to it. `body` is as it came, without the transfer encoding."""

    url: str
    request_headers: tuple[tuple[str, str], ...]
    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    ip: str | None = None
    truncated: str | None = None  # WARC-Truncated: `disconnect`, `length`


@dataclass(frozen=True)
class StoredResponse:
    """A response read back from a WARC. `body` is wire bytes, still compressed where `headers` say so."""

    url: str
    status: int
    headers: list[tuple[str, str]]
    body: bytes
    digest: str  # "sha256:<hex>" of `body`

    @property
    def content_encoding(self) -> str:
        """Content-Encoding, lower case; empty if there is none."""
        return content_encoding(self.headers)

    def header(self, name: str) -> str | None:
        """First header of that name, in any case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


def payload_digest(body: bytes) -> str:
    """`sha256:<hex>`."""
    return "sha256:" + hashlib.sha256(body).hexdigest()


class BatchWriter:
    """The WARC and the index of one batch. The same pages in the same order give the same bytes."""

    def __init__(
        self, warc_key: str, batch_id: str, started_at: datetime, software: str, limit: int = 200 << 20
    ) -> None:
        self.warc_key = warc_key
        self.limit = limit
        self.lines: Spool[PageLine] = Spool()
        self._file: IO[bytes] = tempfile.TemporaryFile(buffering=_BUFFER)  # noqa: SIM115 see close()
        weakref.finalize(self, self._file.close)
        self._offset = 0
        self._seed = batch_id
        fields = {"software": software, "format": "WARC File Format 1.1", "isPartOf": batch_id}
        body = "".join(f"{name}: {' '.join(value.split())}\r\n" for name, value in fields.items())
        self._info_id = self._record_id("warcinfo", batch_id)
        self._write(
            "warcinfo",
            self._info_id,
            started_at,
            body.encode(),
            {"Content-Type": "application/warc-fields", "WARC-Filename": warc_key.rsplit("/", 1)[-1]},
        )

    def fits(self, size: int) -> bool:
        """Whether a body of that size is to be added; the first always is."""
        return not self.lines or self._offset + size <= self.limit

    def add(self, line: PageLine, exchange: Exchange | None = None) -> PageLine:
        """Write a page, or only its metadata if nothing came back; returns the line as the index has it."""
        ident = f"{len(self.lines)}:{line.page_id}"
        facts: dict[str, Any] = {"warc_key": self.warc_key}
        concurrent: dict[str, str] = {}
        if exchange is not None:
            facts |= self._write_exchange(line, exchange, ident)
            concurrent = {"WARC-Concurrent-To": self._record_id("response", ident)}
        line = line.model_copy(update=facts)
        self._write(
            "metadata",
            self._record_id("metadata", ident),
            line.fetched_at,
            line.model_dump_json(exclude=_PLACE).encode(),
            {"WARC-Target-URI": _uri(line.url), "Content-Type": _JSON, **concurrent},
        )
        self.lines.append(line)
        return line

    def file(self) -> IO[bytes]:
        """The whole WARC, to be read from its start: a batch may be larger than memory should be."""
        self._file.seek(0)
        return self._file

    def getvalue(self) -> bytes:
        """The whole WARC in memory."""
        return self.file().read()

    def close(self) -> None:
        """Let go of the temporary file."""
        self._file.close()

    def _write_exchange(self, line: PageLine, exchange: Exchange, ident: str) -> dict[str, Any]:
        digest = line.digest or payload_digest(exchange.body)
        response_id = self._record_id("response", ident)
        shared = {"WARC-Target-URI": _uri(exchange.url)}
        request = _http_head(f"GET {_target(exchange.url)} HTTP/1.1", exchange.request_headers)
        self._write(
            "request",
            self._record_id("request", ident),
            line.fetched_at,
            request,
            {**shared, "Content-Type": "application/http;msgtype=request", "WARC-Concurrent-To": response_id},
        )
        more = {**shared, "Content-Type": "application/http;msgtype=response", "WARC-Payload-Digest": digest}
        more |= {"WARC-IP-Address": exchange.ip} if exchange.ip else {}
        more |= {"WARC-Truncated": exchange.truncated} if exchange.truncated else {}
        head = _http_head(f"HTTP/1.1 {exchange.status} {exchange.reason}", _stored_headers(exchange))
        packed = bool(content_encoding(exchange.headers))
        offset = self._offset
        self._write("response", response_id, line.fetched_at, head + exchange.body, more, packed=packed)
        return {"offset": offset, "length": self._offset - offset, "digest": digest}

    def _write(
        self,
        kind: str,
        ident: str,
        date: datetime,
        block: bytes,
        headers: dict[str, str],
        *,
        packed: bool = False,
    ) -> None:
        """One record. A `packed` block is compressed already."""
        rows = {
            "WARC-Type": kind,
            "WARC-Record-ID": ident,
            "WARC-Date": date.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "Content-Length": str(len(block)),
            "WARC-Block-Digest": payload_digest(block),
            **headers,
        }
        if kind != "warcinfo":
            rows["WARC-Warcinfo-ID"] = self._info_id
        head = "".join(f"{name}: {value}\r\n" for name, value in rows.items())
        record = b"".join((b"WARC/1.1\r\n", head.encode(), b"\r\n", block, b"\r\n\r\n"))
        self._offset += self._file.write(_stored(record) if packed else isal_zlib.compress(record, 3, 31))

    def _record_id(self, kind: str, ident: str) -> str:
        """A name-based UUID (version 5): the same page in the same batch has the same."""
        name = hashlib.sha1(_NAMESPACE + f"{self._seed}|{kind}|{ident}".encode(), usedforsecurity=False).hexdigest()
        variant = "89ab"[int(name[16], 16) & 3]
        return f"<urn:uuid:{name[:8]}-{name[8:12]}-5{name[13:16]}-{variant}{name[17:20]}-{name[20:32]}>"


def _stored(data: bytes) -> bytes:
    """`data` as a gzip member of stored blocks: nothing is gained by compressing what is compressed."""
    parts = [_GZIP]
    for start in range(0, len(data), 0xFFFF):
        piece = data[start : start + 0xFFFF]
        last = start + 0xFFFF >= len(data)
        parts += [struct.pack("<BHH", last, len(piece), len(piece) ^ 0xFFFF), piece]
    parts.append(struct.pack("<II", isal_zlib.crc32(data), len(data) & 0xFFFFFFFF))
    return b"".join(parts)


def read_record(data: bytes) -> StoredResponse:
    """The response in one record's bytes, as a ranged GET of a line's offset and length gives them.

    Raises WarcError if it is no response or its payload is not what was stored, and nothing else.
    """
    with _warc_errors():
        for record in ArchiveIterator(io.BytesIO(data), parse_http=False):
            return _response(record)
    raise WarcError("no WARC record in the bytes given")


def iter_responses(warc: bytes) -> Iterator[StoredResponse]:
    """All responses of a WARC, in order. Raises WarcError on a damaged one."""
    records = ArchiveIterator(io.BytesIO(warc), parse_http=False, record_types=WarcRecordType.response)
    while True:
        with _warc_errors():
            record = next(records, None)
            stored = _response(record) if record is not None else None
        if stored is None:
            return
        yield stored


def rebuild_index(warc: bytes) -> list[PageLine]:
    """The index lines of a WARC, from its metadata records; offsets and lengths are found anew.

    Raises WarcError on a damaged one.
    """
    with _warc_errors():
        return _lines(warc)


@contextlib.contextmanager
def _warc_errors() -> Iterator[None]:
    """Whatever the reader stumbles over in damaged bytes is a WarcError."""
    try:
        yield
    except WarcError:
        raise
    except Exception as error:
        raise WarcError(f"unreadable: {type(error).__name__}: {error}"[:300]) from error


def _lines(warc: bytes) -> list[PageLine]:
    spans: dict[str | None, tuple[int, int]] = {}
    facts: list[tuple[str | None, bytes]] = []
    started: tuple[str | None, int] | None = None
    for record in ArchiveIterator(io.BytesIO(warc), parse_http=False):
        if started:
            spans[started[0]] = (started[1], record.stream_pos - started[1])
        started = (record.headers.get("WARC-Record-ID"), record.stream_pos)
        if record.record_type == WarcRecordType.metadata:
            facts.append((record.headers.get("WARC-Concurrent-To"), record.reader.read()))
    lines = []
    for response_id, text in facts:
        offset, length = spans[response_id] if response_id else (None, None)
        lines.append(PageLine.model_validate({**json.loads(text), "offset": offset, "length": length}))
    return lines


def index_bytes(lines: Iterable[PageLine]) -> bytes:
    """The index object: JSON lines of PageLine."""
    return "".join(line.model_dump_json() + "\n" for line in lines).encode()


def read_index(data: bytes) -> list[PageLine]:
    """The lines of an index object."""
    return [PageLine.model_validate_json(line) for line in data.splitlines() if line.strip()]


def _response(record: Any) -> StoredResponse:
    if record.record_type != WarcRecordType.response:
        raise WarcError(f"a {record.headers.get('WARC-Type')} record, not a response")
    expected = record.headers.get("WARC-Payload-Digest")
    url = record.headers.get("WARC-Target-URI")
    record.parse_http()
    body = record.reader.read()
    digest = payload_digest(body)
    if expected and expected != digest:
        raise WarcError(f"payload digest is {digest}, stored as {expected}")
    return StoredResponse(
        url, record.http_headers.status_code, list(record.http_headers.to_tuples()), body, digest
    )


def _stored_headers(exchange: Exchange) -> list[tuple[str, str]]:
    """Headers that describe the stored body: the transfer encoding is gone, the length is its own.

    A head that no reader would take is cut: first the headers go that reading the page does not need.
    """
    kept: list[tuple[str, str]] = []
    room = {True: HEAD // 2, False: HEAD // 2}
    for name, value in exchange.headers:
        vital = name.lower() in _VITAL
        size = len(name) + len(value) + 4
        if name.lower() not in _HOP_BY_HOP and size <= min(VALUE, room[vital]):
            kept.append((name, value))
            room[vital] -= size
    return [*kept, ("Content-Length", str(len(exchange.body)))]


def _http_head(first: str, headers: Iterable[tuple[str, str]]) -> bytes:
    rows = [first, *(f"{name}: {' '.join(value.split())}" for name, value in headers), "", ""]
    return "\r\n".join(rows).encode("latin-1", "replace")


def _target(url: str) -> str:
    rest = url.split("://", 1)[-1]
    path = rest[rest.find("/") :] if "/" in rest else "/"
    return path.split("#", 1)[0]


def _uri(url: str) -> str:
    return "".join(url.split())[:MAX_URI]
