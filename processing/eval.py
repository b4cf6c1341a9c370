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
from typing import Any, Literal

from processing.detect.jsonl import detect_jsonl
from processing.errors import ConfigError

Row = Mapping[str, Any]
Half = Literal["all", "odd", "even"]
_COUNTED = ("own", "subset", "prior_figure")


@dataclass
class Tally:
    """Hits among what was found and what was wanted."""

    hits: int = 0
    found: int = 0
    wanted: int = 0

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

    @property
    def overall(self) -> Tally:
        tallies = self.counts.values()
        return Tally(sum(t.hits for t in tallies), sum(t.found for t in tallies), sum(t.wanted for t in tallies))

    @property
    def false_per_thousand(self) -> float:
        """False own claims per 1,000 texts that disclose nothing."""
        return 1000 * self.false_on_negatives / self.negatives if self.negatives else 0.0

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
        lines.append(_line("disclosures", self.disclosures))
        lines.append(f"false claims per 1,000 negatives: {self.false_per_thousand:.1f} (n={self.negatives})")
        return "\n".join(lines)


def _line(name: str, tally: Tally) -> str:
    return f"{name}: P {tally.precision:.3f} R {tally.recall:.3f} F1 {tally.f1:.3f} (n={tally.wanted})"


def evaluate_file(*labels: Path, half: Half = "all") -> Report:
    """Detects over JSONL files of label rows and scores; raises ConfigError for a file that is no such thing.

    `half`: only rows whose id ends in an odd (or even) number. Of the project's own corpus the odd ones are never
    tuned on.
    """
    rows = [row for file in labels for row in _read_labels(file) if half == "all" or _half_of(row) == half]
    inputs = (
        json.dumps({key: row[key] for key in ("id", "text", "title", "published") if row.get(key)}) for row in rows
    )
    return score(rows, [json.loads(line) for line in detect_jsonl(inputs)])


def _read_labels(file: Path) -> list[Row]:
    try:
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: not a JSONL file of labels: {error}") from error
    if not all(isinstance(row, dict) and {"id", "text", "labels"} <= row.keys() for row in rows):
        raise ConfigError(f"{file}: every row needs id, text and labels")
    return rows


def _half_of(row: Row) -> Half:
    digits = str(row["id"]).rpartition("-")[2]
    return "odd" if digits.isdigit() and int(digits) % 2 else "even"


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
    claims = [c for c in answer.get("claims", ()) if c.get("status", "own") in _COUNTED]
    own = [c for c in claims if c.get("status", "own") == "own"]
    wanted = [label for label in row["labels"] if label.get("status", "own") == "own"]
    tally = report.counts.setdefault(str(row.get("lang", "?")), Tally())
    tally.wanted += len(wanted)
    tally.found += len(own)
    for claim in claims:
        label = next((w for w in wanted if _same_figure(w, claim)), None)
        if label is None:
            continue
        wanted.remove(label)
        tally.hits += 1
        tally.found += claim.get("status", "own") != "own"
        _score_slots(report, row, label, claim)
    _score_disclosure(report, row, bool(answer.get("disclosure", own)), len(own))


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


def _same_figure(label: Row, claim: Row) -> bool:
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
