"""What is shown of the sources, and what their history proposes for their entries."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from processing.cli import main
from processing.config import Settings
from processing.ledger import Ledger
from processing.sources import Learnt, learn, propose, source_rows, write_expect
from scrapers.frontier import Changes, Day, Frontier, Gap, Health, Verdict
from scrapers.registry import Expect, RegistryError, load_registry

NOW = datetime(2026, 1, 30, 12, tzinfo=UTC)
ENTRIES = """\
# A comment that stays
- id: site-a  # the first
  name: A
  kind: feed
  url: https://a.example/rss
  lang: ru
  group: news
  grade: B2
  expect: {min_per_day: 0, max_per_day: 50}
- id: site-b
  name: B
  kind: telegram
  url: https://t.me/s/bbbb
  lang: uk
  group: channels
  grade: B2
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A registry of two sources and an empty ledger."""
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "xx.yaml").write_text(ENTRIES, encoding="utf-8")
    return Settings(
        config_file=tmp_path / "vigil.yaml", sources_dir=tmp_path / "sources",
        ledger_url=f"sqlite:///{tmp_path / 'ledger.sqlite'}", bucket="b", prefix="",
    )


def fill(settings: Settings) -> None:
    """Two weeks of site-a: nothing on one day, 4 to 16 on the others; site-b is new and has gaps."""
    since = NOW - timedelta(days=15)
    days = [
        Day("site-a", (NOW - timedelta(days=n)).date(), 4 + n, 3600, NOW) for n in range(15) if n != 7
    ]
    frontier = Frontier(settings.ledger_url)
    frontier.commit(Changes(
        health=[
            Health("site-a", Verdict.FRESH, NOW, NOW, NOW, NOW, since_at=since, next_poll_at=NOW + timedelta(hours=1)),
            Health("site-b", Verdict.BLOCKED, NOW, NOW, last_error="status 403", since_at=NOW - timedelta(days=2)),
        ],
        days=days,
        gaps={"site-b": [Gap("site-b", 5, 9, NOW, None)]},
    ), NOW)  # fmt: skip
    frontier.close()


def test_rows_tell_verdict_next_poll_and_posts_never_seen(settings: Settings) -> None:
    """One row for each source of the registry, crawled or not."""
    ledger = Ledger.open(settings.ledger_url)
    assert [(row.verdict, row.never_seen) for row in source_rows(settings, ledger)] == [(None, 0)] * 2
    fill(settings)
    a, b = source_rows(settings, ledger)
    assert (a.verdict, a.reason, a.next_poll_at, a.never_seen) == (Verdict.FRESH, "", NOW + timedelta(hours=1), 0)
    assert (b.verdict, b.reason, b.next_poll_at, b.never_seen) == (Verdict.BLOCKED, "status 403", None, 5)


def test_the_list_shows_them(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """`vigil sources list` has a line with verdict, gap and reason."""
    monkeypatch.setenv("VIGIL_SOURCES", str(settings.sources_dir))
    monkeypatch.setenv("VIGIL_LEDGER_URL", settings.ledger_url)
    monkeypatch.setenv("VIGIL_VAR", str(settings.config_file.parent))
    fill(settings)
    done = CliRunner().invoke(main, ["sources", "list"])
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert "fresh" in lines[0]
    assert "5 never seen" in lines[1]
    assert lines[1].endswith("status 403")


def test_expectations_are_learnt_from_whole_days(settings: Settings) -> None:
    """Half of the slowest day, twice the busiest, days without news included; not before a week has passed."""
    fill(settings)
    registry, frontier = load_registry(settings.sources_dir), Frontier(settings.ledger_url)
    (found,) = learn(registry, frontier, NOW)
    frontier.close()
    assert (found.source.id, found.days, found.lowest, found.highest) == ("site-a", 14, 0, 18)
    assert found.expect == Expect(min_per_day=0, max_per_day=36)
    source = registry["site-a"]
    busy = [Day("site-a", date(2026, 1, 29) - timedelta(days=n), 9, 1, NOW) for n in range(9)]
    learnt = propose(source, NOW - timedelta(days=9), busy, NOW)
    assert learnt is not None
    assert (learnt.days, learnt.expect) == (8, Expect(min_per_day=4, max_per_day=18))
    assert propose(source, NOW - timedelta(days=7), busy, NOW) is None
    assert propose(source, None, busy, NOW) is None


def test_proposals_are_written_into_the_entries_and_nowhere_else(settings: Settings) -> None:
    """One line is replaced or added; comments and order stay; the registry is valid afterwards."""
    registry = load_registry(settings.sources_dir)
    new = Expect(min_per_day=2, max_per_day=30)
    learnt = [Learnt(registry[name], 9, 4, 15, new) for name in ("site-a", "site-b")]
    assert [file.name for file in write_expect(settings.sources_dir, learnt)] == ["xx.yaml"]
    text = (settings.sources_dir / "xx.yaml").read_text(encoding="utf-8")
    line = "  expect: {min_per_day: 2, max_per_day: 30}\n"
    old = "  expect: {min_per_day: 0, max_per_day: 50}\n"
    assert text == ENTRIES.replace(old, line).replace("- id: site-b\n", "- id: site-b\n" + line)
    assert {source.expect for source in load_registry(settings.sources_dir).sources.values()} == {new}


def test_a_registry_that_would_be_spoilt_is_left_as_it_was(settings: Settings) -> None:
    """If the files are not valid with the proposals, none is changed."""
    registry = load_registry(settings.sources_dir)
    broken = ENTRIES + "- id: site-c\n  name: C\n"
    (settings.sources_dir / "xx.yaml").write_text(broken, encoding="utf-8")
    learnt = [Learnt(registry["site-a"], 9, 4, 15, Expect(min_per_day=2, max_per_day=30))]
    with pytest.raises(RegistryError):
        write_expect(settings.sources_dir, learnt)
    assert (settings.sources_dir / "xx.yaml").read_text(encoding="utf-8") == broken
