"""Numbers as people say them, in three languages: value, bounds, and one figure only."""

from __future__ import annotations

import pytest

from processing.detect import detect
from processing.models import DetectInput

RUSSIAN = {
    "двадцать пять": (25, 25),
    "сто двадцать": (120, 120),
    "тысяча триста": (1300, 1300),
    "больше тысячи трёхсот": (1301, None),
    "полторы сотни": (150, 150),
    "полтора десятка": (15, 15),
    "полсотни": (50, 50),
    "около полусотни": (50, 50),
    "почти две сотни": (200, 200),
    "три десятка": (30, 30),
    "до пятнадцати": (None, 15),
    "свыше сотни": (101, None),
    "не менее восьми": (8, None),
    "порядка сорока": (40, 40),
    "десятки": (20, None),
    "несколько сотен": (200, None),
    "пара десятков": (20, 20),
    "с десяток": (10, 10),
    "12–14": (12, 14),
    "от 12 до 14": (12, 14),
    "две тысячи сто": (2100, 2100),
    "1 243": (1243, 1243),
    "2,5 тысячи": (2500, 2500),
    "семеро": (7, 7),
    "двадцать с лишним": (21, None),
    "более полутора сотен": (151, None),
}
UKRAINIAN = {
    "двадцять п'ятеро": (25, 25),
    "тисяча триста": (1300, 1300),
    "понад тисячу триста": (1301, None),
    "півтори сотні": (150, 150),
    "пів сотні": (50, 50),
    "майже дві сотні": (200, 200),
    "двісті сорок три": (243, 243),
    "до п'ятнадцяти": (None, 15),
    "щонайменше вісім": (8, None),
    "близько сорока": (40, 40),
    "десятки": (20, None),
    "кілька сотень": (200, None),
    "зо два десятки": (20, 20),
    "шістнадцятеро": (16, 16),
    "від 12 до 14": (12, 14),
    "не менше дев'яти": (9, None),
}
ENGLISH = {
    "a hundred and twenty": (120, 120),
    "thirteen hundred": (1300, 1300),
    "more than a thousand": (1001, None),
    "half a hundred": (50, 50),
    "two dozen": (24, 24),
    "scores of": (20, None),
    "half a dozen": (6, 6),
    "a couple of dozen": (24, 24),
    "several dozen": (20, None),
    "as many as 40": (None, 40),
    "between 12 and 14": (12, 14),
    "three or four": (3, 4),
    "no fewer than nine": (9, None),
    "upwards of twenty": (21, None),
    "2,100": (2100, 2100),
    "one and a half thousand": (1500, 1500),
    "a hundred or so": (100, 100),
}


@pytest.mark.parametrize(
    ("text", "bounds"),
    [(f"Погибли {words} солдат под Харьковом.", bounds) for words, bounds in RUSSIAN.items()]
    + [(f"Загинули {words} військових у Харкові.", bounds) for words, bounds in UKRAINIAN.items()]
    + [(f"Shelling killed {words} soldiers in Kharkiv.", bounds) for words, bounds in ENGLISH.items()],
)
def test_a_number_in_words_is_one_figure(text: str, bounds: tuple[int | None, int | None]) -> None:
    """The whole phrase is the number: no part of it is a figure of its own."""
    claims = detect(DetectInput(id="x", text=text)).claims
    assert [(claim.min, claim.max) for claim in claims] == [bounds]


@pytest.mark.parametrize(
    "text",
    [
        "Погибли: в Купянске двое, в Изюме один, в Чугуеве четверо; всего по области за сутки обстрелов семь.",
        "За ночь дроны ранили семерых, за день ещё шестерых, итого тринадцать.",
        "За выходные на фронте погибли девять бойцов бригады: пятеро в субботу и четверо в воскресенье.",
        "Shelling wounded four in Nikopol and three in Marhanets, seven in all.",
    ],
)
def test_parts_that_add_up_are_parts(text: str) -> None:
    """Only the total is a figure of its own, wherever it stands."""
    claims = detect(DetectInput(id="x", text=text)).claims
    own = [claim.min for claim in claims if claim.status.value == "own"]
    parts = [claim.min for claim in claims if claim.status.value == "subset"]
    assert len(own) == 1
    assert sum(part or 0 for part in parts) == own[0]
