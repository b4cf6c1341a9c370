"""What identifies an article."""

from __future__ import annotations

import pytest

from processing.clean.urls import canonical, identity, without_trackers

SITE = "https://www.vistnyk.example"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/a?utm_source=tg&utm_medium=x&id=5", "/a?id=5"),
        ("/a?fbclid=abc123#comments", "/a"),
        ("/a?yclid=12345", "/a"),
        ("/a?ref=telegram", "/a"),
        ("/a?cid=48213", "/a?cid=48213"),
        ("/mnews.asp?pk_no=1412361", "/mnews.asp?pk_no=1412361"),
        ("/news.php?12345", "/news.php?12345"),
        ("/a?b=2&a=1", "/a?a=1&b=2"),
    ],
)
def test_trackers_go_and_ids_stay(url: str, expected: str) -> None:
    """A parameter with a number may be the article's id, even under a tracker's name."""
    assert without_trackers(SITE + url) == SITE + expected


@pytest.mark.parametrize(
    ("url", "link", "expected"),
    [
        (f"{SITE}/amp/news/obstril-48213", f"{SITE}/news/obstril-48213", f"{SITE}/news/obstril-48213"),
        ("https://m.vistnyk.example/news/obstril", f"{SITE}/news/obstril", f"{SITE}/news/obstril"),
        ("https://amp.vistnyk.example/news/obstril?amp=1", f"{SITE}/news/obstril", f"{SITE}/news/obstril"),
        (f"{SITE}/news/obstril/amp/", "/news/obstril/", f"{SITE}/news/obstril/"),
        (f"{SITE}/news/48213", f"{SITE}/news/obstril-48213", f"{SITE}/news/obstril-48213"),
        (f"{SITE}/news/obstril?utm_source=x", None, f"{SITE}/news/obstril"),
        (f"{SITE}/news/obstril", "http://www.vistnyk.example/news/obstril", f"{SITE}/news/obstril"),
    ],
)
def test_variants_of_one_article_share_its_address(url: str, link: str | None, expected: str) -> None:
    """AMP and mobile pages are known by the address their canonical link names."""
    assert canonical(url, link) == expected


@pytest.mark.parametrize(
    ("url", "link"),
    [
        (f"{SITE}/news/obstril", f"{SITE}/"),
        (f"{SITE}/news/obstril", f"{SITE}/news/"),
        (f"{SITE}/news/obstril", "https://agency.example/news/obstril"),
        (f"{SITE}/2025/03/04/obstril", f"{SITE}/2025/03/04/pozhezha"),
        (f"{SITE}/20250304/obstril", f"{SITE}/20250304/pozhezha"),
        (f"{SITE}/news?id=5", f"{SITE}/news?id=6"),
        (f"{SITE}/news?id=5", f"{SITE}/news"),
        (f"{SITE}/news/obstril?page=2", f"{SITE}/news/obstril"),
        (f"{SITE}/news/obstril", "javascript:void(0)"),
        (f"{SITE}/news/obstril", "http://[broken"),
        (f"{SITE}/news.php?p=48213", f"{SITE}/"),
    ],
)
def test_a_canonical_link_never_merges_articles(url: str, link: str) -> None:
    """Front pages, sections, other sites and other articles are not believed."""
    assert canonical(url, link) == url


def test_www_and_scheme_make_no_other_document() -> None:
    """A site that moves to www. or https keeps its documents; another host, path or query is another document."""
    same = [identity(f"{start}vistnyk.example/a?id=5") for start in ("http://", "https://", "http://www.", "https://www.")]
    assert set(same) == {"https://vistnyk.example/a?id=5"}
    others = ("https://m.vistnyk.example/a?id=5", "https://vistnyk.example/b?id=5", "https://vistnyk.example/a?id=6")
    assert not {identity(url) for url in others} & set(same)
    assert identity("http://www.example/a") == "https://www.example/a"
