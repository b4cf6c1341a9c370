"""The registry: a wrong entry is told with file, line, entry, field and mend; each shipped entry is looked at."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from scrapers.coverage import coverage
from scrapers.registry import Registry, RegistryError, Source, known_regions, load_registry

HOME = Path(__file__).resolve().parents[2]
SHIPPED = load_registry(HOME / "config" / "sources")

GOOD = """
- id: ru-x
  name: X
  kind: feed
  url: https://example.org/feed
  lang: ru
  group: news
  grade: C3
"""


def write(folder: Path, text: str) -> Path:
    (folder / "s.yaml").write_text(text, encoding="utf-8")
    return folder / "s.yaml"


def test_good_entry(tmp_path: Path) -> None:
    """The smallest entry is enough."""
    off = GOOD.replace("ru-x", "ru-off").rstrip() + "\n  enabled: false\n"
    write(tmp_path, GOOD + off)
    registry = load_registry(tmp_path)
    assert [source.id for source in registry.in_group("news")] == ["ru-x"]
    assert registry.groups() == ["news"]
    assert registry["ru-x"].delay == 1.0


KNOWN = ", ".join(Source.model_fields)
WHERE = "is not in config/regions.yaml; use an ISO 3166-2 code such as RU-PSK"


@pytest.mark.parametrize(("change", "message"), [
    ("  selector: x\n", f"9: ru-x: selector: unknown key; remove it or use one of: {KNOWN}"),
    ("  region: RU-XXX\n", f"9: ru-x: region: 'RU-XXX' {WHERE}"),
    ("  covers: [RU-PSK,\n    PSKOV]\n", f"10: ru-x: covers.1: 'PSKOV' {WHERE}"),
    ("  link_css: a\n", "9: ru-x: link_css: only for kind `listing` (got 'a')"),
    ("  link_pattern: '['\n", "9: ru-x: link_pattern: not a regular expression: unterminated character set"),
    ("  robots: no\n", "9: ru-x: robots"),
    ("  confirmed: {by: the site's own page, dat: 1}\n", "9: ru-x: confirmed.date: missing; add it"),
    ("  official: {office: mayor, sex: f}\n",
     "9: ru-x: official.sex: unknown key; remove it or use one of: office, person, institution"),
    ("  expect:\n    min_per_day: 0\n    max_per_day: 0\n",
     "11: ru-x: expect.max_per_day: Input should be greater than or equal to 1 (got 0); as in {min_per_day"),
    ("  expect: {min_per_day: 9, max_per_day: 2}\n", "9: ru-x: expect: min_per_day is above max_per_day"),
    ("  next_css: 'a[['\n", "9: ru-x: next_css: not a CSS selector: "),
    ("- [id]: ru-y\n", "9: not valid YAML: "),
    ("- {[1, 2]: ru-y}\n", "9: not valid YAML: a key is a plain word"),
    (GOOD.replace("https://", "https://user:word@"),
     "13: ru-x: url: must not hold a user or password (got 'https://***@example.org/feed')"),
    (GOOD, "10: ru-x: id: used twice; ids must be unique over all files"),
    ("- just a line\n", "9: entry 2: entry: "),
    ("  lang: uk\n", "9: not valid YAML: key 'lang' given twice"),
    ("  hosts: [\n", "10: not valid YAML: did not find expected node content"),
])  # fmt: skip
def test_fault_is_told(tmp_path: Path, change: str, message: str) -> None:
    """Unknown keys and regions, misplaced, doubled and malformed values each have their message and their line."""
    file = write(tmp_path, GOOD + change)
    with pytest.raises(RegistryError) as error:
        load_registry(tmp_path)
    assert str(error.value).startswith(f"{file}:{message}")


def test_all_faults_at_once_word_for_word(tmp_path: Path) -> None:
    """All faults of a file are told, in its order; a field that is not there is told at its entry's first line."""
    file = write(tmp_path, GOOD.replace("grade: C3", "grade: C3\n  region: PSKOV") + "- id: ru-y\n")
    with pytest.raises(RegistryError) as error:
        load_registry(tmp_path)
    assert str(error.value).splitlines() == [
        f"{file}:9: ru-x: region: 'PSKOV' {WHERE}",
        *(f"{file}:10: ru-y: {name}: missing; add it" for name in ("name", "kind", "url", "lang", "group", "grade")),
    ]


def test_broken_file_and_empty_folder(tmp_path: Path) -> None:
    """YAML that is none, and a folder without any."""
    with pytest.raises(RegistryError) as error:
        load_registry(tmp_path)
    assert (
        str(error.value) == f"{tmp_path}: no *.yaml file with sources; pass a folder such as config/sources"
    )
    file = write(tmp_path, "a: 1")
    with pytest.raises(RegistryError) as error:
        load_registry(tmp_path)
    assert str(error.value) == f"{file}:1: must be a list of sources (`- id: ...`)"
    file.write_bytes(b"- id: \xff\n")
    with pytest.raises(RegistryError, match="not valid YAML"):
        load_registry(tmp_path)


@pytest.mark.parametrize("source_id", sorted(SHIPPED.sources))
def test_shipped_source(source_id: str) -> None:
    """Every entry says where and when it was confirmed, has a group that exists, bounds, and its region's language."""
    source = SHIPPED[source_id]
    groups = yaml.safe_load((HOME / "config" / "vigil.yaml").read_text(encoding="utf-8"))["groups"]
    assert source.group in groups
    assert source.confirmed is not None, "add confirmed: {by: ..., date: ...}"
    assert (source.confirmed.as_of or source.confirmed.date) <= source.confirmed.date <= dt.datetime.now(dt.UTC).date()
    assert source.expect.min_per_day < source.expect.max_per_day
    assert source.owns(str(source.url))
    if source.official:
        assert source.region, "an official channel belongs to a region"
        assert not source.covers, "an official channel speaks for its own region only"
    if source.kind == "telegram":
        assert source.url.host == "t.me"
    if source.region and source.official:
        abroad = source.id.endswith("-occupation")  # the one case in which a region's channel is not in its language
        assert source.lang == {"RU": "ru", "UA": "ru" if abroad else "uk"}[source.region[:2]]


def test_no_address_is_asked_twice() -> None:
    """Two ids with one address would be crawled twice, and one outlet would corroborate itself."""
    urls = [str(source.url).rstrip("/").lower() for source in SHIPPED.sources.values()]
    assert sorted(url for url in urls if urls.count(url) > 1) == []


def test_every_region_has_an_official_channel_and_an_outlet() -> None:
    """A floor under the coverage that the README states."""
    found = coverage(SHIPPED, known_regions(HOME / "config" / "regions.yaml"))
    assert [region.code for region in found if not region.officials] == []
    assert sum(region.whole for region in found) == len(found)


def test_the_whole_registry_is_few_crawl_tasks() -> None:
    """Hundreds of sources are a handful of Scrapy processes a round, not one each."""
    groups = yaml.safe_load((HOME / "config" / "vigil.yaml").read_text(encoding="utf-8"))["groups"]
    tasks = {name: -(-len(SHIPPED.in_group(name)) // groups[name]["batch_size"]) for name in SHIPPED.groups()}
    assert sum(tasks.values()) <= 12
    assert max(tasks.values()) <= 4


def test_coverage_counts_the_enabled() -> None:
    """A source counts for its region and those it covers, as an official or an outlet, while it is switched on."""
    base = {"name": "n", "kind": "feed", "lang": "ru", "group": "g", "grade": "A1"}
    entries = [
        {"id": "gov", "url": "http://a.example/", "region": "RU-PSK", "official": {"office": "governor"}},
        {"id": "paper", "url": "http://b.example/", "region": "RU-NGR", "covers": ["RU-PSK"]},
        {"id": "off", "url": "http://c.example/", "region": "RU-TVE", "enabled": False},
        {"id": "national", "url": "http://d.example/"},
    ]
    found = coverage(Registry(Source.model_validate(base | e) for e in entries), ["RU-TVE", "RU-PSK", "RU-NGR"])
    assert [(r.code, r.officials, r.outlets, r.whole, r.missing) for r in found] == [
        ("RU-NGR", (), ("paper",), False, "official channel"),
        ("RU-PSK", ("gov",), ("paper",), True, ""),
        ("RU-TVE", (), (), False, "official channel and outlet"),
    ]


@pytest.mark.parametrize(
    ("home", "hosts", "own", "foreign"),
    [
        (
            "https://gov.example/news/",
            (),
            "https://www.gov.example/a http://press.gov.example:8080/ https://gov.example./x",
            "https://ads.evil.test/x https://gov.example.evil.test/ https://evilgov.example/ http://127.0.0.1/ http://[",
        ),
        (
            "https://feeds.bbci.co.uk/russian/rss.xml",
            ("www.BBC.com", "bbc.co.uk"),
            "https://www.bbc.com/a https://news.bbc.co.uk/1 https://bbci.co.uk/",
            "https://evil.co.uk/ https://bbc.com/ https://xwww.bbc.com/",
        ),
        ("http://127.0.0.1:8765/rss.xml", (), "http://127.0.0.1:8765/a", "http://127.0.0.1:9/ https://127.0.0.1/"),
        ("http://127.0.0.1:1/", ("127.0.0.1:9",), "http://127.0.0.1:9/a", "http://127.0.0.1:8/"),
        ("https://one.blogspot.com/", (), "https://one.blogspot.com/a", "https://two.blogspot.com/a"),
        ("https://гов.рф/", ("пресса.рф",), "https://www.xn--b1ab7a.xn--p1ai/ https://xn--80aj3aega.xn--p1ai/", ""),
    ],
)
def test_own_hosts(home: str, hosts: tuple[str, ...], own: str, foreign: str) -> None:
    """Pages on the registrable domain and on the listed hosts are the source's own; nothing else is."""
    source = Source.model_validate(
        {"id": "s-1", "name": "n", "kind": "feed", "url": home, "lang": "ru", "group": "g", "grade": "A1",
         "hosts": hosts}
    )  # fmt: skip
    assert [url for url in own.split() if not source.owns(url)] == []
    assert [url for url in foreign.split() if source.owns(url)] == []


@pytest.mark.parametrize("host", ["https://a.example", "a.example/x", "", "a b", "*.example", "a..b"])
def test_hosts_are_names(host: str) -> None:
    """Anything but a host name is refused, with the mend."""
    entry = {"id": "s-1", "name": "n", "kind": "feed", "url": "http://e.org", "lang": "ru", "group": "g", "grade": "A1"}
    with pytest.raises(ValidationError, match="write it as in"):
        Source.model_validate({**entry, "hosts": [host]})
