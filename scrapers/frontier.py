"""What the crawl remembers between runs: which pages are known, when to ask again, and how sources fare.

Tables of its own in the ledger database. Every write is an upsert in one transaction and newest wins, so two
overlapping crawls, or the rerun of an old one, cannot set the memory back. What a clock that ran ahead has written
counts as older than anything. The clock comes in as an argument.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import logging
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    and_,
    case,
    create_engine,
    delete,
    event,
    func,
    insert,
    or_,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DataError, IntegrityError, StatementError
from sqlalchemy.schema import CreateIndex, CreateTable

from scrapers.spool import Spool
from scrapers.utc import UtcDateTime

RECHECKS = tuple(timedelta(minutes=m) for m in (10, 60, 6 * 60, 24 * 60, 72 * 60))  # after first seen
AGAIN, GIVEN_UP = timedelta(days=1), timedelta(days=14)  # after that: a page that could not be read at the last look
AHEAD = timedelta(days=1)  # of the clock: what was written later than that is another clock's mistake
LONGEST_HOLD = timedelta(days=1)  # of a host
GONE = ("status 404", "status 410")  # of an article: taken down, which is no fault of the source
_CHUNK = 400
log = logging.getLogger("vigil.crawl")
_LOCK = 7_318_442  # PostgreSQL advisory lock for creating the tables


class Verdict(StrEnum):
    """How a source fares. Quiet, blocked and broken are three different states."""

    FRESH = "fresh"
    QUIET = "quiet"  # answers well, and has had nothing new for longer than it should
    BROKEN = "broken"  # answers, but not with what its kind needs
    BLOCKED = "blocked"  # refuses us
    UNREACHABLE = "unreachable"
    MISCONFIGURED = "misconfigured"  # the registry entry is wrong
    UNKNOWN = "unknown"


FAILING = frozenset({Verdict.BROKEN, Verdict.BLOCKED, Verdict.UNREACHABLE, Verdict.MISCONFIGURED})


metadata = MetaData()

frontier_doc = Table(  # feeds, sitemaps, listings, first preview pages: the ways to pages
    "frontier_doc",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("url_hash", String(64), primary_key=True),
    Column("url", Text, nullable=False),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("asked_at", UtcDateTime, nullable=False),
)
frontier_url = Table(  # article pages
    "frontier_url",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("url_hash", String(64), primary_key=True),
    Column("url", Text, nullable=False),
    Column("first_seen_at", UtcDateTime, nullable=False),
    Column("next_due_at", UtcDateTime),  # None: not asked again
    Column("asked_at", UtcDateTime),  # None: known, never asked
    Column("digest", String(80)),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("failure", Text),  # of the last ask, None if it went well
    Column("hint_title", Text),
    Column("hint_published", UtcDateTime),
    Index("ix_frontier_url_due", "source", "next_due_at"),
)
frontier_post = Table(  # posts of channels
    "frontier_post",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("post_id", Integer, primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("misses", Integer, nullable=False, default=0),  # readings in a row of its page without it
    Column("last_id", Integer, nullable=False),  # of an album its last picture's, else the post's own
    Column("first_seen_at", UtcDateTime, nullable=False),
    Column("next_due_at", UtcDateTime),  # when its page is to be read again; None: no more
    Index("ix_frontier_post_due", "source", "next_due_at"),
)
frontier_gap = Table(  # ids of a channel's posts that were never seen, in runs
    "frontier_gap",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("first_id", Integer, primary_key=True),
    Column("last_id", Integer, nullable=False),
    Column("found_at", UtcDateTime, nullable=False),
    Column("next_due_at", UtcDateTime),  # None: looked for until 72 hours had passed, in vain
    Column("tries", Integer, nullable=False, default=0),
    Column("checked_at", UtcDateTime, nullable=False),
)
frontier_channel = Table(
    "frontier_channel",
    metadata,
    Column("source", String(64), primary_key=True),
    Column(
        "last_post_id", Integer, nullable=False
    ),  # everything up to here was fetched or given up on purpose
    Column("updated_at", UtcDateTime, nullable=False),
)
frontier_host = Table(  # hosts that asked to be left alone for a while (Retry-After)
    "frontier_host",
    metadata,
    Column("host", String(255), primary_key=True),
    Column("until_at", UtcDateTime, nullable=False),
)
source_health = Table(
    "source_health",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("verdict", String(16), nullable=False),
    Column("last_success_at", UtcDateTime),
    Column("last_new_at", UtcDateTime),
    Column("last_error", Text),
    Column("consecutive_failures", Integer, nullable=False, default=0),
    Column("last_checked_at", UtcDateTime, nullable=False),
    Column("last_links", Integer),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("ever_linked", Boolean, nullable=False, default=False),
    Column("next_poll_at", UtcDateTime),  # None: at every run of its schedule group
    Column("since_at", UtcDateTime),  # first time it was read well: from then on news are counted
)
source_day = Table(  # a source's rhythm: what was new on each day (UTC), by when we saw it
    "source_day",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("news", Integer, nullable=False),  # articles or posts never seen before
    Column("longest_gap", Integer, nullable=False),  # seconds; of the waits for news that ended on that day
    Column("at", UtcDateTime, nullable=False),
)


@dataclass(frozen=True)
class DocState:
    """Validators of a feed, sitemap, listing or first preview page."""

    source: str
    url: str
    etag: str | None
    last_modified: str | None
    asked_at: datetime


@dataclass(frozen=True)
class UrlState:
    """What is remembered of an article page."""

    source: str
    url: str
    first_seen_at: datetime
    next_due_at: datetime | None
    asked_at: datetime | None = None
    digest: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    failure: str | None = None
    hint_title: str | None = None
    hint_published: datetime | None = None


@dataclass(frozen=True)
class PostState:
    """Digest of a post as last seen, and how often in a row its page has since come without it."""

    source: str
    post_id: int
    digest: str
    seen_at: datetime
    misses: int = 0
    last_id: int = 0  # of an album; 0: the post's own
    first_seen_at: datetime | None = None  # None: at `seen_at`
    next_due_at: datetime | None = None

    @property
    def ids(self) -> range:
        """The post's id, or all ids of the album."""
        return range(self.post_id, max(self.post_id, self.last_id) + 1)


@dataclass(frozen=True)
class Gap:
    """A run of ids of a channel that were never seen."""

    source: str
    first_id: int
    last_id: int
    found_at: datetime
    next_due_at: datetime | None
    tries: int = 0

    def __len__(self) -> int:
        return self.last_id - self.first_id + 1


@dataclass(frozen=True)
class Day:
    """What was new at a source on one day, and the longest wait for news that ended on it (seconds)."""

    source: str
    day: date
    news: int
    longest_gap: int
    at: datetime  # of the last news


@dataclass(frozen=True)
class Health:
    """A line of `source_health`."""

    source: str
    verdict: Verdict
    last_checked_at: datetime
    changed_at: datetime
    last_success_at: datetime | None = None
    last_new_at: datetime | None = None
    last_error: str | None = None
    consecutive_failures: int = 0
    last_links: int | None = None
    ever_linked: bool = False
    next_poll_at: datetime | None = None
    since_at: datetime | None = None


@dataclass
class Changes:
    """What one crawl adds to the frontier; written in one transaction by `Frontier.commit`."""

    docs: list[DocState] = field(default_factory=list)
    urls: list[UrlState] | Spool[UrlState] = field(default_factory=list)
    posts: list[PostState] = field(default_factory=list)
    channels: dict[str, int] = field(default_factory=dict)  # source -> last post id
    hosts: dict[str, datetime] = field(default_factory=dict)  # host -> leave alone until
    health: list[Health] = field(default_factory=list)
    gaps: dict[str, list[Gap]] = field(default_factory=dict)  # source -> all its gaps, for those read
    days: list[Day] = field(default_factory=list)  # to be added to what the day has already

    def of_source(self, source: str) -> Changes:
        """The part that concerns one source."""
        return Changes(
            [row for row in self.docs if row.source == source],
            [row for row in self.urls if row.source == source],
            [row for row in self.posts if row.source == source],
            {name: post for name, post in self.channels.items() if name == source},
            {},
            [row for row in self.health if row.source == source],
            {name: gaps for name, gaps in self.gaps.items() if name == source},
            [row for row in self.days if row.source == source],
        )

    def sources(self) -> list[str]:
        """The sources concerned."""
        rows: list[Any] = [*self.docs, *self.urls, *self.posts, *self.health, *self.days]
        return sorted({row.source for row in rows} | set(self.channels) | set(self.gaps))


def next_due(first_seen: datetime, now: datetime, failure: str | None = None) -> datetime | None:
    """When a page first seen then and asked now is to be asked again; None once 72 hours have passed.

    One that could not be read at its last look is asked daily for two weeks, unless it is gone: a wall or an outage
    of four days must not hide what was published before it.
    """
    due = next((first_seen + wait for wait in RECHECKS if first_seen + wait > now), None)
    if due is None and failure and not failure.endswith(GONE) and now - first_seen < GIVEN_UP:
        return now + AGAIN
    return due


def url_hash(url: str) -> str:
    """Key of a URL."""
    return hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()


class Frontier:
    """The crawl's memory in the database at `url` (SQLite or PostgreSQL)."""

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        self._insert: Any = postgresql.insert if self.engine.dialect.name == "postgresql" else sqlite.insert
        self._create()

    def close(self) -> None:
        """Let go of the connections."""
        self.engine.dispose()

    def doc(self, source: str, url: str) -> DocState | None:
        """Validators of a feed, sitemap or listing."""
        query = select(frontier_doc).where(
            frontier_doc.c.source == source, frontier_doc.c.url_hash == url_hash(url)
        )
        with self.engine.begin() as db:
            row = db.execute(query).mappings().first()
        return DocState(**_fields(row)) if row else None

    def urls(self, source: str, urls: Sequence[str]) -> dict[str, UrlState]:
        """States of those of `urls` that are known."""
        found: dict[str, UrlState] = {}
        with self.engine.begin() as db:
            for some in _chunks([url_hash(url) for url in urls]):
                query = select(frontier_url).where(
                    frontier_url.c.source == source, frontier_url.c.url_hash.in_(some)
                )
                found.update((row["url"], UrlState(**_fields(row))) for row in db.execute(query).mappings())
        return found

    def due(self, source: str, now: datetime, limit: int) -> list[UrlState]:
        """Known pages to ask now: those never asked first, then by how long they have been due."""
        query = (
            select(frontier_url)
            .where(
                frontier_url.c.source == source,
                or_(frontier_url.c.next_due_at <= now, frontier_url.c.asked_at > now + AHEAD),
            )
            .order_by(
                frontier_url.c.asked_at.is_not(None), frontier_url.c.next_due_at, frontier_url.c.url_hash
            )
            .limit(limit)
        )
        with self.engine.begin() as db:
            return [UrlState(**_fields(row)) for row in db.execute(query).mappings()]

    def posts(self, source: str, lowest: int, highest: int) -> dict[int, PostState]:
        """The known posts of a channel with ids from `lowest` to `highest`."""
        query = select(frontier_post).where(
            frontier_post.c.source == source, frontier_post.c.post_id.between(lowest, highest)
        )
        with self.engine.begin() as db:
            return {row["post_id"]: PostState(**row) for row in db.execute(query).mappings()}

    def posts_due(self, source: str, now: datetime) -> list[int]:
        """Ids of the posts whose page is to be read again, the newest first."""
        query = (
            select(frontier_post.c.post_id)
            .where(
                frontier_post.c.source == source,
                or_(frontier_post.c.next_due_at <= now, frontier_post.c.seen_at > now + AHEAD),
            )
            .order_by(frontier_post.c.post_id.desc())
        )
        with self.engine.begin() as db:
            return list(db.execute(query).scalars())

    def gaps(self, source: str | None = None) -> list[Gap]:
        """Gaps of a channel, or of all, by id."""
        names = [column for column in frontier_gap.c if column.name != "checked_at"]
        query = select(*names).order_by(frontier_gap.c.source, frontier_gap.c.first_id)
        if source is not None:
            query = query.where(frontier_gap.c.source == source)
        with self.engine.begin() as db:
            return [Gap(**row) for row in db.execute(query).mappings()]

    def missing_posts(self) -> dict[str, int]:
        """Source -> how many ids of its channel were never seen; channels without a gap are absent."""
        width = func.sum(frontier_gap.c.last_id - frontier_gap.c.first_id + 1)
        query = select(frontier_gap.c.source, width).group_by(frontier_gap.c.source)
        with self.engine.begin() as db:
            return {source: int(count) for source, count in db.execute(query)}

    def days(self, sources: Iterable[str], since: date) -> dict[str, list[Day]]:
        """The days on which the sources had news, oldest first, from `since` on."""
        query = (
            select(source_day)
            .where(source_day.c.source.in_(list(sources)), source_day.c.day >= since)
            .order_by(source_day.c.source, source_day.c.day)
        )
        found: dict[str, list[Day]] = {}
        with self.engine.begin() as db:
            for row in db.execute(query).mappings():
                found.setdefault(row["source"], []).append(Day(**row))
        return found

    def next_dues(self, sources: Iterable[str] | None = None) -> dict[str, datetime]:
        """Source -> when its next known page, post or gap is to be asked again."""
        found: dict[str, datetime] = {}
        with self.engine.begin() as db:
            for table in (frontier_url, frontier_post, frontier_gap):
                query = select(table.c.source, func.min(table.c.next_due_at).label("due"))
                if sources is not None:
                    query = query.where(table.c.source.in_(list(sources)))
                query = query.where(table.c.next_due_at.is_not(None)).group_by(table.c.source)
                for row in db.execute(query):
                    found[row.source] = min(row.due, found.get(row.source, row.due))
        return found

    def resting(self, sources: Iterable[str], now: datetime) -> set[str]:
        """Those whose next poll is still to come; what is due wakes them, unless they fail: then they are spared."""
        health = self.health(sources)
        later = {
            name
            for name, row in health.items()
            if row.next_poll_at is not None and row.next_poll_at > now and row.last_checked_at <= now + AHEAD
        }
        failing = {name for name in later if health[name].verdict in FAILING}
        dues = self.next_dues(later - failing) if later - failing else {}
        return {name for name in later if name in failing or name not in dues or dues[name] > now}

    def last_post_id(self, source: str) -> int | None:
        """The id down to which a channel need be read; None on a first visit."""
        query = select(frontier_channel.c.last_post_id).where(frontier_channel.c.source == source)
        with self.engine.begin() as db:
            return db.execute(query).scalar()

    def held_hosts(self, now: datetime) -> dict[str, datetime]:
        """Hosts that asked to be left alone until a moment still to come."""
        until = frontier_host.c.until_at
        query = select(frontier_host.c.host, until).where(until > now, until <= now + LONGEST_HOLD + AHEAD)
        with self.engine.begin() as db:
            return {row.host: row.until_at for row in db.execute(query)}

    def health(self, sources: Iterable[str] | None = None) -> dict[str, Health]:
        """Health of the given sources, or of all; a source never crawled is absent."""
        query = select(source_health).order_by(source_health.c.source)
        if sources is not None:
            query = query.where(source_health.c.source.in_(list(sources)))
        with self.engine.begin() as db:
            rows = db.execute(query).mappings().all()
        return {row["source"]: Health(**{**row, "verdict": Verdict(row["verdict"])}) for row in rows}

    def commit(self, changes: Changes, now: datetime) -> dict[str, str]:
        """Write everything in one transaction. Rows that another crawl wrote later stay as they are.

        Returns source -> error for sources whose rows the database does not take: they are left as they were
        and called broken, and the others' are written.
        """
        try:
            with self._writing() as db:
                self._write(db, changes, now)
        except _BAD_ROWS as error:
            if not _is_of_data(error):
                raise
            return self._commit_apart(changes, now)
        return {}

    def _commit_apart(self, changes: Changes, now: datetime) -> dict[str, str]:
        """Source by source in one transaction, without those that fail."""
        failed: dict[str, str] = {}
        with self._writing() as db:
            self._write(db, Changes(hosts=changes.hosts), now)
            for source in changes.sources():
                part = changes.of_source(source)
                try:
                    with db.begin_nested():
                        self._write(db, part, now)
                except _BAD_ROWS as error:
                    if not _is_of_data(error):
                        raise
                    failed[source] = f"its data could not be remembered ({type(error).__name__})"
                    log.error("%s: %s", source, failed[source])
                    old = part.health[0] if part.health else Health(source, Verdict.BROKEN, now, now)
                    sick = replace(old, verdict=Verdict.BROKEN, last_error=failed[source])
                    self._write(db, Changes(health=[sick]), now)
        return failed

    def _write(self, db: Connection, changes: Changes, now: datetime) -> None:
        self._upsert(db, frontier_doc, [_keyed(row) for row in changes.docs], "asked_at", now)
        keep, rows = ("first_seen_at", "hint_title", "hint_published"), iter(changes.urls)
        while some := {(row.source, row.url): row for row in itertools.islice(rows, 1000)}:
            self._upsert(db, frontier_url, [_keyed(row) for row in some.values()], "asked_at", now, keep)
        posts = [_post_row(row) for row in changes.posts]
        self._upsert(db, frontier_post, posts, "seen_at", now, ("first_seen_at",))
        for source, gaps in changes.gaps.items():
            self._replace_gaps(db, source, gaps, now)
        self._count_news(db, changes.days)
        channels = [
            {"source": s, "last_post_id": i, "updated_at": now} for s, i in changes.channels.items()
        ]
        self._upsert(db, frontier_channel, channels, "last_post_id")
        hosts = [{"host": h[:255], "until_at": until} for h, until in changes.hosts.items()]
        self._upsert(db, frontier_host, hosts, "until_at")
        self._upsert(db, source_health, [vars(row) for row in changes.health], "last_checked_at", now)

    def prune(self, before: datetime) -> int:
        """Forget pages and posts not asked or seen since `before`; how many."""
        with self._writing() as db:
            urls = db.execute(
                delete(frontier_url).where(
                    frontier_url.c.next_due_at.is_(None), frontier_url.c.asked_at < before
                )
            )
            posts = db.execute(delete(frontier_post).where(frontier_post.c.seen_at < before))
            db.execute(delete(frontier_host).where(frontier_host.c.until_at < before))
            db.execute(delete(frontier_gap).where(frontier_gap.c.found_at < before))
            db.execute(delete(source_day).where(source_day.c.day < before.date()))
        return int(urls.rowcount) + int(posts.rowcount)

    def _replace_gaps(self, db: Connection, source: str, gaps: list[Gap], now: datetime) -> None:
        """All gaps of a channel, unless a later crawl has written them."""
        of_source = frontier_gap.c.source == source
        written = db.execute(select(func.max(frontier_gap.c.checked_at)).where(of_source)).scalar()
        if written is not None and now < written <= now + AHEAD:
            return
        db.execute(delete(frontier_gap).where(of_source))
        if gaps:
            db.execute(insert(frontier_gap), [{**vars(gap), "checked_at": now} for gap in gaps])

    def _count_news(self, db: Connection, days: list[Day]) -> None:
        if not days:
            return
        statement = self._insert(source_day)
        new, old = statement.excluded, source_day.c
        more = {
            "news": old.news + new.news,
            "longest_gap": case((new.longest_gap > old.longest_gap, new.longest_gap), else_=old.longest_gap),
            "at": case((new.at > old.at, new.at), else_=old.at),
        }
        upsert = statement.on_conflict_do_update(index_elements=["source", "day"], set_=more)
        db.execute(upsert, [vars(day) for day in days])

    def _upsert(
        self,
        db: Connection,
        table: Table,
        rows: list[dict[str, Any]],
        clock: str,
        now: datetime | None = None,
        keep: tuple[str, ...] = (),
    ) -> None:
        """Insert or update; the row with the later `clock` column wins, `keep` stays as first written.

        With `now` the column is of time, and a row that is far ahead of it loses.
        """
        if not rows:
            return
        names = [column.name for column in table.primary_key]
        unique = {tuple(row[name] for name in names): row for row in rows}
        insert = self._insert(table)
        new = {c.name: insert.excluded[c.name] for c in table.c if c.name not in names and c.name not in keep}
        for name in keep:
            new[name] = func.coalesce(table.c[name], insert.excluded[name])
        newer = or_(
            table.c[clock].is_(None),
            and_(insert.excluded[clock].is_not(None), insert.excluded[clock] >= table.c[clock]),
            *([table.c[clock] > now + AHEAD] if now else ()),
        )
        upsert = insert.on_conflict_do_update(index_elements=names, set_=new, where=newer)
        db.execute(upsert, list(unique.values()))

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self.engine.connect().execution_options(vigil_write=True) as db, db.begin():
            yield db

    def _create(self) -> None:
        with self._writing() as db:
            if self.engine.dialect.name == "postgresql":
                db.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            for table in metadata.sorted_tables:
                db.execute(CreateTable(table, if_not_exists=True))
                for index in table.indexes:
                    db.execute(CreateIndex(index, if_not_exists=True))


_OF_DATA = (UnicodeError, OverflowError)  # as the drivers raise them for text and numbers they do not take
_BAD_ROWS = (StatementError, *_OF_DATA)


def _is_of_data(error: Exception) -> bool:
    """Whether a row is at fault, not the database or the way to it."""
    if isinstance(error, StatementError):
        return isinstance(error, DataError | IntegrityError) or isinstance(error.orig, _OF_DATA)
    return True


def _engine(url: str) -> Engine:
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)
    return engine


def _sqlite_connect(connection: Any, _record: Any) -> None:
    """Own transaction control, a long busy timeout, the write-ahead log (another process may be at it)."""
    connection.isolation_level = None
    connection.execute("PRAGMA busy_timeout=30000")
    for attempt in range(100):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if attempt == 99:
                raise
            time.sleep(0.05)  # SQLite does not wait by itself here


def _sqlite_begin(connection: Connection) -> None:
    write = connection.get_execution_options().get("vigil_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _post_row(state: PostState) -> dict[str, Any]:
    first, last = state.first_seen_at or state.seen_at, max(state.post_id, state.last_id)
    return {**vars(state), "first_seen_at": first, "last_id": last}


def _keyed(state: DocState | UrlState) -> dict[str, Any]:
    return {**vars(state), "url_hash": url_hash(state.url)}


def _fields(row: Any) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "url_hash"}


def _chunks(items: Sequence[Any], size: int = _CHUNK) -> Iterator[list[Any]]:
    for start in range(0, len(items), size):
        yield list(items[start : start + size])
