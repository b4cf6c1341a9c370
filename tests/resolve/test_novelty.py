"""`vigil novelty` with the real detector, on stories in our own words."""

from __future__ import annotations

import json

from processing.resolve.novelty import novelty_jsonl

Text = tuple[str, str, str, str, str | None, str]  # id, published, source, lang, title, text

MAIN_STORY: list[Text] = [
    ("gov", "2023-06-27T10:00+03:00", "pskov-gov", "ru", None,
     "Сегодня скажу о тяжёлом. В начале июня в Белгородской области, когда границу перешла вооружённая "
     "группа, погибли не менее 14 военнослужащих из Псковской области. Ещё 10 наших ребят попали в плен, "
     "троих из них уже обменяли. Макар Дубровин"),
    ("en", "2023-06-27T15:00+01:00", "north-wire", "en", "Pskov governor admits heavy losses in border raid",
     "At least 14 soldiers from Pskov were killed in Belgorod region on 1 June, governor Makar Dubrovin "
     "said. Ten were captured and three of them have since been exchanged."),
    ("uk", "2023-06-27T18:00+03:00", "visti", "uk", "Губернатор визнав втрати",
     "Щонайменше 14 військових із Псковської області загинули 4 червня в Бєлгородській області, заявив "
     "губернатор Макар Дубровін. Ще 10 потрапили в полон."),
    ("ru", "2023-06-28T09:00+03:00", "lenta-x", "ru", "Дубровин рассказал о 14 погибших псковичах",
     "Четырнадцать военных из Пскова погибли в начале месяца в Белгородской области, сообщил Дубровин."),
    ("up", "2023-06-30T10:00+03:00", "pskov-gov", "ru", None,
     "Число погибших в Белгородской области военнослужащих из Псковской области выросло до 16. "
     "Макар Дубровин"),
    ("late", "2023-06-30T14:00+01:00", "late-post", "en", "Pskov losses",
     "Fourteen soldiers from Pskov were killed in Belgorod region at the start of June, the governor Mikhail "
     "Dubrovin had said."),
]  # fmt: skip

DAILY: list[Text] = [
    ("mon", "2023-07-03T09:00+03:00", "bel-gov", "ru", None,
     "Вчера в результате обстрела Шебекино погиб один мирный житель, ранены трое. Всеволод Горянов"),
    ("tue", "2023-07-04T09:00+03:00", "bel-gov", "ru", None,
     "Вчера в результате обстрела Шебекино погиб один мирный житель, ранены трое. Всеволод Горянов"),
    ("outlet", "2023-07-04T12:00+03:00", "chern", "ru", "Обстрел Шебекино",
     "Один мирный житель погиб и трое ранены вчера при обстреле Шебекино, сообщил губернатор Белгородской "
     "области Всеволод Горянов."),
    ("corr", "2023-07-04T18:00+03:00", "bel-gov", "ru", None,
     "Поправка: при вчерашнем обстреле Шебекино ранены не трое, а двое мирных жителей. Всеволод Горянов"),
]  # fmt: skip


def run(stream: list[Text]) -> dict[str, list[tuple[int, str, str]]]:
    """Text id -> (disclosure, numbered as they come; measure; kind)."""
    names = ("id", "published", "source", "lang", "title", "text")
    lines = [json.dumps(dict(zip(names, row, strict=True))) for row in stream]
    numbers: dict[str, int] = {}
    found = {}
    for line in novelty_jsonl(lines):
        row = json.loads(line)
        found[row["id"]] = [
            (numbers.setdefault(event["disclosure"], len(numbers)), event["measure"], event["kind"])
            for event in row["events"]
        ]
    return found


def test_main_story_in_three_languages() -> None:
    """One disclosure from the governor's post to the late outlet, new once and updated once."""
    assert run(MAIN_STORY) == {
        "gov": [(0, "killed", "new"), (0, "captured", "new"), (0, "exchanged", "new")],
        "en": [(0, "killed", "repeat"), (0, "captured", "repeat"), (0, "exchanged", "repeat")],
        "uk": [(0, "killed", "repeat"), (0, "captured", "repeat")],
        "ru": [(0, "killed", "repeat")],
        "up": [(0, "killed", "update_up")],
        "late": [(0, "killed", "out_of_order")],
    }


def test_same_words_on_two_days_are_two_incidents() -> None:
    """Daily shelling: each day its own disclosure, and the correction meets the right one."""
    assert run(DAILY) == {
        "mon": [(0, "killed", "new"), (0, "wounded", "new")],
        "tue": [(1, "killed", "new"), (1, "wounded", "new")],
        "outlet": [(1, "killed", "repeat"), (1, "wounded", "repeat")],
        "corr": [(1, "wounded", "correction")],
    }


UNDATED: list[Text] = [
    ("one", "2023-07-03T09:00+03:00", "bel-gov", "ru", None,
     "Под обстрелом Шебекино. Погиб один мирный житель, ранены трое. Всеволод Горянов"),
    ("next", "2023-07-04T09:00+03:00", "bel-gov", "ru", None,
     "Под обстрелом Шебекино. Погиб один мирный житель, ранены трое. Всеволод Горянов"),
]  # fmt: skip

RUBBLE: list[Text] = [
    ("first", "2023-07-06T09:00+03:00", "oblast", "uk", None,
     "Уночі ворог ударив по Харкову. Загинули троє людей, 12 поранено. Остап Сіверенко"),
    ("en", "2023-07-06T10:00+03:00", "wire", "en", "Kharkiv strike",
     "Three people were killed and 12 wounded in an overnight strike on Kharkiv, governor Ostap Siverenko "
     "said."),
    ("more", "2023-07-06T15:00+03:00", "oblast", "uk", None,
     "Кількість загиблих у Харкові зросла до п'яти, поранених 17. Остап Сіверенко"),
    ("body", "2023-07-07T09:00+03:00", "oblast", "uk", None,
     "Із-під завалів дістали тіло ще однієї людини. Загинули шестеро. Остап Сіверенко"),
]  # fmt: skip

TAKEN_BACK: list[Text] = [
    ("said", "2023-07-05T09:00+03:00", "bel-gov", "ru", None,
     "В Грайвороне при обстреле погиб мужчина. Всеволод Горянов"),
    ("back", "2023-07-05T13:00+03:00", "bel-gov", "ru", None,
     "Сообщение о гибели мужчины в Грайвороне отзываю: он жив, врачи борются. Всеволод Горянов"),
]  # fmt: skip


def test_undated_words_of_one_channel_next_day_are_another_incident() -> None:
    """A channel that repeats itself on another day speaks of another shelling."""
    assert {row[0][0] for row in run(UNDATED).values()} == {0, 1}


def test_toll_that_creeps_up_stays_one_disclosure() -> None:
    """Three, then five, then six on the next morning: one strike, updated twice."""
    found = run(RUBBLE)
    assert {disclosure for rows in found.values() for disclosure, _, _ in rows} == {0}
    assert [kind for rows in found.values() for _, measure, kind in rows if measure == "killed"] == [
        "new", "repeat", "update_up", "update_up",
    ]  # fmt: skip


def test_death_that_is_taken_back_is_a_retraction() -> None:
    """The governor withdraws his own message."""
    assert run(TAKEN_BACK)["back"] == [(0, "killed", "retraction")]
