"""The verdict on a source from a crawl and its own history, and when it is asked again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scrapers.frontier import Changes, Day, Frontier, Gap, Health, PostState, UrlState, Verdict
from scrapers.handover import Disposition
from scrapers.health import judge, news_of
from scrapers.registry import Source
from scrapers.rhythm import patience, usual_gap
from scrapers.spiders.base import Report
from scrapers.walls import lists_nothing, wall_in
from tests.scrapers.conftest import Crawler, Reply, Site

NOW = datetime(2026, 1, 30, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
FEED = Report(status=200, links=10)
BROKEN = (Verdict.BROKEN, "not a feed")


def source(**more: Any) -> Source:
    """A feed."""
    return Source.model_validate({
        "id": "site", "name": "n", "kind": "feed", "url": "https://e.org/rss", "lang": "ru", "group": "news",
        "grade": "B2", **more,
    })


def crawls(*reports: Report, every: timedelta = HOUR, days: tuple[Day, ...] = ()) -> list[Verdict]:
    """Verdicts of one crawl after the other, of a source that has been well for long."""
    health = Health("site", Verdict.FRESH, NOW, NOW, NOW, NOW, ever_linked=True, last_links=10, since_at=NOW)
    found, now = [], NOW
    for report in reports:
        now += every
        health = judge(source(), report, health, now, days) or health
        found.append(health.verdict)
    return found


def failed(reason: str, pages: int, disposition: Disposition = Disposition.HTTP_ERROR) -> Report:
    """A crawl of which all pages failed."""
    return Report(
        status=304, links=0, asked=pages, failed=Counter({disposition.value: pages}), reasons=Counter({reason: pages})
    )


@pytest.mark.parametrize(
    ("reports", "verdicts"),
    [
        ((Report(status=200, fault=BROKEN), FEED), "fresh fresh"),
        ((Report(status=200, fault=BROKEN), Report(status=200, fault=BROKEN), FEED), "fresh broken fresh"),
        ((Report(status=404, fault=(Verdict.MISCONFIGURED, "status 404")),) * 2, "fresh misconfigured"),
        ((Report(status=200),) * 2, "fresh broken"),  # no links, where there were
        ((Report(status=200, empty=True),) * 3, "fresh fresh fresh"),  # a feed without entries says nothing
        ((Report(status=503, fault=(Verdict.UNREACHABLE, "status 503")), FEED), "unreachable fresh"),
        ((Report(status=403, fault=(Verdict.BLOCKED, "status 403")),), "blocked"),
        ((failed("status 404", 1),) * 4, "fresh fresh fresh fresh"),  # articles that were taken down
        ((failed("status 500", 2), FEED), "fresh fresh"),
        ((failed("status 500", 2),) * 2, "fresh unreachable"),
        ((failed("status 403", 1),) * 2, "fresh blocked"),
        ((failed("a wall instead of the page ('captcha')", 2),) * 2, "fresh blocked"),
        ((failed("more than 10 bytes", 2, Disposition.TOO_LARGE),) * 2, "fresh broken"),
        # pages that failed, and since then none was asked for: still so
        ((failed("status 403", 1), failed("status 403", 1), Report(status=304)), "fresh blocked blocked"),
        # a crawl that asks for no page between two whose pages failed refutes nothing
        ((failed("status 403", 1), Report(status=304), failed("status 403", 1)), "fresh fresh blocked"),
        ((failed("status 403", 1), Report(status=304, asked=1, stored=1), failed("status 403", 1)), "fresh " * 3),
        ((Report(status=304),) * 3, "fresh fresh fresh"),
    ],
)
def test_two_crawls_are_enough_and_one_odd_answer_is_not(reports: tuple[Report, ...], verdicts: str) -> None:
    """What may pass by itself is a verdict when it comes twice; a refusal and an outage are told at once."""
    assert [verdict.value for verdict in crawls(*reports)] == verdicts.split()


def test_a_source_never_well_is_judged_at_once() -> None:
    """A new entry that does not work is called so by its first crawl."""
    found = judge(source(), Report(status=200, fault=BROKEN), None, NOW)
    assert found is not None
    assert (found.verdict, found.consecutive_failures, found.since_at) == (Verdict.BROKEN, 1, None)


def rhythm(*hours: float) -> tuple[Day, ...]:
    """Days with news, of which these were the longest waits."""
    first = (NOW - timedelta(days=len(hours))).date()
    return tuple(Day("site", first + timedelta(days=n), 5, round(h * 3600), NOW) for n, h in enumerate(hours))


def test_quiet_is_measured_by_the_source_itself() -> None:
    """Three times the usual gap; nights and weekends belong to it; without a rhythm a week; the entry goes first."""
    assert patience(rhythm(6, 6, 6, 6)) is None
    assert (usual_gap(rhythm(*[6] * 16)), patience(rhythm(*[6] * 16))) == (6 * HOUR, 18 * HOUR)
    assert patience(rhythm(*[6] * 15)) == 72 * HOUR  # too short a history to have two weekends in it
    weeks = (10, 10, 10, 10, 62) * 4
    assert patience(rhythm(*weeks)) == 93 * HOUR  # a weekend is not a silence
    assert patience(rhythm(*[10] * 19, 200)) == 30 * HOUR  # and one silence does not hide the next
    quiet = [crawls(Report(status=304), every=n * HOUR, days=rhythm(*[6] * 16))[0] for n in (17, 19)]
    assert quiet == [Verdict.FRESH, Verdict.QUIET]
    assert crawls(Report(status=304), every=timedelta(days=6)) == [Verdict.FRESH]
    assert crawls(Report(status=304), every=timedelta(days=8)) == [Verdict.QUIET]
    old = Health("site", Verdict.FRESH, NOW, NOW, NOW, NOW - 40 * HOUR, since_at=NOW)
    stated = judge(source(expect={"min_per_day": 2}), Report(status=304), old, NOW, rhythm(*[60] * 10))
    assert stated is not None
    assert stated.verdict is Verdict.QUIET  # 3 days' worth of at least two a day


def test_news_behind_a_wall_are_no_silence() -> None:
    """Links went on appearing while the pages were walled: the source is fresh as soon as they can be read."""
    walled = failed("status 403", 2)
    walled.new = 2
    read = Report(status=304, asked=2, stored=2)
    assert crawls(walled, walled, walled, read, every=timedelta(days=5))[1:] == ["blocked", "blocked", "fresh"]


def test_an_edit_is_no_news() -> None:
    """An old article that changes leaves a quiet source quiet."""
    old = Health("site", Verdict.QUIET, NOW, NOW, NOW, NOW - timedelta(days=9), since_at=NOW)
    found = judge(source(), Report(status=200, links=10, asked=1, stored=1), old, NOW)
    assert found is not None
    assert found.verdict is Verdict.QUIET


def test_more_than_expected_is_said() -> None:
    """A source that floods stays fresh, and the reason says so."""
    today = (Day("site", NOW.date(), 90, 60, NOW),)
    old = Health("site", Verdict.FRESH, NOW, NOW, NOW, NOW, since_at=NOW)
    few, many = (
        judge(source(expect={"max_per_day": 100}), Report(status=200, links=50, new=new), old, NOW, today)
        for new in (5, 20)
    )
    assert few is not None
    assert many is not None
    assert few.last_error is None
    assert many.verdict is Verdict.FRESH
    assert (many.last_error or "").startswith("110 new pages today, at most 100 expected")


def test_the_first_crawl_is_a_backlog_and_no_rhythm() -> None:
    """News are counted from the first good crawl on, with the wait before them."""
    report = Report(status=200, links=60, new=60)
    first = judge(source(), report, None, NOW)
    assert first is not None
    assert (news_of(source(), report, None, NOW), first.since_at, first.last_new_at) == (None, NOW, NOW)
    later = NOW + 5 * HOUR
    assert news_of(source(), Report(status=200, links=9, new=2), first, later) == Day(
        "site", later.date(), 2, 5 * 3600, later
    )
    assert news_of(source(), Report(status=304), first, later) is None


def test_the_poll_follows_the_rhythm_within_the_bounds_of_the_group() -> None:
    """A quarter of the mean time between news, at most the group's slowest; soon after a failure; else each run."""

    def wait(news: int, fault: tuple[Verdict, str] | None = None, failures: int = 0, days: int = 10) -> float | None:
        since = NOW - timedelta(days=days)
        history = tuple(Day("site", (NOW - timedelta(days=n)).date(), news, 3600, NOW) for n in range(days))
        old = Health("site", Verdict.FRESH, NOW, NOW, NOW, NOW, None, failures, ever_linked=True, since_at=since)
        found = judge(source(), Report(status=304, fault=fault), old, NOW, history, timedelta(minutes=60))
        assert found is not None
        return None if found.next_poll_at is None else (found.next_poll_at - NOW) / timedelta(minutes=1)

    assert wait(24) == 15
    assert wait(480) == 0.75
    assert wait(1) == 60
    assert wait(0) == 60
    assert wait(24, days=1) is None
    down = (Verdict.UNREACHABLE, "timeout")
    assert [wait(24, down, failures) for failures in (0, 1, 2, 9)] == [2, 4, 8, 60]
    assert judge(source(), FEED, None, NOW).next_poll_at is None  # type: ignore[union-attr]  # it was asked


@pytest.fixture
def frontier(tmp_path: Path) -> Iterator[Frontier]:
    """An empty one."""
    made = Frontier(f"sqlite:///{tmp_path / 'f.sqlite'}")
    yield made
    made.close()


def test_a_resting_source_is_woken_by_what_is_due(frontier: Frontier) -> None:
    """Not its turn yet: left out, unless an article, post or gap of its is due; one that fails is left alone."""
    names = ("rests", "turn", "article", "post", "gap", "always", "down")
    soon, past = NOW + HOUR, NOW - HOUR
    polls = dict.fromkeys(names, soon) | {"turn": past}
    frontier.commit(Changes(
        health=[
            Health(
                name, Verdict.UNREACHABLE if name == "down" else Verdict.FRESH, NOW, NOW,
                next_poll_at=None if name == "always" else polls[name],
            )
            for name in names
        ],
        urls=[
            *(UrlState(name, "u", past, past, past) for name in ("down", "article")),
            UrlState("rests", "u", past, soon, past),
        ],
        posts=[PostState("post", 1, "d", past, next_due_at=past), PostState("rests", 1, "d", past)],
        gaps={"gap": [Gap("gap", 5, 7, past, past)], "rests": [Gap("rests", 5, 7, past, None, 5)]},
    ), NOW)  # fmt: skip
    assert frontier.resting(names, NOW) == {"rests", "down"}
    assert frontier.next_dues(["rests"]) == {"rests": soon}
    assert frontier.missing_posts() == {"gap": 3, "rests": 3}


def test_days_add_up_and_gaps_of_an_older_crawl_do_not_come_back(frontier: Frontier) -> None:
    """Two crawls of a day add their news; a late commit of an earlier crawl does not overwrite gaps."""
    day = NOW.date()
    for news, gap in ((3, 600), (2, 7200), (1, 60)):
        frontier.commit(Changes(days=[Day("s", day, news, gap, NOW)]), NOW)
    assert frontier.days(["s"], day) == {"s": [Day("s", day, 6, 7200, NOW)]}
    frontier.commit(Changes(gaps={"s": []}), NOW)
    frontier.commit(Changes(gaps={"s": [Gap("s", 1, 1, NOW, None)]}), NOW + HOUR)
    frontier.commit(Changes(gaps={"s": [Gap("s", 8, 9, NOW, None)]}), NOW)
    assert [gap.first_id for gap in frontier.gaps("s")] == [1]


def test_a_crawl_leaves_out_who_rests(site: Site, crawl: Crawler) -> None:
    """With --slowest a source whose turn has not come is not asked; without it all are."""
    for name in ("a", "b"):
        site.feed(f"/{name}.xml", [])
    sources = [{"id": f"s-{name}", "kind": "feed", "url": f"/{name}.xml"} for name in ("a", "b")]
    crawl(sources, "b1", "--slowest", "60")
    frontier = Frontier(crawl.ledger)
    row = frontier.health()["s-a"]
    later = row.last_checked_at + timedelta(seconds=1)
    frontier.commit(
        Changes(health=[Health("s-a", Verdict.QUIET, later, later, next_poll_at=later + HOUR)]), later
    )
    frontier.close()
    site.asked.clear()
    result = crawl(sources, "b2", "--slowest", "60")
    assert site.paths() == ["/b.xml"]
    assert result.summary["sources"]["s-a"]["verdict"] == "quiet"
    assert crawl(sources[:1], "b3", "--slowest", "60").code == 0
    assert site.paths() == ["/b.xml"]
    crawl(sources, "b4")
    assert sorted(site.paths()) == ["/a.xml", "/b.xml", "/b.xml"]


WALL = "<html><head><title>Just a moment...</title></head><body><script>x</script><h1>Checking</h1></body></html>"
DOWN = "<html><head><title>502 Bad Gateway</title></head><body><center>nginx</center></body></html>"
LONG = "<title>Захват</title><script src='/recaptcha/api.js'></script><p>" + "слово " * 400


@pytest.mark.parametrize(
    ("html", "wall"),
    [
        (WALL, True),
        (DOWN, True),
        ("<p>Подтвердите, что вы не робот</p>", True),
        ("<title>Технические работы</title><p>скоро вернёмся</p>", True),
        (LONG, False),
        ("<title>Новости</title><p>Погибли 14 военнослужащих</p>", False),
        ("captcha", False),
        ("<svg>" * 60_000, False),
        ("<title" * 40_000, False),
    ],
)
def test_a_wall_is_told_from_a_page(html: str, wall: bool) -> None:
    """Captchas and error pages with status 200 show little text and say what they are."""
    assert (wall_in(html.encode()) is not None) is wall


@pytest.mark.parametrize(
    ("title", "wall"),
    [
        ("429 погибших опознаны", False),
        ("Губернатор: погибли 403 человека", False),
        ("Обмен: вернулись 502 военнослужащих", False),
        ("500 bodies returned", False),
        ("Технические работы на мосту завершены", False),
        ("В районе временно недоступна вода", False),
        ("Maintenance crew among the dead", False),
        ("502 Bad Gateway", True),
        ("403 Forbidden", True),
        ("Error 503", True),
        ("Ошибка 403 | Вестник", True),
        ("503", True),
        ("Ведутся технические работы", True),
        ("Сайт временно недоступен", True),
        ("Service Unavailable", True),
    ],
)
def test_a_headline_with_a_number_is_no_error_page(title: str, wall: bool) -> None:
    """Tolls of 400 to 504 and closed bridges are headlines; the codes and phrases of servers are not."""
    assert (wall_in(f"<title>{title}</title><p>Коротко.</p>".encode(), article=True) is not None) is wall


def test_what_has_an_articles_markup_is_no_wall() -> None:
    """Whatever its headline says: refused it would be lost."""
    page = "<title>Доступ ограничен: мост закрыт</title>{}<p>Объезд через Заречье.</p>"
    assert wall_in(page.format("").encode(), article=True) is not None
    assert wall_in(page.format("<time datetime='2026-01-02'>2 января</time>").encode(), article=True) is None


def test_a_feed_behind_a_wall_is_blocked_and_an_empty_one_is_not_broken(site: Site, crawl: Crawler) -> None:
    """A captcha instead of feed or listing is `blocked`; a feed or sitemap that lists nothing is well."""
    urls = {"feed": "/f.xml", "listing": "/l", "sitemap": "/m.xml"}
    page = "<a href='/news/2026/01/02/some-long-story'>Long enough a title</a>"
    site.feed("/f.xml", ["/1"])
    site.routes["/l"] = Reply(page.encode())
    sitemap = '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{}</urlset>'
    site.routes["/m.xml"] = Reply(sitemap.format("<url><loc>/2</loc></url>").encode(), type="text/xml")
    sources = [{"id": f"s-{kind}", "kind": kind, "url": url} for kind, url in urls.items()]
    crawl(sources, "b1")
    for url in urls.values():
        site.routes[url] = Reply(WALL.encode())
    told = crawl(sources, "b2").summary["sources"]
    assert {name: entry["verdict"] for name, entry in told.items()} == dict.fromkeys(told, "blocked")
    site.feed("/f.xml", [])
    site.routes["/m.xml"] = Reply(sitemap.format("").encode(), type="text/xml")
    for batch in ("b3", "b4"):
        told = crawl([sources[0], sources[2]], batch).summary["sources"]
        assert {entry["verdict"] for entry in told.values()} == {"fresh"}
    assert not lists_nothing(b"<rss><channel><item><title>no link</title></item></channel></rss>")


def test_an_article_behind_a_wall_is_not_stored(site: Site, crawl: Crawler) -> None:
    """A captcha with status 200 is a failure of the page, and twice so a verdict; an article about one is not."""
    site.feed("/f.xml", ["/1", "/2"])
    site.page("/1", "Губернатор о капче (captcha): доступ ограничен")
    site.routes["/2"] = Reply(b"<title>About captcha: a long read</title><p>" + b"word " * 500)
    source = [{"id": "s-feed", "kind": "feed", "url": "/f.xml"}]
    assert {line.disposition.value for line in crawl(source, "b1").lines} == {"stored"}
    site.feed("/f.xml", ["/3", "/4", "/5"])
    for path in ("/1", "/2", "/3", "/4", "/5"):
        site.routes[path] = Reply(WALL.encode())
    walled = crawl(source, "b2")
    assert {line.disposition.value for line in walled.lines} == {"http_error"}
    assert "a wall instead of the page" in (walled.lines[0].reason or "")
    crawl.make_due()
    assert crawl(source, "b3").summary["sources"]["s-feed"]["verdict"] == "blocked"
