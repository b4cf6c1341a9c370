"""The crawl's memory: when to ask again, and that two crawls at once do it no harm."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scrapers.frontier import (
    Changes,
    DocState,
    Frontier,
    Gap,
    Health,
    PostState,
    UrlState,
    Verdict,
    next_due,
)

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.fixture
def frontier(tmp_path: Path) -> Iterator[Frontier]:
    made = Frontier(f"sqlite:///{tmp_path / 'f.sqlite'}")
    yield made
    made.close()


def test_known_articles_are_asked_again_ever_more_rarely() -> None:
    """Ten minutes, one hour, six hours, a day, three days after first seen, then no more."""
    asked, times = NOW, []
    while (due := next_due(NOW, asked)) is not None:
        times.append(due - NOW)
        asked = due
    assert times == [timedelta(minutes=10), *(timedelta(hours=h) for h in (1, 6, 24, 72))]
    assert next_due(NOW, NOW + timedelta(hours=30)) == NOW + timedelta(hours=72)


def test_a_page_that_could_not_be_read_is_not_given_up_after_three_days() -> None:
    """Its wall or outage may last longer: asked daily for two weeks. A page that is gone is not."""
    fifth = NOW + timedelta(days=5)
    assert next_due(NOW, fifth, "http_error: a wall instead of the page ('captcha')") == fifth + timedelta(days=1)
    assert next_due(NOW, NOW + timedelta(hours=2), "unreachable: timed out") == NOW + timedelta(hours=6)
    assert next_due(NOW, NOW + timedelta(days=14), "unreachable: timed out") is None
    assert next_due(NOW, fifth, "http_error: status 404") is None
    assert next_due(NOW, fifth) is None


def test_pages_never_asked_come_first(frontier: Frontier) -> None:
    """Due pages: unasked ones first, then the longest due; pages not due are left out."""
    hour = timedelta(hours=1)
    frontier.commit(Changes(urls=[
        UrlState("s", "http://e.org/asked", NOW, NOW - hour, NOW - hour),
        UrlState("s", "http://e.org/new", NOW, NOW),
        UrlState("s", "http://e.org/later", NOW, NOW + hour),
        UrlState("s", "http://e.org/done", NOW, None, NOW),
        UrlState("other", "http://e.org/new", NOW, NOW),
    ]), NOW)  # fmt: skip
    assert [state.url for state in frontier.due("s", NOW, 10)] == ["http://e.org/new", "http://e.org/asked"]
    assert len(frontier.due("s", NOW, 1)) == 1


def test_newer_knowledge_wins_and_first_seen_stays(frontier: Frontier) -> None:
    """Upserts keep the later ask and the earlier first sight, in whichever order they come."""
    early = UrlState("s", "u", NOW, NOW, NOW, "sha256:1", hint_title="first")
    late = UrlState(
        "s", "u", NOW + timedelta(hours=5), None, NOW + timedelta(hours=5), "sha256:2", hint_title="second"
    )
    for order in ([early, late], [late, early]):
        for state in order:
            frontier.commit(Changes(urls=[state]), NOW)
    kept = frontier.urls("s", ["u", "unknown"])["u"]
    assert (kept.digest, kept.first_seen_at, kept.hint_title) == ("sha256:2", NOW, "first")
    frontier.commit(
        Changes(urls=[UrlState("s", "u", NOW, NOW)]), NOW
    )  # found again by a crawl that did not ask it
    assert frontier.urls("s", ["u"])["u"].digest == "sha256:2"


def test_a_clock_that_ran_ahead_hides_nothing(frontier: Frontier) -> None:
    """What a crawl wrote with a date years ahead is asked at once, and the next crawl's word counts."""
    ahead = NOW + timedelta(days=1000)
    sick = Health("s", Verdict.FRESH, ahead, ahead, next_poll_at=ahead + timedelta(hours=1))
    gap = Gap("s", 5, 6, ahead, None)
    changes = Changes(
        docs=[DocState("s", "f", "old", None, ahead)],
        urls=[UrlState("s", "u", ahead, ahead, ahead, "old")],
        posts=[PostState("s", 1, "old", ahead, next_due_at=ahead)],
        hosts={"e.org": ahead},
        health=[sick],
        gaps={"s": [gap]},
    )
    frontier.commit(changes, ahead)
    assert frontier.resting(["s"], NOW) == set()
    assert frontier.held_hosts(NOW) == {}
    assert [state.url for state in frontier.due("s", NOW, 9)] == ["u"]
    assert frontier.posts_due("s", NOW) == [1]
    right = Changes(
        docs=[DocState("s", "f", "new", None, NOW)],
        urls=[UrlState("s", "u", NOW, None, NOW, "new")],
        posts=[PostState("s", 1, "new", NOW)],
        health=[Health("s", Verdict.BLOCKED, NOW, NOW)],
        gaps={"s": []},
    )
    frontier.commit(right, NOW)
    doc = frontier.doc("s", "f")
    assert doc is not None
    told = (doc.etag, frontier.urls("s", ["u"])["u"].digest, frontier.posts("s", 1, 1)[1].digest)
    assert told == ("new", "new", "new")
    assert frontier.health()["s"].verdict is Verdict.BLOCKED
    assert frontier.gaps() == []


def test_times_come_back_aware(frontier: Frontier) -> None:
    """Times are UTC with a zone, and naive ones are refused."""
    health = Health("s", Verdict.BLOCKED, NOW, NOW, last_error="status 403", consecutive_failures=2)
    frontier.commit(
        Changes(health=[health], hosts={"e.org": NOW + timedelta(hours=1)}, channels={"s": 9}), NOW
    )
    assert frontier.health() == {"s": health}
    assert frontier.held_hosts(NOW) == {"e.org": NOW + timedelta(hours=1)}
    assert frontier.held_hosts(NOW + timedelta(hours=2)) == {}
    assert (frontier.last_post_id("s"), frontier.last_post_id("t")) == (9, None)
    with pytest.raises(Exception, match="naive datetime"):
        frontier.commit(Changes(posts=[PostState("s", 1, "d", datetime(2026, 1, 2))]), NOW)  # noqa: DTZ001


def test_old_pages_are_forgotten(frontier: Frontier) -> None:
    """Pruning takes what is no longer asked and older than the given moment."""
    old = NOW - timedelta(days=100)
    urls = [UrlState("s", "old", old, None, old), UrlState("s", "due", old, NOW, old)]
    frontier.commit(Changes(urls=urls, posts=[PostState("s", 1, "d", old), PostState("s", 2, "d", NOW)]), NOW)
    assert frontier.prune(NOW - timedelta(days=90)) == 2
    assert list(frontier.urls("s", ["old", "due"])) == ["due"]


def _crawl(url: str, number: int, barrier: object) -> None:
    barrier.wait(60)  # type: ignore[attr-defined]
    frontier = Frontier(url)
    for step in range(5):
        at = NOW + timedelta(seconds=step)
        source, digest = f"s{number}", f"sha256:{step}"
        urls = [UrlState(source, f"http://e.org/{n}", NOW, None, at, digest) for n in range(100)]
        posts = [PostState("shared", n, str(step), at) for n in range(100)]
        frontier.commit(Changes(urls=urls, posts=posts), at)
    frontier.close()


def test_processes_that_start_at_once_share_one_memory(tmp_path: Path) -> None:
    """Four processes create the tables and write at the same moment; nothing is lost."""
    url = f"sqlite:///{tmp_path / 'f.sqlite'}"
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(4)
    processes = [spawn.Process(target=_crawl, args=(url, number, barrier)) for number in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    frontier = Frontier(url)
    for number in range(4):
        found = frontier.urls(f"s{number}", [f"http://e.org/{n}" for n in range(100)])
        assert {state.digest for state in found.values()} == {"sha256:4"}
        assert len(found) == 100
    assert {state.digest for state in frontier.posts("shared", 0, 99).values()} == {"4"}
    frontier.close()
