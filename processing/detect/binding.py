"""Which number belongs to which word of loss: killed 3 and wounded 5; 582 wounded, killed 274."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from processing.detect.lexicon import Hit, Lexicon
from processing.detect.quantities import Quantity
from processing.detect.text import Sentence
from processing.models import Measure

_PRIORITY = {
    Measure.BODIES_RETURNED: 0,
    Measure.EXCHANGED: 1,
    Measure.CAPTURED: 2,
    Measure.MISSING: 3,
    Measure.KILLED: 4,
    Measure.WOUNDED: 5,
}
_CONJUNCTION = re.compile(r"\b(?:and|while|but|и|а|та|й|і|но|але|или|with)\b")
_STOP = re.compile(r"[.;!?]")
_BE = re.compile(
    r"(?:\b(?:was|were|been|be|are|is|being|get|got|gets|have|has|left|leaves|leaving|had|"
    r"reported|confirmed|found)|'s|'re) (?:\w+ly |also |all |both |since |either |already )?$"
)
_OBJECT = re.compile(
    r" (?:(?:also|instantly|another|at least|more|over|up|some|about|around|nearly|no|an?|the|"
    r"her|his|their|its|our|all|both|several|dozens|scores|hundreds|many|mostly|civilian|"
    r"former|senior|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|"
    r"twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|innocent)\b|\d)"
)
_PART_PHRASE = re.compile(r"\b(?:(?:из|з|із) (?:них|которых|яких|этих|тих)|of (?:them|whom|these|those|which))\b")
_BECOMES = {
    Measure.BODIES_RETURNED: Measure.KILLED,
    Measure.EXCHANGED: Measure.CAPTURED,
    Measure.KILLED: Measure.CAPTURED,
}
_NOBODY = re.compile(
    r"\b(?:никто|ніхто|жоден|жодна|жодного|ни один|ни одного|никого|нікого|none|nobody|no "
    r"one|neither)\b"
)
_FROM = re.compile(r"\b(?:from|с|со|з|із|зі|от|від) (?:[^\W\d]+ ){0,2}$")
_UP_TO_LEVEL = re.compile(r",? (?:[^\W\d]+ ){0,2}(?:to|до) (?:[^\W\d]+ ){0,3}")
_ASIDE = re.compile(
    r", (?:по|за|according|as|per|как|як|котор\w+|який|яка|яке|яких|which|who|где|де|where|уточн\w+|сообщ\w+|"
    r"добав\w+|рассказ\w+|повідом\w+|додав|said|says|officials|к сожалению|на жаль|sadly)\b[^,]{1,60},"
)
_APPOSITION = re.compile(
    r"^, (?!and\b|but\b|while\b|who\b|\d)[^,.;\d]{1,30}(?:\d\d?(?:st|nd|rd|th)\b)?[^,.;\d]{0,40}, "
)
_NATIVES = re.compile(  # "two reservists from our region, from Ostrov and Dno, "
    r"^(?: (?:from|of|in|with) [^,;.:\d]{1,40})?, (?:from|of|natives of|both|all|mostly|one of them) [^,;.:\d]{1,40}, "
)
_RELATIVE = re.compile(r"^ (?:who|that) [^,.;]{3,60}? (?=(?:are|were|is|was|have|has|had) )")
_SERIES_GAP = re.compile(
    r"(?: (?:in|near|at|on|outside|around|during|from|over|before|after|towards) [^,;.:\d]{2,40}| [a-z]+day)"
    r"[,;](?: (?:and|while|plus|then))?(?: (?:another|a further|yet another))? "
)
_SERIES_NEXT = re.compile(
    r"(?: more| others?| people)? (?:(?:in|near|at|on|outside|around|from|before|after|towards) (?:the )?"
    r"(?:[A-Z]|noon|midday|midnight|evening|dawn|dusk|night|morning|afternoon)|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)"
)
_OF_ONE = re.compile(
    r"(?:погибш|павш|убит|умерш|ранен|раненн|пострадавш|пропавш|пленн|военнопленн|загибл|полегл|поранен|постраждал|"
    r"зникл|полонен)"
    r"(?:ый|ий|ая|ого|его|ому|ему|ой|ей|ую|а|у|ої|ій)"
)
_LISTED = re.compile(r" (?:\w+ )?(?:имен|фамили|прізвищ|імен|names)")
_PLACE_JOINT = re.compile(r" (?:in|near|at|outside|в|во|у|под|на|біля) [^,;.]{3,40}?,? (?:and|и|та|й|і|а) ")
_OF_TOTAL = re.compile(r"^ (?:of|из|із|з) (?:(?:the|its|his|her|their|these|those) )?(?:\d[\d,]*|[^\W\d]+) [\w-]+")
_PLACE_AFTER = re.compile(r" (?:in|near|at|outside|в|во|у|под|на|біля) ")
_PERSONAL = re.compile(r"(?:двоих|троих|ерых|еро|двух|трех|четырех|ьох|двох|трьох|шістьох|сімох)$")
_ELSEWHERE = re.compile(
    r"(?: [^\W\d]+){0,2}[,;] (?:а |and |while )?(?:(?:в|во|на|под|у|при|біля|in|at|near) )?[^,;.\d]{2,40} — "
)
_IN = r"(?:in|near|at|outside|on|from|в|во|у|под|на|біля|возле|около|із|из|з|за|під|по|при|over|during)"
_AMONG = re.compile(r"\b(?:серед|среди|among|из|із|of|out of)(?: (?:the|тих|тех|усіх|всех|all))? $")
_LIST_GAP = re.compile(
    rf"(?: {_IN} [^,;.:!?\d]{{2,40}}| [\w'-]+(?: [\w'-]+)?)?"
    r"(?:[,;]| —)?(?: (?:and|и|та|й|і|а|plus|плюс|while)\b)?"
    rf"(?: (?:another|also|a further|еще|ще|також|также|one more)\b)?(?: {_IN} [^,;.:!?\d]{{2,30}}?)?(?: —)? "
)
_LIST_NEXT = re.compile(rf"(?: {_IN}\b|[,;.!)]|$| (?:and|и|та|й|і)\b| (?:wounded|dead|раненых|погибших) )")
_LEVEL = re.compile(
    r"\b(?:дош[её]?л\w*|достиг\w*|состав\w+|вырос\w*|возрос\w*|увелич\w+|уже|теперь|сягн\w+|досяг\w+|становит\w*|"
    r"зріс|зросл\w*|вже|тепер|stands?|stood|now|reach\w*|ris\w+|rose|climb\w*|number|is|was|are|were|has|have|to|at|"
    r"—)\b|—"
)
_ALL_OF_THEM = re.compile(r"(?:wounded|injured|dead|fallen|missing|deceased|prisoners|captives|hostages)\b")
_FOR_THEM = re.compile(
    r"\b(?:for|to|treat\w*|help\w*|visit\w*|feed\w*|with)(?: the| all the| its| their| our)? $|\w+ (?:the|its|their) $"
)
_OF_THE = re.compile(
    r"\b(?:of|among|amongst|are|were|is|was|joined|between|from|leaving|left|taking) (?:the|its|their|all the) $|:"
)
_PRISONERS = re.compile(r"\b(?:prisoners?|pows?|captives?|hostages?|detainees?)\b")
_DEAD_ONES = re.compile(r"\b(?:bod(?:y|ies)|remains|coffins?|caskets?|corpses?|ashes|dead|fallen|slain)\b")
_DEAD_OF = re.compile(
    r"\b(?:bodies|body|remains|coffins?|caskets?|corpses?|ashes) (?:and \w+ )?of (?:the |some |about |another )?$"
)
_ALL_OF_WHOM = re.compile(
    r"^[^.:\d]{0,90}[;,] (?:all|they|their|whose)(?: of them| three| four| five)? "
    r"(?:(?:were|are|have|had|been|also) ){0,3}$"
)
_LIMIT = 14


@dataclass(frozen=True, slots=True)
class Trigger:
    """A word of loss. `form`: verb (the victim is its subject), active (its object), noun, toll (a figure follows)."""

    measure: Measure
    form: str
    start: int
    end: int


@dataclass(slots=True)
class Bound:
    """A quantity with the trigger it was bound to; `parent` is the index of the bound it is part of."""

    quantity: Quantity
    trigger: Trigger
    cost: float
    rule: str
    parent: int | None = None
    extra: set[str] = field(default_factory=set)


def triggers_of(sentence: Sentence, hits: Iterable[Hit], lang: str) -> list[Trigger]:
    """Triggers without overlaps, the longest and most specific kept, English participles resolved to a voice."""
    raw: list[Trigger] = []
    for hit in hits:
        if hit.tag.startswith("triggers."):
            _, measure, form = hit.tag.split(".")
            raw.append(Trigger(Measure(measure), form, hit.start, hit.end))
    if lang == "ru":
        raw = [part for t in raw for part in _russian_parts(sentence.norm, t)]
    raw = [
        t
        for t in raw
        if not _swallows(t, raw) and not _came_back(sentence.norm, t, raw) and not _is_absent(sentence.norm, t)
    ]
    raw.sort(key=lambda t: (t.start - t.end, _PRIORITY[t.measure], {"toll": 0, "active": 1}.get(t.form, 2)))
    kept: list[Trigger] = []
    for trigger in raw:
        if all(trigger.end <= k.start or trigger.start >= k.end for k in kept):
            kept.append(trigger)
    kept.sort(key=lambda t: t.start)
    voiced = [_voice(sentence, t) if t.form == "flex" else t for t in kept]
    return [_english(sentence.norm, t) for t in voiced] if lang == "en" else voiced


_PASSIVE = re.compile(r"\b(?:was|were|been|being|is|are)(?: \w+ly| all| both| since)? $")
_PAST = re.compile(r"(?:ed|back|home|over|free|off|away|taken|held|shot|down|hit)$")
_RECOVERED = re.compile(
    r"(?:remains|bod(?:y|ies)|corpses?)\b[^.;]{0,80}\b(?:(?:pulled|recovered|found|dug|retrieved|unearthed|discovered|"
    r"exhumed|removed|extracted|lifted)|(?:arrived|brought|taken|delivered) (?:at|to|in) "
    r"(?:the |\w+ )?(?:hospital|morgue|mortuar|clinic))"
)
_HOME = re.compile(
    r"\b(?:home|flown|handed|repatriat\w*|exchang\w*|swap\w*|returned|transfer\w*|hostages?|captiv\w*|given back)\b"
)
_FIGURE_AFTER = re.compile(r" ?[:—–-]? ?\d")
_FIGURE_BEFORE = re.compile(
    r"(?:\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|dozen|hundred|\w+teen|\w+ty))[ -]$"
)


def _english(norm: str, trigger: Trigger) -> Trigger:
    """As in "two were handed back", "three drivers mown down by gunfire" (passive), "KIA 4, WIA 11" (a table)."""
    before, after = norm[: trigger.start], norm[trigger.end :]
    past = trigger.form == "active" and _PAST.search(norm, trigger.start, trigger.end)
    if past and (_PASSIVE.search(before) or after.startswith(" by ")):
        return replace(trigger, form="verb")
    if trigger.measure is Measure.BODIES_RETURNED and _RECOVERED.match(norm, trigger.start) and not _HOME.search(norm):
        return replace(trigger, measure=Measure.KILLED)
    if trigger.form == "noun" and _FIGURE_AFTER.match(after) and not _FIGURE_BEFORE.search(before):
        return replace(trigger, form="toll")
    return trigger


_TO_MORGUE = re.compile(r"\W(?:\w+ ){0,3}(?:в|во) (?:\w+ ){0,2}(?:морг|судмед|бюро судеб|судебно-медиц)")
_AND_BODIES = re.compile(
    r"((?:вернул|передал|отдал|возвращ|отпустил|получил)\w*)\b.* (?:и|а также|плюс) ((?:тел|останк|прах)\w*)(?: .*)?$"
)
_ANOTHER = re.compile(r"[,;] [^,;]*\b(\w+)$")
_THEIR_BODIES = re.compile(r" (?:тел|останк|прах)\w*")
_KIN_OF_HIM = re.compile(
    r"\b(?:жен|муж|сын|доч|брат|сестр|мат|отец|отц|вдов|бабушк|дед|тещ|внук|внучк|родител|дет|ребен|коллег|напарни|сосед|товарищ|"
    r"друг|подруг|сослуживе|сослуживц|однополчан|земляк|водител|охранник|родн|близки|супруг|семь)\w* $"
)
_HIM = re.compile(r"(?:погибш|убит|павш|умерш|скончавш)(?:его|ей|ого|ой)(?:ся)?$")


def _russian_parts(norm: str, t: Trigger) -> list[Trigger]:
    """What a long phrase hides: bodies taken to a morgue, prisoners before the bodies, the widow of the dead man."""
    text = norm[t.start : t.end]
    if t.measure is Measure.KILLED and t.form == "noun" and _HIM.match(text) and _KIN_OF_HIM.search(norm[: t.start]):
        return []
    if t.measure is not Measure.BODIES_RETURNED:
        return [t]
    if _TO_MORGUE.match(norm[t.end : t.end + 40]) or re.search(r"\bв (?:\w+ )?морг", text):
        return [Trigger(Measure.KILLED, "verb", t.start, t.end)]
    if (two := _ANOTHER.search(text)) and (rest := _THEIR_BODIES.match(norm, t.end)):
        return [Trigger(t.measure, "verb", t.start + two.start(1), rest.end())]
    pair = _AND_BODIES.match(text)
    if pair is not None:
        return [
            Trigger(Measure.EXCHANGED, "verb", t.start, t.start + pair.end(1)),
            Trigger(Measure.BODIES_RETURNED, "noun", t.start + pair.start(2), t.start + pair.end(2)),
        ]
    return [t]


_ABSENT_BEFORE = re.compile(r"\b(?:без|no|нет|немає|нема|without|zero|жодних|никаких) (?:\w+ )?$")
_INVERTED = re.compile(r"(?: (?:in|on|at|by|during|near|along|when)\b[^,;.]{0,60}?)? (?:was|were|are|is) ")
_NO_PEOPLE = re.compile(
    r"\bno (?:\w+ )?(?:people|person|one|residents?|civilians?|soldiers?|servicemen|staff|passengers?|children|"
    r"workers?|troops|crew)(?: (?:was|were|is|are|got|has been|have been|had been))?(?: \w+ly)? $"
)
_NOT_NEEDED = re.compile(r"\w \b(?:не (?:по|пона)(?:треб|доб)|не знадоб|не потребув)")
_MEANT_FOR = re.compile(
    r"\b(?:для|спасавш\w+|спасая|рятуючи|памяти|пам'яті|память о|пам'ять про) (?:(?:всех|наших|усіх) )?$"
)
_ABSENT_AFTER = re.compile(
    r" (?:(?:— )?(?:ноль|нуль|нет|0)(?![\w.,]*\d)|"
    r"(?:\w+ )?(?:нет|немає|нема|не было|не було|не имеется|не зафикс|не выявл|не зафікс))\b"
)


def _is_absent(norm: str, trigger: Trigger) -> bool:
    """As in "погибших нет", "no fatalities": the word of loss says that there is none."""
    if re.search(r"\bescap(?:ed|ing) (?:\w+ )?$", norm[: trigger.start]):
        return True
    if _NOT_NEEDED.search(norm, trigger.start, trigger.end):
        return True
    if _NO_PEOPLE.search(norm[: trigger.start]) or re.search(r"\b(?:no|without|zero) $", norm[: trigger.start]):
        return True
    if trigger.form != "noun":
        return False
    if _MEANT_FOR.search(norm[: trigger.start]):
        return True
    return bool(_ABSENT_AFTER.match(norm, trigger.end)) or bool(_ABSENT_BEFORE.search(norm[: trigger.start]))


def _is_one_for_many(norm: str, trigger: Trigger, q: Quantity) -> bool:
    """As in "погибший сержант учил пятерых": one dead is no toll of five; "51 убитый" is one of 51."""
    singular = q.number % 10 == 1 and q.number % 100 != 11
    return trigger.form == "noun" and not singular and _OF_ONE.fullmatch(norm, trigger.start, trigger.end) is not None


_REMAINS = re.compile(r"\b(?:тіл[оаі]?|останк\w+|рештк\w+|трун\w*|домовин\w*)\b")


def _came_back(norm: str, trigger: Trigger, others: list[Trigger]) -> bool:
    """As in "віддано тіла дванадцяти, які лежали посеред вулиці": the bodies were given back, not found."""
    if trigger.measure not in (Measure.KILLED, Measure.EXCHANGED) or not _REMAINS.search(
        norm, trigger.start, trigger.end
    ):
        return False
    return any(o.measure is Measure.BODIES_RETURNED and o.start < trigger.end and trigger.start < o.end for o in others)


def _swallows(trigger: Trigger, others: list[Trigger]) -> bool:
    """As in "sustained 9 dead and 12 wounded" is no wound of its own: it reaches over another word of loss."""
    if trigger.measure is not Measure.WOUNDED:
        return False
    return any(o.measure is not trigger.measure and trigger.start < o.start and o.end <= trigger.end for o in others)


def _voice(sentence: Sentence, trigger: Trigger) -> Trigger:
    before, after = sentence.norm[: trigger.start], sentence.norm[trigger.end : trigger.end + 16]
    if not before.strip() and _INVERTED.match(sentence.norm, trigger.end):
        return Trigger(trigger.measure, "active", trigger.start, trigger.end)
    active = not _BE.search(before) and (_OBJECT.match(after) or _named_object(sentence, trigger))
    if active and re.search(r"(?:^|[\d\w]) $", before) and _passive_list(before, after):
        active = False
    return Trigger(trigger.measure, "active" if active else "verb", trigger.start, trigger.end)


def _named_object(sentence: Sentence, trigger: Trigger) -> bool:
    tail = sentence.raw[trigger.end : trigger.end + 40]
    return (
        not sentence.upper
        and sentence.raw[trigger.start].islower()
        and bool(re.match(r" [A-Z][a-z]+(?:'s)? (?!said|told)|(?: [a-z-]+){1,2} [A-Z][a-z]+ [A-Z]", tail))
        and not re.match(
            r" (?:in|on|at|by|near|during|after|when|as|and|with|since|from|while|outside|inside|for|"
            r"friday|monday|tuesday|wednesday|thursday|saturday|sunday)\b",
            tail.lower(),
        )
    )


def _passive_list(before: str, after: str) -> bool:
    """As in "3 killed 5 wounded" and "people killed over the weekend": the number stands before."""
    counted = re.search(
        r"(?:\b\d[\d,]*|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|dozens|several|"
        r"people|soldiers|civilians|persons|children|men|women|dead)) $",
        before,
    )
    return bool(counted) and (
        bool(re.match(r" (?:\d[\d,]*|[a-z]+) (?:wounded|injured|killed|missing|hurt)", after + " " * 8))
        or bool(re.match(r" (?:over|about|around|the|all|more) (?:the|past|last|next|week|day|of)", after))
    )


class Binder:
    """Assigns quantities to triggers at the least cost of words, commas and rivals crossed."""

    def __init__(
        self, sentence: Sentence, quantities: list[Quantity], triggers: list[Trigger], lexicon: Lexicon
    ) -> None:
        self.norm = sentence.norm
        self.raw = sentence.raw
        self.quantities = quantities
        self.triggers = triggers
        self.lang = lexicon.lang
        self.common = lexicon.common

    def bind(self) -> list[Bound]:
        pairs = sorted(
            (cost, qi, ti)
            for qi, q in enumerate(self.quantities)
            for ti, t in enumerate(self.triggers)
            if (cost := self._cost(q, t)) <= _LIMIT
        )
        chosen: dict[int, tuple[int, float, str]] = {}
        for cost, qi, ti in pairs:
            if qi in chosen:
                continue
            rivals = [other for other, (t, _, _) in chosen.items() if t == ti]
            if rivals and (not self._may_share(qi, rivals) or self._awaited(qi, ti)):
                continue
            chosen[qi] = (ti, cost, "bind.share" if rivals else "bind.near")
        self._far(chosen)
        self._rises(chosen)
        self._list(chosen)
        self._series(chosen)
        self._sum(chosen)
        self._inherit(chosen)
        return self._bounds(chosen)

    def _awaited(self, qi: int, ti: int) -> bool:
        """As in "the dead after the raid now number 17, the wounded 41": a word before waits for the 17."""
        q, shared = self.quantities[qi], self.triggers[ti]
        if shared.start < q.end or q.marks & {"subset", "of", "from", "not"}:
            return False
        return any(
            t.form in ("noun", "toll")
            and t.measure is not shared.measure
            and t.end <= q.start
            and not _STOP.search(self.norm[t.end : q.start])
            and not any(t.end <= o.start < q.start for o in self.quantities)
            for t in self.triggers
        )

    def _far(self, chosen: dict[int, tuple[int, float, str]]) -> None:
        """A word for the lost and the one figure after it belong together, however many words stand between."""
        used = {ti for ti, _, _ in chosen.values()}
        for ti, t in enumerate(self.triggers):
            if ti in used or t.form not in ("noun", "toll"):
                continue
            after = [i for i, q in enumerate(self.quantities) if q.start >= t.end]
            if not after or after[0] in chosen:
                continue
            q = self.quantities[after[0]]
            gap = self.norm[t.end : q.start]
            if (
                q.counts in ("people", "bare")
                and not q.marks & {"subset", "of", "total", "kin", "not"}
                and len(gap) < 90
                and not re.search(r"[.;!?:]", gap)
                and gap.count(",") % 2 == 0
                and not any(t.end <= o.start < q.start for o in self.triggers)
                and _LEVEL.search(gap)
            ):
                chosen[after[0]] = (ti, 12.0, "bind.far")
                used.add(ti)

    def _list(self, chosen: dict[int, tuple[int, float, str]]) -> None:
        """As in "wounded: two in Nikopol, four in Marhanets": a list shares the word of loss of its neighbour."""
        for qi, q in enumerate(self.quantities):
            if qi in chosen or qi - 1 not in chosen or chosen[qi - 1][2] == "bind.rise":
                continue
            known = self.quantities[qi - 1]
            if q.counts not in ("people", "bare") or (q.marks | known.marks) & {"total", "kin", "not", "from", "by"}:
                continue
            if _AMONG.search(self.norm[: known.start]):
                continue
            own = self.triggers[chosen[qi - 1][0]]
            end = own.end if known.noun_end <= own.start <= known.noun_end + 1 else known.noun_end
            gap = self.common(self.norm[end : q.start if q.lead is None else q.lead])
            if not re.search(r"[,;—]|\b(?:and|и|та|й|і|а|while)\b", gap) or not _LIST_GAP.fullmatch(gap):
                continue
            if not _LIST_NEXT.match(self.norm, q.noun_end) or any(
                end <= t.start < q.start or q.start <= t.start < q.noun_end + 14 for t in self.triggers
            ):
                continue
            chosen[qi] = (chosen[qi - 1][0], 9.0, "bind.list")

    def _series(self, chosen: dict[int, tuple[int, float, str]]) -> None:
        """As in "two killed in Sumy, four in Kharkiv", "six died on Monday, nine on Tuesday": no word of loss again."""
        for qi, q in enumerate(self.quantities):
            if self.lang != "en" or qi in chosen or qi - 1 not in chosen or chosen[qi - 1][2] == "bind.rise":
                continue
            known, ti = self.quantities[qi - 1], chosen[qi - 1][0]
            if (q.counts not in ("people", "bare") and "plus" not in q.marks) or (q.marks | known.marks) - {"plus"}:
                continue
            base = max(known.noun_end, self.triggers[ti].end) if self.triggers[ti].end <= q.start else known.noun_end
            stop = re.search(r"[,;.!?]|$", self.norm[q.noun_end :])
            end = q.noun_end + (stop.start() if stop else 0)
            if any(base <= t.start < end for t in self.triggers) or not _SERIES_GAP.fullmatch(self.norm, base, q.start):
                continue
            if _SERIES_NEXT.match(self.raw, q.noun_end):
                chosen[qi] = (ti, 9.0, "bind.series")

    def _sum(self, chosen: dict[int, tuple[int, float, str]]) -> None:
        """As in "two at dawn, four at noon, six in all": a figure and the parts that add up to it go together."""
        plain = [i for i, q in enumerate(self.quantities) if q.low is not None and q.low == q.high]
        for place, whole in enumerate(plain):
            total = self.quantities[whole].low or 0
            if total < 3 or self.quantities[whole].counts not in ("people", "bare"):
                continue
            for run in (plain[place + 1 :], plain[:place][::-1]):
                parts = self._adding_up(run, total)
                known = [i for i in [whole, *parts] if i in chosen]
                if not parts or not known or len({chosen[i][0] for i in known}) > 1:
                    continue
                for index in (i for i in [whole, *parts] if i not in chosen):
                    chosen[index] = (chosen[known[0]][0], 9.0, "bind.sum")

    def _adding_up(self, run: list[int], total: int) -> list[int]:
        """The first of `run` that make up `total`, at least two; none where another figure stands between."""
        left = total
        for count, index in enumerate(run, 1):
            if self.quantities[index].counts not in ("people", "bare"):
                return []
            left -= self.quantities[index].low or 0
            if left <= 0:
                return run[:count] if not left and count > 1 else []
        return []

    def _rises(self, chosen: dict[int, tuple[int, float, str]]) -> None:
        """As in "the number of dead rose from 14 to 17": both levels belong to one word of loss, however far."""
        for qi in range(len(self.quantities) - 1):
            first, second = self.quantities[qi], self.quantities[qi + 1]
            if not (
                _FROM.search(self.norm[max(0, first.start - 24) : first.number_start])
                and _UP_TO_LEVEL.fullmatch(self.norm[first.noun_end : second.number_start])
            ):
                continue
            ti = next((chosen[i][0] for i in (qi, qi + 1) if i in chosen), None)
            if ti is None:
                nouns = [i for i, t in enumerate(self.triggers) if t.form in ("noun", "toll")]
                before = [i for i in nouns if self.triggers[i].end <= first.start]
                ti = before[-1] if before else nouns[0] if nouns else None
            if ti is not None:
                chosen[qi], chosen[qi + 1] = (ti, 5.0, "bind.rise"), (ti, 4.0, "bind.rise")

    def _bounds(self, chosen: dict[int, tuple[int, float, str]]) -> list[Bound]:
        order = sorted(chosen)
        bounds = [
            Bound(self.quantities[qi], self.triggers[chosen[qi][0]], chosen[qi][1], chosen[qi][2]) for qi in order
        ]
        self._handed_over(bounds)
        if self.lang == "en":
            self._set_free(bounds)
            self._dead_returned(bounds)
        for bound in bounds:
            self._wounded_who_died(bound, {b.trigger for b in bounds})
        for index, bound in enumerate(bounds):
            if bound.quantity.marks & {"subset", "of"}:
                bound.parent = self._parent(bounds, index)
            elif index and bounds[index - 1].parent is not None and self._continues_part(bounds[index - 1], bound):
                bound.parent = bounds[index - 1].parent
        return bounds

    def _handed_over(self, bounds: list[Bound]) -> None:
        """As in "the bodies of 115 fallen soldiers", "95 prisoners returned home": returned, not lost again."""
        used = {b.trigger for b in bounds}
        for trigger in self.triggers:
            lost = _BECOMES.get(trigger.measure)
            if trigger.measure is Measure.KILLED and trigger.form == "noun":
                continue
            if lost is None or trigger in used:
                continue
            for bound in bounds:
                if self.lang == "ru" and re.search(r"[:;]", self.norm[bound.quantity.end : trigger.start]):
                    continue  # "confirmed the death of 11: the ashes were given to the families"
                if (
                    bound.trigger.measure is lost
                    and bound.trigger.form in ("noun", "verb")
                    and abs(bound.trigger.start - bound.quantity.end) < 25
                    and (lost is Measure.KILLED or bound.trigger.form == "noun")
                ):
                    bound.trigger, bound.rule = trigger, "bind.handed_over"

    def _set_free(self, bounds: list[Bound]) -> None:
        """As in "let 40 abducted pupils go", "seven drivers seized by rebels are free": released, not taken."""
        used = {b.trigger for b in bounds}
        free = [t for t in self.triggers if t.measure is Measure.EXCHANGED and t.form != "noun" and t not in used]
        for bound in bounds:
            t, q = bound.trigger, bound.quantity
            described = t.measure is Measure.CAPTURED or (
                t.measure is Measure.WOUNDED and _PRISONERS.search(self.norm[q.start : q.noun_end + 24])
            )
            if (
                not free
                or not described
                or not q.start <= t.start <= q.noun_end + 24
                or _BE.search(self.norm[: t.start])
            ):
                continue
            near = min(free, key=lambda f: min(abs(f.end - q.start), abs(f.start - t.end)))
            low, high = sorted((near.start, q.start))
            if not _STOP.search(self.norm[low:high]) and "," not in self.norm[low:high]:
                bound.trigger, bound.rule = near, "bind.set_free"

    def _dead_returned(self, bounds: list[Bound]) -> None:
        """As in "70 corpses were turned over", "bodies of eight marines swapped": given back, no new loss."""
        used = {b.trigger for b in bounds}
        returning = [
            t for t in self.triggers if t.measure in (Measure.EXCHANGED, Measure.BODIES_RETURNED) and t not in used
        ]
        for bound in bounds:
            t, q = bound.trigger, bound.quantity
            if not (
                _DEAD_OF.search(self.norm[: q.start])
                or _DEAD_ONES.search(self.norm[q.start : q.noun_end])
                or re.match(rf" (?:of the |[a-z]+ )?{_DEAD_ONES.pattern}", self.norm[q.end :])
            ):
                continue
            if t.measure is Measure.EXCHANGED and t.form != "noun":
                bound.trigger, bound.rule = replace(t, measure=Measure.BODIES_RETURNED), "bind.dead_returned"
            elif t.measure is Measure.KILLED and t.form in ("noun", "verb") and returning:
                near = min(returning, key=lambda f: min(abs(f.end - q.start), abs(f.start - q.noun_end)))
                low, high = sorted((near.start, q.start))
                if not _STOP.search(self.norm[low:high]) and self.norm[low:high].count(",") < 2:
                    bound.trigger, bound.rule = replace(near, measure=Measure.BODIES_RETURNED), "bind.dead_returned"

    def _wounded_who_died(self, bound: Bound, used: set[Trigger]) -> None:
        """As in "двое пострадавших скончались", "two of the wounded died": the count is of deaths."""
        t = bound.trigger
        if t.measure is Measure.CAPTURED and t.form == "noun":
            self._death_of_captives(bound, used)
        if t.measure is not Measure.WOUNDED or t.start < bound.quantity.end:
            return
        for death in self.triggers:
            gap = self.norm[t.end : death.start] if death.start >= t.end else "."
            if (
                death.measure is Measure.KILLED
                and death.form == "verb"
                and death not in used
                and re.fullmatch(r" (?:[\w'-]+ ){0,3}", gap)
                and not _CONJUNCTION.search(gap)
            ):
                bound.trigger, bound.rule = death, "bind.fatal"

    def _death_of_captives(self, bound: Bound, used: set[Trigger]) -> None:
        """As in "о смерти в СИЗО двух военнопленных": the noun says who died."""
        for death in self.triggers:
            gap = self.norm[death.end : bound.quantity.start] if death.end <= bound.quantity.start else "."
            if (
                death.measure is Measure.KILLED
                and death.form == "noun"
                and death not in used
                and 0 <= bound.trigger.start - bound.quantity.end < 24
                and re.fullmatch(r" (?:[\w'-]+ ){0,5}", gap)
                and not _CONJUNCTION.search(gap)
            ):
                bound.trigger, bound.rule = death, "bind.death_of"

    @staticmethod
    def _parent(bounds: list[Bound], index: int) -> int | None:
        mine = bounds[index]
        after = bounds[index + 1] if index + 1 < len(bounds) else None
        if after is not None and "total" in after.quantity.marks and after.trigger.measure is mine.trigger.measure:
            return index + 1
        earlier = [
            i for i in range(index - 1, -1, -1) if bounds[i].parent is None and "not" not in bounds[i].quantity.marks
        ]
        same = [i for i in earlier if bounds[i].trigger.measure is mine.trigger.measure]
        if mine.trigger.measure is Measure.EXCHANGED:
            captured = next((i for i in earlier if bounds[i].trigger.measure is Measure.CAPTURED), None)
            return captured if captured is not None else same[0] if same else None
        return same[0] if same else None

    def _continues_part(self, part: Bound, bound: Bound) -> bool:
        """As in "including 50 children and 94 women": the second is part of the same figure."""
        gap = self.common(self.norm[part.quantity.noun_end : bound.quantity.start])
        return part.trigger is bound.trigger and re.fullmatch(r"(?:, |,? (?:and|и|і|та|й) )", gap) is not None

    # -- cost ------------------------------------------------------------------------------------

    def _cost(self, q: Quantity, t: Trigger) -> float:
        if (
            t.start <= q.start
            and q.end <= t.end
            and self.norm.startswith(("none of", "not one", "not a single"), t.start)
        ):
            return 0
        if (
            q.counts == "other"
            or "kin" in q.marks
            or _is_one_for_many(self.norm, t, q)
            or ("total" in q.marks and not self._is_counted_total(q, t))
            or (t.form in ("destroy", "loss") and q.counts != "people" and not self._are_persons(q))
        ):
            return 99
        if t.start < q.end and q.start < t.end:
            return 0 if t.start <= q.start and q.end <= t.end else 99
        forward = q.start >= t.end
        gap = self.common(self.norm[t.end : q.start] if forward else self.norm[min(q.noun_end, t.start) : t.start])
        if forward and re.search(r"^(?: in [^,;.]{2,30}| on [^,;.]{2,30})? by (?:the |some |about |up to )?$", gap):
            return 99
        if _NOBODY.search(gap) or (self.lang == "en" and not forward and self._is_apart(q, t)):
            return 99
        gap = _PART_PHRASE.sub("", gap)
        if not forward and "of" in q.marks:
            gap = _OF_TOTAL.sub("", gap)
        gap = _ASIDE.sub(" ", gap)
        if not forward and self.lang == "en":
            gap = _ALL_OF_WHOM.sub(" ", gap)
        if not forward and self.lang == "en":
            gap = _RELATIVE.sub(" ", _APPOSITION.sub(" x ", _NATIVES.sub(" x ", gap)))
        cost = len(re.findall(r"[\w'-]+", gap)) + 3.0 * gap.count(",") + 2.0 * len(_CONJUNCTION.findall(gap))
        cost += 12.0 * len(_STOP.findall(gap)) + 1.5 * (gap.count("(") + gap.count("—")) + 3.0 * gap.count(": ")
        cost += self._crossings(q, t, forward) + self._direction(q, t, forward, gap)
        if t.form == "noun" and forward and _LISTED.match(self.norm, q.end) and not _STOP.search(gap):
            cost = min(cost, 9.0)
        if q.counts == "unknown":
            cost += 4 if t.measure in (Measure.KILLED, Measure.WOUNDED) else 9
        return cost

    def _is_apart(self, q: Quantity, t: Trigger) -> bool:
        """As in "40 wheelchairs for the wounded", "21 students will treat the wounded": others are hurt."""
        gap = self.norm[q.end : t.start]
        if not _ALL_OF_THEM.match(self.norm, t.start) or t.start < q.noun_end:
            return False
        return bool(_FOR_THEM.search(gap)) and not _OF_THE.search(gap)

    def _are_persons(self, q: Quantity) -> bool:
        """As in "ми втратили двох": a number alone, in a form that only people take."""
        text = self.norm[q.number_start : q.end]
        return q.counts == "bare" and _PERSONAL.search(text) is not None

    def _is_counted_total(self, q: Quantity, t: Trigger) -> bool:
        """As in "of the nine people injured": the total itself is what was counted."""
        gap = self.norm[q.noun_end : t.start] if t.start >= q.noun_end else "."
        if re.fullmatch(r" (?:who|that) (?:\w+ )?", gap):
            return True
        if 0 <= q.start - t.end <= 5 and self.norm[t.start : t.end].endswith((" of", " for", " from")):
            return True
        return (
            len(gap) <= 2 and gap != "." and not re.search(r"treat|hospital|больниц|лікарн", self.norm[t.start : t.end])
        )

    def _crossings(self, q: Quantity, t: Trigger, forward: bool) -> float:
        low, high = (t.end, q.start) if forward else (q.end, t.start)
        rivals = sum(
            1
            for o in self.triggers
            if o is not t and low <= o.start < high and not (o.form == "noun" and o.measure is t.measure)
        )
        numbers = sum(
            1
            for o in self.quantities
            if o is not q and low <= o.start < high and o.counts != "other" and "total" not in o.marks
        )
        return 6.0 * rivals + 3.0 * numbers

    def _direction(self, q: Quantity, t: Trigger, forward: bool, gap: str) -> float:
        if self.lang != "en":
            return 0.5 if t.form == "active" and not forward else 0.0
        if t.form in ("active", "loss"):
            return 0.0 if forward else 99.0
        if t.form == "toll":
            return 0.0 if forward else 6.0
        if t.form == "noun":
            return (
                0.0
                if not forward or re.match(r" ?(?::|—|-|at|to|stands at|were|was|is|of|rose|rises|has|had)", gap)
                else 4.0
            )
        return 0.0 if not forward else (1.0 if re.match(r"\s?(?::|were|was|are|is|by)", gap) else 5.0)

    # -- sharing ---------------------------------------------------------------------------------

    def _may_share(self, qi: int, rivals: list[int]) -> bool:
        mine = self.quantities[qi]
        if mine.marks & {"subset", "of", "from", "not"} or any(
            self.quantities[r].marks & {"from", "by", "subset", "of", "not"} for r in rivals
        ):
            return True
        return any(self._coordinated(min(qi, r), max(qi, r)) for r in rivals)

    def _coordinated(self, first: int, second: int) -> bool:
        """As in "1 officer and 14 soldiers": neighbours joined by "and" or a comma, a noun to each."""
        a, b = self.quantities[first], self.quantities[second]
        gap = self.common(self.norm[a.noun_end : b.start])
        if second - first == 1 and a.counts in ("people", "bare") and _ELSEWHERE.fullmatch(gap):
            return True
        if _PLACE_JOINT.fullmatch(gap) and _PLACE_AFTER.match(self.norm, b.noun_end):
            return second - first == 1
        short = len(re.findall(r"\w+", gap)) <= 3 and not _STOP.search(gap)
        joined = (
            bool(_CONJUNCTION.search(gap))
            or "," in gap
            or bool(re.search(r"\b(?:еще|ще|another|а также|plus|as well as)\b", gap))
        )
        return second - first == 1 and short and joined and b.counts == "people" and a.counts == "people"

    def _inherit(self, chosen: dict[int, tuple[int, float, str]]) -> None:
        """Parts ("three of whom") without a word of loss of their own take that of the figure before them."""
        for qi, q in enumerate(self.quantities):
            if qi in chosen or not q.marks & {"subset", "of"} or q.counts == "other":
                continue
            before = [other for other in chosen if other < qi]
            if before:
                chosen[qi] = (chosen[max(before)][0], 9.0, "bind.part")
