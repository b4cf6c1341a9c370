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
_HEADED_FALSE = re.compile(
    r"(?:фейк|неправда|маніпуляція|брехня|спростування|дезінформація|ложь|опровержение|дезинформация|вброс)[:.!—]"
)
_CONDITION = re.compile(r"\b(?:якби|якщо б|коли б)\b")
_WOULD = re.compile(r"\b(?:\w+[влоиа]) би?\b")
_IF = re.compile(r"\bякщо (?!вірити|рахувати|точніше|бути|врахувати|додати|взяти|порівн|підсумувати)")
_ATTRIBUTE = re.compile(
    r"(?:поранен|загибл|полегл|вбит|убит|постраждал|звільнен|травмован|зникл|полонен)\w+ [\w'-]{4,}"
)


_RU_FUTURE = re.compile(
    r"\b(?:погибн|умр|останутс|лишатс|пострада(?:ет|ют)|потеря(?:ет|ют|ем)|возможн|окаж(?:етс|утс)|попад(?:ет|ут)|"
    r"замерзн|задохн|сгор(?:ит|ят)|будет|будут|станет|станут|унесет|унесут|"
    r"пропад(?:ет|ут)|не выжив|не пережив|могут|может|грозит)"
)
_RU_IF = re.compile(r"\b(?:если|в случае|при условии|при повторн\w+|при новом|при ударе по|стоит \w+)\b")


def would_be_in_russian(view: View, start: int, end: int) -> bool:
    """As in "если плотину взорвут, погибнут сотни": a condition, and a verb of the future beside the figure."""
    condition = _RU_IF.search(view.norm)
    if condition is None:
        return False
    low, high = view.clause(start, end)
    return _RU_FUTURE.search(view.norm, min(low, start), max(high, end)) is not None


def would_have_been(view: View, start: int, end: int) -> bool:
    """As in "якби ракета влучила в ринок, загинуло б не менше сорока"."""
    if view.lang == "ru":
        return would_be_in_russian(view, start, end)
    if view.lang != "uk":
        return False
    if _CONDITION.search(view.norm) or any(m.start() < end and m.end() > start for m in _WOULD.finditer(view.norm)):
        return True
    condition = _IF.search(view.norm)
    return condition is not None and condition.start() < start


def called_false(view: View, start: int, end: int) -> bool:
    """As in "інформація про сорок загиблих — фейк": a tale before the figure, and the word that calls it false."""
    if view.lang != "en" and _HEADED_FALSE.match(view.norm):
        return True
    tales = [h for h in view.all("cause.tale") if h.end <= start and not re.search(r"[.;]", view.norm[h.end : start])]
    if not tales:
        return False
    first = tales[0].start
    return any(
        (h.start >= end and not re.search(r";|\bале\b(?! (?:це|насправді|то))", view.norm[end : h.start]))
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


_KIN = re.compile(
    r"\b(?:діт(?:ей|и|ям)|вд(?:ів|ови|овам|овою)|дружин\w*|матер\w*|родин\w*|сім\w{2,3}|сиріт|сироти|батьків|рідних|побратимів|"
    r"друзів|братів) (?:[\w'-]+ )?(?:загибл|полегл|вбит|убит|зникл|полонен|поранен)(?:их|ого|ої)$"
)
_ROOM_FOR = re.compile(r"\b(?:на|для) (?:(?:понад|близько|майже|ще) )?$")


def counts_others(view: View, start: int, noun_end: int, end: int) -> bool:
    """As in "триста нош для поранених", "п'ятеро дітей загиблих": the number counts no victims."""
    if view.lang != "uk":
        return False
    between = view.norm[noun_end:end]
    loss = re.search(r"(?:поранен|загибл|полегл|вбит|убит|постраждал|полонен|зникл|бранц|заручник)\w*$", between)
    if loss is None:
        return False
    if _NO_VICTIMS.search(between[: loss.start()]) or _KIN.search(view.norm[start:end]):
        return True
    return _ROOM_FOR.search(view.norm[:start]) is not None and not view.has("cause.war")
