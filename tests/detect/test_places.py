"""Places of the whole world: the region of invented sentences, names that two countries share, countries alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import processing.detect
from processing.detect import detect
from processing.models import DetectInput

DETECT = Path(processing.detect.__file__).parent

SENTENCES = [
    ("AF-KAN", "A roadside bomb killed four policemen in Kandahar on Tuesday, the interior ministry said."),
    ("AF-KAB", "Six people were killed when a shell hit a market in the Afghan capital."),
    ("PK-KP", "A suicide bomber killed nine soldiers at a checkpoint near Bannu, the army said."),
    ("IN-JK", "Militants killed three policemen in Kupwara in Indian-administered Kashmir."),
    ("IQ-SD", "At least 14 fighters were killed in an ambush near Tikrit, security sources said."),
    ("SY-ID", "An air strike on Saraqib killed eleven civilians, rescuers said."),
    ("YE-MA", "Five soldiers were killed in shelling in Marib province."),
    ("IL-D", "A rocket fired at Ashkelon wounded two people, medics said."),
    ("IL-HA", "Gunmen killed two people in the town of Hadera, 40 miles north of Tel Aviv."),
    ("PS-KYS", "Israeli tank fire killed seven people in Khan Younis, hospital staff said."),
    ("PS-NBS", "Troops shot dead two Palestinians in Nablus overnight."),
    ("LB-NA", "A drone strike killed three people in Bint Jbeil, the health ministry said."),
    ("IR-11", "Gunmen killed five border guards in Saravan, state television said."),
    ("LY-MI", "Clashes between militias in Misrata killed sixteen people."),
    ("SD-DN", "Shelling of El Fasher killed 23 people, a doctors' union said."),
    ("SO-BN", "A car bomb killed eight people near the port in Mogadishu, police said."),
    ("ET-TI", "A drone strike killed 19 people in Tigray, aid workers said."),
    ("KE-21", "Four soldiers were killed by a roadside bomb in Lamu county."),
    ("CD-NK", "Rebels killed 30 villagers near Beni in eastern Congo, the army said."),
    ("NG-BO", "Insurgents killed twelve farmers near Maiduguri, residents said."),
    ("ML-5", "Jihadists killed 21 civilians in Bandiagara, a local official said."),
    ("BF-12", "At least 40 people were killed in an attack on Djibo."),
    ("MZ-P", "Insurgents beheaded five people near Palma in Cabo Delgado."),
    ("MM-01", "Junta air strikes killed ten villagers in Sagaing Region."),
    ("PH-SLU", "Three marines were killed in a clash in Sulu province."),
    ("CO-NAR", "A bomb killed two policemen in Tumaco."),
    ("HT-OU", "Gang members killed at least 25 people in Port-au-Prince on Friday."),
    ("MX-SIN", "Gunmen killed six people in Culiacán, prosecutors said."),
    ("US-TX", "A gunman killed five people in Paris, Texas, before the police shot him dead."),
    ("US-NY", "A gunman killed three people in Buffalo, New York."),
    ("GB-MAN", "A bomb wounded four people in Manchester, police said."),
    ("FR-75C", "Two people were killed in a knife attack in Paris."),
    ("DE-BY", "A car driven into a march wounded nine people in Munich."),
    ("TR-34", "An explosion on a shopping street in Istanbul killed four people."),
    ("KZ-75", "Troops opened fire on protesters in Almaty, killing at least seven people."),
    ("AM-SU", "Two Armenian soldiers were killed in shelling near Goris."),
    ("AF-HER", "В провинции Герат при взрыве мины погибли трое военных."),
    ("SY-HL", "При обстреле Алеппо погибли семь мирных жителей."),
    ("IL-JM", "При нападении в Иерусалиме ранены двое полицейских."),
    ("PS-JEN", "В Дженине в ходе перестрелки убиты четверо боевиков."),
    ("IQ-NI", "В Мосуле при взрыве погибли шесть человек."),
    ("LB-BA", "При ударе по Бейруту погибли двенадцать человек, сообщил минздрав."),
    ("EG-SIN", "На севере Египта, в Эль-Арише, при нападении на блокпост убиты пятеро солдат."),
    ("US-CA", "В Лос-Анджелесе в результате стрельбы убиты трое человек."),
    ("US-MI", "В штате Мичиган при стрельбе в школе погибли четверо подростков."),
    ("US-MA", "Двое человек ранены при взрыве у бостонского аэропорта."),
    ("TR-06", "В турецкой столице Анкаре при теракте погибли девять человек."),
    ("BY-HO", "В Гомельской области при взрыве на полигоне погибли двое солдат."),
    ("KG-B", "В Баткене при обстреле погибли семеро пограничников."),
    ("MD-SN", "В Тирасполе при обстреле здания ранены трое."),
    ("PL-06", "У Пшеводові внаслідок падіння ракети загинули двоє людей."),
    ("SY-HI", "У Хомсі внаслідок удару загинули п'ятеро військових."),
    ("AF-KAB", "У Кабулі під час вибуху загинули десятеро людей."),
    ("IL-TA", "У Тель-Авіві під час обстрілу поранено шестеро людей."),
    ("DE-BE", "У Берліні внаслідок нападу загинули двоє людей."),
    ("LB-BH", "Унаслідок удару по Баальбеку загинули восьмеро людей."),
    ("TR-34", "У Стамбулі внаслідок вибуху загинули шестеро людей."),
    ("IR-23", "У столиці Ірану під час вибуху загинули четверо військових."),
    ("UA-63", "Внаслідок обстрілу Харкова загинули троє людей."),
    ("RU-BEL", "При обстреле Белгорода погибли двое мирных жителей."),
]


def regions(text: str, title: str | None = None) -> set[str | None]:
    claims = detect(DetectInput(id="t", text=text, title=title)).claims
    assert claims, text
    return {claim.place_region for claim in claims}


@pytest.mark.parametrize(("code", "text"), SENTENCES, ids=lambda value: value[:40])
def test_the_region_is_that_of_the_place_named(code: str, text: str) -> None:
    """Provinces, their towns, "the Afghan capital", "Paris, Texas", adjectives of a site, in three languages."""
    assert regions(text) == {code}


@pytest.mark.parametrize(
    "text",
    [
        "At least nine people were killed in an attack in Somalia.",
        "Israeli strikes killed 20 people in the Gaza Strip, medics said.",
        "Three soldiers were killed in northern Mali, the army said.",
        "В Афганистане при взрыве погибли пять человек.",
        "У Судані внаслідок обстрілу загинули дванадцятеро людей.",
    ],
)
def test_a_country_alone_has_no_region(text: str) -> None:
    assert regions(text) == {None}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Shelling went on in Kharkiv all night. In Somalia a car bomb killed nine people.", None),
        ("Обстрел Харькова продолжался всю ночь. В Сирии при взрыве погибли девять человек.", None),
        ("Обстріл Харкова тривав усю ніч. У Сирії внаслідок вибуху загинули дев'ятеро людей.", None),
        ("A bomb went off near the port of Mogadishu. Nine people were killed, the worst in Somalia in May.", "SO-BN"),
        ("Shelling went on in Kharkiv all night. Nine people were killed.", "UA-63"),
    ],
)
def test_a_country_takes_no_region_of_another_from_the_text_around_it(text: str, wanted: str | None) -> None:
    """The last claim of the text: its sentence names a country, and only regions of that country are inherited."""
    assert detect(DetectInput(id="t", text=text)).claims[-1].place_region == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("В Александрии при взрыве погибли двое туристов, сообщили власти Египта.", "EG-ALX"),
        ("В Александрии после удара погибли двое, сообщила Кировоградская ОВА.", "UA-35"),
        ("При взрыве в Токмаке погибли двое, сообщили в МВД Киргизии.", "KG-C"),
        ("При обстреле Токмака погибли двое мирных жителей.", "UA-23"),
        ("В Нью-Йорке при стрельбе погибли трое.", "US-NY"),
        ("У Нью-Йорку Донецької області внаслідок удару загинули двоє цивільних.", "UA-14"),
        ("Під Нью-Йорком загинули троє військових, повідомив український генштаб.", "UA-14"),
        ("В Мюнхене при нападении погибли трое украинцев.", "DE-BY"),
    ],
)
def test_names_of_two_countries_go_where_the_text_tells(text: str, wanted: str) -> None:
    assert regions(text) == {wanted}


@pytest.mark.parametrize(
    "text",
    [
        "Lincoln Chafee said three people were killed.",
        "Iryna Kostenko said her two sons were killed.",
        "Hamas said four of its men were killed.",
        "Three people were killed, Jordan Peele said.",
        "Семь человек погибли, сообщил Роман Борисов.",
        "Додому не повернуться четверо військових: вони загинули в бою. Решта поранені.",
    ],
)
def test_persons_and_movements_are_no_places(text: str) -> None:
    assert regions(text) == {None}


def test_every_code_of_the_built_tables_is_one_of_iso_3166() -> None:
    """Regions are ISO 3166-2 units, countries ISO 3166-1; no form stands under two codes of one kind."""
    pycountry = pytest.importorskip("pycountry")
    for name in ("world_latin.txt", "world_cyrillic.txt"):
        seen: set[str] = set()
        for line in (DETECT / name).read_text(encoding="utf-8").splitlines():
            code, kind, forms = line.split(" ", 2)
            if kind == "country":
                assert re.fullmatch("[A-Z]{2}", code)
                assert code == "XK" or pycountry.countries.get(alpha_2=code), line[:60]
            else:
                assert pycountry.subdivisions.get(code=code), line[:60]
                assert not code.startswith(("RU", "UA")), line[:60]
            assert not seen & set(forms.split("|")), line[:60]
            seen |= set(forms.split("|"))


def test_english_texts_load_no_cyrillic_table(monkeypatch: pytest.MonkeyPatch) -> None:
    from processing.detect import places

    asked: list[str] = []

    def world(script: str) -> dict[str, tuple[str, str]]:
        asked.append(script)
        return {}

    monkeypatch.setattr(places, "world", world)
    detect(DetectInput(id="t", text="Three people were killed in Kabul.", lang="en"))
    assert set(asked) <= {"latin"}


@pytest.mark.parametrize(
    ("text", "place", "origin"),
    [
        ("Після бою зникли безвісти п'ятеро воїнів Самбірщини.", None, "UA-46"),
        ("Коростенська громада знову у скорботі: на фронті загинули двоє бійців.", None, "UA-18"),
        ("Під ранок дрон ударив по крамниці в Курахівській громаді, двоє людей загинули.", "UA-14", None),
        ("Двоє пенсіонерів із Нікополя поранені осколками.", "UA-12", None),
        ("Наша Батьківщина втратила ще двох бійців.", None, None),
    ],
)
def test_ukrainian_districts(text: str, place: str | None, origin: str | None) -> None:
    """A district or community by its adjective: home of its soldiers, place of what happens in it."""
    claim = next(c for c in detect(DetectInput(id="1", text=text)).claims)
    assert (claim.place_region, claim.origin_region) == (place, origin)
