"""When a page was published, how exactly that is known, and whether it was edited since."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from email.utils import parsedate_to_datetime

from processing.models import Precision

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=1)  # a clock or time zone may be wrong by that much
EDIT = timedelta(minutes=5)  # a first save after publication is no edit
STALE = timedelta(days=1)  # a feed that dates a page later than that re-dated an old article

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z")


@dataclass(frozen=True)
class Moment:
    """A time (aware UTC), or a day (its midnight UTC)."""

    at: datetime
    precision: Precision

    @property
    def is_exact(self) -> bool:
        """Known to the minute."""
        return self.precision is Precision.MINUTE


def parse_moment(value: str | None) -> Moment | None:
    """ISO 8601 or RFC 2822, as pages write it.

    A time without offset, or exactly midnight where it was written, says no more than its day.
    """
    text = (value or "").strip()
    if not text or len(text) > 60:
        return None
    try:
        if _DAY.match(text):
            return of_day(datetime.fromisoformat(text))
        parsed = datetime.fromisoformat(text)
    except ValueError:
        try:
            parsed = parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    return of_time(parsed)


def of_time(moment: datetime) -> Moment | None:
    """A time as far as it can be believed; None outside the calendar."""
    if moment.tzinfo is None or moment.timetz().replace(tzinfo=None) == time(0):
        return of_day(moment)
    try:
        return Moment(moment.astimezone(UTC), Precision.MINUTE)
    except OverflowError:
        return None


def of_day(moment: datetime) -> Moment:
    """The day of a time, where it was written."""
    return Moment(datetime(moment.year, moment.month, moment.day, tzinfo=UTC), Precision.DAY)


def plausible(moment: Moment | None, fetched_at: datetime) -> Moment | None:
    """The moment unless it lies before 1990 or more than a day after the page was fetched."""
    return moment if moment and EARLIEST <= moment.at <= fetched_at + AHEAD else None


def first_known(hint: Moment | None, page: Moment | None) -> Moment | None:
    """What the feed or sitemap said, else what the page says; whichever knows the minute.

    A hint more than a day after the page's own time dates a re-publication: then the page is right.
    """
    if hint and page and hint.at - page.at > STALE:
        return page
    exact = next((moment for moment in (hint, page) if moment and moment.is_exact), None)
    return exact or page or hint


def was_edited(published: Moment | None, modified: Moment | None) -> bool:
    """Whether the page changed more than five minutes after publication; by days where one is a day."""
    if not published or not modified:
        return False
    if published.is_exact and modified.is_exact:
        return modified.at - published.at > EDIT
    return modified.at.date() > published.at.date()
