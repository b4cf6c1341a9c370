"""Fits confidence.json on labelled texts and prints how well the probabilities held on unseen folds.

`python -m processing.detect.build.confidence [LABELS.jsonl ...]`; without files, tests/eval/unseen-*,
which no rule is tuned on. Plain gradient ascent on the penalised log-likelihood; no seed, the same weights each time.
"""

from __future__ import annotations

import json
import math
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from processing.detect.confidence import SLOTS, WEIGHTS, sure
from processing.detect.engine import judged
from processing.eval import Row, read_labels, same_figure
from processing.models import Claim, DetectInput, Status

CORPUS = Path(__file__).parents[3] / "tests" / "eval"
FOLDS = 5
PENALTY = {"count": 10.0}  # the others have a class or two to weigh: 1
STEPS = 600
_WIDTH = 14  # features that are active at once, at most: bounds the curvature
Example = tuple[int, frozenset[str], bool]  # fold, features, right


def examples(rows: Sequence[Row]) -> dict[str, list[Example]]:
    """By slot: the features of every own claim, and whether its slot is what the label says."""
    found: dict[str, list[Example]] = defaultdict(list)
    for index, row in enumerate(rows):
        known = {key: row[key] for key in ("text", "title", "published") if row.get(key)}
        wanted = [label for label in row["labels"] if label.get("status", "own") == "own"]
        for claim, features in judged(DetectInput.model_validate({"id": str(row["id"]), **known})):
            if claim.status is not Status.OWN:
                continue
            told = claim.model_dump(mode="json")
            label = next((w for w in wanted if same_figure(w, told)), None)
            found["count"].append((index % FOLDS, features["count"], label is not None))
            if label is None:
                continue
            wanted.remove(label)
            for slot, right in _slots_right(row, label, claim):
                found[slot].append((index % FOLDS, features[slot], right))
    return found


def _slots_right(row: Row, label: Row, claim: Claim) -> Iterator[tuple[str, bool]]:
    regions = (label.get("region"), label.get("origin_region"))
    if any(regions) or claim.place_region or claim.origin_region:
        yield "region", regions == (claim.place_region, claim.origin_region)
    said = claim.attribution.model_dump_json().lower()
    speaker = [word for word in str(label.get("attribution_text") or "").lower().split() if len(word) > 3]
    if speaker:
        yield "attribution", any(word in said for word in speaker)
    day = label.get("event_date") or row.get("event_date")
    if day:
        yield "date", claim.event_date is not None and str(claim.event_date.start) == day


def fit(rows: Sequence[Example], penalty: float) -> dict[str, float]:
    """Weights of the features that occur at least three times, and the intercept ""."""
    counts: dict[str, int] = defaultdict(int)
    for _, features, _ in rows:
        for feature in features:
            counts[feature] += 1
    known = sorted(feature for feature, count in counts.items() if count >= 3)
    table = dict.fromkeys(["", *known], 0.0)
    right = sum(r for _, _, r in rows)
    table[""] = math.log((right + 1) / (len(rows) - right + 1))
    for _ in range(STEPS):
        slope = {feature: -penalty * weight for feature, weight in table.items()}
        slope[""] = 0.0
        for _, features, correct in rows:
            active = ["", *(f for f in features if f in table)]
            error = correct - 1 / (1 + math.exp(-sum(table[f] for f in active)))
            for feature in active:
                slope[feature] += error
        for feature, value in slope.items():
            table[feature] += value / (penalty + _WIDTH * counts.get(feature, len(rows)) / 4)
    return {feature: round(weight, 3) for feature, weight in table.items()}


def held_out(slot: str, rows: Sequence[Example]) -> list[tuple[float, bool]]:
    """(probability, right) of every example, each by a fit that did not see its fold."""
    answers: list[tuple[float, bool]] = []
    for fold in range(FOLDS):
        table = {slot: fit([row for row in rows if row[0] != fold], PENALTY.get(slot, 1.0))}
        answers += [(sure(slot, features, table), right) for f, features, right in rows if f == fold]
    return answers


def reliability(answers: list[tuple[float, bool]]) -> str:
    """Said against seen in five bins, with the expected calibration error."""
    lines, error = [], 0.0
    for low in (0.0, 0.5, 0.7, 0.8, 0.9, 0.95):
        high = {0.0: 0.5, 0.5: 0.7, 0.7: 0.8, 0.8: 0.9, 0.9: 0.95, 0.95: 1.01}[low]
        inside = [(p, r) for p, r in answers if low <= p < high]
        if inside:
            said, seen = sum(p for p, _ in inside) / len(inside), sum(r for _, r in inside) / len(inside)
            error += abs(said - seen) * len(inside) / len(answers)
            lines.append(f"    {low:.2f}-{min(high, 1):.2f}: said {said:.2f} seen {seen:.2f} (n={len(inside)})")
    return "\n".join([*lines, f"    mean gap {error:.3f}"])


def threshold(answers: list[tuple[float, bool]], wanted: float = 0.98) -> tuple[float, float]:
    """The lowest confidence above which at least `wanted` are right, and the share of claims above it."""
    best, right = (1.0, 0.0), 0
    ranked = sorted(answers, key=lambda a: -a[0])
    for count, (probability, correct) in enumerate(ranked, 1):
        right += correct
        last_of_its_kind = count == len(ranked) or ranked[count][0] < probability
        if last_of_its_kind and count >= 20 and right / count >= wanted:
            best = (probability, count / len(ranked))
    return best


def main(arguments: list[str]) -> int:
    files = [Path(argument) for argument in arguments] or sorted(CORPUS.glob("unseen-*.jsonl"))
    rows = [row for file in files for row in read_labels(file)]
    found, table = examples(rows), {}
    for slot in SLOTS:
        answers = held_out(slot, found[slot])
        table[slot] = fit(found[slot], PENALTY.get(slot, 1.0))
        limit, share = threshold(answers)
        sys.stdout.write(f"{slot}: {len(answers)} claims; 98 % right above {limit:.2f}, reached by {share:.0%}\n")
        sys.stdout.write(reliability(answers) + "\n")
    WEIGHTS.write_text(json.dumps(table, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
