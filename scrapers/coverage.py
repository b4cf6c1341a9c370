"""Which regions the registry hears: an official channel of the region, and an outlet whose beat it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from scrapers.registry import Registry, Source


@dataclass(frozen=True)
class RegionCoverage:
    """The enabled sources of one region, by id. `officials` speak for it, `outlets` report on it."""

    code: str
    officials: tuple[str, ...]
    outlets: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Whether there is at least one of each."""
        return bool(self.officials and self.outlets)

    @property
    def missing(self) -> str:
        """What is not there, in words; empty if nothing."""
        lacks = [name for name, ids in (("official channel", self.officials), ("outlet", self.outlets)) if not ids]
        return " and ".join(lacks)


def coverage(registry: Registry, regions: Iterable[str]) -> list[RegionCoverage]:
    """Coverage of each region, by code. A source counts for its region and those it `covers`."""
    enabled = sorted((s for s in registry.sources.values() if s.enabled), key=lambda s: s.id)
    return [
        RegionCoverage(
            code,
            tuple(s.id for s in enabled if s.official and s.region == code),
            tuple(s.id for s in enabled if not s.official and _reports_on(s, code)),
        )
        for code in sorted(regions)
    ]


def _reports_on(source: Source, code: str) -> bool:
    return source.region == code or code in source.covers
