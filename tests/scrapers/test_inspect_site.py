"""`vigil sources add`: an inspection finds what a site offers, within the crawl's guards, and one YAML file changes."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from scrapers.inspect_site import language, preview_url
from scrapers.new_entry import Inspection, Way, append, choose, compose, default_file, entry_id, expected
from scrapers.registry import RegistryError, load_registry
from tests.scrapers.conftest import HOME, Reply, Site

TODAY = dt.date(2026, 1, 2)
UKRAINIAN = "Місцеві новини їхнього району: її мешканці, їхні справи, є й інші. " * 3


def run(site: Site, *argv: str, **env: str) -> subprocess.CompletedProcess[str]:
    """A command in the project's folder that may ask the test's site."""
    return subprocess.run(
        [sys.executable, *argv], cwd=HOME, env={**os.environ, "VIGIL_ALLOW_HOSTS": site.host, **env},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def inspect(site: Site, path: str) -> Inspection:
    """What the command prints of an address of the site."""
    done = run(site, "-m", "scrapers.inspect_site", site.url + path, "--user-agent", "VigilTest/1")
    assert done.stdout, done.stderr
    return Inspection.model_validate_json(done.stdout.splitlines()[-1])


def page(head: str = "", body: str = "") -> Reply:
    return Reply(f"<html><head><title>Courier</title>{head}</head><body>{body}</body></html>".encode())


def dated_feed(site: Site, days: int, per_day: int) -> Reply:
    items = "".join(
        f"<item><link>{site.url}/news/{day}-{number}</link>"
        f"<pubDate>{day + 1:02} Jan 2026 {number:02}:00:00 +0000</pubDate></item>"
        for day in range(days) for number in range(per_day)
    )  # fmt: skip
    return Reply(f'<rss version="2.0"><channel><title>f</title>{items}</channel></rss>'.encode(), type="text/xml")


def sitemap(links: list[str]) -> Reply:
    rows = "".join(f"<url><loc>{link}</loc></url>" for link in links)
    name = "http://www.sitemaps.org/schemas/sitemap/0.9"
    return Reply(f'<urlset xmlns="{name}">{rows}</urlset>'.encode(), type="text/xml")


def test_what_the_site_names_is_found(site: Site) -> None:
    """Feeds by link, sitemaps by robots.txt, channels by anchors; title and language of the page; the feed is best."""
    site.routes["/"] = page(
        '<link rel="alternate" type="application/rss+xml" href="/out.rss">',
        f'<p>{UKRAINIAN}</p><a href="https://t.me/s/courier_news">tg</a> <a href="https://t.me/share/url?u=x">s</a>',
    )
    site.routes["/out.rss"] = dated_feed(site, days=3, per_day=4)
    site.routes["/robots.txt"] = Reply(f"Sitemap: {site.url}/news-map.xml\n".encode(), type="text/plain")
    site.routes["/news-map.xml"] = sitemap([f"{site.url}/a", "https://elsewhere.example/b"])
    found = inspect(site, "/")
    assert (found.title, found.lang, found.channels, found.faults) == ("Courier", "uk", ("courier_news",), ())
    assert [(way.kind, way.url, way.links, way.own, way.declared) for way in found.ways] == [
        ("feed", f"{site.url}/out.rss", 12, 12, True), ("sitemap", f"{site.url}/news-map.xml", 2, 1, True),
    ]  # fmt: skip
    assert found.ways[0].newest == dt.datetime(2026, 1, 3, 3, tzinfo=dt.UTC)
    assert found.ways[1].hosts == ("elsewhere.example",)


def test_usual_places_and_the_list_itself(site: Site) -> None:
    """Without a link the usual addresses are tried; a page of articles is a way by itself, after the feed."""
    site.routes["/news/"] = page("", "".join(f'<a href="/news/{n}000-a-b-c">n</a>' for n in range(6)))
    assert [way.kind for way in inspect(site, "/news/").ways] == ["listing"]
    site.feed("/feed/", [f"{site.url}/{n}" for n in range(2)])
    assert [(way.kind, way.declared) for way in inspect(site, "/news/").ways] == [("feed", False), ("listing", True)]


def test_the_address_may_be_the_way(site: Site) -> None:
    """A feed given as such keeps its address; title and language come from the site's front page."""
    site.feed("/odd/address.php", [f"{site.url}/1"])
    site.routes["/"] = page()
    found = inspect(site, "/odd/address.php")
    assert (found.title, found.ways[0].url) == ("Courier", f"{site.url}/odd/address.php")


def test_channel(site: Site) -> None:
    """A channel's preview gives its posts, its title and the language of its posts."""
    words = f'<div class="tgme_widget_message_text">{UKRAINIAN}</div>'
    posts = "".join(f'<div class="tgme_widget_message" data-post="c/{n}">{words}</div>' for n in (1, 2))
    site.routes["/s/courier"] = page('<meta property="og:title" content="Кур’єр">', posts)
    found = inspect(site, "/s/courier")
    assert [(way.kind, way.links) for way in found.ways] == [("telegram", 2)]
    assert (found.title, found.lang) == ("Кур’єр", "uk")


def test_guards_hold(site: Site) -> None:
    """Redirects to private addresses, robots.txt and compressed bombs are met as in a crawl."""
    site.routes["/"] = page('<link rel="alternate" type="application/rss+xml" href="/in.rss">'
                            '<link rel="alternate" type="application/rss+xml" href="/private.rss">')  # fmt: skip
    site.routes["/in.rss"] = Reply(status=302, headers={"Location": "http://169.254.169.254/latest/rss.xml"})
    site.routes["/robots.txt"] = Reply(b"User-agent: *\nDisallow: /private.rss\n", type="text/plain")
    found = inspect(site, "/")
    assert found.ways == ()
    assert "/private.rss" not in site.paths()
    assert found.faults[0].endswith("/in.rss: address 169.254.169.254 is not global")
    assert found.faults[1].endswith("/private.rss: robots.txt forbids it")


@pytest.mark.parametrize("url", ["http://10.0.0.1/", "http://2130706433/", "http://[::1]/", "file:///etc/passwd"])
def test_private_addresses_are_refused(site: Site, url: str) -> None:
    """No form of a private address is asked."""
    done = run(site, "-m", "scrapers.inspect_site", url)
    assert done.returncode != 0
    assert "not global" in done.stdout + done.stderr or "not an address" in done.stderr


def add(site: Site, folder: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    """`vigil sources add` on a registry of the test's own."""
    groups = {name: {"schedule": "* * * * *"} for name in ("news", "regional", "official", "channels")}
    config = {"user_agent": "VigilTest/1", "tracked_regions": [], "receivers": {}, "routes": [], "groups": groups}
    (folder / "vigil.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return run(site, "-m", "processing", "sources", "add", *argv,
               VIGIL_SOURCES=str(folder / "sources"), VIGIL_CONFIG=str(folder / "vigil.yaml"))  # fmt: skip


def test_one_command_adds_one_entry_to_one_file(site: Site, tmp_path: Path) -> None:
    """The entry is valid as it stands, tells what was seen, and a second try changes nothing."""
    site.routes["/"] = page('<link rel="alternate" type="application/rss+xml" href="/out.rss">', UKRAINIAN)
    site.routes["/out.rss"] = dated_feed(site, days=3, per_day=4)
    folder = tmp_path / "sources"
    folder.mkdir()
    kept = "# kept\n- {id: x-1, name: x, kind: feed, url: 'http://x.example/', lang: uk, group: news, grade: C3}\n"
    (folder / "ua-regional.yaml").write_text(kept, encoding="utf-8")
    done = add(site, tmp_path, site.url, "--region", "UA-63", "--id", "courier")
    assert done.returncode == 0, done.stderr
    text = (folder / "ua-regional.yaml").read_text(encoding="utf-8")
    assert text.startswith(kept)
    assert [file.name for file in folder.iterdir()] == ["ua-regional.yaml"]
    source = load_registry(folder)["courier"]
    assert (source.name, source.kind, source.lang, source.region, source.group, source.grade) == (
        "Courier", "feed", "uk", "UA-63", "regional", "C3",
    )  # fmt: skip
    assert source.confirmed is not None
    assert source.confirmed.by == "vigil sources add: feed of 12 links, 12 own, newest 2026-01-03 03:00 UTC"
    assert 0 <= source.expect.min_per_day <= 4 <= source.expect.max_per_day
    again = add(site, tmp_path, site.url, "--region", "UA-63", "--id", "courier")
    assert again.returncode == 2
    assert "ua-regional.yaml:13: courier: id: used twice" in again.stderr
    assert (folder / "ua-regional.yaml").read_text(encoding="utf-8") == text


def test_nothing_is_written_for_a_site_that_offers_nothing(site: Site, tmp_path: Path) -> None:
    """The message says what was tried; a language that was not recognised is asked for."""
    (tmp_path / "sources").mkdir()
    done = add(site, tmp_path, site.url)
    assert (done.returncode, list((tmp_path / "sources").iterdir())) == (2, [])
    assert "no feed, sitemap, list of articles or channel found" in done.stderr
    site.feed("/rss.xml", [f"{site.url}/1"])
    site.routes["/"] = page()
    done = add(site, tmp_path, site.url)
    assert (done.returncode, list((tmp_path / "sources").iterdir())) == (2, [])
    assert "lang was not recognised; give --lang" in done.stderr


WAY: dict[str, Any] = {"kind": "feed", "url": "https://rss.example.org/a.xml", "links": 9, "own": 9}


@pytest.mark.parametrize(("said", "file", "seen"), [
    ({}, "ru-outlets.yaml", {"id": "example-org", "group": "news", "grade": "C3"}),
    ({"region": "UA-12"}, "ua-regional.yaml", {"group": "regional", "region": "UA-12"}),
    ({"region": "RU-PSK", "office": "governor", "person": "A. B."}, "ru-official.yaml",
     {"group": "official", "grade": "B2", "official": {"office": "governor", "person": "A. B."}}),
    ({"lang": "en", "name": "N", "id": "n-1", "group": "g", "grade": "B2", "hosts": ("e.org",)}, "intl-outlets.yaml",
     {"lang": "en", "name": "N", "id": "n-1", "group": "g", "grade": "B2", "hosts": ["e.org"]}),
])  # fmt: skip
def test_what_is_said_overrides_what_is_seen(said: dict[str, Any], file: str, seen: dict[str, Any]) -> None:
    """Group, grade and file follow from the region and the office unless they are given."""
    found = Inspection(url="https://example.org/", title="Example", lang="ru", ways=(Way(**WAY),))
    entry = compose(found, choose(found, None), said, TODAY)
    assert default_file(entry) == file
    assert entry | seen == entry


def test_small_parts() -> None:
    """Ids, bounds, languages and channel addresses, each at its edges."""
    assert entry_id(Way(kind="telegram", url="https://t.me/s/Some_Channel", links=1, own=1)) == "tg-some-channel"
    assert entry_id(Way(**WAY | {"url": "https://www.go-31.ru/news"})) == "go-31-ru"
    assert expected(Way(**WAY)) == {"min_per_day": 0, "max_per_day": 500}
    assert expected(Way(**WAY, per_day=25.0)) == {"min_per_day": 2, "max_per_day": 250}
    assert language("ru", UKRAINIAN) == "uk"
    assert language("en", "съезд, это объявили") == "ru"
    assert language("uk-UA", "") == "uk"
    assert language(None, "words " * 60) == "en"
    assert language("de", "Wörter") is language(None, "") is None
    assert [preview_url(url) for url in ("https://t.me/abcd", "https://t.me/s/abcd?before=3", "https://t.me/share",
                                         "https://t.me/abcd/12", "https://example.org/abcd")] == [
        "https://t.me/s/abcd", "https://t.me/s/abcd", None, None, None,
    ]  # fmt: skip


def test_a_fault_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    """A wrong entry is told and taken back, also when the file did not exist."""
    with pytest.raises(RegistryError, match=r"new\.yaml:1: x: "):
        append(tmp_path / "new.yaml", {"id": "x", "name": "n"})
    assert list(tmp_path.iterdir()) == []
