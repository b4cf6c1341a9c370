"""The error browser: one HTML page that shows texts, spans and rules of every miss and every false claim."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from processing.eval import Answer, Report, Row

_TEMPLATES = Environment(
    loader=PackageLoader("processing", "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)


def write_page(report: Report, file: Path) -> int:
    """Writes the page and returns how many rows with an error stand on it. Rows without one are left out."""
    wrong = [answer for answer in report.answers if answer.missed or answer.false]
    page = _TEMPLATES.get_template("eval.html.j2").render(
        summary=report.to_text(by=("lang", "slot")),
        phenomena=report.worst(),
        rules=_rules(wrong).most_common(),
        rows=[_row(answer) for answer in wrong],
        total=report.rows,
    )
    file.write_text(page, encoding="utf-8")
    return len(wrong)


def _rules(answers: Iterable[Answer]) -> Counter[str]:
    """The rules that made or withheld something in a row with an error, by how often."""
    return Counter(
        rule for answer in answers for index in _suspects(answer) for rule in answer.claims[index].get("rules", ())
    )


def _suspects(answer: Answer) -> list[int]:
    """False claims, and suppressed ones that have the figure of a missed label."""
    missed = {(answer.row["labels"][i].get("category"), answer.row["labels"][i].get("min")) for i in answer.missed}
    held = [
        i
        for i, claim in enumerate(answer.claims)
        if claim.get("status", "own") != "own" and (claim.get("measure"), claim.get("min")) in missed
    ]
    return [*answer.false, *held]


def _row(answer: Answer) -> dict[str, Any]:
    met = {index: label for label, index in answer.met}
    kinds = ["false" if i in answer.false else "right" if i in met else "held" for i, _ in enumerate(answer.claims)]
    return {
        "id": answer.row["id"],
        "lang": answer.row.get("lang", "?"),
        "kind": answer.row.get("negative_type") or "disclosure",
        "phenomena": ", ".join(answer.row.get("phenomena") or ()),
        "title": _marked(answer, "title", kinds),
        "text": _marked(answer, "text", kinds),
        "missed": [_figure(answer.row["labels"][i], "category") for i in answer.missed],
        "claims": [
            (kind, _figure(claim, "measure"), ", ".join(claim.get("rules", ())))
            for kind, claim in zip(kinds, answer.claims, strict=True)
        ],
    }


def _marked(answer: Answer, name: str, kinds: list[str]) -> Markup:
    """The field with every claim's count in a <mark>; overlapping spans keep the first."""
    text = str(answer.row.get(name) or "")
    spans = sorted(
        (evidence["start"], evidence["end"], kind, f"{claim['measure']} {claim.get('status')}")
        for claim, kind in zip(answer.claims, kinds, strict=True)
        if (evidence := claim.get("count_evidence")) and evidence.get("field", "text") == name
    )
    pieces: list[Markup] = []
    at = 0
    for start, end, kind, what in spans:
        if start < at:
            continue
        pieces += [
            escape(text[at:start]),
            Markup('<mark class="{}" title="{}">{}</mark>').format(kind, what, text[start:end]),
        ]
        at = end
    return Markup("").join([*pieces, escape(text[at:])])


def _figure(figure: Row, measure: str) -> str:
    low, high = figure.get("min"), figure.get("max")
    number = str(low) if low == high else f"{'…' if low is None else low}–{'…' if high is None else high}"
    words = [str(figure.get(measure)), number, str(figure.get("group") or ""), str(figure.get("status") or "own")]
    return " ".join(word for word in words if word)
