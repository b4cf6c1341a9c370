"""Watching the sources: the one verdict of each, and that a change of it, and a silence, are told once."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from processing.alert.outbox import DeliveryJob, DigestJob, Outbox, drain
from processing.alert.receivers.email import compose
from processing.alert.render import render, render_digest
from processing.config import HOME, OPERATIONS, Operations, VigilConfig, load_config
from processing.errors import ConfigError
from processing.ledger import Ledger, reading
from processing.ledger.schema import NoticeVersion, SourceYield
from processing.models import Notice, notice_id
from processing.watch import assess, watch
from scrapers.frontier import Changes, Day, Frontier, Health, Verdict
from scrapers.registry import Registry, Source
from tests.alert.delivering import NOW, Provider
from tests.resolve.making import config

WORDS = "<b>boo</b> {{ conn.x.password }} <!channel>\r\nBcc: all@example.org"


@dataclass
class Watching:
    """A ledger with a frontier in it, one site and one official channel."""

    ledger: Ledger
    frontier: Frontier
    config: VigilConfig
    registry: Registry
    now: datetime = NOW

    def put(self, source: str, verdict: Verdict, error: str | None = None, **more: Any) -> None:
        """What a crawl of now made of a source."""
        old = self.frontier.health([source]).get(source)
        failures = (old.consecutive_failures if old else 0) + 1 if error else 0
        row = Health(
            source, verdict, self.now, self.now,
            **{"last_error": error, "consecutive_failures": failures, "last_new_at": self.now,
               "last_success_at": self.now, "since_at": NOW - timedelta(days=60), **more},
        )
        self.frontier.commit(Changes(health=[row]), self.now)

    def watch(self) -> int:
        """How many messages are queued."""
        return watch(self.ledger.engine, self.frontier, self.registry, self.config, self.now).get("queued", 0)

    def deliver(self) -> list[DeliveryJob]:
        """What is sent now."""
        provider = Provider()
        outbox = Outbox(self.ledger.engine, lambda: self.now, self.config, random.Random(1))  # noqa: S311 repeatable
        drain(outbox, {"email": provider, "slack": provider})
        return [job for _, job in provider.accepted if isinstance(job, DeliveryJob)]

    def later(self, **by: float) -> None:
        """Time passes."""
        self.now += timedelta(**by)


def source(name: str, **more: Any) -> Source:
    """An entry of the registry."""
    return Source.model_validate({
        "id": name, "name": f"Outlet {name}", "kind": "feed", "url": f"https://{name}.example/rss", "lang": "ru",
        "group": "news", "grade": "B2", **more,
    })


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[Watching]:
    """All well, and told so."""
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    ledger, frontier = Ledger.open(url), Frontier(url)
    registry = Registry([
        source("site"),
        source("gov", region="RU-PSK", official={"office": "governor"}),
        source("off", enabled=False),
    ])
    made = Watching(ledger, frontier, config(operations=Operations(receivers=("mail",))), registry)
    for name in ("site", "gov", "off"):
        made.put(name, Verdict.FRESH)
    assert made.watch() == 0
    yield made
    frontier.close()
    ledger.engine.dispose()


def test_a_change_of_verdict_is_told_to_operations_once(watching: Watching) -> None:
    """Broken twice in a row: one message; still broken: none; well again: one, in the same thread."""
    watching.put("site", Verdict.UNREACHABLE, "status 503")
    assert watching.watch() == 0  # once may pass
    watching.later(minutes=10)
    watching.put("site", Verdict.UNREACHABLE, "status 503")
    assert [watching.watch() for _ in range(3)] == [1, 0, 0]
    (first,) = watching.deliver()
    assert (first.kind, first.route) == ("email", OPERATIONS)
    assert first.reason == "sent: verdict changed from fresh to unreachable"
    watching.later(minutes=10)
    watching.put("site", Verdict.UNREACHABLE, "timeout")
    assert (watching.watch(), watching.deliver()) == (0, [])
    watching.later(minutes=10)
    watching.put("site", Verdict.FRESH)
    assert watching.watch() == 1
    (second,) = watching.deliver()
    one, two = (render(job.record, reason=job.reason) for job in (first, second))
    assert one.subject == two.subject == "[Vigil] Source: Outlet site (site)"
    assert (one.headline, two.headline) == (
        "UNREACHABLE · Outlet site (was: well)", "WELL AGAIN · Outlet site (was: unreachable)",
    )
    assert first.thread == second.thread
    assert second.root_ref == second.last_ref == "ref-0"
    mail = compose(second, "v@x.test", "x.test")
    assert compose(first, "v@x.test", "x.test")["References"].split()[0] in mail["References"]


def test_without_operations_nobody_is_told(watching: Watching) -> None:
    """The verdict is kept all the same, and an operations route added later is not told of old changes."""
    told = watching.config
    watching.config = config()
    watching.put("site", Verdict.BLOCKED, "status 403", consecutive_failures=2)
    assert watching.watch() == 0
    watching.config = told
    assert watching.watch() == 0


def test_two_messages_in_one_go_are_one(watching: Watching) -> None:
    """What changed twice before anything was sent is told as one change."""
    watching.put("site", Verdict.BLOCKED, "status 403", consecutive_failures=2)
    watching.watch()
    watching.put("site", Verdict.BROKEN, "not a feed", consecutive_failures=3)
    watching.watch()
    (job,) = watching.deliver()
    assert isinstance(job.record, Notice)
    assert (job.record.before, job.record.verdict, job.record.version) == ("fresh", "broken", 2)


def test_a_lost_state_does_not_reuse_a_key(watching: Watching) -> None:
    """After a rebuild from the lake deliveries are known and notices are not: a new message has a new number."""
    watching.put("site", Verdict.BLOCKED, "status 403", consecutive_failures=2)
    watching.watch()
    with watching.ledger.engine.begin() as db:
        db.exec_driver_sql("DELETE FROM notice")
        db.exec_driver_sql("DELETE FROM source_state")
    assert watching.watch() == 1
    assert sorted(row.version for row in watching.ledger.deliveries()) == [1, 2]


def test_a_message_whose_notice_is_lost_stops_no_other(watching: Watching) -> None:
    """A delivery that tells of nothing known any more is a dead letter, and what is behind it goes out."""
    watching.put("site", Verdict.BLOCKED, "status 403", consecutive_failures=2)
    watching.watch()
    with watching.ledger.engine.begin() as db:
        db.exec_driver_sql("DELETE FROM notice")
    watching.later(minutes=5)
    watching.put("gov", Verdict.BLOCKED, "status 403", consecutive_failures=2)
    watching.watch()
    assert [job.record.source for job in watching.deliver() if isinstance(job.record, Notice)] == ["gov"]
    assert {row.state for row in watching.ledger.deliveries()} == {"dead", "sent"}


def rhythm(watching: Watching, hours: float, days: int = 20) -> None:
    """News at the official's every so many hours, up to now."""
    today = watching.now.date()
    rows = [Day("gov", today - timedelta(days=n), 4, round(hours * 3600), watching.now) for n in range(days)]
    watching.frontier.commit(Changes(days=rows), watching.now)


def test_the_silence_of_an_official_is_told_to_its_readers_once(watching: Watching) -> None:
    """Longer than three times the usual gap: one message to the region's routes; news, and silence again: one more."""
    rhythm(watching, 6)
    news = watching.now
    told = []
    for hours in (12, 17, 19, 25, 60):
        watching.now = news + timedelta(hours=hours)
        watching.put("gov", Verdict.FRESH, last_new_at=news)
        watching.put("site", Verdict.FRESH)
        told.append(watching.watch())
    assert told == [0, 0, 2, 0, 0]
    jobs = watching.deliver()
    assert {(job.kind, job.route) for job in jobs} == {("email", "newsroom"), ("slack", "newsroom")}
    assert jobs[0].reason == (
        "sent: official channel of RU-PSK silent for 19 h, longer than three times its usual gap of 6.0 h"
    )
    message = render(jobs[0].record, reason=jobs[0].reason)
    assert message.headline == "SILENT · Pskov region · Outlet gov: nothing new for 19 h"
    assert "6 h" in message.text
    news = watching.now
    watching.put("gov", Verdict.FRESH)
    assert watching.watch() == 0
    watching.now = news + timedelta(hours=30)
    watching.put("gov", Verdict.FRESH, last_new_at=news)
    assert watching.watch() == 2


def test_what_is_no_silence(watching: Watching) -> None:
    """Without a rhythm, of no official, while it cannot be read, or while nobody looked: nothing is told."""
    watching.later(hours=100)
    old = NOW
    watching.put("gov", Verdict.FRESH, last_new_at=old)
    watching.put("site", Verdict.FRESH, last_new_at=old)
    assert watching.watch() == 0  # no rhythm known
    rhythm(watching, 6)
    watching.config = config()  # of verdicts nobody is told
    watching.put("gov", Verdict.UNREACHABLE, "timeout", last_new_at=old)
    assert watching.watch() == 0
    watching.put("gov", Verdict.FRESH, last_new_at=watching.now)
    watching.later(hours=100)
    assert watching.watch() == 0  # not crawled since


def test_a_silence_of_the_ledger_mutes_a_silent_source(watching: Watching) -> None:
    """A mute for region or source suppresses the message, and the decision says by whom; it is not told later."""
    rhythm(watching, 6)
    watching.ledger.add_silence("region", "RU-PSK", NOW + timedelta(days=9), "holidays", "kim", NOW)
    watching.later(hours=30)
    watching.put("gov", Verdict.FRESH, last_new_at=NOW)
    assert watching.watch() == 0
    with reading(watching.ledger.engine) as session:
        row = session.get_one(NoticeVersion, (notice_id("silence", "gov"), 1))
    assert row.decision[0]["verdict"] == "suppressed"
    assert "by kim: holidays" in row.decision[0]["reason"]


def yields(*rows: tuple[int, int], **more: int) -> list[SourceYield]:
    """Batches newest first, as (pages, texts)."""
    base = {"undated": 0, "untitled": 0, "alike": 1, "walled": 0}
    return [
        SourceYield(
            index_key=f"k{n}", source="s", at=NOW, pages=pages, texts=texts, **(base | (more if n < 2 else {}))
        )
        for n, (pages, texts) in enumerate(rows)
    ]


WELL = Health("s", Verdict.FRESH, NOW, NOW)


@pytest.mark.parametrize(
    ("rows", "more", "verdict"),
    [
        ([(3, 0), (2, 0), (50, 50)], {}, Verdict.BROKEN),  # a layout that changed: right after two polls
        ([(1, 0), (50, 50)], {}, Verdict.FRESH),  # a picture page
        ([(2, 0), (50, 40)], {}, Verdict.FRESH),  # it has had such pages before
        ([(1, 0), (3, 2), (3, 0), (50, 50)], {}, Verdict.FRESH),  # between them, one could be read
        ([(2, 0)], {}, Verdict.FRESH),  # too little is known
        ([(20, 0)], {}, Verdict.BROKEN),
        ([(4, 4), (4, 4), (50, 50)], {"undated": 4}, Verdict.BROKEN),
        ([(4, 4), (4, 4), (50, 50)], {"untitled": 4}, Verdict.BROKEN),
        ([(4, 4), (50, 50)], {"alike": 4}, Verdict.BLOCKED),  # one text at four addresses
        ([(4, 4), (50, 50)], {"alike": 3}, Verdict.FRESH),
        ([(4, 0), (4, 0), (50, 50)], {"walled": 4}, Verdict.BLOCKED),
        ([], {}, Verdict.FRESH),
    ],
)
def test_what_cleaning_says_of_a_source(
    rows: list[tuple[int, int]], more: dict[str, int], verdict: Verdict
) -> None:
    """Broken only when so many pages in a row are no accident by the source's own history."""
    assert assess(WELL, yields(*rows, **more)).verdict is verdict


def test_a_source_that_is_not_asked_any_more_is_told(watching: Watching) -> None:
    """A batch that fails for good is no quiet week: two days after, nothing is known of its sources, told once."""
    watching.later(hours=49)
    assert watching.watch() == 0  # nobody was asked: after a pause of all, what counts is the next crawl
    watching.put("site", Verdict.FRESH)
    assert [watching.watch() for _ in range(2)] == [1, 0]
    (told,) = watching.deliver()
    assert told.reason == "sent: verdict changed from fresh to unknown"
    watching.put("gov", Verdict.FRESH)
    assert watching.watch() == 1


def test_the_crawl_knows_better_when_nothing_came(watching: Watching) -> None:
    """A source that refuses us is blocked, whatever its last pages were like."""
    blocked = replace(WELL, verdict=Verdict.BLOCKED, last_error="status 403")
    assert assess(blocked, yields((20, 0))).reason == "status 403"


def notice(**more: Any) -> Notice:
    """A message about a source with a hostile name and reason."""
    return Notice.model_validate({
        "notice_id": notice_id("verdict", "s"), "version": 1, "created_at": NOW, "kind": "verdict", "source": "s",
        "outlet": WORDS, "url": "https://s.example/rss", "region": "RU-PSK", "verdict": "broken", "before": "fresh",
        "reason": WORDS, "since": NOW, "last_success_at": None, "usual_hours": 6.0, "silent_hours": 31.0, **more,
    })


@pytest.mark.parametrize("lang", ["en", "ru", "uk"])
@pytest.mark.parametrize("kind", ["verdict", "silence"])
def test_nothing_scraped_takes_effect_in_a_notice(kind: str, lang: str) -> None:
    """Names and error texts are shown, never interpreted; every verdict has its words in every language."""
    message = render(notice(kind=kind), lang=lang, reason="why")
    assert "<b>boo" not in message.html
    assert "\n" not in message.subject + message.headline
    assert "<!channel>" not in json.dumps([message.slack_blocks, message.slack_text], ensure_ascii=False)
    assert "{{ conn.x.password }}" in message.text  # as text
    assert all(render(notice(kind=kind, verdict=verdict.value), lang=lang).text for verdict in Verdict)


def test_a_flood_of_notices_is_a_digest(watching: Watching) -> None:
    """Notices in a digest are listed like disclosures, under a headline that fits both."""
    jobs = tuple(
        DeliveryJob(
            id=n, key=str(n), kind="email", target="t", receiver="mail", route=OPERATIONS,
            record=notice(outlet=f"Outlet {n}"), attempt=1, uncertain=False, root_ref=None, last_ref=None,
            timezone="UTC", lang="en", reason="why",
        )
        for n in range(12)
    )
    job = DigestJob(jobs, "k", "email", "t", "mail", OPERATIONS, False, "UTC", "en")
    message = render_digest(job)
    assert message.headline == "12 messages in a short time"
    assert all(f"BROKEN · Outlet {n} " in message.text for n in range(12))
    assert compose(job, "v@x.test", "x.test")["Subject"] == "[Vigil] 12 messages, one digest"


def test_faults_of_the_operations_route_are_named(tmp_path: Path) -> None:
    """An unknown receiver, and a route that takes the reserved name, are told with field and mend."""
    text = (HOME / "config" / "vigil.yaml").read_text(encoding="utf-8")
    file = tmp_path / "vigil.yaml"
    file.write_text(text.replace("receivers: [operations-mail]", "receivers: [nobody]"), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"operations\.receivers: 'nobody' is not under receivers:"):
        load_config(file)
    file.write_text(text.replace("- name: newsroom", f"- name: {OPERATIONS}"), encoding="utf-8")
    with pytest.raises(ConfigError, match="use another"):
        load_config(file)
