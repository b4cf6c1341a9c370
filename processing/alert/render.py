"""The message: one disclosure as an editor reads it, within ten seconds, as mail and as Slack blocks.

Pure: a record goes in, text comes out. Everything scraped is cleaned (scraped.py) and escaped at the last
moment; it is never a template.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from processing.alert.notices import NoticeView, notice_view
from processing.alert.outbox import DigestJob
from processing.alert.scraped import clean, cut
from processing.alert.slack_blocks import Blocks, alert_blocks, digest_blocks, mrk, notice_blocks, reply_blocks
from processing.alert.view import TEMPLATES, View, Words, headline, subject, view_of, words_of
from processing.models import DisclosureRecord, Notice

__all__ = ["Message", "headline", "render", "render_digest", "subject"]


@dataclass(frozen=True)
class Message:
    """What goes out. All versions of a disclosure have one subject; the headline says what changed."""

    subject: str
    headline: str
    text: str
    html: str
    slack_text: str
    slack_blocks: Blocks
    slack_reply_blocks: Blocks


def render(
    record: DisclosureRecord | Notice, *, lang: str = "en", timezone: str = "UTC", reason: str = ""
) -> Message:
    """One disclosure version, or one message about a source, for one route.

    An unknown `timezone` is shown as UTC: no alert is lost to it.
    """
    words = words_of(lang)
    view = _view(record, words, lang, timezone, reason)
    if isinstance(view, NoticeView):
        return _notice(view, words, lang)
    values = {"v": view, "w": words, "lang": lang}
    return Message(
        subject=view.subject,
        headline=view.headline,
        text=_tidy(_template("alert.txt.j2").render(values)),
        html=_template("alert.html.j2").render(values),
        slack_text=cut(mrk(view.headline), 3000),
        slack_blocks=alert_blocks(view, words),
        slack_reply_blocks=reply_blocks(view, words),
    )


def render_digest(job: DigestJob) -> Message:
    """All disclosures of a flood in one message: a headline each, none dropped while Slack's limits allow."""
    words = words_of(job.lang)
    views = [_view(j.record, words, job.lang, job.timezone, j.reason) for j in job.jobs]
    told = words["notice"] if any(isinstance(view, NoticeView) for view in views) else words
    title = told["digest_headline"].format(n=len(views))
    why = clean(job.jobs[0].reason, 300) if job.jobs else ""
    values = {"items": views, "w": words, "lang": job.lang, "headline": title, "why": why}
    blocks = digest_blocks(title, views, words)
    return Message(
        subject=told["digest_subject"].format(n=len(views)), headline=title,
        text=_tidy(_template("digest.txt.j2").render(values)),
        html=_template("digest.html.j2").render(values),
        slack_text=mrk(title), slack_blocks=blocks, slack_reply_blocks=blocks,
    )


def _view(
    record: DisclosureRecord | Notice, words: Words, lang: str, timezone: str, reason: str
) -> View | NoticeView:
    if isinstance(record, Notice):
        return notice_view(record, words, lang, timezone, reason)
    return view_of(record, words, lang, timezone, reason)


def _notice(view: NoticeView, words: Words, lang: str) -> Message:
    values = {"v": view, "w": words, "lang": lang}
    blocks = notice_blocks(view, words)
    return Message(
        subject=view.subject, headline=view.headline, text=_tidy(_template("notice.txt.j2").render(values)),
        html=_template("notice.html.j2").render(values), slack_text=cut(mrk(view.headline), 3000),
        slack_blocks=blocks, slack_reply_blocks=blocks,
    )


@functools.cache
def _template(name: str) -> Any:
    environment = Environment(  # the plain-text part is text: escaping would show entities
        loader=FileSystemLoader(TEMPLATES), autoescape=name.endswith(".html.j2"), undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )
    return environment.get_template(name)


def _tidy(text: str) -> str:
    """At most one blank line in a row."""
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"
