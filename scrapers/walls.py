"""Walls: captchas and error pages that come with status 200 where a page of the source should be."""

from __future__ import annotations

import re
from typing import Any

from scrapers.wire import BodyTooLargeError, BodyTruncatedError, decode

_WALL_BODY, _WALL_TEXT = 300_000, 1_500  # bytes of a wall's page, characters that it shows
_HIDDEN = re.compile(r"<(script|style|noscript|svg|head|!--)", re.IGNORECASE)
_TAGS = re.compile(r"<[^<>]*>")
_TITLE = re.compile(r"<title[^<>]{0,200}>([^<]{1,300})</title", re.IGNORECASE)
_WALLS = re.compile(
    "captcha|cf-chl-|cdn-cgi/challenge-platform|just a moment|attention required|ddos-guard|checking your browser"
    "|qrator|incapsula|access denied|you have been blocked|unusual traffic|доступ (?:к сайту |к ресурсу )?ограничен"
    "|доступ запрещ[её]н|что вы не робот|проверка браузера|доступ (?:до сайту )?обмежено|що ви не робот",
    re.IGNORECASE,
)
_CODE = r"(?:40[013]|429|50[0-4])"
_ERRORS = re.compile(  # a bare number is none: "429 погибших" is a headline
    rf"\A\W*(?:(?:http|error|status|ошибка|помилка|код)\W*)*{_CODE}\W*(?:\Z|[|:–—-]|error\b|ошибка\b|помилка\b)"
    rf"|\b(?:http|error|ошибка|помилка) {_CODE}\b"
    r"|forbidden|service (?:temporarily )?unavailable|bad gateway|gateway time-?out|too many requests"
    "|internal server error|under maintenance|site maintenance|technical maintenance"
    r"|\A\W*(?:на сайте )?(?:ведутся |проводятся |идут )?технические работы\W*(?:на сайте)?\W*\Z"
    r"|\A\W*(?:технічні роботи)\W*\Z|сайт временно|(?:сайт|страница|сервис) (?:временно )?недоступ"
    "|сайт тимчасово|(?:сайт|сторінка|сервіс) (?:тимчасово )?недоступ",
    re.IGNORECASE,
)
_ARTICLE = re.compile(  # what only an article's page has
    r"<article[\s>]|<time[\s>]|article:published_time|\"datePublished\"|NewsArticle|articleBody", re.IGNORECASE
)
_ENTRIES = re.compile(rb"<(?:\w{1,20}:)?(?:item|entry|url|sitemap)[\s>]|\"items\"\s*:\s*\[\s*\{")


def wall_of(response: Any, *, article: bool = False) -> str | None:
    """What stands there instead of a page of the source, if it is a wall: a captcha, or an error page with 200.

    An `article` is called one only by its title: its text may speak of captchas, its markup may hold one. With an
    article's markup it is none, whatever its headline says: a wall that is stored is found later, a page that is
    refused is lost.
    """
    if not hasattr(response, "body") or len(response.body) > _WALL_BODY:
        return None
    encoding = (response.headers.get("Content-Encoding") or b"").decode("latin-1").strip().lower()
    encoding = encoding if response.meta.get("wire_bytes") else ""  # others are decoded already
    try:
        return wall_in(decode(response.body, encoding, _WALL_BODY), article=article)
    except (BodyTooLargeError, BodyTruncatedError, ValueError):
        return None


def wall_in(body: bytes, *, article: bool = False) -> str | None:
    """wall_of() of a decoded body: a page that shows little text, and has the marks of a wall."""
    text = body[:_WALL_BODY].decode("utf-8", "replace")
    found = _TITLE.search(text)
    title = " ".join(found.group(1).split()) if found else ""
    if "<" not in text[:1000] or len(_shown(text)) > _WALL_TEXT:
        return None
    if article and _ARTICLE.search(text):
        return None
    if mark := _WALLS.search(title if article else text):
        return f"a wall instead of the page ({mark.group().lower()!r})"
    return f"an error page with status 200 ({title[:60]!r})" if _ERRORS.search(title) else None


def _shown(text: str) -> str:
    """About what a reader sees of a page."""
    shown, start, lower = [], 0, text.lower()
    while found := _HIDDEN.search(text, start):
        shown.append(text[start : found.start()])
        name = found.group(1).lower()
        end = lower.find("-->" if name == "!--" else f"</{name}", found.end())
        if end < 0:
            break
        start = end + 3
    else:
        shown.append(text[start:])
    return " ".join(_TAGS.sub(" ", "".join(shown)).split())


def lists_nothing(body: bytes) -> bool:
    """Whether a feed or sitemap has no entry at all, as against entries without what makes them links."""
    return _ENTRIES.search(body) is None
