"""When it happened: explicit and relative dates resolved against the day of publication."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from processing.detect.lexicon import Hit
from processing.detect.view import Article, View
from processing.models import EventDate, Precision

_FAREWELL = re.compile(
    r"\b(?:похорон\w*|хорон\w+|прощ\w+|прост(?:ил|ят)\w*|попрощ\w*|похова\w*|панихид\w*|buried|laid to rest|funerals?|"
    r"bade farewell|farewell|burial|преда(?:ли|дут|ны) земле|траур\w*)\b"
)
_DEATH = re.compile(
    r"\b(?:погиб|загин|полег|поляг|полягл|поліг|обірва|зупинил|убит|вбит|умер|помер|killed|died|fell|perished|скончал|"
    r"последн\w+ бо|останн\w+ б|"
    r"подорва|підірва|обстрел|обстріл|удар|прилет|прильот|отработал|накрыл|накрил|strike|shell)"
)
_BETWEEN = re.compile(r"[,;:.—]")
_SCALES = {"д": 1, "d": 1, "с": 1, "н": 7, "т": 7, "w": 7, "м": 30, "m": 30}
_AGO = re.compile(
    r"\b(?:([\w]+) )?(дня|дней|день|дн[іи]в?|сутки|суток|недел[яюиь]|тиж\w+|месяц\w*|місяц\w*|days?|weeks?|months?) "
    r"(?:назад|тому|ago)\b"
)
_CLOCK = re.compile(
    r"\b(?:в|о|об|at) \d{1,2}[:.]\d\d\b(?!\.\d)|\b\d{1,2} час\w* (?:ночи|утра|вечера|дня)|"
    r"(?:^|[.;] )\d{1,2}[:.]\d\d(?= ?—)|"
    r"\b(?:\d{1,2}|\w+) (?:ранку|вечора|ночі|пополудні)\b|(?:^|[.,:—] )(?:ранок|обід|обідня пора|вечір|ніч|світанок|"
    r"пообіддя)(?=[.,:]| —)|"
    r"\bза день\b(?=[:.,—]|$)|\b(?:ранок|вечір|ніч) (?:після|почав|розпочав|приніс|принесл)"
)
_NUMERIC = re.compile(r"(?<![\d.])(\d{1,2})\.(\d{1,2})\.(20\d\d|\d\d)(?![\d.]?\d)")
_FIRST_OF_RANGE = re.compile(r"(?<![\d.:])(\d{1,2})(?:-го)? ?(?:—|-|по|до|to|and|и|та|і|й) ?\d{1,2}(?:-е|-го)? $")


_SINCE = re.compile(r"\b(?:з|із|від|с|со|since|after) (?:the )?24 $")
_DATELINE = re.compile(
    r"[A-Z][A-Z .'/-]{2,30}(?:\([^)]{2,30}\))?, [A-Z][a-z]{2,8}\.? \d{1,2}(?: \([^)]{2,30}\))? ?(?:-|—|–|\()"
)


@dataclass(frozen=True, slots=True)
class _Dated:
    start: int
    end: int
    event: EventDate
    strong: bool


def find_date(article: Article, view: View) -> tuple[EventDate | None, float]:
    """The event's date and its confidence: own sentence, then earlier ones, then the title."""
    published = article.item.published
    today = published.date() if published else None
    farewell = _FAREWELL.search(view.norm) and not _DEATH.search(view.norm)
    own = [] if farewell else [d for d in _dates(view, today) if not _is_statement(view, d)]
    own = [d for d in own if not _of_farewell(view, d)] or own
    if own:
        strong = [d for d in own if d.strong] or own
        return strong[0].event, 0.85 if strong[0].strong else 0.65
    for other in _others(article, view):
        found = [d for d in _dates(other, today) if not _is_statement(other, d)]
        if found:
            return ([d for d in found if d.strong] or found)[0].event, 0.55
    return None, 0.2


def _of_farewell(view: View, dated: _Dated) -> bool:
    """As in "сегодня предали земле ...: позавчера ударил «Град»": the day of the burial is no event date."""
    for match in _FAREWELL.finditer(view.norm):
        low, high = sorted((match.span(), (dated.start, dated.end)))
        if not _BETWEEN.search(view.norm[low[1] : high[0]]):
            return True
    return False


def _others(article: Article, view: View) -> list[View]:
    views = list(article.views)
    index = views.index(view)
    following = [
        v for v in views[index + 1 : index + 2] if not re.search(r"\b(?:назад|тому|ago|earlier|раніше|ранее)\b", v.norm)
    ]
    return list(reversed(views[:index])) + following


def _is_statement(view: View, dated: _Dated) -> bool:
    """As in "said on Sunday", "13 июля раскрыл": the day of the statement is no event date."""
    if _DATELINE.match(view.sentence.raw[: dated.end + 4]):
        return True
    for hit in view.all("attribution.verbs"):
        between = view.norm[hit.end : dated.start] if hit.end <= dated.start else view.norm[dated.end : hit.start]
        if not re.search(r"\b(?:that|что|що)\b", between) and re.fullmatch(
            r",? ?(?:(?:on|in|at|в|во|у|late|early|утром|вечером|вранці|ввечері|дня|a|reporters|"
            r"журналистам|telegram|[\w'-]+) ?){0,2}",
            between,
        ):
            return True
    return bool(
        re.search(
            r"(?:появил|стало известно|оприлюднив|опубликова|обнародова|раскрыл|известно)\w* ?$|^on $",
            view.norm[max(0, dated.start - 20) : dated.start],
        )
        and re.search(r"(?:появил|стало известно|оприлюднив|опубликова|раскрыл)", view.norm)
    ) or bool(
        re.match(
            r",? (?:появил|стало известно|оприлюднив|опубликова|раскрыл)\w*", view.norm[dated.end : dated.end + 24]
        )
    )


def _dates(view: View, today: date | None) -> list[_Dated]:
    memo: dict[str, list[_Dated]] = view.memo
    if "dates" not in memo:
        memo["dates"] = _find_dates(view, today)
    return memo["dates"]


def _find_dates(view: View, today: date | None) -> list[_Dated]:
    found = _explicit(view, today)
    if today is not None:
        told = [d.start for d in found if d.strong]  # "a month ago, on 22 October": the day itself says more
        counted = _weekdays(view, today) + _relative(view, today) + _spans(view, today)
        found += [d for d in counted if not any(0 <= start - d.end <= 6 for start in told)]
    return sorted(found, key=lambda d: (not d.strong, d.start))


def _day(day: date) -> EventDate:
    return EventDate(start=day, end=day, precision=Precision.DAY)


def _explicit(view: View, today: date | None) -> list[_Dated]:
    found = _numeric(view)
    for month in range(1, 13):
        for hit in view.all(f"months.{month}"):
            if hit.tag != f"months.{month}":
                continue
            before = re.search(r"(?<!\d)(\d{1,2})(?:st|nd|rd|th|-го)? (?:of )?$", view.norm[: hit.start])
            spelled = next((h for h in view.all("days_of_month.") if hit.start - h.end == 1), None)
            after = (
                re.match(r" (\d{1,2})(?:st|nd|rd|th)?(?![\d:])", view.norm[hit.end :]) if view.lang == "en" else None
            )
            year = re.match(r"(?: \d{1,2})?,? (?:of )?(20\d\d|19\d\d)", view.norm[hit.end :])
            number = before or after
            invaded = (
                month == 2 and number is not None and number.group(1) == "24" and _SINCE.search(view.norm[: hit.start])
            )
            resolved = _resolve(
                int(number.group(1)) if number else int(spelled.tag[14:]) if spelled else None,
                month,
                int(year.group(1)) if year else 2022 if invaded else None,
                today,
            )
            if resolved is None or (number is None and view.lang == "en" and not _is_month(view, hit)):
                continue
            first = _FIRST_OF_RANGE.search(view.norm[: hit.start]) if before else None
            if first and 1 <= int(first.group(1)) < resolved.end.day:
                resolved = EventDate(
                    start=resolved.end.replace(day=int(first.group(1))), end=resolved.end, precision=Precision.RANGE
                )
            start = before.start(1) if before else spelled.start if spelled else hit.start
            found.append(
                _Dated(start, hit.end + (after.end() if after and not before else 0), resolved, bool(number or spelled))
            )
    return found


def _numeric(view: View) -> list[_Dated]:
    """As in "11.03.2025"."""
    found = []
    for match in _NUMERIC.finditer(view.norm):
        day, month, year = (int(part) for part in match.groups())
        year += 2000 if year < 100 else 0
        if 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]:
            found.append(_Dated(match.start(), match.end(), _day(date(year, month, day)), True))
    return found


def _is_month(view: View, hit: Hit) -> bool:
    return view.sentence.raw[hit.start].isupper() and view.norm[hit.start : hit.end] != "may"


def _resolve(day: int | None, month: int, year: int | None, today: date | None) -> EventDate | None:
    if year is None:
        if today is None:
            return None
        year = today.year if (month, day or 1) <= (today.month, today.day) else today.year - 1
    if day is None:
        return EventDate(
            start=date(year, month, 1), end=date(year, month, monthrange(year, month)[1]), precision=Precision.MONTH
        )
    return _day(date(year, month, day)) if 1 <= day <= monthrange(year, month)[1] else None


def _weekdays(view: View, today: date) -> list[_Dated]:
    found = []
    for number in range(7):
        for hit in view.all(f"weekdays.{number}"):
            back = (today.weekday() - number) % 7
            if re.search(r"\b(?:позаминул|позапрошл)\w+ $", view.norm[: hit.start]):
                back += 7
            found.append(_Dated(hit.start, hit.end, _day(today - timedelta(days=back)), True))
    return found


def _relative(view: View, today: date) -> list[_Dated]:
    found = []
    for name, back in (("today", 0), ("yesterday", 1), ("before_yesterday", 2)):
        for hit in view.all(f"days.{name}"):
            strong = not re.fullmatch(
                r"(?:утренн\w+|вечерн\w+|ночно\w+|ранков\w+|вечірн\w+|нічно\w+|ночью|утром|вечером|днем|"
                r"под вечер|к вечеру|к утру|к полудню|к ночи|с утра|на вечер|на утро|на (?:этот|данный) час|"
                r"к этому часу|"
                r"вранці|зранку|уранці|ввечері|увечері|вночі|уночі|удень|надвечір|за (?:\w+ "
                r")?(?:сутки|добу))",
                view.norm[hit.start : hit.end],
            )
            found.append(_Dated(hit.start, hit.end, _day(today - timedelta(days=back)), strong))
    found += _ago(view, today)
    for match in _CLOCK.finditer(view.norm):
        found.append(_Dated(match.start(), match.end(), _day(today), False))
    return found


def _ago(view: View, today: date) -> list[_Dated]:
    """As in "неделю назад", "three days ago"."""
    found = []
    for match in _AGO.finditer(view.norm):
        word = match.group(1) or ""
        count = int(word) if word.isdigit() else view.lexicon.numbers.get(word, 1)
        days = count * _SCALES[match.group(2)[0]]
        if days == 30 and today.month > 1:
            last = today.replace(day=1) - timedelta(days=1)
            day = last.replace(day=min(today.day, last.day))
        elif days <= 366:
            day = today - timedelta(days=days)
        else:
            continue
        found.append(_Dated(match.start(), match.end(), _day(day), True))
    return found


def _spans(view: View, today: date) -> list[_Dated]:
    found = []
    for hit in view.all("spans."):
        start, end, precision = _span(hit.tag[6:], today)
        found.append(_Dated(hit.start, hit.end, EventDate(start=start, end=end, precision=precision), True))
    return found


def _span(name: str, today: date) -> tuple[date, date, Precision]:
    monday = today - timedelta(days=today.weekday())
    first = today.replace(day=1)
    if name == "month_start":
        return first, min(today, first + timedelta(days=9)), Precision.RANGE
    if name == "last_month":
        last = first - timedelta(days=1)
        return last.replace(day=1), last, Precision.MONTH
    if name == "this_month":
        return first, today, Precision.RANGE
    if name == "weekend":
        saturday = monday - timedelta(days=2) if today.weekday() < 5 else monday + timedelta(days=5)
        return saturday, saturday + timedelta(days=1), Precision.RANGE
    if name == "last_week":
        return monday - timedelta(days=7), monday - timedelta(days=1), Precision.RANGE
    return monday, today, Precision.RANGE
