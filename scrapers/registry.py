"""The registry of sources: every entry of config/sources/*.yaml, validated before any code sees it."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, HttpUrl, ValidationError, model_validator

from scrapers.links import is_own


class RegistryError(Exception):
    """A source's YAML is wrong. The message names the file, the entry, the field and the mend."""


def _load(file: Path) -> Any:
    """A YAML file, by libyaml where it was built in (ten times as fast)."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(file.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 both are safe loaders


@functools.cache
def known_regions(path: Path) -> frozenset[str]:
    """ISO 3166-2 codes listed in config/regions.yaml."""
    return frozenset(row["code"] for row in _load(path))


def _regex(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    return value


def _host(value: str) -> str:
    try:
        host = value.strip().lower().rstrip(".").encode("idna").decode("ascii")
    except UnicodeError:
        host = ""
    if not re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*(:\d{1,5})?", host):
        raise ValueError("not a host name; write it as in www.example.org, without scheme and path")
    return host


class Official(BaseModel):
    """The office, and the person where public, whose own channel the source is."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    office: str
    person: str | None = None
    institution: str | None = None


class Expect(BaseModel):
    """Pages a day the source usually publishes; outside the bounds it counts as broken or flooding."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    min_per_day: int = Field(0, ge=0)
    max_per_day: int = Field(500, ge=1)


class Source(BaseModel):
    """One site or channel. Its id is its metric label, its golden folder and its mapped task's label."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,62}$")]
    name: str  # the outlet, as readers know it
    kind: Literal["feed", "sitemap", "listing", "telegram"]
    url: HttpUrl
    # Further hosts whose pages are the source's own, names under them included. Without them only pages on
    # the registrable domain of `url` are; links to any other host are skipped and counted as `foreign`.
    hosts: tuple[Annotated[str, AfterValidator(_host)], ...] = ()
    lang: Literal["en", "ru", "uk"]
    group: str  # schedule group of config/vigil.yaml
    region: str | None = None  # ISO 3166-2 of the region it belongs to; none for national and foreign outlets
    grade: Annotated[str, Field(pattern=r"^[A-F][1-6]$")]  # Admiralty
    publisher: str | None = None
    official: Official | None = None
    expect: Expect = Expect()
    link_css: str | None = None  # listing: where the links to articles are
    link_pattern: Annotated[str, AfterValidator(_regex)] | None = None  # keep only article URLs that match
    max_pages: int = Field(40, ge=1, le=1000)  # most pages asked for in one crawl
    delay: float = Field(1.0, ge=0)  # seconds between requests to the host; robots' Crawl-delay may raise it
    robots: Literal["obey"] | Annotated[str, Field(pattern=r"^ignore: .{20,}$")] = (
        "obey"  # opting out needs a reason
    )
    enabled: bool = True
    note: str | None = None

    @model_validator(mode="after")
    def _kind_fits(self) -> Source:
        if self.kind == "telegram" and not re.search(r"/s/[A-Za-z0-9_]{3,}$", str(self.url)):
            raise ValueError(
                "url: a telegram source's url is that of the public preview, https://t.me/s/<channel>"
            )
        if self.kind != "listing" and self.link_css:
            raise ValueError("link_css: only for kind `listing`")
        return self

    def owns(self, url: str) -> bool:
        """Whether a page at `url` is the source's own word."""
        return is_own(url, str(self.url), self.hosts)

    @property
    def channel(self) -> str | None:
        """Name of the Telegram channel."""
        return str(self.url).rstrip("/").rsplit("/", 1)[-1] if self.kind == "telegram" else None


class Registry:
    """All sources of a folder, by id."""

    def __init__(self, sources: Iterable[Source]) -> None:
        self.sources = {source.id: source for source in sources}

    def __getitem__(self, source_id: str) -> Source:
        return self.sources[source_id]

    def in_group(self, group: str) -> list[Source]:
        """Enabled sources of one schedule group, by id."""
        return sorted(
            (s for s in self.sources.values() if s.group == group and s.enabled), key=lambda s: s.id
        )

    def groups(self) -> list[str]:
        """Schedule groups that have an enabled source."""
        return sorted({s.group for s in self.sources.values() if s.enabled})


def load_registry(folder: Path, regions_file: Path | None = None) -> Registry:
    """Read and validate every *.yaml of `folder`. Raises RegistryError listing every fault found.

    `regions_file` defaults to config/regions.yaml of the project.
    """
    regions = known_regions(regions_file or Path(__file__).parent.parent / "config" / "regions.yaml")
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise RegistryError(f"{folder}: no *.yaml file with sources; pass a folder such as config/sources")
    faults: list[str] = []
    sources: dict[str, Source] = {}
    for file in files:
        try:
            entries = _load(file)
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            faults.append(f"{file}: not valid YAML: {' '.join(str(error).split())}")
            continue
        if not isinstance(entries, list):
            faults.append(f"{file}: must be a list of sources (`- id: ...`)")
            continue
        for number, entry in enumerate(entries, 1):
            label = entry.get("id", f"entry {number}") if isinstance(entry, dict) else f"entry {number}"
            try:
                source = Source.model_validate(entry)
            except ValidationError as error:
                faults.extend(f"{file}: {label}: {_explain(item)}" for item in error.errors())
                continue
            if source.region is not None and source.region not in regions:
                faults.append(
                    f"{file}: {label}: region: {source.region!r} is not in config/regions.yaml; "
                    "use an ISO 3166-2 code such as RU-PSK"
                )
            if source.id in sources:
                faults.append(f"{file}: {label}: id: used twice; ids must be unique over all files")
            sources[source.id] = source
    if faults:
        raise RegistryError("\n".join(faults))
    return Registry(sources.values())


def _explain(item: Any) -> str:
    field = ".".join(str(part) for part in item["loc"]) or "entry"
    if item["type"] == "extra_forbidden":
        known = ", ".join(Source.model_fields)
        return f"{field}: unknown key; remove it or use one of: {known}"
    if item["type"] == "missing":
        return f"{field}: missing; add it"
    return f"{field}: {item['msg'].removeprefix('Value error, ')} (got {item['input']!r:.80})"
