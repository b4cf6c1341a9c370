"""Judges how a source fares, from this crawl and its own history: broken, blocked and quiet are not the same.

Two crawls are enough to be right: what may pass by itself (one odd answer) is a verdict when it comes twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from scrapers.frontier import FAILING, GONE, Day, Health, Verdict
from scrapers.handover import Disposition
from scrapers.links import short
from scrapers.registry import Source
from scrapers.rhythm import patience
from scrapers.spiders.base import Report

UNEXPECTED = timedelta(days=7)  # without news, where neither registry nor history says how often there are
PAGES_FAILED = "pages failed: "


def judge(
    source: Source, report: Report, before: Health | None, now: datetime, days: Sequence[Day] = (),
    slowest: timedelta | None = None,
) -> Health | None:
    """The source's health after a crawl; None if it was not asked at all (host on hold, time up).

    `days` are those of its history on which it had news; `slowest` is the longest time between two polls that
    its schedule group allows, None where every run polls it.
    """
    if report.status is None and report.fault is None:
        return None
    fault = _fault(report, before)
    failures = (before.consecutive_failures if before else 0) + 1 if fault else 0
    well = fault is None
    first = well and (before is None or before.since_at is None)
    ever = bool(report.links or (before and before.ever_linked))
    seen = report.new or (first and ever)  # also while the pages cannot be read: the source is not silent
    last_new = before.last_new_at if before else None
    last_new = now if seen else min(last_new, now) if last_new else None  # a clock that ran ahead is no news to come
    if fault is None:
        verdict, error = _fresh_or_quiet(source, last_new, now, days), flood(source, days, report, now)
        if not report.asked and before and before.consecutive_failures and PAGES_FAILED in (before.last_error or ""):
            failures, error = before.consecutive_failures, before.last_error  # no page asked for: nothing is refuted
    else:
        verdict, error = fault
        if before is not None and before.verdict not in FAILING and failures == 1 and _may_pass(verdict, error):
            verdict, error = _fresh_or_quiet(source, last_new, now, days), f"once, so far: {error}"
    return Health(
        source=source.id,
        verdict=verdict,
        last_checked_at=now,
        changed_at=before.changed_at if before and before.verdict == verdict else now,
        last_success_at=now if well else before.last_success_at if before else None,
        last_new_at=last_new,
        last_error=short(error or report.note, 400),
        consecutive_failures=failures,
        last_links=before.last_links if report.status == 304 and before else report.links,
        ever_linked=ever,
        next_poll_at=_next_poll(verdict, failures, before, now, days, slowest),
        since_at=now if first else before.since_at if before else None,
    )


def news_of(source: Source, report: Report, before: Health | None, now: datetime) -> Day | None:
    """What a crawl adds to the source's rhythm. What a first crawl finds is a backlog, and no rhythm."""
    if not report.new or before is None or before.since_at is None:
        return None
    waited = now - (before.last_new_at or before.since_at)
    return Day(source.id, now.date(), report.new, max(0, round(waited.total_seconds())), now)


def flood(source: Source, days: Sequence[Day], report: Report | None, now: datetime) -> str | None:
    """What is said of a source that publishes more than its entry expects in a day."""
    known = sum(day.news for day in days if day.day == now.date())
    count, most = known + (report.new if report and known else 0), source.expect.max_per_day
    if count <= most:
        return None
    return f"{count} new pages today, at most {most} expected: does link_pattern let too much in?"


def _fault(report: Report, before: Health | None) -> tuple[Verdict, str] | None:
    if report.fault is not None:
        return report.fault
    if report.status == 200 and not report.links and report.foreign:
        hosts = ", ".join(sorted(report.foreign)[:3])
        return (
            Verdict.MISCONFIGURED,
            f"all {report.foreign.total()} links lead to other hosts ({hosts[:150]}); "
            "if these are the source's own, list them under `hosts` in its entry",
        )
    if fault := _pages_fault(report, before):
        return fault
    if report.status == 200 and not report.links and not report.empty and before and before.ever_linked:
        return (
            Verdict.BROKEN,
            report.note or f"answers, but without the links it used to have ({before.last_links})",
        )
    return None


def _pages_fault(report: Report, before: Health | None) -> tuple[Verdict, str] | None:
    """Pages were asked for and none came. Without any asked for, what was said of them last still holds."""
    if not report.asked and before and before.verdict in FAILING and PAGES_FAILED in (before.last_error or ""):
        return before.verdict, before.last_error or ""
    gone = sum(report.reasons[reason] for reason in GONE) if before and before.last_success_at else 0
    failed = sum(report.failed.values()) - gone
    if failed <= 0 or report.stored or report.unchanged:
        return None
    return (
        _pages_verdict(report),
        f"{failed} of {report.asked} {PAGES_FAILED}{report.reasons.most_common(1)[0][0]}",
    )


def _pages_verdict(report: Report) -> Verdict:
    worst, _ = report.failed.most_common(1)[0]
    reason, _ = report.reasons.most_common(1)[0]
    refused = reason in {f"status {code}" for code in (401, 403, 407, 429, 451)}
    if worst == Disposition.ROBOTS_DENIED or refused or reason.startswith(("a wall ", "an error page ")):
        return Verdict.BLOCKED
    if worst == Disposition.FOREIGN_HOST:
        return Verdict.MISCONFIGURED
    down = worst == Disposition.UNREACHABLE or reason.startswith("status 5")
    return Verdict.UNREACHABLE if down else Verdict.BROKEN


def _may_pass(verdict: Verdict, error: str) -> bool:
    """Whether a source that fared well is given a second crawl before it is called so."""
    return verdict in (Verdict.BROKEN, Verdict.MISCONFIGURED) or PAGES_FAILED in error


def _fresh_or_quiet(source: Source, last_new: datetime | None, now: datetime, days: Sequence[Day]) -> Verdict:
    """Quiet after three times the longest expected pause, at least a day; else by the source's own rhythm."""
    expected = source.expect.min_per_day
    pause = timedelta(days=max(1.0, 3.0 / expected)) if expected else patience(days) or UNEXPECTED
    return Verdict.FRESH if last_new is not None and now - last_new <= pause else Verdict.QUIET


def _next_poll(
    verdict: Verdict, failures: int, before: Health | None, now: datetime, days: Sequence[Day],
    slowest: timedelta | None,
) -> datetime | None:
    """A quarter of the mean time between news, at most `slowest`; longer and longer while the source fails.

    Known pages that fall due are no reason to wait: see Frontier.resting().
    """
    if slowest is None:
        return None
    if verdict in FAILING or failures:
        return now + min(slowest, timedelta(minutes=2 ** min(failures, 10)))
    since = before.since_at if before else None
    news = sum(day.news for day in days if day.day > (now - timedelta(days=14)).date())
    if since is None or now - since < timedelta(days=2):  # not known long enough
        return None
    return now + min(slowest, min(now - since, timedelta(days=14)) / (4 * news) if news else slowest)
