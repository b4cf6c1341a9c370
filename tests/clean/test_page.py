"""From a stored page to its texts."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from processing.clean import EXTRACTOR_VERSION, Cleaned, CleanText, clean_page
from processing.models import Precision
from scrapers.handover import Disposition, PageKind
from scrapers.registry import Source
from tests.clean import pages
from tests.clean.pages import EN, RU, SOURCE, UK, URL, article, json_ld, page_line, response


def clean(body: bytes | str, *headers: tuple[str, str], url: str = URL, **line: object) -> Cleaned:
    """Clean a body as an article page."""
    return clean_page(response(body, *headers, url=url), page_line(url, **line), SOURCE)


def text_of(cleaned: Cleaned) -> CleanText:
    """The one text of an article."""
    assert cleaned.disposition is Disposition.DOCUMENT_NEW, cleaned
    (text,) = cleaned.texts
    return text


def test_an_article_becomes_its_text() -> None:
    """Headline, paragraphs, language and outlet are there; menu, related links and footer are not."""
    text = text_of(clean(article()))
    assert text.title == "Удар по Заречному: двое погибших"
    assert text.text.split("\n") == list(RU)
    assert (text.kind, text.lang, text.outlet) == ("article", "ru", "Вестник Заречья")
    assert (text.url, text.canonical_url) == (URL, URL)
    assert text.extractor_version == EXTRACTOR_VERSION


def test_cleaning_is_deterministic() -> None:
    """The same bytes give the same outcome."""
    assert clean(article()) == clean(article())


CHARSETS = [
    ("koi8-r, called utf-8 by header and page", "koi8-r", "utf-8", "text/html; charset=utf-8", RU),
    ("windows-1251 without any declaration", "cp1251", None, "text/html", RU),
    ("windows-1251, called iso-8859-1 by the header", "cp1251", None, "text/html; charset=iso-8859-1", RU),
    (
        "header windows-1251 right, page koi8-r wrong",
        "cp1251",
        "koi8-r",
        "text/html; charset=windows-1251",
        RU,
    ),
    (
        "header koi8-r wrong, page windows-1251 right",
        "cp1251",
        "windows-1251",
        "text/html; charset=koi8-r",
        RU,
    ),
    ("utf-8, called windows-1251 by both", "utf-8", "windows-1251", "text/html; charset=windows-1251", RU),
    ("Ukrainian windows-1251, called utf-8", "cp1251", "utf-8", "text/html; charset=utf-8", UK),
    ("Ukrainian koi8-u without declaration", "koi8-u", None, "text/html", UK),
    ("iso-8859-5 without declaration", "iso8859-5", None, "text/html", RU),
    ("cp866 without declaration", "cp866", None, "text/html", RU),
    ("mac-cyrillic without declaration", "mac-cyrillic", None, "text/html", RU),
    ("utf-16 with byte order mark, called utf-8", "utf-16", "utf-8", "text/html; charset=utf-8", RU),
    ("utf-8 with byte order mark", "utf-8-sig", None, "text/html", UK),
    ("a charset nobody knows", "cp1251", "x-nonsense", "text/html; charset=bogus", RU),
]


@pytest.mark.parametrize(
    ("charset", "declared", "header", "paragraphs"),
    [case[1:] for case in CHARSETS],
    ids=[c[0] for c in CHARSETS],
)
def test_wrong_charsets_come_out_readable(
    charset: str, declared: str | None, header: str, paragraphs: tuple[str, ...]
) -> None:
    """Whatever header and page declare, the words are those that were written."""
    written = tuple(p.replace("’", "'") for p in paragraphs)
    body = article(written, charset=declared).replace("—", "-").replace("©", "").encode(charset)
    text = text_of(clean(body, ("Content-Type", header)))
    assert text.text.split("\n") == list(written)
    assert text.title == "Удар по Заречному: двое погибших"


def test_a_latin_page_keeps_its_accents() -> None:
    """windows-1252, called utf-8: lone accents are read as Western European."""
    paragraphs = (
        "Le préfet a déclaré que deux habitants avaient été tués dans la nuit à Zaritchné, près de la forêt.",
    ) * 3
    body = article(paragraphs, title="Deux tués", charset="utf-8", lang="fr")
    body = (
        body[: body.index("<body>")].replace(" — Вестник Заречья", "")
        + f"<body><p>{'</p><p>'.join(paragraphs)}</p></body>"
    )
    assert "préfet a déclaré" in text_of(clean(body.encode("cp1252"))).text


@pytest.mark.parametrize(
    ("charset", "header"),
    [
        ("iso8859-2", "text/html; charset=iso-8859-2"),
        ("iso8859-2", "text/html; charset=utf-8"),
        ("cp1250", "text/html"),
    ],
)
def test_a_polish_page_is_not_taken_for_cyrillic(charset: str, header: str) -> None:
    """Words such as `żółć` have runs of letters above ASCII, too; most accents stand alone."""
    written = (
        "Żółć i łódź, źródło mówi, że wójt potwierdził pomoc osobie niewidomej w gminie, która ją przyjęła. "
    )
    body = f"<html lang='pl'><body><article><p>{written * 3}</p></article></body></html>"
    text = text_of(clean(body.encode(charset), ("Content-Type", header))).text
    assert "pomoc osobie niewidomej" in text
    assert "mówi" in text


def test_a_broken_character_does_not_make_utf8_something_else() -> None:
    """A cut multibyte character costs that character only."""
    body = article().encode().replace("погибли".encode(), "погибли".encode()[:-1], 1)
    assert "двое мирных жителей" in text_of(clean(body)).text


@pytest.mark.parametrize(
    ("encoding", "wire"),
    [
        ("gzip", gzip.compress(article().encode())),
        ("x-gzip", gzip.compress(article().encode())),
        ("deflate", zlib.compress(article().encode())),
        ("gzip", gzip.compress(gzip.compress(article().encode()))),
        ("identity", article().encode()),
    ],
)
def test_compressed_bodies_are_opened(encoding: str, wire: bytes) -> None:
    """Content encodings of the wire are undone, even one applied twice."""
    headers = (("Content-Type", "text/html; charset=utf-8"), ("Content-Encoding", encoding))
    assert text_of(clean(wire, *headers)).text.startswith("Губернатор")


def test_a_bomb_is_quarantined() -> None:
    """More than 10 MiB once decompressed is not read."""
    bomb = gzip.compress(b"<p>" + b"a" * (11 << 20))
    outcome = clean(bomb, ("Content-Encoding", "gzip"))
    assert (outcome.disposition, outcome.reason) == (Disposition.QUARANTINED, "decompressed_too_large")


def test_a_cut_body_is_truncated() -> None:
    """A gzip stream without its end is not cleaned as if it were whole."""
    outcome = clean(gzip.compress(article().encode())[:-200], ("Content-Encoding", "gzip"))
    assert (outcome.disposition, outcome.reason) == (Disposition.TRUNCATED, "compressed_body_cut_short")


def test_an_unknown_encoding_is_quarantined() -> None:
    """Brotli was not asked for and is not opened."""
    outcome = clean(b"\x00", ("Content-Encoding", "br"))
    assert (outcome.disposition, outcome.reason) == (Disposition.QUARANTINED, "unknown_content_encoding")


def test_a_page_heavy_with_scripts_is_cleaned_all_the_same() -> None:
    """3 MiB of scripts are taken out, the article and its JSON-LD stay."""
    head = (
        json_ld(datePublished="2025-03-04T08:30:00+02:00")
        + "<script>"
        + "var a='<p>';" * 260_000
        + "</script>"
    )
    text = text_of(clean(article(head=head)))
    assert text.text.startswith("Губернатор")
    assert text.published_at == datetime(2025, 3, 4, 6, 30, tzinfo=UTC)


def test_too_much_html_is_quarantined() -> None:
    """More than 2 MiB of markup is not parsed."""
    outcome = clean("<html><body>" + "<div><p>слово</p></div>" * 100_000)
    assert (outcome.disposition, outcome.reason) == (Disposition.QUARANTINED, "too_large_to_clean")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            "<html><head><meta http-equiv='refresh' content='0; url=/x'></head>"
            "<body><a href='/x'>here</a></body></html>",
            "redirect_stub",
        ),
        ("<meta http-equiv=refresh content='0;URL=/x'>", "redirect_stub"),
        ("<html><body><img src='a.jpg'></body></html>", "no_article_text"),
        ("{}", "not_html"),
        ("", "not_html"),
        ("GIF89a \x00\x01", "not_html"),
    ],
)
def test_pages_without_text_say_why(body: str, reason: str) -> None:
    """Stubs, pictures and things that are no HTML end as NO_TEXT."""
    outcome = clean(body)
    assert (outcome.disposition, outcome.reason) == (Disposition.NO_TEXT, reason)


def test_a_list_of_headlines_is_a_section_page() -> None:
    """A page whose text is link texts is no article."""
    links = "".join(
        f"<p><a href='/{n}'>Заголовок новости номер {n} о жизни района</a></p>" for n in range(30)
    )
    outcome = clean(
        f"<html><body><main>{links}</main></body></html>", url="https://www.vistnyk.example/news/"
    )
    assert (outcome.disposition, outcome.reason) == (Disposition.NO_TEXT, "section_page")


def test_the_front_page_is_a_section_page() -> None:
    """Whatever it shows, the root of a site is no article."""
    assert clean(article(), url="https://www.vistnyk.example/").reason == "section_page"


def test_a_short_article_counts() -> None:
    """Two sentences are an article."""
    text = text_of(
        clean(article(("В Заречном простились с сержантом Иваном Выдуманным. Он погиб 2 марта.",)))
    )
    assert text.text == "В Заречном простились с сержантом Иваном Выдуманным. Он погиб 2 марта."


def test_a_short_article_is_the_same_text_in_another_layout() -> None:
    """Neither the stamp under the headline nor menu and counter come into it: each would look like an edit."""
    words = "Дежурные службы работают в усиленном режиме, сводка передана в область."
    menu = "".join(f"<li><a href='/{n}/'>{name}</a></li>" for n, name in enumerate(("Власть", "Общество", "Погода")))
    old = (
        f"<html><body><ul>{menu}</ul><article><h1>Помощь прибыла в область</h1><time>28.02.2025 20:14</time>"
        f"<p>{words}</p></article></body></html>"
    )
    new = (
        "<html><head><meta property='og:title' content='Помощь прибыла в область'></head><body><nav><ul>" + menu
        + "</ul></nav><main><div class='post'><h1>Помощь прибыла в область</h1><div class='entry-content'>"
        f"<p>{words}</p></div></div></main><span class='views'>174</span></body></html>"
    )
    texts = [text_of(clean(page)) for page in (old, new)]
    assert [(text.title, text.text) for text in texts] == [("Помощь прибыла в область", words)] * 2


def test_the_publishers_own_text_is_taken_where_extraction_finds_little() -> None:
    """An articleBody that is markedly longer is the text, its entities and tags resolved."""
    body = "<p>" + " ".join(RU * 3) + "</p><p>&laquo;Держимся&raquo;, &mdash; сказал он.</p>"
    page = article(("Загрузка…",), head=json_ld(articleBody=body))
    text = text_of(clean(page)).text
    assert text.startswith("Губернатор")
    assert "«Держимся», — сказал он." in text
    assert "<p>" not in text


def test_the_standfirst_is_part_of_the_text() -> None:
    """The sentence under the headline states the toll, and extraction alone would drop it."""
    lead = "Пятеро военных из района погибли за неделю, сообщил глава администрации."
    page = article(
        head=f'<meta property="og:description" content="{lead}">',
        lead=f'<header class="subtitle teaser"><h2 class="subtitle">{lead}</h2></header>',
    )
    assert text_of(clean(page)).text.startswith(lead)
    assert text_of(clean(page)).text.count(lead) == 1


def test_a_description_that_is_not_on_the_page_is_not_text() -> None:
    """What only search engines are told is not what readers were told."""
    page = article(
        head='<meta name="description" content="Десять погибших, какой ужас, смотрите все подробности у нас">'
    )
    assert "Десять" not in text_of(clean(page)).text


def test_comments_of_readers_are_left_out() -> None:
    """Below-the-line text is not the outlet's."""
    page = article().replace(
        "</article>",
        '</article><section id="comments" class="comments"><p>Говорят, погибло сто '
        "человек, а нам врут, как всегда врали раньше.</p></section>",
    )
    assert "сто человек" not in text_of(clean(page)).text


# -- language ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("paragraphs", "declared", "lang"),
    [
        (RU, "en", "ru"),
        (UK, "ru-RU", "uk"),
        (EN, "ru", "en"),
        (EN, None, "en"),
        (UK, None, "uk"),
        (RU, "uk", "ru"),
    ],
)
def test_letters_decide_the_language(paragraphs: tuple[str, ...], declared: str | None, lang: str) -> None:
    """A template's lang attribute does not outvote the text."""
    assert text_of(clean(article(paragraphs, lang=declared))).lang == lang


# -- dates -------------------------------------------------------------------------------------------

HINT = datetime(2025, 3, 4, 6, 31, tzinfo=UTC)


def published(head: str = "", **line: object) -> tuple[str | None, Precision, bool]:
    """Time, precision and edit mark that a head gives."""
    text = text_of(clean(article(head=head), url="https://www.vistnyk.example/news/obstril", **line))
    return (text.published_at.isoformat() if text.published_at else None, text.precision, text.edited)


NAMED = "2025-03-04T07:07Z"
MINUTE, DAY = Precision.MINUTE, Precision.DAY
OG = '<meta property="article:published_time" content="{}">'


@pytest.mark.parametrize(
    ("head", "hint", "expected"),
    [
        (json_ld(datePublished="2025-03-04T08:00:00+02:00"), HINT, ("2025-03-04T06:31:00+00:00", MINUTE)),
        (json_ld(datePublished="2025-03-04T08:00:00+02:00"), None, ("2025-03-04T06:00:00+00:00", MINUTE)),
        (OG.format("2025-03-04T09:10:00Z"), None, ("2025-03-04T09:10:00+00:00", MINUTE)),
        (OG.format("Tue, 04 Mar 2025 09:10:00 +0300"), None, ("2025-03-04T06:10:00+00:00", MINUTE)),
        (json_ld(datePublished="2025-03-04"), None, ("2025-03-04T00:00:00+00:00", DAY)),
        (json_ld(datePublished="2025-03-04T08:00:00"), None, ("2025-03-04T00:00:00+00:00", DAY)),
        (json_ld(datePublished="2025-03-04T00:00:00+03:00"), None, ("2025-03-04T00:00:00+00:00", DAY)),
        (json_ld(datePublished="2025-03-04"), HINT, ("2025-03-04T06:31:00+00:00", MINUTE)),
        (
            json_ld(datePublished="2025-03-04T08:00:00+02:00"),
            datetime(2025, 3, 4, tzinfo=UTC),
            ("2025-03-04T06:00:00+00:00", MINUTE),
        ),
        ("", datetime(2031, 1, 1, 5, 5, tzinfo=UTC), (None, Precision.UNKNOWN)),
        ("", datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), (None, Precision.UNKNOWN)),
        (OG.format("2027-03-04T09:10:00Z"), HINT, ("2025-03-04T06:31:00+00:00", MINUTE)),
        (json_ld(datePublished="2024-12-01T08:00:00+02:00"), HINT, ("2024-12-01T06:00:00+00:00", MINUTE)),
        (OG.format("not a date"), None, (None, Precision.UNKNOWN)),
        (
            '<meta itemprop="datePublished" content="2025-03-04T09:10:00+02:00">',
            None,
            ("2025-03-04T07:10:00+00:00", MINUTE),
        ),
    ],
)
def test_publication_time(head: str, hint: datetime | None, expected: tuple[str | None, Precision]) -> None:
    """Hint first, then the page; no offset, or midnight, is a day; a re-dated article stays old."""
    assert published(head, hint_published=hint)[:2] == expected


def test_a_date_in_the_url_is_a_day() -> None:
    """Without metadata htmldate finds the day."""
    text = text_of(clean(article()))
    assert (text.published_at, text.precision) == (datetime(2025, 3, 4, tzinfo=UTC), DAY)


@pytest.mark.parametrize(
    ("modified", "edited"),
    [
        ("2025-03-04T08:04:00+02:00", False),
        ("2025-03-04T08:06:00+02:00", True),
        ("2025-03-03T08:06:00+02:00", False),
    ],
)
def test_an_edit_is_more_than_five_minutes_after_publication(modified: str, edited: bool) -> None:
    """dateModified shortly after publication is the first save."""
    head = json_ld(datePublished="2025-03-04T08:00:00+02:00", dateModified=modified)
    assert published(head)[2] is edited


# -- structured data that lies or breaks -------------------------------------------------------------


@pytest.mark.parametrize(
    "block",
    [
        "<script type='application/ld+json'>{broken</script>",
        "<script type='application/ld+json'>" + "[" * 100_000 + "</script>",
        "<script type='application/ld+json'>null</script>",
        '<script type=\'application/ld+json\'>{"@type": 7, "headline": [[]]}</script>',
        json_ld(headline=None, datePublished={"a": []}, articleBody=["x"], publisher=[{}]),
    ],
)
def test_broken_structured_data_is_passed_over(block: str) -> None:
    """JSON that is no JSON, or has other types than it should, costs nothing but itself."""
    assert text_of(clean(article(head=block))).text.startswith("Губернатор")


def test_json_ld_in_comment_marks_and_graphs_is_read() -> None:
    """Wrapped blocks and @graph are as good as plain ones; the node that names this page is the article's."""
    other = '{"@type":"NewsArticle","url":"https://www.vistnyk.example/other","datePublished":"2020-01-01T01:01:00Z"}'
    own = f'{{"@type":["NewsArticle"],"mainEntityOfPage":{{"@id":"{URL}"}},"datePublished":"{NAMED}"}}'
    head = f'<script type="application/ld+json"><!-- {{"@graph":[{other},{own}]}} --></script>'
    assert text_of(clean(article(head=head))).published_at == datetime(2025, 3, 4, 7, 7, tzinfo=UTC)


# -- titles ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "title", "expected"),
    [
        (
            '<meta property="og:title" content="Удар по Заречному: двое погибших | Вестник Заречья">',
            None,
            "Удар по Заречному: двое погибших",
        ),
        ('<meta property="og:title" content="Вестник Заречья">', None, "Удар по Заречному: двое погибших"),
        (
            '<meta property="og:site_name" content="ВЗ.Новости">'
            '<meta property="og:title" content="В районе траур - ВЗ.Новости">',
            "В районе траур",
            "В районе траур",
        ),
        (
            '<meta property="og:title" content="Потери за день: 12 &quot;двухсотых&quot;">',
            "Сводка",
            'Потери за день: 12 "двухсотых"',
        ),
        (
            '<meta property="og:title" content="Удар - погибли двое, ранены пять - Вестник Заречья">',
            "x",
            "Удар - погибли двое, ранены пять",
        ),
        ("", "Двое погибших", "Двое погибших"),
    ],
)
def test_titles_lose_the_sites_name_only(head: str, title: str | None, expected: str) -> None:
    """A dash inside the headline is no site suffix."""
    page = article(head=head, title=title) if title else article(head=head)
    assert text_of(clean(page)).title == expected


# -- previews ----------------------------------------------------------------------------------------


def posts(body: str, *ids: int) -> Cleaned:
    """Clean a preview page with these post ids in its line."""
    line = page_line("https://t.me/s/zarichne", kind=PageKind.PREVIEW, post_ids=ids)
    return clean_page(response(body, url="https://t.me/s/zarichne"), line, channel())


def channel() -> Source:
    """The channel's source."""
    return SOURCE.model_copy(update={"lang": "uk", "name": "Зарічне онлайн"})


def test_posts_are_texts_as_they_stand() -> None:
    """One text per asked-for post, however short, with minute, edit mark and own address."""
    body = pages.preview(
        pages.post(1, "Двоє загиблих."),
        pages.post(2, "Оновлено: троє<br>загиблих", edited=True),
        pages.post(3, "x"),
    )
    outcome = posts(body, 1, 2)
    assert (outcome.disposition, outcome.reason) == (Disposition.POSTS, None)
    first, second = outcome.texts
    assert (first.text, first.title, first.kind, first.lang) == ("Двоє загиблих.", None, "post", "uk")
    assert (first.url, first.canonical_url) == ("https://t.me/zarichne/1",) * 2
    assert (first.published_at, first.precision) == (datetime(2025, 3, 4, 1, 15, tzinfo=UTC), MINUTE)
    assert (second.text, second.edited, second.outlet) == ("Оновлено: троє\nзагиблих", True, "Зарічне онлайн")


def test_posts_without_text_are_counted() -> None:
    """Pictures and service messages make no document, and the reason says how many there were."""
    body = pages.preview(
        pages.post(1, "Двоє загиблих."),
        pages.post(2, "", media=True),
        pages.post(3, "канал створено", service=True),
    )
    outcome = posts(body, 1, 2, 3, 9)
    assert [text.text for text in outcome.texts] == ["Двоє загиблих."]
    assert outcome.reason == "1 without text, 1 service messages, 1 no longer there"


def test_a_preview_with_nothing_new_is_unchanged() -> None:
    """No asked-for post with text: nothing changed."""
    outcome = posts(pages.preview(pages.post(2, "", media=True)), 2)
    assert (outcome.disposition, outcome.reason) == (Disposition.POSTS_UNCHANGED, "1 without text")


def test_another_page_in_a_previews_place_is_quarantined() -> None:
    """A login or error page is not an empty channel."""
    outcome = posts("<html><body>Log in</body></html>", 1)
    assert (outcome.disposition, outcome.reason) == (Disposition.QUARANTINED, "not_a_preview")


def test_a_source_may_change_its_name() -> None:
    """The outlet is the registry's name of the source."""
    other = SOURCE.model_copy(update={"name": "Другое имя"})
    (text,) = clean_page(response(article()), page_line(), other).texts
    assert text.outlet == "Другое имя"
    assert replace(text, outlet="Вестник Заречья") == text_of(clean(article()))
