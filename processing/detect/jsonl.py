"""One JSON object a line in, one detection a line out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from pydantic import ValidationError

from processing.detect.engine import detect
from processing.models import DetectInput


def detect_jsonl(lines: Iterable[str]) -> Iterator[str]:
    """{id, text, title?, lang?, published?, source?} → {id, lang, disclosure, claims}; a bad line → {line, error}."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield json.dumps(_answer(line, number), ensure_ascii=False)


def _answer(line: str, number: int) -> dict[str, object]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        return {"line": number, "error": f"line {number}: not JSON: {error.msg} at column {error.colno}"}
    if not isinstance(row, dict):
        return {"line": number, "error": f"line {number}: expected an object, found {type(row).__name__}"}
    known = {key: value for key, value in row.items() if key in DetectInput.model_fields}
    try:
        item = DetectInput.model_validate({**known, "id": str(row["id"]) if "id" in row else None})
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        return {"line": number, "id": row.get("id"), "error": f"line {number}: {problems}"}
    return detect(item).model_dump(mode="json")
