"""Incident or cumulative total."""

from __future__ import annotations

from processing.detect.view import Article, View


def is_cumulative(article: Article, view: View) -> bool:
    return view.has("cumulative")
