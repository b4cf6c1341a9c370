"""What a page says about itself: JSON-LD, <meta>, <link>, <time>; read, not yet believed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from processing.clean.dates import Moment, parse_moment

ARTICLE = re.compile(r"(?:^|/)(?:\w*Article|\w*BlogPosting|Report|LiveBlogPosting)$")
LISTING = frozenset({"CollectionPage", "ItemList", "SearchResultsPage", "ProfilePage"})
MAX_JSON = 1 << 20  # characters of JSON-LD read
MAX_NODES = 2000
MAX_META = 500

_PUBLISHED = (
    "article:published_time",
    "datepublished",
    "og:published_time",
    "publish-date",
    "parsely-pub-date",
    "sailthru.date",
    "dc.date.issued",
    "dcterms.created",
    "article.published",
    "mediator_published_time",
    "date",
)
_MODIFIED = ("article:modified_time", "datemodified", "og:updated_time", "last-modified", "dcterms.modified")
_SITE = ("og:site_name", "application-name", "apple-mobile-web-app-title", "publisher", "twitter:site")


@dataclass(frozen=True)
class Facts:
    """A page's word about itself. `article_body` is plain text or markup, as the publisher put it there."""

    lang: str | None
    canonical: str | None
    description: str | None
    titles: tuple[str, ...]  # og:title, headline, twitter:title
    sites: tuple[str, ...]  # names the site goes by
    published: Moment | None
    modified: Moment | None
    article_body: str | None
    is_article: bool
    is_listing: bool
    refreshes: bool  # <meta http-equiv=refresh> to another address


def read_facts(tree: HtmlElement, url: str) -> Facts:
    """Read them from a page's tree. Never raises for what a page contains."""
    meta = _meta(tree)
    nodes = list(_nodes(tree))
    article = _article(nodes, url)
    listing = any(_types(node) & LISTING for node in nodes)
    titles = (meta.get("og:title"), _text(article.get("headline")), meta.get("twitter:title"))
    og_type = meta.get("og:type", "").lower()
    return Facts(
        lang=tree.get("lang")
        or tree.get("{http://www.w3.org/XML/1998/namespace}lang")
        or tree.get("xml:lang")
        or meta.get("content-language")
        or meta.get("og:locale"),
        canonical=_canonical(tree),
        description=_first(meta, ("og:description", "description")),
        titles=tuple(t for t in titles if t),
        sites=tuple(s for s in (*(meta.get(n) for n in _SITE), _text(article.get("publisher"))) if s),
        published=_moment(_text(article.get("datePublished")), _first(meta, _PUBLISHED), _time_element(tree)),
        modified=_moment(_text(article.get("dateModified")), _first(meta, _MODIFIED)),
        article_body=_text(article.get("articleBody")),
        is_article=bool(article) or og_type == "article",
        is_listing=not article and (listing or og_type == "website"),
        refreshes="url" in meta.get("refresh", "").lower(),
    )


def _meta(tree: HtmlElement) -> dict[str, str]:
    """<meta> contents by lower-case property, name, itemprop or http-equiv; the first of a name counts."""
    found: dict[str, str] = {}
    for number, node in enumerate(tree.iter("meta")):
        if number > MAX_META:
            break
        content = " ".join((node.get("content") or "").split())
        for attribute in ("property", "name", "itemprop", "http-equiv"):
            if content and (name := node.get(attribute)):
                found.setdefault(name.lower(), content)
    return found


def _first(meta: dict[str, str], names: tuple[str, ...]) -> str | None:
    return next((meta[name] for name in names if name in meta), None)


def _canonical(tree: HtmlElement) -> str | None:
    for link in tree.iter("link"):
        if "canonical" in (link.get("rel") or "").lower().split() and link.get("href"):
            return str(link.get("href"))
    return None


def _time_element(tree: HtmlElement) -> str | None:
    """Date of an element marked as the publication's: itemprop=datePublished, or <time pubdate>."""
    for node in tree.xpath("//*[@itemprop='datePublished'][not(self::meta)] | //time[@pubdate]"):
        if value := node.get("datetime") or node.get("content"):
            return str(value)
    return None


def _moment(*values: str | None) -> Moment | None:
    """The first that is exact, else the first that is a date at all."""
    found = [moment for value in values if (moment := parse_moment(value))]
    return next((moment for moment in found if moment.is_exact), found[0] if found else None)


def _nodes(tree: HtmlElement) -> Iterator[dict[str, Any]]:
    """JSON-LD objects in page order, nested ones after their parents."""
    size, count = 0, 0
    for script in tree.iter("script"):
        if "ld+json" not in (script.get("type") or "").lower():
            continue
        text = script.text or ""
        size += len(text)
        if size > MAX_JSON:
            return
        todo = [_json(text)]
        while todo and count < MAX_NODES:
            value = todo.pop(0)
            count += 1
            if isinstance(value, dict):
                yield value
                todo += [
                    v
                    for k, v in value.items()
                    if isinstance(v, list | dict) and k in ("@graph", "mainEntity")
                ]
            elif isinstance(value, list):
                todo += value[:200]


def _json(text: str) -> Any:
    """JSON as pages write it: in CDATA or comment marks, with raw line breaks. None if it is broken."""
    text = re.sub(r"\A\s*(?://)?\s*(?:<!\[CDATA\[|<!--)", "", text)
    text = re.sub(r"(?://)?\s*(?:\]\]>|-->)\s*\Z", "", text).strip().rstrip(";")
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None


def _types(node: dict[str, Any]) -> set[str]:
    value = node.get("@type")
    return {str(v) for v in value} if isinstance(value, list) else {str(value)}


def _article(nodes: list[dict[str, Any]], url: str) -> dict[str, Any]:
    """The article's node: the one that names this page, else the first one; empty if there is none."""
    articles = [node for node in nodes if any(ARTICLE.search(kind) for kind in _types(node))]
    path = urlsplit(url).path.rstrip("/")
    for node in articles:
        named = (_text(node.get(key)) or "" for key in ("url", "mainEntityOfPage", "@id"))
        if path and any(urlsplit(name).path.rstrip("/") == path for name in named if "://" in name):
            return node
    return articles[0] if articles else {}


def _text(value: Any) -> str | None:
    """A string, or that of the object or list it stands in."""
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, dict):
        value = value.get("name") or value.get("@id") or value.get("@value")
    return value.strip() or None if isinstance(value, str) else None
