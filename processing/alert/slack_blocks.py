"""A disclosure as Slack blocks: within Slack's limits, and nothing scraped takes effect as mark-up."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence
from typing import Any

from processing.alert.notices import NoticeView
from processing.alert.scraped import clean, cut
from processing.alert.view import OUTLETS_SHOWN, QUOTE_LIMIT, View, Words

HEADER, SECTION, FIELD, PAYLOAD = 150, 3000, 2000, 10_000
Blocks = list[dict[str, Any]]


def alert_blocks(view: View, words: Words) -> Blocks:
    """The fullest message that Slack accepts: fewer outlets first, then a shorter quote."""
    fits = ((OUTLETS_SHOWN, QUOTE_LIMIT), (4, QUOTE_LIMIT), (0, QUOTE_LIMIT), (0, 300), (0, 120))
    for outlets, quoted in fits:
        blocks = _blocks(view, words, outlets, quoted)
        if _size(blocks) <= PAYLOAD - 1500:  # room for channel, fallback text and metadata
            break
    return blocks


def _size(blocks: Blocks) -> int:
    return len(json.dumps(blocks))


def _blocks(view: View, words: Words, outlets: int, quoted: int) -> Blocks:
    label = words["labels"]
    blocks = [*_lead_blocks(view, words, quoted), _fields(
        (label["event"], f"{view.event}\n{view.lag}"), (label["published"], view.published),
        (label["seen"], view.seen), (label["confidence"], view.confidence),
    )]
    listed = [
        _slack_link(other.url, other.name) + (f" ({words['reprint']})" if other.reprint else "")
        for other in view.outlets[:outlets]
    ]
    if hidden := view.hidden + len(view.outlets) - len(listed):
        listed.append(words["more"].format(n=hidden))
    blocks.append(_section(f"*{label['outlets']}:* {view.outlets_line}\n{' · '.join(listed)}".rstrip()))
    if view.link:
        button = {"type": "button", "text": {"type": "plain_text", "text": label["open"]}, "url": view.link}
        blocks.append({"type": "actions", "elements": [button]})
    blocks.append(_context(*_small_print(view, words)))
    return blocks


def reply_blocks(view: View, words: Words) -> Blocks:
    """In the thread: what changed, who says so, the words, and where they are kept."""
    return [*_lead_blocks(view, words, 300), _context(*_archive_lines(view, words))]


def _lead_blocks(view: View, words: Words, quoted: int) -> Blocks:
    label = words["labels"]
    counts = "\n".join(f"• *{mrk(line.text)}*  {mrk(line.raw)}".rstrip() for line in view.counts)
    if view.note:
        counts = f"*{mrk(view.note)}*\n{counts}"
    who = f"*{label['who']}:* {mrk(view.speaker)}, {label['through']} {_slack_link(view.link, view.through)}"
    said = f"&gt; {mrk(cut(view.quote, quoted))}".replace("&gt;", ">", 1)
    source = f"_{label['quote']}, {mrk(view.quote_language)}_"
    return [_header(view.headline), _section(counts), _section(f"{who}\n{said}\n{source}")]


def _small_print(view: View, words: Words) -> list[str]:
    label = words["labels"]
    lines = _archive_lines(view, words)
    if view.grade:
        lines.append(f"{label['grade']}: {mrk(view.grade)}")
    lines.append(f"{label['why']}: {mrk(view.why)}")
    return [*lines, f"{label['id']}: {mrk(view.identity)}"]


def _archive_lines(view: View, words: Words) -> list[str]:
    label = words["labels"]
    if view.page is None:
        return [f"{label['archive']}: {words['not_archived']}"]
    page = view.page
    return [
        f"*{label['archive']}:* `{mrk(clean(page.warc_key, 300))}` {label['offset']} {page.offset}, "
        f"{page.length} {label['length']}\n{mrk(clean(page.digest, 80))}\n"
        f"{label['command']} `vigil evidence {mrk(clean(page.page_id, 80))}`"
    ]


def notice_blocks(view: NoticeView, words: Words) -> Blocks:
    """A message about a source."""
    rows = "\n".join(f"*{name}:* {mrk(value)}" for name, value in view.rows)
    link = f"*{words['labels']['source']}:* {_slack_link(view.link, view.link_shown)}"
    small = [f"{words['labels']['why']}: {mrk(view.why)}", mrk(view.identity)]
    return [_header(view.headline), _section(f"{mrk(view.text)}\n{rows}\n{link}"), _context(*small)]


def digest_blocks(title: str, views: Sequence[View | NoticeView], words: Words) -> Blocks:
    lines = [f"• {mrk(v.headline)} – {_slack_link(v.link, v.through)}" for v in views]
    if _digest_size(title, lines) > PAYLOAD - 1500:
        lines = [f"• {mrk(v.headline)} ({v.identity[:8]})" for v in views]
    kept = list(lines)
    while kept and _digest_size(title, kept) > PAYLOAD - 1500:
        kept.pop()
    if len(kept) < len(lines):
        kept.append(words["more"].format(n=len(lines) - len(kept)))
    return _digest_of(title, kept)


def _digest_size(title: str, lines: Sequence[str]) -> int:
    return _size(_digest_of(title, lines))


def _digest_of(title: str, lines: Sequence[str]) -> Blocks:
    return [_header(title), *(_section("\n".join(lines[i : i + 8])) for i in range(0, len(lines), 8))]


def _escape(text: str) -> str:
    return html.escape(text, quote=False)


def _text(text: str, limit: int) -> dict[str, Any]:
    """Verbatim: Slack links no addresses, names or channels by itself."""
    return {"type": "mrkdwn", "text": cut(text, limit), "verbatim": True}


def _header(text: str) -> dict[str, Any]:
    title = {"type": "plain_text", "text": cut(_escape(text), HEADER), "emoji": False}
    return {"type": "header", "text": title}


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _text(text, SECTION)}


def _fields(*pairs: tuple[str, str]) -> dict[str, Any]:
    return {"type": "section", "fields": [_text(f"*{name}*\n{mrk(value)}", FIELD) for name, value in pairs]}


def _context(*lines: str) -> dict[str, Any]:
    return {"type": "context", "elements": [_text("\n".join(lines), FIELD)]}


def _slack_link(url: str | None, shown: str) -> str:
    return f"<{_escape(url)}|{mrk(shown)}>" if url and len(url) <= 500 else mrk(shown)


def mrk(text: str) -> str:
    """Escaped for Slack: no mentions, no links, no mark-up of the text's own."""
    text = text.translate({ord("*"): "∗", ord("`"): "ˋ", ord("~"): "∼"})
    text = re.sub(r"(?<!\w)_|_(?!\w)", "ˍ", text)
    return html.escape(text, quote=False)
