"""The group that the sentence around the count gives: a noun carried over, an apposition, words of army life."""

from __future__ import annotations

import re

from processing.detect.draft import Draft
from processing.detect.lexicon import Hit
from processing.detect.view import Article, View
from processing.models import Measure, Status

_ALL_OF_THEM = re.compile(
    r"\b(?:все|всі|усі|оба|обидва|all|both)(?: (?:of them|они|вони))?(?: —| are| were|,)? (?:[\w-]+ )?$"
)
_HANDED = (Measure.CAPTURED, Measure.EXCHANGED, Measure.MISSING)
_CIVILIANS = re.compile(r"\b(?:мирн\w+ (?:жител|люд|насел|гражд|мешкан)|гражданск|цивільн|civilian|noncombatant)")
_HOMEFOLK = re.compile(r"(?:жител|односельч|сельчан|земляк|мешкан|residents?|villagers?|townspeople)")
_HOSTAGES = re.compile(r"\b(?:заложник|заручник|hostage|похищ|викрад|kidnap|abduct)")


def share_groups(article: Article, drafts: list[Draft]) -> None:
    """Drafts of unknown group take it from their sentence, then from the document's words of army life."""
    for draft in drafts:
        if draft.group == "civilian" and _served(draft):
            draft.group = "military"
        if draft.group == "unknown":
            draft.group = (
                _apposition(draft)
                or _carried(drafts, draft, draft.view)
                or _by_service(article, draft)
                or _carried_on(article, drafts, draft)
                or _by_civilians(article, draft)
                or "unknown"
            )


def _served(draft: Draft) -> bool:
    """As in "трое односельчан погибли в зоне СВО", "семеро жителей области вернулись из плена"."""
    view = draft.view
    if _CIVILIANS.search(view.norm) or not _HOMEFOLK.search(view.norm[draft.start : draft.noun_end]):
        return False
    return view.has("uniform") or (draft.trigger.measure is Measure.EXCHANGED and not _HOSTAGES.search(view.norm))


def _carried_on(article: Article, drafts: list[Draft], draft: Draft) -> str | None:
    index = article.views.index(draft.view)
    return _carried(drafts, draft, article.views[index - 1]) if index else None


def _by_civilians(article: Article, draft: Draft) -> str | None:
    """A document of "the civilian population" that tells of no soldiers."""
    civil = any(_CIVILIANS.search(v.norm) for v in article.views)
    return "civilian" if civil and not any(v.has("uniform") or _soldiers(v) for v in article.views) else None


def _apposition(draft: Draft) -> str | None:
    """As in "девять погибших, все — рабочие комбината"."""
    view = draft.view
    kinds = {h.tag.split(".")[1] for h in view.all("persons.", "one.") if _ALL_OF_THEM.search(view.norm[: h.start])} - {
        "unknown"
    }
    return kinds.pop() if len(kinds) == 1 else None


def _carried(drafts: list[Draft], draft: Draft, view: View) -> str | None:
    """As in "14 civilians were killed and 30 wounded": a bare number counts the same kind of people."""
    if draft.noun_end > draft.end:
        return None
    known = {
        d.group
        for d in drafts
        if d.view is view and d.group != "unknown" and d.status is not Status.SUBSET and d.parent is None
    }
    return known.pop() if len(known) == 1 else None


def _by_service(article: Article, draft: Draft) -> str | None:
    """As in "двухсотых двое", "трое взяты в плен": only soldiers are told of in such words."""
    view = draft.view
    if _is_civil(view):
        return None
    if view.has("uniform") or (draft.trigger.measure in _HANDED and _soldiers(view)):
        return "military"
    if draft.trigger.measure is Measure.EXCHANGED and not _HOSTAGES.search(view.norm):
        return "military"
    told = any(v.has("uniform") or _soldiers(v) for v in article.views)
    civil = any(_is_civil(v) for v in article.views)
    if draft.trigger.measure in _HANDED and not _HOSTAGES.search(view.norm):
        captive = draft.trigger.measure is not Measure.MISSING
        return "military" if told or (captive and not civil) else None
    return "military" if told and not civil else None


def _is_civil(view: View) -> bool:
    if view.has("civil_life"):
        return True
    return any(not _speaks(view, h) for h in view.all("persons.civilian", "one.civilian"))


def _speaks(view: View, hit: Hit) -> bool:
    return any(
        0 <= hit.start - verb.end < 14 or 0 <= verb.start - hit.end < 14
        for verb in view.all("attribution.verbs", "attribution.by")
    )


def _soldiers(view: View) -> bool:
    """People in uniform who are not just the ones speaking."""
    speaking = view.all("attribution.offices")
    return any(
        not any(s.start <= h.start < s.end for s in speaking) for h in view.all("persons.military", "one.military")
    )
