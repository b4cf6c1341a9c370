"""Who says it."""

from __future__ import annotations

from dataclasses import dataclass

from processing.detect.view import Article, View
from processing.models import Attribution


@dataclass(frozen=True, slots=True)
class Speaker:
    attribution: Attribution
    sure: float


def find_speaker(article: Article, view: View) -> Speaker:
    item = article.item
    if item.source_person or item.source_office:
        return Speaker(Attribution(name=item.source_person, office=item.source_office, via=item.source_name), 0.7)
    return Speaker(Attribution(via=item.source_name), 0.2)
