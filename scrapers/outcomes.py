"""What an answer or a failure means: the page's disposition, and the source's verdict."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from scrapy.exceptions import (
    DownloadCancelledError,
    IgnoreRequest,
    UnsupportedURLSchemeError,
)

from scrapers.frontier import Verdict
from scrapers.guards import AddressRefusedError, ForeignHostError
from scrapers.handover import Disposition
from scrapers.politeness import (
    BatchOverError,
    HostOnHoldError,
    HostUnreachableError,
    RobotsDeniedError,
    plain_words,
)
from scrapers.settings import MAX_BODY
from scrapers.wire import DECODABLE, BodyTooLargeError, BodyTruncatedError, decoded_digest

PAGE_TYPES = frozenset({
    "", "text/html", "application/xhtml+xml", "text/xml", "application/xml", "text/plain", "application/pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
})  # fmt: skip
_PAPER = re.compile(r"\.(?:pdf|docx)\Z", re.IGNORECASE)  # of a path: a server may call the file what it likes
_BLOCKING = frozenset({401, 403, 407, 429, 451})


@dataclass(frozen=True)
class Outcome:
    """Where a page ended (None: not asked, still due) and what that says of its source."""

    disposition: Disposition | None
    reason: str
    verdict: Verdict | None
    status: int | None = None
    content: str | None = None  # digest of the decoded body

    @property
    def deferred(self) -> bool:
        """The page was not asked and stays due."""
        return self.disposition is None


def of_response(response: Any) -> Outcome:
    """Disposition of an article's answer; STORED if its body is whole and of a kind that can be read."""
    status = response.status
    if status not in (200, 203):
        return Outcome(Disposition.HTTP_ERROR, f"status {status}", status_verdict(status), status)
    kind = _header(response, "Content-Type").split(";")[0].strip().lower()
    named = kind == "application/octet-stream" and _PAPER.search(urlsplit(response.url).path)
    if kind not in PAGE_TYPES and not kind.endswith("+xml") and not named:
        return Outcome(Disposition.UNSUPPORTED_TYPE, f"content type {kind[:60]!r}", Verdict.BROKEN, status)
    encoding = _header(response, "Content-Encoding").strip().lower()
    if encoding not in DECODABLE:
        return Outcome(
            Disposition.UNSUPPORTED_TYPE, f"content encoding {encoding[:60]!r}", Verdict.BROKEN, status
        )
    if "dataloss" in response.flags:
        return Outcome(Disposition.TRUNCATED, "connection lost before the end", Verdict.BROKEN, status)
    try:
        content = decoded_digest(response.body, encoding, MAX_BODY)
    except BodyTruncatedError as error:
        return Outcome(Disposition.TRUNCATED, str(error)[:200], Verdict.BROKEN, status)
    except BodyTooLargeError as error:
        return Outcome(Disposition.TOO_LARGE, str(error)[:200], Verdict.BROKEN, status)
    return Outcome(Disposition.STORED, "", None, status, content)


def of_exception(error: Exception, url: str) -> Outcome:
    """Disposition of a request that brought no answer."""
    if isinstance(error, HostOnHoldError):
        return Outcome(None, str(error), Verdict.BLOCKED)
    if isinstance(error, BatchOverError):
        return Outcome(None, str(error), None)
    if isinstance(error, AddressRefusedError | UnsupportedURLSchemeError):
        return Outcome(Disposition.ADDRESS_REFUSED, str(error)[:200], Verdict.MISCONFIGURED)
    if isinstance(error, ForeignHostError):
        return Outcome(Disposition.FOREIGN_HOST, str(error), Verdict.MISCONFIGURED)
    if isinstance(error, RobotsDeniedError):
        return Outcome(Disposition.ROBOTS_DENIED, str(error), Verdict.BLOCKED)
    if isinstance(error, DownloadCancelledError):
        return Outcome(Disposition.TOO_LARGE, f"more than {MAX_BODY} bytes", Verdict.BROKEN)
    if isinstance(error, IgnoreRequest) and not isinstance(error, HostUnreachableError):
        if "exceeded DOWNLOAD_MAXSIZE" in str(error):
            return Outcome(Disposition.TOO_LARGE, f"more than {MAX_BODY} bytes once decoded", Verdict.BROKEN)
        return Outcome(Disposition.HTTP_ERROR, str(error)[:200], Verdict.BROKEN)  # too many redirects
    return Outcome(Disposition.UNREACHABLE, plain_words(error), Verdict.UNREACHABLE)


def status_verdict(status: int) -> Verdict:
    """What an HTTP status that is no success says of a source."""
    if status in _BLOCKING:
        return Verdict.BLOCKED
    if status in (404, 410):
        return Verdict.MISCONFIGURED
    return Verdict.UNREACHABLE if status >= 500 else Verdict.BROKEN


def doc_verdict(status: int) -> tuple[Verdict, str]:
    """Verdict and error for a feed, sitemap, listing or channel that answered with `status`."""
    return status_verdict(status), f"status {status}"


def _header(response: Any, name: str) -> str:
    return (response.headers.get(name) or b"").decode("latin-1")
