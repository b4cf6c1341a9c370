"""Victims that binding left over: without a number, beside a number, told of twice."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

from processing.detect.binding import Binder, Bound, Trigger
from processing.detect.draft import DISCLOSING, Draft, numbered
from processing.detect.lexicon import Hit
from processing.detect.people import beside, named_before, unnumbered
from processing.detect.quantities import Quantity
from processing.detect.view import Article, View
from processing.models import Measure, Qualifier

_REVISED = re.compile(
    r"\b(?:признал\w*|уточнил\w*|назвал\w*|уже|теперь|визнал\w*|уточнил\w*|тепер|now|revised "
    r"to|settled on|put it at|raised it to|указан\w*|значится|вказано|зазначено|later) (?:\w+ ){0,2}$"
)


_SINGULAR_VERB = re.compile(
    r"(?:погиб|погибла|убит|убита|ранен|ранена|контужен|контужена|умер|умерла|загинув|загинула|вбитий|вбита|"
    r"поранений|поранена|помер|померла|was killed|was wounded)"
)
_GERUND = re.compile(r"(?:не|ні) \w{2,}(?:дя|ая|уя|ив|ав|ев|вши|вшись|ясь|учи|ючи|ячи|вшися)\b")
_RELATIVE = re.compile(r", (?:який|яка|яке|які|яких|якого|яку|котор\w+|who|which)\b[^,.;:]*$")
_WOUNDED_SO = re.compile(
    r"(?:,? (?!and\b|but\b|while\b)[\w'’-]+){0,10},?(?: (?:has|had|have|later|also|since|then|\w+day))* "
)
_WAS = re.compile(r"\b(?:was|were|is|are|been|being|got|left|has|had|have|and) (?:\w+ly )?$")
_CHAIN = re.compile(r"(?:(?: [^.;,]{0,50})?,? (?:and|и|та|й|і|а) (?:[\w'-]+ ){0,4}| )")


def with_names(view: View, drafts: list[Draft]) -> None:
    """As in "Кравчук, Мороз та ще троє бійців": the counted rest and those named before it are one figure."""
    if view.lang == "en" or len(drafts) != 1 or drafts[0].names:
        return
    draft = drafts[0]
    if not re.search(r"\b(?:ще|еще) (?:[\w-]+ )?$|^(?:ще|еще) ", view.norm[max(0, draft.start - 16) : draft.end]) and (
        "plus" not in draft.marks
    ):
        return
    if any(not h.tag.startswith(f"triggers.{draft.trigger.measure.value}") for h in view.all("triggers.")):
        return
    named = named_before(view, draft.start)
    if named and draft.low is not None and draft.low == draft.high:
        draft.low = draft.high = draft.low + named
        draft.rules.append("count.with_names")


def implicit(view: View, triggers: list[Trigger], quantities: list[Quantity], drafts: list[Draft]) -> list[Draft]:
    used = {d.trigger for d in drafts}
    drafts = list(drafts)
    taken = [(q.start, q.noun_end) for q in quantities]
    found: list[Draft] = []
    triggers = _without_attributes(view, triggers)
    for trigger in sorted(triggers, key=lambda t: _rank(view, t, triggers)):
        if trigger in used or is_negated(view, trigger) or _took_a_thing(view, trigger, quantities):
            continue
        if _mourns(view, trigger) and any(d.trigger.measure is Measure.KILLED for d in [*drafts, *found]):
            continue
        if trigger.form == "state" and any("both" in q.marks for q in quantities):
            continue
        low, high = _limits(view, triggers, trigger, used)
        if any(
            d.trigger.measure is trigger.measure and re.search(r":| — |\(", view.norm[d.end : trigger.start])
            for d in drafts
            if d.end < trigger.start
        ):
            continue
        people = unnumbered(view, trigger, taken, (low, high))
        if people is None or (drafts and any(0 <= people.start - h.end <= 24 for h in view.all("subset.before"))):
            continue
        taken.append(
            (min([people.start, *(h.start for h in view.all("one.") if 0 <= people.start - h.end <= 1)]), people.end)
        )
        used.add(trigger)
        found.append(
            Draft(
                view=view,
                trigger=trigger,
                start=people.start,
                end=people.end,
                low=people.count,
                high=people.count,
                qualifier=Qualifier.EXACT,
                group=people.group,
                rules=[people.rule],
                sure=0.75,
                names=people.names,
                noun_end=people.end,
            )
        )
    return found


_ATTRIBUTE = re.compile(
    r"(?:закатован|вбит|убит|загибл|полегл|розстрілян|замучен|замордован|страчен|збит)(?:ого|ої|их|ому|у)"
)


_MOURNING = re.compile(r"(?:по)?прощ|сум(?:ує|уємо|ують)|похов|похор|хова|провел|проводж|оплак|скорб|жалоб|співчув")


def _rank(view: View, trigger: Trigger, triggers: list[Trigger]) -> tuple[bool, bool, bool]:
    """Bodies given back first, then the dead, those only mourned for after those told to have died."""
    return (
        not _gives_back(view, trigger, triggers),
        trigger.measure is not Measure.KILLED,
        _mourns(view, trigger),
    )


def _mourns(view: View, trigger: Trigger) -> bool:
    """As in "Громада попрощалася з Героєм: сержант загинув під Авдіївкою": the same death, told and mourned."""
    return (
        view.lang == "uk"
        and trigger.measure is Measure.KILLED
        and _MOURNING.match(view.norm, trigger.start) is not None
    )


def _gives_back(view: View, trigger: Trigger, triggers: list[Trigger]) -> bool:
    """As in "передали тіло вчителя, закатованого в Ізюмі": the body came back, how he died only describes him."""
    return trigger.measure is Measure.BODIES_RETURNED and all(
        _ATTRIBUTE.fullmatch(view.norm[t.start : t.end]) for t in triggers if t.measure is Measure.KILLED
    )


def _took_a_thing(view: View, trigger: Trigger, quantities: list[Quantity]) -> bool:
    """As in "вбив 14 корів, а доярку оглушило": what it did is told of the things counted beside it."""
    if view.lang != "uk" or trigger.form == "noun" or trigger.measure is not Measure.KILLED:
        return False
    return any(
        q.counts == "other" and " " in (view.norm[trigger.end : q.start], view.norm[q.noun_end : trigger.start])
        for q in quantities
    )


def own_subjects(view: View, quantities: list[Quantity], drafts: list[Draft]) -> list[Draft]:
    """As in "at the first погибла продавщица, at the second — двое": the singular verb has a subject of its own."""
    found: list[Draft] = []
    for draft in drafts:
        t = draft.trigger
        if not draft.rules[0].startswith("bind.") or not _SINGULAR_VERB.fullmatch(view.norm[t.start : t.end]):
            continue
        if (draft.low or 0) < 2 or not re.search(
            r"[,;—]", view.norm[min(t.end, draft.start) : max(t.end, draft.start)]
        ):
            continue
        hit = next(
            (
                h
                for h in view.all("one.")
                if re.fullmatch(r" (?:[\w-]+ ){0,1}", view.norm[t.end : h.start] if h.start >= t.end else ".")
                or re.fullmatch(r" (?:[\w-]+ ){0,1}", view.norm[h.end : t.start] if h.end <= t.start else ".")
            ),
            None,
        )
        taken = [(q.start, q.noun_end) for q in quantities] + [(d.start, d.end) for d in drafts if d is not draft]
        if hit is None or any(a < hit.end and hit.start < b for a, b in taken):
            continue
        found.append(
            replace(
                draft,
                start=hit.start,
                end=hit.end,
                low=1,
                high=1,
                qualifier=Qualifier.EXACT,
                group=hit.tag.split(".")[1],
                rules=["count.own_subject"],
                sure=0.65,
                noun_end=hit.end,
                parent=None,
                marks=frozenset(),
            )
        )
    return found


def _limits(view: View, triggers: list[Trigger], trigger: Trigger, used: set[Trigger]) -> tuple[int, int]:
    """How far a victim may stand from a word of loss: up to the next one that tells of somebody else."""

    def bars(other: Trigger) -> bool:
        if other.measure is trigger.measure and other not in used:
            return False
        wound = trigger.measure is Measure.KILLED and other.measure is Measure.WOUNDED
        if wound and view.lang == "en" and _WOUNDED_SO.fullmatch(view.norm[other.end : trigger.start]):
            return bool(_WAS.search(view.norm[: other.start]))
        return not (wound and (other.form == "noun" or _RELATIVE.search(view.norm[: other.start])))

    low = max((t.end for t in triggers if t.start < trigger.start and bars(t)), default=0)
    high = min((t.start for t in triggers if t.start > trigger.start and bars(t)), default=len(view.norm))
    return low, high


def _without_attributes(view: View, triggers: list[Trigger]) -> list[Trigger]:
    """As in "померла поранена напередодні жінка": the wound describes the one who died."""
    kept: list[Trigger] = []
    for trigger in triggers:
        gap = view.norm[kept[-1].end : trigger.start] if kept else ","
        attribute = (
            trigger.measure is Measure.WOUNDED
            and kept
            and kept[-1].measure is Measure.KILLED
            and re.fullmatch(r" (?:[\w-]+ ){0,2}", gap)
            and not re.search(r"\b(?:and|и|та|й|і|а)\b", gap)
        )
        if not attribute:
            kept.append(trigger)
    return kept


def revised(view: View, quantities: list[Quantity], drafts: list[Draft]) -> list[Draft]:
    """As in "spoke of 63 dead at first, and has now admitted 89": the later figure has no word of loss of its own."""
    priors = [d for d in drafts if any(h.start < d.start and d.start - h.end < 60 for h in view.all("prior"))]
    if not priors:
        return []
    bound = {d.start for d in drafts}
    free = [
        q
        for q in quantities
        if q.start not in bound
        and q.counts in ("bare", "people")
        and q.start > priors[0].end
        and _REVISED.search(view.norm[: q.start])
    ]
    return [numbered(view, Bound(q, priors[0].trigger, 6.0, "bind.revised")) for q in free[:1]]


def both(
    article: Article, view: View, triggers: list[Trigger], quantities: list[Quantity], drafts: list[Draft]
) -> list[Draft]:
    """As in "both are in hospital": a number only where the sentence counts nobody else with that word of loss."""
    taken = {d.trigger.measure for d in drafts}
    free = [t for t in triggers if t.measure not in taken]
    bounds = Binder(view.sentence, [q for q in quantities if "both" in q.marks], free, view.lexicon).bind()
    return [numbered(view, bound) for bound in bounds]


def beside_counted(view: View, quantities: list[Quantity], drafts: list[Draft]) -> list[Draft]:
    found = []
    for draft in [
        d
        for d in drafts
        if d.rules[0].startswith("bind.") and d.trigger.measure in DISCLOSING and "subset" not in d.marks
    ]:
        hit = beside(view, draft.trigger, draft.noun_end, draft.start)
        if (
            hit is None
            or any(q.start < hit.end and q.noun_end > hit.start for q in quantities)
            or any(d.start < hit.end and d.end > hit.start for d in drafts)
        ):
            continue
        chain = _listed_before(view, hit) if hit.end < draft.start else [hit]
        more = replace(
            draft,
            start=chain[0].start,
            end=hit.end,
            low=len(chain),
            high=len(chain),
            qualifier=Qualifier.EXACT,
            group=hit.tag[4:],
            rules=["count.beside"],
            sure=0.6,
            noun_end=hit.end,
            parent=None,
        )
        found.append(more)
        if draft.low is not None and draft.low == draft.high and _as_one(view, draft, more):
            found.append(_together(draft, more))
    return found


def _as_one(view: View, counted: Draft, more: Draft) -> bool:
    """As in "a mother and two sons", "a couple and their carer"; "fourteen pupils and a teacher" are told apart."""
    joined = view.norm[counted.noun_end : more.start]
    return (
        view.lang != "en"
        or counted.low == 1
        or more.start < counted.start
        or re.search(r"\b(?:his|her|their)\b", joined) is not None
    )


def _together(counted: Draft, more: Draft) -> Draft:
    """As in "двое детей и их бабушка": three of one kind are lost, and the two and the one are parts of the three."""
    groups = {counted.group, more.group} - {"unknown"}
    whole = replace(
        counted,
        start=min(counted.start, more.start),
        end=max(counted.noun_end, more.end),
        low=(counted.low or 0) + (more.low or 0),
        high=(counted.low or 0) + (more.low or 0),
        group=groups.pop() if len(groups) == 1 else "unknown",
        rules=["count.together"],
        sure=0.65,
        noun_end=max(counted.noun_end, more.noun_end),
    )
    counted.parent = more.parent = whole
    return whole


def _listed_before(view: View, hit: Hit) -> list[Hit]:
    """As in "муж, жена и двое детей": the singular ones listed before the one beside the count."""
    chain = [hit]
    for other in sorted(view.all("one."), key=lambda h: -h.end):
        if other.end < chain[0].start and re.fullmatch(r", (?:[\w-]+ )?", view.norm[other.end : chain[0].start]):
            chain.insert(0, other)
    return chain


def chained(view: View, triggers: list[Trigger], quantities: list[Quantity], drafts: list[Draft]) -> list[Draft]:
    """As in "two pilots were wounded and taken prisoner": the second word of loss tells of the same people."""
    found: list[Draft] = []
    by_trigger = {d.trigger: d for d in drafts}
    for before, trigger in pairwise(triggers):
        draft = by_trigger.get(before)
        pair = {before.measure, trigger.measure}
        if draft is None or trigger in by_trigger or trigger.form not in ("verb", "active") or len(pair) == 1:
            continue
        if pair == {Measure.KILLED, Measure.WOUNDED} or is_negated(view, trigger) or draft.start > before.end:
            continue
        gap = view.lexicon.common(view.norm[before.end : trigger.start])
        if _CHAIN.fullmatch(gap) and not any(before.end <= q.start < trigger.start for q in quantities):
            twin = replace(draft, trigger=trigger, rules=["bind.same_people"], parent=None)
            by_trigger[trigger] = twin
            found.append(twin)
    return found


def without_fatal_wounds(view: View, drafts: list[Draft]) -> list[Draft]:
    """Wounded and then dead is dead: "мужчина с тяжелым ранением скончался"."""
    deaths = [d for d in drafts if d.trigger.measure is Measure.KILLED]

    def fatal(draft: Draft) -> bool:
        return (
            draft.trigger.measure is Measure.WOUNDED
            and "count.single" in draft.rules
            and any(
                draft.start == d.start
                or (
                    set(d.rules) & {"count.single", "count.verb", "count.names"}
                    and not re.search(
                        r"[.;:]",
                        view.norm[min(draft.trigger.end, d.trigger.end) : max(draft.trigger.start, d.trigger.start)],
                    )
                    and d.start >= draft.start
                    and not draft.trigger.end <= draft.start < d.trigger.start < d.start
                    and not re.search(
                        r"\b(?:and|и|та|а|ще|еще|another)\b",
                        view.norm[min(draft.trigger.end, d.trigger.end) : max(draft.trigger.start, d.trigger.start)],
                    )
                )
                for d in deaths
            )
        )

    return [d for d in drafts if not fatal(d)]


def is_negated(view: View, trigger: Trigger) -> bool:
    """As in "никто не пострадал", "убитых нет", "no casualties"."""
    start, end = view.clause(trigger.start, trigger.end)
    for hit in view.all("negation"):
        inside = start <= hit.start < end and not (trigger.start <= hit.start < trigger.end)
        if _GERUND.match(view.norm, hit.start) and not any(t.start == hit.end + 1 for t in view.all("triggers.")):
            continue
        if inside and re.search(r"\b(?:but|но|але)\b", view.lexicon.common(view.norm[hit.end : trigger.start])):
            continue
        if inside and (hit.end <= trigger.start or hit.start - trigger.end < 12):
            return True
    return False
