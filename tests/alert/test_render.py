"""The message: what an editor must find in it, and that nothing scraped takes effect in it."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from html.parser import HTMLParser

import pytest

from processing.alert.outbox import DigestJob
from processing.alert.render import Message, headline, render, render_digest, subject
from processing.alert.scraped import clean, safe_url, withhold_prisoners
from processing.alert.view import region_name
from processing.models import Attribution, EventDate, Group, Measure, Novelty, Precision, Qualifier, Scope
from tests.alert.records import CAPTURED, EXCHANGED, KILLED, job, outlet, quote, record, rise, state

REASON = "route newsroom: origin RU-PSK is tracked"
HOSTILE = (
    "<script>alert(1)</script> <img src=x onerror=alert(2)> {{ conn.smtp.password }} {% for x in y %} "
    "\u202eevil\u202c \u2066bidi\u2069 a\u200bb line\r\nBcc: all@example.org\u2028next\u2029\x0b\x00 "
    "<!channel> <@U0VIGIL> <https://evil.example|click> *bold* `code` & \"quoted\" 'single'"
)


def shown(message: Message) -> list[str]:
    """Every text of a message."""
    blocks = json.dumps([message.slack_blocks, message.slack_reply_blocks], ensure_ascii=False)
    return [message.subject, message.headline, message.text, message.html, message.slack_text, blocks]


def slack_texts(blocks: object) -> list[str]:
    """All text values of Slack blocks."""
    if isinstance(blocks, dict):
        own = [blocks["text"]] if isinstance(blocks.get("text"), str) else []
        return own + [text for value in blocks.values() for text in slack_texts(value)]
    return [text for value in blocks for text in slack_texts(value)] if isinstance(blocks, list) else []


class Tags(HTMLParser):
    """Tags and links of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, "NEW · Pskov region · at least 14 killed (military) in Belgorod region"),
        ({"origin_region": None}, "NEW · Belgorod region · at least 14 killed (military)"),
        ({"place_region": None}, "NEW · Pskov region · at least 14 killed (military)"),
        ({"place_region": "RU-PSK"}, "NEW · Pskov region · at least 14 killed (military)"),
        (
            {"origin_region": None, "place_region": None},
            "NEW · region not known · at least 14 killed (military)",
        ),
        ({"group": Group.UNKNOWN}, "NEW · Pskov region · at least 14 killed in Belgorod region"),
        (
            {"scope": Scope.CUMULATIVE},
            "NEW · Pskov region · at least 14 killed (military, running total) in Belgorod region",
        ),
        (
            {"novelty": Novelty.RETRACTION, "previous": (KILLED,)},
            "RETRACTED · Pskov region · at least 14 killed (military) in Belgorod region",
        ),
        (
            {
                "novelty": Novelty.CONTESTED,
                "measures": (state(Measure.KILLED, 14, 14, Qualifier.EXACT, "14", high=17),),
            },
            "CONTESTED · Pskov region · 14–17 killed (military) in Belgorod region",
        ),
    ],
)
def test_headline_says_kind_region_count_and_place(change: dict[str, object], expected: str) -> None:
    """Origin leads, place follows; each is left out when it is not known or says the same."""
    assert headline(record(**change)) == expected


def test_headline_of_an_update_shows_both_figures() -> None:
    """Before and after, each with its qualifier."""
    assert (
        headline(rise()) == "UPDATED · Pskov region · at least 14 → 17 killed (military) in Belgorod region"
    )
    corrected = rise(novelty=Novelty.CORRECTION)
    assert headline(corrected).startswith("CORRECTED · Pskov region · at least 14 → 17 killed")


def test_headline_speaks_of_the_figure_that_changed() -> None:
    """A change of the wounded alone is not announced as one of the killed."""
    wounded, more = (state(Measure.WOUNDED, n, n, Qualifier.EXACT, str(n)) for n in (3, 5))
    change = record(
        novelty=Novelty.UPDATE_UP,
        version=2,
        measures=(KILLED, more),
        previous=(KILLED, wounded),
        changed=(Measure.WOUNDED,),
    )
    assert headline(change) == "UPDATED · Pskov region · 3 → 5 wounded (military) in Belgorod region"


@pytest.mark.parametrize(
    ("qualifier", "low", "high", "said"),
    [
        (Qualifier.EXACT, 14, 14, "14"),
        (Qualifier.ABOUT, 14, 14, "about 14"),
        (Qualifier.AT_LEAST, 14, None, "at least 14"),
        (Qualifier.MORE_THAN, 15, None, "more than 14"),
        (Qualifier.UP_TO, None, 20, "up to 20"),
        (Qualifier.EXACT, 10, 14, "10–14"),
        (Qualifier.SEVERAL, 2, None, "several"),
        (Qualifier.DOZENS, 20, None, "dozens"),
        (Qualifier.HUNDREDS, 200, None, "hundreds"),
        (Qualifier.UNSPECIFIED, 1, None, "an unstated number"),
        (Qualifier.EXACT, None, None, "an unstated number"),
    ],
)
def test_a_number_is_said_as_it_was_said(
    qualifier: Qualifier, low: int | None, high: int | None, said: str
) -> None:
    """`more than 14` is stored as 15 and up, and is never shown as 15; dozens are never shown as 20."""
    figure = state(Measure.KILLED, low, high, qualifier, "phrase")
    assert (
        headline(record(measures=(figure,)))
        == f"NEW · Pskov region · {said} killed (military) in Belgorod region"
    )


def test_subject_is_the_same_for_every_version() -> None:
    """Mail clients thread by it; the change stands in the first line."""
    assert (
        subject(record()) == subject(rise()) == "[Vigil] Pskov region – killed in Belgorod region (1f2e3d4c)"
    )
    assert render(rise()).text.splitlines()[0] == headline(rise())


def test_text_and_html_hold_what_an_editor_needs_in_order() -> None:
    """Counts, speaker, quote, date, lag, times, archive, outlets, confidence, reason: in this order."""
    message = render(record(), timezone="Europe/Berlin", reason=REASON)
    order = [
        "at least 14 killed",
        "10 captured, 3 of them since exchanged",
        "Arkady Lesovoy, governor (Pskov region)",
        "погибли не менее 14 военнослужащих",
        "1–10 November 2026 (range)",
        "23 days from event to disclosure",
        "24 November 2026, 21:00 CET (20:00 UTC)",
        "24 November 2026, 21:04 CET (20:04 UTC)",
        "raw/group=demo/date=2026-11-24/demo-0001.warc.gz",
        "10412",
        "sha256:ab12",
        "vigil evidence 3f9a1c0de5b7",
        "2 independent · 1 reprinted",
        "The Northern Ledger (demo)",
        "Пресс-портал «Озёрный край» (demo)",
        "A1 (completely reliable, confirmed)",
        "91%",
        REASON,
        "version 1",
    ]
    for text in (message.text, message.html.partition("<body")[2]):
        places = [text.find(part) for part in order]
        assert -1 not in places, order[places.index(-1)]
        assert places == sorted(places)
        assert "http://127.0.0.1:8765/vigil_demo_governor/415" in text
        assert "Russian" in text
    assert 'lang="ru"' in message.html


def test_slack_holds_the_same_facts() -> None:
    """Header, counts, speaker with link, quote, dates, archive, reason; the fallback text is the headline."""
    message = render(record(), timezone="Europe/Berlin", reason=REASON)
    text = "\n".join(slack_texts(message.slack_blocks))
    for part in (
        "at least 14 killed",
        "3 of them since exchanged",
        "Arkady Lesovoy",
        "погибли не менее 14",
        "23 days",
        "vigil evidence 3f9a1c0de5b7",
        "2 independent",
        "91%",
        REASON,
        "<http://127.0.0.1:8765/vigil_demo_governor/415|Governor's channel (demo)>",
    ):
        assert part in text, part
    assert message.slack_text == message.headline
    reply = "\n".join(slack_texts(render(rise()).slack_reply_blocks))
    assert "at least 14 → 17 killed" in reply
    assert "was at least 14" in reply
    assert "vigil evidence" in reply


def test_the_exchanged_are_never_a_figure_of_their_own() -> None:
    """Two lines of counts for three measures, since three of the ten captured were exchanged."""
    lines = [line for line in render(record()).text.splitlines() if line.startswith("* ")]
    assert [line.partition(" (")[0] for line in lines[:3]] == [
        "* at least 14 killed",
        "* 10 captured, 3 of them since exchanged",
        "* The Northern Ledger",
    ]


def test_disagreement_is_shown_as_a_range() -> None:
    """Reports that range from 14 to 17 are not averaged."""
    assert "17 killed · was at least 14, reports range from 14 to 17" in render(rise()).text


@pytest.mark.parametrize(
    ("lang", "first", "count"),
    [
        (
            "ru",
            "НОВОЕ · Псковская область · погибшие: не менее 14 (военные) · место: Белгородская область",
            "пленные: 10, из них обменянные: 3",
        ),
        (
            "uk",
            "НОВЕ · Псковська область · загиблі: щонайменше 14 (військові) · місце: Бєлгородська область",
            "полонені: 10, з них обміняні: 3",
        ),
    ],
)
def test_other_languages_of_a_route(lang: str, first: str, count: str) -> None:
    """A Russian or Ukrainian desk reads its own words throughout; the quote stays as published."""
    message = render(record(), lang=lang, timezone="Europe/Kyiv", reason=REASON)
    assert message.headline == first
    assert count in message.text
    assert count in message.html
    assert "Published" not in message.text
    assert "погибли не менее 14" in message.text


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (None, "not stated"),
        (
            EventDate(start=date(2026, 11, 1), end=date(2026, 11, 1), precision=Precision.DAY),
            "1 November 2026",
        ),
        (
            EventDate(start=date(2026, 10, 30), end=date(2026, 11, 2), precision=Precision.RANGE),
            "30 October 2026 – 2 November 2026 (range)",
        ),
        (
            EventDate(start=date(2026, 11, 1), end=date(2026, 11, 30), precision=Precision.MONTH),
            "November 2026 (month only)",
        ),
    ],
)
def test_dates_carry_their_precision(event: EventDate | None, said: str) -> None:
    """No more precision is shown than the sources give."""
    assert f"Event: {said} |" in render(record(event_date=event)).text


def test_times_without_precision_or_zone() -> None:
    """A day stays a day, an unknown time is said to be unknown, an unknown zone falls back to UTC."""
    assert (
        "Published: 24 November 2026 (day only)" in render(record(quote=quote(precision=Precision.DAY))).text
    )
    assert "Published: not known" in render(record(quote=quote(published_at=None))).text
    assert "Published: 24 November 2026, 20:00 UTC\n" in render(record(), timezone="Mars/Base").text
    late = quote(published_at=datetime(2026, 11, 24, 23, 30, tzinfo=UTC))
    said = render(record(quote=late), timezone="Europe/Moscow").text
    assert "25 November 2026, 02:30 MSK (24 November 2026, 23:30 UTC)" in said


def test_missing_parts_are_said_to_be_missing() -> None:
    """No speaker, no archived copy, no lag, no grade: the message says so or leaves the line out."""
    bare = record(quote=quote(attribution=Attribution(), page=None, lang=None), lag_days=None, grade=None)
    message = render(bare)
    for text in (message.text, message.html):
        assert "no speaker named" in text
        assert "no archived copy" in text
        assert "lag not known" in text
        assert "Source grade" not in text
    assert render(record(lag_days=1)).text.count("1 day from event to disclosure") == 1


def test_a_retraction_says_so_at_the_top() -> None:
    """The first lines tell that the source has withdrawn it."""
    message = render(record(novelty=Novelty.RETRACTION, version=2))
    assert message.text.splitlines()[1] == "The source has withdrawn this."
    assert "The source has withdrawn this." in message.html


# -- hostile text --------------------------------------------------------------------------------


def hostile() -> Message:
    """Scraped text in every field that is scraped."""
    return render(
        record(
            quote=quote(
                text=HOSTILE,
                outlet=HOSTILE,
                url="javascript:alert(1)",
                attribution=Attribution(name=HOSTILE, office=HOSTILE, institution=HOSTILE),
            ),
            measures=(state(Measure.KILLED, 14, None, Qualifier.AT_LEAST, HOSTILE), CAPTURED, EXCHANGED),
            outlets=(
                outlet(HOSTILE, "https://example.org/a?b=<script>&c=\"'|x"),
                outlet("B", "data:text/html,x"),
            ),
            confidence_reason=HOSTILE,
        ),
        reason=HOSTILE,
    )


def test_no_markup_of_theirs_takes_effect_in_html() -> None:
    """Only the template's own tags are there, no handler, no remote content, links to http(s) only."""
    page = Tags(hostile().html)
    assert page.tags == Tags(render(record()).html).tags
    assert not {"script", "img", "iframe", "link", "form", "object"} & page.tags
    assert not [name for name, _ in page.attributes if name.startswith("on") or name in ("src", "background")]
    assert all((value or "").startswith("http") for name, value in page.attributes if name == "href")
    assert "url(" not in hostile().html


def test_no_template_of_theirs_is_rendered() -> None:
    """Braces come out as they went in."""
    message = hostile()
    assert "{{ conn.smtp.password }}" in message.text
    assert "{{ conn.smtp.password }} {% for x in y %}" in message.html


def test_no_control_or_direction_character_survives() -> None:
    """Bidi overrides, zero-width letters, line separators and nulls are gone from every output."""
    for text in shown(hostile()):
        assert not re.search("[\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\x00\x0b\x0c\r\x7f-\x9f]", text)


def test_scraped_text_cannot_begin_a_line() -> None:
    """In the plain-text part a scraped line break would let a page forge our lines."""
    assert not [line for line in hostile().text.splitlines() if line.strip().startswith(("Bcc", "next"))]


def test_no_mention_or_link_of_theirs_in_slack() -> None:
    """Slack sees `<` only where we put a link."""
    message = hostile()
    for blocks in (message.slack_blocks, message.slack_reply_blocks):
        for text in slack_texts(blocks):
            assert re.fullmatch(r"(?:[^<>]|<https?://[^<>|\s]+\|[^<>]*>|(?<=\n)>|^>)*", text), text
            assert "<!channel>" not in text
            assert "*bold*" not in text
            assert "`code`" not in text
    assert "&lt;!channel&gt;" in "\n".join(slack_texts(message.slack_blocks))


@pytest.mark.parametrize(
    "text", ["x" * 10_000, "слово " * 5_000, "<" * 10_000, "&" * 10_000, "я" * 10_000, "`*_~" * 3_000]
)
def test_long_text_stays_within_every_limit(text: str) -> None:
    """Quotes end at 600 characters; Slack's limits hold for the payload and each part."""
    many = tuple(outlet(text, f"https://example.org/{n}?{'q' * 400}") for n in range(60))
    long = record(
        quote=quote(text=text, outlet=text, attribution=Attribution(name=text, office=text)),
        outlets=many,
        measures=(state(Measure.KILLED, 14, None, Qualifier.AT_LEAST, text), CAPTURED, EXCHANGED),
        confidence_reason=text,
    )
    message = render(long, reason=text)
    assert len(message.text) < 9_000
    for blocks in (message.slack_blocks, message.slack_reply_blocks):
        check_slack_limits(blocks)


def check_slack_limits(blocks: list[dict[str, object]]) -> None:
    """Limits of Slack's reference."""
    assert len(json.dumps(blocks)) <= 10_000
    assert len(blocks) <= 50
    for block in blocks:
        if block["type"] == "header":
            assert max(len(t) for t in slack_texts(block)) <= 150
        elif block["type"] == "section":
            assert len(slack_texts(block)) <= 10
            assert max(len(t) for t in slack_texts(block)) <= 3000


def test_clean_keeps_words_and_cuts() -> None:
    """One line, visible characters, an ellipsis where something is missing."""
    assert clean(" a\u200bb\r\nc\u2028d\u202e \x00e ", 99) == "ab c d e"
    assert clean("x" * 700, 600) == "x" * 599 + "…"
    assert clean("Пско\u0301в", 99) == "Пско\u0301в"


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://example.org/a b", None),
        ("javascript:alert(1)", None),
        ("//example.org/", None),
        ("", None),
        ("https://user:pass@example.org/", None),
        ("https://example.org/\u202e", None),
        ("http://[::1", None),
        ("https://example.org:99999/", None),
        ("https://" + "a" * 3000, None),
        ("data:text/html,<b>", None),
        ("https://example.org/<x>|y\"'", "https://example.org/%3Cx%3E%7Cy%22'"),
        (
            "https://псков.рф/новости?x=1",
            "https://xn--b1algoo.xn--p1ai/%D0%BD%D0%BE%D0%B2%D0%BE%D1%81%D1%82%D0%B8?x=1",
        ),
        ("http://127.0.0.1:8765/s/a%20b#c", "http://127.0.0.1:8765/s/a%20b#c"),
        ("http://[::1]:80/x", "http://[::1]:80/x"),
    ],
)
def test_only_plain_addresses_become_links(url: str, safe: str | None) -> None:
    """http and https without credentials, percent-encoded."""
    if safe and "xn--" in safe:
        assert (safe_url(url) or "").startswith("https://xn--")
        assert (safe_url(url) or "").isascii()
    else:
        assert safe_url(url) == safe


# -- prisoners -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown_text"),
    [
        ("Рядовой Олег Примеров попал в плен.", "[name withheld] попал в плен."),
        ("В плену сержант Примеров и О. П. Образцов.", "В плену [name withheld] и [name withheld]."),
        ("Ivan Sampleov and two others were captured.", "[name withheld] and two others were captured."),
        ("Погиб Иван Примеров. Двое попали в плен.", "Погиб Иван Примеров. Двое попали в плен."),
        (
            "Arkady Lesovoy said 10 were captured in Belgorod Region.",
            "Arkady Lesovoy said 10 were captured in Belgorod Region.",
        ),
        ("Аркадий Лесовой сообщил о 10 пленных.", "Аркадий Лесовой сообщил о 10 пленных."),
        (
            "The Defence Ministry confirmed the exchange of prisoners.",
            "The Defence Ministry confirmed the exchange of prisoners.",
        ),
    ],
)
def test_names_of_prisoners_are_withheld(text: str, shown_text: str) -> None:
    """In sentences about captivity persons are not named; the speaker, regions and institutions are."""
    known = ["Arkady Lesovoy", "governor", "Belgorod region", "Белгородская область"]
    assert withhold_prisoners(text, known, "[name withheld]") == shown_text


def test_no_output_names_a_prisoner() -> None:
    """Neither from the quote nor from a count phrase that lists names."""
    captured = state(Measure.CAPTURED, 2, 2, Qualifier.EXACT, "Олег Примеров и Пётр Образцов")
    said = quote(text="Погибли 14 человек. В плен попали Олег Примеров и Пётр Образцов.")
    for text in shown(render(record(measures=(KILLED, captured), quote=said))):
        assert "Примеров" not in text
        assert "Образцов" not in text


# -- digest --------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [2, 12, 45, 200])
def test_a_digest_lists_every_disclosure(number: int) -> None:
    """The mail names all; Slack as many as fit, and says how many more there are."""
    jobs = tuple(job(record(disclosure_id=f"{n:032x}")) for n in range(number))
    digest = DigestJob(
        jobs, "digest-key", "slack", "C0VIGIL", "newsroom-slack", "newsroom", False, "UTC", "en"
    )
    message = render_digest(digest)
    assert message.subject == f"[Vigil] {number} disclosures, one digest"
    assert message.text.count("at least 14 killed") == number
    assert message.html.count("at least 14 killed") == number
    check_slack_limits(message.slack_blocks)
    listed = "\n".join(slack_texts(message.slack_blocks)).count("at least 14 killed")
    assert listed == number or f"and {number - listed} more" in "\n".join(slack_texts(message.slack_blocks))


def test_a_place_abroad_has_its_name() -> None:
    """Detection names places all over the world; a reader is not shown a code, and an unknown one does not break."""
    assert [region_name("AF-KAB", lang) for lang in ("en", "ru", "uk")] == ["Kabul", "Кабул", "Кабул"]
    assert region_name("RU-PSK", "en") == "Pskov region"
    assert region_name("XX-YYY", "en") == "XX-YYY"
