"""A list that grows on disk: what a crawl gathers a row a page must not grow its memory by a row a page."""

from __future__ import annotations

import pickle
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any, TypeVar

BLOCK = 250  # rows kept in memory before they go to the file

Row = TypeVar("Row")


class Spool(Sequence[Row]):
    """Append and read in order, again and again. The file is this process's own and has no name."""

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self._rows: list[Row] = []
        self._blocks = 0
        self._file: IO[bytes] | None = None
        self.extend(rows)

    def append(self, row: Row) -> None:
        """One more."""
        self._rows.append(row)
        if len(self._rows) >= BLOCK:
            if self._file is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115 closed with the spool
                weakref.finalize(self, self._file.close)
            self._file.seek(0, 2)
            pickle.dump(self._rows, self._file, pickle.HIGHEST_PROTOCOL)
            self._blocks += 1
            self._rows = []

    def extend(self, rows: Iterable[Row]) -> None:
        """Several more."""
        for row in rows:
            self.append(row)

    def __len__(self) -> int:
        return self._blocks * BLOCK + len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        at = 0
        for _ in range(self._blocks):
            assert self._file is not None  # noqa: S101 there are blocks
            self._file.seek(at)
            block: list[Row] = pickle.load(self._file)  # noqa: S301 written above
            at = self._file.tell()
            yield from block
        yield from tuple(self._rows)

    def __getitem__(self, which: Any) -> Any:
        """Reads all: for tests and small batches."""
        return list(self)[which]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Iterable) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment] # it changes
