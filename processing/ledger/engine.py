"""Opening the ledger, and its two kinds of transaction."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from processing.errors import Retry
from processing.ledger.schema import Base

WRITES = "vigil_writes"  # execution option: take SQLite's write lock at BEGIN, not at the first write
_CREATE_LOCK = 0x76696769  # PostgreSQL advisory lock of those who create the tables
_TRIES = 8


def open_ledger(url: str) -> Engine:
    """Engine with the tables in place, however many processes open it at once.

    SQLite: WAL, 30 s busy timeout, foreign keys. `sqlite://` is an in-memory ledger on one connection.
    Raises Retry if the database cannot be reached.
    """
    engine = create_engine(url, pool_pre_ping=True, **_pool_of(url))
    if engine.dialect.name == "sqlite":
        _tune_sqlite(engine)
    for tries_left in reversed(range(_TRIES)):
        try:
            _create_tables(engine)
        except DBAPIError as error:  # another process creates, or holds the file while it turns on WAL
            if not tries_left:
                raise Retry(f"ledger {engine.url!r} cannot be opened: {error.orig}") from error
            time.sleep(0.05 * (_TRIES - tries_left))
        else:
            break
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """A transaction that only reads: on SQLite it neither waits for writers nor stops them."""
    with Session(engine, expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """A transaction that writes: committed at the end, undone on any exception.

    On SQLite it takes the write lock at once, since a read transaction that turns to writing fails at once,
    without waiting, when another wrote meanwhile.
    """
    writer = engine.execution_options(**{WRITES: True})
    with Session(writer, expire_on_commit=False) as session, session.begin():
        yield session


def lock_keys(session: Session, keys: set[str]) -> None:
    """PostgreSQL: hold an advisory lock on each key until the end. SQLite has one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        for key in sorted(keys):
            session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key})


def _pool_of(url: str) -> dict[str, Any]:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return {}
    if parsed.database in (None, "", ":memory:"):
        return {"poolclass": StaticPool, "connect_args": {"check_same_thread": False}}
    Path(str(parsed.database)).absolute().parent.mkdir(parents=True, exist_ok=True)
    return {}


def _create_tables(engine: Engine) -> None:
    with engine.execution_options(**{WRITES: True}).begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CREATE_LOCK})
        Base.metadata.create_all(connection)


def _tune_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy emits BEGIN itself, below
        for pragma in ("busy_timeout=30000", "journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        writes = connection.get_execution_options().get(WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
