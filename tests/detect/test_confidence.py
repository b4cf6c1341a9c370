"""Confidence: a probability that the shipped weights give, and a fit that recovers what the labels say."""

from __future__ import annotations

from processing.detect import detect
from processing.detect.build.confidence import fit, held_out, threshold
from processing.detect.confidence import SLOTS, sure, weights
from processing.models import DetectInput


def test_every_slot_has_weights_and_a_probability() -> None:
    """Every claim carries four probabilities; a feature that the fit never saw weighs nothing."""
    assert set(weights()) == set(SLOTS)
    claim = detect(DetectInput(id="x", text="Погибли трое солдат в Белгородской области.")).claims[0]
    for slot in SLOTS:
        assert 0 < getattr(claim.confidence, slot) < 1
        assert sure(slot, {"never seen"}) == sure(slot, ())


def test_the_fit_finds_what_tells_right_from_wrong() -> None:
    """A feature of right examples only is weighed up, one of wrong ones down, and unseen folds are told apart."""
    rows = [(index % 5, frozenset({"good"} if index % 2 else {"bad"}), bool(index % 2)) for index in range(200)]
    table = fit(rows, 1.0)
    assert table["good"] > 1 > -1 > table["bad"]
    assert all((probability > 0.8) is right for probability, right in held_out("count", rows))


def test_the_threshold_is_where_errors_begin() -> None:
    """Of 100 answers, the 50 above the threshold are right; among those below are the wrong ones."""
    answers = [(0.9, True)] * 50 + [(0.6, index % 2 == 0) for index in range(50)]
    assert threshold(answers) == (0.9, 0.5)
