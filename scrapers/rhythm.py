"""A source's rhythm: how long it is usually without news, and how long it may be."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from datetime import timedelta

from scrapers.frontier import Day

HISTORY = timedelta(days=28)
LEAST_DAYS = 5  # with news, before a source is held to have a rhythm
NEVER_LESS = timedelta(hours=1)
WEEKENDS = timedelta(days=15)  # of history, in which there are two
WEEKEND = timedelta(hours=72)


def usual_gap(days: Sequence[Day]) -> timedelta | None:
    """How long the source is usually without news: the median of its days' longest waits; None if not known yet.

    The longest wait of a day, and not the mean, as nights belong to the rhythm.
    """
    gaps = [day.longest_gap for day in days]
    return timedelta(seconds=statistics.median(gaps)) if len(gaps) >= LEAST_DAYS else None


def patience(days: Sequence[Day]) -> timedelta | None:
    """How long a source may be without news: three times its usual gap, and longer than each week's longest.

    The second longest gap of the last four weeks, and half as much again, is allowed as well: weekends come
    every week, and one silence must not hide the next. A history that is too short to have two weekends in it
    allows for one. None without a rhythm.
    """
    usual = usual_gap(days)
    if usual is None:
        return None
    second = sorted(day.longest_gap for day in days)[-2]
    known = days[-1].day - days[0].day >= WEEKENDS
    return max(3 * usual, timedelta(seconds=1.5 * second), NEVER_LESS if known else WEEKEND)
