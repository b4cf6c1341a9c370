"""Whether a document's mention and a known disclosure are the same: vetoes first, then evidence is weighed.

Text likeness counts for reprints only: across rewritten and translated reports it finds nothing, and
identical daily wording is the sign of different incidents.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from processing.models import Group, Measure, Precision, Scope
from processing.resolve.figures import Figure, Standing, relation
from processing.resolve.likeness import REPRINT, name_key, overlap, same_name, same_place, shared_names
from processing.resolve.mention import Mention, compatible
from processing.resolve.profile import SURE, Profile, TextSketch

THRESHOLD = 3.5
NO_SHARED_REGION = 4.5  # then the evidence must carry the weight of the region too
_DAY = timedelta(days=1)
_SAME_WORD = 85  # of a name with a capitalised word of the text, which may be any word


@dataclass
class Evidence:
    """What speaks for one disclosure being the one a document mentions."""

    score: float = 0.0
    shared_region: bool = False
    same_document: bool = False
    same_names: bool = False
    reprint: bool = False
    same_speaker: bool = False
    same_place: bool = False
    same_count: int = 0  # largest count that agrees
    revises: bool = False  # another figure that is told as a further one, or a large toll that rises a little
    follows_up: bool = False  # its channel tells of a rise or a correction within a day and a half
    date_agrees: bool = False

    @property
    def strong(self) -> bool:
        """Enough to do without a shared region."""
        return (
            self.same_document or self.same_names or self.reprint or self.same_count >= 10
            or (self.same_speaker and self.same_count >= 2) or (self.same_place and self.same_count >= 2)
            or self.follows_up
        )

    @property
    def same(self) -> bool:
        """The verdict."""
        if self.shared_region:
            return self.score >= THRESHOLD
        return self.strong and self.score >= NO_SHARED_REGION


def weigh(mention: Mention, known: Profile, scope: Scope, match_days: int) -> Evidence | None:
    """The evidence for a known disclosure; None where something rules it out."""
    if not compatible(mention.group, known.group):
        return None
    found = Evidence(same_document=mention.document.doc_id in known.docs)
    if not _weigh_names(mention, known, found):
        return None
    found.reprint = reprinted(mention, known) is not None
    if not _weigh_regions(mention, known, found):
        return None
    _weigh_who(mention, known, found)
    if scope is not mention.scope:
        return found if _same_despite_scope(mention, known, found) else None
    if scope is Scope.CUMULATIVE:
        return found if _weigh_totals(mention, known, found) else None
    _weigh_places(mention, known, found)
    if not _weigh_counts(mention, known, found):
        return None
    if not _weigh_dates(mention, known, found) or not _weigh_time(mention, known, found, match_days):
        return None
    return found


def _weigh_names(mention: Mention, known: Profile, found: Evidence) -> bool:
    """Victims' names, also where only the text has them: the same make it one incident, others another."""
    shared = shared_names(mention.names, known.names)
    told = shared_names(known.names, mention.text_names, _SAME_WORD)
    told = max(told, len({name_key(name) for name in mention.names} & set(known.text_keys)))
    found.same_names = shared > 0 or told >= 2
    if found.same_names:
        found.score += 4
    elif told:
        found.score += 2
    elif mention.names and known.names and mention.scope is Scope.INCIDENT:
        return False
    return True


def reprinted(mention: Mention, known: Profile) -> TextSketch | None:
    """The text of another source, within two days, that the document repeats word by word."""
    for text in known.texts:
        if text.source == mention.document.source or abs(text.said_at - mention.said_at) > 2 * _DAY:
            continue
        if overlap(text.hashes, mention.hashes) >= REPRINT:
            return text
    return None


def _weigh_regions(mention: Mention, known: Profile, found: Evidence) -> bool:
    origin, place = known.origin, known.place
    shared = {mention.origin, mention.place} & {origin, place} - {None}
    found.shared_region = bool(shared)
    identity = found.same_document or found.same_names
    origins_differ = None not in (mention.origin, origin) and mention.origin != origin
    places_differ = None not in (mention.place, place) and mention.place != place
    if (origins_differ or places_differ) and not identity:
        crossed = mention.place == origin or place == mention.origin
        swapped = bool(shared) and not origins_differ and crossed
        if not swapped and mention.region_confidence >= SURE and known.sure_of_region:
            return False
        found.score -= 1 if swapped else 2  # roles were mistaken, or a guessed region was wrong
    if mention.origin is not None and mention.origin == origin:
        found.score += 1.5
    if mention.place is not None and mention.place == place:
        found.score += 1
    if shared and mention.origin != origin and mention.place != place:
        found.score += 0.5
    return True


def _weigh_who(mention: Mention, known: Profile, found: Evidence) -> None:
    found.score += 6 * found.same_document + 3 * found.reprint
    if mention.speakers and known.speakers:
        found.same_speaker = shared_names(mention.speakers, known.speakers) > 0
        found.score += 2 if found.same_speaker else -0.5
    if Group.OTHER in (mention.group, known.group) and mention.group is not known.group:
        found.score -= 1


def _same_despite_scope(mention: Mention, known: Profile, found: Evidence) -> bool:
    """One outlet's "since the start of the month" is another's incident: only for the very same figures.

    So a total never updates an incident, nor the reverse; by the same official within days, it repeats it.
    """
    figures = {m: f for m, f in mention.figures.items() if known.figures.get(m)}
    if not figures or not found.shared_region or known.nearest(mention.said_at) > 5 * _DAY:
        return False
    for measure, figure in figures.items():
        current = known.standing(measure).current
        if current is None or current.best != figure.best:
            return False
        found.same_count = max(found.same_count, figure.best)
    found.score += _worth(found.same_count)
    return found.same_count >= 5 and (found.same_speaker or found.reprint or found.same_document)


def _names_place(word: str, place: str) -> bool:
    """Whether a capitalised word of the text is a known place, inflected or not."""
    return same_name(word, place, _SAME_WORD) or (len(place) > 4 and word.startswith(place[:-1]))


def _weigh_places(mention: Mention, known: Profile, found: Evidence) -> None:
    found.same_place = any(same_place(a, b) for a in mention.place_names for b in known.place_names)
    if not found.same_place and mention.region_confidence < SURE:
        found.same_place = any(_names_place(a, b) for a in mention.text_names for b in known.place_names)
    if found.same_place:
        found.score += 1.5
    elif mention.place_names and known.place_names:
        found.score -= 2


def _weigh_counts(mention: Mention, known: Profile, found: Evidence) -> bool:
    """Figures of shared measures. A challenge without any figure to challenge rules the disclosure out."""
    figures = mention.figures
    scores = []
    for measure, figure in figures.items():
        if known.figures.get(measure):
            scores.append(_count(known.standing(measure), figure, mention, known, found))
    if scores:
        found.score += min(4.0, max(-4.0, sum(scores)))
    challenged = [said.claim.measure for said in mention.challenges]
    stated = any(known.figures.get(measure) for measure in challenged)
    if challenged and stated:
        found.score += 1
    return stated or bool(figures) or not challenged


def _count(standing: Standing, figure: Figure, mention: Mention, known: Profile, found: Evidence) -> float:
    current = standing.current or standing.retraction
    if current is None:
        return 0.0
    if standing.current is not None and relation(current, figure) == "same":
        found.same_count = max(found.same_count, figure.best)
        return _worth(figure.best)
    if any(old.best == figure.best for old in (*standing.superseded, *standing.live)):
        found.same_count = max(found.same_count, figure.best)
        return 0.7 * _worth(figure.best)
    ratio = max(figure.best, current.best) / max(1, min(figure.best, current.best))
    if figure.cue in ("rise", "correction") or figure.doc_id == current.doc_id:
        found.revises = ratio <= 3
        return 0.5 if ratio <= 3 else -0.5
    days = known.nearest(mention.said_at) / _DAY
    misfit = 1.0 if days < 0.5 else 2.0 if days < 1.5 else 3.0
    lower = 0.5 if figure.best < current.best else 0.0
    if current.best >= 4 and not lower and ratio <= 1.5:
        found.revises = True  # as when the rubble is searched
        misfit = 0.5
    return -(misfit + lower + (1.0 if ratio > 3 else 0.0))


def _worth(count: int) -> float:
    """Equal large counts are seldom chance; equal ones and twos often are."""
    return 0.75 if count < 2 else 1.5 if count < 5 else 2.5 if count < 10 else 3.0


def _weigh_dates(mention: Mention, known: Profile, found: Evidence) -> bool:
    """Event dates. Outlets err by days on an event of last month, not on yesterday's."""
    identity = found.same_document or found.same_names
    event = mention.event
    if event is None or event.precision is Precision.UNKNOWN:
        dated = known.event_date
        return identity or dated is None or dated.start <= mention.said_at.date()
    if not known.dates:
        if event.precision is Precision.DAY and any(0 <= (t.date() - event.start).days <= 1 for t in known.times):
            found.date_agrees = True  # what was told undated on that day, "a month ago, on 22 October", is the same
            found.score += 1
            return True
        return identity or not known.times or event.start <= known.times[-1].date()
    gap = min(_gap(event.start, event.end, said.date.start, said.date.end) for said in known.dates)
    if gap == 0:
        days = all(p is Precision.DAY for p in (event.precision, *(s.date.precision for s in known.dates)))
        found.date_agrees = days or event.precision is Precision.DAY
        found.score += 2 if days else 0.5
        return True
    lag = (mention.said_at.date() - event.end).days
    agrees = found.same_speaker or found.same_count >= 2 or found.reprint
    guessed = mention.event_confidence < SURE or all(said.confidence < SURE for said in known.dates)
    if identity or (guessed and agrees) or (lag >= 4 and gap <= min(7, max(2, lag // 4)) and agrees):
        found.score -= 0.5
        return True
    overnight = gap == 1 and known.nearest(mention.said_at) <= timedelta(hours=10) and found.same_count > 0
    found.score -= 1
    return overnight


def _gap(start: date, end: date, other_start: date, other_end: date) -> int:
    return max(0, (other_start - end).days, (start - other_end).days)


def _weigh_time(mention: Mention, known: Profile, found: Evidence, match_days: int) -> bool:
    """Nearness of publication; a channel that repeats itself another day speaks of another incident."""
    away = known.nearest(mention.said_at)
    days = away / _DAY
    if days > match_days and not (found.date_agrees or found.same_names or found.same_document):
        return False
    steps = ((0.5, 1.5), (1.5, 1.0), (4, 0.0), (7, -0.5))
    nearness = next((worth for within, worth in steps if days <= within), -1.5)
    found.score += max(0.0, nearness) if found.date_agrees else nearness
    last = known.sources.get(mention.document.source)
    if last is not None and found.revises and abs(mention.said_at - last) <= 1.5 * _DAY:
        found.follows_up = True
        found.score += 2
    settled = found.same_document or found.same_names or found.date_agrees or found.revises or mention.cues
    if last is not None and not settled and last.date() != mention.said_at.date():
        found.score -= 5 if found.same_count and abs(mention.said_at - last) > timedelta(hours=12) else 1
    return True


def _weigh_totals(mention: Mention, known: Profile, found: Evidence) -> bool:
    """Cumulative totals: of the same people, by the same counter or of about the same size."""
    figures = {m: f for m, f in mention.figures.items() if known.figures.get(m)}
    if mention.challenges and not figures:
        return any(known.figures.get(said.claim.measure) for said in mention.challenges)
    if not figures or known.nearest(mention.said_at) > 400 * _DAY:
        return False
    if mention.document.source in known.sources:
        found.score += 2
    for measure, figure in figures.items():
        found.score += _total(known, measure, figure, found)
    if not found.shared_region and (mention.origin or mention.place or known.origin or known.place):
        return found.same_document or found.reprint
    return True


def _total(known: Profile, measure: Measure, figure: Figure, found: Evidence) -> float:
    standing = known.standing(measure)
    current = standing.current or standing.retraction
    if current is None:
        return 0.0
    if any(old.best == figure.best for old in (*standing.superseded, *standing.live)):
        found.same_count = max(found.same_count, figure.best)
        return 2.5
    ratio = figure.best / max(1, current.best)
    if 1 <= ratio <= 1.6:
        found.same_count = max(found.same_count, 2)
        return 1.5
    return 0.5 if 0.7 <= ratio < 1 else -1.0 if ratio <= 4 else -3.0
