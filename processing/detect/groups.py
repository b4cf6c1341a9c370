"""Who the victims are, where the noun that counts them does not say."""

from __future__ import annotations

import re

from processing.detect.view import View
from processing.models import Measure

_SERVING = re.compile(
    r"\b(?:serving in|called up|drafted|enlisted|призван\w*|fighting (?:for|alongside)|fought "
    r"(?:for|in)|while defending|on the battlefield|in combat|killed in action|armed forces|"
    r"the front\b|"
    r"на фронте|на сво\b|в зоне сво|в боях|в бою|при выполнении боев\w+|боев\w+ задач\w*|"
    r"спецоперац\w*|мобилизован\w*|контрактник\w*|погранзастав\w*|"
    r"на фронті|у боях|в боях|у бою|в бою|бойов\w+ завдан\w*|на щиті|мобілізован\w*|"
    r"побратим\w*|захищаючи|защищая|воинск\w+ долг\w*)"
)
_FORCE_LOST = re.compile(
    r"\b(?:army|troops|forces|military|brigade|battalion|regiment|unit|garrison|marines|"
    r"paratroopers|арми[яи]|полк|бригад\w*|батальон\w*|рот[аы]|взвод\w*|гарнизон\w*|"
    r"десантники|морпехи|всу|подразделени\w*|армія|батальйон\w*|підрозділ\w*|"
    r"гарнізон\w*)\b[^.;]{0,30}\b(?:sustain\w*|lost|losing|suffer\w*|buried|потеря\w*|втрат\w*|"
    r"недосчита\w*|недорах\w*)"
)


_FOUGHT = re.compile(
    r"\b(?:в боях|у боях|в бою|у бою|на фронт\w*|на війні|на войне|воював\w*|воевал\w*|на сво|в зоне сво|"
    r"мобілізован\w*|мобилизован\w*|на щиті|fought|fighting|at the front|in combat|killed in action)\b"
)
_NO_SOLDIERS = re.compile(
    r"\b(?:цивільн|мирн|гражданск|civilian|дит|діт|ребен|дет[еия]|child|пенсіонер|пенсионер|журналіст|журналист|"
    r"journalist)"
)
_RUSSIAN = re.compile(
    r"\b(?:russian|russia's|российск\w+|русск\w+|вс рф|армии рф|російськ\w+|армії рф|"
    r"окупант\w*|оккупант\w*|рашист\w*)\b"
)
_UKRAINIAN = re.compile(r"\b(?:ukrainian|ukraine's|kyiv's|украинск\w+|всу|українськ\w+|зсу|наших захисників)\b")


def side_of(view: View, start: int, end: int) -> str | None:
    """Whose people, where the words around the count say so: `Russia` or `Ukraine`."""
    phrase = view.norm[max(0, start - 24) : end + 24]
    russian, ukrainian = _RUSSIAN.search(phrase), _UKRAINIAN.search(phrase)
    if bool(russian) == bool(ukrainian) or not view.has("persons.military", "one.military", "enemy."):
        return None
    struck = re.search(
        r"\b(?:strike|attack|shelling|fire|удар\w*|обстрел\w*|обстріл\w*|атак\w*|дрон\w*|drone)\b", phrase
    )
    return None if struck else "Russia" if russian else "Ukraine"


_OUR_BOYS = re.compile(r"\b(?:our|their) (?:\w+ )?(?:boys|guys|lads|men)\b|\bof our (?:boys|guys|lads|own)\b")
_CIVIL_CREW = re.compile(
    r"\b(?:ambulance|film|tv|tug|ship|freighter|ferry|trawler|carrier|tanker|repair|train|cargo|vessel|merchant|bus|"
    r"rescue|fire|camera)\b"
)


def _by_word(view: View, group: str, words: str) -> str:
    """What an English noun says of the group that its list does not."""
    if "peacekeeper" in words:
        return "military"
    if group in ("military", "unknown") and re.search(r"\bcrew", words) and _CIVIL_CREW.search(view.norm):
        return "civilian"
    if (
        group in ("civilian", "unknown")
        and _OUR_BOYS.search(view.norm)
        and re.search(r"\b(?:boys|guys|lads|men|of our)", words)
    ):
        return "military"
    if (
        group == "civilian"
        and "volunteer" in words
        and re.search(r"\b(?:captiv|fight|fought|battle|front|encircled|forces|killed in)", view.norm)
    ):
        return "military"
    return group


def group_of(view: View, group: str, measure: Measure, words: str = "") -> str:
    """The group by the noun, else by what the sentence says of them; `unknown` rather than guessed."""
    if view.lang == "en" and words:
        group = _by_word(view, group, words)
    if (
        group == "military"
        and re.search(r"\b(?:sailor|моряк)\w*", view.norm)
        and re.search(r"\b(?:merchant|cargo|tanker|торгов\w+|сухогруз\w*|танкер\w*|vessel)\b", view.norm)
    ):
        return "civilian"
    if group == "civilian" and _FOUGHT.search(view.norm) and not _NO_SOLDIERS.search(view.norm):
        return "military"
    if group != "unknown":
        return group
    if _FORCE_LOST.search(view.norm) or _SERVING.search(view.norm):
        return "military"
    if measure in (Measure.EXCHANGED, Measure.BODIES_RETURNED) and view.has("persons.military"):
        return "military"
    return (
        "civilian"
        if re.search(r"\b(?:civilian|гражданск\w+|цивільн\w+|merchant)\b", view.norm)
        and not view.has("persons.military")
        else "unknown"
    )
