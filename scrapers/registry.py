"""The registry of sources: every entry of config/sources/*.yaml, validated before any code sees it."""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, HttpUrl, ValidationError, model_validator

from scrapers.links import is_own


class RegistryError(Exception):
    """A source's YAML is wrong. The message names file and line, entry, field and mend."""


_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml where it was built in: ten times as fast


class _Loader(_SafeLoader):  # type: ignore[misc] # chosen at run time
    """A safe loader that takes a key given twice for the mistake it is; YAML would keep the last silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Raises ConstructorError at the second of two equal keys."""
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key is a plain word", key.start_mark)
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key.value!r} given twice", key.start_mark)
            seen.add(key.value)
        mapping: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return mapping


def _load(file: Path) -> Any:
    return yaml.load(file.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 a safe loader


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


def _css(value: str) -> str:
    import cssselect  # only entries with a rule need it

    try:
        cssselect.parse(value)
    except cssselect.SelectorError as error:
        raise ValueError(f"not a CSS selector: {error}") from None
    return value


def _no_secret(value: HttpUrl) -> HttpUrl:
    if value.username or value.password:  # it would stand in logs, messages and archives
        raise ValueError("must not hold a user or password")
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

    @model_validator(mode="after")
    def _in_order(self) -> Expect:
        if self.min_per_day > self.max_per_day:
            raise ValueError("min_per_day is above max_per_day")
        return self


class Confirmed(BaseModel):
    """Where the address was found to be the source's, so that the next reader can look it up again."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    by: Annotated[str, Field(min_length=10)]  # the public reference, or `vigil sources add` with what it saw
    date: dt.date  # when it was looked up
    as_of: dt.date | None = None  # when the reference itself had looked


class Source(BaseModel):
    """One site or channel. Its id is its metric label, its golden folder and its mapped task's label."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,62}$")]
    name: str  # the outlet, as readers know it
    kind: Literal["feed", "sitemap", "listing", "telegram"]
    url: Annotated[HttpUrl, AfterValidator(_no_secret)]
    # Further hosts whose pages are the source's own, names under them included. Without them only pages on
    # the registrable domain of `url` are; links to any other host are skipped and counted as `foreign`.
    hosts: tuple[Annotated[str, AfterValidator(_host)], ...] = ()
    lang: Literal["en", "ru", "uk"]
    group: str  # schedule group of config/vigil.yaml
    region: str | None = None  # ISO 3166-2 of the region it belongs to; none for national and foreign outlets
    covers: tuple[str, ...] = ()  # further regions that are an outlet's beat; only the coverage report reads it
    grade: Annotated[str, Field(pattern=r"^[A-F][1-6]$")]  # Admiralty
    publisher: str | None = None
    official: Official | None = None
    expect: Expect = Expect()
    link_css: Annotated[str, AfterValidator(_css)] | None = None  # listing: where the links to articles are
    link_pattern: Annotated[str, AfterValidator(_regex)] | None = None  # keep only article URLs that match
    next_css: Annotated[str, AfterValidator(_css)] | None = None  # listing: the next page's link; else rel=next
    list_pages: int = Field(1, ge=1, le=20)  # listing: most of its pages read in one crawl, while they bring new links
    render: bool = False  # pages need a browser; only with the `browser` extra
    max_pages: int = Field(40, ge=1, le=1000)  # most pages asked for in one crawl
    delay: float = Field(1.0, ge=0)  # seconds between requests to the host; robots' Crawl-delay may raise it
    robots: Literal["obey"] | Annotated[str, Field(pattern=r"^ignore: .{20,}$")] = (
        "obey"  # opting out needs a reason
    )
    enabled: bool = True
    confirmed: Confirmed | None = None
    note: str | None = None

    @model_validator(mode="after")
    def _kind_fits(self) -> Source:
        if self.kind == "telegram" and not re.search(r"/s/[A-Za-z0-9_]{3,}$", str(self.url)):
            raise ValueError(
                "url: a telegram source's url is that of the public preview, https://t.me/s/<channel>"
            )
        if self.kind != "listing" and self.link_css:
            raise ValueError("link_css: only for kind `listing`")
        if self.kind != "listing" and (self.next_css or self.list_pages > 1):
            raise ValueError("list_pages: only for kind `listing`")
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


@dataclass(frozen=True)
class _Entry:
    """One entry of a file with the place it stands at."""

    file: Path
    number: int  # from 1
    data: Any

    @property
    def label(self) -> str:
        found = self.data.get("id") if isinstance(self.data, dict) else None
        return str(found or f"entry {self.number}")

    def fault(self, text: str, *path: str | int) -> str:
        """A message that begins with file and line: of the field at `path`, or of the entry if it is not there."""
        return f"{self.file}:{_line(self.file, self.number, path)}: {self.label}: {text}"


def _line(file: Path, number: int, path: Iterable[str | int]) -> int:
    """Line of a field, from 1. Only called when something is wrong, so the file is read once more."""
    root: Any = yaml.compose(file.read_text(encoding="utf-8"), Loader=_SafeLoader)
    node = root.value[number - 1]
    line = node.start_mark.line
    for part in path:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == part), None)
        else:
            found = (node.value[part],) * 2 if isinstance(node, yaml.SequenceNode) and isinstance(part, int) else None
        if found is None:
            break
        line, node = found[0].start_mark.line, found[1]
    return int(line) + 1


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
        for entry in _entries(file, faults):
            try:
                source = Source.model_validate(entry.data)
            except ValidationError as error:
                faults.extend(_explain(entry, item) for item in error.errors())
                continue
            faults.extend(_strangers(entry, source, regions))
            if source.id in sources:
                faults.append(entry.fault("id: used twice; ids must be unique over all files", "id"))
            sources[source.id] = source
    if faults:
        raise RegistryError("\n".join(faults))
    return Registry(sources.values())


def _entries(file: Path, faults: list[str]) -> Iterator[_Entry]:
    try:
        entries = _load(file)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or " ".join(str(error).split())
        faults.append(f"{file}{line}: not valid YAML: {problem}")
        return
    if not isinstance(entries, list):
        faults.append(f"{file}:1: must be a list of sources (`- id: ...`)")
        return
    for number, data in enumerate(entries, 1):
        yield _Entry(file, number, data)


def _strangers(entry: _Entry, source: Source, regions: frozenset[str]) -> Iterator[str]:
    """Regions that the project's table does not have."""
    mend = "is not in config/regions.yaml; use an ISO 3166-2 code such as RU-PSK"
    if source.region is not None and source.region not in regions:
        yield entry.fault(f"region: {source.region!r} {mend}", "region")
    for number, code in enumerate(source.covers):
        if code not in regions:
            yield entry.fault(f"covers.{number}: {code!r} {mend}", "covers", number)


_MENDS = {
    "id": "lower-case letters, digits and '-', as in pskov-courier",
    "grade": "Admiralty: reliability A-F and credibility 1-6, as in B2",
    "robots": "`obey`, or `ignore: ` and a reason of at least 20 characters",
    "url": "write it whole, as in https://example.org/rss.xml",
    "group": "a schedule group of config/vigil.yaml",
    "official": "as in {office: governor, institution: Government of Pskov region}",
    "confirmed": "as in {by: where it was looked up, date: 2026-11-24}",
    "expect": "as in {min_per_day: 0, max_per_day: 80}",
}


def _explain(entry: _Entry, item: Any) -> str:
    path, text = item["loc"], str(item["msg"]).removeprefix("Value error, ")
    value, mend = item["input"], _MENDS.get(str(path[0])) if path else "an entry is a mapping (`- id: ...`)"
    if not path and text.partition(":")[0] in Source.model_fields:  # a rule over several fields names the one to mend
        path, text, mend = (text.partition(":")[0],), text.partition(": ")[2], None
        value = entry.data.get(path[0])
    field = ".".join(str(part) for part in path) or "entry"
    if item["type"] == "extra_forbidden":
        known = ", ".join(Source.model_fields if len(path) == 1 else _keys(path[0]))
        return entry.fault(f"{field}: unknown key; remove it or use one of: {known}", *path)
    if item["type"] == "missing":
        return entry.fault(f"{field}: missing; add it", *path)
    shown = re.sub("//[^/@]*@", "//***@", f"{value!r:.80}")
    return entry.fault(f"{field}: {text} (got {shown}){'; ' + mend if mend else ''}", *path)


def _keys(field: str) -> Iterable[str]:
    """Keys of a nested mapping."""
    models: dict[str, type[BaseModel]] = {"official": Official, "expect": Expect, "confirmed": Confirmed}
    return models[field].model_fields if field in models else ()
