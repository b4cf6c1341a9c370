"""A wrong registry entry is told with file, entry, field and mend."""

from __future__ import annotations

from pathlib import Path

import pytest

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
