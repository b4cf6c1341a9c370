"""Who hears of a disclosure version, and the reason in words: also the reason for saying nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol

from processing.config import Operations, Route, VigilConfig
from processing.models import DisclosureRecord, Measure, Notice, Novelty, Precision

_AHEAD = timedelta(hours=24)  # a publication time further in the future than any time zone is no usable date

Verdict = Literal["send", "held", "suppressed", "unmatched"]


class Mute(Protocol):
    """A silence (processing.ledger.schema.Silence)."""

    @property
    def field(self) -> str:
        """region | source | disclosure"""

    @property
    def value(self) -> str:
        """The region, source or disclosure id."""

    @property
    def until(self) -> datetime:
        """When it ends."""

    @property
    def reason(self) -> str:
        """Why."""

    @property
    def author(self) -> str:
        """By whom."""


@dataclass(frozen=True)
class Decision:
    """What is done for one route. `verdict` tells held (a person decides) and unmatched (no business of this
    route) from suppressed."""

    send: bool
    reason: str
    verdict: Verdict


@dataclass(frozen=True)
class Target:
    """One address or channel of a receiver."""

    receiver: str
    kind: str
    target: str


def decide(
    record: DisclosureRecord, route: Route, config: VigilConfig, silences: Iterable[Mute], now: datetime,
    backfill: bool = False,
) -> Decision:
    """Whether a disclosure version goes out on a route. Pure: the same arguments give the same decision."""
    hits = _regions_hit(record, route, config)
    return (
        _not_its_business(record, route, hits)
        or _not_news(record, route)
        or _too_late(record, config, now, backfill)
        or _silenced(record, hits, silences, now)
        or _unsure(record, route)
        or Decision(True, f"sent: {_title(record, hits)}, confidence {record.confidence:.2f} ≥ "
                          f"{route.min_confidence:g}", "send")
    )


def decide_notice(
    notice: Notice, route: Route | Operations, config: VigilConfig, silences: Iterable[Mute], now: datetime
) -> Decision:
    """Whether a message about a source goes out on a route. Pure.

    Operations hear of every verdict that changes. Readers of a tracked region hear only that its official
    channel has fallen silent: that is news to them, a broken parser is not.
    """
    regions = {notice.region} if notice.region else set()
    if isinstance(route, Route):
        regions &= set(config.tracked_regions if route.regions == "tracked" else route.regions)
        if notice.kind != "silence" or not regions:
            return Decision(False, "suppressed: no official of a tracked region that fell silent", "unmatched")
    for mute in silences:
        by_source = (mute.field, mute.value) == ("source", notice.source)
        if mute.until > now and (by_source or (mute.field == "region" and mute.value in regions)):
            return _mute(mute)
    if notice.kind == "silence":
        return Decision(
            True, f"sent: official channel of {notice.region} silent for {notice.silent_hours:.0f} h, longer than "
                  f"three times its usual gap of {notice.usual_hours:.1f} h", "send",
        )
    return Decision(True, f"sent: verdict changed from {notice.before or 'none'} to {notice.verdict}", "send")


def targets(route: Route | Operations, config: VigilConfig) -> list[Target]:
    """Every address and channel of a route, each once, in the order of the configuration."""
    found: dict[tuple[str, str], Target] = {}
    for name in route.receivers:
        receiver = config.receivers[name]
        for address in (receiver.to if receiver.kind == "email" else (receiver.channel,)):
            found.setdefault((receiver.kind, address), Target(name, receiver.kind, address))
    return list(found.values())


def _regions_hit(record: DisclosureRecord, route: Route, config: VigilConfig) -> dict[str, str]:
    """Role -> region, for those of origin and place that the route wants."""
    wanted = config.tracked_regions if route.regions == "tracked" else route.regions
    roles = {"origin": record.origin_region, "place": record.place_region}
    return {role: region for role, region in roles.items() if region is not None and region in wanted}


def _not_its_business(record: DisclosureRecord, route: Route, hits: dict[str, str]) -> Decision | None:
    if not hits:
        said = ", ".join(f"{role} {region}" for role, region in
                         (("origin", record.origin_region), ("place", record.place_region)) if region)
        return Decision(False, f"suppressed: no tracked region ({said or 'none known'})", "unmatched")
    if record.group not in route.groups:
        return Decision(False, f"suppressed: {record.group} losses are not on this route", "unmatched")
    return None


def _not_news(record: DisclosureRecord, route: Route) -> Decision | None:
    if record.novelty not in route.novelties:
        return _suppressed(record.novelty.value.replace("_", " "))
    news = record.changed or tuple(state.measure for state in record.measures)
    if not set(news) & set(route.measures):
        return _suppressed(f"only {_listed(news)} changed; the route hears of {_listed(route.measures)}")
    return None


def _too_late(
    record: DisclosureRecord, config: VigilConfig, now: datetime, backfill: bool
) -> Decision | None:
    if backfill:
        return _suppressed("backfill")
    published = record.quote.published_at
    if published is None or record.quote.precision is Precision.UNKNOWN:
        return Decision(False, "held for review: no usable publication date", "held")
    if published - now > _AHEAD:
        said = _time(published)
        return Decision(False, f"held for review: publication date in the future ({said})", "held")
    # A bare day is counted from its end: the article may be as young as that.
    latest = published + timedelta(days=1) if record.quote.precision is Precision.DAY else published
    hours = config.windows.age_gate_hours
    if now - latest > timedelta(hours=hours):
        return _suppressed(f"article older than {hours:g} h (published {_time(published)})")
    return None


def _silenced(
    record: DisclosureRecord, hits: dict[str, str], silences: Iterable[Mute], now: datetime
) -> Decision | None:
    active = [mute for mute in silences if mute.until > now]
    whole = (("source", record.quote.source), ("disclosure", record.disclosure_id))
    for mute in active:
        if (mute.field, mute.value) in whole:
            return _mute(mute)
    by_region = {mute.value: mute for mute in active if mute.field == "region"}
    # Muting one region does not mute what another tracked region is concerned by.
    if all(region in by_region for region in hits.values()):
        return _mute(by_region[next(iter(hits.values()))])
    return None


def _mute(mute: Mute) -> Decision:
    return _suppressed(f"silenced until {_time(mute.until)} by {mute.author}: {mute.reason}")


def _unsure(record: DisclosureRecord, route: Route) -> Decision | None:
    if record.confidence >= route.min_confidence:
        return None
    reason = f"confidence {record.confidence:.2f} < {route.min_confidence:g} ({record.confidence_reason})"
    return Decision(False, f"held for review: {reason}", "held")


def _suppressed(why: str) -> Decision:
    return Decision(False, f"suppressed: {why}", "suppressed")


def _title(record: DisclosureRecord, hits: dict[str, str]) -> str:
    name = "NEW" if record.novelty is Novelty.NEW else record.novelty.value.replace("_", " ")
    roles: dict[str, list[str]] = {}
    for role, region in hits.items():
        roles.setdefault(region, []).append(role)
    return f"{name} for " + " and ".join(f"{region} ({', '.join(names)})" for region, names in roles.items())


def _listed(measures: Sequence[Measure]) -> str:
    return ", ".join(measure.value for measure in measures)


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
