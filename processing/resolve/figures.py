"""How the figures of one measure add up: which one stands, and what a further one changes.

The standing figure is a function of the set of figures, folded in the order in which they were said: it does
not depend on the order in which their documents reached us.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict

from processing.models import Measure, MeasureState, Novelty, Qualifier

VAGUE = frozenset({Qualifier.SEVERAL, Qualifier.DOZENS, Qualifier.HUNDREDS, Qualifier.UNSPECIFIED})
ABOUT = 0.1  # "about N" agrees with figures within a tenth
REASSERTED_AFTER = timedelta(hours=18)  # the retracted figure, said again later than this, is news

Cue = Literal["", "rise", "correction", "retraction", "denial"]
Relation = Literal["same", "higher", "lower"]


class Figure(BaseModel):
    """One claim's count of one measure, and what decides how much it weighs."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    min: int | None
    max: int | None
    qualifier: Qualifier
    raw: str
    claim_id: str
    doc_id: str
    doc_version: int
    source: str
    speaker: str | None  # skeleton of the surname
    official: bool  # said in the official's own channel
    said_at: datetime
    cue: Cue = ""
    subset_of: Measure | None = None

    @property
    def best(self) -> int:
        """The one number that the figure is ordered by: the lower bound, else the upper."""
        return self.min if self.min is not None else self.max or 0

    @property
    def challenge(self) -> bool:
        """It takes a figure back or denies one, and states none."""
        return self.cue in ("retraction", "denial")


@dataclass(frozen=True)
class Standing:
    """The figure that stands, or the retraction that took it away; `live` are those not superseded."""

    current: Figure | None = None
    retraction: Figure | None = None
    denial: Figure | None = None
    live: tuple[Figure, ...] = ()
    superseded: tuple[Figure, ...] = field(default=(), repr=False)


def relation(standing: Figure, other: Figure) -> Relation:
    """How `other` stands to the standing figure. "14" and "at least 14" are the same."""
    a, b = standing, other
    if Qualifier.UP_TO in (a.qualifier, b.qualifier) and a.qualifier != b.qualifier:
        return _up_to(a, b)
    if b.qualifier in VAGUE and a.qualifier not in VAGUE:
        return "same" if a.best >= b.best else "higher"
    about = Qualifier.ABOUT in (a.qualifier, b.qualifier)
    close = about and abs(a.best - b.best) <= ABOUT * max(a.best, b.best)
    if a.best == b.best or close:
        return "same"
    return "higher" if b.best > a.best else "lower"


def _up_to(a: Figure, b: Figure) -> Relation:
    if b.qualifier is Qualifier.UP_TO:
        return "same" if a.best <= b.best else "lower"
    return "same" if a.best == b.best else "higher" if b.best > a.best else "lower"


def fold(figures: list[Figure], measure: Measure) -> Standing:
    """The standing after all figures, in the order in which they were said."""
    standing = Standing()
    for figure in sorted(figures, key=lambda f: (f.said_at, f.doc_version, f.claim_id)):
        standing = _step(standing, figure, measure)
    return standing


def _step(standing: Standing, figure: Figure, measure: Measure) -> Standing:
    current = standing.current
    if figure.challenge:
        return _challenged(standing, figure)
    if current is None:
        return standing if _stale_after_retraction(standing, figure) else _supersede(standing, figure)
    match relation(current, figure):
        case "same":
            firmer = (figure.official and not current.official) or current.qualifier in VAGUE
            basis = figure if firmer and figure.qualifier not in VAGUE else current
            return Standing(basis, None, standing.denial, (*standing.live, figure), standing.superseded)
        case "higher":
            return standing if _stale(standing, figure) else _supersede(standing, figure)
        case "lower":
            if not _stale(standing, figure) and _lowers(current, figure, measure):
                return _supersede(standing, figure)
            live = standing.live if _known(standing, figure) else (*standing.live, figure)
            return Standing(current, None, standing.denial, live, standing.superseded)


def _challenged(standing: Standing, figure: Figure) -> Standing:
    current = standing.current
    if current is None:
        return standing
    own = figure.speaker is not None and figure.speaker == current.speaker
    if figure.cue == "retraction" or own:
        return Standing(None, figure, None, (), (*standing.superseded, *standing.live))
    return Standing(current, None, figure, standing.live, standing.superseded)


def _supersede(standing: Standing, figure: Figure) -> Standing:
    return Standing(figure, None, None, (figure,), (*standing.superseded, *standing.live))


def _known(standing: Standing, figure: Figure) -> bool:
    return any(old.best == figure.best for old in standing.superseded)


def _stale(standing: Standing, figure: Figure) -> bool:
    """An old figure told again, by somebody who need not know the latest."""
    return _known(standing, figure) and not figure.official and figure.cue == ""


def _stale_after_retraction(standing: Standing, figure: Figure) -> bool:
    retraction = standing.retraction
    if retraction is None or not _known(standing, figure):
        return False
    by_retractor = figure.official and figure.source == retraction.source
    return not by_retractor and figure.said_at - retraction.said_at < REASSERTED_AFTER


def _lowers(current: Figure, figure: Figure, measure: Measure) -> bool:
    """Whether a lower figure replaces the standing one: a correction, the missing found, the same voice."""
    same_speaker = figure.speaker is not None and figure.speaker == current.speaker
    return (
        figure.cue == "correction" or measure is Measure.MISSING or figure.source == current.source
        or (current.qualifier is Qualifier.UP_TO and figure.qualifier is not Qualifier.UP_TO)
        or (figure.official and same_speaker)
    )


def _edits(current: Figure, figure: Figure) -> bool:
    return figure.doc_id == current.doc_id and figure.doc_version > current.doc_version


def novelty_of(before: Standing, after: Standing, figure: Figure, measure: Measure) -> Novelty | None:
    """What a figure brought. None: it challenges a figure that nobody has stated."""
    if figure.challenge:
        return _challenge_novelty(before, after)
    old, new = before.current, after.current
    if old is None and new is not None:
        return Novelty.UPDATE_UP if before.retraction else Novelty.NEW
    if old is None or new is None:
        return Novelty.OUT_OF_ORDER
    change = relation(old, new)
    if change == "same":
        return Novelty.REPEAT if relation(new, figure) == "same" else Novelty.OUT_OF_ORDER
    if figure.cue == "correction":
        return Novelty.CORRECTION
    if change == "higher":
        return Novelty.UPDATE_UP
    corrects = measure is Measure.MISSING or _edits(old, figure)
    return Novelty.CORRECTION if corrects else Novelty.UPDATE_DOWN


def _challenge_novelty(before: Standing, after: Standing) -> Novelty | None:
    if before.current is None:
        return Novelty.REPEAT if before.retraction else None
    if after.current is None:
        return Novelty.RETRACTION
    return Novelty.REPEAT if before.denial else Novelty.CONTESTED


def measure_state(measure: Measure, standing: Standing) -> MeasureState | None:
    """The record's view of a standing. A retracted measure has no numbers; None if never stated."""
    figure = standing.current or standing.retraction
    if figure is None:
        return None
    if standing.current is None:
        return MeasureState(
            measure=measure, min=None, max=None, best=None, qualifier=Qualifier.UNSPECIFIED, raw=figure.raw,
            low=None, high=None, subset_of=figure.subset_of, claim_id=figure.claim_id,
        )
    numbers = [n for f in standing.live for n in (f.min, f.max) if n is not None]
    return MeasureState(
        measure=measure, min=figure.min, max=figure.max, best=figure.best, qualifier=figure.qualifier,
        raw=figure.raw, low=min(numbers), high=max(numbers), subset_of=figure.subset_of,
        claim_id=figure.claim_id,
    )
