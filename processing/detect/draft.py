"""A claim in the making."""

from __future__ import annotations

from dataclasses import dataclass

from processing.detect.binding import Bound, Trigger
from processing.detect.view import View
from processing.models import Measure, Qualifier, Status

DISCLOSING = (Measure.KILLED, Measure.WOUNDED, Measure.MISSING, Measure.CAPTURED)


@dataclass(slots=True)
class Draft:
    """A claim before the slots that the whole document decides."""

    view: View
    trigger: Trigger
    start: int
    end: int
    low: int | None
    high: int | None
    qualifier: Qualifier
    group: str
    rules: list[str]
    sure: float
    status: Status = Status.OWN
    parent: Draft | None = None
    names: tuple[str, ...] = ()
    noun_end: int = 0
    marks: frozenset[str] = frozenset()


def numbered(view: View, bound: Bound) -> Draft:
    q = bound.quantity
    return Draft(
        view=view,
        trigger=bound.trigger,
        start=q.start,
        end=q.end,
        low=q.low,
        high=q.high,
        qualifier=q.qualifier,
        group=q.group or "unknown",
        rules=[bound.rule],
        sure=max(0.5, 0.95 - 0.03 * bound.cost),
        noun_end=q.noun_end,
        marks=q.marks,
    )
