"""The cascade: gate, language, sentences, numbers, words of loss, binding, status, roles, dates, confidence."""

from __future__ import annotations

from processing.detect import lexicon as lexicons
from processing.detect.attribution import find_speaker
from processing.detect.binding import Binder, triggers_of
from processing.detect.confidence import class_features, count_features, region_features, sure
from processing.detect.dates import find_date
from processing.detect.draft import DISCLOSING, Draft, numbered
from processing.detect.echoes import contested, echoed, mirrored, none_left, pronominal, so_many, within_toll
from processing.detect.ellipsis import left_out, ordinals
from processing.detect.groups import group_of, side_of
from processing.detect.relations import (
    bodies_within,
    enemies_too,
    patients,
    returned,
    set_status,
    sums,
    superseded,
    totals,
    without_pronouns,
    without_repeats,
)
from processing.detect.roles import find_roles
from processing.detect.rolls import rolled_on
from processing.detect.scope import is_cumulative
from processing.detect.text import fold, sentences
from processing.detect.uniforms import share_groups
from processing.detect.victims import (
    beside_counted,
    both,
    chained,
    implicit,
    own_subjects,
    revised,
    with_names,
    without_fatal_wounds,
)
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

Judged = tuple[Claim, dict[str, frozenset[str]]]
_MOST_CLAIMS = 200  # a text with more is a table or debris


def detect(item: DetectInput) -> Detection:
    """Casualty claims of a text; never raises on any text."""
    lang = _language(item)
    claims = tuple(claim for claim, _ in _judged(_article(item, lang)))
    disclosure = any(
        c.status is Status.OWN and c.measure in DISCLOSING and c.qualifier is not Qualifier.UNSPECIFIED for c in claims
    )
    return Detection(id=item.id, lang=lang, disclosure=disclosure, claims=claims)


def judged(item: DetectInput) -> list[Judged]:
    """Every claim with the features its confidence was computed from, by slot."""
    return _judged(_article(item, _language(item)))


def _judged(article: Article) -> list[Judged]:
    drafts: list[Draft] = []
    telling = [view for view in article.views if article.lexicon.losses.finds(view.norm)]
    if not telling:
        return []
    for view in telling:
        drafts += _drafts(article, view)
        if len(drafts) > _MOST_CLAIMS:
            break
    drafts += echoed(article, drafts)
    drafts += contested(article, drafts)
    for draft in [*none_left(article, drafts), *pronominal(article, drafts)]:
        set_status(article, draft.view, draft, [draft], [draft.trigger])
        drafts.append(draft)
    drafts += rolled_on(article, drafts)
    drafts += left_out(article, drafts)
    drafts = without_pronouns(drafts)
    patients(drafts)
    share_groups(article, drafts)
    returned(drafts)
    superseded(article, drafts)
    totals(drafts)
    sums(drafts)
    drafts += ordinals(drafts)
    bodies_within(drafts)
    drafts = without_repeats(drafts)
    return [_claim(article, drafts, draft) for draft in drafts]


def _language(item: DetectInput) -> str:
    given = (item.lang or "")[:2].lower()
    return given if given in lexicons.supported() else lexicons.recognise(f"{item.title or ''} {item.text}")


def _article(item: DetectInput, lang: str) -> Article:
    lexicon, whole = lexicons.load(lang), fold(f"{item.title or ''}\n{item.text}")
    pieces = sentences(item.title, "title") if item.title else []
    pieces += sentences(item.text, "text")
    return Article(
        item,
        lang,
        lexicon,
        tuple(View(s, lexicon, whole) for s in pieces),
    )


def _drafts(article: Article, view: View) -> list[Draft]:
    triggers = triggers_of(view.sentence, view.hits, article.lang)
    if not triggers:
        return []
    quantities = view.quantities
    bounds = Binder(view.sentence, [q for q in quantities if "both" not in q.marks], triggers, view.lexicon).bind()
    drafts = [numbered(view, bound) for bound in bounds]
    for draft, bound in zip(drafts, bounds, strict=True):
        if bound.parent is not None:
            draft.parent = drafts[bound.parent]
    with_names(view, drafts)
    drafts += so_many(article, view, triggers, drafts)
    drafts += implicit(view, triggers, quantities, drafts)
    drafts += own_subjects(view, quantities, drafts)
    drafts += revised(view, quantities, drafts)
    drafts += both(article, view, triggers, quantities, drafts)
    drafts += beside_counted(view, quantities, drafts)
    drafts += chained(view, triggers, quantities, drafts)
    drafts += mirrored(view, drafts)
    drafts = without_fatal_wounds(view, drafts)
    drafts.sort(key=lambda d: d.start)
    for draft in drafts:
        draft.group = group_of(
            view, draft.group, draft.trigger.measure, view.norm[draft.start : max(draft.end, draft.noun_end)]
        )
        set_status(article, view, draft, drafts, triggers)
    enemies_too(view, drafts)
    within_toll(drafts)
    _same_uniform(drafts)
    return drafts


def _same_uniform(drafts: list[Draft]) -> None:
    """Captured, missing and exchanged of a sentence that counts soldiers are soldiers."""
    handed = (Measure.CAPTURED, Measure.EXCHANGED, Measure.MISSING)
    if any(d.group == "military" for d in drafts):
        for draft in drafts:
            if draft.group == "unknown" and draft.trigger.measure in handed:
                draft.group = "military"


def _claim(article: Article, drafts: list[Draft], draft: Draft) -> Judged:
    view = draft.view
    roles = find_roles(
        article, view, min(draft.start, draft.trigger.start), max(draft.end, draft.trigger.end), draft.group
    )
    speaker = find_speaker(article, view)
    day, day_sure = find_date(article, view)
    sentence, published = view.sentence, article.item.published
    cumulative = is_cumulative(article, view)
    features = {
        "count": frozenset(count_features(article, draft, drafts, speaker.sure)),
        "region": frozenset(region_features(article, draft, roles)),
        "attribution": frozenset(class_features(speaker.sure, article.lang)),
        "date": frozenset(class_features(day_sure, article.lang)),
    }
    claim = Claim(
        measure=draft.trigger.measure,
        min=draft.low,
        max=draft.high,
        qualifier=draft.qualifier,
        raw=sentence.raw[draft.start : draft.end],
        group=Group(draft.group),
        side=side_of(view, draft.start, max(draft.noun_end, draft.end)),
        scope=Scope.CUMULATIVE if cumulative else Scope.INCIDENT,
        as_of=published.date() if cumulative and published else None,
        status=draft.status,
        subset_of=next((index for index, other in enumerate(drafts) if other is draft.parent), None),
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
        confidence=Confidence.model_validate({slot: sure(slot, found) for slot, found in features.items()}),
        rules=tuple(draft.rules),
        names=draft.names,
        cues=_cues(view, draft),
    )
    return claim, features


_LOOSE = frozenset({"уже", "теперь", "вже", "тепер", "now", "already"})


def _cues(view: View, draft: Draft) -> tuple[str, ...]:
    """Toll wording of the sentence; words like "already" count only next to the number."""

    def tells(name: str) -> bool:
        hits = view.all(f"cues.{name}")
        loose = [h for h in hits if view.norm[h.start : h.end] in _LOOSE]
        return len(loose) < len(hits) or view.near(loose, draft.start, draft.end, 20)

    return tuple(name for name in ("rise", "correction", "denial", "retraction", "final") if tells(name))
