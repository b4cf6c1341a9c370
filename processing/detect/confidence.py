"""How sure each slot of a claim is: a logistic model over what the rules saw, fitted on labelled texts.

`confidence.json` holds the weights. `python -m processing.detect.build.confidence` fits them on tests/eval/unseen-*,
which no rule was ever tuned on, and prints how well the probabilities held on folds that the fit did not see.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from processing.detect.draft import Draft
from processing.detect.roles import Roles
from processing.detect.view import Article
from processing.models import Qualifier

SLOTS = ("count", "region", "attribution", "date")
WEIGHTS = Path(__file__).parent / "confidence.json"
_VAGUE = (Qualifier.SEVERAL, Qualifier.DOZENS, Qualifier.HUNDREDS)
_CAUSES = ("accident", "crime", "historical", "anniversary", "hypothetical", "sport", "animals", "payout", "denial")


@lru_cache(maxsize=1)
def weights() -> dict[str, dict[str, float]]:
    """Weights by slot and feature; the feature "" is the intercept."""
    loaded: dict[str, dict[str, float]] = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    return loaded


def sure(slot: str, features: Iterable[str], table: Mapping[str, Mapping[str, float]] | None = None) -> float:
    """The probability, 0..1, that the slot is right."""
    own = (table or weights())[slot]
    score = own.get("", 0.0) + sum(own.get(feature, 0.0) for feature in features)
    return round(1 / (1 + math.exp(-max(-30.0, min(30.0, score)))), 3)


def count_features(article: Article, draft: Draft, drafts: list[Draft], speaker_sure: float) -> set[str]:
    """What tells whether measure, number and status are right."""
    view, number = draft.view, draft.low or draft.high or 1
    here = sum(d.view is view for d in drafts)
    features = {
        f"rule {draft.rules[0]}",
        f"near {draft.sure:.1f}",
        f"measure {draft.trigger.measure.value}",
        f"form {draft.trigger.form}",
        f"figures {min(here, 4)}",
        f"speaker {speaker_sure}",
        "one" if number == 1 else "few" if number < 10 else "tens" if number < 100 else "many",
        "war here" if view.has("cause.war") else "war near" if article.weights["war"] else "no war",
    }
    features |= {cause for cause in _CAUSES if article.has(f"cause.{cause}")}
    if view.has("cause.conflict"):
        features.add("conflict")
    if article.has("enemy."):
        features.add("enemy")
    if view.has("negation"):
        features.add("negation")
    if draft.qualifier in _VAGUE:
        features.add("vague")
    if draft.group == "unknown":
        features.add("group unknown")
    if article.item.source_official:
        features.add("official source")
    return features


def region_features(article: Article, draft: Draft, roles: Roles) -> set[str]:
    """What tells whether both regions are right, a missing one included."""
    features = {f"class {roles.sure}", f"group {draft.group}"}
    features.add("place" if roles.place_region else "no place")
    features.add("origin" if roles.origin_region else "no origin")
    if article.item.source_region:
        features.add("channel")
    return features


def class_features(value: float, lang: str) -> set[str]:
    """An evidence class alone: the rule that found the slot."""
    return {f"class {value}", f"lang {lang}"}
