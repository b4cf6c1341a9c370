"""Judges how a source fares, from this crawl and the last: broken, blocked and quiet are not the same."""

from __future__ import annotations

from datetime import datetime, timedelta

from scrapers.frontier import FAILING, Health, Verdict
from scrapers.handover import Disposition
from scrapers.links import short
from scrapers.registry import Source
from scrapers.spiders.base import Report


def judge(source: Source, report: Report, before: Health | None, now: datetime) -> Health | None:
    """The source's health after a crawl; None if it was not asked at all (host on hold, time up)."""
    if report.status is None and report.fault is None:
        return None
    verdict, error = _fault(report, before) or (None, None)
    last_new = now if report.stored else before.last_new_at if before else None
    if verdict is None:
        verdict = _fresh_or_quiet(source, last_new, now)
    failing = verdict in FAILING
    ever = bool(report.links or (before and before.ever_linked))
    return Health(
        source=source.id,
        verdict=verdict,
        last_checked_at=now,
        changed_at=before.changed_at if before and before.verdict == verdict else now,
        last_success_at=before.last_success_at if failing and before else None if failing else now,
        last_new_at=last_new,
        last_error=short(error or report.note, 400),
        consecutive_failures=(before.consecutive_failures if before else 0) + 1 if failing else 0,
        last_links=before.last_links if report.status == 304 and before else report.links,
        ever_linked=ever,
    )


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
    failed = sum(report.failed.values())
    if failed and not report.stored and not report.unchanged:
        return _pages_verdict(
            report
        ), f"{failed} of {report.asked} pages failed: {report.reasons.most_common(1)[0][0]}"
    if report.status == 200 and not report.links and before and before.ever_linked:
        return (
            Verdict.BROKEN,
            report.note or f"answers, but without the links it used to have ({before.last_links})",
        )
    return None


def _pages_verdict(report: Report) -> Verdict:
    worst, _ = report.failed.most_common(1)[0]
    reason, _ = report.reasons.most_common(1)[0]
    if worst == Disposition.ROBOTS_DENIED or reason in {
        f"status {code}" for code in (401, 403, 407, 429, 451)
    }:
        return Verdict.BLOCKED
    if worst == Disposition.FOREIGN_HOST:
        return Verdict.MISCONFIGURED
    return Verdict.UNREACHABLE if worst == Disposition.UNREACHABLE else Verdict.BROKEN


def _fresh_or_quiet(source: Source, last_new: datetime | None, now: datetime) -> Verdict:
    """Quiet after three times the longest expected pause, at least a day; a week if nothing is expected."""
    expected = source.expect.min_per_day
    pause = timedelta(days=max(1.0, 3.0 / expected) if expected else 7.0)
    return Verdict.FRESH if last_new is not None and now - last_new <= pause else Verdict.QUIET
