"""Speakers by the shape of an English sentence: "his school has announced", "Ministry in Minsk:", a signature."""

from __future__ import annotations

import re

from processing.detect.text import word_set
from processing.detect.view import Article, View
from processing.models import Attribution

_NOUN_PHRASE = re.compile(
    r"(?:^|[,;:.—\"(] ?|\b(?:that|as|but|and|while|when) )((?:[\w'’.-]+ ){1,9})"
    r"(?:(?:has|have|had|also|now|later|then|since|earlier|on \w+day|\w+ly) ){0,3}$"
)
_NO_SUBJECT = word_set(
    "he she it they we i you who which that there this these those what where when if one both his her its their in on "
    "at after before by for from with of to is was were are been being and but as than not no because since during"
)
_ASIDE = re.compile(r" \([^()]{1,40}\) $")
_NO_LAST = word_set(
    "a an the has have had is was are were been be being i'm and or but of in on at to by for not so as "
    "also figure estimated"
)
_OWNED = word_set("his her its their")
_OWN_WORD = re.compile(r"(?:report|statement|account|post|figure|data|bulletin|release|note|words?|figures|tally)s? ?$")
_HEADING = re.compile(r"^([A-Z][^:.!?]{2,60}): ")
_NAME = re.compile(r"[A-Z][\w'’-]+ [A-Z][\w'’-]+$|(?<=, )[A-Z][\w'’-]+ [A-Z][\w'’-]+")
_MOST_WORDS = 11


def subject_of_saying(view: View) -> Attribution | None:
    """The words before a verb of saying, when they are a noun phrase: "a member of the delegation says"."""
    if view.lang != "en":
        return None
    triggers = view.all("triggers.")
    for verb in sorted(view.all("attribution.verbs"), key=lambda h: h.start):
        if any(t.start < verb.end and verb.start < t.end for t in triggers):
            continue
        match = _NOUN_PHRASE.search(_ASIDE.sub(" ", view.norm[: verb.start]))
        if match is None:
            continue
        start, end = match.span(1)
        words = view.norm[start:end].split()
        if not _is_speaker(view, words, start, end):
            continue
        return Attribution(institution=view.sentence.raw[start:end].strip())
    return None


_ACCORDING = re.compile(
    r"\b(?:according to|in the words of|as reported by|by the (?:estimate|count|account) of) "
    r"((?:[\w'’\".&()/-]+ ?){1,9}?)(?=[,;:.]|$| (?:said|says|that|which|who|as|at|on|in which|was|were|is|are|have|"
    r"has|had|after|when)\b)"
)
_INVERTED = re.compile(
    r"(?:[,\"'”’—] ?|\b)(?:reckons|estimates|says?|said|reads?|wrote|writes|reported|reports|told [\w ]{2,20}|added|"
    r"adds|added|notes?|"
    r"recalls?|explained) "
    r"((?:the|an?|one|its|his|her|their|our) (?:[\w'’-]+ ){0,5}[\w'’-]+?)(?=[.,;:]|$| (?:on|in|at|who|which|after|"
    r"when|as|of the)\b)"
)
_ORGANISATION = re.compile(
    r"(?:press|news|times|post|tv|media|radio|energo|energy|telegram|channel|journal|gazette|insider|realii|group|"
    r"union|league|watch|"
    r"network|observatory|monitor|agency|railways?|church|diocese|outlet|company|plant|foundation|volunteers|"
    r"families|parents|wives|"
    r"mothers|relatives|kin|witnesses|sources?|embassy|consulate|mission|tribune|herald|today|live|info|inform)\w*$",
    re.IGNORECASE,
)


def according_to(view: View) -> Attribution | None:
    """As in "according to local residents, ..."."""
    if view.lang != "en":
        return None
    match = _ACCORDING.search(view.norm)
    if match is None:
        return None
    words = view.sentence.raw[match.start(1) : match.end(1)].strip()
    return Attribution(institution=words) if words else None


def inverted_subject(view: View) -> Attribution | None:
    """As in '"three will need operations," says the shop foreman'."""
    match = _INVERTED.search(view.norm) if view.lang == "en" else None
    if match is None or any(match.start(1) <= h.start < match.end(1) for h in view.all("triggers.")):
        return None
    return Attribution(institution=view.sentence.raw[match.start(1) : match.end(1)])


def _names_itself(text: str) -> bool:
    """As in "DTEK Energy: two technicians injured", "Exiled outlet: ..."."""
    return len(text.split()) <= 4 and _ORGANISATION.search(text) is not None


def _is_speaker(view: View, words: list[str], start: int, end: int) -> bool:
    if words[-1] in _NO_LAST:
        return False
    if words[0] in _NO_SUBJECT - _OWNED or (words[0] in _OWNED and _OWN_WORD.search(view.norm[start:end])):
        return False
    if len(words) == 1 and (words[0] in _OWNED or (view.sentence.raw[start].islower() and not words[0].endswith("s"))):
        return False
    return not any(h.start < end and start < h.end for h in view.all("triggers.", "days.", "weekdays."))


def heading(view: View) -> Attribution | None:
    """As in "Ministry in Minsk: two drivers were killed", "Mayor Lada Voronchuk of Balakliia: 'At first ...'"."""
    match = _HEADING.match(view.sentence.raw)
    if view.lang != "en" or match is None:
        return None
    if not any(
        h.end <= match.end(1) for h in view.all("attribution.offices", "attribution.institutions")
    ) and not _names_itself(match.group(1)):
        return None
    return None if any(h.start < match.end(1) for h in view.all("triggers.")) else _official(match.group(1))


def signature(article: Article, view: View) -> Attribution | None:
    """As in a last line "Kharkiv RMA deputy head Orest Nahirnyi", or a first one "Head of Lysychansk, evening."."""
    at_edge = view is article.views[-1] or view is article.views[0]
    if view.lang != "en" or not at_edge or len(article.views) < 2 or view.has("triggers.", "attribution.verbs"):
        return None
    raw = view.sentence.raw.strip("—–-.! ")
    offices = view.all("attribution.offices")
    if not offices or len(raw.split()) > _MOST_WORDS or re.search(r"\b(?:is|was|are|were|has|have|will)\b", raw):
        return None
    return _official(re.sub(r", (?:evening|morning|night|noon|midday|\d{1,2}[:.]\d\d)$", "", raw))


def _official(text: str) -> Attribution:
    name = _NAME.search(text)
    if name is None:
        return Attribution(office=text)
    return Attribution(office=text[: name.start()].strip(" ,") or text, name=name.group())
