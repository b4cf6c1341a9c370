"""Telegram previews: reading a page, and walking a channel."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from scrapers.handover import PageKind
from scrapers.preview import parse_preview
from scrapers.warc import iter_responses
from scrapers.wire import decode
from tests.scrapers.conftest import Crawler, Reply, Site

T = "tgme_widget_message"
HEAD = (
    "<html><head><meta property='og:title' content='Канал'></head><body>"
    "<section class='tgme_channel_history'>"
)


def post(number: int, text: str = "", *, edited: bool = False, views: str = "1.2K", inner: str = "") -> str:
    """Markup of one post."""
    mark = "edited &nbsp;" if edited else ""
    return (
        f"<div class='{T}_wrap'><div class='{T} js-widget_message' data-post='chan/{number}'>"
        f"{inner}<div class='{T}_text js-message_text'>{text or f'post {number}'}</div>"
        f"<div class='{T}_footer'><span class='{T}_views'>{views}</span><span class='{T}_meta'>{mark}"
        f"<a class='{T}_date' href='https://t.me/chan/{number}'>"
        f"<time datetime='2026-01-02T03:04:05+03:00'>03:04</time></a></span></div></div></div>"
    )


def page(*posts: str) -> bytes:
    """Markup of a preview page."""
    return (HEAD + "".join(posts) + "</section></body></html>").encode()


def test_traps_of_the_markup() -> None:
    """Nested album text, a reply's quotation, a video's duration, line breaks are read as meant."""
    album = (
        f"<div class='{T}_grouped_wrap'><a class='{T}_photo_wrap' href='https://t.me/chan/10?single'></a>"
        f"<a class='{T}_video_player' href='https://t.me/chan/11?single'>"
        "<time class='message_video_duration'>0:46</time></a></div>"
    )
    nested = (
        f"<div class='{T}_text js-message_text'>Погибли<br/><br/>14 <b>человек</b>"
        "<blockquote>цитата</blockquote><a href='https://x.org/'>x</a></div>"
    )
    reply = (
        f"<a class='{T}_reply' href='https://t.me/chan/5'>"
        f"<div class='{T}_text js-message_reply_text'>old</div></a>"
        f"<div class='{T}_forwarded_from'>Forwarded from "
        f"<a class='{T}_forwarded_from_name' href='https://t.me/gov'>Gov</a></div>"
    )
    html = page(post(12, "new words", inner=reply, edited=True), post(10, nested, inner=album))
    preview = parse_preview(html, "https://t.me/s/chan")
    first, second = preview.posts
    assert (preview.title, preview.channel, preview.is_preview, preview.no_posts) == (
        "Канал",
        "chan",
        True,
        False,
    )
    assert (first.id, first.text, first.group_ids) == (10, "Погибли\n\n14 человек\nцитата\nx", (10, 11))
    assert (first.media, first.links) == (("photo", "video"), ("https://x.org/",))
    assert (first.date, first.views) == (datetime(2026, 1, 2, 0, 4, 5, tzinfo=UTC), 1200)
    assert (second.text, second.reply_to, second.edited) == ("new words", "https://t.me/chan/5", True)
    assert (second.forwarded_from, second.forwarded_url) == ("Gov", "https://t.me/gov")


@pytest.mark.parametrize("html", [b"", b"<html><body>login</body></html>", b"\xff\xfe\x00", b"<!-- -->"])
def test_other_pages_are_no_preview(html: bytes) -> None:
    """Anything that is no preview page says so instead of failing."""
    assert not parse_preview(html, "https://t.me/chan").is_preview


class Channel:
    """A channel of posts, twenty a page, newest page first, as t.me serves it."""

    def __init__(self, last: int) -> None:
        self.posts = {number: post(number) for number in range(1, last + 1)}

    def __call__(self, path: str) -> Reply:
        before = int(parse_qs(urlsplit(path).query).get("before", ["999999"])[0])
        shown = sorted(number for number in self.posts if number < before)[-20:]
        return Reply(page(*(self.posts[number] for number in shown)), etag=False)


def test_channel_is_read_down_to_what_is_known(site: Site, crawl: Crawler) -> None:
    """A first visit takes three pages, later ones go down to the known; edits count, views do not."""
    channel = Channel(200)
    site.routes["/s/chan"] = channel
    source = [{"id": "s-tg", "kind": "telegram", "url": "/s/chan"}]
    first = crawl(source, "b1")
    assert site.paths() == ["/s/chan", "/s/chan?before=181", "/s/chan?before=161"]
    assert [(line.kind, line.post_ids) for line in first.lines] == [
        (PageKind.PREVIEW, tuple(range(start, start + 20))) for start in (181, 161, 141)
    ]

    site.asked.clear()
    channel.posts = {number: post(number, views="9.9M") for number in channel.posts}
    assert crawl(source, "b2").summary["pages"] == 0
    assert site.paths() == ["/s/chan"]

    site.asked.clear()
    channel.posts |= {number: post(number) for number in range(201, 251)}
    channel.posts[190] = post(190, "post 190, corrected", edited=True)
    third = crawl(source, "b3")
    assert site.paths() == ["/s/chan", "/s/chan?before=231", "/s/chan?before=211"]
    ids = [number for line in third.lines for number in line.post_ids]
    assert sorted(ids) == list(range(201, 251))

    channel.posts[245] = post(245, "post 245, corrected", edited=True)
    fourth = crawl(source, "b4")
    assert [line.post_ids for line in fourth.lines] == [(245,)]
    stored = next(iter_responses(fourth.warc))
    texts = {
        p.id: p.text
        for p in parse_preview(decode(stored.body, stored.content_encoding, 10**7), stored.url).posts
    }
    assert texts[245] == "post 245, corrected"


def test_post_is_gone_after_two_misses(site: Site, crawl: Crawler) -> None:
    """A deleted post is told once, after its page came twice without it; one that comes back is not."""
    channel = Channel(30)
    site.routes["/s/chan"] = channel
    source = [{"id": "s-tg", "kind": "telegram", "url": "/s/chan"}]
    crawl(source, "b1")
    del channel.posts[20]
    kept = channel.posts.pop(25)
    assert crawl(source, "b2").lines == []
    channel.posts[25] = kept
    gone = crawl(source, "b3")
    assert [(line.post_ids, line.missing_ids) for line in gone.lines] == [((), (20,))]
    assert crawl(source, "b4").lines == []


def test_walk_ends_whatever_the_pages_say(site: Site, crawl: Crawler) -> None:
    """A server that ignores ?before, an empty channel and a channel without a preview all end at once."""
    site.routes["/s/same"] = Reply(page(post(500), post(501)))
    site.routes["/s/none"] = Reply(page())
    site.routes["/s/shut"] = Reply(status=302, headers={"Location": "/shut"})
    site.page("/shut", "View in Telegram")
    result = crawl(
        [{"id": f"s-{name}", "kind": "telegram", "url": f"/s/{name}"} for name in ("same", "none", "shut")]
    )
    assert result.code == 0
    assert [path for path in site.paths() if "same" in path] == ["/s/same", "/s/same?before=500"]
    told = {name: (entry["verdict"], entry["error"]) for name, entry in result.summary["sources"].items()}
    assert told["s-same"] == ("fresh", None)
    assert told["s-none"] == ("quiet", None)
    assert told["s-shut"] == ("misconfigured", "the channel has no public preview")


def test_interrupted_walk_is_taken_up_again(site: Site, crawl: Crawler) -> None:
    """If an older page fails, the posts on it are not lost: the next crawl goes down again."""
    channel = Channel(40)
    site.routes["/s/chan"] = channel
    source = [{"id": "s-tg", "kind": "telegram", "url": "/s/chan"}]
    crawl(source, "b1")
    channel.posts |= {number: post(number) for number in range(41, 91)}
    site.routes["/s/chan?before=71"] = Reply(status=500)
    failed = crawl(source, "b2")
    assert failed.summary["sources"]["s-tg"]["verdict"] == "unreachable"
    assert [line.post_ids for line in failed.lines] == [tuple(range(71, 91))]
    del site.routes["/s/chan?before=71"]
    again = crawl(source, "b3")
    assert sorted(number for line in again.lines for number in line.post_ids) == list(range(41, 71))
