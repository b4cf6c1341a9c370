"""How the figures of a document relate: status, parts, superseded figures, repeats."""

from __future__ import annotations

import re
from itertools import pairwise

from processing.detect.binding import Trigger
from processing.detect.draft import Draft
from processing.detect.status import Candidate, judge
from processing.detect.view import Article, View
from processing.models import Measure, Status

_CARE = re.compile(
    r"hospital|treat|intensive|больниц|лікарн|госпит|госпіт|шпитал|реаніма|реанима|медик|врач|хірург|хирург"
)


_IN_CARE_BEFORE = re.compile(
    r"\b(?:ушпитален\w*|госпіталізован\w*|госпитализирован\w*|hospitali[sz]ed)(?: (?:вже|уже|already))? $"
)


_WEAK = re.compile(
    r"(?:die|dying|dead|death|passed away|search|comb|looking|dig|sift|scour|no word|no trace|silence|nobody|no one|"
    r"los(?:t|e|es|ing) (?:track|sight|touch)|cut|bruis|fractur|broke|amputat|disappearance|vanish|found dead|drown|"
    r"suffocat|"
    r"(?:with|had|has|have|having|got|get|gets|suffer|sustain|receiv|escap|left|under|in|on|was|were|is|are|"
    r"admitted|treated|taken|rushed)"
    r"[^.]*?(?:injur|surgery|hospital|fractur|broken|cuts|bruis|concuss|burn|treat|care|condition|coma|ventilator|"
    r"ward|theatre)|"
    r"passed away|missing|went missing|disappear|vanish|погиб|загин|"
    r"умер|скончал|смерт|не стало|помер|зник|пропал|исчез|captured|seized|injur|пострада|"
    r"постражда|травм|hurt)"
)


_NOW = re.compile(r"\b(?:теперь|сейчас|уже|на самом деле|тепер|зараз|вже|насправді|now|in fact|actually)\b")
_AGO = re.compile(r"\b(?:назад|тому|ago)\b")


def set_status(article: Article, view: View, draft: Draft, drafts: list[Draft], triggers: list[Trigger]) -> None:
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
        implicit=draft.rules[0].startswith("count.") and draft.rules[0] not in ("count.beside", "count.together"),
        weak=bool(_WEAK.match(view.norm[draft.trigger.start : draft.trigger.end])),
        rule=draft.rules[0],
        word=(draft.trigger.start, draft.trigger.end),
    )
    draft.status, rule = judge(article, view, candidate)
    draft.rules.append(rule)


def _is_part(view: View, draft: Draft, drafts: list[Draft]) -> bool:
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


def _is_undivided(view: View, draft: Draft, drafts: list[Draft], triggers: list[Trigger]) -> bool:
    """As in "1,000 were killed and wounded": two fates, one figure."""
    if draft.trigger not in triggers:
        return False
    index = triggers.index(draft.trigger)
    for other in triggers[max(0, index - 1) : index] + triggers[index + 1 : index + 2]:
        if other.measure is draft.trigger.measure or any(d.trigger == other for d in drafts):
            continue
        first, second = sorted((draft.trigger, other), key=lambda t: t.start)
        gap = view.lexicon.common(view.norm[first.end : second.start])
        if re.fullmatch(r" (?:and|or|и|или|та|або|чи|й|і) ", gap) and {first.measure, second.measure} <= {
            Measure.KILLED,
            Measure.WOUNDED,
            Measure.MISSING,
        }:
            return True
    return False


_NO_PRIOR = re.compile(  # "from the capital: 15 hurt"; "a day earlier pagers maimed 2,800"
    r"\bfrom\| [^|]*:|\b(?:day|week|month|hour|night|year|minute|\w+day)s? (?:before|earlier)\|"
)


def _is_prior(view: View, draft: Draft, drafts: list[Draft]) -> bool:
    before = view.norm[max(0, draft.start - 60) : draft.start]
    if "not" in draft.marks:
        return True
    later = [
        d
        for d in drafts
        if d is not draft and d.trigger.measure is draft.trigger.measure and d.start > draft.start and d.parent is None
    ]
    rises = re.match(r"[^.;:]{0,44}?\b(?:to|до)\b", view.norm[draft.end : draft.end + 50])
    if later and rises and re.search(r"(?:\bfrom|\bс|\bз|\bіз|\bот|\bвід) $", before):
        return True
    hits = [
        h
        for h in view.all("prior")
        if h.start < draft.start
        and draft.start - h.end < (16 if view.norm[h.start : h.end] in ("from", "before") else 60)
        and not (view.lang == "en" and _NO_PRIOR.search(view.norm[: h.end] + "|" + view.norm[h.end : draft.start]))
        and not _updated(view, h.end, draft, drafts)
        and not (view.lang == "en" and _NOW.search(view.norm[h.end : draft.start]))
    ]
    if not hits:
        return False
    words = {view.norm[h.start : h.end] for h in hits}
    return bool(later) or any(
        w.startswith(("ранее", "раніше", "earlier", "previously", "initially", "первоначально", "спочатку"))
        for w in words
    )


def _updated(view: View, start: int, draft: Draft, drafts: list[Draft]) -> bool:
    """As in "earlier five were reported dead, now nine": the word of the past is spent on the figure before."""
    spent = [d for d in drafts if d.trigger.measure is draft.trigger.measure and start <= d.start < draft.start]
    return bool(spent) and _NOW.search(view.norm[spent[-1].end : draft.start]) is not None


def enemies_too(view: View, drafts: list[Draft]) -> None:
    """As in "3 guerrillas had been killed and 20 others injured": the rest of a list of enemy losses is one, too."""
    for before, draft in pairwise(drafts):
        contrast = re.search(
            r"\b(?:while|whereas|but|а|но|але|тогда|тоді|own)\b|;", view.norm[before.end : draft.start]
        )
        if "plus" in draft.marks:  # "34 officers killed; 105 other occupiers wounded"
            contrast = None
        if (
            before.status is Status.ENEMY_CLAIM
            and draft.status is Status.OWN
            and draft.group in ("military", "other", "unknown")
            and not contrast
        ):
            draft.status = Status.ENEMY_CLAIM
            draft.rules.append("status.enemy_list")
        elif (
            view.lang == "en"
            and draft.status is Status.ENEMY_CLAIM
            and before.status is Status.OWN
            and before.group in ("military", "unknown")
            and view.has("enemy.ua_speaker", "enemy.ru_speaker")
            and not contrast
            and not view.has("enemy.admits")
        ):
            before.status = Status.ENEMY_CLAIM
            before.rules.append("status.enemy_list")


def _has_own_incident(draft: Draft, drafts: list[Draft]) -> bool:
    """As in "three hurt at the shop. In the next village the husband was killed, the wife is in intensive care"."""
    return draft.rules[0].startswith("count.") and any(
        d.view is draft.view
        and d.trigger.measure is Measure.KILLED
        and d.status is Status.OWN
        and d.rules[0].startswith("count.")
        for d in drafts
    )


def patients(drafts: list[Draft]) -> None:
    """Those in hospital or in a grave state are part of the wounded, where the text counts the wounded too."""
    wounded = [d for d in drafts if d.trigger.measure is Measure.WOUNDED and d.status is Status.OWN]
    main = [
        d
        for d in wounded
        if d.trigger.form != "state"
        and not _CARE.search(d.view.norm[d.trigger.start : d.trigger.end])
        and not _IN_CARE_BEFORE.search(d.view.norm[: d.start])
    ]
    for draft in wounded:
        if draft in main or "plus" in draft.marks or _has_own_incident(draft, drafts):
            continue
        whole = next((m for m in main if (m.low or m.high or 0) >= (draft.low or draft.high or 0)), None)
        if whole is not None:
            draft.status, draft.parent = Status.SUBSET, draft.parent or whole
            draft.rules.append("status.patients")


_TOTAL = re.compile(
    r"\b(?:числ\w+|количеств\w+|список|кількіст\w+|toll|number|count|счет|рахунок|итого|всего|разом|усього)\b"
)
_FATES = (Measure.KILLED, Measure.WOUNDED, Measure.MISSING, Measure.CAPTURED)


def _opens_list(whole: Draft, part: Draft) -> bool:
    """A figure of several fates is a loss or stands before a colon; "four came home in zinc, three ..." is none."""
    gap = whole.view.norm[whole.end : part.start]
    return (
        whole.trigger.form in ("loss", "toll") or re.search(r"[:(—]| из них| of them| of whom| з них", gap) is not None
    )


def totals(drafts: list[Draft]) -> None:
    """As in "lost 35: 21 killed and 14 wounded" (no figure of its own), "the toll rose to seven; a body was found"."""
    own = [d for d in drafts if d.status is Status.OWN and d.trigger.measure in _FATES]
    for index, draft in enumerate(own):
        parts = [d for d in own[index + 1 : index + 5] if d.view is draft.view and d.low is not None]
        fates = {d.trigger.measure for d in parts}
        if (
            len(parts) > 1
            and len(fates) == len(parts)
            and sum(d.low or 0 for d in parts) == draft.low
            and _opens_list(draft, parts[0])
        ):
            draft.status = Status.HYPOTHETICAL
            draft.rules.append("status.sum_of_fates")
    for whole in own:
        if not _is_total(whole):
            continue
        for part in own:
            if (
                part.trigger.measure is Measure.KILLED
                and part.status is Status.OWN
                and part.view is not whole.view
                and part.view.sentence.field == "text"
                and (part.low or part.high or 0) < (whole.low or 0)
                and not _is_total(part)
                and "plus" not in part.marks
            ):
                part.status, part.parent = Status.SUBSET, whole
                part.rules.append("status.of_total")


def sums(drafts: list[Draft]) -> None:
    """As in "two at dawn and four at night, six in all": figures that add up to one beside them are its parts."""
    for whole in drafts:
        number = whole.low or 0
        if whole.status is not Status.OWN or whole.parent is not None or number < 3 or whole.low != whole.high:
            continue
        near = [
            d
            for d in drafts
            if d is not whole
            and d.trigger.measure is whole.trigger.measure
            and d.status is Status.OWN
            and d.parent is None
            and d.low is not None
            and d.low == d.high
            and abs(d.view.sentence.start - whole.view.sentence.start) < 400
            and d.rules[0] != "bind.series"
        ]
        index = drafts.index(whole)
        before, after = [d for d in near if drafts.index(d) < index], [d for d in near if drafts.index(d) > index]
        for run in (_adding_up(before[::-1], number), _adding_up(after, number)):
            for part in run:
                part.status, part.parent = Status.SUBSET, whole
                part.rules.append("status.adds_up")
            if run:
                break


def _adding_up(nearest_first: list[Draft], number: int) -> list[Draft]:
    total = 0
    for count, draft in enumerate(nearest_first, 1):
        total += draft.low or 0
        if total >= number:
            return nearest_first[:count] if total == number and count > 1 else []
    return []


_BODY = re.compile(r"\bbody\b|\bтело\b|\bтіло\b")


def bodies_within(drafts: list[Draft]) -> None:
    """As in "one more body was pulled from the rubble. Six were killed": the one is among the six that follow."""
    own = [d for d in drafts if d.status is Status.OWN and d.trigger.measure is Measure.KILLED]
    for draft in (d for d in own if d.low == 1 and _BODY.search(d.view.norm[max(0, d.start - 40) : d.end + 20])):
        end = draft.view.sentence.end
        whole = next((d for d in own if 0 <= d.view.sentence.start - end <= 3 and (d.low or 0) > 1), None)
        if whole is not None:
            draft.status, draft.parent = Status.SUBSET, whole
            draft.rules.append("status.of_total")


def _is_total(draft: Draft) -> bool:
    """A toll of the dead that says it has grown, or that it is a toll "already" or "now"."""
    view = draft.view
    if draft.trigger.measure is not Measure.KILLED or draft.status is not Status.OWN or not draft.low:
        return False
    rising = view.near(view.all("cues.rise"), draft.start, draft.end, 60)
    return rising and (draft.trigger.form in ("noun", "toll") or _TOTAL.search(view.norm) is not None)


def superseded(article: Article, drafts: list[Draft]) -> None:
    """As in "yesterday we wrote of six wounded. ... Wounded: 7": superseded once a later sentence counts anew."""
    revoked = article.has("cause.denial", "cues.denial", "cues.correction", "cues.retraction")
    for index, draft in enumerate(drafts):
        if draft.status is not Status.OWN:
            continue
        told = [h for h in draft.view.all("prior_report") if 0 <= draft.start - h.end < 40]
        later = [
            d
            for d in drafts[index + 1 :]
            if d.status is Status.OWN and d.trigger.measure is draft.trigger.measure and d.view is not draft.view
        ]
        if told and (later or revoked):
            draft.status = Status.PRIOR_FIGURE
            draft.rules.append("status.superseded")


_HIS_OWN = re.compile(r"\b(?:її|його|ее|его|their|his|her) (?:[\w-]+ )?$")


def _is_kin(draft: Draft) -> bool:
    """As in "его жену увезли в больницу": the pronoun says whose wife, it is she who is hurt."""
    norm = draft.view.norm
    return draft.start >= 0 and draft.view.lang != "en" and _HIS_OWN.search(norm[: draft.start]) is not None


def without_pronouns(drafts: list[Draft]) -> list[Draft]:
    """As in "the child did not survive. She had been wounded": the pronoun's wound is the death counted already."""
    deaths = [
        d
        for d in drafts
        if d.trigger.measure is Measure.KILLED and d.status is Status.OWN and d.rules[0].startswith("count.")
    ]

    def told(draft: Draft) -> bool:
        before = draft.view.norm[max(0, draft.trigger.start - 24) : draft.trigger.start]
        return (
            draft.trigger.measure is Measure.WOUNDED
            and draft.rules[0].startswith("count.")
            and any(d.view is not draft.view for d in deaths)
            and bool(re.search(r"\b(?:її|його|ее|его|him|her|she|he|вона|він|она|он)\b", before))
            and not _is_kin(draft)
        )

    return [d for d in drafts if not told(d)]


_BEFORE_THAT = re.compile(r"\b(?:прежде|ранее|раньше|до этого|раніше|доти|до того|earlier|previously|before that)\b")


def returned(drafts: list[Draft]) -> None:
    """Exchanged after a count of captured are some of them, though no "of them" says so."""
    for index, draft in enumerate(drafts):
        if draft.trigger.measure is not Measure.EXCHANGED or draft.status is not Status.OWN:
            continue
        if _BEFORE_THAT.search(draft.view.norm[: draft.start]):
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


def without_repeats(drafts: list[Draft]) -> list[Draft]:
    """The same measure and number said twice (title and text) is one claim: the one in the text."""
    kept: list[Draft] = []
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


def _same(a: Draft, b: Draft) -> bool:
    if a.view is b.view or a.trigger.measure is not b.trigger.measure or a.status is not b.status:
        return False
    if (a.low, a.high) != (b.low, b.high):
        return False
    return not (_AGO.search(a.view.norm) or _AGO.search(b.view.norm))
