"""A message about a source in the reader's words: as clean plain text, not yet escaped."""

from __future__ import annotations

from dataclasses import dataclass

from processing.alert.scraped import clean, safe_url
from processing.alert.view import Words, moment, region_names, zone_of
from processing.models import Notice, Precision

FAILING = ("#b3261e", "#ff8a80")  # on light and on dark ground
WELL = ("#1a7f37", "#56d364")
TOLD = ("#8a4b00", "#ffb74d")


@dataclass(frozen=True)
class NoticeView:
    """A notice in the reader's words. In a digest, `speaker` and `through` stand where a disclosure has them."""

    subject: str
    kind: str
    headline: str
    headline_rest: str
    text: str
    rows: tuple[tuple[str, str], ...]  # label, value
    link: str | None
    link_shown: str
    speaker: str
    through: str
    why: str
    identity: str
    colour: str
    colour_dark: str


def notice_view(notice: Notice, words: Words, lang: str, timezone: str, reason: str) -> NoticeView:
    """The notice for one route; `reason` is why the route sends it."""
    said = words["notice"]
    outlet, silence = clean(notice.outlet, 100), notice.kind == "silence"
    zone = zone_of(timezone)
    rows: tuple[tuple[str, str], ...]

    def when(name: str) -> str:
        value = notice.since if name == "since" else notice.last_success_at
        return moment(value, Precision.MINUTE, zone, words)

    if silence:
        region = region_names().get(notice.region or "", {}).get(lang, notice.region or words["no_region"])
        kind = said["silent"]
        rest = said["silent_rest"].format(region=region, outlet=outlet, time=_time(notice.silent_hours, words))
        rows = ((said["usual"], _time(notice.usual_hours, words)), (said["last_news"], when("since")))
        text, colours = said["silent_text"], TOLD
    else:
        kind = said["verdicts"][notice.verdict]
        before = said["well"] if notice.before == "fresh" else said["verdicts"].get(notice.before, "").lower()
        rest = outlet + (said["was"].format(before=before) if before else "")
        rows = ((said["since"], when("since")), (said["last_success"], when("last_success")))
        text = said["advice"][notice.verdict]
        colours = WELL if notice.verdict == "fresh" else TOLD if notice.verdict == "quiet" else FAILING
        if notice.reason:
            rows = ((said["reason"], clean(notice.reason, 400)), *rows)
    link = safe_url(notice.url)
    return NoticeView(
        subject=f"[Vigil] {said['silent_subject' if silence else 'subject']}: {outlet} ({notice.source})",
        kind=kind, headline=f"{kind} · {rest}", headline_rest=rest, text=text, rows=rows, link=link,
        link_shown=link or clean(notice.url, 200), speaker=clean(notice.reason, 200) or text, through=outlet,
        why=clean(reason, 300) or "–", identity=f"{notice.source}, {said['message']} {notice.version}",
        colour=colours[0], colour_dark=colours[1],
    )


def _time(hours: float | None, words: Words) -> str:
    """`31 hours`, `5 days`."""
    if hours is None:
        return str(words["not_known"])
    unit, number = ("days", hours / 24) if hours >= 72 else ("hours", hours)
    return str(words["notice"][unit].format(n=max(1, round(number))))
