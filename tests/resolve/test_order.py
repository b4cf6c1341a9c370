"""What stands does not depend on the order in which documents arrive, only on when they were said."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from processing.ledger import Ledger
from processing.models import Measure
from processing.resolve.figures import Figure, fold
from tests.resolve.making import T0, claim, document, resolve

SAME: dict[str, Any] = {
    "place_region": "RU-BEL",
    "place": "Шебекино",
    "event": "2023-06-26",
    "speaker": "Горянов",
}


@st.composite
def reports(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Reports of one incident by as many outlets, at different minutes, with figures that disagree."""
    number = draw(st.integers(2, 6))
    minutes = draw(st.lists(st.integers(0, 600), min_size=number, max_size=number, unique=True))
    return [
        {
            "name": f"outlet{n}",
            "hours": minutes[n] / 60,
            "official": draw(st.booleans()),
            "measure": draw(st.sampled_from(["killed", "missing"])),
            "low": draw(st.integers(10, 16)),
            "qualifier": draw(st.sampled_from(["exact", "at_least", "dozens"])),
            "cues": draw(st.sampled_from([(), ("rise",), ("correction",)])),
        }
        for n in range(number)
    ]


def outcome(said: list[dict[str, Any]]) -> tuple[Any, ...]:
    """What stands after these reports: how many disclosures, and the figures of each."""
    ledger = Ledger.open("sqlite://")
    for report in said:
        resolve(
            ledger,
            document(report["name"], report["hours"]),
            claim(report["measure"], report["low"], None, report["qualifier"], cues=report["cues"], **SAME),
            official=report["official"],
        )
    found = ledger.latest_records()
    ledger.engine.dispose()
    return (
        len(found),
        [(s.measure, s.min, s.max, s.best, s.low, s.high) for record in found for s in record.measures],
        [(r.event_date, r.disclosed_at, r.lag_days, r.independent_sources, r.grade) for r in found],
    )


@settings(max_examples=20, deadline=None)
@given(st.data(), reports())
def test_any_order_of_arrival_ends_in_the_same_figures(
    data: st.DataObject, said: list[dict[str, Any]]
) -> None:
    """One incident's reports, in any order, end in one disclosure with the same current figures."""
    shuffled = data.draw(st.permutations(said))
    assert outcome(shuffled) == outcome(said)
    assert outcome(said)[0] == 1


figures = st.lists(
    st.builds(
        lambda n, low, qualifier, cue, official: Figure(
            min=low,
            max=low,
            qualifier=qualifier,
            raw="",
            claim_id=f"{n}",
            doc_id=f"{n % 3}",
            doc_version=1 + n % 2,
            source=f"{n % 4}",
            speaker=None,
            official=official,
            said_at=T0,
            cue=cue,
        ),
        st.integers(0, 9),
        st.integers(1, 5),
        st.sampled_from(["exact", "at_least", "about", "several", "up_to"]),
        st.sampled_from(["", "rise", "correction", "retraction", "denial"]),
        st.booleans(),
    ),
    max_size=8,
    unique_by=lambda figure: figure.claim_id,
)


@settings(max_examples=200, deadline=None)
@given(st.data(), figures, st.sampled_from([Measure.KILLED, Measure.MISSING]))
def test_fold_is_a_function_of_the_set(data: st.DataObject, said: list[Figure], measure: Measure) -> None:
    """The standing figure follows from the set of figures alone, retractions included."""
    assert fold(data.draw(st.permutations(said)), measure) == fold(said, measure)
