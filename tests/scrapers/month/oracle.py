"""Compares what the web showed with what was kept, and what was the matter with what was said of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from processing.models import Document
from scrapers.frontier import RECHECKS, Verdict
from tests.scrapers.month.drive import Poll, Record
from tests.scrapers.month.render import TOKEN
from tests.scrapers.month.server import Shown
from tests.scrapers.month.world import BLIPS, EXPECTED, HOUR, OF_PAGES, Episode, Site

GONE = -1  # a tombstone among the contents of a post
ENOUGH = 4  # articles without text, before which a source's history cannot tell new markup from chance
FAULTS = (
    "lost", "missed", "false versions", "duplicates", "unasked edits", "gaps wrong", "verdicts wrong", "false broken"
)


@dataclass
class Score:
    """Counts of one source, and a line for each fault."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def fault(self, name: str, text: str, number: int = 1) -> None:
        """One more."""
        self.counts[name] += number
        self.faults.append(f"{name}: {text}")


@dataclass
class Verdicts:
    """Of one kind of trouble: in how many episodes, and after how many polls that met it, the verdict was right."""

    episodes: int = 0
    after: list[int] = field(default_factory=list)


def judge(record: Record) -> tuple[dict[str, Score], dict[str, Verdicts]]:
    """Scores by source, verdicts by trouble."""
    documents: dict[str, dict[int, list[tuple[Document, int]]]] = defaultdict(lambda: defaultdict(list))
    scores = {site.id: Score() for site in record.world.sites}
    for document in record.documents:
        found = TOKEN.search(document.text)
        if found is None or found[1] != document.source:
            scores[document.source].fault("false versions", f"not its words: {document.url} {document.text[:60]!r}")
            continue
        content = GONE if document.missing_since else int(found[3])
        documents[document.source][int(found[2])].append((document, content))
    shown: dict[str, list[Shown]] = defaultdict(list)
    for one in record.shown:
        shown[one.site].append(one)
    polls: dict[str, list[Poll]] = defaultdict(list)
    for poll in record.polls:
        polls[poll.source].append(poll)
    troubles: dict[str, Verdicts] = defaultdict(Verdicts)
    for site in record.world.sites:
        score = scores[site.id]
        told = _posts(site, shown[site.id], score, record) if site.is_channel else _articles(
            site, shown[site.id], score, record
        )
        _versions(told, documents[site.id], score)
        _verdicts(site, shown[site.id], polls[site.id], score, troubles)
    return scores, dict(troubles)


# -- documents ---------------------------------------------------------------------------------------


def _articles(site: Site, shown: list[Shown], score: Score, record: Record) -> dict[int, list[int]]:
    """What each article said as it was served, in order, without repetitions."""
    listed: dict[int, datetime] = {}
    served: dict[int, list[tuple[datetime, int]]] = defaultdict(list)
    asked: dict[int, list[datetime]] = defaultdict(list)
    for one in shown:
        for number in one.listed:
            listed.setdefault(number, one.at)
        if one.asked is not None:
            asked[one.asked].append(one.at)
        if one.item is not None:
            served[one.item[0]].append((one.at, one.item[1]))
    for number in sorted(listed):
        item = site.by_number[number]
        if number in served:
            score.counts["visible"] += 1
            _last_edit(site, number, listed[number], served[number], score, record)
        elif asked[number] and not any(item.there(at) and _trouble(site, at) is None for at in asked[number]):
            score.counts["never readable"] += 1
        else:
            score.fault("lost", f"{number} listed {listed[number]:%d %H:%M}, asked {len(asked[number])} times")
    return {number: _steps(content for _, content in rows) for number, rows in served.items()}


def _last_edit(
    site: Site, number: int, first: datetime, served: list[tuple[datetime, int]], score: Score, record: Record
) -> None:
    """An edit before the last look at the article ought to have been looked at."""
    item, last = site.by_number[number], first + RECHECKS[-1]
    edits = [at for at in item.changes[1:] if first < at < last - HOUR]
    if not edits or last + 2 * HOUR > record.world.end or item.gone:
        return
    edit = edits[-1]
    troubles = (e for e in site.episodes if e.kind in EXPECTED or e.kind in BLIPS)
    if any(e.start < last + 2 * HOUR and edit < e.end for e in troubles):
        return
    score.counts["edits"] += 1
    if not any(at >= edit for at, _ in served):
        score.fault("unasked edits", f"{site.id}/{number} first {first:%d %H:%M} edited {edit:%d %H:%M}")


def _posts(site: Site, shown: list[Shown], score: Score, record: Record) -> dict[int, list[int]]:
    """What each post said as it was served, with a tombstone once its page came twice without it."""
    told: dict[int, list[int]] = defaultdict(list)
    misses: Counter[int] = Counter()
    seen: set[int] = set()
    by_time: dict[datetime, list[Shown]] = defaultdict(list)
    for one in shown:
        if one.posts is not None:
            by_time[one.at].append(one)
    for at in sorted(by_time):
        known, present, absent = set(told), dict[int, int](), set[int]()
        for one in by_time[at]:
            assert one.posts is not None
            present |= one.posts
            if one.posts:
                low, top = min(one.posts), one.before or 2**31
                absent |= {number for number in known if low <= number < top and number not in one.posts}
        for number, content in present.items():
            item = site.by_number[number]
            seen.update(range(number, number + item.ids))
            if not told[number] or told[number][-1] != content:
                told[number].append(content)
            misses[number] = 0
        for number in absent - set(present):
            misses[number] += 1
            if misses[number] == 2:
                told[number].append(GONE)
    for number in list(told):
        if site.by_number[number].wordless:
            del told[number]
    score.counts["visible"] += len(told)
    score.counts["tombstones"] += sum(contents.count(GONE) for contents in told.values())
    _deletions(site, told, by_time, score, record)
    if seen:
        missing = set(range(min(seen), max(seen))) - seen
        kept = {number for gap in record.gaps[site.id] for number in range(gap.first_id, gap.last_id + 1)}
        score.counts["gaps"] += len(missing)
        if missing != kept:
            wrong = missing ^ kept
            score.fault("gaps wrong", f"{sorted(missing - kept)} not kept, {sorted(kept - missing)} none", len(wrong))
    return told


def _deletions(
    site: Site, told: dict[int, list[int]], by_time: dict[datetime, list[Shown]], score: Score, record: Record
) -> None:
    """A post taken down within three days of its first reading, and for good, ought to have a tombstone."""
    first: dict[int, datetime] = {}
    for at in sorted(by_time):
        for one in by_time[at]:
            for number in one.posts or ():
                first.setdefault(number, at)
    for number, contents in told.items():
        item, last = site.by_number[number], first[number] + RECHECKS[-1]
        for gone, back in item.gone:
            trouble = any(e.start < last + 3 * HOUR and gone < e.end and e.kind in EXPECTED for e in site.episodes)
            if back < record.world.end or gone > last - HOUR or last + 3 * HOUR > record.world.end or trouble:
                continue
            score.counts["deletions"] += 1
            if GONE not in contents:
                score.fault("unasked edits", f"{site.id}/{number} deleted {gone:%d %H:%M}, no second miss")


def _steps(contents: Iterable[int]) -> list[int]:
    steps: list[int] = []
    for content in contents:
        if not steps or steps[-1] != content:
            steps.append(content)
    return steps


def _versions(told: dict[int, list[int]], kept: dict[int, list[tuple[Document, int]]], score: Score) -> None:
    """Each thing said is a version, and nothing else is one."""
    for number, contents in told.items():
        rows = kept.get(number, [])
        names = Counter(document.doc_id for document, _ in rows)
        if not rows:
            score.fault("lost", f"{number}: served as {contents}, and no document")
            continue
        score.counts["documents"] += 1
        score.counts["versions"] += len(contents)
        if len(names) > 1:
            addresses = sorted({document.canonical_url for document, _ in rows})
            score.fault("duplicates", f"{number}: {addresses}", len(names) - 1)
            continue
        have = [content for _, content in sorted(rows, key=lambda row: row[0].version)]
        if have != contents:
            missed = len(contents) - _common(contents, have)
            extra = len(have) - _common(contents, have)
            where = f"{rows[0][0].url}: said {contents}, kept {have}"
            if missed:
                score.fault("missed", where, missed)
            if extra:
                score.fault("false versions", where, extra)
    for number in kept.keys() - told.keys():
        score.fault("false versions", f"{number}: never served with words")


def _common(a: Sequence[int], b: Sequence[int]) -> int:
    """Length of the longest common subsequence."""
    row = [0] * (len(b) + 1)
    for x in a:
        last = 0
        for n, y in enumerate(b, 1):
            last, row[n] = row[n], last + 1 if x == y else max(row[n], row[n - 1])
    return row[-1]


# -- verdicts ----------------------------------------------------------------------------------------


def _verdicts(
    site: Site, shown: list[Shown], polls: list[Poll], score: Score, troubles: dict[str, Verdicts]
) -> None:
    pages: dict[datetime, set[int]] = defaultdict(set)  # articles asked for
    news: dict[datetime, bool] = {}
    seen: set[int] = set()
    for one in shown:
        if one.asked is not None:
            pages[one.at].add(one.asked)
        fresh = set(one.listed) | set(one.posts or ())
        if fresh - seen:
            news[one.at] = True
            seen |= fresh
    state = _State()
    for poll in polls:
        trouble = _trouble(site, poll.at)
        state.step(trouble, pages[poll.at])
        if news.get(poll.at):
            state.last_new = poll.at
        score.counts["polls"] += 1
        if poll.verdict is Verdict.BROKEN and not state.may_be_broken():
            score.fault("false broken", f"{poll.at:%d %H:%M} {trouble and trouble.kind}: {poll.reason}")
        expected = state.expected(site, poll.at)
        if trouble is not None and trouble.kind in EXPECTED and poll.verdict in EXPECTED[trouble.kind]:
            if not state.right:
                troubles[trouble.kind].after.append(state.met)
            state.right = True
        if state.begun and trouble is not None:
            troubles[trouble.kind].episodes += 1
        if expected is None:
            continue
        score.counts["judged"] += 1
        if poll.verdict not in expected:
            said = f"{trouble.kind if trouble else 'well'} (met {state.met}), expected {'/'.join(sorted(expected))}"
            score.fault("verdicts wrong", f"{poll.at:%d %H:%M} {said}, said {poll.verdict}: {poll.reason}")


def _trouble(site: Site, at: datetime) -> Episode | None:
    now = site.episode(at)
    return now if now is not None and (now.kind in EXPECTED or now.kind in BLIPS) else None


@dataclass
class _State:
    """What can be known of a source, poll by poll."""

    trouble: Episode | None = None
    before: str = ""  # kind of the last trouble
    met: int = 99  # polls that met the present state
    pages: set[int] = field(default_factory=set)  # articles asked for in it
    right: bool = False
    begun: bool = False
    last_new: datetime | None = None
    ended: datetime | None = None
    likely: set[Verdict] | None = None  # fresh or quiet, at the poll before

    def step(self, trouble: Episode | None, pages: set[int]) -> None:
        """A poll in this state, in which these articles were asked for."""
        self.begun = trouble is not self.trouble and trouble is not None
        if trouble is not self.trouble:
            if self.trouble is not None:
                self.before, self.ended = self.trouble.kind, self.trouble.end
            self.trouble, self.met, self.pages, self.right = trouble, 0, set(), False
        needs_pages = (trouble.kind if trouble else self.before) in OF_PAGES
        self.met += bool(pages) if needs_pages else 1
        self.pages |= pages

    def may_be_broken(self) -> bool:
        """Whether it is broken, or was when it was last looked at."""
        kind = self.trouble.kind if self.trouble else self.before if self.met <= 1 else ""
        return Verdict.BROKEN in EXPECTED.get(kind, ())

    def expected(self, site: Site, at: datetime) -> set[Verdict] | None:
        """The verdicts that are right; None while it cannot be known yet."""
        trouble, likely = self.trouble, self.likely
        late = self.last_new is None or at - self.last_new > site.pause
        self.likely = {Verdict.QUIET} if late else {Verdict.FRESH}
        if trouble is not None:
            if trouble.kind in BLIPS or self.met < 2 or (trouble.kind == "new-pages" and len(self.pages) < ENOUGH):
                return None
            return EXPECTED[trouble.kind]
        if self.met < 2 or (self.before == "limited" and self.ended and at < self.ended + timedelta(minutes=61)):
            return None
        return self.likely if likely == self.likely else {Verdict.FRESH, Verdict.QUIET}
