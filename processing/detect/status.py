"""Is a figure an own report, or an enemy claim, a denial, a fear, history, an accident, a part, a superseded number."""

from __future__ import annotations

import re
from dataclasses import dataclass

from processing.detect.view import Article, View
from processing.models import Measure, Status

_YEAR = re.compile(r"\b(1[5-9]\d\d|20[0-4]\d)\b")


@dataclass(frozen=True, slots=True)
class Span:
    """Where a claim stands in its sentence: trigger, number and noun together."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the status rules look at."""

    measure: Measure
    group: str | None
    form: str
    span: Span
    single: bool
    part: bool
    prior: bool
    negated: bool


def judge(article: Article, view: View, candidate: Candidate) -> tuple[Status, str]:
    """The status and the id of the rule that gave it; the first rule that applies wins."""
    if candidate.negated:
        return Status.DENIED, "status.negated"
    for rule in (_figurative, _payout, _denied, _animals, _hypothetical, _prior, _historical, _enemy, _accident, _part):
        found = rule(article, view, candidate)
        if found is not None:
            return found
    return Status.OWN, "status.own"


def _figurative(article: Article, view: View, c: Candidate) -> tuple[Status, str] | None:
    if view.near(view.all("cause.figurative"), c.span.start, c.span.end, 8):
        return Status.ACCIDENT, "status.figurative"
    return None


def _payout(article: Article, view: View, c: Candidate) -> tuple[Status, str] | None:
    if view.has("cause.payout") and not _strong(view) and c.form in ("noun", "verb") and (c.single or len(view.all("cause.payout")) > 1):
        return Status.HYPOTHETICAL, "status.payout"
    return None


def _denied(article: Article, view: View, c: Candidate) -> tuple[Status, str] | None:
    for hit in view.all("cause.denial"):
        if hit.end <= c.span.start and not re.search(r"[.;]|,.*,", view.norm[hit.end:c.span.start]) or (
                hit.start >= c.span.end and hit.start - c.span.end < 60 and "не подтвер" in view.norm[hit.start:hit.end + 6]):
            return Status.DENIED, "status.denied"
    return None


def _animals(article: Article, view: View, c: Candidate) -> tuple[Status, str] | None:
    if c.group is not None:
        return None
    if view.has("cause.animals") and not _strong(view):
        return Status.ACCIDENT, "status.animals"
    if article.weights["sport"] and not article.weights["war"]:
        return Status.ACCIDENT, "status.sport"
    return None


def _hypothetical(article: Article, view: View, c: Candidate) -> tuple[Status, str] | None:
    start, end = view.clause(c.span.start, c.span.end)
    if view.near(view.all("cause.hypothetical"), start, end):
        return Status.HYPOTHETICAL, "status.hypothetical"
    if article.weights["fiction"] > 0 and article.weights["war"] == 0:
        return Status.HYPOTHETICAL, "status.fiction"
    return None


def _prior(article: Article, view: View, c: Candidate) -> tuple[Status, str] | None:
    return (Status.PRIOR_FIGURE, "status.prior") if c.prior else None


def _historical(article: Article, view: View, c: Candidate) -> tuple[Status, str] | None:
    if view.has("cause.historical"):
        return Status.HISTORICAL, "status.historical"
    if article.weights["historical"] > 1:
        return Status.HISTORICAL, "status.historical_article"
    if any(_is_past(article, int(m.group(1))) for m in _YEAR.finditer(view.norm)):
        return Status.HISTORICAL, "status.past_year"
    return None


def _is_past(article: Article, year: int) -> bool:
    published = article.item.published
    return year < published.year - (1 if published.month < 4 else 0) if published else year < 1990


def _enemy(article: Article, view: View, c: Candidate) -> tuple[Status, str] | None:
    start, end = view.clause(c.span.start, c.span.end)
    if view.has("enemy.losses"):
        return Status.ENEMY_CLAIM, "status.enemy_losses"
    if c.group in ("civilian", "police"):
        return None
    ua_mod, ru_mod = view.near(view.all("enemy.ua_mod"), start, end), view.near(view.all("enemy.ru_mod"), start, end)
    if article.lang == "uk":
        return (Status.ENEMY_CLAIM, "status.enemy_of_ua") if ua_mod else None
    if ru_mod and (article.lang == "ru" or article.has("enemy.ru_speaker")):
        return Status.ENEMY_CLAIM, "status.enemy_of_ru"
    if ua_mod and article.has("enemy.ua_speaker") and not article.has("enemy.ru_speaker"):
        return Status.ENEMY_CLAIM, "status.enemy_of_ua"
    return None


def _accident(article: Article, view: View, c: Candidate) -> tuple[Status, str] | None:
    if c.measure in (Measure.CAPTURED, Measure.EXCHANGED, Measure.BODIES_RETURNED):
        return None
    if view.has("cause.accident") and not _strong(view):
        return Status.ACCIDENT, "status.accident"
    if article.weights["accident"] and not article.weights["war"]:
        return Status.ACCIDENT, "status.accident_article"
    return None


def _strong(view: View) -> bool:
    return view.has("cause.war")


def _part(article: Article, view: View, c: Candidate) -> tuple[Status, str] | None:
    return (Status.SUBSET, "status.part") if c.part else None
