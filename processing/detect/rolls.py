"""Names in the sentence after the one that announces them: "The names of the dead are known. They are A and B."."""

from __future__ import annotations

import re
from itertools import pairwise

from processing.detect.binding import Trigger
from processing.detect.draft import DISCLOSING, Draft
from processing.detect.people import names_of
from processing.detect.relations import set_status
from processing.detect.view import Article, View
from processing.models import Measure, Qualifier

_ANNOUNCED = re.compile(r"\b(?:имена|імена|прізвища|фамилии|список|names|list)\b[^.:]{0,40}$")
_OPENS = re.compile(r"(?:це|это|they are|these are|they were|ними стали|ими стали)\b")
_LONE = re.compile(
    r"(?:,|\b(?:and|и|і|та|й)) (?:\d{1,2}-\w+ |(?:її|його|ее|его|her|his) \w+ )[A-ZА-ЯЁІЇЄҐ][\w'’]+(?! [A-ZА-ЯІЇЄҐ])"
)


def rolled_on(article: Article, drafts: list[Draft]) -> list[Draft]:
    """The people named, as one figure of the fate that the sentence before announced."""
    found: list[Draft] = []
    for view, following in pairwise(article.views):
        fate = _fate(view)
        if fate is None or not _OPENS.match(following.norm) or any(d.view in (view, following) for d in drafts):
            continue
        names = names_of(following)
        if names:
            found.append(_draft(article, following, fate, names))
    return found


def _fate(view: View) -> Measure | None:
    for hit in view.all("triggers."):
        _, measure, form = hit.tag.split(".")
        if form == "noun" and measure in {m.value for m in DISCLOSING} and _ANNOUNCED.search(view.norm[: hit.start]):
            return Measure(measure)
    return None


def _draft(article: Article, view: View, fate: Measure, names: list[tuple[int, int]]) -> Draft:
    raw = view.sentence.raw
    opening = _OPENS.match(view.norm)
    if opening and names[0][0] < opening.end():
        names = [(opening.end() + 1, names[0][1]), *names[1:]]
    trigger = Trigger(fate, "noun", 0, opening.end() if opening else 0)
    count = len(names) + len(_LONE.findall(raw))
    draft = Draft(
        view=view,
        trigger=trigger,
        start=names[0][0],
        end=names[-1][1],
        low=count,
        high=count,
        qualifier=Qualifier.EXACT,
        group="unknown",
        rules=["count.roll"],
        sure=0.7,
        names=tuple(raw[a:b] for a, b in names),
        noun_end=names[-1][1],
    )
    set_status(article, view, draft, [draft], [trigger])
    return draft
