"""Gap audit of a channel: post ids that ought to be there and were never seen.

A page of a channel shows every post in its range of ids. An id in that range that is neither on the page nor known
is a gap: deleted before we came, never public, or on a page that was not read. Gaps are kept, asked for again
ever more rarely, and reported; they are no deletions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from scrapers.frontier import Gap, next_due


@dataclass
class GapBook:
    """The gaps of one channel, as this crawl finds, narrows and closes them."""

    source: str
    gaps: list[Gap]
    changed: bool = False

    def read(self, lowest: int, highest: int, seen: Iterable[int], now: datetime) -> None:
        """A page that shows all posts from `lowest` to `highest` was read; `seen` are those that exist or existed."""
        ids = sorted(number for number in set(seen) if lowest <= number <= highest)
        before = list(self.gaps)
        self.gaps = [part for gap in before for part in _narrowed(gap, ids, lowest, highest, now)]
        known = sorted([(gap.first_id, gap.last_id) for gap in self.gaps] + [(number, number) for number in ids])
        self._add(_between(lowest, highest, known), now, next_due(now, now))
        self.changed = self.changed or self.gaps != before

    def skipped(self, lowest: int, highest: int, now: datetime) -> None:
        """Pages with these ids were not read, as there were too many; they are due at once."""
        known = sorted((gap.first_id, gap.last_id) for gap in self.gaps)
        self._add(_between(lowest, highest, known), now, now)

    def in_vain(self, highest: int, now: datetime) -> None:
        """Asked for posts up to `highest`, none came: what was due there waits for its next time."""
        before = self.gaps
        self.gaps = [part for gap in before for part in _narrowed(gap, [], 0, highest, now)]
        self.changed = self.changed or self.gaps != before

    def due(self, now: datetime) -> list[int]:
        """Highest ids of the gaps to ask for, the newest first."""
        found = (gap.last_id for gap in self.gaps if gap.next_due_at is not None and gap.next_due_at <= now)
        return sorted(found, reverse=True)

    def _add(self, runs: Iterable[tuple[int, int]], now: datetime, due: datetime | None) -> None:
        new = [Gap(self.source, first, last, now, due) for first, last in runs]
        if new:
            self.gaps = sorted([*self.gaps, *new], key=lambda gap: gap.first_id)
            self.changed = True


def _narrowed(gap: Gap, ids: list[int], lowest: int, highest: int, now: datetime) -> Iterator[Gap]:
    """What is left of a gap; the part that was looked through in vain waits for its next time."""
    due = gap.next_due_at is not None and gap.next_due_at <= now
    tried = replace(gap, tries=gap.tries + 1, next_due_at=next_due(gap.found_at, now)) if due else gap
    for first, last in _between(gap.first_id, gap.last_id, [(number, number) for number in ids]):
        if first < lowest:
            yield replace(gap, first_id=first, last_id=min(last, lowest - 1))
        if max(first, lowest) <= min(last, highest):
            yield replace(tried, first_id=max(first, lowest), last_id=min(last, highest))
        if last > highest:
            yield replace(gap, first_id=max(first, highest + 1), last_id=last)


def _between(lowest: int, highest: int, taken: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Runs of ids from `lowest` to `highest` outside the `taken` ones, which are in order."""
    for first, last in taken:
        if first > highest:
            break
        if first > lowest:
            yield lowest, first - 1
        lowest = max(lowest, last + 1)
    if lowest <= highest:
        yield lowest, highest
