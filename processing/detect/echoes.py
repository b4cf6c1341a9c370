"""Figures without a word of loss of their own: "the correct figure is six", "there are now nine", "103 a side"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from processing.detect.binding import Bound, Trigger, triggers_of
from processing.detect.draft import Draft, numbered
from processing.detect.lexicon import Hit
from processing.detect.people import names_of
from processing.detect.quantities import Quantity
from processing.detect.view import Article, View
from processing.models import Measure, Qualifier, Status

_GAP = re.compile(r"\W{0,3}(?:[^\W\d]+ ){0,2}")


def echoed(article: Article, drafts: list[Draft]) -> list[Draft]:
    """The figures that a phrase of `echo` opens take the measure of the figure told before them."""
    found: list[Draft] = []
    for view in article.views:
        hits = view.all("echo.")
        if not hits:
            continue
        before = [d for d in drafts if _is_before(article, d, view, hits[0])]
        if before:
            found += _from_hits(view, hits, before, [d for d in drafts if d.view is view])
    return found


def _is_before(article: Article, draft: Draft, view: View, hit: Hit) -> bool:
    if draft.view is view:
        return draft.end <= hit.start
    return article.views.index(draft.view) < article.views.index(view)


def _from_hits(view: View, hits: list[Hit], before: list[Draft], here: list[Draft]) -> list[Draft]:
    found: list[Draft] = []
    quantities = view.quantities
    for hit in hits:
        quantity = next((q for q in quantities if _opens(view, hit, q)), None)
        if quantity is None:
            continue
        bound = next((d for d in here + found if d.start < quantity.end and quantity.start < d.end), None)
        if bound is not None:
            if bound.status is Status.SUBSET:
                bound.status, bound.parent = Status.OWN, None
                bound.rules.append("status.of_echo")
            _supersede(hit, bound, [d for d in before if d is not bound])
            continue
        draft = _echo(view, hit, quantity, before[-1])
        _supersede(hit, draft, before)
        found.append(draft)
    return found


def _opens(view: View, hit: Hit, q: Quantity) -> bool:
    of_them = view.norm[q.end :].startswith((" of them", " из них", " з них", " із них"))
    if (q.counts not in ("bare", "people") and not of_them) or q.start < hit.end:
        return False
    return _GAP.fullmatch(view.norm[hit.end : q.start]) is not None


def _echo(view: View, hit: Hit, quantity: Quantity, told: Draft) -> Draft:
    trigger = Trigger(told.trigger.measure, "toll", hit.start, hit.end)
    draft = numbered(view, Bound(quantity, trigger, 6.0, "bind.echo"))
    draft.status = Status.OWN if told.status in (Status.PRIOR_FIGURE, Status.SUBSET) else told.status
    draft.rules.append("status.of_echo")
    if draft.group == "unknown":
        draft.group = told.group
    return draft


def _supersede(hit: Hit, draft: Draft, before: list[Draft]) -> None:
    """A correction replaces the figure before it; a new level holds the few that were added."""
    for told in before:
        if told.trigger.measure is not draft.trigger.measure or told.status is not Status.OWN:
            continue
        if hit.tag == "echo.corrects" and told.low != draft.low:
            told.status = Status.PRIOR_FIGURE
            told.rules.append("status.corrected")
        elif ("plus" in told.marks or hit.tag == "echo.level") and (told.low or 0) < (draft.low or 0):
            told.status, told.parent = Status.SUBSET, draft
            told.rules.append("status.of_level")


def contested(article: Article, drafts: list[Draft]) -> list[Draft]:
    """As in "the governor has so far mentioned only two", "профспілка — троє": another speaker's figure of the same."""
    found: list[Draft] = []
    for index, view in enumerate(article.views):
        told = [d for d in drafts if d.view in article.views[max(0, index - 2) : index + 1]]
        told = [d for d in told if d.status in (Status.OWN, Status.ENEMY_CLAIM) and d.parent is None]
        if not told:
            continue
        for q in view.quantities:
            if any(d.view is view and d.start < q.noun_end and q.start < d.end for d in drafts):
                continue
            before = [d for d in told if d.view is not view or d.end <= q.start]
            if not before or _has_word_of_its_own(view, q):
                continue
            rule = "other_side" if _is_received(view, q, before[-1]) else "contested" if _is_said(view, q) else None
            if rule is None:
                continue
            trigger = Trigger(before[-1].trigger.measure, "toll", q.start, q.start)
            draft = numbered(view, Bound(q, trigger, 8.0, f"bind.{rule}"))
            draft.status, draft.group = before[-1].status, before[-1].group
            draft.rules.append(f"status.of_{rule}")
            if rule == "contested":
                _set_older(view, q, before[-1], draft)
            found.append(draft)
    return found


_NONE_LEFT = re.compile(
    r"(?:^|; |, |\b(?:and|but) )(?:neither|none|nobody|no one|not one|not a soul)(?: of them| of the \w+)?"
    r"(?: was| had| has)?(?: ever)? (?:survived?|(?:made it|got|came|come|crawled|climbed|brought|"
    r"pulled) (?:out|back|home)|lived|returned|escaped|left it alive)\b"
)
_INSIDE = re.compile(r"there (?:were|had been) |[^.;]{0,40}\b(?:inside|aboard|on board|in it)\b")


def none_left(article: Article, drafts: list[Draft]) -> list[Draft]:
    """As in "Two cousins were on the roof when the round landed. Neither survived.": those told of before are dead."""
    if article.lang != "en":
        return []
    for index, view in enumerate(article.views):
        match = _NONE_LEFT.search(view.norm)
        if match is None or any(d.view is view and d.trigger.measure is Measure.KILLED for d in drafts):
            continue
        near = [(view, 0, match.start())]
        near += [(v, 0, len(v.norm)) for v in article.views[max(0, index - 1) : index][::-1]]
        near += [(v, 0, len(v.norm)) for v in article.views[index + 1 : index + 2] if _INSIDE.match(v.norm)]
        for other, low, high in near:
            quantities = other.quantities
            people = [
                q
                for q in quantities
                if q.counts == "people" and low <= q.start and q.end <= high and not q.marks & {"kin", "not", "subset"}
            ]
            shares = [
                q for q in quantities if people and "of" in q.marks and 0 < people[-1].start - q.end < 30
            ]  # "52 of the village's 330 inhabitants"
            people += shares[-1:]
            taken = [d for d in drafts if d.view is other]
            if people and not any(d.start < q.end and q.start < d.end for d in taken for q in people[-1:]):
                draft = numbered(
                    other,
                    Bound(people[-1], Trigger(Measure.KILLED, "verb", *_at(other, view, match)), 8.0, "bind.none_left"),
                )
                return [draft]
    return []


_PRONOUN = re.compile(r"(?:he|she) (?:(?:was|had|has|been|also|then|later|\w+ly) ){0,3}")


def pronominal(article: Article, drafts: list[Draft]) -> list[Draft]:
    """As in "Farewell to Sergeant K. He fell near Vovchansk.": the one named in the sentence before."""
    if article.lang != "en":
        return []
    for before, view in pairwise(article.views):
        opening = _PRONOUN.match(view.norm)
        if opening is None or before.sentence.field != view.sentence.field:
            continue
        trigger = next(
            (t for t in triggers_of(view.sentence, view.hits, "en") if t.form == "verb" and t.start == opening.end()),
            None,
        )
        if trigger is None or trigger.measure not in (Measure.KILLED, Measure.CAPTURED, Measure.MISSING):
            continue
        if any(d.trigger.measure is trigger.measure or d.view is view for d in drafts):
            continue
        names, ones = names_of(before), before.all("one.")
        if not names and not ones:
            continue
        groups = [h.tag.split(".")[1] for h in before.all("one.", "persons.") if not h.tag.endswith("unknown")]
        draft = Draft(
            view=view,
            trigger=trigger,
            start=0,
            end=opening.group().index(" "),
            low=1,
            high=1,
            qualifier=Qualifier.EXACT,
            group="military" if "military" in groups else groups[0] if groups else "unknown",
            rules=["count.pronoun"],
            sure=0.6,
            noun_end=opening.group().index(" "),
        )
        return [draft]
    return []


def _at(other: View, view: View, match: re.Match[str]) -> tuple[int, int]:
    return match.span() if other is view else (0, 0)


_NOW = re.compile(r"\b(?:уже|вже|теперь|тепер|нині|сейчас|зараз|now|already|today)(?: (?:их|їх|it is|there are))? $")
_THEN = re.compile(
    r"\b(?:было|були|було|were|was|ago|назад|тому|earlier|before|раньше|раніше|ранее|вчера|учора|вчора|yesterday) $"
)


def _set_older(view: View, q: Quantity, told: Draft, new: Draft) -> None:
    """Of two levels the older is superseded: "64, and now 65"; "158; a month ago it was 149"."""
    if told.trigger.measure is not new.trigger.measure or told.status is not Status.OWN:
        return
    once = _THEN.search(view.norm[: q.start]) or any(0 <= q.start - h.end < 30 for h in view.all("prior"))
    older = told if _NOW.search(view.norm[: q.start]) else new if once else None
    if older is not None:
        older.status = Status.PRIOR_FIGURE
        older.rules.append("status.older_level")


_SPEAKERS = ("attribution.offices", "attribution.institutions", "attribution.verbs", "attribution.by")
_SAYS = re.compile(
    r"(?: (?:has|have|had|so far|только|лише|тільки|only|just|пока|поки|говорит|говорят|каже|кажуть|speaks?|of|о|про|"
    r"puts?|the|number|figure|at|it|confirm\w*|подтвержд\w*|підтвердж\w*|mention\w*|называ\w+|назива\w+|counts?|"
    r"насчит\w+|"
    r"нараховує|admits?|acknowledg\w*|признал\w*|визнал\w*|insists?|on|all|all of|не более|that)|:| —| -|,)*[ «\"]*"
)
_SAID_AFTER = re.compile(
    r"(?: (?:people|men|человек|осіб|людей))?(?:$|[.!;»\"]|, (?:and|а|але|но|but|says?|said|сообщ|каже)\b|, )"
)


_RECEIVED = re.compile(
    r"\b(?:received|got|gave|got back|handed over|takes?|took|получил\w*|передал\w*|забрал\w*|отримал\w*|повернул\w*|"
    r"kyiv|moscow|russia|ukraine|киев\w*|москв\w*|росси\w*|украин\w*|київ|москва|росія|україна|сторон\w*|side|"
    r"взамен|натомість|навзаєм|in return)(?: (?:back|got|home|gets|получ\w+|отрим\w+|передан\w*|передал\w*))?"
    r"(?: —|:|,)? (?:about |около |близько )?$"
)


def _is_received(view: View, q: Quantity, told: Draft) -> bool:
    """As in "27 bodies were returned to Russia; Kyiv received 1,000": what the other side got."""
    return (
        told.trigger.measure in (Measure.EXCHANGED, Measure.BODIES_RETURNED)
        and q.counts in ("bare", "people")
        and not q.marks & {"of", "subset", "total"}
        and _RECEIVED.search(view.norm[: q.start]) is not None
        and re.match(r"(?: (?:bodies|people|men|тел\w*|тіл\w*|человек|осіб))?(?:$|[.,;!])", view.norm[q.noun_end :])
        is not None
    )


def _is_said(view: View, q: Quantity) -> bool:
    if q.counts not in ("bare", "people") or q.marks & {"of", "subset", "total", "kin", "from", "by"}:
        return False
    if not _SAID_AFTER.match(view.norm, q.noun_end):
        return False
    return any(
        h.end <= q.start and q.start - h.end < 60 and _SAYS.fullmatch(view.norm[h.end : q.start])
        for h in view.all(*_SPEAKERS)
    ) or any(
        0 <= h.start - q.noun_end <= 3 and view.norm[q.noun_end : h.start].strip(" ") in (",", "—")
        for h in view.all("attribution.verbs", "attribution.by")
    )


def _has_word_of_its_own(view: View, q: Quantity) -> bool:
    start, end = view.clause(q.start, q.noun_end)
    return any(start <= h.start < end for h in view.all("triggers.", "objects"))


_SO_MANY = re.compile(
    r"\b(?:стільки|столько)(?! (?:ж|же|само|жив|коштів|грошей|денег|час|років|лет|раз|разів|сил))(?: (?:людей|осіб|"
    r"жителів|"
    r"мешканців|українців|загиблих|поранених|зниклих|військових|бійців|воїнів|человек|жителей|погибших|раненых|бойцов|"
    r"военных))?\b"
)


def so_many(article: Article, view: View, triggers: Sequence[Trigger], drafts: list[Draft]) -> list[Draft]:
    """As in "Already five. So many people were killed": the number stands before the fate and has none of its own."""
    match = _SO_MANY.search(view.norm) if article.lang != "en" else None
    if match is None or re.search(r"\?", view.norm[match.end() :]):
        return []
    inside = [t for t in triggers if abs(t.start - match.end()) < 40 and t not in {d.trigger for d in drafts}]
    index = article.views.index(view)
    for other in (view, *article.views[max(0, index - 1) : index]):
        found = [
            q
            for q in other.quantities
            if q.counts in ("bare", "people")
            and (other is not view or q.noun_end <= match.start())
            and (other is view or not other.has("triggers."))
            and not any(d.view is other and d.start < q.end and q.start < d.end for d in drafts)
        ]
        if found and inside:
            trigger = min(inside, key=lambda t: abs(t.start - match.end()))
            draft = numbered(view, Bound(found[-1], trigger, 6.0, "bind.so_many"))
            draft.start, draft.end, draft.noun_end = match.start(), match.end(), match.end()
            return [draft]
    return []


def mirrored(view: View, drafts: list[Draft]) -> list[Draft]:
    """As in "103 from each side", "116 for 116": as many again, exchanged the other way."""
    found: list[Draft] = []
    for draft in drafts:
        if draft.trigger.measure is not Measure.EXCHANGED or draft.low is None:
            continue
        after = view.norm[draft.noun_end : draft.noun_end + 24]
        again = re.match(r"\W*(?:for|на|за) (\d+)", after)
        sides = view.near(view.all("each_side"), draft.start, max(draft.noun_end, draft.end), 30)
        twice = any(d is not draft and d.trigger.measure is Measure.EXCHANGED for d in drafts)
        if not twice and (sides or (again and int(again.group(1)) == draft.low)):
            found.append(replace(draft, rules=["bind.mirrored"]))
    return found


def within_toll(drafts: list[Draft]) -> None:
    """As in "two further bodies, bringing the toll to nine": those added are part of the toll."""
    for toll in drafts:
        if toll.trigger.form != "toll" or toll.status is not Status.OWN:
            continue
        for draft in drafts:
            added = "plus" in draft.marks and (draft.low or 0) < (toll.low or 0)
            if added and draft.trigger.measure is toll.trigger.measure and draft.status is Status.OWN:
                draft.status, draft.parent = Status.SUBSET, toll
                draft.rules.append("status.of_toll")
