"""A page's headline without the site's name around it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from lxml.html import HtmlElement
from trafilatura.metadata import extract_title

from processing.clean.facts import Facts
from processing.clean.urls import site_of

_SEPARATOR = re.compile(r"\s+[|–—•·»:/\-]+\s+|\s*[|»]\s*|\s+::\s+")
_LETTERS = re.compile(r"[^\w]+")
SHORTEST = 8  # characters that a headline keeps after its site's name is cut off


def headline(tree: HtmlElement, facts: Facts, url: str, outlet: str, hint: str | None = None) -> str | None:
    """The publisher's title, else the feed's (`hint`), else what trafilatura finds; never the site's name.

    <h1> confirms where the publisher's title ends, or completes one that was cut.
    """
    heads = [text for h1 in tree.iter("h1") if (text := " ".join(h1.text_content().split()))][:5]
    names = {_letters(name) for name in (outlet, site_of(url), site_of(url).rsplit(".", 1)[0], *facts.sites)}
    for title in (*facts.titles, hint or ""):
        text = without_site(" ".join(html.unescape(title).split()), names)
        if text and not _is_site(text, names):
            return next((h for h in heads if _is_headline_in(h, text) or _goes_on(h, text)), text)
    page_title = " ".join((tree.findtext(".//head/title") or "").split())
    for text in (extract_title(tree) or "", *heads, page_title):
        text = without_site(" ".join(text.split()), names)
        if text and not _is_site(text, names):
            return text
    return None


def without_site(title: str, names: Iterable[str]) -> str:
    """`title` without a first or last part that is a name of the site (`names`: letters only, lower case)."""
    known = {name for name in names if len(name) >= 3}
    for _ in range(3):
        cuts = list(_SEPARATOR.finditer(title))
        if not cuts:
            break
        tail, head = title[cuts[-1].end() :], title[: cuts[0].start()]
        if _is_site(tail, known) and cuts[-1].start() >= SHORTEST:
            title = title[: cuts[-1].start()]
        elif _is_site(head, known) and len(title) - cuts[0].end() >= SHORTEST:
            title = title[cuts[0].end() :]
        else:
            break
    return title.strip()


def _is_headline_in(head: str, title: str) -> bool:
    """The title is the <h1>, or it and something after a separator."""
    if len(head) < SHORTEST or not title.startswith(head):
        return False
    return title == head or _SEPARATOR.match(title, len(head)) is not None


def _goes_on(head: str, title: str) -> bool:
    """The <h1> begins with the title: the title was shortened."""
    start = title.rstrip(" .…")
    return len(start) >= SHORTEST and head.startswith(start)


def _is_site(part: str, known: set[str]) -> bool:
    letters = _letters(part)
    return len(letters) >= 3 and any(letters == name or _nearly(letters, name) for name in known)


def _nearly(part: str, name: str) -> bool:
    """One is most of the other: `UNIAN` of `UNIAN.NET`, `BBC News` of `BBC News Україна`."""
    short, long = sorted((part, name), key=len)
    return len(short) >= 4 and short in long and len(short) * 5 >= len(long) * 2


def _letters(name: str) -> str:
    return _LETTERS.sub("", name).lower()
