"""One stored page to its texts: pure, deterministic, no clock and no network."""

from __future__ import annotations

import html
import json
import logging
import re
import unicodedata
from datetime import datetime
from urllib.parse import urljoin

import lxml.html
from htmldate import find_date
from lxml.etree import LxmlError
from lxml.html import HtmlElement
from trafilatura import bare_extraction, load_html
from trafilatura.settings import Document

from processing.clean import dates
from processing.clean.charset import to_utf8
from processing.clean.facts import Facts, read_facts
from processing.clean.language import language_of
from processing.clean.model import Cleaned, CleanText
from processing.clean.papers import is_paper, read_paper
from processing.clean.slim import MAX_HTML, without_scripts
from processing.clean.standfirst import standfirst
from processing.clean.title import headline
from processing.clean.urls import canonical, without_trackers
from processing.errors import Quarantine
from processing.models import Precision
from scrapers.handover import Disposition, PageKind, PageLine
from scrapers.preview import Post, parse_preview
from scrapers.registry import Source
from scrapers.warc import StoredResponse
from scrapers.wire import DECODABLE, BodyTooLargeError, BodyTruncatedError, decode

MAX_BODY = 10 << 20  # bytes of a page once decompressed
SHORT = 400  # characters below which a text may be only part of its article
MAX_STUB = 20_000  # bytes in which a page without a body may say where to go instead
STUB = 250  # characters up to which the text of a page that refreshes elsewhere is no article
STAMP = re.compile(r"\A\s*\d{1,2}[./]\d{1,2}[./]\d{4},?\s+\d{1,2}:\d{2}(?::\d{2})?(?=\s)")  # before the first paragraph
LINKED = 0.6  # share of a text that is link texts, from which the page is a list of headlines

for _name in ("trafilatura", "htmldate", "courlan", "charset_normalizer"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)  # they log what pages contain


def clean_page(response: StoredResponse, line: PageLine, source: Source) -> Cleaned:
    """The texts of a page. Hostile and broken pages come back QUARANTINED or TRUNCATED with a reason.

    Nothing a page contains makes this raise, but it may take long or much memory: run it in a CleanPool.
    """
    try:
        body = _body(response)
        if line.kind is PageKind.PREVIEW:
            return _posts(body, line, source)
        if is_paper(body):
            return _paper(body, line, source)
        return _article(to_utf8(body, response.header("Content-Type")), line, source)
    except BodyTruncatedError:
        return Cleaned(Disposition.TRUNCATED, "compressed_body_cut_short")
    except BodyTooLargeError:
        return Cleaned(Disposition.QUARANTINED, "decompressed_too_large")
    except Quarantine as error:
        return Cleaned(Disposition.QUARANTINED, error.reason)


def _body(response: StoredResponse) -> bytes:
    encoding = response.content_encoding
    if encoding not in DECODABLE:
        raise Quarantine("unknown_content_encoding")
    body = decode(response.body, encoding, MAX_BODY)
    return decode(body, "gzip", MAX_BODY) if body.startswith(b"\x1f\x8b\x08") else body  # compressed twice


# -- channel previews --------------------------------------------------------------------------------


def _posts(body: bytes, line: PageLine, source: Source) -> Cleaned:
    """The posts named in the page's line, each as it stands."""
    preview = parse_preview(body, line.url)
    if not preview.is_preview:
        raise Quarantine("not_a_preview")
    asked = set(line.post_ids)
    posts = [post for post in preview.posts if asked & set(post.all_ids)]
    texts = tuple(_post(post, source) for post in posts if post.text and not post.service)
    base = preview.posts[0].url.rpartition("/")[0] if preview.posts else urljoin(line.url, f"/{preview.channel}")
    gone = tuple(f"{base}/{number}" for number in line.missing_ids)
    absent = asked - {number for post in posts for number in post.all_ids}
    counts = {
        "without text": sum(not post.text and not post.service for post in posts),
        "service messages": sum(post.service for post in posts),
        "no longer there": len(absent) + len(gone),
    }
    reason = ", ".join(f"{count} {what}" for what, count in counts.items() if count) or None
    return Cleaned(Disposition.POSTS if texts else Disposition.POSTS_UNCHANGED, reason, texts, gone)


def _post(post: Post, source: Source) -> CleanText:
    return CleanText(
        kind="post",
        url=post.url,
        canonical_url=post.url,
        title=None,
        text=_tidy(post.text),
        lang=language_of(post.text, None, source.lang),
        published_at=post.date,
        precision=Precision.MINUTE if post.date else Precision.UNKNOWN,
        edited=post.edited,
        outlet=source.name,
        forwarded_from=_tidy(post.forwarded_from)[:200] if post.forwarded_from else None,
        post=_details(post),
    )


def _details(post: Post) -> str | None:
    """What the channel shows of a post besides its text, as JSON without what it does not have."""
    shown = {
        "reply_to": post.reply_to,
        "forwarded_url": post.forwarded_url,
        "author": post.author,
        "links": post.links[:100],
        "media": post.media[:100],
        "files": tuple(_tidy(name)[:200] for name in post.files[:100]),
        "group_ids": post.group_ids[:100],
        "views": post.views,
    }
    kept = {name: value for name, value in shown.items() if value not in (None, ())}
    return json.dumps(kept, ensure_ascii=True) if kept else None


# -- press releases as files -------------------------------------------------------------------------


def _paper(body: bytes, line: PageLine, source: Source) -> Cleaned:
    """A PDF or Word file. Its headline is that of the link to it: the title inside is mostly the template's."""
    paper = read_paper(body)
    text = _tidy(paper.text)
    if not text:
        return Cleaned(Disposition.NO_TEXT, "no_text_layer")
    first = text.split("\n", 1)[0]
    hint = dates.of_time(line.hint_published) if line.hint_published else None
    made = dates.of_day(paper.created) if paper.created else None
    published = dates.first_known(dates.plausible(hint, line.fetched_at), dates.plausible(made, line.fetched_at))
    title = line.hint_title or paper.title or (first if len(first) <= 200 else None)
    return Cleaned(Disposition.DOCUMENT_NEW, None, (CleanText(
        kind="article",
        url=line.url,
        canonical_url=without_trackers(line.url),
        title=title,
        text=_without_headline(text, title),
        lang=language_of(text, None, source.lang),
        published_at=published.at if published else None,
        precision=published.precision if published else Precision.UNKNOWN,
        edited=False,
        outlet=source.name,
    ),))  # fmt: skip


# -- articles ----------------------------------------------------------------------------------------


def _article(body: bytes, line: PageLine, source: Source) -> Cleaned:
    if len(body) > MAX_HTML:
        body = without_scripts(body)
        if len(body) > MAX_HTML:
            raise Quarantine("too_large_to_clean")
    tree = _tree(body)
    if tree is None:
        stub = re.search(rb"""http-equiv\s*=\s*["']?refresh""", body[:MAX_STUB], re.IGNORECASE)
        return Cleaned(Disposition.NO_TEXT, "redirect_stub" if stub else "not_html")
    facts = read_facts(tree, line.url)
    text = _text(tree, facts, line.url)
    if reason := _why_no_article(text, tree, facts, line.url):
        return Cleaned(Disposition.NO_TEXT, reason)
    return Cleaned(Disposition.DOCUMENT_NEW, None, (_clean_text(text, tree, facts, line, source),))


def _tree(body: bytes) -> HtmlElement | None:
    try:
        return load_html(body)
    except (LxmlError, ValueError):
        return None


def _text(tree: HtmlElement, facts: Facts, url: str) -> str:
    """trafilatura's text, or the publisher's `articleBody` where that is markedly longer; standfirst first.

    A short text is looked for once more with all of trafilatura's means: seven times the cost, and in a short
    article a paragraph that was missed may be all there is.
    """
    text = _extract(tree, url, fast=True)
    body = _plain(facts.article_body or "")
    if len(body) > 1.5 * len(text) + 200:
        return body
    if len(text) < SHORT:
        text, thorough = (_article_only(found, tree) for found in (text, _extract(tree, url, fast=False)))
        text = thorough if len(thorough) > 1.5 * len(text) else text
    lead = standfirst(tree, facts.description, text) if text else None
    return f"{_tidy(lead)}\n{text}" if lead else text


def _article_only(text: str, tree: HtmlElement) -> str:
    """A short text without what trafilatura falls back to with it: menus before the headline, links, counters.

    A counter or teaser in the text would make each look at the page an edit.
    """
    lines = text.split("\n")
    heads = {" ".join(h1.text_content().split()) for h1 in tree.iter("h1")}
    links = {" ".join(a.text_content().split()) for a in tree.iter("a")}
    start = next((number + 1 for number, line in enumerate(lines) if line.lstrip("#- ") in heads), 0)
    kept = [line for line in lines[start:] if not (line.lstrip("-| ") in links or line.isdecimal())]
    return "\n".join(kept).strip() or text


def _extract(tree: HtmlElement, url: str, fast: bool) -> str:
    found = bare_extraction(tree, url=url, fast=fast, include_comments=False, with_metadata=False)
    return _tidy(found.text or "") if isinstance(found, Document) else ""


def _why_no_article(text: str, tree: HtmlElement, facts: Facts, url: str) -> str | None:
    """Slug of the reason why a page is no article; None if it is one."""
    if facts.refreshes and len(text) < STUB:
        return "redirect_stub"
    if not text:
        return "section_page" if facts.is_listing else "no_article_text"
    at_root = re.fullmatch(r"https?://[^/]+/?(?:index\.\w+)?", url) is not None
    if not facts.is_article and (at_root or _linked_share(text, tree) > LINKED):
        return "section_page"
    return None


def _linked_share(text: str, tree: HtmlElement) -> float:
    """Share of the text's characters in lines that are nothing but the text of a link."""
    links = {" ".join(a.text_content().split()) for a in tree.iter("a")}
    lines = [" ".join(row.lstrip("-|").split()) for row in text.split("\n")]
    linked = [row for row in lines if row in links and len(row) >= 10]
    return sum(map(len, linked)) / max(1, sum(map(len, lines))) if len(linked) >= 3 else 0.0


def _clean_text(text: str, tree: HtmlElement, facts: Facts, line: PageLine, source: Source) -> CleanText:
    title = headline(tree, facts, line.url, source.name, line.hint_title)
    published = _published(tree, facts, line)
    return CleanText(
        kind="article",
        url=line.url,
        canonical_url=canonical(line.url, facts.canonical),
        title=title,
        text=_without_headline(text, title),
        lang=language_of(text, facts.lang, source.lang),
        published_at=published.at if published else None,
        precision=published.precision if published else Precision.UNKNOWN,
        edited=dates.was_edited(published, facts.modified),
        outlet=source.name,
    )


def _without_headline(text: str, title: str | None) -> str:
    """The text, unless it is nothing else, without the headline it begins with and the time of publication after it.

    Of a short article trafilatura gives both; with another layout it does not, and the text would seem edited.
    """
    rest = text.removeprefix(title or "")
    if not (rest[:1].isspace() and rest.strip()):
        return text
    return STAMP.sub("", rest).strip() or rest.strip()


def _published(tree: HtmlElement, facts: Facts, line: PageLine) -> dates.Moment | None:
    hint = dates.of_time(line.hint_published) if line.hint_published else None
    found = dates.first_known(
        dates.plausible(hint, line.fetched_at), dates.plausible(facts.published, line.fetched_at)
    )
    return found or dates.plausible(_guessed_day(tree, line.url, line.fetched_at), line.fetched_at)


def _guessed_day(tree: HtmlElement, url: str, fetched_at: datetime) -> dates.Moment | None:
    """The day htmldate finds in URL, markup and text."""
    found = find_date(
        tree,
        original_date=True,
        extensive_search=True,
        url=url,
        min_date=dates.EARLIEST.date().isoformat(),
        max_date=(fetched_at + dates.AHEAD).date().isoformat(),
    )
    return dates.parse_moment(found)


def _plain(markup: str) -> str:
    """An `articleBody`: entities resolved, tags taken out."""
    text = html.unescape(markup)
    if re.search(r"</?\w+[^<>]*>", text):
        try:
            text = "\n".join(lxml.html.fromstring(f"<div>{text}</div>").itertext())
        except (LxmlError, ValueError):
            return ""
    return _tidy(text)


def _tidy(text: str) -> str:
    """NFC, no control characters, no trailing blanks, at most one empty line in a row."""
    text = "".join(
        c for c in unicodedata.normalize("NFC", text) if c in "\n\t" or unicodedata.category(c) != "Cc"
    )
    lines = [line.strip() for line in text.replace("\u2028", "\n").split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
