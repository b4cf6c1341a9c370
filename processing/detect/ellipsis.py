"""What a text leaves out: "all of them died", "the third died later", "as many were sent back"."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

from processing.detect.binding import Bound, Trigger, triggers_of
from processing.detect.draft import DISCLOSING, Draft, numbered
from processing.detect.quantities import Quantity
from processing.detect.relations import set_status
from processing.detect.victims import is_negated
from processing.detect.view import Article, View
from processing.models import Measure, Qualifier, Status

_ALL = re.compile(
    r"\b(?:все они|они все|всех их|их всех|у всех|все эти люди|всем им|"
    r"усі вони|вони всі|всі вони|їх усіх|в усіх|у всіх|"
    r"все (?:погиб|убит|ранен|скончал|пропал)\w*|никто (?:из них )?не (?:уцелел|выжил|вернулся)|"
    r"ніхто (?:з них )?не (?:уцілів|вижив|повернувся))\b"
)


def left_out(article: Article, drafts: list[Draft]) -> list[Draft]:
    """The claims of people who were counted, in this sentence or the one before, without a word of loss."""
    if article.lang == "en":
        return []
    return [*_all_of_them(article, drafts), *_as_many_back(article, drafts), *_their_bodies(article, drafts)]


def _all_of_them(article: Article, drafts: list[Draft]) -> list[Draft]:
    """As in "eleven soldiers were called for. All of them fell in one day"."""
    found: list[Draft] = []
    for index, view in enumerate(article.views):
        said = _ALL.search(view.norm)
        if said is None:
            continue
        triggers = [
            t
            for t in triggers_of(view.sentence, view.hits, article.lang)
            if t.measure in DISCLOSING
            and (t.form != "noun" or (said.group().startswith(("у ", "в ")) and t.measure is Measure.WOUNDED))
            and -1 < t.end - said.start() < 70
            and not any(d.view is view and d.trigger.measure is t.measure for d in drafts)
        ]
        if not triggers or (
            is_negated(view, triggers[0]) and "никто" not in said.group() and "ніхто" not in said.group()
        ):
            continue
        for told in (view, *article.views[max(0, index - 1) : index]):
            counted = [q for q in _counted(told) if told is not view or q.noun_end <= said.start()]
            if counted and not any(d.view is told for d in drafts):
                found.append(_draft(article, told, counted, view, triggers[0]))
                break
    return found


_COLLECTIVE = re.compile(r"(?:двое|трое|еро|двоих|троих|ерых|двоє|троє|ьох)\b")


def _counted(view: View) -> list[Quantity]:
    """The people that a sentence counts; none where the figures stand far apart and may be of different people."""
    quantities = view.quantities
    people = [
        q
        for q in quantities
        if (q.counts == "people" or (q.counts == "bare" and _COLLECTIVE.search(view.norm, q.number_start, q.end)))
        and q.low is not None
        and q.low == q.high
        and q.marks <= {"of", "plus"}
    ]
    gaps = [view.norm[a.noun_end : b.start] for a, b in pairwise(people)]
    return people if all(re.fullmatch(r",? (?:и|та|й|і|а также|,)? ?(?:[\w-]+ ){0,2}", g) for g in gaps) else []


def _draft(article: Article, told: View, counted: list[Quantity], view: View, trigger: Trigger) -> Draft:
    draft = numbered(told, Bound(counted[0], trigger, 8.0, "bind.all_of_them"))
    draft.low = draft.high = sum(q.low or 0 for q in counted)
    draft.end = draft.noun_end = counted[-1].noun_end
    if len({q.group for q in counted}) > 1:
        draft.group = "unknown"
    here = replace(draft, view=view, start=trigger.start, end=trigger.end, noun_end=trigger.end)
    set_status(article, view, here, [here], [])
    draft.status = here.status
    return draft


_BACK = re.compile(
    r"\b(?:взамен|получи\w+|приня\w+|в ответ|отправлен\w*|передан\w*|передал\w*|вернул\w*|отдал\w*|отдан\w*|"
    r"натомість|навзаєм)\b"
)


def _as_many_back(article: Article, drafts: list[Draft]) -> list[Draft]:
    """As in "250 came home, as many were sent back": the other half of an exchange."""
    found: list[Draft] = []
    for index, view in enumerate(article.views):
        for hit in view.all("same"):
            if not _BACK.search(view.norm[max(0, hit.start - 50) : hit.end + 40]):
                continue
            near = article.views[max(0, index - 1) : index + 1]
            told = [
                d
                for d in drafts
                if d.view in near
                and d.status is Status.OWN
                and d.trigger.measure in (Measure.EXCHANGED, Measure.BODIES_RETURNED)
                and (d.view is not view or d.end <= hit.start)
            ]
            taken = any(d.view is view and d.start <= hit.start < d.end for d in drafts)
            if told and not taken and len([d for d in told if d.trigger.measure is told[-1].trigger.measure]) == 1:
                found.append(
                    replace(
                        told[-1],
                        view=view,
                        start=hit.start,
                        end=hit.end,
                        noun_end=hit.end,
                        rules=["bind.as_many", "status.own"],
                    )
                )
    return found


def _start(view: View) -> int:
    """Where the part of a sentence that tells of the bodies begins: behind a colon or a semicolon, or at once."""
    marks = [m.end() for m in re.finditer("[:;]", view.norm)]
    return marks[-1] if marks else 0


_BODIES = re.compile(
    r"\b(?:тела|тіла|прах|останки|рештки)(?: (?:погибших|обоих|всех|земляков|их|двоих|загиблих|обох|усіх))?\b"
)


def _their_bodies(article: Article, drafts: list[Draft]) -> list[Draft]:
    """As in "four fell at the crossing. The bodies were given up at the last exchange": as many bodies as fell."""
    found: list[Draft] = []
    for index, view in enumerate(article.views):
        given = [
            t
            for t in triggers_of(view.sentence, view.hits, article.lang)
            if t.measure is Measure.BODIES_RETURNED and t.form == "verb"
        ]
        if not given or not _BODIES.search(view.norm) or any(d.view is view and d.end > _start(view) for d in drafts):
            continue
        if not view.has("triggers.exchanged") and not re.search(
            r"обмен|обмін|сторон|выдан|видан|переда|вернули|отдали|віддали|повернули|репатри", view.norm
        ):
            continue
        fallen = [
            d
            for d in drafts
            if d.view in (view, article.views[index - 1] if index else view)
            and d.trigger.measure is Measure.KILLED
            and d.status is Status.OWN
        ]
        if len(fallen) == 1 and (fallen[0].low or 0) > 1:
            twin = replace(
                fallen[0], trigger=given[0], view=fallen[0].view, rules=["bind.their_bodies", "status.own"], parent=None
            )
            found.append(twin)
    return found


_ORDINALS = {
    3: re.compile(r"\bтрет(?:ий|ья|ьего|ью|ій|я|ього)\b"),
    4: re.compile(r"\b(?:четверт(?:ый|ая|ого|ую)|четверт(?:ий|а|ого|у))\b"),
    5: re.compile(r"\b(?:пят(?:ый|ая|ого|ую)|п'ят(?:ий|а|ого|у))\b"),
    6: re.compile(r"\b(?:шест(?:ой|ая|ого|ую)|шост(?:ий|а|ого|у))\b"),
}


def ordinals(drafts: list[Draft]) -> list[Draft]:
    """As in "three fell at once, the fourth died on the table": four fell, and both figures are parts of the four."""
    found: list[Draft] = []
    for draft in drafts:
        if draft.status is not Status.OWN or draft.low != 1 or not draft.rules[0].startswith("count."):
            continue
        norm = draft.view.norm[max(0, draft.start - 12) : draft.end]
        rank = next((n for n, pattern in _ORDINALS.items() if pattern.search(norm)), None)
        rest = next(
            (
                d
                for d in drafts
                if rank
                and d.low == d.high == rank - 1
                and d.trigger.measure is draft.trigger.measure
                and d.status is Status.OWN
                and abs(d.view.sentence.start - draft.view.sentence.start) < 300
            ),
            None,
        )
        if rank and rest is not None:
            whole = replace(
                rest, low=rank, high=rank, qualifier=Qualifier.EXACT, rules=["count.ordinal", "status.own"], parent=None
            )
            for part in (draft, rest):
                part.status, part.parent = Status.SUBSET, whole
                part.rules.append("status.part_of_ordinal")
            found.append(whole)
    return found
