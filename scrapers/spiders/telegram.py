"""Telegram channels by their public preview: the newest page, then older ones down to what is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from scrapy import Request

from scrapers.frontier import PostState, Verdict
from scrapers.handover import Disposition, PageKind
from scrapers.links import Link
from scrapers.outcomes import of_response
from scrapers.preview import Preview, parse_preview
from scrapers.registry import Source
from scrapers.settings import MAX_BODY
from scrapers.spiders.base import Context, SourceCrawl
from scrapers.wire import decode

FIRST_VISIT_PAGES = 3
TOMBSTONE = 2  # a post is gone once its page has come twice without it


class TelegramCrawl(SourceCrawl):
    """A source that is a Telegram channel."""

    def __init__(self, source: Source, context: Context) -> None:
        super().__init__(source, context)
        self.last_known = context.frontier.last_post_id(source.id)
        self.newest: int | None = None
        self._seen = 0  # pages
        self._first: Any = None  # response of the newest page

    def start(self) -> Iterator[Request]:
        """The newest page; its bytes are kept as they come, as an article's."""
        for request in super().start():
            request.meta["wire_bytes"] = True
            yield request

    def links(self, response: Any) -> Iterable[Link]:
        """A channel has no links to articles."""
        return ()

    def on_document(self, response: Any) -> Iterator[Request]:
        """A preview page: keep it if it has new or edited posts, ask for an older one if need be."""
        self._seen += 1
        if self._seen == 1:
            self._first = response
            if not self.answered(response) or response.status == 304:
                return
        if not self.has_room(response):
            return
        outcome = of_response(response)
        if outcome.disposition is not Disposition.STORED:
            self.report.fault = (outcome.verdict or Verdict.BROKEN, outcome.reason)
            return
        preview = read_preview(response)
        if not preview.is_preview or "/s/" not in response.url:
            self.report.fault = (Verdict.MISCONFIGURED, "the channel has no public preview")
            return
        self.report.asked += 1
        self.report.links += len(preview.posts)
        changed, missing = self._compare(preview)
        if changed or missing:
            self.store(PageKind.PREVIEW, response, post_ids=changed, missing_ids=missing)
        else:
            self.report.unchanged += 1
        yield from self._older(preview, response.meta.get("before"))

    def _compare(self, preview: Preview) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Ids of the new or edited posts, and of those missing for the second time; all is remembered."""
        posts = {post.id: post.digest for post in preview.posts}
        if not posts:
            return (), ()
        known = self.context.frontier.posts(self.source.id, min(posts), max(posts))
        now, source = self.context.clock(), self.source.id
        changed = [i for i, digest in posts.items() if i not in known or known[i].digest != digest]
        back = [i for i in posts if i in known and known[i].misses]
        missed = [
            replace(state, misses=state.misses + 1, seen_at=now)
            for i, state in known.items()
            if i not in posts
        ]
        self.context.changes.posts += [PostState(source, i, posts[i], now) for i in {*changed, *back}]
        self.context.changes.posts += missed
        return tuple(changed), tuple(state.post_id for state in missed if state.misses == TOMBSTONE)

    def _older(self, preview: Preview, before: int | None) -> Iterator[Request]:
        """The next older page. Steps by id, strictly downwards, so it ends whatever the pages link to."""
        ids = [number for post in preview.posts for number in post.all_ids]
        self.newest = self.newest or (max(ids) if ids else None)
        lowest = min(ids, default=0)
        reached = not ids or lowest <= max(self.last_known or 0, 1)
        if reached or (before is not None and lowest >= before):
            self._complete()
        elif self._seen >= (FIRST_VISIT_PAGES if self.last_known is None else self.source.max_pages):
            if self.last_known is not None:
                self.report.note = f"gap: posts {self.last_known + 1} to {lowest - 1} were not read"
            self._complete()
        else:
            request = self.ask(
                f"{self.source.url}?before={lowest}", self.on_document, self.on_document_error, page=True
            )
            request.meta["before"] = lowest
            yield request

    def _complete(self) -> None:
        """Nothing older is missing: the next crawl need not read below the newest post."""
        self.remember(self._first)
        if self.newest is not None:
            self.context.changes.channels[self.source.id] = self.newest


def read_preview(response: Any) -> Preview:
    """The preview in a response whose body is still compressed."""
    encoding = (response.headers.get("Content-Encoding") or b"").decode("latin-1").strip().lower()
    return parse_preview(decode(response.body, encoding, MAX_BODY), response.url)
