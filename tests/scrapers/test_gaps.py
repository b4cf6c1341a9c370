"""The gap audit: what was read and not seen is a gap, nothing else is, whatever the order of the pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from scrapers.frontier import RECHECKS
from scrapers.gaps import GapBook

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
windows = st.tuples(st.integers(1, 60), st.integers(1, 60)).map(lambda ends: (min(ends), max(ends)))
pages = st.lists(st.tuples(windows, st.sets(st.integers(1, 60)), st.integers(0, 100)), max_size=8)


def ids(book: GapBook) -> list[int]:
    """All ids in gaps, in order."""
    return [number for gap in book.gaps for number in range(gap.first_id, gap.last_id + 1)]


@given(pages)
def test_gaps_are_what_was_read_and_never_seen(read: list[tuple[tuple[int, int], set[int], int]]) -> None:
    """Every id of a page's range that no page showed is in exactly one gap, in order, and no other id is."""
    book, now = GapBook("s", []), NOW
    covered: set[int] = set()
    shown: set[int] = set()
    for (lowest, highest), seen, hours in read:
        now += timedelta(hours=hours)
        book.read(lowest, highest, seen | shown, now)  # what was seen once is known for good
        covered |= set(range(lowest, highest + 1))
        shown |= {number for number in seen if lowest <= number <= highest}
        found = ids(book)
        assert found == sorted(covered - shown)
        assert all(gap.first_id <= gap.last_id for gap in book.gaps)


def test_a_gap_is_looked_for_ever_more_rarely_and_then_only_told() -> None:
    """Asked for after 10 minutes, 1, 6, 24 and 72 hours from when it was found; then it stays, without a next time."""
    book = GapBook("s", [])
    book.read(1, 3, {1, 3}, NOW)
    asked = []
    while (due := book.gaps[0].next_due_at) is not None:
        asked.append(due - NOW)
        assert book.due(due - timedelta(seconds=1)) == []
        assert book.due(due) == [2]
        book.read(1, 3, {1, 3}, due)
    assert tuple(asked) == RECHECKS
    assert (ids(book), book.gaps[0].tries) == ([2], len(RECHECKS))


def test_what_was_not_read_is_due_at_once_and_in_vain_is_a_try() -> None:
    """Skipped ids are asked for by the next crawl; a page that does not reach them leaves them for later."""
    book = GapBook("s", [])
    book.skipped(100, 2**31 - 1, NOW)
    assert book.due(NOW) == [2**31 - 1]
    book.read(2**31 - 20, 2**31 - 1, set(), NOW)
    assert book.due(NOW) == [2**31 - 21]
    book.in_vain(2**31 - 21, NOW)
    assert book.due(NOW) == []
    assert len(book.gaps) == 2
