"""What a figure of `make bench` is: rows of a table, and whether the floor holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line of the table. `floor` says what must hold, `held` whether it did; None: only reported."""

    what: str
    value: str
    floor: str = ""
    held: bool | None = None


@dataclass(frozen=True)
class Figure:
    """All rows of one measurement."""

    title: str
    rows: Sequence[Row]
