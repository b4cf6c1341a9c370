"""A registry entry for review, made of what an inspection saw and what the operator says. Knows no network."""

from __future__ import annotations

import datetime as dt
import math
import re
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict

from scrapers.registry import RegistryError, load_registry

Lang = Literal["en", "ru", "uk"]
Kind = Literal["feed", "sitemap", "listing", "telegram"]


class Way(BaseModel):
    """A way to a site's articles, and what stood there when it was asked."""

    model_config = ConfigDict(frozen=True)
    kind: Kind
    url: str
    links: int  # articles or posts that it lists
    own: int  # of these, on the way's own site
    hosts: tuple[str, ...] = ()  # the others' hosts, the commonest first
    newest: dt.datetime | None = None  # aware UTC
    per_day: float | None = None  # articles a day over the span of the dated ones
    declared: bool = False  # named by the site or the caller, not guessed


class Inspection(BaseModel):
    """What was found at an address. `ways` begins with the best."""

    url: str
    title: str | None = None
    lang: Lang | None = None
    ways: tuple[Way, ...] = ()
    channels: tuple[str, ...] = ()  # Telegram channels that the page links
    faults: tuple[str, ...] = ()  # what could not be read, and why


class IncompleteError(Exception):
    """The inspection and the operator together do not say enough. The message names the option to give."""


def choose(found: Inspection, kind: str | None) -> Way:
    """The best way, of `kind` if given. Raises IncompleteError."""
    ways = [way for way in found.ways if way.links and kind in (None, way.kind)]
    if not ways:
        saw = "; ".join(found.faults) or "it was read, but nothing of that kind is on it"
        raise IncompleteError(f"{found.url}: no {kind or 'feed, sitemap, list of articles or channel'} found ({saw})")
    return ways[0]


def compose(found: Inspection, way: Way, said: dict[str, Any], today: dt.date) -> dict[str, Any]:
    """The entry. `said` overrides what was seen: id, name, lang, group, grade, region, hosts, office, person.

    Raises IncompleteError if name or language were neither seen nor said.
    """
    official = {key: said[key] for key in ("office", "person", "institution") if said.get(key)}
    entry: dict[str, Any] = {
        "id": said.get("id") or entry_id(way),
        "name": said.get("name") or found.title,
        "kind": way.kind,
        "url": way.url,
        "lang": said.get("lang") or found.lang,
    }
    for field in ("name", "lang"):
        if not entry[field]:
            raise IncompleteError(f"{found.url}: {field} was not recognised; give --{field}")
    if said.get("region"):
        entry["region"] = said["region"]
    local = "regional" if said.get("region") else "news"
    entry["group"] = said.get("group") or (
        "official" if official else "channels" if way.kind == "telegram" else local
    )
    entry["grade"] = said.get("grade") or ("B2" if official else "C3")
    if official:
        entry["official"] = official
    if said.get("hosts"):
        entry["hosts"] = list(said["hosts"])
    entry["expect"] = expected(way)
    entry["confirmed"] = {"by": f"vigil sources add: {summary(way)}", "date": today}
    return entry


def entry_id(way: Way) -> str:
    """`tg-<channel>` or the host without www, in the characters of an id."""
    parts = urlsplit(way.url)
    name = f"tg-{parts.path.rsplit('/', 1)[-1]}" if way.kind == "telegram" else (parts.hostname or "")
    name = re.sub(r"^(www|rss|feeds?)\.", "", name.lower())
    return re.sub(r"[^a-z0-9]+", "-", name).strip("-")[:60]


def expected(way: Way) -> dict[str, int]:
    """Bounds of a day, wide: a tenth and ten times of what the dates show; without dates the widest."""
    if way.per_day is None:
        return {"min_per_day": 0, "max_per_day": 500}
    return {"min_per_day": math.floor(way.per_day / 10), "max_per_day": max(20, math.ceil(way.per_day * 10))}


def summary(way: Way) -> str:
    """What stood there, in a line: the snapshot that a later look can be compared with."""
    newest = f", newest {way.newest:%Y-%m-%d %H:%M} UTC" if way.newest else ""
    return f"{way.kind} of {way.links} links, {way.own} own{newest}"


def default_file(entry: dict[str, Any]) -> str:
    """The registry file by the project's naming: <cc>-official, <cc>-regional or <cc>-outlets."""
    country = {"RU": "ru", "UA": "ua"}.get(str(entry.get("region", ""))[:2])
    if country:
        return f"{country}-{'official' if 'official' in entry else 'regional'}.yaml"
    return {"ru": "ru-outlets.yaml", "uk": "ua-outlets.yaml"}.get(entry["lang"], "intl-outlets.yaml")


def append(file: Path, entry: dict[str, Any]) -> str:
    """Add the entry to the end of a registry file; the text added. Raises RegistryError, with nothing changed then."""
    text = yaml.safe_dump([entry], allow_unicode=True, sort_keys=False, default_flow_style=None, width=400)
    before = file.read_text(encoding="utf-8") if file.exists() else None
    gap = "" if not before or before.endswith("\n") else "\n"
    file.write_text((before or "") + gap + text, encoding="utf-8")
    try:
        load_registry(file.parent)
    except RegistryError:
        if before is None:
            file.unlink()
        else:
            file.write_text(before, encoding="utf-8")
        raise
    return text
