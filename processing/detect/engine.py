"""The cascade: gate, language, sentences, numbers, words of loss, binding, status, roles, dates, confidence."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise

from processing.detect import lexicon as lexicons
from processing.detect.attribution import find_speaker
from processing.detect.binding import Binder, Bound, Trigger, triggers_of
from processing.detect.dates import find_date
from processing.detect.groups import group_of
from processing.detect.people import beside, unnumbered
from processing.detect.quantities import Quantity, QuantityReader
from processing.detect.roles import find_roles
from processing.detect.scope import is_cumulative
from processing.detect.status import Candidate, judge
from processing.detect.text import language, sentences
from processing.detect.view import Article, View
from processing.models import (
    Claim,
    Confidence,
    DetectInput,
    Detection,
    Evidence,
    Group,
    Measure,
    Qualifier,
    Scope,
    Status,
)

DETECTOR_VERSION = "1"

_DISCLOSING = (Measure.KILLED, Measure.WOUNDED, Measure.MISSING, Measure.CAPTURED)


@dataclass(slots=True)
class _Draft:
    """A claim before the slots that the whole document decides."""

    view: View
    trigger: Trigger
    start: int
    end: int
    low: int | None
    high: int | None
    qualifier: Qualifier
    group: str
    rules: list[str]
    sure: float
    status: Status = Status.OWN
    parent: _Draft | None = None
    names: tuple[str, ...] = ()
    noun_end: int = 0
    marks: frozenset[str] = frozenset()


def detect(item: DetectInput) -> Detection:
    """Casualty claims of a text; never raises on any text."""
    lang = _language(item)
    whole = f"{item.title or ''}\n{item.text}"
    if not lexicons.load(lang).gate.search(whole.lower().replace("ё", "е").replace("’", "'").replace("ʼ", "'")):
        return Detection(id=item.id, lang=lang, disclosure=False, claims=())
    article = _article(item, lang)
    drafts = [draft for view in article.views for draft in _drafts(article, view)]
    drafts = _without_pronouns(drafts)
    _patients(drafts)
    _returned(drafts)
    drafts = _without_repeats(drafts)
    claims = tuple(_claim(article, drafts, draft) for draft in drafts)
    disclosure = any(
        c.status is Status.OWN and c.measure in _DISCLOSING and c.qualifier is not Qualifier.UNSPECIFIED for c in claims
    )
    return Detection(id=item.id, lang=lang, disclosure=disclosure, claims=claims)


def _language(item: DetectInput) -> str:
    given = (item.lang or "")[:2].lower()
    return given if given in lexicons.supported() else language(f"{item.title or ''} {item.text}")


def _article(item: DetectInput, lang: str) -> Article:
    lexicon = lexicons.load(lang)
    pieces = sentences(item.title, "title") if item.title else []
    pieces += sentences(item.text, "text")
    return Article(item, lang, lexicon, tuple(View(s, tuple(lexicon.matcher.scan(s.norm)), lexicon) for s in pieces))


def _drafts(article: Article, view: View) -> list[_Draft]:
    triggers = triggers_of(view.sentence, view.hits, article.lang)
    if not triggers:
        return []
    quantities = QuantityReader(view.sentence, view.hits, view.lexicon).read()
    bounds = Binder(view.sentence, [q for q in quantities if "both" not in q.marks], triggers, article.lang).bind()
    drafts = [_numbered(view, bound) for bound in bounds]
    for draft, bound in zip(drafts, bounds, strict=True):
        if bound.parent is not None:
            draft.parent = drafts[bound.parent]
    drafts += _implicit(view, triggers, quantities, drafts)
    drafts += _revised(view, quantities, drafts)
    drafts += _both(article, view, triggers, quantities, drafts)
    drafts += _beside(view, quantities, drafts)
    drafts += _chained(view, triggers, quantities, drafts)
    drafts = _without_fatal_wounds(view, drafts)
    drafts.sort(key=lambda d: d.start)
    for draft in drafts:
        draft.group = group_of(view, draft.group, draft.trigger.measure)
        _set_status(article, view, draft, drafts, triggers)
    _enemies_too(view, drafts)
    return drafts


def _enemies_too(view: View, drafts: list[_Draft]) -> None:
    """As in "3 guerrillas had been killed and 20 others injured": the rest of a list of enemy losses is one, too."""
    for before, draft in pairwise(drafts):
        contrast = re.search(
            r"\b(?:while|whereas|but|а|но|але|тогда|тоді|own)\b|;", view.norm[before.end : draft.start]
        )
        if (
            before.status is Status.ENEMY_CLAIM
            and draft.status is Status.OWN
            and draft.group in ("military", "other", "unknown")
            and not contrast
        ):
            draft.status = Status.ENEMY_CLAIM
            draft.rules.append("status.enemy_list")


_CARE = re.compile(r"hospital|treat|intensive|больниц|лікарн|госпит|госпіт|реаніма|реанима|медик|врач")


def _patients(drafts: list[_Draft]) -> None:
    """Those in hospital or in a grave state are part of the wounded, where the text counts the wounded too."""
    wounded = [d for d in drafts if d.trigger.measure is Measure.WOUNDED and d.status is Status.OWN]
    main = [
        d
        for d in wounded
        if d.trigger.form != "state" and not _CARE.search(d.view.norm[d.trigger.start : d.trigger.end])
    ]
    for draft in wounded:
        if draft in main or "plus" in draft.marks:
            continue
        whole = next((m for m in main if (m.low or m.high or 0) >= (draft.low or draft.high or 0)), None)
        if whole is not None:
            draft.status, draft.parent = Status.SUBSET, draft.parent or whole
            draft.rules.append("status.patients")


def _without_pronouns(drafts: list[_Draft]) -> list[_Draft]:
    """As in "the child did not survive. She had been wounded": the pronoun's wound is the death counted already."""
    deaths = [d for d in drafts if d.trigger.measure is Measure.KILLED and d.rules[0].startswith("count.")]

    def told(draft: _Draft) -> bool:
        before = draft.view.norm[max(0, draft.trigger.start - 24) : draft.trigger.start]
        return (
            draft.trigger.measure is Measure.WOUNDED
            and draft.rules[0].startswith("count.")
            and any(d.view is not draft.view for d in deaths)
            and bool(re.search(r"\b(?:її|його|ее|его|him|her|she|he|вона|він|она|он)\b", before))
        )

    return [d for d in drafts if not told(d)]


def _returned(drafts: list[_Draft]) -> None:
    """Exchanged after a count of captured are some of them, though no "of them" says so."""
    for index, draft in enumerate(drafts):
        if draft.trigger.measure is not Measure.EXCHANGED or draft.status is not Status.OWN:
            continue
        whole = next(
            (
                d
                for d in reversed(drafts[:index])
                if d.trigger.measure is Measure.CAPTURED
                and d.status is Status.OWN
                and (d.low or d.high or 0) >= (draft.low or draft.high or 0)
            ),
            None,
        )
        if whole is not None:
            draft.status, draft.parent = Status.SUBSET, whole
            draft.rules.append("status.of_captured")


def _numbered(view: View, bound: Bound) -> _Draft:
    q = bound.quantity
    return _Draft(
        view=view,
        trigger=bound.trigger,
        start=q.start,
        end=q.end,
        low=q.low,
        high=q.high,
        qualifier=q.qualifier,
        group=q.group or "unknown",
        rules=[bound.rule],
        sure=max(0.5, 0.95 - 0.03 * bound.cost),
        noun_end=q.noun_end,
        marks=q.marks,
    )


def _implicit(view: View, triggers: list[Trigger], quantities: list[Quantity], drafts: list[_Draft]) -> list[_Draft]:
    used = {d.trigger for d in drafts}
    drafts = list(drafts)
    taken = [(q.start, q.noun_end) for q in quantities]
    found: list[_Draft] = []
    triggers = _without_attributes(view, triggers)
    for trigger in sorted(triggers, key=lambda t: t.measure is not Measure.KILLED):
        if trigger in used or is_negated(view, trigger):
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
            _Draft(
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


_REVISED = re.compile(
    r"\b(?:признал\w*|уточнил\w*|назвал\w*|уже|теперь|визнал\w*|уточнил\w*|тепер|now|revised "
    r"to|settled on|put it at|raised it to|later) (?:\w+ ){0,2}$"
)


def _revised(view: View, quantities: list[Quantity], drafts: list[_Draft]) -> list[_Draft]:
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
    return [_numbered(view, Bound(q, priors[0].trigger, 6.0, "bind.revised")) for q in free[:1]]


def _both(
    article: Article, view: View, triggers: list[Trigger], quantities: list[Quantity], drafts: list[_Draft]
) -> list[_Draft]:
    """As in "both are in hospital": a number only where the sentence counts nobody else with that word of loss."""
    taken = {d.trigger.measure for d in drafts}
    free = [t for t in triggers if t.measure not in taken]
    bounds = Binder(view.sentence, [q for q in quantities if "both" in q.marks], free, article.lang).bind()
    return [_numbered(view, bound) for bound in bounds]


def _beside(view: View, quantities: list[Quantity], drafts: list[_Draft]) -> list[_Draft]:
    found = []
    for draft in [
        d
        for d in drafts
        if d.rules[0].startswith("bind.") and d.trigger.measure in _DISCLOSING and "subset" not in d.marks
    ]:
        hit = beside(view, draft.noun_end, draft.start)
        if (
            hit is None
            or any(q.start < hit.end and q.noun_end > hit.start for q in quantities)
            or any(d.start < hit.end and d.end > hit.start for d in drafts)
        ):
            continue
        found.append(
            replace(
                draft,
                start=hit.start,
                end=hit.end,
                low=1,
                high=1,
                qualifier=Qualifier.EXACT,
                group=hit.tag[4:],
                rules=["count.beside"],
                sure=0.6,
                noun_end=hit.end,
                parent=None,
            )
        )
    return found


def _limits(view: View, triggers: list[Trigger], trigger: Trigger, used: set[Trigger]) -> tuple[int, int]:
    """How far a victim may stand from a word of loss: up to the next one that tells of somebody else."""

    def bars(other: Trigger) -> bool:
        if other.measure is trigger.measure and other not in used:
            return False
        return not (trigger.measure is Measure.KILLED and other.measure is Measure.WOUNDED and other.form == "noun")

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
            and re.fullmatch(r" (?:[\w-]+ )?", gap)
            and not re.search(r"\b(?:and|и|та|й|а)\b", gap)
        )
        if not attribute:
            kept.append(trigger)
    return kept


_WEAK = re.compile(
    r"(?:die|dying|dead|death|passed away|missing|went missing|disappear|vanish|погиб|загин|"
    r"умер|скончал|смерт|не стало|помер|зник|пропал|исчез|captured|seized|injur|пострада|"
    r"постражда|травм|hurt)"
)
_CHAIN = re.compile(r"(?:,? (?:and|и|та|й|і|а) (?:[\w'-]+ ){0,4}| )")


def _chained(view: View, triggers: list[Trigger], quantities: list[Quantity], drafts: list[_Draft]) -> list[_Draft]:
    """As in "two pilots were wounded and taken prisoner": the second word of loss tells of the same people."""
    found: list[_Draft] = []
    by_trigger = {d.trigger: d for d in drafts}
    for before, trigger in pairwise(triggers):
        draft = by_trigger.get(before)
        pair = {before.measure, trigger.measure}
        if draft is None or trigger in by_trigger or trigger.form not in ("verb", "active") or len(pair) == 1:
            continue
        if pair == {Measure.KILLED, Measure.WOUNDED} or is_negated(view, trigger) or draft.start > before.end:
            continue
        gap = view.norm[before.end : trigger.start]
        if _CHAIN.fullmatch(gap) and not any(before.end <= q.start < trigger.start for q in quantities):
            twin = replace(draft, trigger=trigger, rules=["bind.same_people"], parent=None)
            by_trigger[trigger] = twin
            found.append(twin)
    return found


def _without_fatal_wounds(view: View, drafts: list[_Draft]) -> list[_Draft]:
    """Wounded and then dead is dead: "мужчина с тяжелым ранением скончался"."""
    deaths = [d for d in drafts if d.trigger.measure is Measure.KILLED]

    def fatal(draft: _Draft) -> bool:
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
        if inside and (hit.end <= trigger.start or hit.start - trigger.end < 12):
            return True
    return False


def _set_status(article: Article, view: View, draft: _Draft, drafts: list[_Draft], triggers: list[Trigger]) -> None:
    start, end = min(draft.start, draft.trigger.start), max(draft.noun_end, draft.end, draft.trigger.end)
    candidate = Candidate(
        measure=draft.trigger.measure,
        group=None if draft.group == "unknown" else draft.group,
        form=draft.trigger.form,
        start=start,
        end=end,
        noun_start=draft.start,
        noun_end=max(draft.noun_end, draft.end),
        number=draft.low or draft.high or 1,
        single="count.single" in draft.rules,
        part=_is_part(view, draft, drafts),
        prior=_is_prior(view, draft, drafts),
        undivided=_is_undivided(view, draft, drafts, triggers),
        implicit=draft.rules[0].startswith("count.") and draft.rules[0] != "count.beside",
        weak=bool(_WEAK.match(view.norm[draft.trigger.start : draft.trigger.end])),
        rule=draft.rules[0],
    )
    draft.status, rule = judge(article, view, candidate)
    draft.rules.append(rule)


def _is_part(view: View, draft: _Draft, drafts: list[_Draft]) -> bool:
    if draft.parent is not None:
        return draft.parent.trigger.measure is draft.trigger.measure or draft.trigger.measure is Measure.EXCHANGED
    return (
        "subset" in draft.marks
        and draft.trigger.measure in (Measure.WOUNDED, Measure.KILLED)
        and re.search(
            r"(?:среди|серед|among) (?:\w+ ){1,2}(?:\w+ )?(?:\w+ )?$", view.norm[max(0, draft.start - 45) : draft.start]
        )
        is not None
    )


def _is_undivided(view: View, draft: _Draft, drafts: list[_Draft], triggers: list[Trigger]) -> bool:
    """As in "1,000 were killed and wounded": two fates, one figure."""
    index = triggers.index(draft.trigger)
    for other in triggers[max(0, index - 1) : index] + triggers[index + 1 : index + 2]:
        if other.measure is draft.trigger.measure or any(d.trigger == other for d in drafts):
            continue
        first, second = sorted((draft.trigger, other), key=lambda t: t.start)
        gap = view.norm[first.end : second.start]
        if re.fullmatch(r" (?:and|or|и|или|та|або|чи|й) ", gap) and {first.measure, second.measure} <= {
            Measure.KILLED,
            Measure.WOUNDED,
            Measure.MISSING,
        }:
            return True
    return False


def _is_prior(view: View, draft: _Draft, drafts: list[_Draft]) -> bool:
    before = view.norm[max(0, draft.start - 60) : draft.start]
    if "not" in draft.marks:
        return True
    later = [
        d
        for d in drafts
        if d is not draft and d.trigger.measure is draft.trigger.measure and d.start > draft.start and d.parent is None
    ]
    if later and re.search(r"(?:\bfrom|\bс|\bз|\bіз|\bот|\bвід) $", before):
        return True
    hits = [h for h in view.all("prior") if h.start < draft.start and draft.start - h.end < 60]
    if not hits:
        return False
    words = {view.norm[h.start : h.end] for h in hits}
    return bool(later) or any(
        w.startswith(("ранее", "раніше", "earlier", "previously", "initially", "первоначально", "спочатку"))
        for w in words
    )


def _without_repeats(drafts: list[_Draft]) -> list[_Draft]:
    """The same measure and number said twice (title and text) is one claim: the one in the text."""
    kept: list[_Draft] = []
    for draft in drafts:
        twin = next((k for k in kept if _same(k, draft)), None)
        if twin is None:
            kept.append(draft)
        elif draft.status is Status.OWN and twin.view.sentence.field == "title" and draft.view.sentence.field == "text":
            if draft.group == "unknown":
                draft.group = twin.group
            kept[kept.index(twin)] = draft
            for other in kept:
                if other.parent is twin:
                    other.parent = draft
    return kept


_AGO = re.compile(r"\b(?:назад|тому|ago)\b")


def _same(a: _Draft, b: _Draft) -> bool:
    if a.view is not b.view and (_AGO.search(a.view.norm) or _AGO.search(b.view.norm)):
        return False
    return (
        a.trigger.measure is b.trigger.measure
        and (a.low, a.high) == (b.low, b.high)
        and a.status is b.status
        and (a.view.sentence.field != b.view.sentence.field or a.view is not b.view)
    )


def _claim(article: Article, drafts: list[_Draft], draft: _Draft) -> Claim:
    view = draft.view
    roles = find_roles(
        article, view, min(draft.start, draft.trigger.start), max(draft.end, draft.trigger.end), draft.group
    )
    speaker = find_speaker(article, view)
    day, day_sure = find_date(article, view)
    sentence = view.sentence
    return Claim(
        measure=draft.trigger.measure,
        min=draft.low,
        max=draft.high,
        qualifier=draft.qualifier,
        raw=sentence.raw[draft.start : draft.end],
        group=Group(draft.group),
        scope=Scope.CUMULATIVE if is_cumulative(article, view) else Scope.INCIDENT,
        status=draft.status,
        subset_of=drafts.index(draft.parent) if draft.parent in drafts else None,
        place=roles.place,
        place_region=roles.place_region,
        origin_region=roles.origin_region,
        attribution=speaker.attribution,
        event_date=day,
        evidence=Evidence(text=sentence.raw, start=sentence.start, end=sentence.end, field=sentence.field),
        count_evidence=Evidence(
            text=sentence.raw[draft.start : draft.end],
            start=sentence.start + draft.start,
            end=sentence.start + draft.end,
            field=sentence.field,
        ),
        confidence=Confidence(count=draft.sure, region=roles.sure, attribution=speaker.sure, date=day_sure),
        rules=tuple(draft.rules),
        names=draft.names,
        cues=_cues(view),
    )


def _cues(view: View) -> tuple[str, ...]:
    return tuple(name for name in ("rise", "correction", "denial", "retraction", "final") if view.has(f"cues.{name}"))
