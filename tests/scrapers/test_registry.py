"""A wrong registry entry is told with file, entry, field and mend."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from scrapers.registry import RegistryError, Source, load_registry

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


@pytest.mark.parametrize(("change", "message"), [
    ("  selector: x\n", f"ru-x: selector: unknown key; remove it or use one of: {KNOWN}"),
    ("  region: RU-XXX\n",
     "ru-x: region: 'RU-XXX' is not in config/regions.yaml; use an ISO 3166-2 code such as RU-PSK"),
    ("  link_css: a\n", "ru-x: entry: link_css: only for kind `listing` (got "),
    ("  link_pattern: '['\n", "ru-x: link_pattern: not a regular expression: unterminated character set"),
    ("  robots: no\n", "ru-x: robots"),
    (GOOD, "ru-x: id: used twice; ids must be unique over all files"),
])  # fmt: skip
def test_fault_is_told(tmp_path: Path, change: str, message: str) -> None:
    """Unknown keys, unknown regions, misplaced and malformed values each have their message."""
    file = write(tmp_path, GOOD + change)
    with pytest.raises(RegistryError) as error:
        load_registry(tmp_path)
    assert str(error.value).startswith(f"{file}: {message}")


def test_unknown_key_and_region_word_for_word(tmp_path: Path) -> None:
    """All faults of a file are told at once."""
    file = write(tmp_path, GOOD.replace("grade: C3", "grade: C3\n  region: PSKOV") + "- id: ru-y\n")
    with pytest.raises(RegistryError) as error:
        load_registry(tmp_path)
    assert str(error.value).splitlines() == [
        f"{file}: ru-x: region: 'PSKOV' is not in config/regions.yaml; use an ISO 3166-2 code such as RU-PSK",
        *(
            f"{file}: ru-y: {name}: missing; add it"
            for name in ("name", "kind", "url", "lang", "group", "grade")
        ),
    ]


def test_broken_file_and_empty_folder(tmp_path: Path) -> None:
    """YAML that is none, and a folder without any."""
    with pytest.raises(RegistryError) as error:
        load_registry(tmp_path)
    assert (
        str(error.value) == f"{tmp_path}: no *.yaml file with sources; pass a folder such as config/sources"
    )
    file = write(tmp_path, "a: [")
    with pytest.raises(RegistryError, match="not valid YAML"):
        load_registry(tmp_path)
    write(tmp_path, "a: 1")
    with pytest.raises(RegistryError) as error:
        load_registry(tmp_path)
    assert str(error.value) == f"{file}: must be a list of sources (`- id: ...`)"


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
