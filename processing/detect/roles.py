"""Where it happened, and where the casualties came from."""

from __future__ import annotations

from dataclasses import dataclass

from processing.detect.view import Article, View


@dataclass(frozen=True, slots=True)
class Roles:
    place: str | None
    place_region: str | None
    origin_region: str | None
    sure: float


def find_roles(article: Article, view: View, start: int, trigger: int) -> Roles:
    return Roles(None, None, None, 0.2)
