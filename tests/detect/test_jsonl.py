"""The line protocol: one answer a line, and a clear error for a bad one."""

from __future__ import annotations

import json

from processing.detect.jsonl import detect_jsonl


def test_a_line_gives_a_detection() -> None:
    """A good line is answered with its id, the disclosure flag and the claims."""
    (answer,) = detect_jsonl(['{"id": "a", "text": "Погибли трое солдат.", "published": "2024-03-05T10:00+03:00"}'])
    row = json.loads(answer)
    assert (row["id"], row["disclosure"], row["claims"][0]["min"]) == ("a", True, 3)


def test_title_and_text_are_reported_once() -> None:
    """A figure that the title repeats is one claim."""
    (answer,) = detect_jsonl(
        [json.dumps({"id": 1, "title": "Three killed in Sumy", "text": "Three people were killed in Sumy."})]
    )
    assert len(json.loads(answer)["claims"]) == 1


def test_a_bad_line_names_its_number_and_the_rest_goes_on() -> None:
    """A line that is no JSON, no object, or lacks its text yields an error with the line number."""
    answers = [json.loads(line) for line in detect_jsonl(["{", "[]", '{"id": "b"}', "", '{"id": "c", "text": "x"}'])]
    assert [answer.get("line") for answer in answers] == [1, 2, 3, None]
    assert "text" in answers[2]["error"]
    assert answers[3]["id"] == "c"
