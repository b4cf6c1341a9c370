"""The detector's quality on texts it was never tuned on does not fall silently."""

from __future__ import annotations

import hashlib
from pathlib import Path

import yaml

from processing.eval import evaluate_file

HERE = Path(__file__).parent
FILES = sorted(HERE.glob("*.jsonl"))
UNSEEN = sorted(HERE.glob("unseen-*.jsonl"))


def test_the_corpus_is_the_one_the_floors_were_measured_on() -> None:
    """A changed corpus needs new floors, in the same commit."""
    floors = yaml.safe_load((HERE / "floors.yaml").read_text(encoding="utf-8"))
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in FILES)).hexdigest()
    assert floors["corpus"] == digest


def test_no_floor_is_undercut() -> None:
    """Counts, disclosures and slots on the texts that rules are never tuned on."""
    floors = yaml.safe_load((HERE / "floors.yaml").read_text(encoding="utf-8"))
    report = evaluate_file(*UNSEEN)
    assert report.overall.f1 >= floors["count_f1"]
    assert report.overall.precision >= floors["count_precision"]
    assert report.overall.recall >= floors["count_recall"]
    assert report.disclosures.f1 >= floors["disclosure_f1"]
    assert {k: v for k, v in floors["by_lang"].items() if report.counts[k].f1 < v} == {}
    assert {k: v for k, v in floors["slots"].items() if report.slots()[k] < v} == {}


def test_known_wordings_stay_known() -> None:
    """Texts and phrases that rules were made with do not get lost again, set by set."""
    floors = yaml.safe_load((HERE / "floors.yaml").read_text(encoding="utf-8"))["known"]
    found = {name: evaluate_file(*sorted(HERE.glob(f"{name}.jsonl"))).overall.f1 for name in floors}
    assert {name: found[name] for name, floor in floors.items() if found[name] < floor} == {}
