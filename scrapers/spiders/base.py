"""The crawl of one source: asks its feed, sitemap, listing or channel, then the pages that are due."""

from __future__ import annotations

import inspect
import logging
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from scrapy import Request

from scrapers.frontier import Changes, DocState, Frontier, UrlState, Verdict, next_due
from scrapers.handover import Disposition, PageKind, PageLine, page_id
from scrapers.links import Link, host_and_port, short, tidy
from scrapers.outcomes import Outcome, doc_verdict, of_exception, of_response
from scrapers.registry import Source
from scrapers.walls import lists_nothing, wall_of
from scrapers.warc import MAX_URI, BatchWriter, Exchange, payload_digest

log = logging.getLogger("vigil.crawl")


@dataclass
class Report:
    """What happened to one source in this crawl; the counts of `asked` add up."""

    status: int | None = None  # of the feed, sitemap, listing or first preview page
    links: int = 0
    new: int = 0  # of the links or posts: never seen before
    empty: bool = False  # a whole and well-formed answer that lists nothing
    asked: int = 0  # pages asked for
    stored: int = 0
    unchanged: int = 0
    failed: Counter[str] = field(default_factory=Counter)  # disposition -> pages
    reasons: Counter[str] = field(default_factory=Counter)
    repeated: int = 0  # of the failed: the same failure as last time, no new line
    foreign: Counter[str] = field(default_factory=Counter)  # other site's host -> links skipped
    deferred: int = 0  # host on hold, time up or batch full: still due
    fault: tuple[Verdict, str] | None = None  # of the way to the pages
    note: str | None = None


@dataclass(frozen=True)
class Context:
    """What the crawls of a batch share."""

    frontier: Frontier
    writer: BatchWriter
    changes: Changes
    clock: Callable[[], datetime]
    end: Callable[[str], None] = lambda reason: None  # asks for no further page of the batch


class SourceCrawl(ABC):
    """One source's crawl. A kind says how to start and how to find links; all else is here."""

    def __init__(self, source: Source, context: Context) -> None:
        self.source = source
        self.context = context
        self.report = Report()
        self.known: dict[str, UrlState] = {}
        self._open = 0
        self._walled = True  # whether pages may be a wall's, as far as known

    @abstractmethod
    def links(self, response: Any) -> Iterable[Link]:
        """Links to articles in a decoded feed, sitemap or listing. Raises ValueError if it is none."""

    def start(self) -> Iterator[Request]:
        """First requests."""
        url = str(self.source.url)
        log.info("%s: start (%s)", self.source.id, self.source.kind)
        yield self.ask(
            url, self.on_document, self.on_document_error, doc=self.context.frontier.doc(self.source.id, url)
        )

    # --- ways to pages

    def on_document(self, response: Any) -> Iterator[Request]:
        """A feed, sitemap or listing has answered: find the links, ask what is due."""
        if not self.answered(response):
            return
        yield from self.pages(self.links(response) if response.status != 304 else ())
        self.remember(response)  # last: a fault before this must not hide the links until the next change

    def answered(self, response: Any) -> bool:
        """Note the status of a way to pages; False if it is a failure."""
        self.report.status = response.status
        if response.status not in (200, 304):
            self.report.fault = doc_verdict(response.status)
            return False
        return True

    def remember(self, response: Any) -> None:
        """Keep the validators of a way to pages that was understood, to ask next for changes only."""
        if response.status == 200 and not (self.report.links or self.report.fault or self.report.foreign):
            self._why_no_links(response)
        if self.report.fault is None:
            self.context.changes.docs += self.validators(response)

    def _why_no_links(self, response: Any) -> None:
        """A wall instead of the page, or a list that is empty by its own account."""
        if wall := wall_of(response):
            self.report.fault = (Verdict.BLOCKED, wall)
        elif self.source.kind in ("feed", "sitemap"):
            self.report.empty = lists_nothing(response.body)

    def validators(self, response: Any) -> list[DocState]:
        """The validators of a whole answer; none of another."""
        if response.status != 200 or "dataloss" in response.flags:
            return []
        now, asked = self.context.clock(), response.meta["asked"]
        return [DocState(self.source.id, asked, *_validators(response), now)]

    def on_document_error(self, failure: Any) -> None:
        """A feed, sitemap or listing could not be fetched."""
        outcome = of_exception(failure.value, failure.request.url)
        if outcome.deferred:
            self.report.note = outcome.reason
        if outcome.verdict is not None:
            self.report.fault = (outcome.verdict, outcome.reason)

    # --- pages

    def pages(self, found: Iterable[Link]) -> Iterator[Request]:
        """Requests for the articles that are due: new ones first, a quarter kept for asking again."""
        now, source = self.context.clock(), self.source
        links, foreign = tidy(found, source.link_pattern, source.owns)
        self.report.links += len(links)
        self.report.foreign.update(host_and_port(link.url)[0] for link in foreign)
        states = self.context.frontier.urls(source.id, [link.url for link in links])
        fresh = [_pending(source.id, link, now) for link in links if link.url not in states]
        fresh = [state for state in fresh if state.url not in self.known]
        self.report.new += len(fresh)
        self.context.changes.urls.extend(fresh)
        due = [
            state
            for state in self.context.frontier.due(source.id, now, source.max_pages)
            if state.url not in self.known
        ]
        room = max(0, source.max_pages - self.report.asked)
        kept = min(len(due), room // 4)
        for state in (fresh[: room - kept] + due)[:room]:
            self.known[state.url] = state
            self.report.asked += 1
            yield self.ask(state.url, self.on_page, self.on_page_error, doc=state, page=True)

    def on_page(self, response: Any) -> None:
        """An article has answered: keep it, or count why not."""
        state = self.known[response.meta["asked"]]
        if response.status == 304:
            self._settle(state, unchanged=True)
            return
        if not self.has_room(response):
            self.report.deferred += 1
            return
        outcome = of_response(response)
        if outcome.disposition is not Disposition.STORED:
            self._fail(state, response.url, outcome, response)
            return
        if self._walled and (wall := wall_of(response, article=True)):
            refused = Outcome(Disposition.HTTP_ERROR, wall, Verdict.BLOCKED, response.status)
            self._fail(state, response.url, refused, response)
            return
        self._walled = False  # one page that is none is enough: the next are not looked at
        if outcome.content == state.digest:
            self._settle(state, unchanged=True, response=response)
            return
        self.store(PageKind.ARTICLE, response, state)
        self._settle(state, response=response, digest=outcome.content)

    def on_page_error(self, failure: Any) -> None:
        """An article could not be fetched."""
        outcome = of_exception(failure.value, failure.request.url)
        if outcome.deferred:
            self.report.deferred += 1
            self.report.note = outcome.reason
        else:
            self._fail(self.known[failure.request.meta["asked"]], failure.request.url, outcome)

    def has_room(self, response: Any) -> bool:
        """Whether the batch takes the page; if not, it is over and the page stays due."""
        if self.context.writer.fits(len(response.body)):
            return True
        self.report.note = f"the batch was full ({self.context.writer.limit} bytes)"
        self.context.end(self.report.note)
        return False

    def store(
        self,
        kind: PageKind,
        response: Any,
        state: UrlState | None = None,
        post_ids: tuple[int, ...] = (),
        missing_ids: tuple[int, ...] = (),
    ) -> None:
        """Write a page and its line."""
        exchange = exchange_of(response)
        digest = payload_digest(exchange.body)
        line = PageLine(
            page_id=page_id(self.source.id, response.url, digest),
            source=self.source.id,
            kind=kind,
            url=response.url,
            requested_url=response.meta["asked"],
            fetched_at=self.context.clock(),
            status=response.status,
            content_type=_header(response, "Content-Type"),
            digest=digest,
            hint_title=state.hint_title if state else None,
            hint_published=state.hint_published if state else None,
            post_ids=post_ids,
            missing_ids=missing_ids,
            **dict(zip(("etag", "last_modified"), _validators(response), strict=True)),
        )
        self.context.writer.add(line, exchange)
        self.report.stored += 1

    def _fail(self, state: UrlState, url: str, outcome: Outcome, response: Any = None) -> None:
        assert outcome.disposition is not None  # noqa: S101 deferred ones do not come here
        url, reason = url[:MAX_URI], short(outcome.reason) or outcome.disposition.value
        failure = f"{outcome.disposition}: {reason}"
        self.report.failed[outcome.disposition] += 1
        self.report.reasons[reason] += 1
        if failure == state.failure:
            self.report.repeated += 1
        else:
            keep = outcome.disposition is Disposition.TRUNCATED and response is not None
            exchange = exchange_of(response, truncated="disconnect") if keep else None
            digest = payload_digest(exchange.body) if exchange else None
            self.context.writer.add(
                PageLine(
                    page_id=page_id(self.source.id, url, digest or failure),
                    source=self.source.id,
                    kind=PageKind.ARTICLE,
                    url=url,
                    requested_url=state.url,
                    fetched_at=self.context.clock(),
                    status=outcome.status,
                    digest=digest,
                    disposition=outcome.disposition,
                    reason=reason,
                    content_type=_header(response, "Content-Type") if response is not None else None,
                    hint_title=state.hint_title,
                    hint_published=state.hint_published,
                ),
                exchange,
            )
        self._settle(state, failure=failure)

    def _settle(
        self,
        state: UrlState,
        *,
        unchanged: bool = False,
        response: Any = None,
        digest: str | None = None,
        failure: str | None = None,
    ) -> None:
        """Remember how asking for a page went."""
        now = self.context.clock()
        self.report.unchanged += unchanged
        validators = (state.etag, state.last_modified)
        if response is not None:
            validators = _validators(response)
        self.context.changes.urls.append(
            UrlState(
                state.source,
                state.url,
                state.first_seen_at,
                next_due(state.first_seen_at, now, failure),
                now,
                digest or state.digest,
                *validators,
                failure,
                state.hint_title,
                state.hint_published,
            )
        )

    # --- requests

    def ask(
        self,
        url: str,
        callback: Callable[[Any], Any],
        errback: Callable[[Any], Any],
        *,
        doc: DocState | UrlState | None = None,
        page: bool = False,
    ) -> Request:
        """A request with the validators of the last answer; pages keep their wire bytes."""
        headers = {
            "If-None-Match": doc.etag if doc else None,
            "If-Modified-Since": doc.last_modified if doc else None,
        }
        meta = {
            "asked": url,
            "wire_bytes": page,
            "vigil_source": self.source,
            "vigil_delay": self.source.delay,
            "dont_obey_robotstxt": self.source.robots != "obey",
            "render": self.source.render,
        }
        self._open += 1
        return Request(
            url,
            callback=self._guarded(callback),
            errback=self._guarded(errback),
            meta=meta,
            headers={name: value for name, value in headers.items() if value},
            priority=0 if page else 10,
        )

    def _guarded(self, handler: Callable[[Any], Any]) -> Callable[[Any], Iterator[Request] | None]:
        """A fault in handling one answer is this source's fault, not the batch's."""

        def requests(answer: Any, found: Callable[[], Iterator[Request] | None]) -> Iterator[Request]:
            try:
                yield from found() or ()
            except ValueError as error:
                wall = wall_of(answer)
                said = short(str(error), 200) or "not understood"
                self.report.fault = (Verdict.BLOCKED, wall) if wall else (Verdict.BROKEN, said)
            except Exception as error:  # the batch goes on; the fault stands in the source's health
                log.exception("%s: fault in %s", self.source.id, handler.__name__)
                self.report.fault = (Verdict.BROKEN, f"fault in the crawler: {type(error).__name__}")
            finally:
                self._open -= 1
                if self._open == 0:
                    self.done()

        def handle(answer: Any) -> Iterator[Request] | None:
            if inspect.isgeneratorfunction(handler):
                return requests(answer, lambda: handler(answer))
            for _ in requests(answer, lambda: handler(answer)):  # at once: no chain of generators for each page
                raise AssertionError("not a generator function")
            return None

        return handle

    def done(self) -> None:
        """The source's last answer is in."""
        r = self.report
        state = r.fault[1] if r.fault else str(r.status) if r.status else r.note or "no answer"
        failed = "".join(f", {count} {name}" for name, count in sorted(r.failed.items()))
        foreign = f", {r.foreign.total()} foreign" if r.foreign else ""
        deferred = f", {r.deferred} deferred" if r.deferred else ""
        log.info(
            "%s: %s %s, %d links%s, %d due, %d stored, %d unchanged%s%s",
            self.source.id,
            self.source.kind,
            state,
            r.links,
            foreign,
            r.asked,
            r.stored,
            r.unchanged,
            failed,
            deferred,
        )


def exchange_of(response: Any, truncated: str | None = None) -> Exchange:
    """The request and answer behind a response, for the WARC; of a page the answer's headers as they came."""
    request = response.request
    reason, raw = request.meta.get("wire", ("", ()))
    return Exchange(
        url=response.url,
        request_headers=(("Host", urlsplit(request.url).netloc), *_pairs(request.headers)),
        status=response.status,
        reason=reason,
        headers=_decoded(raw) if request.meta.get("wire_bytes") else _pairs(response.headers),
        body=response.body,
        ip=str(response.ip_address) if response.ip_address else None,
        truncated=truncated,
    )


def _pending(source: str, link: Link, now: datetime) -> UrlState:
    return UrlState(source, link.url, now, now, hint_title=short(link.title), hint_published=link.published)


def _pairs(headers: Any) -> tuple[tuple[str, str], ...]:
    return _decoded((name, value) for name, values in dict.items(headers) for value in values)


def _decoded(headers: Iterable[tuple[bytes, bytes]]) -> tuple[tuple[str, str], ...]:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)


def _header(response: Any, name: str) -> str | None:
    value = response.headers.get(name)
    return short(value.decode("latin-1"), 200) if value else None


def _validators(response: Any) -> tuple[str | None, str | None]:
    """ETag and Last-Modified, to be sent back as they came; one that is no such thing is none."""
    found = []
    for name in ("ETag", "Last-Modified"):
        value = (response.headers.get(name) or b"").decode("latin-1")
        found.append(value if value and value.isprintable() and len(value) <= 500 else None)
    return found[0], found[1]
