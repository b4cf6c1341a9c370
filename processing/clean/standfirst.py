"""The standfirst: the sentence under the headline that states the toll, and that extraction drops."""

from __future__ import annotations

from lxml.html import HtmlElement

KEY = 60  # characters by which the description is recognised on the page
LONGEST = 600  # characters; longer blocks hold more than a standfirst
_TAGS = ("h2", "h3", "h4", "p", "div", "span", "strong")


def standfirst(tree: HtmlElement, description: str | None, text: str) -> str | None:
    """The visible element that opens as the page's own description does, if `text` lacks it; else None."""
    key = _one_line(description or "").rstrip(" .…")[:KEY]
    if len(key) < KEY // 2 or key in _one_line(text):
        return None
    opening = key.split(" ", 1)[0]
    for node in tree.iter(*_TAGS):
        if not (node.text or "").lstrip().startswith(opening) and len(node) != 1:
            continue
        words = _one_line(node.text_content())
        if len(words) <= LONGEST and words.startswith(key):
            return words
    return None


def _one_line(text: str) -> str:
    return " ".join(text.split())
