"""A disclosure in the reader's words: what every receiver shows, as clean plain text, not yet escaped."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

from processing.alert.scraped import clean, cut, safe_url, withhold_prisoners
from processing.config import HOME
from processing.models import (
    Attribution,
    DisclosureRecord,
    EventDate,
    Group,
    Measure,
    MeasureState,
    Novelty,
    OutletRef,
    PageRef,
    Precision,
    Qualifier,
    Quote,
    Scope,
)

TEMPLATES = Path(__file__).resolve().parent / "templates"
WORLD_NAMES = Path(__file__).resolve().parent.parent / "detect" / "world_names.txt"
QUOTE_LIMIT = 600
OUTLETS_SHOWN = 8
COLOURS = {  # of the kind, on light and on dark ground; contrast at least 4.5 : 1
    Novelty.NEW: ("#b3261e", "#ff8a80"),
    Novelty.UPDATE_UP: ("#8a4b00", "#ffb74d"),
    Novelty.UPDATE_DOWN: ("#8a4b00", "#ffb74d"),
}
OTHER_COLOURS = ("#5b3f99", "#c5a8ff")
Words = dict[str, Any]


@dataclass(frozen=True)
class CountLine:
    """`at least 14 killed (military)` and the words it rests on."""

    text: str
    raw: str


@dataclass(frozen=True)
class OutletLine:
    """Another outlet that carries the disclosure."""

    name: str
    url: str | None
    shown: str
    reprint: bool


@dataclass(frozen=True)
class View:
    """A record in the reader's words: clean plain text, not yet escaped."""

    subject: str
    kind: str
    headline: str
    headline_rest: str
    note: str
    counts: tuple[CountLine, ...]
    speaker: str
    through: str
    link: str | None
    link_shown: str
    quote: str
    quote_code: str
    quote_language: str
    event: str
    lag: str
    published: str
    seen: str
    page: PageRef | None
    outlets_line: str
    outlets: tuple[OutletLine, ...]
    hidden: int  # further outlets, not listed
    grade: str
    confidence: str
    why: str
    identity: str
    colour: str
    colour_dark: str


def headline(record: DisclosureRecord, lang: str = "en") -> str:
    """`NEW · Pskov region · at least 14 killed (military) in Belgorod region`."""
    words = words_of(lang)
    return f"{words['kinds'][record.novelty]} · {_headline_rest(record, words, lang)}"


def subject(record: DisclosureRecord, lang: str = "en") -> str:
    """`[Vigil] Pskov region – killed in Belgorod region (1f2e3d4c)`: the same for every version."""
    words = words_of(lang)
    region, place = _regions(record, words, lang)
    where = words["in_place"].format(place=place) if place else ""
    measure = words["measures"][_primary(record).measure]
    return f"[Vigil] {region} – {measure}{where} ({record.disclosure_id[:8]})"


def view_of(record: DisclosureRecord, words: Words, lang: str, timezone: str, reason: str) -> View:
    """The record for one route; `reason` is why the route sends it."""
    zone = zone_of(timezone)
    said = record.quote
    outlet, link = clean(said.outlet, 100), safe_url(said.url)
    shown, hidden = _outlets(record)
    rest = _headline_rest(record, words, lang)
    colours = COLOURS.get(record.novelty, OTHER_COLOURS)
    return View(
        subject=subject(record, lang),
        kind=words["kinds"][record.novelty],
        headline=f"{words['kinds'][record.novelty]} · {rest}",
        headline_rest=rest,
        note=words["retracted_note"] if record.novelty is Novelty.RETRACTION else "",
        counts=_counts(record, words),
        speaker=_speaker(said.attribution, words),
        through=outlet,
        link=link,
        link_shown=link or clean(said.url, 200),
        quote=_quote(record, words),
        quote_code=said.lang if said.lang and said.lang in words["languages"] else "",
        quote_language=_language(said.lang, words),
        event=_event(record.event_date, words),
        lag=_lag(record.lag_days, words),
        published=moment(said.published_at, said.precision, zone, words),
        seen=moment(said.first_seen_at, Precision.MINUTE, zone, words),
        page=said.page,
        outlets_line=_outlets_line(record, words),
        outlets=shown,
        hidden=hidden,
        grade=_grade(record.grade, words),
        confidence=f"{record.confidence:.0%} · {clean(record.confidence_reason, 300)}",
        why=clean(reason, 300) or "–",
        identity=f"{record.disclosure_id[:16]}, {words['labels']['version']} {record.version}",
        colour=colours[0],
        colour_dark=colours[1],
    )


def _headline_rest(record: DisclosureRecord, words: Words, lang: str) -> str:
    state = _primary(record)
    before = {s.measure: s for s in record.previous}.get(state.measure)
    number = _number(state, words)
    if record.novelty is Novelty.CONTESTED and state.low is not None and state.high not in (None, state.low):
        number = f"{state.low}–{state.high}"
    elif before and record.novelty is not Novelty.RETRACTION and _number(before, words) != number:
        number = f"{_number(before, words)} → {number}"
    count = words["count"].format(number=number, measure=words["measures"][state.measure])
    region, place = _regions(record, words, lang)
    where = words["in_place"].format(place=place) if place else ""
    return f"{region} · {count}{_group(record, words)}{where}"


def _primary(record: DisclosureRecord) -> MeasureState:
    """The figure the headline speaks of: the gravest that changed, else the gravest."""
    order = list(Measure)
    ranked = sorted(record.measures, key=lambda s: (s.measure not in record.changed, order.index(s.measure)))
    return ranked[0]


def _regions(record: DisclosureRecord, words: Words, lang: str) -> tuple[str, str]:
    """Region that leads the headline (origin, else place) and the place when it is another."""
    origin, place = (
        region_name(code, lang) if code else ""
        for code in (record.origin_region, record.place_region)
    )
    if not origin:
        return place or words["no_region"], ""
    return origin, place if place != origin else ""


def _group(record: DisclosureRecord, words: Words) -> str:
    parts = [] if record.group is Group.UNKNOWN else [words["groups"][record.group]]
    if record.scope is Scope.CUMULATIVE:
        parts.append(words["cumulative"])
    return f" ({', '.join(parts)})" if parts else ""


def _number(state: MeasureState, words: Words) -> str:
    """`at least 14`, `more than 13` (min 14), `up to 20`, `10–14`, `dozens`."""
    pattern: str = words["numbers"][state.qualifier]
    if state.qualifier is Qualifier.MORE_THAN:
        value = None if state.min is None else state.min - 1
    elif state.qualifier is Qualifier.UP_TO:
        value = state.max
    elif state.qualifier is Qualifier.AT_LEAST:
        value = state.min if state.min is not None else state.best
    else:
        value = next((n for n in (state.best, state.min, state.max) if n is not None), None)
        if state.min is not None and state.max is not None and state.min != state.max:
            return pattern.format(n=f"{state.min}–{state.max}")
    if value is None and "{n}" in pattern:
        pattern = words["numbers"][Qualifier.UNSPECIFIED]
    return pattern.format(n=value)


def _counts(record: DisclosureRecord, words: Words) -> tuple[CountLine, ...]:
    """One line a figure; a subset stands in the line of the figure it is part of, never by itself."""
    whole = {s.measure for s in record.measures}
    before = {s.measure: s for s in record.previous}
    lines = []
    for state in sorted(record.measures, key=lambda s: list(Measure).index(s.measure)):
        if state.subset_of in whole and state.subset_of != state.measure:
            continue
        parts = [_count(state, words["count"], words)]
        parts += [_count(s, words["subset"], words) for s in record.measures
                  if s.subset_of == state.measure and s.measure != state.measure]
        text = ", ".join(parts)
        notes = []
        old = before.get(state.measure)
        if state.measure in record.changed and old and _number(old, words) != _number(state, words):
            notes.append(words["was"].format(number=_number(old, words)))
        if span := _span(state, words):
            notes.append(span)
        lines.append(CountLine(text + (f" · {', '.join(notes)}" if notes else ""), _raw(state)))
    return tuple(lines)


def _count(state: MeasureState, pattern: str, words: Words) -> str:
    return pattern.format(number=_number(state, words), measure=words["measures"][state.measure])


def _span(state: MeasureState, words: Words) -> str:
    """What all reports together say, when they disagree."""
    if state.low is None or state.high is None or state.low == state.high:
        return ""
    if (state.low, state.high) == (state.min, state.max):
        return ""
    return str(words["reports"].format(low=state.low, high=state.high))


def _raw(state: MeasureState) -> str:
    """The phrase as written; not for prisoners, whose phrase may be a list of names."""
    if state.measure in (Measure.CAPTURED, Measure.EXCHANGED) and re.search(r"[A-ZА-ЯЁІЇЄҐ]", state.raw[1:]):
        return ""
    return f"«{clean(state.raw, 120)}»" if state.raw.strip() else ""


def _speaker(said: Attribution, words: Words) -> str:
    """`Arkady Lesovoy, governor (Government of Pskov region)`."""
    parts = [clean(part, 120) for part in (said.name, said.office) if part and part.strip()]
    institution = clean(said.institution or "", 120)
    if not parts:
        return institution or str(words["no_speaker"])
    return ", ".join(parts) + (f" ({institution})" if institution else "")


def _quote(record: DisclosureRecord, words: Words) -> str:
    said: Quote = record.quote
    text = clean(said.text, QUOTE_LIMIT)
    who = said.attribution
    codes = (record.origin_region, record.place_region)
    regions = [region_name(code, lang) for code in codes if code for lang in ("en", "ru", "uk")]
    known = [part for part in (who.name, who.office, who.institution, who.via, said.outlet, *regions) if part]
    return cut(withhold_prisoners(text, known, words["withheld"]), QUOTE_LIMIT)


def _language(code: str | None, words: Words) -> str:
    name = words["languages"].get(code or "", clean(code or "?", 10))
    return str(words["in_language"].format(language=name))


def _event(event: EventDate | None, words: Words) -> str:
    """The date with as much precision as the sources give."""
    if event is None or event.precision is Precision.UNKNOWN:
        return str(words["not_stated"])
    if event.precision is Precision.MONTH:
        return f"{words['months_alone'][event.start.month - 1]} {event.start.year} ({words['month_only']})"
    if event.start == event.end:
        return _day(event.start, words)
    begin, end = _day(event.start, words), _day(event.end, words)
    if (event.start.year, event.start.month) == (event.end.year, event.end.month):
        return f"{event.start.day}–{end} ({words['range']})"
    return f"{begin} – {end} ({words['range']})"


def _day(day: date, words: Words) -> str:
    return f"{day.day} {words['months'][day.month - 1]} {day.year}"


def _lag(days: int | None, words: Words) -> str:
    if days is None:
        return str(words["lag_unknown"])
    return str(words["lag_one"] if days == 1 else words["lag"].format(n=days))


def moment(when: datetime | None, precision: Precision, zone: ZoneInfo, words: Words) -> str:
    """`24 November 2026, 21:00 CET (20:00 UTC)`."""
    if when is None or precision is Precision.UNKNOWN:
        return str(words["not_known"])
    if precision is not Precision.MINUTE:
        return f"{_day(when.date(), words)} ({words['day_only']})"
    there, utc = when.astimezone(zone), when.astimezone(UTC)
    local = f"{_day(there.date(), words)}, {there:%H:%M %Z}"
    if there.utcoffset() == utc.utcoffset():
        return local if there.tzname() == "UTC" else f"{local} (= UTC)"
    day = "" if there.date() == utc.date() else f"{_day(utc.date(), words)}, "
    return f"{local} ({day}{utc:%H:%M} UTC)"


def _outlets(record: DisclosureRecord) -> tuple[tuple[OutletLine, ...], int]:
    """Other outlets than the quoted one, independent ones first, and how many are not shown."""
    others: dict[str, OutletRef] = {}
    for outlet in sorted(record.outlets, key=lambda o: not o.independent):
        if outlet.source != record.quote.source:
            others.setdefault(outlet.source, outlet)
    ranked = list(others.values())
    lines = []
    for other in ranked[:OUTLETS_SHOWN]:
        url = safe_url(other.url)
        shown = url or clean(other.url, 200)
        lines.append(OutletLine(clean(other.outlet, 80), url, shown, not other.independent))
    return tuple(lines), max(0, len(ranked) - OUTLETS_SHOWN)


def _outlets_line(record: DisclosureRecord, words: Words) -> str:
    reprints = sum(not o.independent for o in record.outlets)
    parts = [words["independent"].format(n=record.independent_sources)]
    return " · ".join(parts + ([words["reprints"].format(n=reprints)] if reprints else []))


def _grade(grade: str | None, words: Words) -> str:
    if not grade:
        return ""
    return f"{grade} ({words['grades'].get(grade[0], '?')}, {words['credibility'].get(grade[1:], '?')})"


@functools.cache
def _all_words() -> dict[str, Words]:
    loaded: dict[str, Words] = yaml.safe_load((TEMPLATES / "words.yaml").read_text(encoding="utf-8"))
    return loaded


def words_of(lang: str) -> Words:
    """The words of a route's language. An unknown language raises KeyError."""
    return _all_words()[lang]


@functools.cache
def region_names() -> dict[str, dict[str, str]]:
    """Display names of regions by ISO 3166-2 code and language."""
    rows = yaml.safe_load((HOME / "config" / "regions.yaml").read_text(encoding="utf-8"))
    return {row["code"]: row for row in rows}


@functools.cache
def _world_names() -> dict[str, dict[str, str]]:
    """The same for the rest of the world, where detection names a place but no region is tracked."""
    rows = (line.split("|") for line in WORLD_NAMES.read_text(encoding="utf-8").splitlines())
    return {code: {"code": code, "en": en, "ru": ru, "uk": uk} for code, en, ru, uk in rows}


def region_name(code: str, lang: str) -> str:
    """The name of a first-level unit anywhere; the code itself if nobody knows it."""
    known = region_names().get(code) or _world_names().get(code) or {}
    return known.get(lang, code)


def zone_of(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
