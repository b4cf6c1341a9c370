"""The tables of nouns for people: built from their lists, read back, found in a sentence."""

from __future__ import annotations

import pytest

from processing.detect import nouns
from processing.detect.lexicon import Hit, load
from processing.detect.text import sentences

TABLES = sorted(path.name.partition(".")[0] for path in nouns.TABLES.glob("*.people.txt"))


def hits(text: str, lang: str) -> list[tuple[str, str]]:
    (sentence,) = sentences(text, "text")
    found: list[Hit] = load(lang).scan(sentence)
    return [(h.tag, text[h.start : h.end]) for h in found if h.noun is not None]


@pytest.mark.parametrize("lang", TABLES)
def test_the_table_is_what_the_list_gives(lang: str) -> None:
    """Building from the list again yields the table that is committed."""
    pytest.importorskip("pymorphy3")
    from processing.detect.build.people import build

    assert (nouns.TABLES / f"{lang}.people.txt").read_text(encoding="utf-8").splitlines() == build(lang)


@pytest.mark.parametrize("lang", TABLES)
def test_a_table_holds_more_than_a_thousand_words(lang: str) -> None:
    """Every table knows a thousand people, and each form says its number and case."""
    text = (nouns.TABLES / f"{lang}.people.txt").read_text(encoding="utf-8")
    assert sum(line.count("|") + 1 for line in text.splitlines() if line[:1] not in "=#") > 1200
    assert all(len(case) == 2 for noun in nouns.read(text).values() for case in noun.cases)


def test_number_and_case_tell_one_from_many() -> None:
    """A plural is counted, a nominative singular is a victim, a dative is one where something was torn off."""
    assert hits("Погибли звонари.", "ru") == [("persons.civilian", "звонари")]
    assert hits("Погиб звонарь.", "ru") == [("one.civilian", "звонарь")]
    assert hits("Помогли боцману.", "ru") == []
    assert hits("Боцману оторвало кисть.", "ru") == [("one.civilian", "Боцману")]


def test_an_adjective_and_its_noun_are_one_person() -> None:
    """A uniform before a trade decides the group."""
    assert hits("Погиб военный врач.", "ru") == [("one.military", "военный врач")]


def test_a_surname_is_no_trade() -> None:
    """A capital beside another capital is a name, though the word is a trade."""
    assert hits("На собрании выступил Остап Пасечник.", "ru") == []


def test_a_language_without_a_table_has_none() -> None:
    """A new language begins with its YAML alone."""
    assert nouns.load("xx") is None
