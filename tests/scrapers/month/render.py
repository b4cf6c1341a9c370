"""What the sites answer: articles, feeds, sitemaps, listings, channel previews; and whose words are whose."""

from __future__ import annotations

import gzip
import html
import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from functools import lru_cache
from urllib.parse import parse_qs, urlsplit

from tests.scrapers.month.world import ALBUM, DAY, HOUR, Item, Site, dice

TOKEN = re.compile(r"сводка (s\d\d-[a-z0-9-]+)/(\d+)/(\d+)\b")
ZONE = timezone(timedelta(hours=3))
_WORDS = (
    "в посёлке закончили ремонт моста, движение открыто в обе стороны",
    "глава района провёл совещание о подготовке школ",
    "на станции заменили насосы, воду подают по обычному расписанию",
    "спасатели напомнили о правилах поведения на льду",
    "в больницу поступило новое оборудование, врачи прошли обучение",
    "дежурные службы работают в усиленном режиме",
    "после ночного удара повреждены три дома, пострадавшим оказана помощь",
    "колонна с помощью прибыла в соседнюю область",
    "жителей просят не подходить к обломкам и сообщать о находках",
    "похороны погибших пройдут в родном селе",
    "раненых перевели в областной центр, их состояние врачи называют стабильным",
    "автобусы вернутся на маршрут в среду",
)
_TOPICS = (
    "Мост открыт", "Совещание в районе", "Новости больницы", "После ночного удара", "Помощь прибыла", "О школах"
)
WALL = (
    "<html><head><title>Проверка браузера</title></head><body><h1>Подтвердите, что вы не робот</h1>"
    "<div class='captcha'></div></body></html>"
).encode()
SHELL = (
    "<html><head><title>{title}</title><script src='/app.js'></script></head><body><div id='root'></div></body></html>"
)
HOME = (
    "<html><head><title>Новый портал</title></head><body><h1>Мы обновились</h1><div id='feed'>"
    + "<p>Скоро здесь появится лента: следите за обновлениями портала и пишите нам.</p>" * 40
    + "</div></body></html>"
).encode()


@dataclass
class Answer:
    """One answer, and what it shows: for the oracle."""

    body: bytes = b""
    type: str = "text/html; charset=utf-8"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    modified: datetime | None = None
    listed: tuple[int, ...] = ()  # numbers of the items that a list names
    item: tuple[int, int] | None = None  # article: number and content
    posts: dict[int, int] | None = None  # preview: number -> content
    before: int | None = None
    cut: bool = False
    abort: bool = False


@lru_cache(200_000)
def paragraphs(site_id: str, number: int, content: int) -> tuple[str, ...]:
    """An item's words; the first paragraph carries its token."""
    rng = dice(site_id, number)
    sentences = rng.sample(_WORDS, rng.choice((1, 3, 5, 8)))
    first = f"{sentences[0].capitalize()}, сводка {site_id}/{number}/{content} передана дежурным в {content + 7} часов."
    pairs = zip(sentences[1:], sentences[:-1], strict=True)
    return (first, *(f"{a.capitalize()}, а также {b}, сообщили в администрации." for a, b in pairs))


@lru_cache(200_000)
def title_of(site_id: str, number: int, content: int) -> str:
    """An item's headline; some edits change it."""
    name = f"{_TOPICS[number % len(_TOPICS)]}: выпуск {number} от {site_id[:3]}"
    return name + (" (обновлено)" if content and number % 2 else "")


# -- addresses ---------------------------------------------------------------------------------------


def home(site: Site, at: datetime, port: int, prefix: str = "") -> str:
    """Scheme, host and port."""
    return f"http://{prefix or ('www.' if site.has('to-www', at) else '')}{site.host}:{port}"


def plain(site: Site, number: int) -> str:
    """Path of an article."""
    if site.style == "rss-undated":
        return f"/index.php?newsid={10_000 + number}"
    return f"/news/vypusk-novostej-oblasti-{10_000 + number}.html"


def hrefs(site: Site, item: Item, at: datetime, port: int) -> list[str]:
    """How a list links to an item, in this site's manner."""
    path, root = plain(site, item.number), home(site, at, port)
    campaign = f"utm_source=rss&utm_campaign={at:%d%H%M}"
    return {
        "rss-utm": [f"{root}{path}?{campaign}#comments"],
        "rss-redirect": [f"{root}/r/{10_000 + item.number}"],
        "rss-amp": [f"{root}/amp{path}" if item.number % 2 else root + path],
        "listing-mobile": [home(site, at, port, "m.") + path],
        "sitemap-www": [root + path, f"{root}/amp{path}"],
    }.get(site.style, [root + path])


def number_in(path: str) -> int | None:
    """Item of an article's path."""
    found = re.search(r"(?:-|newsid=|/r/)(1\d{4})(?:\.html)?(?:$|[?&])", path)
    return int(found[1]) - 10_000 if found else None


# -- articles ----------------------------------------------------------------------------------------


def article(site: Site, item: Item, at: datetime, port: int, path: str) -> Answer:
    """An article's page as the site lays it out now."""
    content = item.content(at)
    title, words = title_of(site.id, item.number, content), paragraphs(site.id, item.number, content)
    if site.has("new-pages", at) and site.episode(at).kind == "new-pages":  # type: ignore[union-attr] # there is one
        return Answer(SHELL.format(title=site.id).encode(), item=None)
    link = f"<link rel='canonical' href='{home(site, at, port)}{plain(site, item.number)}'>"
    if site.style == "rss-undated":
        link = ""
    when = item.born.astimezone(ZONE).isoformat()
    body = "".join(f"<p>{words_}</p>" for words_ in words)
    teasers = noise = ""
    if site.noisy:
        rng = dice(site.id, item.number, at)
        noise = f"<script>window.token='{rng.random()}'</script><span class='views'>{rng.randrange(9999)}</span>"
        others = [other for other in site.shown(at)[:5] if other.number != item.number]
        teasers = "<aside class='related'><h3>Читайте также</h3><ul>" + "".join(
            f"<li><a href='{plain(site, other.number)}'>{title_of(site.id, other.number, 0)}</a></li>"
            for other in others
        ) + "</ul></aside>"
    menu = "".join(f"<li><a href='/{name}/'>{name}</a></li>" for name in ("Власть", "Общество", "Спорт", "Погода"))
    if site.has("redesign", at):
        page = (
            f"<!doctype html><html lang='ru'><head>{{charset}}<title>{title} | {site.id}</title>{link}"
            f"<meta property='og:title' content='{title}'><meta property='og:type' content='article'>"
            f"<meta property='article:published_time' content='{when}'></head><body><nav><ul>{menu}</ul></nav>"
            f"<main><div class='post'><h1>{title}</h1><div class='entry-content'>{body}</div></div>{teasers}</main>"
            f"{noise}<footer>Все права защищены</footer></body></html>"
        )
    else:
        page = (
            f"<html><head>{{charset}}<title>{title}</title>{link}</head><body>{noise}<ul class='menu'>{menu}</ul>"
            f"<article><h1>{title}</h1><time datetime='{when}'>{item.born.astimezone(ZONE):%d.%m.%Y %H:%M}</time>"
            f"{body}</article>{teasers}<div class='footer'>Редакция: тел. 000</div></body></html>"
        )
    changed = site.has("charset", at)
    charset = ("windows-1251" if changed else "utf-8") if site.style != "rss-cp1251" else (
        "utf-8" if changed else "windows-1251"
    )
    # After a change of charset the header still says what it said before.
    said = "" if site.index % 2 else f"<meta charset='{charset}'>"
    declared = {True: "windows-1251" if charset == "utf-8" else "utf-8", False: charset}[changed]
    return Answer(
        page.replace("{charset}", said).encode(charset, "xmlcharrefreplace"), f"text/html; charset={declared}",
        modified=max(change for change in item.changes if change <= at), item=(item.number, content),
    )


# -- lists -------------------------------------------------------------------------------------------


def feed(site: Site, at: datetime, port: int) -> Answer:
    """RSS, Atom or JSON Feed."""
    items = site.shown(at)[: site.size]
    if site.has("empty", at):
        items = []
    rows = []
    for item in items:
        title = title_of(site.id, item.number, item.content(at))
        for href in hrefs(site, item, at, port):
            rows.append((item, title, href))
    if site.style == "json":
        entries = [
            {"id": str(i.number), "url": h, "title": t, "date_published": i.born.astimezone(ZONE).isoformat()}
            for i, t, h in rows
        ]
        found = {"version": "https://jsonfeed.org/version/1.1", "title": site.id, "items": entries}
        body, kind = json.dumps(found, ensure_ascii=False).encode(), "application/feed+json"
    elif site.style == "atom":
        entry = "".join(
            f"<entry><id>urn:{i.number}</id><title>{html.escape(t)}</title>"
            f"<link rel='alternate' href='{html.escape(h)}'/><updated>{i.born.isoformat()}</updated></entry>"
            for i, t, h in rows
        )
        xml = f"<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom'><title>x</title>{entry}</feed>"
        body = xml.encode()
        kind = "application/atom+xml"
    else:
        charset = "windows-1251" if site.style == "rss-cp1251" and not site.has("charset", at) else "utf-8"
        entry = "".join(
            f"<item><title>{html.escape(t)}</title><link>{html.escape(h)}</link>{_pub_date(site, i)}</item>"
            for i, t, h in rows
        )
        head = f"<?xml version='1.0' encoding='{charset}'?><rss version='2.0'><channel><title>x</title>"
        body, kind = f"{head}{entry}</channel></rss>".encode(charset), "application/rss+xml"
    newest = max((item.born for item in items), default=None)
    return Answer(body, kind, modified=newest, listed=tuple(item.number for item in items))


def _pub_date(site: Site, item: Item) -> str:
    """In Moscow time; some sites' clocks are three hours ahead, one gives no date, one another year's habit."""
    if site.style == "rss-undated":
        return ""
    ahead = 3 * HOUR if site.style == "rss-redirect" else 0 * HOUR
    return f"<pubDate>{format_datetime((item.born + ahead).astimezone(ZONE))}</pubDate>"


def sitemap(site: Site, at: datetime, port: int, path: str) -> Answer:
    """A sitemap, a news sitemap, or an index of gzipped ones by day."""
    items = [] if site.has("empty", at) else site.shown(at)
    if site.style == "sitemap-index" and path == "/sitemap.xml":
        days = sorted({f"{item.born:%Y%m%d}" for item in items})[-40:]
        rows = "".join(f"<sitemap><loc>{home(site, at, port)}/map-{day}.xml.gz</loc></sitemap>" for day in days)
        return Answer(f"<sitemapindex xmlns='x'>{rows}</sitemapindex>".encode(), "application/xml")
    if site.style == "sitemap-index":
        day = path[5:13]
        items = [item for item in items if f"{item.born:%Y%m%d}" == day]
    elif site.style == "sitemap-news":
        items = [item for item in items if item.born > at - 2 * DAY]
    else:
        items = items[:150]
    rows = ""
    for item in items:
        for href in hrefs(site, item, at, port):
            more = _news(site, item) if site.style == "sitemap-news" else _lastmod(item, at)
            rows += f"<url><loc>{html.escape(href)}</loc>{more}</url>"
    body = f"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9' xmlns:n='http://n'>{rows}</urlset>".encode()
    numbers = tuple(item.number for item in items)
    if path.endswith(".gz"):
        return Answer(gzip.compress(body, mtime=0), "application/gzip", listed=numbers)
    return Answer(body, "application/xml", listed=numbers)


def _news(site: Site, item: Item) -> str:
    title = title_of(site.id, item.number, 0)
    return (
        f"<n:news><n:publication_date>{item.born.isoformat()}</n:publication_date><n:title>{title}</n:title></n:news>"
    )


def _lastmod(item: Item, at: datetime) -> str:
    return f"<lastmod>{max(change for change in item.changes if change <= at).isoformat()}</lastmod>"


def listing(site: Site, at: datetime, port: int, path: str) -> Answer:
    """A page of links, newest first, with a link to the older ones."""
    number = int(parse_qs(urlsplit(path).query).get("page", ["1"])[0])
    items = site.shown(at)[(number - 1) * site.size : number * site.size]  # never empty: none would be a fault
    if site.has("new-list", at):
        return Answer(HOME)
    name = "teaser" if site.has("redesign", at) and site.style == "listing-auto" else "news-item"
    rows = "".join(
        f"<div class='{name}'><a href='{html.escape(href)}'>{title_of(site.id, item.number, 0)}</a></div>"
        for item in items for href in hrefs(site, item, at, port)
    )
    page = (
        "<html><head><title>Новости</title></head><body><nav><a href='/about/'>О нас</a>"
        f"<a href='/contacts/'>Контакты</a></nav><div class='list'>{rows}</div>"
        f"<a rel='next' href='?page={number + 1}'>Дальше</a></body></html>"
    )
    return Answer(page.encode(), listed=tuple(item.number for item in items))


# -- channels ----------------------------------------------------------------------------------------

_M = "tgme_widget_message"


def preview(site: Site, at: datetime, path: str) -> Answer:
    """Twenty posts below `before`, or the newest."""
    before = parse_qs(urlsplit(path).query).get("before", [None])[0]
    top = int(before) if before else 2**31
    shown = [item for item in site.shown(at) if item.number < top][:20]
    new_markup = site.has("new-list", at)
    posts = "".join(_post(site, item, at, new_markup) for item in reversed(shown))
    page = (
        f"<html><head><meta property='og:title' content='{site.id}'></head><body>"
        f"<section class='tgme_channel_history'>{posts}</section></body></html>"
    )
    told = None if new_markup else {item.number: item.content(at) for item in shown}
    return Answer(page.encode(), posts=told, before=int(before) if before else None)


def _post(site: Site, item: Item, at: datetime, new_markup: bool) -> str:
    content = item.content(at)
    words = "<br/>".join(paragraphs(site.id, item.number, content))
    text = "" if item.wordless else f"<div class='{_M}_text js-message_text' dir='auto'>{words}</div>"
    link = f"https://t.me/{site.channel}/{item.number}"
    inner = ""
    if item.wordless or item.number % 9 == 0:
        inner += f"<a class='{_M}_photo_wrap' href='{link}'></a>"
    if item.ids > 1:
        pictures = "".join(
            f"<a class='{_M}_photo_wrap' href='https://t.me/{site.channel}/{item.number + n}?single'></a>"
            for n in range(ALBUM)
        )
        inner += f"<div class='{_M}_grouped_wrap'>{pictures}</div>"
    if item.number % 13 == 0:
        inner += (
            f"<div class='{_M}_forwarded_from'>Forwarded from <a class='{_M}_forwarded_from_name' "
            "href='https://t.me/other'>Другой канал</a></div>"
        )
    edited = "edited &nbsp;" if content else ""
    views = dice(item.number, at).randrange(100, 9000)
    when = f"<time datetime='{item.born.astimezone(ZONE).isoformat()}' class='time'>00:00</time>"
    markup = (
        f"<div class='{_M}_wrap'><div class='{_M} js-widget_message' data-post='{site.channel}/{item.number}'>"
        f"{inner}{text}<div class='{_M}_footer'><span class='{_M}_views'>{views}</span><span class='{_M}_meta'>{edited}"
        f"<a class='{_M}_date' href='{link}'>{when}</a></span></div></div></div>"
    )
    return markup.replace(f"{_M}_", "post_v2_") if new_markup else markup


def answer(site: Site, at: datetime, port: int, path: str) -> Answer:
    """What the site says to a GET of `path` now."""
    now = site.episode(at)
    kind = now.kind if now else ""
    if path == "/robots.txt":
        return Answer(status=503) if kind == "robots503" else Answer(b"User-agent: *\nAllow: /\n", "text/plain")
    if kind in ("refused", "reset"):
        return Answer(abort=True)
    if kind in ("error500", "forbidden"):
        return Answer(b"<h1>no</h1>", status=500 if kind == "error500" else 403)
    if kind == "limited":
        return Answer(status=429, headers={"Retry-After": "3600"})
    if kind == "captcha":
        return Answer(WALL)
    if site.is_channel:
        return _of_channel(site, at, path, kind)
    number = number_in(path)
    if number is None:
        return _of_list(site, at, port, path, kind)
    if kind == "pages-walled":
        return Answer(WALL)
    item = site.by_number.get(number)
    if item is None or not item.there(at):
        return Answer(b"<h1>404</h1>", status=404)
    if path.startswith("/r/"):
        return Answer(status=302, headers={"Location": home(site, at, port) + plain(site, number)})
    return article(site, item, at, port, path)


def _of_channel(site: Site, at: datetime, path: str, kind: str) -> Answer:
    if kind == "moved" and "/s/" in path:
        return Answer(status=302, headers={"Location": f"/{site.channel}"})
    if kind == "blip-html" or "/s/" not in path:
        return Answer(b"<html><body><div class='tgme_page'>View in Telegram</div></body></html>")
    return preview(site, at, path)


def _of_list(site: Site, at: datetime, port: int, path: str, kind: str) -> Answer:
    if kind == "moved":
        return Answer(b"<h1>404</h1>", status=404)
    if kind == "blip-502":
        return Answer(b"<h1>502</h1>", status=502)
    if kind in ("blip-html", "new-list") and not site.style.startswith("listing"):
        return Answer(HOME)
    if kind == "blip-html":
        return Answer(HOME)
    make = {"s": sitemap, "l": listing}.get(site.style[0])
    found = make(site, at, port, path) if make else feed(site, at, port)
    found.cut = kind == "blip-cut"
    return found
