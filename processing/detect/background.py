"""Figures that are no news of a loss: tales called false, what is done for those hurt before, what would have been."""

from __future__ import annotations

import re

from processing.detect.view import View

_NO_VICTIMS = re.compile(
    r"\b(?:для|родин\w*|сім'\w+|сім'ї|сімей|вдів|вдови|вдовам|дружин\w*|матер\w*|дітей|дітям|сиріт|сироти|близьких|"
    r"рідних|пам'яті|"
    r"імен(?:ем|і|а)|честь|лікуванн\w+|реабілітаці\w+|протезуванн\w+|порятунку|підтримк\w+|потреб\w*|пошук\w* родичів)"
    r" (?:[\w'-]+ ){0,3}$"
)
_TO_THEM = re.compile(
    r"(?:поранен|постраждал|травмован|звільнен|зникл)им\b"
    r"(?! (?:повернул|вивез|витягл|дістал|лиш|залиш|опинив|вважа|виніс|винес))"
)
_CONDITION = re.compile(r"\b(?:якби|якщо б|коли б)\b")
_WOULD = re.compile(r"\b(?:\w+[влоиа]) би?\b")
_IF = re.compile(r"\bякщо (?!вірити|рахувати|точніше|бути|врахувати|додати|взяти|порівн|підсумувати)")
_ATTRIBUTE = re.compile(
    r"(?:поранен|загибл|полегл|вбит|убит|постраждал|звільнен|травмован|зникл|полонен)\w+ [\w'-]{4,}"
)


def would_have_been(view: View, start: int, end: int) -> bool:
    """As in "якби ракета влучила в ринок, загинуло б не менше сорока"."""
    if view.lang != "uk":
        return False
    if _CONDITION.search(view.norm) or any(m.start() < end and m.end() > start for m in _WOULD.finditer(view.norm)):
        return True
    condition = _IF.search(view.norm)
    return condition is not None and condition.start() < start


def called_false(view: View, start: int, end: int) -> bool:
    """As in "інформація про сорок загиблих — фейк": a tale before the figure, and the word that calls it false."""
    tales = [h for h in view.all("cause.tale") if h.end <= start and not re.search(r"[.;]", view.norm[h.end : start])]
    if not tales:
        return False
    first = tales[0].start
    return any(
        (h.start >= end and not re.search(r";|\bале\b|\bале ж\b", view.norm[end : h.start]))
        or first - 30 <= h.start <= start
        for h in view.all("cause.untrue")
    )


def of_those_hurt_before(view: View, start: int, end: int, form: str) -> bool:
    """As in "medals were given to 14 wounded soldiers": what is done for them is told, not how they were hurt."""
    if not view.has("cause.care"):
        return False
    stretch = view.norm[start:end]
    if _TO_THEM.search(stretch):
        return True
    old = _ATTRIBUTE.search(stretch) and not view.has("days.today", "days.yesterday")
    return form == "noun" and (not view.has("cause.war") or bool(old))


def counts_others(view: View, noun_end: int, end: int) -> bool:
    """As in "триста нош для поранених", "дев'ять вдів загиблих": the number before counts no victims."""
    between = view.norm[noun_end:end]
    loss = re.search(r"(?:поранен|загибл|полегл|вбит|убит|постраждал|полонен|зникл|бранц|заручник)\w*$", between)
    return view.lang == "uk" and loss is not None and _NO_VICTIMS.search(between[: loss.start()]) is not None
