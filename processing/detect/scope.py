"""Incident or cumulative total."""

from __future__ import annotations

import re

from processing.detect.view import Article, View

_SINCE = re.compile(r"\b(?:с|со|от|від|з|із|since)(?: \d{1,2}(?:-го|st|nd|rd|th)?)? $")
_DURING = re.compile(
    r"\b(?:за|в течение|на протяжении|протягом|впродовж|упродовж|підсумок|підсумки|ціна|ціною|рахунок|итог|цена|"
    r"during|over|throughout|within|in the (?:past|last))"
    r"(?: (?:the|последн\w+|минувш\w+|прошедш\w+|прошл\w+|останн\w+|минул\w+|весь|всю|все|цілий|целый|цілу|целую|past|"
    r"last|previous|same|полных|перв\w+|перш\w+)){0,2} (?:\w+ )?$"
)
_AS_OF = re.compile(
    r"(?:станом на|по состоянию на|as of) (?:\d{1,2}[:.]\d\d|\d{1,2} (?:год|час|ранку|вечора|ночі|утра|вечера|ночи|"
    r"дня))"
)
_TIMES = re.compile(  # "for the fourth time this week"
    r"\b(?:вдруге|втретє|вчетверте|вп'яте|вшосте|\w+ раз(?:и|ів|а)?|\w+ (?:удар|атак|обстріл|приліт|прильот)\w*|"
    r"второй раз|\w+-?й раз|time) $"
)
_WHOLE_MONTH = re.compile(r"\b(?:за|протягом|впродовж|упродовж|throughout|during) (?:весь |цілий )?$")
_GROWN = re.compile(r"\b(?:вырос|увелич|возрос|поднял|зрос|зріс|збільш|rose|ris|grew|grown|climb)\w* $")
_GROWS = re.compile(r" (?:вырос|увелич|возрос|поднял|зрос|зріс|збільш|rose|grew|climbed)\w*")
_ONE_EVENT = re.compile(
    r"\b(?:contact|missing|touch|heard from|held|captivity|связ\w+|пропа\w+|пропал\w*|плен\w*|зв'язк\w*|зник\w*|"
    r"полон\w*)(?: [^\W\d]+){0,3}(?: with them)? $"
)
_SHORT = re.compile(
    r"(?:час|годин|hour|минут|хвилин|minute|секунд|second|утр|веч|ноч|ніч|числ|сутк|сутки|доб|лет|літ|день|дня$|day$)"
)
_SEVERAL = re.compile(
    r"\b(?:\d+|две|два|три|четыре|пять|дві|чотири|п'ять|двое|трое|two|three|several|несколько|кілька) $"
)


def is_cumulative(article: Article, view: View) -> bool:
    """A total of a period: said in the sentence, or in a heading before it, unless this one has a day of its own."""
    if _is_total(view):
        return True
    if view.has("days.", "weekdays.") or _dated(view):
        return False
    views = article.views[: article.views.index(view)]
    return any(_is_total(v) and not v.has("triggers.") for v in views[-2:])


def _is_total(view: View) -> bool:
    memo = view.memo
    if "cumulative" not in memo:
        memo["cumulative"] = _is_told(view) or _since_month(view) or _during(view)
    return bool(memo["cumulative"])


def _is_told(view: View) -> bool:
    """A phrase of totals; not "as of 18:00", "for the fourth time this week"."""
    return any(
        not _AS_OF.match(view.norm, h.start) and not _TIMES.search(view.norm[: h.start]) for h in view.all("cumulative")
    )


def _since_month(view: View) -> bool:
    """As in "since February"; not "out of contact since May", which dates one event."""
    starts = [m for h in view.all("months.") if (m := _SINCE.search(view.norm[: h.start]))]
    return any(not _ONE_EVENT.search(view.norm[: m.start()]) for m in starts)


def _during(view: View) -> bool:
    """As in "за вісім місяців", "over the past five weeks", "за липень"."""
    months = {h.start for h in view.all("months.")}
    if any(_WHOLE_MONTH.search(view.norm[:start]) for start in months):
        return True
    for hit in view.all("time_units"):
        unit, before = view.norm[hit.start : hit.end], view.norm[: hit.start]
        during = None if hit.start in months else _DURING.search(before)
        if (
            during is None
            or _TIMES.search(before[: during.start()])
            or _GROWN.search(before[: during.start()])
            or _GROWS.match(view.norm, hit.end)
        ):
            continue
        if not _SHORT.match(unit) or _SEVERAL.search(before):
            return True
    return False


def _dated(view: View) -> bool:
    return any(
        re.search(r"(?<!\d)\d{1,2}(?:-го|st|nd|rd|th)? (?:of )?$", view.norm[: h.start])
        or re.match(r" \d{1,2}\b", view.norm[h.end :])
        for h in view.all("months.")
    )
