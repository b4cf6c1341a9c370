"""Officials by name and day: who is one, who is only a namesake, and what the holder's region tells of a statement."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
import yaml

from processing.detect import detect, officials
from processing.detect.build.officials import REGIONS, SOURCE, entries, rows
from processing.detect.officials import TABLE, Officials, find, read, table
from processing.models import Claim, DetectInput

SUMMER = date(2023, 7, 1)
INVENTED: list[dict[str, Any]] = [
    {"region": "RU-PSK", "office": "governor", "ru": "Тихон Вересаев", "to": date(2024, 5, 1)},
    {"region": "RU-ORL", "office": "governor", "ru": "Лука Ступин", "common": True, "seen": date(2026, 1, 1)},
    {"region": "UA-65", "office": "ova", "ru": "Остап Журбенко", "uk": "Остап Журбенко", "seen": date(2026, 1, 1)},
]


@pytest.fixture
def invented(monkeypatch: pytest.MonkeyPatch) -> Officials:
    """A table of people who do not exist, in place of the shipped one."""
    made = read(rows(INVENTED))
    monkeypatch.setattr(officials, "table", lambda: made)
    return made


def told(text: str, day: date = SUMMER, **known: str) -> Claim:
    published = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    return detect(DetectInput(id="x", text=text, published=published, **known)).claims[0]


def regions(text: str, day: date | None = SUMMER, near: tuple[str, ...] = ()) -> list[str]:
    return [mention.official.region for mention in find(text, day, near)]


def test_the_compiled_table_is_that_of_the_yaml() -> None:
    """officials.tsv is what the build makes of officials.yaml today."""
    made = "\n".join(rows(entries(SOURCE.read_text(encoding="utf-8")))) + "\n"
    assert made == TABLE.read_text(encoding="utf-8"), "run python -m processing.detect.build.officials"


def test_every_region_has_an_official() -> None:
    """Each region of config/regions.yaml has a holder of its first office, and none is named that the file lacks."""
    held = {official.region for found in table().forms.values() for official in found if official.until is None}
    assert held == {row["code"] for row in yaml.safe_load(REGIONS.read_text(encoding="utf-8"))}


def test_a_holder_follows_a_holder() -> None:
    """Nobody leaves before coming or is seen after leaving, and two holders of an office overlap only where noted."""
    for entry in entries(SOURCE.read_text(encoding="utf-8")):
        begin, end, seen = (entry.get(key) for key in ("from", "to", "seen"))
        days = [day for day in (begin, seen, end) if day]
        assert days == sorted(days), entry


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"office": "king"}, "office 'king' is none of"),
        ({"source": ["nowhere"]}, "source 'nowhere' is not listed"),
        ({"source": []}, "needs a source"),
        ({"seen": None}, "needs a source, and `to` or `seen`"),
        ({"seen": "2023"}, "are dates"),
        ({"nick": "x"}, "unknown field nick"),
    ],
)
def test_an_entry_that_says_too_little_is_refused(change: dict[str, Any], message: str) -> None:
    """The error names the entry and what is wrong with it."""
    entry = {**INVENTED[2], "source": ["list"], **change}
    text = yaml.safe_dump({"sources": {"list": "a list"}, "officials": [entry]}, allow_unicode=True)
    with pytest.raises(ValueError, match="Журбенко.*" + message):
        list(entries(text))


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("Михаил Ведерников открыл школу.", "RU-PSK"),
        ("По словам Ведерникова, школа открыта.", "RU-PSK"),
        ("Губернатор Псковской области Михаил Юрьевич Ведерников открыл школу.", "RU-PSK"),
        ("Школу відкрив губернатор Ведерніков.", "RU-PSK"),
        ("М. Ведерников открыл школу.", "RU-PSK"),
        ("Vedernikov opened a school.", "RU-PSK"),
        ("Vyacheslav Gladkov's office opened a school.", "RU-BEL"),
        ("В'ячеслав Гладков відкрив школу.", "RU-BEL"),
        ("Начальник ОВА Олег Синєгубов відкрив школу.", "UA-63"),
        ("Зустріч із Синєгубовим почалася.", "UA-63"),
        ("Синегубову подарили книгу.", "UA-63"),
        ("Oleh Syniehubov opened a school.", "UA-63"),
        ("Oleg Sinegubov, head of the region, opened a school.", "UA-63"),
        ("Mykolaiv Gov. Vitaliy Kim opened a school.", "UA-48"),
        ("Губернатор Русских открыл школу.", "RU-ULY"),
        ("Денис Пушилин открыл школу.", "UA-14"),
        ("Школу відкрила Світлана Онищук.", "UA-26"),
    ],
)
def test_an_official_is_found_however_the_name_is_written(text: str, region: str) -> None:
    """Case forms, first names, initials, patronymics and transliterations lead to the region."""
    assert regions(text) == [region]


@pytest.mark.parametrize(
    "text",
    [
        "Прохор Ведерников открыл школу.",
        "Школу открыл Прохор Ведерников.",
        "А. Ведерников открыл школу.",
        "Kim Jong Un opened a school.",
        "Тренер Гусев открыл школу.",
        "Гусев открыл школу.",
        "Русских школ стало больше.",
        "Депутат Пушилин открыл школу.",
        "Мороз ударил ночью.",
        "Никитин открыл школу.",
        "Губернатор Никитин открыл школу.",
    ],
)
def test_a_namesake_is_no_official(text: str) -> None:
    """Other first names and jobs, names that many bear, words, and two officials of one name."""
    assert regions(text) == []


def test_region_and_first_name_tell_namesakes_apart() -> None:
    """Two governors Nikitin are told apart by the region spoken of or by the first name."""
    assert regions("Губернатор Никитин открыл школу.", near=("RU-NIZ",)) == ["RU-NIZ"]
    assert regions("Губернатор Никитин открыл школу.", near=("RU-NGR",)) == ["RU-NGR"]
    assert regions("Глеб Никитин открыл школу.") == ["RU-NIZ"]
    assert regions("Гусев открыл школу.", near=("RU-VOR",)) == ["RU-VOR"]


def test_the_office_ends_with_the_last_day() -> None:
    """The same name is another office, or none, on another day; a former one is none on any."""
    assert regions("Роман Старовойт открыл школу.", date(2024, 5, 14)) == ["RU-KRS"]
    assert regions("Роман Старовойт открыл школу.", date(2024, 6, 14)) == []
    assert regions("Экс-губернатор Старовойт открыл школу.", date(2024, 1, 1)) == []
    assert regions("Former governor Roman Starovoit opened a school.", date(2024, 1, 1)) == []
    assert regions("Лисак відкрив школу.", date(2024, 1, 1)) == ["UA-12"]
    assert regions("Лисак відкрив школу.", date(2026, 1, 1)) == ["UA-51"]
    assert regions("Гольдштейн открыл школу.", date(2024, 1, 1)) == ["RU-YEV"]
    assert regions("Гольдштейн открыл школу.", date(2025, 1, 1)) == ["RU-KO"]


def test_long_after_the_last_reference_the_office_must_be_named() -> None:
    """A bare name counts for a year after the last reference that shows its bearer in office."""
    assert regions("Чаус відкрив школу.", date(2026, 3, 1)) == ["UA-74"]
    assert regions("Чаус відкрив школу.", date(2028, 3, 1)) == []
    assert regions("Начальник ОВА Чаус відкрив школу.", date(2028, 3, 1)) == ["UA-74"]


@pytest.mark.usefixtures("invented")
def test_a_surname_gives_name_office_and_institution() -> None:
    """The attribution is whole though the sentence has the surname only, in any case."""
    said = told("По словам Вересаева, погибли трое военнослужащих.").attribution
    assert (said.name, said.office, said.institution) == ("Тихон Вересаев", "губернатор", "Government of Pskov region")
    said = told("Двоє людей поранені, повідомив Журбенко.").attribution
    assert (said.name, said.office) == ("Остап Журбенко", "начальник ОВА")
    assert said.institution == "Kherson regional military administration"
    said = told("Three soldiers were killed, Veresayev said.").attribution
    assert (said.name, said.office) == ("Tikhon Veresayev", "governor")


@pytest.mark.usefixtures("invented")
def test_words_of_the_text_are_kept() -> None:
    """A name and an office that the text has whole stay as written."""
    said = told("Губернатор области Тихон Вересаев сообщил: погибли трое военнослужащих.").attribution
    assert (said.name, said.office) == ("Тихон Вересаев", "Губернатор области")


@pytest.mark.usefixtures("invented")
def test_a_governor_speaks_of_his_soldiers_killed_elsewhere() -> None:
    """His region is the origin of the soldiers; of civilians hurt it is the place."""
    claim = told("Вересаев сообщил: в Белгородской области погибли 14 военнослужащих.")
    assert (claim.place_region, claim.origin_region) == ("RU-BEL", "RU-PSK")
    claim = told("Вересаев сообщил: погибли 14 военнослужащих из нашего региона.")
    assert (claim.place_region, claim.origin_region) == (None, "RU-PSK")
    assert told("Внаслідок обстрілу поранено двох людей, повідомив Журбенко.").place_region == "UA-65"


@pytest.mark.usefixtures("invented")
def test_who_has_left_or_only_bears_the_name_gives_no_region() -> None:
    """After leaving, and under another first name, the speaker is whoever the text says, of no region."""
    later = told("Вересаев сообщил: погибли 14 военнослужащих из нашего региона.", date(2025, 1, 1))
    assert (later.origin_region, later.attribution.office) == (None, None)
    other = told("Прохор Вересаев сообщил: погибли 14 военнослужащих из нашего региона.")
    assert (other.origin_region, other.attribution.office) == (None, None)
    common = told("Ступин сообщил: погибли 14 военнослужащих из нашего региона.")
    assert (common.origin_region, common.attribution.office) == (None, None)


@pytest.mark.usefixtures("invented")
@pytest.mark.parametrize(
    "text",
    [
        "Губернатор сообщил: на фронте погибли трое военнослужащих.",
        "Глава региона сообщил: на фронте погибли трое военнослужащих.",
        "The head of the region said three soldiers were killed in Ukraine.",
    ],
)
def test_a_title_alone_takes_the_region_of_the_channel_or_the_title(text: str) -> None:
    """ "The governor" of a region's paper, or below a headline that names one region, is that region's."""
    assert told(text, source_region="RU-PSK").origin_region == "RU-PSK"
    headline = "Pskov region" if text.startswith("The") else "Псковская область"
    assert told(text, title=headline).origin_region == "RU-PSK"
    assert told(text).origin_region is None
