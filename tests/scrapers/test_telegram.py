"""Telegram previews: reading a page, and walking a channel."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import create_engine, text

from scrapers.frontier import Frontier
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


def post(number: int, words: str = "", *, edited: bool = False, views: str = "1.2K", inner: str = "") -> str:
    """Markup of one post."""
    mark = "edited &nbsp;" if edited else ""
    return (
        f"<div class='{T}_wrap'><div class='{T} js-widget_message' data-post='chan/{number}'>"
        f"{inner}<div class='{T}_text js-message_text'>{words or f'post {number}'}</div>"
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


class Memory:
    """The frontier of a test crawl, and a way to let time pass for it."""

    def __init__(self, crawl: Crawler) -> None:
        self.crawl = crawl

    def gaps(self) -> list[tuple[int, int, int]]:
        frontier = Frontier(self.crawl.ledger)
        found = [(gap.first_id, gap.last_id, gap.tries) for gap in frontier.gaps("s-tg")]
        frontier.close()
        return found

    def missing(self) -> dict[str, int]:
        frontier = Frontier(self.crawl.ledger)
        try:
            return frontier.missing_posts()
        finally:
            frontier.close()

    def pass_time(self, hours: float) -> None:
        """As if posts had been seen, and gaps found, so much earlier."""
        engine = create_engine(self.crawl.ledger)
        with engine.begin() as db:
            for table, columns in (
                ("frontier_post", ("first_seen_at", "seen_at", "next_due_at")),
                ("frontier_gap", ("found_at", "next_due_at", "checked_at")),
            ):
                for column in columns:
                    shifted = f"strftime('%Y-%m-%d %H:%M:%f000', {column}, '-{hours} hours')"
                    db.execute(text(f"UPDATE {table} SET {column} = {shifted}"))  # noqa: S608 own names
        engine.dispose()


SOURCE = [{"id": "s-tg", "kind": "telegram", "url": "/s/chan"}]


def test_ids_never_seen_are_gaps_that_are_asked_for_again(site: Site, crawl: Crawler) -> None:
    """Holes in the ids are kept and counted, looked for ever more rarely, and closed by the post they wanted."""
    channel, memory = Channel(60), Memory(crawl)
    site.routes["/s/chan"] = channel
    late = {number: channel.posts.pop(number) for number in (5, 30, 31, 59)}
    crawl(SOURCE, "b1")
    assert memory.gaps() == [(5, 5, 0), (30, 31, 0), (59, 59, 0)]
    assert memory.missing() == {"s-tg": 4}

    site.asked.clear()
    crawl(SOURCE, "b2")
    assert site.paths() == ["/s/chan"]  # nothing is due yet
    channel.posts[30] = late[30]
    channel.posts[61] = post(61)
    memory.pass_time(0.5)
    third = crawl(SOURCE, "b3")
    assert sorted(number for line in third.lines for number in line.post_ids) == [30, 61]
    assert memory.gaps() == [(5, 5, 1), (31, 31, 1), (59, 59, 1)]
    for hours, batch in ((2, "b4"), (10, "b5"), (20, "b6"), (80, "b7"), (200, "b8")):
        memory.pass_time(hours)
        crawl(SOURCE, batch)
    site.asked.clear()
    assert crawl(SOURCE, "b9").lines == []
    assert (memory.missing(), site.paths()) == ({"s-tg": 3}, ["/s/chan"])  # still told, no longer asked for


def test_an_album_is_no_gap(site: Site, crawl: Crawler) -> None:
    """The ids of an album's further pictures are accounted for, also after the album is deleted."""
    channel, memory = Channel(30), Memory(crawl)
    links = "".join(f"<a class='{T}_photo_wrap' href='https://t.me/chan/{n}?single'></a>" for n in (20, 21, 22))
    channel.posts[20] = post(20, "Альбом", inner=f"<div class='{T}_grouped_wrap'>{links}</div>")
    del channel.posts[21], channel.posts[22]
    site.routes["/s/chan"] = channel
    crawl(SOURCE, "b1")
    del channel.posts[20]
    crawl(SOURCE, "b2")
    assert [line.missing_ids for line in crawl(SOURCE, "b3").lines] == [(20,)]
    assert memory.gaps() == []


def test_posts_beyond_the_page_limit_are_a_gap_until_they_are_read(site: Site, crawl: Crawler) -> None:
    """More new posts than one crawl may page through: the rest is a gap, and the next crawls read it."""
    channel, memory = Channel(20), Memory(crawl)
    site.routes["/s/chan"] = channel
    source = [{**SOURCE[0], "max_pages": 3}]
    crawl(source, "b1")
    channel.posts |= {number: post(number) for number in range(21, 141)}
    second = crawl(source, "b2")
    assert second.summary["sources"]["s-tg"]["error"] == "gap: posts 21 to 80 were not read yet"
    assert memory.gaps() == [(21, 80, 0)]
    found = [crawl(source, batch) for batch in ("b3", "b4")]
    ids = [number for result in (second, *found) for line in result.lines for number in line.post_ids]
    assert sorted(ids) == list(range(21, 141))
    assert memory.gaps() == []


def test_older_posts_are_read_again_at_ever_longer_intervals(site: Site, crawl: Crawler) -> None:
    """An edit and a deletion on a page that later posts have pushed back are seen when it is due."""
    channel, memory = Channel(25), Memory(crawl)
    site.routes["/s/chan"] = channel
    crawl(SOURCE, "b1")
    channel.posts |= {number: post(number) for number in range(26, 51)}
    crawl(SOURCE, "b2")
    channel.posts[22] = post(22, "post 22, corrected", edited=True)
    del channel.posts[23]
    assert crawl(SOURCE, "b3").lines == []
    memory.pass_time(2)
    seen = crawl(SOURCE, "b4")
    assert [(line.post_ids, line.missing_ids) for line in seen.lines] == [((22,), ())]
    memory.pass_time(0.5)
    assert [(line.post_ids, line.missing_ids) for line in crawl(SOURCE, "b5").lines] == [((), (23,))]


def test_a_post_that_comes_back_is_told_again(site: Site, crawl: Crawler) -> None:
    """What was told as missing and is there again is handed on like a new post, once."""
    channel = Channel(30)
    site.routes["/s/chan"] = channel
    crawl(SOURCE, "b1")
    kept = channel.posts.pop(30)  # the newest: missed although no later post frames it
    crawl(SOURCE, "b2")
    assert [line.missing_ids for line in crawl(SOURCE, "b3").lines] == [(30,)]
    channel.posts[30] = kept
    assert [(line.post_ids, line.missing_ids) for line in crawl(SOURCE, "b4").lines] == [((30,), ())]
    assert crawl(SOURCE, "b5").lines == []


def test_a_changed_markup_is_broken_and_an_empty_channel_is_not(site: Site, crawl: Crawler) -> None:
    """Posts without dates mean that the page's markup changed; "no posts found" means what it says."""
    channel = Channel(20)
    site.routes["/s/chan"] = channel
    crawl(SOURCE, "b1")
    dated = page(*channel.posts.values())
    site.routes["/s/chan"] = Reply(dated.replace(b"datetime=", b"data-when="), etag=False)
    verdicts = [crawl(SOURCE, batch).summary["sources"]["s-tg"]["verdict"] for batch in ("b2", "b3")]
    assert verdicts[-1] == "broken"
    site.routes["/s/chan"] = Reply(
        (HEAD + "<div class='tme_no_messages_found'>No posts found</div></section></body></html>").encode(), etag=False
    )
    last = [crawl(SOURCE, batch).summary["sources"]["s-tg"] for batch in ("b4", "b5")][-1]
    assert last["verdict"] in ("fresh", "quiet")


@pytest.mark.parametrize("number", ["²", "0", "99999999999", "4294967296", "-3", ""])
def test_numbers_that_are_no_post_id_are_left_out(number: str) -> None:
    """Ids that no channel has, and no database takes, make no post."""
    html = page(post(7), post(8).replace("chan/8", f"chan/{number}"))
    assert [found.id for found in parse_preview(html, "https://t.me/s/chan").posts] == [7]


def test_the_channels_oldest_post_is_gone_like_any_other(site: Site, crawl: Crawler) -> None:
    """Nothing is below it that could frame it: asked for twice in vain it is missing, and then asked for no more."""
    channel, memory = Channel(30), Memory(crawl)
    site.routes["/s/chan"] = channel
    crawl(SOURCE, "b1")
    del channel.posts[1]
    memory.pass_time(2)
    assert crawl(SOURCE, "b2").lines == []
    memory.pass_time(0.5)
    assert [(line.post_ids, line.missing_ids) for line in crawl(SOURCE, "b3").lines] == [((), (1,))]
    memory.pass_time(100)
    crawl(SOURCE, "b4")
    site.asked.clear()
    assert crawl(SOURCE, "b5").lines == []
    assert site.paths() == ["/s/chan"]


def test_odd_values_in_a_post_are_left_out() -> None:
    """A date that is out of range in UTC is none; a picture with a far id is none of the album."""
    far = f"<div class='{T}_grouped_wrap'><a href='https://t.me/chan/2000000000'></a></div>"
    html = page(post(8, inner=far)).replace(b"2026-01-02T03:04:05+03:00", b"0001-01-01T00:00:00+14:00")
    (found,) = parse_preview(html, "https://t.me/s/chan").posts
    assert (found.date, found.all_ids) == (None, (8,))
