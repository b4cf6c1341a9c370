"""How the sources fare, for showing; and what their history proposes for their registry entries."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from processing.config import Settings
from processing.ledger import Ledger
from processing.watch import verdicts
from scrapers.frontier import Day, Frontier, Health, Verdict
from scrapers.registry import Expect, Registry, RegistryError, Source, load_registry
from scrapers.rhythm import HISTORY

LEAST_LEARNT = 7  # whole days of history
FEWEST = 10  # a maximum is never proposed below this


@dataclass(frozen=True)
class SourceRow:
    """A source of the registry as it stands. What is None is not known, or was never."""

    source: Source
    verdict: Verdict | None  # None: not crawled yet
    reason: str
    last_success_at: datetime | None
    last_new_at: datetime | None
    next_poll_at: datetime | None  # None: at the next run of its group
    never_seen: int  # ids of the channel's posts that were looked for and never found


@dataclass(frozen=True)
class Learnt:
    """What a source's history proposes for `expect`."""

    source: Source
    days: int
    lowest: int
    highest: int
    expect: Expect

    @property
    def line(self) -> str:
        """As it stands in YAML."""
        return f"expect: {{min_per_day: {self.expect.min_per_day}, max_per_day: {self.expect.max_per_day}}}"


def source_rows(settings: Settings, ledger: Ledger) -> list[SourceRow]:
    """Every source of the registry, by id."""
    registry = load_registry(settings.sources_dir)
    frontier = Frontier(settings.ledger_url)
    try:
        health, dues, gaps = frontier.health(), frontier.next_dues(), frontier.missing_posts()
    finally:
        frontier.close()
    enabled = {name for name, source in registry.sources.items() if source.enabled}
    found = verdicts(ledger.engine, {name: row for name, row in health.items() if name in enabled})
    rows = []
    for name in sorted(registry.sources):
        row, told = health.get(name), found.get(name)
        rows.append(SourceRow(
            source=registry[name], verdict=told.verdict if told else None, reason=told.reason if told else "",
            last_success_at=row.last_success_at if row else None, last_new_at=row.last_new_at if row else None,
            next_poll_at=_next_poll(row, dues.get(name)), never_seen=gaps.get(name, 0),
        ))
    return rows


def _next_poll(row: Health | None, due: datetime | None) -> datetime | None:
    """When its turn comes, or a known page of it is due, whichever is sooner."""
    if row is None or row.next_poll_at is None:
        return None
    return min(row.next_poll_at, due) if due else row.next_poll_at


def learn(registry: Registry, frontier: Frontier, now: datetime) -> Iterator[Learnt]:
    """Proposals for the sources with a week of history whose entry says otherwise."""
    health = frontier.health(registry.sources)
    days = frontier.days(health, (now - HISTORY).date())
    for name in sorted(health):
        found = propose(registry[name], health[name].since_at, days.get(name, ()), now)
        if found is not None and found.expect != registry[name].expect:
            yield found


def propose(source: Source, since: datetime | None, days: Sequence[Day], now: datetime) -> Learnt | None:
    """Half of the slowest whole day of the last four weeks, and twice the busiest; None if there is no week yet.

    Days without news count as such; the day that counting began and today are not whole.
    """
    if since is None:
        return None
    first = max(since, now - HISTORY).date() + timedelta(days=1)
    whole = (now.date() - first).days
    if whole < LEAST_LEARNT:
        return None
    news = {day.day: day.news for day in days}
    counts = [news.get(first + timedelta(days=n), 0) for n in range(whole)]
    expect = Expect(min_per_day=min(counts) // 2, max_per_day=max(FEWEST, 2 * max(counts)))
    return Learnt(source, whole, min(counts), max(counts), expect)


def write_expect(folder: Path, learnt: Sequence[Learnt]) -> list[Path]:
    """Put the proposals into the registry's files; which were changed.

    Only the line `expect: {…}` of an entry is replaced, or one added after its id. If the registry is not valid
    afterwards, nothing is changed and RegistryError is raised.
    """
    wanted = {found.source.id: found for found in learnt}
    before: dict[Path, str] = {}
    for file in sorted(folder.glob("*.yaml")):
        text = file.read_text(encoding="utf-8")
        entries = re.split(r"(?m)^(?=- )", text)
        made = "".join(_with_expect(entry, wanted) for entry in entries)
        if made != text:
            before[file] = text
            file.write_text(made, encoding="utf-8")
    try:
        load_registry(folder)
    except RegistryError:
        for file, text in before.items():
            file.write_text(text, encoding="utf-8")
        raise
    return list(before)


def _with_expect(entry: str, wanted: dict[str, Learnt]) -> str:
    found = re.match(r"- id: ([a-z0-9-]+)[^\n]*\n", entry)
    if found is None or found[1] not in wanted:
        return entry
    line = f"  {wanted[found[1]].line}\n"
    made, count = re.subn(r"(?m)^  expect: \{[^{}\n]*\}[ \t]*\n", line, entry, count=1)
    if not count and re.search(r"(?m)^  expect:", entry):
        return entry  # written over several lines: by hand
    return made if count else found.group() + line + entry[found.end() :]
