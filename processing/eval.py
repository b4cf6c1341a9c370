"""How well detection does on labelled texts: counts, slots, disclosures, false claims on negatives.

A label row is {id, lang, text, is_disclosure, labels, title?}, a label {category, min, max, qualifier, group,
region, origin_region, scope, attribution_text, event_date, status}. Labels of status `own` (or none) are wanted.
A claim matches a label of the same measure and number (the lower bound, or the upper where the lower is open; of "more
than N" N or N+1). Parts and superseded figures may match a label and never count against precision.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from processing.detect.jsonl import detect_jsonl
from processing.errors import ConfigError

Row = Mapping[str, Any]
_COUNTED = ("own", "subset", "prior_figure")


@dataclass
class Tally:
    """Hits among what was found and what was wanted."""

    hits: int = 0
    found: int = 0
    wanted: int = 0

    def add(self, other: Tally) -> None:
        self.hits, self.found, self.wanted = (
            self.hits + other.hits,
            self.found + other.found,
            self.wanted + other.wanted,
        )

    @property
    def missed(self) -> int:
        return self.wanted - self.hits

    @property
    def false(self) -> int:
        return self.found - self.hits

    @property
    def precision(self) -> float:
        return self.hits / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        return self.hits / self.wanted if self.wanted else 0.0

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    def to_json(self) -> dict[str, float]:
        return {
            "precision": round(self.precision, 4),
            "recall": round(self.recall, 4),
            "f1": round(self.f1, 4),
            "wanted": self.wanted,
        }


@dataclass(frozen=True)
class Answer:
    """One row with what was found in it: which labels were met, which claims met none."""

    row: Row
    claims: tuple[Row, ...]
    met: tuple[tuple[int, int], ...]  # (place of the label in row["labels"], place of the claim in claims)
    missed: tuple[int, ...]
    false: tuple[int, ...]


@dataclass
class Report:
    """The figures of one labelled set."""

    rows: int = 0
    unanswered: int = 0
    counts: dict[str, Tally] = field(default_factory=dict)  # by language
    slot_right: Counter[str] = field(default_factory=Counter)
    slot_seen: Counter[str] = field(default_factory=Counter)
    disclosures: Tally = field(default_factory=Tally)
    negatives: int = 0
    false_on_negatives: int = 0
    phenomena: dict[str, Tally] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)

    @property
    def overall(self) -> Tally:
        tallies = self.counts.values()
        return Tally(sum(t.hits for t in tallies), sum(t.found for t in tallies), sum(t.wanted for t in tallies))

    @property
    def false_per_thousand(self) -> float:
        """False own claims per 1,000 texts that disclose nothing."""
        return 1000 * self.false_on_negatives / self.negatives if self.negatives else 0.0

    def worst(self) -> list[tuple[str, Tally]]:
        """Phenomena, those with the most missed and false figures first."""
        return sorted(self.phenomena.items(), key=lambda item: (-item[1].missed - item[1].false, item[0]))

    def slots(self) -> dict[str, float]:
        return {name: self.slot_right[name] / seen for name, seen in sorted(self.slot_seen.items())}

    def to_json(self) -> dict[str, Any]:
        return {
            "rows": self.rows,
            "unanswered": self.unanswered,
            "counts": self.overall.to_json(),
            "by_lang": {lang: tally.to_json() for lang, tally in sorted(self.counts.items())},
            "slots": {
                name: {"accuracy": round(value, 4), "n": self.slot_seen[name]} for name, value in self.slots().items()
            },
            "by_phenomenon": {name: tally.to_json() for name, tally in sorted(self.phenomena.items())},
            "disclosures": self.disclosures.to_json(),
            "negatives": self.negatives,
            "false_claims_per_1000_negatives": round(self.false_per_thousand, 1),
        }

    def to_text(self, by: tuple[str, ...] = ("lang", "slot")) -> str:
        lines = [f"rows {self.rows} (unanswered {self.unanswered})", _line("counts", self.overall)]
        if "lang" in by:
            lines += [_line(f"  {lang}", tally) for lang, tally in sorted(self.counts.items())]
        if "slot" in by:
            lines += [f"  {name}: {value:.3f} (n={self.slot_seen[name]})" for name, value in self.slots().items()]
        if "phenomenon" in by:
            lines += [f"  {name}: {t.missed} missed, {t.false} false (n={t.wanted})" for name, t in self.worst()]
        lines.append(_line("disclosures", self.disclosures))
        lines.append(f"false claims per 1,000 negatives: {self.false_per_thousand:.1f} (n={self.negatives})")
        return "\n".join(lines)


def _line(name: str, tally: Tally) -> str:
    return f"{name}: P {tally.precision:.3f} R {tally.recall:.3f} F1 {tally.f1:.3f} (n={tally.wanted})"


def evaluate_file(*labels: Path) -> Report:
    """Detects over JSONL files of label rows and scores; raises ConfigError for a file that is no such thing.

    """
    rows = [row for file in labels for row in read_labels(file)]
    inputs = (
        json.dumps({key: row[key] for key in ("id", "text", "title", "published") if row.get(key)}) for row in rows
    )
    return score(rows, [json.loads(line) for line in detect_jsonl(inputs)])


def read_labels(file: Path) -> list[Row]:
    try:
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: not a JSONL file of labels: {error}") from error
    if not all(isinstance(row, dict) and {"id", "text", "labels"} <= row.keys() for row in rows):
        raise ConfigError(f"{file}: every row needs id, text and labels")
    return rows


def score(gold_rows: Iterable[Row], predicted_rows: Iterable[Row]) -> Report:
    """Scores predictions ({id, disclosure, claims}) against label rows, matched by id."""
    predicted = {str(row["id"]): row for row in predicted_rows if row.get("id") is not None}
    report = Report()
    for row in gold_rows:
        answer = predicted.get(str(row["id"]))
        report.rows += 1
        report.unanswered += answer is None
        _score_row(report, row, answer or {})
    return report


def _score_row(report: Report, row: Row, answer: Row) -> None:
    claims: list[Row] = list(answer.get("claims", ()))
    labels: list[Row] = list(row["labels"])
    own = [i for i, claim in enumerate(claims) if claim.get("status", "own") == "own"]
    open_labels = [i for i, label in enumerate(labels) if label.get("status", "own") == "own"]
    tally = Tally(wanted=len(open_labels), found=len(own))
    met: list[tuple[int, int]] = []
    for index, claim in enumerate(claims):
        if claim.get("status", "own") not in _COUNTED:
            continue
        label = next((i for i in open_labels if same_figure(labels[i], claim)), None)
        if label is None:
            continue
        open_labels.remove(label)
        met.append((label, index))
        tally.hits += 1
        tally.found += index not in own
        _score_slots(report, row, labels[label], claim)
    report.counts.setdefault(str(row.get("lang", "?")), Tally()).add(tally)
    for name in _phenomena(row):
        report.phenomena.setdefault(name, Tally()).add(tally)
    hit = {index for _, index in met}
    false = tuple(i for i in own if i not in hit)
    report.answers.append(Answer(row, tuple(claims), tuple(met), tuple(open_labels), false))
    _score_disclosure(report, row, bool(answer.get("disclosure", own)), len(own))


def _phenomena(row: Row) -> list[str]:
    """What the row was written to show: its phenomena, or the kind of negative it is."""
    kind = row.get("negative_type")
    return sorted(set(row.get("phenomena") or ())) + ([f"negative: {kind}"] if kind else [])


def _score_disclosure(report: Report, row: Row, said: bool, own: int) -> None:
    is_disclosure = bool(row.get("is_disclosure", row["labels"]))
    report.disclosures.hits += said and is_disclosure
    report.disclosures.found += said
    report.disclosures.wanted += is_disclosure
    if not is_disclosure:
        report.negatives += 1
        report.false_on_negatives += own


def _number(figure: Row) -> int | None:
    low, high = figure.get("min"), figure.get("max")
    return low if low else high


def same_figure(label: Row, claim: Row) -> bool:
    wanted, found = _number(label), _number(claim)
    if label.get("category", label.get("measure")) != claim.get("measure") or wanted is None or found is None:
        return False
    return wanted == found or (label.get("qualifier") == "more_than" and found == wanted - 1)


def _score_slots(report: Report, row: Row, label: Row, claim: Row) -> None:
    def slot(name: str, asked: bool, right: bool) -> None:
        if asked:
            report.slot_seen[name] += 1
            report.slot_right[name] += right

    slot("qualifier", True, label.get("qualifier") == claim.get("qualifier"))
    slot("group", label.get("group") not in (None, "unknown"), label.get("group") == claim.get("group"))
    slot("place_region", bool(label.get("region")), label.get("region") == claim.get("place_region"))
    slot("origin_region", bool(label.get("origin_region")), label.get("origin_region") == claim.get("origin_region"))
    scope = (label.get("scope") or "incident").replace("event", "incident")
    slot("scope", scope != "period", scope == (claim.get("scope") or "incident"))
    speaker = [word for word in str(label.get("attribution_text") or "").lower().split() if len(word) > 4]
    said = json.dumps(claim.get("attribution") or {}, ensure_ascii=False).lower()
    slot("attribution", bool(label.get("attribution_text")), any(word in said for word in speaker))
    day = label.get("event_date") or row.get("event_date")
    slot("event_date", bool(day), day == (claim.get("event_date") or {}).get("start"))
