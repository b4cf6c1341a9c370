"""Small notes that the stages leave for each other: how far the listing of raw batches has got, what failed."""

from __future__ import annotations

from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from processing.ledger.engine import reading, writing
from processing.ledger.schema import Base


class Mark(Base):
    """A named note."""

    __tablename__ = "mark"
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class Marks:
    """Named notes in the ledger; each call is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def get(self, name: str) -> str | None:
        """The note, or None."""
        with reading(self.engine) as session:
            return session.scalar(select(Mark.value).where(Mark.name == name))

    def set(self, name: str, value: str) -> None:
        """Write or replace a note; an unchanged one costs no write."""
        if self.get(name) == value:
            return
        with writing(self.engine) as session:
            session.merge(Mark(name=name, value=value))

    def clear(self, name: str) -> None:
        """Take a note away, if it is there."""
        if self.get(name) is None:
            return
        with writing(self.engine) as session:
            session.execute(delete(Mark).where(Mark.name == name))
