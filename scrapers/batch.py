"""The end of a batch, in the order that survives a kill at any point: WARC, then index, then frontier.

A batch id names one object for good. If the object is there already, it is the truth: what this process
fetched is dropped, and the stored pages go into the frontier instead.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import IO, Protocol

from scrapers.frontier import Changes, Frontier, Health, PostState, UrlState, Verdict, next_due
from scrapers.handover import Disposition, PageKind, PageLine, index_key, index_of, warc_key
from scrapers.preview import parse_preview
from scrapers.warc import (
    BatchWriter,
    StoredResponse,
    WarcError,
    index_bytes,
    read_index,
    read_record,
    rebuild_index,
)
from scrapers.wire import decode, decoded_digest

WARC_TYPE = "application/warc"
INDEX_TYPE = "application/x-ndjson"
_LIMIT = 10 * 2**20


class Store(Protocol):
    """What the end of a batch needs of an object store; scrapers.objects.ObjectStore is one."""

    def put_once(self, key: str, body: bytes | IO[bytes], content_type: str) -> bool:
        """Write unless the key exists."""

    def get(self, key: str) -> bytes:
        """The whole object."""

    def exists(self, key: str) -> bool:
        """Whether the key is there."""


class FileStore:
    """Objects as files under a folder, for a crawl without an object store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put_once(self, key: str, body: bytes | IO[bytes], content_type: str) -> bool:
        """Write unless the key exists; never half."""
        path = self.folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".part-") as part:
            if isinstance(body, bytes):
                part.write(body)
            else:
                shutil.copyfileobj(body, part, 1 << 20)
            os.fchmod(part.fileno(), 0o644)
            part.flush()
            os.fsync(part.fileno())
            try:
                os.link(part.name, path)
            except FileExistsError:
                return False
        return True

    def get(self, key: str) -> bytes:
        """The whole file."""
        return (self.folder / key).read_bytes()

    def exists(self, key: str) -> bool:
        """Whether the file is there."""
        return (self.folder / key).is_file()


@dataclass(frozen=True)
class BatchKeys:
    """Where the objects of a batch are."""

    warc: str
    index: str

    @classmethod
    def of(cls, group: str, date: str, batch_id: str) -> BatchKeys:
        """Keys from the hand-over's naming. Raises ValueError on a bad batch id."""
        return cls(warc_key(group, date, batch_id), index_key(group, date, batch_id))


@dataclass(frozen=True)
class Finished:
    """The lines that are in the store, and the sources whose rows the frontier refused, with the error."""

    lines: Sequence[PageLine]
    refused: dict[str, str]


def finish_batch(
    store: Store, keys: BatchKeys, writer: BatchWriter, changes: Changes, frontier: Frontier, now: datetime
) -> Finished:
    """Store the batch and commit the frontier. Nothing new: no objects."""
    if writer.lines:
        if not store_warc(store, keys, writer):
            return adopt_stored(store, keys, frontier, now)
        store_index(store, keys, writer.lines)
    return Finished(writer.lines, frontier.commit(changes, now))


def store_warc(store: Store, keys: BatchKeys, writer: BatchWriter) -> bool:
    """First step. False: the batch was stored before."""
    return store.put_once(keys.warc, writer.file(), WARC_TYPE)


def store_index(store: Store, keys: BatchKeys, lines: Iterable[PageLine]) -> None:
    """Second step; an index that is there already says the same."""
    with tempfile.TemporaryFile() as file:
        file.writelines(index_bytes((line,)) for line in lines)
        file.seek(0)
        store.put_once(keys.index, file, INDEX_TYPE)


def rebuild_missing_index(store: Store, warc_key: str) -> str:
    """Write the index of a stored batch whose crawl ended before it could, from the archive; its key.

    An index that is there stays. Raises WarcError on a damaged archive, the store's error on a missing one.
    """
    index = index_of(warc_key)
    if not store.exists(index):
        store.put_once(index, index_bytes(rebuild_index(store.get(warc_key))), INDEX_TYPE)
    return index


def adopt_stored(store: Store, keys: BatchKeys, frontier: Frontier, now: datetime) -> Finished:
    """Take the stored batch for this one: mend a missing index, put its pages into the frontier."""
    lines = read_index(store.get(rebuild_missing_index(store, keys.warc)))
    changes = stored_changes(lines, store.get(keys.warc), frontier)
    return Finished(lines, frontier.commit(changes, now))


def stored_changes(lines: Sequence[PageLine], warc: bytes, frontier: Frontier) -> Changes:
    """What stored pages tell the frontier; no feed validators, as a link may be younger than the batch."""
    changes = Changes()
    for line in lines:
        try:
            stored = _response(line, warc)
        except WarcError:  # asked again when its time comes
            stored = None
        if line.kind is PageKind.PREVIEW and stored is not None:
            changes.posts += _posts(line, stored, frontier)
        elif line.kind is PageKind.ARTICLE:
            known = frontier.urls(line.source, [line.requested_url]).get(line.requested_url)
            changes.urls.append(_url(line, stored, known))
    changes.health = _healths(lines, frontier)
    return changes


def _response(line: PageLine, warc: bytes) -> StoredResponse | None:
    if line.offset is None or line.length is None:
        return None
    return read_record(warc[line.offset : line.offset + line.length])


def _posts(line: PageLine, stored: StoredResponse, frontier: Frontier) -> list[PostState]:
    """Posts that the line calls new or edited, and those it calls missing, as far as they are known."""
    preview = parse_preview(decode(stored.body, stored.content_encoding, _LIMIT), line.url)
    at, found = line.fetched_at, []
    for post in preview.posts:
        if post.id in line.post_ids:
            old = frontier.posts(line.source, post.id, post.id).get(post.id)
            first = (old.first_seen_at if old else None) or at
            found.append(
                PostState(line.source, post.id, post.digest, at, 0, max(post.all_ids), first, next_due(first, at))
            )
    for gone in line.missing_ids:
        known = frontier.posts(line.source, gone, gone).values()
        found += [replace(state, misses=max(2, state.misses), seen_at=line.fetched_at) for state in known]
    return found


def _url(line: PageLine, stored: StoredResponse | None, known: UrlState | None) -> UrlState:
    good = line.disposition is Disposition.STORED and stored is not None
    digest = decoded_digest(stored.body, stored.content_encoding, _LIMIT) if good and stored else None
    first_seen = known.first_seen_at if known else line.fetched_at
    failure = None if good else f"{line.disposition}: {line.reason or 'unreadable in the archive'}"
    return UrlState(
        line.source,
        line.requested_url,
        first_seen,
        next_due(first_seen, line.fetched_at, failure),
        line.fetched_at,
        digest or (known.digest if known else None),
        line.etag if good else known.etag if known else None,
        line.last_modified if good else known.last_modified if known else None,
        failure,
        line.hint_title,
        line.hint_published,
    )


def _healths(lines: Sequence[PageLine], frontier: Frontier) -> list[Health]:
    """Sources that had pages in the stored batch fared well then."""
    times = {line.source: line.fetched_at for line in lines if line.disposition is Disposition.STORED}
    before = frontier.health(times)
    return [
        Health(
            source=source,
            verdict=Verdict.FRESH,
            last_checked_at=at,
            last_success_at=at,
            last_new_at=at,
            changed_at=old.changed_at if (old := before.get(source)) and old.verdict is Verdict.FRESH else at,
            last_links=old.last_links if old else None,
            ever_linked=True,
            since_at=old.since_at if old else None,
        )
        for source, at in times.items()
    ]
