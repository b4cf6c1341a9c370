"""All that is known of a disclosure and that later claims are compared with; stored with its ledger row."""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict

from processing.models import Confidence, EventDate, Group, Measure, OutletRef, Precision
from processing.resolve.figures import Figure, Standing, fold

_MOST = 60  # names, places, speakers and texts remembered; a story needs far fewer
_MOST_FIGURES = 400
_MOST_TEXTS = 20
SURE = 0.7  # a slot below it is a guess: it may be wrong where other evidence says so
_FIRM = (Precision.MINUTE, Precision.DAY, Precision.RANGE)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RegionSaid(_Part):
    """A region that claims gave, with the best confidence and the earliest time at which one did."""

    region: str
    confidence: float
    said_at: datetime


class DateSaid(_Part):
    """An event date that a claim gave."""

    date: EventDate
    official: bool
    confidence: float
    said_at: datetime


class TextSketch(_Part):
    """What recognises a reprint of a text that carried the disclosure."""

    source: str
    independence_key: str
    said_at: datetime
    hashes: list[int]


class Profile(_Part):
    """What the claims of one disclosure say, gathered. Names and places are skeletons (see likeness)."""

    figures: dict[Measure, list[Figure]] = {}
    group: Group = Group.UNKNOWN
    origins: list[RegionSaid] = []
    places: list[RegionSaid] = []
    dates: list[DateSaid] = []
    place_names: list[str] = []
    speakers: list[str] = []
    names: list[str] = []
    text_keys: list[str] = []  # name_key of capitalised words of the texts
    texts: list[TextSketch] = []
    docs: list[str] = []
    sources: dict[str, datetime] = {}  # source -> when it last carried this
    times: list[datetime] = []  # of the documents that carry it
    outlets: list[OutletRef] = []
    independence_keys: list[str] = []
    claim_ids: list[str] = []
    slots: Confidence | None = None  # the best of each slot
    grade: str | None = None
    official: bool = False
    first_published_at: datetime | None = None  # of the first claim, as published
    official_published_at: datetime | None = None
    settled: list[str] = []  # routes that have been told, or kept from telling on purpose

    @property
    def sure_of_region(self) -> bool:
        """Whether a claim gave the region of origin or place on good evidence."""
        return any(said.confidence >= SURE for said in (*self.origins, *self.places))

    @property
    def origin(self) -> str | None:
        """The home region the claims give with the most confidence, on a tie the first one given."""
        return _best_region(self.origins)

    @property
    def place(self) -> str | None:
        """The region of the place, likewise."""
        return _best_region(self.places)

    @property
    def event_date(self) -> EventDate | None:
        """The official's date if one gave it; disagreement is kept as a range, never averaged away."""
        for said in ([d for d in self.dates if d.official], self.dates):
            for firm in (True, False):
                dates = [d.date for d in said if (d.date.precision in _FIRM and d.confidence >= SURE) is firm]
                if dates:
                    return _span(dates)
        return None

    def standing(self, measure: Measure) -> Standing:
        """The figure that stands for one measure."""
        return fold(self.figures.get(measure, []), measure)

    def add_figure(self, measure: Measure, figure: Figure) -> None:
        """Remember a figure. Past 400 of a measure, only those that say something else are."""
        known = self.figures.setdefault(measure, [])
        if len(known) < _MOST_FIGURES or all(f.best != figure.best for f in known):
            known.append(figure)

    def nearest(self, moment: datetime) -> timedelta:
        """How far from a moment the nearest document that carries the disclosure was published."""
        return min((abs(moment - time) for time in self.times), default=timedelta.max)


def remember(values: list[str], value: str | None) -> None:
    """Append a value that is not there yet, up to the most that is remembered."""
    if value and value not in values and len(values) < _MOST:
        values.append(value)


def remember_region(said: list[RegionSaid], region: str | None, confidence: float, said_at: datetime) -> None:
    """Count a region in, keeping its best confidence and its earliest time."""
    if region is None:
        return
    for known in said:
        if known.region == region:
            known.confidence = max(known.confidence, confidence)
            known.said_at = min(known.said_at, said_at)
            return
    said.append(RegionSaid(region=region, confidence=confidence, said_at=said_at))


def remember_time(times: list[datetime], moment: datetime) -> None:
    """Keep the publication times, thinned to the earliest and the latest ones."""
    times.append(moment)
    times.sort()
    if len(times) > _MOST:
        del times[_MOST // 2]


def remember_text(texts: list[TextSketch], text: TextSketch) -> None:
    """Keep a text's sketch if it can tell a reprint, up to the most that is remembered."""
    if text.hashes and len(texts) < _MOST_TEXTS:
        texts.append(text)


def remember_date(dates: list[DateSaid], date: DateSaid) -> None:
    """Keep each distinct event date once, as official if an official gave it."""
    for known in dates:
        if known.date == date.date:
            known.official = known.official or date.official
            known.confidence = max(known.confidence, date.confidence)
            return
    if len(dates) < _MOST:
        dates.append(date)


def _best_region(said: list[RegionSaid]) -> str | None:
    if not said:
        return None
    return min(said, key=lambda s: (-s.confidence, s.said_at, s.region)).region


def _span(dates: list[EventDate]) -> EventDate:
    start, end = min(d.start for d in dates), max(d.end for d in dates)
    if all(d == dates[0] for d in dates):
        return dates[0]
    precision = Precision.RANGE if start != end else Precision.DAY
    return EventDate(start=start, end=end, precision=precision)
