"""Invented pages for the cleaning tests. No text of any publisher is in here."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from scrapers.handover import PageKind, PageLine
from scrapers.registry import Source
from scrapers.warc import StoredResponse, payload_digest

URL = "https://www.vistnyk.example/news/2025/03/04/obstril-zarichne-48213.html"
FETCHED = datetime(2025, 3, 5, 12, 0, tzinfo=UTC)

RU = (
    "Губернатор сообщил, что в результате ночного удара по посёлку Заречный погибли двое мирных жителей.",
    "Ещё пятеро пострадавших доставлены в районную больницу, состояние одного из них врачи называют тяжёлым.",
    "По его словам, повреждены девять домов и линия электропередачи. Объявлен сбор помощи.",
)
UK = (
    "Очільник громади повідомив, що внаслідок нічного удару по селищу Зарічне загинули двоє мирних жителів.",
    "Ще п’ятеро поранених доставлено до районної лікарні, стан одного з них лікарі називають тяжким.",
    "За його словами, пошкоджено дев’ять будинків і лінію електропередачі. Її відновлять завтра.",
)
EN = (
    "The head of the district said that two residents of Zarichne were killed in a strike during the night.",
    "Five more people were taken to the hospital, and the doctors call the condition of one of them serious.",
    "Nine houses and a power line were damaged, he said, and repairs are to begin in the morning.",
)
MENU = [
    "Политика",
    "Общество",
    "Экономика",
    "Происшествия",
    "Спорт",
    "Культура",
    "Погода",
    "Реклама",
    "Контакты",
]

SOURCE = Source(
    id="vistnyk",
    name="Вестник Заречья",
    kind="feed",
    url="https://www.vistnyk.example/rss",
    lang="ru",
    group="press",
    grade="C3",
)


def article(
    paragraphs: tuple[str, ...] = RU,
    *,
    head: str = "",
    title: str = "Удар по Заречному: двое погибших",
    lang: str | None = None,
    charset: str | None = "utf-8",
    lead: str = "",
) -> str:
    """A news page: menu, headline, text, related links, footer."""
    menu = "".join(f'<li><a href="/{n}">{word}</a></li>' for n, word in enumerate(MENU))
    related = "".join(
        f'<li><a href="/n/{n}">Читайте также: {word} за неделю и обзор</a></li>'
        for n, word in enumerate(MENU)
    )
    text = "".join(f"<p>{p}</p>" for p in paragraphs)
    meta = f'<meta charset="{charset}">' if charset else ""
    attribute = f' lang="{lang}"' if lang else ""
    return (
        f"<!DOCTYPE html><html{attribute}><head>{meta}<title>{title} — Вестник Заречья</title>"
        f"{head}</head><body><header><nav><ul>{menu}</ul></nav></header><main><article><h1>{title}</h1>{lead}"
        "<div class='article-body'>"
        f"{text}</div></article><aside><h3>Читайте также</h3><ul>{related}</ul></aside></main>"
        "<footer><p>© Вестник Заречья. Все права защищены. Подпишитесь на рассылку.</p></footer>"
        "</body></html>"
    )


def json_ld(**fields: Any) -> str:
    """A JSON-LD block of a news article."""
    data = {"@context": "https://schema.org", "@type": "NewsArticle", **fields}
    return f'<script type="application/ld+json">{json.dumps(data, ensure_ascii=False)}</script>'


def response(body: bytes | str, *headers: tuple[str, str], url: str = URL) -> StoredResponse:
    """A stored response; without headers its type is plain text/html."""
    data = body.encode() if isinstance(body, str) else body
    return StoredResponse(
        url, 200, list(headers or [("Content-Type", "text/html")]), data, payload_digest(data)
    )


def page_line(url: str = URL, **fields: Any) -> PageLine:
    """The page's line in its batch."""
    fields = {"kind": PageKind.ARTICLE, **fields}
    return PageLine(
        page_id="p", source=SOURCE.id, url=url, requested_url=url, fetched_at=FETCHED, status=200, **fields
    )


def post(number: int, text: str, *, edited: bool = False, media: bool = False, service: bool = False) -> str:
    """A post's block as the channel preview shows it."""
    words = f'<div class="tgme_widget_message_text js-message_text" dir="auto">{text}</div>' if text else ""
    photo = '<a class="tgme_widget_message_photo_wrap" href="https://t.me/zarichne/1"></a>' if media else ""
    kind = "service_message" if service else ""
    mark = "edited " if edited else ""
    return (
        f'<div class="tgme_widget_message_wrap"><div class="tgme_widget_message {kind}" '
        f'data-post="zarichne/{number}">{photo}{words}<div class="tgme_widget_message_footer">'
        f'<span class="tgme_widget_message_meta">{mark}<a class="tgme_widget_message_date" '
        f'href="https://t.me/zarichne/{number}"><time '
        f'datetime="2025-03-04T0{number % 10}:15:00+00:00">0</time></a>'
        "</span>"
        "</div></div></div>"
    )


def preview(*blocks: str) -> str:
    """A channel preview page."""
    return (
        '<!DOCTYPE html><html><head><meta charset="utf-8"><meta property="og:title" content="Заречный">'
        "</head><body>"
        f'<section class="tgme_channel_history js-message_history">{"".join(blocks)}</section></body></html>'
    )
