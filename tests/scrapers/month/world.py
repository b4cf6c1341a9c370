"""The local web: sources, their articles and posts, and all that goes wrong, as a pure function of seed and time."""

from __future__ import annotations

import random
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property

from scrapers.frontier import Verdict

START = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BACKLOG = 5 * DAY  # what stands there when the crawl begins
SETTLE = 6 * HOUR  # at the end nothing new appears
ALBUM = 3  # pictures of an album
STYLES = (  # twenty kinds of source; the id of a source names its own
    "tg-official", "rss", "listing-css", "sitemap", "atom", "tg-outlet", "listing-auto", "rss-utm", "json",
    "sitemap-news", "tg-albums", "listing-mobile", "rss-cp1251", "sitemap-index", "rss-redirect", "tg-gaps",
    "rss-amp", "listing-press", "rss-undated", "sitemap-www",
)
EXPECTED: dict[str, set[Verdict]] = {
    "refused": {Verdict.UNREACHABLE},
    "reset": {Verdict.UNREACHABLE},
    "error500": {Verdict.UNREACHABLE},
    "robots503": {Verdict.UNREACHABLE, Verdict.BLOCKED},
    "forbidden": {Verdict.BLOCKED},
    "limited": {Verdict.BLOCKED},  # 429 with an hour of Retry-After
    "captcha": {Verdict.BLOCKED},  # status 200, on every address
    "pages-walled": {Verdict.BLOCKED},  # the same, but the feed stays free
    "new-list": {Verdict.BROKEN},  # the feed has become a web page, the listing has other markup
    "new-pages": {Verdict.BROKEN},  # articles are empty shells
    "moved": {Verdict.MISCONFIGURED},  # 404; of a channel: no preview any more
}
OF_PAGES = frozenset({"pages-walled", "new-pages"})  # seen only where an article is asked for
FOR_GOOD = ("charset", "redesign")
BLIPS = ("blip-html", "blip-cut", "blip-502")
SITE_TROUBLE = (
    "refused", "pages-walled", "new-list", "forbidden", "redesign", "burst", "new-pages", "error500", "charset",
    "captcha", "silent", "blip-html", "limited", "moved", "reset", "blip-cut", "robots503", "empty", "blip-502",
)
CHANNEL_TROUBLE = ("new-list", "silent", "captcha", "burst", "moved", "blip-html")
HOURS = {  # how long it lasts; the default is 10
    "pages-walled": 100, "new-list": 20, "new-pages": 40, "limited": 5, "charset": 24 * 60, "redesign": 24 * 60,
    "empty": 30, "silent": 24 * 8, "burst": 1, "refused": 14, "reset": 7, "captcha": 12,
}


@dataclass(frozen=True)
class Episode:
    """Something that is so from `start` until before `end`."""

    kind: str
    start: datetime
    end: datetime


@dataclass
class Item:
    """An article or a post. `contents[k]` is what it says from `changes[k]` on (the first: from its birth)."""

    number: int
    born: datetime
    changes: list[datetime] = field(default_factory=list)
    contents: list[int] = field(default_factory=list)
    gone: list[tuple[datetime, datetime]] = field(default_factory=list)  # taken down from, until
    ids: int = 1  # of an album: how many
    wordless: bool = False  # a picture: no document
    hidden: bool = False  # an id that never was public

    def there(self, at: datetime) -> bool:
        """Whether it can be read."""
        return self.born <= at and not self.hidden and not any(a <= at < b for a, b in self.gone)

    def content(self, at: datetime) -> int:
        """Which of its contents it shows."""
        return self.contents[max(0, bisect_right(self.changes, at) - 1)]


@dataclass
class Site:
    """One source of the world."""

    index: int
    style: str
    rate: float  # items a day
    size: int  # entries of its feed, links of its listing
    validators: str  # etag, modified or none
    noisy: bool  # pages differ at every look: counters, teasers
    items: list[Item]
    episodes: list[Episode]
    seed: int

    @property
    def id(self) -> str:
        """Source id."""
        return f"s{self.index:02d}-{self.style}"

    @property
    def is_channel(self) -> bool:
        """Whether it is on the host of all channels."""
        return self.style.startswith("tg-")

    @property
    def host(self) -> str:
        """Name of its host."""
        if self.style == "listing-auto":  # courlan knows no article on a domain that cannot be
            return f"s{self.index:02d}.example.org"
        return "tele.example" if self.is_channel else f"s{self.index:02d}.example"

    @property
    def channel(self) -> str:
        """Name of the channel."""
        return f"channel{self.index:02d}"

    @property
    def min_per_day(self) -> int:
        """What its registry entry expects."""
        return max(1, int(self.rate / 4))

    @property
    def pause(self) -> timedelta:
        """How long it may be without news by its registry entry."""
        return max(DAY, 3 * DAY / self.min_per_day)

    @cached_property
    def births(self) -> list[datetime]:
        """When the items appeared, in order."""
        return [item.born for item in self.items]

    @cached_property
    def by_number(self) -> dict[int, Item]:
        """Items by number."""
        return {item.number: item for item in self.items}

    def shown(self, at: datetime) -> list[Item]:
        """Items that can be read, newest first."""
        return [item for item in reversed(self.items[: bisect_right(self.births, at)]) if item.there(at)]

    def episode(self, at: datetime) -> Episode | None:
        """What is the matter now; of what lasts for good only while nothing else is."""
        now = [e for e in self.episodes if e.start <= at < e.end]
        return min(now, key=lambda e: e.end - e.start, default=None)

    def has(self, kind: str, at: datetime) -> bool:
        """Whether an episode of that kind is on, whatever else is."""
        return any(e.kind == kind and e.start <= at < e.end for e in self.episodes)


def dice(*key: object) -> random.Random:
    """Chance that is the same for the same key."""
    return random.Random("/".join(map(str, key)))  # noqa: S311 nothing secret


class World:
    """All sites. The same arguments give the same world."""

    def __init__(self, seed: int, sites: int, days: int, poll: timedelta = HOUR) -> None:
        self.seed, self.days, self.poll = seed, days, poll  # `poll`: between two runs of the schedule group
        self.end = START + days * DAY
        host_troubles = _channel_host(days)
        self.sites = [self._site(index, host_troubles) for index in range(sites)]
        self._by_host = {site.host: site for site in self.sites}

    def on_host(self, host: str) -> Site:
        """The site of a host; of the channels' host, one of them."""
        return self._by_host[host.removeprefix("www.").removeprefix("m.")]

    def _site(self, index: int, host_troubles: list[Episode]) -> Site:
        rng = dice(self.seed, index)
        style = STYLES[index % len(STYLES)]
        channel = style.startswith("tg-")
        rate = rng.choice((3, 5, 8, 14)) * (1.5 if channel else 1.0)
        episodes = _episodes(rng, index, channel, self.days, self.poll)
        if channel:
            episodes += host_troubles
        if style == "sitemap-www":  # half-way, the site moves to www.
            episodes.append(Episode("to-www", START + self.days * DAY / 2, self.end + DAY))
        items = _items(rng, style, rate, episodes, self.end)
        size = 20 if channel or index % 3 else 12
        return Site(
            index, style, rate, size, ("etag", "modified", "none")[rng.randrange(3)], index % 3 == 1, items, episodes,
            self.seed,
        )


def _channel_host(days: int) -> list[Episode]:
    """What happens to all channels at once."""
    if days < 10:
        return [Episode("limited", START + 20.3 * HOUR, START + 23 * HOUR)]
    return [
        Episode("limited", START + 4.3 * DAY, START + 4.3 * DAY + 4 * HOUR),
        Episode("refused", START + 12.6 * DAY, START + 12.6 * DAY + 9 * HOUR),
        Episode("error500", START + 25.2 * DAY, START + 25.2 * DAY + 3 * HOUR),
    ]


def _episodes(rng: random.Random, index: int, channel: bool, days: int, poll: timedelta) -> list[Episode]:
    kinds = CHANNEL_TROUBLE if channel else SITE_TROUBLE
    turn = index // 5 if channel else index - index // 5 - 1  # the how-manieth channel, or site
    if days < 10:  # one short trouble each
        kind = kinds[turn % len(kinds)]
        start = START + (30 + rng.random() * 5) * HOUR
        hours = HOURS.get(kind, 10)
        return [_episode(kind, start, hours if kind in FOR_GOOD else min(hours, 14), poll)]
    picks = [kinds[(turn + step) % len(kinds)] for step in (0, 7 if not channel else 2, 13 if not channel else 3)]
    found = []
    for kind, day in zip(picks, (5.5, 14.0, 21.0), strict=True):
        start = START + (day + 2 * rng.random()) * DAY
        found.append(_episode(kind, start, HOURS.get(kind, 10), poll))
    return found


def _episode(kind: str, start: datetime, hours: float, poll: timedelta) -> Episode:
    """A blip lasts as long as the time between two runs: one poll sees it, or none."""
    return Episode(kind, start, start + (poll if kind in BLIPS else hours * HOUR))


def _items(rng: random.Random, style: str, rate: float, episodes: list[Episode], end: datetime) -> list[Item]:
    channel = style.startswith("tg-")
    births = sorted(_births(rng, rate, episodes, end))
    items: list[Item] = []
    number = 100
    for born in births:
        number += 1
        item = Item(number, born)
        if channel and rng.random() < (0.15 if style == "tg-gaps" else 0.02):
            item.hidden = True
        if channel and rng.random() < (0.2 if style == "tg-albums" else 0.03):
            item.ids = ALBUM
            number += ALBUM - 1
        item.wordless = channel and rng.random() < 0.06
        _changes(rng, item, channel, end)
        items.append(item)
    return items


def _births(rng: random.Random, rate: float, episodes: list[Episode], end: datetime) -> list[datetime]:
    """Mostly by day, less at weekends, none while silent; in a burst ninety within the hour."""
    found, day = [], START - BACKLOG
    while day < end:
        busy = 0.6 if day.weekday() >= 5 else 1.0
        for _ in range(max(1, round(rng.gauss(rate * busy, rate * 0.25)))):
            hour = rng.triangular(3, 22, 10) if rng.random() < 0.9 else rng.uniform(0, 24)
            found.append(day + hour * HOUR)
        day += DAY
    for episode in episodes:
        if episode.kind in ("silent", "empty"):
            found = [at for at in found if not episode.start <= at < episode.end]
        if episode.kind == "burst":
            found += [episode.start + rng.random() * HOUR for _ in range(90)]
    return [at.replace(microsecond=0) for at in found if at < end - SETTLE]


def _changes(rng: random.Random, item: Item, channel: bool, end: datetime) -> None:
    """Edits (now and then back to what it said first), deletions, and coming back."""
    item.changes, item.contents = [item.born], [0]
    if rng.random() < 0.15:
        at = item.born
        for number in range(1, rng.choice((2, 2, 3, 4))):
            at += timedelta(minutes=rng.choice((4, 25, 90, 400, 1500)) * rng.uniform(0.7, 1.3))
            item.changes.append(at)
            item.contents.append(number)
        if len(item.contents) > 2 and rng.random() < 0.4:
            item.contents[-1] = item.contents[-3]
    if rng.random() < (0.06 if channel else 0.015):
        gone = item.born + rng.uniform(0.1, 60) * HOUR
        back = gone + rng.uniform(5, 30) * HOUR if rng.random() < 0.35 else end + 99 * DAY
        item.gone.append((gone, back))
