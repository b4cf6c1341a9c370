"""What holds for any text: exact evidence, bounds by the rules, determinism, no exception."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from processing.detect import detect
from processing.models import DetectInput, Detection, Evidence, Qualifier, Status

_PIECES = (
    "погибли двое военных",
    "ранены 14 человек",
    "из них трое детей",
    "в Белгородской области",
    "killed at least 14 soldiers",
    "was wounded",
    "three of whom",
    "from Pskov",
    "загинули",
    "п’ятеро",
    "поранено",
    "на Херсонщині",
    "“",
    "»",
    ". ",
    "; ",
    ", ",
    " — ",
    "\n",
    " ",
    "1 200",
    "12-14",
    "İ",
    "ё",
    "😀",
    "не",
    "никто не",
    "ранее сообщалось о",
    "Ivan Petrov",
    "Иван Петров",
    "в ночь на 5 июня",
    "31 февраля",
    "до",
    "47,",
    "обоє",
    "имена погибших: ",
    "half a dozen",
    "десятки",
    "тысяч",
    "$5",
    "%",
)
_TEXTS = st.lists(st.sampled_from(_PIECES) | st.text(max_size=12), max_size=14).map(" ".join)


def quoted(evidence: Evidence, item: DetectInput) -> str:
    return str(getattr(item, evidence.field))[evidence.start : evidence.end]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=_TEXTS, title=st.none() | _TEXTS)
def test_any_text_gives_exact_evidence(text: str, title: str | None) -> None:
    """Evidence is an exact substring of its field, and the same input gives the same answer."""
    item = DetectInput(id="x", text=text, title=title, published=datetime(2024, 3, 5, 12, tzinfo=UTC))
    found = detect(item)
    assert found == detect(item)
    for claim in found.claims:
        assert claim.evidence.text == quoted(claim.evidence, item)
        assert claim.count_evidence.text == quoted(claim.count_evidence, item) == claim.raw
        assert claim.subset_of is None or 0 <= claim.subset_of < len(found.claims)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=_TEXTS)
def test_bounds_follow_the_qualifier(text: str) -> None:
    """At least and more than are open above, up to is open below, and no bound is crossed."""
    for claim in detect(DetectInput(id="x", text=text)).claims:
        if claim.qualifier in (
            Qualifier.AT_LEAST,
            Qualifier.MORE_THAN,
            Qualifier.SEVERAL,
            Qualifier.DOZENS,
            Qualifier.HUNDREDS,
        ):
            assert claim.min is not None
            assert claim.max is None
        elif claim.qualifier is Qualifier.UP_TO:
            assert claim.min is None
            assert claim.max is not None
        else:
            assert claim.min is not None
            assert claim.max is not None
            assert claim.min <= claim.max


def test_disclosure_needs_an_own_claim() -> None:
    """A text whose claims are all suppressed is no disclosure."""
    detection: Detection = detect(DetectInput(id="x", text="В ДТП погибли четыре человека."))
    assert [claim.status for claim in detection.claims] == [Status.ACCIDENT]
    assert not detection.disclosure


HOSTILE = {
    "one sentence without end": "погиб слово " * 4000,
    "a table of tolls": "".join(f"Погибли {i} человек, ранены {i + 1}, " for i in range(2, 1500)),
    "a row of numbers": "1 " * 20000 + "погибли",
    "a row of names": "Иван Петров " * 2000 + "погибли",
    "one word": "a" * 100000 + " killed",
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_is_read_in_bounded_time(text: str) -> None:
    """Fifty thousand characters of debris take seconds at most, and give a bounded number of claims."""
    assert len(detect(DetectInput(id="x", text=text)).claims) < 400
