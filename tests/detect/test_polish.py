"""Polish, the language that the recipe of CONTRIBUTING was tried with: its figures do not fall silently."""

from __future__ import annotations

from pathlib import Path

import pytest

from processing.detect import detect, lexicon
from processing.eval import evaluate_file
from processing.models import DetectInput

TEXTS = Path(__file__).parent / "pl.jsonl"
UNSEEN = Path(__file__).parent / "pl_unseen.jsonl"  # written after the lexicon, which is never tuned on them


def test_polish_counts_hold_their_floor() -> None:
    """Fifty labelled texts, the language recognised by the detector itself."""
    report = evaluate_file(TEXTS)
    assert report.rows == 50
    assert report.overall.f1 >= 0.93
    assert report.disclosures.f1 >= 0.92
    assert [a.row["id"] for a in report.answers if a.false and not a.row["labels"]] == []


def test_polish_counts_of_unseen_texts() -> None:
    """What a text finds that the lexicon was not written for."""
    report = evaluate_file(UNSEEN)
    assert report.overall.f1 >= 0.56
    assert report.overall.precision >= 0.69


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("Pod Siewierskiem poległ strzelec Ostap Werbicki.", "pl"),
        ("Zginęły dwie osoby.", "pl"),
        ("Ranni: 4", "en"),  # too short to tell
        ("Lech Wałęsa spoke in Gdańsk about the wounded.", "en"),
        ("Gdańsk: Wałęsa lays wreath for two soldiers killed in Łódź", "en"),
        ("У Гданську загинули двоє людей.", "uk"),
        ("Лех Валенса (Wałęsa) рассказал о погибших.", "ru"),
    ],
)
def test_a_language_is_recognised_by_the_signs_of_its_yaml(text: str, lang: str) -> None:
    """Polish names in an English text do not make it Polish."""
    assert lexicon.recognise(text) == lang


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("W ostrzale zginął 54-letni rolnik.", [("killed", 1)]),
        ("W ataku nikt z 12 mieszkańców nie zginął.", []),
        ("Na froncie zginęli Jan Łoś i Piotr Żuk.", [("killed", 2)]),
        ("W ostrzale zginęło dwóch żołnierzy i trzech cywilów.", [("killed", 2), ("killed", 3)]),
    ],
)
def test_words_of_grammar_come_from_the_yaml(text: str, claims: list[tuple[str, int]]) -> None:
    """Ages, "nobody", "and" between names and between counts."""
    found = detect(DetectInput(id="pl", text=text, lang="pl")).claims
    assert [(c.measure.value, c.min) for c in found] == claims
