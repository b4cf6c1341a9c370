"""Telegram channels by their public preview: the newest page, then older ones down to what is known.

After that, pages with posts that are due to be read again (edits, deletions) and with gaps (ids never seen).
Every request asks for posts below an id that no request of this crawl has asked for, so the walk ends whatever
the pages say; `max_pages` bounds it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from scrapy import Request

from scrapers.frontier import RECHECKS, PostState, Verdict, next_due
from scrapers.gaps import GapBook
from scrapers.handover import Disposition, PageKind
from scrapers.links import Link
from scrapers.outcomes import of_exception, of_response
from scrapers.preview import Post, Preview, parse_preview
from scrapers.registry import Source
from scrapers.settings import MAX_BODY
from scrapers.spiders.base import Context, SourceCrawl
from scrapers.walls import wall_in
from scrapers.wire import decode

FIRST_VISIT_PAGES = 3
TOMBSTONE = 2  # a post is gone once its page has come twice without it


class TelegramCrawl(SourceCrawl):
    """A source that is a Telegram channel."""

    def __init__(self, source: Source, context: Context) -> None:
        super().__init__(source, context)
        self.last_known = context.frontier.last_post_id(source.id)
        self.newest: int | None = None
        self.book = GapBook(source.id, context.frontier.gaps(source.id))
        self._due = set(context.frontier.posts_due(source.id, context.clock()))
        self._asked: set[int] = set()  # ids below which posts were asked for
        self._seen = 0  # pages
        self._ended = False  # there is nothing older, or the server does not give it
        self._first: Any = None  # response of the newest page

    def start(self) -> Iterator[Request]:
        """The newest page; its bytes are kept as they come, as an article's."""
        for request in super().start():
            request.meta["wire_bytes"] = True
            yield request

    def links(self, response: Any) -> Iterable[Link]:
        """A channel has no links to articles."""
        return ()

    # --- the walk down to what is known

    def on_document(self, response: Any) -> Iterator[Request]:
        """A preview page of the walk: keep it if it has new or edited posts, ask for an older one if need be."""
        if self._seen == 0:
            self._first = response
            if not self.answered(response):
                return
        if response.status == 304:
            yield from self._again()
            return
        if not self.has_room(response):
            return
        outcome = of_response(response)
        if outcome.disposition is not Disposition.STORED:
            self.report.fault = (outcome.verdict or Verdict.BROKEN, outcome.reason)
            return
        preview = read_preview(response)
        if fault := self._fault(preview, response):
            self.report.fault = fault
            return
        self.report.empty = preview.says_none
        self._take(preview, response)
        yield from self._older(preview, response.meta.get("before"))

    def _fault(self, preview: Preview, response: Any) -> tuple[Verdict, str] | None:
        """What is wrong with a page that came whole; None if it can be read."""
        if not preview.is_preview or "/s/" not in response.url:
            if wall := wall_in(_decoded(response)):
                return Verdict.BLOCKED, wall
            return Verdict.MISCONFIGURED, "the channel has no public preview"
        posts = [post for post in preview.posts if not post.service]
        if posts and not any(post.date for post in posts):
            return Verdict.BROKEN, f"none of {len(posts)} posts has a date: the preview's markup has changed"
        if len(posts) > 1 and not any(post.text or post.media for post in posts):
            return Verdict.BROKEN, f"none of {len(posts)} posts has text or media: the preview's markup has changed"
        return None

    def _older(self, preview: Preview, before: int | None) -> Iterator[Request]:
        """The next older page. Steps by id, strictly downwards, so it ends whatever the pages link to."""
        ids = _ids(preview.posts)
        self.newest = self.newest or (max(ids) if ids else None)
        lowest = min(ids, default=0)
        reached = not ids or lowest <= max(self.last_known or 0, 1)
        if reached or (before is not None and lowest >= before):
            yield from self._complete()
        elif self._seen >= (FIRST_VISIT_PAGES if self.last_known is None else self.source.max_pages):
            if self.last_known is not None:
                self.report.note = f"gap: posts {self.last_known + 1} to {lowest - 1} were not read yet"
                self.book.skipped(self.last_known + 1, lowest - 1, self.context.clock())
            yield from self._complete()
        else:
            yield self._ask_below(lowest, again=False)

    def _complete(self) -> Iterator[Request]:
        """Nothing older is missing: the next crawl need not walk below the newest post."""
        self.remember(self._first)
        if self.newest is not None:
            self.context.changes.channels[self.source.id] = self.newest
        yield from self._again()

    # --- reading again

    def _again(self) -> Iterator[Request]:
        """The page of the newest post that is due, or of the newest gap that is."""
        if self.book.changed:
            self.context.changes.gaps[self.source.id] = self.book.gaps
        wanted = [*self._due, *self.book.due(self.context.clock())]
        highest = max((number for number in wanted if number + 1 not in self._asked), default=None)
        if highest is not None and not self._ended and self._seen < self.source.max_pages:
            yield self._ask_below(highest + 1, again=True)

    def on_older(self, response: Any) -> Iterator[Request]:
        """A page that was read before, or ought to have been. A fault in it is noted, and no fault of the source."""
        if not self.has_room(response):
            return
        outcome = of_response(response)
        if outcome.disposition is not Disposition.STORED:
            self.report.note = f"an older page: {outcome.reason}"
            return
        preview = read_preview(response)
        if self._fault(preview, response) is None:
            self._take(preview, response)
            yield from self._again()

    def on_older_error(self, failure: Any) -> None:
        """An older page could not be fetched; it stays due."""
        self.report.note = f"an older page: {of_exception(failure.value, failure.request.url).reason}"

    # --- a page

    def _take(self, preview: Preview, response: Any) -> None:
        """Keep a page that has something new, and audit it."""
        self._seen += 1
        self.report.asked += 1
        self.report.links += len(preview.posts)
        before = response.meta.get("before")
        changed, missing = self._compare(preview, before)
        if changed or missing:
            self.store(PageKind.PREVIEW, response, post_ids=changed, missing_ids=missing)
        else:
            self.report.unchanged += 1

    def _compare(self, preview: Preview, before: int | None) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Ids of posts that are new, edited or back, and of those missing for the second time; all is remembered.

        A page shows all posts from its lowest id up to `before`, or to the newest.
        """
        posts = {post.id: post for post in preview.posts}
        present = set(_ids(preview.posts))
        now, source = self.context.clock(), self.source.id
        if before is not None and (not posts or min(present) >= before):  # nothing older, or not what was asked for
            self._ended = True
            self.book.in_vain(before - 1, now)
            return (), self._gone_below(before, now) if not posts else ()
        if not posts:
            return (), ()
        lowest = min(present)
        known = self.context.frontier.posts(source, lowest, (before or 2**31) - 1)
        top = max([*present, *known]) if before is None else before - 1
        states = {number: _seen(source, post, known.get(number), now) for number, post in posts.items()}
        gone = [old for old in known.values() if not present.intersection(old.ids)]
        states |= {old.post_id: _missed(old, now) for old in gone}
        self.context.changes.posts += [state for number, state in states.items() if state != known.get(number)]
        self.report.new += sum(number > (self.last_known or 0) and number not in known for number in posts)
        self._due = {number for number in self._due if not lowest <= number <= top}
        self.book.read(lowest, top, present.union(*(old.ids for old in known.values())), now)
        changed = [number for number, post in posts.items() if _is_changed(post, known.get(number))]
        return tuple(changed), tuple(old.post_id for old in gone if old.misses + 1 == TOMBSTONE)

    def _gone_below(self, before: int, now: datetime) -> tuple[int, ...]:
        """The channel begins later: posts that were due to be read again below are missing, as from any page."""
        due = {number for number in self._due if number < before}
        known = self.context.frontier.posts(self.source.id, min(due, default=0), max(due, default=0))
        gone = [old for number, old in known.items() if number in due]
        self.context.changes.posts += [_missed(old, now) for old in gone]
        self._due -= due
        return tuple(old.post_id for old in gone if old.misses + 1 == TOMBSTONE)

    def _ask_below(self, number: int, *, again: bool) -> Request:
        self._asked.add(number)
        handlers = (self.on_older, self.on_older_error) if again else (self.on_document, self.on_document_error)
        request = self.ask(f"{self.source.url}?before={number}", *handlers, page=True)
        request.meta["before"] = number
        return request


def read_preview(response: Any) -> Preview:
    """The preview in a response whose body is still compressed."""
    return parse_preview(_decoded(response), response.url)


def _decoded(response: Any) -> bytes:
    encoding = (response.headers.get("Content-Encoding") or b"").decode("latin-1").strip().lower()
    return decode(response.body, encoding, MAX_BODY)


def _is_changed(post: Post, old: PostState | None) -> bool:
    """New, edited, or back after it had been told as missing."""
    return old is None or old.digest != post.digest or old.misses >= TOMBSTONE


def _seen(source: str, post: Post, old: PostState | None, now: datetime) -> PostState:
    """What is remembered of a post that is there: what was, unless it changed or was due."""
    first = old.first_seen_at if old and old.first_seen_at else now
    waits = old is not None and old.next_due_at is not None and old.next_due_at > now
    due = old.next_due_at if old and waits else next_due(first, now)
    new = PostState(source, post.id, post.digest, now, 0, max(post.all_ids), first, due)
    return old if old and replace(new, seen_at=old.seen_at) == old else new


def _missed(old: PostState, now: datetime) -> PostState:
    """What is remembered of a post that its page came without: looked for again soon, then as any other."""
    if old.misses + 1 < TOMBSTONE:
        return replace(old, misses=old.misses + 1, seen_at=now, next_due_at=now + RECHECKS[0])
    if old.misses >= TOMBSTONE and (old.next_due_at is None or old.next_due_at > now):
        return old
    due = next_due(old.first_seen_at or now, now)
    return replace(old, misses=max(old.misses, TOMBSTONE), seen_at=now, next_due_at=due)


def _ids(posts: Iterable[Post]) -> list[int]:
    return [number for post in posts for number in post.all_ids]
