"""Every lexicon proves itself on its own examples, and its gate lets its own words through."""

from __future__ import annotations

from typing import Any

import pytest

from processing.detect import detect, lexicon
from processing.models import DetectInput

EXAMPLES = [(lang, dict(example)) for lang in lexicon.supported() for example in lexicon.load(lang).examples]


def test_supported_languages() -> None:
    """English, Russian and Ukrainian have a lexicon each, and Polish one on trial."""
    assert lexicon.supported() == ("en", "pl", "ru", "uk")


@pytest.mark.parametrize(
    ("lang", "example"), EXAMPLES, ids=lambda value: value if isinstance(value, str) else value["text"][:40]
)
def test_examples_hold(lang: str, example: dict[str, Any]) -> None:
    """An example of a lexicon yields the claims written beside it."""
    detection = detect(DetectInput(id="example", text=example["text"]))
    assert detection.lang == lang
    found = [[c.measure.value, c.min, c.max, c.status.value] for c in detection.claims]
    for claim in example["claims"]:
        assert claim in found
    assert sum(status == "own" for *_, status in found) == sum(claim[3] == "own" for claim in example["claims"])


@pytest.mark.parametrize("lang", lexicon.supported())
def test_entries_compile(lang: str) -> None:
    """Every entry starts with a letter and is a regular expression."""
    matcher = lexicon.load(lang).matcher
    assert all(matcher.compiled(key) for key in matcher.beginnings())
