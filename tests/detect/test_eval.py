"""The scorer's arithmetic on hand-made labels."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from processing.errors import ConfigError
from processing.eval import evaluate_file, score
from processing.eval_page import write_page

GOLD = [
    {
        "id": "a",
        "lang": "en",
        "text": "",
        "is_disclosure": True,
        "labels": [
            {"category": "killed", "min": 3, "max": 3, "qualifier": "exact", "group": "civilian", "region": "UA-65"},
            {"category": "wounded", "min": 21, "max": None, "qualifier": "more_than", "group": "unknown"},
        ],
    },
    {"id": "b", "lang": "ru", "text": "", "is_disclosure": False, "labels": []},
]


def test_counts_slots_and_negatives() -> None:
    """A hit needs measure and number; N of "more than N" is accepted; parts never cost precision."""
    predicted = [
        {
            "id": "a",
            "disclosure": True,
            "claims": [
                {
                    "measure": "killed",
                    "min": 3,
                    "max": 3,
                    "qualifier": "exact",
                    "group": "civilian",
                    "place_region": None,
                    "status": "own",
                },
                {"measure": "wounded", "min": 20, "max": None, "qualifier": "at_least", "status": "own"},
                {"measure": "killed", "min": 1, "max": 1, "status": "subset"},
            ],
        },
        {"id": "b", "disclosure": True, "claims": [{"measure": "killed", "min": 9, "max": 9, "status": "own"}]},
    ]
    report = score(GOLD, predicted)
    assert (report.overall.hits, report.overall.found, report.overall.wanted) == (2, 3, 2)
    assert report.slots()["group"] == 1.0
    assert report.slots()["place_region"] == 0.0
    assert report.slots()["qualifier"] == 0.5
    assert (report.disclosures.precision, report.disclosures.recall) == (0.5, 1.0)
    assert report.false_per_thousand == 1000.0
    assert "killed" not in report.to_text()


def test_an_unanswered_row_costs_recall() -> None:
    """Rows without a prediction are counted and lose their labels."""
    report = score(GOLD, [])
    assert (report.unanswered, report.overall.recall) == (2, 0.0)


def test_a_file_is_detected_and_scored(tmp_path: Path) -> None:
    """`evaluate_file` runs the detector over the rows' own texts."""
    rows = [
        {
            "id": 1,
            "lang": "ru",
            "text": "Погибли трое солдат.",
            "is_disclosure": True,
            "labels": [{"category": "killed", "min": 3, "max": 3}],
        }
    ]
    path = tmp_path / "labels.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert evaluate_file(path).overall.f1 == 1.0


@pytest.mark.parametrize("content", ["not json", '{"id": 1}'])
def test_a_file_that_holds_no_labels_is_refused(tmp_path: Path, content: str) -> None:
    """Broken input raises ConfigError naming the file."""
    path = tmp_path / "labels.jsonl"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"labels\.jsonl"):
        evaluate_file(path)


def test_the_error_browser_shows_what_is_wrong_and_nothing_runs(tmp_path: Path) -> None:
    """A missed figure, a false one with its rule, and markup of the text as text; right rows are left out."""
    rows = [
        {
            "id": "wrong-1",
            "lang": "en",
            "text": "<script>alert(1)</script> Shelling killed 3 people in Kherson.",
            "is_disclosure": True,
            "labels": [{"category": "wounded", "min": 8, "max": 8, "group": "civilian"}],
            "phenomena": ["idiom"],
        },
        {
            "id": "right-2",
            "lang": "en",
            "text": "Shelling killed 4 people in Kherson.",
            "is_disclosure": True,
            "labels": [{"category": "killed", "min": 4, "max": 4}],
        },
    ]
    labels, page = tmp_path / "labels.jsonl", tmp_path / "errors.html"
    labels.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    report = evaluate_file(labels)
    assert write_page(report, page) == 1
    html = page.read_text(encoding="utf-8")
    assert "missed: wounded 8 civilian own" in html
    assert '<mark class="false" title="killed own">3</mark>' in html
    assert "bind.near" in html
    assert "right-2" not in html
    assert "<script>alert" not in html
    assert report.phenomena["idiom"].wanted == 1
