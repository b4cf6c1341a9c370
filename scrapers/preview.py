"""Telegram's public channel preview (t.me/s/<channel>): a page of about twenty posts, read from its bytes.

Facts of the markup: an album's caption stands in two nested text elements and its block carries the id of
the first picture; a reply quotes the other post in an element of the same class; a video's duration is a
`<time>` without a date; an edited post is marked only by the word in its footer.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qs, urljoin, urlsplit

import lxml.html
from lxml.etree import ParserError, _Comment
from lxml.html import HtmlElement

from scrapers.links import parse_time

_MEDIA = {
    "tgme_widget_message_photo_wrap": "photo",
    "tgme_widget_message_video_player": "video",
    "tgme_widget_message_roundvideo_player": "round_video",
    "tgme_widget_message_voice_player": "voice",
    "tgme_widget_message_document_wrap": "document",
    "tgme_widget_message_sticker_wrap": "sticker",
    "tgme_widget_message_poll": "poll",
    "tgme_widget_message_location_wrap": "location",
    "message_media_not_supported_wrap": "unsupported",  # a kind that the preview does not show
}
_BLOCKS = frozenset({"blockquote", "div", "p", "pre", "ul", "ol", "li"})
_LAST_ID = 2**31 - 1  # of a post; what is higher comes from no channel
_ALBUM = 100  # ids between an album's first and last picture, which are ten at most, at the very most
_TIMES = {"K": 1_000, "M": 1_000_000}


@dataclass(frozen=True)
class Post:
    """One post, or one album (whose `id` is that of its first picture)."""

    id: int
    url: str
    text: str  # visible text with line breaks; empty for a post of pictures only
    links: tuple[str, ...]  # targets of the links in the text
    date: datetime | None  # aware UTC
    edited: bool
    service: bool  # "channel created", "pinned a message"
    author: str | None  # signature
    forwarded_from: str | None  # name as shown
    forwarded_url: str | None
    reply_to: str | None  # URL of the post replied to
    views: int | None  # rounded by Telegram
    media: tuple[str, ...]  # kinds, in page order
    files: tuple[str, ...]  # names of documents, titles of audio
    group_ids: tuple[int, ...]  # ids of an album, else empty

    @property
    def all_ids(self) -> tuple[int, ...]:
        """The post's id, or all ids of the album."""
        return tuple(sorted({self.id, *self.group_ids}))

    @property
    def digest(self) -> str:
        """Changes when the post's words, edit mark or media do; not with its views or reactions."""
        parts = (self.text, str(self.edited), self.forwarded_url or "", *self.links, *self.media)
        return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Preview:
    """A preview page. `before` is what its link to older posts asks for; None on the oldest page."""

    channel: str | None  # name in URLs
    title: str | None
    posts: tuple[Post, ...]  # oldest first
    before: int | None
    no_posts: bool  # the page says, or shows, that there are none
    is_preview: bool  # False: another page (channel without a preview, login, error)
    says_none: bool = False  # the page says in words that there are none


def parse_preview(html: bytes, url: str) -> Preview:
    """Read a preview page. Anything else gives an empty Preview with `is_preview` False."""
    try:
        tree = lxml.html.document_fromstring(
            html, parser=lxml.html.HTMLParser(encoding="utf-8", huge_tree=False)
        )
    except (ParserError, ValueError):
        return Preview(None, None, (), None, False, False)
    blocks = tree.xpath("//div[@data-post][contains(concat(' ', @class, ' '), ' tgme_widget_message ')]")
    posts = {post.id: post for block in blocks if (post := _post(block, url)) is not None}
    empty = bool(tree.find_class("tme_no_messages_found"))
    history = bool(tree.find_class("tgme_channel_history"))
    return Preview(
        channel=_channel(url, blocks),
        title=_title(tree),
        posts=tuple(posts[key] for key in sorted(posts)),
        before=_before(tree, url),
        no_posts=empty or (history and not posts),
        is_preview=bool(posts) or empty or history,
        says_none=empty and not posts,
    )


def _post(block: HtmlElement, page_url: str) -> Post | None:
    channel, _, number = (block.get("data-post") or "").rpartition("/")
    if not re.fullmatch(r"[0-9]{1,10}", number) or not channel or not 0 < int(number) <= _LAST_ID:
        return None
    texts = [node for node in block.find_class("tgme_widget_message_text") if _is_own(node, block)]
    meta = " ".join(_text(node) for node in block.find_class("tgme_widget_message_meta"))
    forward = _first(block, "tgme_widget_message_forwarded_from_name")
    reply = _first(block, "tgme_widget_message_reply")
    signature = _first(block, "tgme_widget_message_from_author")
    views = _first(block, "tgme_widget_message_views")
    return Post(
        id=int(number),
        url=urljoin(page_url, f"/{channel}/{number}"),  # on t.me, https://t.me/<channel>/<number>
        text="\n".join(part for node in texts if (part := _text(node))),
        links=tuple(dict.fromkeys(a.get("href") for node in texts for a in node.iter("a") if a.get("href"))),
        date=_date(block),
        edited=re.search(r"\bedited\b", meta) is not None,
        service="service_message" in (block.get("class") or "").split(),
        author=_text(signature) if signature is not None else None,
        forwarded_from=_text(forward) if forward is not None else None,
        forwarded_url=forward.get("href") if forward is not None else None,
        reply_to=reply.get("href") if reply is not None else None,
        views=_views(_text(views)) if views is not None else None,
        media=_media(block),
        files=tuple(_text(node) for node in block.find_class("tgme_widget_message_document_title")),
        group_ids=_group(block, int(number)),
    )


def _is_own(node: HtmlElement, block: HtmlElement) -> bool:
    """Neither nested in another text element nor the quoted text of a reply."""
    for above in node.iterancestors():
        if above is block:
            return True
        classes = (above.get("class") or "").split()
        if "tgme_widget_message_text" in classes or "tgme_widget_message_reply" in classes:
            return False
    return True


def _text(node: HtmlElement) -> str:
    """Visible text; `<br>` and block elements break lines, at most one empty line in a row."""
    pieces: list[str] = []

    def visit(element: HtmlElement) -> None:
        if isinstance(element, _Comment) or not isinstance(element.tag, str):
            return
        block = element.tag in _BLOCKS and element is not node
        if block and pieces and not pieces[-1].endswith("\n"):
            pieces.append("\n")
        if element.tag == "br":
            pieces.append("\n")
        keep = element.tag == "pre"
        pieces.append(_words(element.text, keep))
        for child in element:
            visit(child)
            pieces.append(_words(child.tail, keep))
        if block and pieces and not "".join(pieces[-2:]).endswith("\n"):
            pieces.append("\n")

    visit(node)
    lines = [re.sub(r"[ \t]+", " ", line).strip() for line in "".join(pieces).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _words(text: str | None, keep_lines: bool) -> str:
    if not text:
        return ""
    return text if keep_lines else re.sub(r"[ \t\r\n]+", " ", text)


def _date(block: HtmlElement) -> datetime | None:
    """The date in the footer's link, not that of a quoted post or a video's duration."""
    for link in block.find_class("tgme_widget_message_date"):
        for time in link.iter("time"):
            if moment := parse_time(time.get("datetime")):
                return moment
    return None


def _media(block: HtmlElement) -> tuple[str, ...]:
    kinds = []
    for node in block.iter():
        if isinstance(node.tag, str):
            kinds += [_MEDIA[name] for name in (node.get("class") or "").split() if name in _MEDIA]
    return tuple(kinds)


def _group(block: HtmlElement, first: int) -> tuple[int, ...]:
    """Ids of the pictures; a far one is a link to something else, and would make a range of ids without end."""
    ids = set()
    for wrap in block.find_class("tgme_widget_message_grouped_wrap"):
        for link in wrap.iter("a"):
            match = re.search(r"/([0-9]+)(?:\?|$)", link.get("href") or "")
            number = int(match.group(1)) if match and len(match.group(1)) <= 10 else 0
            if number > 0 and abs(number - first) <= _ALBUM:
                ids.add(number)
    return tuple(sorted(ids))


def _views(text: str) -> int | None:
    match = re.fullmatch(r"([\d.]+)([KM]?)", text.strip())
    try:
        return round(float(match.group(1)) * _TIMES.get(match.group(2), 1)) if match else None
    except ValueError:
        return None


def _title(tree: HtmlElement) -> str | None:
    for content in tree.xpath("//meta[@property='og:title']/@content"):
        return " ".join(content.split()) or None
    node = _first(tree, "tgme_channel_info_header_title")
    return _text(node) or None if node is not None else None


def _channel(url: str, blocks: list[HtmlElement]) -> str | None:
    match = re.search(r"/s/([A-Za-z0-9_]+)", urlsplit(url).path)
    if match:
        return match.group(1)
    return blocks[0].get("data-post").rpartition("/")[0] if blocks else None


def _before(tree: HtmlElement, url: str) -> int | None:
    hrefs = tree.xpath(
        "//a[contains(@class, 'js-messages_more')][@data-before]/@href | //link[@rel='prev']/@href"
    )
    for href in hrefs:
        value = parse_qs(urlsplit(urljoin(url, href)).query).get("before", [""])[0]
        if re.fullmatch(r"[0-9]{1,10}", value):
            return int(value)
    return None


def _first(node: HtmlElement, name: str) -> HtmlElement | None:
    return next(iter(node.find_class(name)), None)
