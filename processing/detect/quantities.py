"""Numbers of a sentence as quantities of people: value, qualifier, the noun they count, and what they are not."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from processing.detect.lexicon import Hit, Lexicon
from processing.detect.text import Sentence, Word, word_set
from processing.models import Qualifier

Counts = Literal["people", "bare", "unknown", "other"]

_GROUPED = re.compile(r"\d{1,3}(?:[ ,.']\d{3})+(?![\d.,]*\d)|\d+")
_ORDINAL = re.compile(r"(?:st|nd|rd|th)\b|-?(?:й|я|е|го|му|м|х|ми|ти|ма|ої|ий|ій|а|у)\b")
_CASE_ENDING = re.compile(r"-(?:х|ти|ми|м|ма|ох|рых|ух|их|ью|и|ро|ом|ем|ьох|рьох|ох)(?!\w)")
_AGE_AFTER = re.compile(
    r"(?:-| )(?:year|month|week)s?(?:-| )olds?|-?(?:ти|рех|х|ми|и)?-?летн|-?(?:ти|ьох|х|ми|"
    r"и)?-?річн|\+? (?:лет|года?|роки|років|рік)\b"
)
_AGES = re.compile(
    r"(?:,| и| та| і| and| или| or| до| to|-|—) ?\d{1,3}(?:(?:,| и| та| and) "
    r"\d{1,3})? ?(?:-?летн|-?річн| лет\b| год| рок|[- ]year)"
)
_WORD_AGES = re.compile(r"(?:,| и| та| і) [а-яіїє]{3,16}(?:(?:,| и| та| і) [а-яіїє]{3,16})? (?:лет|років)\b")
_AGE_BEFORE = re.compile(
    r"\b(?:aged(?: \d{1,3} (?:and|to))?|age|age of|в возрасте|возрастом|лет|віком|у віці|років|возраст|вік|"
    r"(?<!number of )(?<!the )(?:died|dead|dies|killed) at(?: age)?|at the age of|"
    r"стать[яиею]\w*|статті|ст\.|част[иью]+|пункт\w*|"
    r"(?:йому|їй|ему|ей|мені|мне) (?:було|було б|мало бути|назавжди|навсегда|навіки|навеки|ледь|лише|всього|всего|было|"
    r"виповнилося|виповнилось|исполнилось|йшов|шел|шёл)(?: б| бы| лише| только| усього| всього| всего)?|"
    r"номер|№)(?: от| з| від| between| about)? ?$"
)
_MONEY_BEFORE = re.compile(
    r"[$€£₽₴№#]\s?$|\bno\.? ?$|(?:^|[^\w])[a-zа-яіїє]{1,4}-$|\d[:.,/]$|груз(?:а|у|ом|ы)?[ -]$|"
    r"вантаж(?:ем|у|ів|і)?[ -]\"?$|\bcargo[ -]$"
)
_MONEY_AFTER = re.compile(
    r" ?(?:г\. ?р\b|р\. ?н\b|года рожд|годов рожд|року народ|років народ)| ?(?:%|[$€£₽₴])|"
    r" ?(?:per ?cent|процент|відсотк)|[:/]\d|\.\d|-(?:мм|мм|см|й|я|го|storey|"
    r"story|floor|meter|metre|mm|этажн|поверх)| (?:to|for|per) (?:each|every)\b"
)
_VERB_OVER = re.compile(
    r"\b(?:hand|turn|tak|took|pass|giv|gave|bring|brought|carr|ran|run|knock|pull|get|got|went|go|deliver|sign|fly|"
    r"flew)"
    r"\w*(?: back)? $"
)
_TOLD_ABOUT = re.compile(
    r"\b(?:known|know|knows|heard|news|word|reports?|claims?|rumou?rs?|tells?|told|wrote|spoke|warn\w*) $"
)
_NONE_LEFT = re.compile(r"\b(?:none|not one|not a single one) of (?:the |its |his |their |our |these |those )?$")
_TWICE = re.compile(r"(?:twice|double) (?:that number|that|as many|the number)\b(?! of)")
_LEVEL_UP = re.compile(  # "number of wounded up to 43"
    r"\b(?:number|toll|count|tally|figure)\b[^.;:]{0,60}(?<! of)(?<! be)(?<! at)(?<! reach)(?<! to)(?<! have) $"
)
_ALIVE = re.compile(r"[^.;:]{0,60}\b(?:survived|alive|lived|made it|got out|came (?:back|home|out)|returned|escaped)\b")
_YEAR = re.compile(r"(?:1[89]\d\d|20[0-4]\d)$")
_ADJECTIVE = re.compile(r"(?:ьк|ов|нн|ськ|ськов)(?:і|их|ые|ых)$|(?:нн|оев|нов)[ыи]е$")
_YEARS = re.compile(r"(?:1[89]|20)\d\d ?[—-] ?(?:1[89]|20)\d\d")
_PAIR = re.compile(
    r"супруж|супругов|пар[аыу]$|семейн|подружжя|couple|родител|батьки|parents|двойн|двійн|близн|молодож|молодят"
)
_HIS_AGE = re.compile(  # "внук, которому 9", "ей 24, ему 26", "девочке семь", "одному двадцать, второму тридцать"
    r"\b(?:ему|ей|котор(?:ому|ой)|одному|одной|второму|второй|третьему|третьей|обоим|младшему|младшей|старшему|старшей|"
    r"девочке|мальчику|малышу|малышке|ребенку|женщине|мужчине|бабушке|йому|їй|якому|якій|дівчинці|хлопчику|дитині|жінці|"
    r"чоловіку|чоловікові|одній|другому|другій)(?: (?:всего|было|лишь|только|лише|було|всього|едва|ледь))? $"
)
_AGE_ENDS = re.compile(r"$|[,.;:)]| (?:и|а|та|й|—)\b| — ")
_OR_EVEN = re.compile(r",? (?:а|и|та|й)? ?(?:возможно|может быть|можливо|може|то|навіть|даже),? (?:и|й|і|все|всі)? ?")
_CHANNEL = re.compile(r"\b(?:[A-Z][A-Za-z]+|Россия|Украина|Україна|Канал|канал|ТСН) $")
_TENS_TURNED = re.compile(r"(десятка|десятков|сотни|тысячи) (полтора|полторы|два|две|три|четыре|пять)\b")  # "about 15"
_TURNED = {
    "десятка": 10.0,
    "десятков": 10.0,
    "сотни": 100.0,
    "тысячи": 1000.0,
    "полтора": 1.5,
    "полторы": 1.5,
    "два": 2.0,
    "две": 2.0,
    "три": 3.0,
    "четыре": 4.0,
    "пять": 5.0,
}
_TIMES_MORE = re.compile(r"[ву](дв|тр|че)\w+ (?:больше|более|більше)\b(?!,? то есть|,? тобто| —)")
_RANGE_JOIN = re.compile(r" ?(?:—|-|to|or|до|или|либо|чи|або) ?$")
_BETWEEN = re.compile(r"\b(?:between|между|між) $")
_SKIP = re.compile(r"(?:[^\W\d_]|['-])+$")
_SCALES = frozenset({"scale.ten", "scale.dozen", "scale.hundred", "scale.thousand"})
_LEADS = {"scale.half": 1.5, "scale.half_of": 0.5, "vague.pair": 2.0}
_NAMES = frozenset({"names", "surnames", "фамилий", "фамилии", "имен", "прізвищ", "прізвища", "імен"})
_DETERMINERS = frozenset({"of", "its", "his", "her", "their", "our", "the", "своих", "наших", "своїх", "його", "її"})
_FUNCTION = word_set(
    "in on at of by to for from with and or were was are is has have had been as after when while who "
    "whose that which but during under near over their his her its the a an so far also than dead в во на "
    "с со из от у к по за и а но или что как при о об до под над были был была было стали есть их его ее "
    "после из-за среди у в на з із зі від до по за і й та а але або чи що як при про під над були був "
    "була було стали є їх його її після через серед еще ще уже вже пока тоже также також"
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number phrase. `start:end` spans qualifier and number; `noun_end` reaches past the noun counted."""

    start: int
    end: int
    low: int | None
    high: int | None
    qualifier: Qualifier
    counts: Counts
    noun_end: int
    group: str | None = None
    number_start: int = 0
    marks: frozenset[str] = frozenset()
    lead: int | None = None  # where the noun before begins, as in "рятувальників троє"

    @property
    def number(self) -> int:
        return self.low or self.high or 1


@dataclass(frozen=True, slots=True)
class _Number:
    start: int
    end: int
    value: int
    kind: str = "exact"  # exact | several | dozens | hundreds | about
    word: bool = False


class QuantityReader:
    """Reads the quantities of one sentence."""

    def __init__(self, sentence: Sentence, hits: Iterable[Hit], lexicon: Lexicon) -> None:
        self.sentence = sentence
        self.norm = sentence.norm
        self.lexicon = lexicon
        self.by_tag: dict[str, list[Hit]] = {}
        self.at: dict[int, list[Hit]] = {}
        for hit in hits:
            self.by_tag.setdefault(hit.tag, []).append(hit)
            self.at.setdefault(hit.start, []).append(hit)

    def read(self) -> list[Quantity]:
        numbers = self._ranges(self._numbers())
        return [q for q in (self._quantity(n, high) for n, high in numbers) if q is not None]

    # -- numbers ---------------------------------------------------------------------------------

    def _numbers(self) -> list[_Number]:
        found: list[_Number] = []
        words = self.sentence.words
        vague = self._vague()
        i = 0
        while i < len(words):
            word = words[i]
            hit = vague.get(word.start)
            if hit is None and found and (again := self._again(word.start, found[-1])):
                hit = again
            if hit is not None:
                found.append(hit)
                while i < len(words) and words[i].start < hit.end:
                    i += 1
                continue
            inverted = _TENS_TURNED.match(self.norm, word.start) if self.lexicon.lang == "ru" else None
            if inverted is not None:
                value = round(_TURNED[inverted.group(1)] * _TURNED[inverted.group(2)])
                found.append(_Number(word.start, inverted.end(), value, "about", word=True))
                i += 2
                continue
            lead = next((h for h in self.at.get(word.start, []) if h.tag in _LEADS and self._scale_at(h.end)), None)
            if lead is not None:  # "one and a half thousand": the scale reads it
                while i < len(words) and words[i].start < lead.end:
                    i += 1
                continue
            number, used = self._digits(i) if word.is_number else self._words(i)
            if number is not None:
                found.append(number)
            i += max(used, 1)
        return found

    def _vague(self) -> dict[int, _Number]:
        values = {
            "several": (2, "several"),
            "pair": (2, "exact"),
            "trio": (3, "exact"),
            "quartet": (4, "exact"),
            "quintet": (5, "exact"),
            "half_dozen": (6, "exact"),
            "dozens": (20, "dozens"),
            "hundreds": (200, "hundreds"),
            "thousands": (2000, "hundreds"),
            "tens_thousands": (20000, "hundreds"),
            "hundred_thousands": (200000, "hundreds"),
        }
        found: dict[int, _Number] = {}
        for name, (value, kind) in values.items():
            for hit in self.by_tag.get(f"vague.{name}", []):
                old = found.get(hit.start)
                if old is None or hit.end > old.end:
                    found[hit.start] = _Number(hit.start, hit.end, value, kind, word=True)
        for start, number in list(found.items()):
            if number.kind == "hundreds" and number.value in (200, 2000) and self._is_measured(start):
                found[start] = replace(number, value=number.value // 2, kind="exact")
            if self._scale_at(number.end) or self._follows_number(start) or self.norm[:start].endswith("-"):
                del found[start]
            elif number.value >= 200 and self._small_number_at(number.end + 1):
                del found[start]  # "тысячи трёхсот"
        return found

    def _again(self, start: int, last: _Number) -> _Number | None:
        """As in "50 left for home, as many came back": the number said before; "twice that number injured"."""
        more = _TIMES_MORE.match(self.norm, start)
        if more is not None:
            times = {"дв": 2, "тр": 3, "че": 4}[more.group(1)]
            return replace(last, start=start, end=more.end(), value=last.value * times, word=True)
        twice = _TWICE.match(self.norm, start) if self.lexicon.lang == "en" else None
        if twice is not None:
            return replace(last, start=start, end=twice.end(), value=2 * last.value, word=True)
        hit = next((h for h in self.by_tag.get("same", []) if h.start == start), None)
        if re.search(r"\b(?:на|for) $", self.norm[:start]):
            return None
        return replace(last, start=hit.start, end=hit.end, word=True) if hit else None

    def _is_measured(self, start: int) -> bool:
        """As in "около сотни", "понад тисячі": one hundred, in the genitive."""
        return self.lexicon.lang != "en" and any(
            0 <= start - h.end <= 1
            for name in ("about", "more_than", "at_least", "up_to")
            for h in self.by_tag.get(f"qualifiers.{name}", [])
        )

    def _follows_number(self, start: int) -> bool:
        before = self.norm[:start].rstrip().rsplit(" ", 1)[-1].strip('"(,.') if start else ""
        return before in self.lexicon.numbers or before[:1].isdigit() or self._lead_before(start) is not None

    def _scale_at(self, end: int) -> bool:
        """As in "a couple of dozen", "пара десятков": for the scale to say."""
        return any(h.tag in _SCALES for gap in (0, 1) for h in self.at.get(end + gap, []))

    def _digits(self, i: int) -> tuple[_Number | None, int]:
        start = self.sentence.words[i].start
        match = _GROUPED.match(self.norm, start)
        if match is None:
            return None, 1
        text, end = match.group(), match.end()
        fraction = re.match(r"[.,](\d{1,2})(?!\d)", self.norm[end:])
        value = float(re.sub(r"\D", "", text))
        if fraction:
            value += float("0." + fraction.group(1))
            end += fraction.end()
        scaled, scaled_end = self._scale(end)
        if scaled:
            value, end = value * scaled, scaled_end
        elif fraction:
            return None, self._width(i, end)
        ending = _CASE_ENDING.match(self.norm, end)
        if ending:
            end = ending.end()
        return _Number(start, end, round(value)), self._width(i, end)

    def _width(self, i: int, end: int) -> int:
        words = self.sentence.words
        width = 0
        while i + width < len(words) and words[i + width].start < end:
            width += 1
        return width

    def _scale(self, end: int) -> tuple[int, int]:
        tail = self.norm[end : end + 2]
        gap = 1 if tail[:1] == " " else 0
        for hit in self.at.get(end + gap, []):
            if hit.tag == "scale.thousand":
                return 1000, hit.end
            if hit.tag == "scale.million":
                return 1_000_000, hit.end
            if hit.tag in ("scale.dozen", "scale.ten", "scale.score", "scale.hundred"):
                return {"dozen": 12, "ten": 10, "score": 20, "hundred": 100}[hit.tag[6:]], hit.end
        return 0, end

    def _words(self, i: int) -> tuple[_Number | None, int]:
        """A number in words: "двадцать пять", "two dozen", "півтора десятка", "two hundred and four"."""
        words, table = self.sentence.words, self.lexicon.numbers
        start, total, current, used, last, seen, kind = words[i].start, 0, 0, i, 10_000, False, "exact"
        end = start
        while used < len(words):
            word = words[used]
            if seen and word.start - end > 1:
                break
            value = table.get(word.text)
            if value == 100 and not self.sentence.upper and self.sentence.raw[word.start : word.end] == "СТО":
                break  # a garage
            scale = self._word_scale(word)
            if value is not None and value < last and not (seen and last < 20):
                current, last, seen, end = current + value, value, True, word.end
            elif scale is not None and (
                seen
                or scale[0] != 1000
                or scale[2]
                or self._lead_before(word.start)
                or self._small_number_at(scale[1] + 1)
            ):
                factor, end, _ = scale
                lead = None if seen else self._lead_before(word.start)
                if lead is not None and lead.tag == "vague.several":
                    kind = "dozens" if factor < 100 else "hundreds"
                    current = {100: 200, 1000: 2000}.get(factor, 20)
                else:
                    current = round((_LEADS[lead.tag] if lead else (current or 1)) * factor)
                if factor >= 1000:
                    total, current = total + current, 0
                start = lead.start if lead else start
                last, seen = factor, True
            elif (
                seen
                and word.text in ("and", "-")
                and used + 1 < len(words)
                and table.get(words[used + 1].text, 10_000) < last
            ):
                end = word.end
            else:
                break
            used += 1
            while used < len(words) and words[used].start < end:
                used += 1
        if not seen or not total + current:
            return None, 1
        return _Number(start, words[used - 1].end, total + current, kind, word=True), used - i

    def _word_scale(self, word: Word) -> tuple[int, int, bool] | None:
        factors = {"ten": 10, "dozen": 12, "score": 20, "hundred": 100, "thousand": 1000, "million": 1_000_000}
        for hit in self.at.get(word.start, []):
            if hit.tag.startswith("scale.") and hit.tag[6:] in factors:
                name = hit.tag[6:]
                return factors[name], hit.end, self._singular_scale(word)
        return None

    def _singular_scale(self, word: Word) -> bool:
        return word.text in {"тысяча", "тысячу", "тисяча", "тисячу", "thousand", "миллион", "мільйон", "million"}

    def _lead_before(self, start: int) -> Hit | None:
        """As in "half a hundred", "полторы сотни", "a couple of dozen": the word that multiplies the scale after it."""
        leads = [h for tag in (*_LEADS, "vague.several") for h in self.by_tag.get(tag, []) if 0 <= start - h.end <= 1]
        return min(leads, key=lambda h: h.start, default=None)

    # -- ranges ----------------------------------------------------------------------------------

    def _ranges(self, numbers: list[_Number]) -> list[tuple[_Number, int | None]]:
        found: list[tuple[_Number, int | None]] = []
        i = 0
        while i < len(numbers):
            number = numbers[i]
            if i + 1 < len(numbers):
                after = numbers[i + 1]
                joint = self.norm[number.end : after.start]
                vague = {number.kind, after.kind} <= {"several", "dozens", "hundreds"}
                if vague and (joint.strip() in ("or", "или", "або", "чи") or _OR_EVEN.fullmatch(joint)):
                    found.append((replace(number, end=after.end), None))
                    i += 2
                    continue
                if number.value < after.value and number.kind == "exact" and _OR_EVEN.fullmatch(joint):
                    # "fifteen, and perhaps seventeen": the lower is what is known
                    found.append((replace(number, end=after.end), None))
                    i += 2
                    continue
                if self._is_range(number, after, joint):
                    number = replace(number, value=self._scaled_low(number, after))
                    found.append((replace(number, end=after.end), after.value))
                    i += 2
                    continue
            found.append((number, None))
            i += 1
        return found

    def _scaled_low(self, low: _Number, high: _Number) -> int:
        """As in "от трёх до пяти тысяч", "two to three hundred": the scale said once is that of both."""
        for scale in (1000, 100):
            said = re.search(r"[^\W\d]", self.norm[high.start : high.end])
            if said and low.value < 20 and high.value % scale == 0 and low.value < high.value // scale < 20:
                return low.value * scale
        return low.value

    def _is_range(self, low: _Number, high: _Number, joint: str) -> bool:
        if _BETWEEN.search(self.norm[: low.start]) and joint.strip() in ("and", "и", "і", "та", "й"):
            return low.value < high.value
        if not _RANGE_JOIN.match(joint) or not low.value < high.value or low.kind != "exact" or high.kind != "exact":
            return False
        if re.search(r"\b(?:by|на) $", self.norm[: low.start]):
            return False
        if joint.strip() == "to" and self._is_estimate(low, high):
            return True
        if joint.strip() in ("to", "до"):
            return bool(re.search(r"(?:\bbetween|\bот|\bвід) $", self.norm[: low.start])) or (
                joint.strip() == "to" and not re.search(r"\bfrom $", self.norm[: low.start])
            )
        return True

    def _is_estimate(self, low: _Number, high: _Number) -> bool:
        """As in "from four to seven people were burned": a span of one figure, no rise of a toll."""
        if not re.search(
            r"(?:^|[.,:;] |\b(?:and|that|says?|killed|wounded|injured|lost) )from $", self.norm[: low.start]
        ):
            return False
        return self._person_at(high.end + 1) is not None and not self.by_tag.get("cues.rise")

    # -- what the number counts ------------------------------------------------------------------

    def _quantity(self, number: _Number, high: int | None) -> Quantity | None:
        if self._is_distractor(number):
            return None
        qualifier, start = self._qualifier(number)
        end, after = self._after(number.end)
        if after is not None and qualifier is Qualifier.EXACT:
            qualifier = after
        counts, noun_end, group = self._noun(end, number)
        if _PAIR.search(self.norm[number.start : number.end]):
            counts, group = "people", group or "unknown"
        low, top, kind = _bounds(number, high, qualifier)
        if number.value == 0 or (
            number.value == 1 and counts != "people" and (counts == "unknown" or self._one_of(end))
        ):
            return None
        marks = self._marks(start, number, noun_end)
        if "of" in marks and counts == "unknown":
            counts, noun_end = "bare", end
        noun = self._noun_before(start) if counts == "bare" and self.lexicon.lang != "en" else None
        if noun is not None:
            counts, group = "people", noun[1]
        return Quantity(
            start, end, low, top, kind, counts, noun_end, group, number.start, marks, noun[0] if noun else None
        )

    def _noun_before(self, start: int) -> tuple[int, str] | None:
        """As in "рятувальників троє", "детей 12": the people counted stand before their number."""
        hits = [
            h
            for tag, hits in self.by_tag.items()
            if tag.startswith("persons.")
            for h in hits
            if h.end == start - 1 and re.search(r"(?:ів|їв|ей|ов|ев|их|ок|ин|ан|єць|ців)$", self.norm[h.start : h.end])
        ]
        return (hits[0].start, hits[0].tag.split(".")[1]) if hits else None

    def _is_saved(self, number: _Number) -> bool:
        """As in "витягли живими чотирьох": those who got out, unless a word of loss stands nearer."""

        def gap(hit: Hit) -> int:
            return max(hit.start - number.end, number.start - hit.end)

        losses = [h for tag, hits in self.by_tag.items() if tag.startswith("triggers.") for h in hits]
        saved = [
            h
            for h in self.by_tag.get("saved", [])
            if gap(h) <= 24
            and not re.search(r"[,.;:—]", self.norm[min(h.end, number.end) : max(h.start, number.start)])
            and not any(t.start <= h.start and h.end <= t.end for t in losses)
        ]
        if not saved:
            return False
        return min(map(gap, saved)) < min((gap(t) for t in losses), default=999)

    def _is_growth(self, number: _Number) -> bool:
        """As in "rose by two to 16", "выросло на троих": the growth is no toll."""
        before = self.norm[max(0, number.start - 60) : number.start]
        grew = re.search(
            r"\b(?:ris\w+|rose|grew|grown|increas\w+|climb\w+|jump\w+|up|вырос\w*|возрос\w*|"
            r"увелич\w+|зросл\w*|зріс\w*|збільш\w+|"
            r"уменьш\w+|сократ\w+|зменш\w+) (?:еще |ще )?(?:by|на) (?:еще |ще |another |a further |some )?$",
            before,
        )
        return grew is not None or re.search(r"(?:пополнил\w*|поповни\w*) (?:еще |ще )?$", before) is not None

    def _has_own_word(self, noun_end: int) -> bool:
        """As in "among them six children, 80 hurt": a word of loss of its own starts a new figure."""
        return any(
            0 <= h.start - noun_end <= 1
            for tag, hits in self.by_tag.items()
            if tag.startswith("triggers.")
            for h in hits
        )

    def _one_of(self, end: int) -> bool:
        """As in "one of the worst-hit cities" counts nothing."""
        return bool(re.match(r" (?:of|из|із|з)\b(?! (?:them|whom|них|яких|которых))", self.norm[end : end + 12]))

    def _is_surname(self, start: int) -> bool:
        """As in "Ілля Сорока": a number word with a capital letter right behind a name."""
        raw = self.sentence.raw
        return (
            not self.sentence.upper
            and raw[start].isupper()
            and re.search(r"(?:^|[^.!?:»\"] )[А-ЯІЇЄҐЁ][а-яіїєґё'’]+ $", raw[:start]) is not None
        )

    def _is_distractor(self, number: _Number) -> bool:
        before, after = self.norm[max(0, number.start - 24) : number.start], self.norm[number.end : number.end + 24]
        if number.word and self._is_surname(number.start):
            return True
        if (
            _MONEY_BEFORE.search(before)
            or _MONEY_AFTER.match(after)
            or _AGE_AFTER.match(after)
            or _AGES.match(after)
            or (number.word and _WORD_AGES.match(self.norm, number.end))
            or _AGE_BEFORE.search(before)
            or any(0 <= h.start - number.end <= 1 for h in self.by_tag.get("age.after", ()))
            or any(h.end == number.start - 1 for h in self.by_tag.get("age.before", ()))
        ):
            return True
        if _HIS_AGE.search(before) and number.value <= 105 and _AGE_ENDS.match(after):
            return True
        channel = not number.word and self.lexicon.lang != "en" and _CHANNEL.search(self.sentence.raw[: number.start])
        if channel and not self._person_near(number.end):
            return True  # "сообщили France 24"
        if _NONE_LEFT.search(before) and _ALIVE.match(self.norm, number.end):
            return False
        if re.search(r"\b(?:half|most|some|third|quarter|part|many|majority) of (?:the|its|his|their|all) $", before):
            return True
        if re.search(
            r"(?:ни один|ни одного|никто|жоден|жодн(?:ого|а|ої|е|ому|у)|ніхто|not one|none) "
            r"(?:из|із|з|of)(?: the| these| those)? $",
            self.lexicon.common(before),
        ):
            return True
        if re.search(r"\b(?:ни|ані) $", before) or (before.endswith("of ") and after.startswith(" family")):
            return True
        if self._is_growth(number) or self._is_age_of_one(number, after) or self._is_saved(number):
            return True
        if re.match(r" when (?:he|she|they) (?:died|was|were)\b", after):
            return True
        if re.match(r"-(?:wo)?man (?!crew|team|patrol|unit|squad|group|detail)", after) or (
            re.search(r"\b(?:last|final|top|round of) $", before) and not self._person_at(number.end + 1)
        ):
            return True
        if (number.word and after.startswith("-hundred")) or before.endswith(("one in ", " 1 in ")):
            return True
        if self.norm[number.start : number.end] == "both" and re.match(r" [\w'-]+(?: [\w'-]+)? and ", after):
            return True
        digits = not number.word
        if self.lexicon.lang == "en" and (self._is_one_of_many(number, before, after) or self._is_in_a_name(number)):
            return True
        if digits and (re.match(r"[-–—]\d{1,2}\b", after) or re.search(r"\d[-–—]$", before)) and self._is_score(number):
            return True
        if _PAIR.search(self.norm[number.start : number.end]) and after.startswith("'"):
            return True  # "her parents' killers"
        if self._are_ages(number, after):
            return True
        if re.search(r"\b(?:both|all|each|оба|обоим|обе|обеим|обоє|обом|обидва|обидві) $", before) and re.match(
            r"[,)]", after
        ):
            return True  # "two teenagers, both 16, were killed"
        if number.value in (200, 300) and re.search(r'"$', before) and re.match(r'(?:-?\w{1,2})?"', after):
            return True
        if (
            digits
            and re.fullmatch(r"[01]\d[0-5]\d|2[0-3][0-5]\d", self.norm[number.start : number.end])
            and re.search(r"\bat $", before)
        ):
            return True
        if digits and number.start and self.norm[number.start - 1].isalpha():
            return True
        if re.match(r"\+\W*(?:$|—)", after) and number.value <= 21:
            return True
        if digits and (_ORDINAL.match(after) and not _CASE_ENDING.match(self.norm, number.end)):
            return True
        if digits and number.end < len(self.norm) and self.norm[number.end].isalpha():
            return True
        if digits and re.match(r"\.[a-z]", after):
            return True
        year = digits and _YEAR.match(self.norm[number.start : number.end])
        if _YEARS.fullmatch(self.norm[number.start : number.end]) and not self._person_near(number.end):
            return True
        if digits and number.value <= 105 and re.search(r"[A-ZА-ЯЁІЇЄҐ][\w'’.-]+,$", self.sentence.raw[: number.start]):
            return True  # "Archie,12,"
        if year and (
            not self._person_near(number.end)
            or re.search(r"\b(?:in|since|until) $", before)
            or any(number.start - h.end == 1 for m in range(1, 13) for h in self.by_tag.get(f"months.{m}", []))
        ):
            return True
        return self._is_time(number, digits) or self._is_age_apposition(number, before, after)

    def _is_one_of_many(self, number: _Number, before: str, after: str) -> bool:
        """As in "he was one of three commandos wounded": the one is told of already, the three are the figure."""
        told = number.word and number.value == 1 and re.search(r"\b(?:was|is|were|be|been|became|as) $", before)
        many = re.match(r" of (?:the |some |at least |about )?", after)
        return bool(told and many) and self._number_at(number.end + many.end())  # type: ignore[union-attr]

    def _is_in_a_name(self, number: _Number) -> bool:
        """As in "Air Force One": a number word with a capital letter behind another."""
        raw = self.sentence.raw
        return (
            number.word
            and number.value == 1
            and not self.sentence.upper
            and raw[number.start].isupper()
            and self._person_at(number.end + 1) is None
            and re.search(r"(?:^|[^.!?:»\"“—-] )[A-Z][a-z]+ $", raw[: number.start]) is not None
        )

    def _is_score(self, number: _Number) -> bool:
        """As in "massacred 6-0": the greater figure first makes no range."""
        pair = re.search(r"(\d{1,2})[-–—](\d{1,2})$", self.norm[: number.end]) or re.search(
            r"(\d{1,2})[-–—](\d{1,2})\b", self.norm[number.start : number.end + 4]
        )
        return pair is not None and int(pair.group(1)) > int(pair.group(2))

    def _are_ages(self, number: _Number, after: str) -> bool:
        """As in "two wounded men, 41 and 57, both stable"; "2 мужчины, 41 и 57"."""
        if number.word or not 1 < number.value <= 105:
            return False
        pair = re.compile(r"(?:,| \() ?(\d{1,3}) (?:and|и|та|і) (\d{1,3})(?=[,.;)—]|$)")
        return any(
            m.start(1) == number.start or m.start(2) == number.start
            for m in pair.finditer(self.norm)
            if self._person_ends_at(m.start())
        )

    def _person_ends_at(self, end: int) -> bool:
        return any(h.end == end for tag, hits in self.by_tag.items() if tag.startswith("persons.") for h in hits)

    def _is_time(self, number: _Number, digits: bool) -> bool:
        if any(h.start - number.end in (0, 1) for h in self.by_tag.get("time_units", [])):
            return True
        months = [h for m in range(1, 13) for h in self.by_tag.get(f"months.{m}", [])]
        if (
            digits
            and number.value <= 31
            and any(number.start - h.end == 1 for h in months)
            and self.lexicon.lang == "en"
        ):
            return True
        if (
            digits
            and re.search(r"\d [a-z]{3,9} $", self.norm[: number.start])
            and any(number.start - h.end == 1 and self.lexicon.lang == "en" for h in months)
        ):
            return True
        if digits and number.value <= 31 and any(0 <= h.start - number.end <= 1 for h in months):
            return True
        return (
            digits
            and any(0 <= h.start - number.end <= 16 for h in months)
            and bool(
                re.match(
                    r"(?: (?:and|to|и|та|і|или|на|по|до) \d{1,2}| ?— ?\d{1,2}|, \d{1,2})+ ",
                    self.norm[number.end : number.end + 20],
                )
            )
        )

    def _is_age_of_one(self, number: _Number, after: str) -> bool:
        """As in "a welder, 33, succumbed", "a municipal worker (m., 54)"."""
        closed = re.match(
            r"[,).]|$| (?:and|was|were|died|who|has|had|is|injured|wounded|killed|hurt|missing|hospital\w*)\b", after
        )
        counted = any(self._person_at(number.end + gap) for gap in (0, 1))
        if number.value > 105 or (counted and not closed):
            return False
        between = r" of (?:about |around |some )?" if number.word or not closed else r", | of |,? ?\((?:[mf]\.?,? ?)?"
        return any(
            re.fullmatch(between, self.norm[h.end : number.start])
            for tag, hits in self.by_tag.items()
            if tag.startswith("one.")
            for h in hits
            if h.end <= number.start
        )

    def _is_age_apposition(self, number: _Number, before: str, after: str) -> bool:
        """As in "Rustam Y., 47, and": a number between commas after a name is an age."""
        if number.word or number.value > 105:
            return False
        named = re.search(
            r"[A-ZА-ЯЁІЇЄҐ][\w'’.-]+[)\"»]?, $", self.sentence.raw[max(0, number.start - 24) : number.start]
        )
        return (
            bool(named and re.match(r"(?:,|\)|;|$|\.$)", after))
            or bool(re.search(r"\($", before) and re.match(r"\)", after))
            or bool(re.match(r" and \d{1,2},? (?:were|was|died)", after) and re.search(r"aged $", before))
        )

    def _person_near(self, end: int) -> bool:
        return any(
            0 <= h.start - end <= 20
            for tag, hits in self.by_tag.items()
            if tag.startswith(("persons.", "triggers."))
            for h in hits
        )

    def _qualifier(self, number: _Number) -> tuple[Qualifier, int]:
        best: tuple[Qualifier, int] = (Qualifier.EXACT, number.start)
        widest = number.start
        for name in ("about", "exact", "up_to", "more_than", "at_least"):
            for hit in self.by_tag.get(f"qualifiers.{name}", []):
                gap = self.norm[hit.end : number.start] if hit.end <= number.start else "x" * 9
                if self.lexicon.lang == "en" and self._is_particle(hit):
                    continue
                if self.norm[hit.start : hit.end] == "за" and self.norm[number.start : number.end].endswith("ма"):
                    continue
                if (
                    re.fullmatch(
                        r" ?(?:(?:еще|ще|also|another|чем|a|the|як|ніж|з|с|у|в|лише|уже|вже|на|за|из|these) )?", gap
                    )
                    and hit.start <= widest
                ):
                    best, widest = (Qualifier(name), hit.start), hit.start
        owned = re.search(r"\bown(?:s|ed|ing)? $", self.norm[: best[1]])
        if best[0] is Qualifier.UP_TO and self.lexicon.lang == "en" and _LEVEL_UP.search(self.norm[: best[1]]):
            return Qualifier.EXACT, number.start
        if best[0] is Qualifier.UP_TO and (owned or self._is_rise_to(best[1])):
            return Qualifier.EXACT, number.start
        return best

    def _is_particle(self, hit: Hit) -> bool:
        """As in "handed over six bodies", "known about five sailors": part of the verb, no bound."""
        before, word = self.norm[max(0, hit.start - 20) : hit.start], self.norm[hit.start : hit.end]
        return (word in ("over", "around", "above") and _VERB_OVER.search(before) is not None) or (
            word == "about" and _TOLD_ABOUT.search(before) is not None
        )

    def _is_rise_to(self, start: int) -> bool:
        """As in "выросло до 25": up to what level, not an upper bound."""
        if self.norm[start : start + 2] != "до":
            return False
        if re.match(
            r"до (?:[\w-]+ ){1,4}(?:вырос|возрос|увелич|подня|зрос|зріс|збільш|підн)\w*", self.norm[start : start + 50]
        ):
            return True
        before = self.norm[max(0, start - 45) : start]
        return bool(
            re.search(
                r"(?:вырос|возрос|увелич|подня|зрос|зріс|збільш|підн|снизил|сниж|знизил|измен|достиг|, а |"
                r"на \d+, )\w*[^.;]*$",
                before,
            )
        ) or bool(re.search(r"(?:\bс|\bз|\bіз|\bот|\bвід) [\w ]{1,18}$", before))

    def _after(self, end: int) -> tuple[int, Qualifier | None]:
        if self.norm[end : end + 1] == "+":
            return end + 1, Qualifier.AT_LEAST
        for name in ("at_least", "more_than", "about"):
            for hit in self.by_tag.get(f"after.{name}", []):
                if (
                    0 <= hit.start - end <= 2
                    and not re.search(r"\d|\w", self.norm[end : hit.start])
                    and not self._number_at(hit.end + 1)
                ):
                    return hit.end, Qualifier(name)
        return end, None

    def _number_at(self, start: int) -> bool:
        word = re.match(r"\w+", self.norm[start:])
        return word is not None and (word.group()[0].isdigit() or word.group() in self.lexicon.numbers)

    def _small_number_at(self, start: int) -> bool:
        word = re.match(r"[^\W\d]+", self.norm[start : start + 24])
        return word is not None and self.lexicon.numbers.get(word.group(), 1000) < 1000 and self.lexicon.lang != "en"

    def _noun(self, end: int, number: _Number) -> tuple[Counts, int, str | None]:
        """The noun after the number, at most four adjectives on."""
        if self.norm[end : end + 2] == '" ':  # "has lost "between five and seven" fighters"
            end += 1
        words = [w for w in self.sentence.words if w.start >= end][:6]
        position = end
        for index, word in enumerate(words):
            if not _SKIP.match(word.text) or (
                index and self.norm[position : word.start] not in (" ", "", "-", ' "', '" ', "-")
            ):
                break
            kind = self._person_at(word.start)
            describes = self.lexicon.lang == "en" or _ADJECTIVE.search(word.text)
            if kind is not None and describes and self._has(kind[1] + 1, ("objects",)):
                return "other", kind[1], None  # "two police cars", but not "два бойца бригады"
            if kind is not None:
                return "people", kind[1], kind[0]
            if self._has(word.start, ("objects", "time_units")) and not self._names_victims(word.start):
                return "other", word.end, None
            if index == 0 and self._has(word.start, ("cues.rise",)):
                return "bare", end, None
            if self._has(word.start, ("triggers.",)):
                return "bare", end, self._group_after(word.start)
            if index == 0 and (
                self._is_function(word) or self._has(word.start, ("subset.", "attribution.", "qualifiers.", "plus"))
            ):
                if self._has(word.start, ("plus",)) or word.text in ("of", "из", "з", "із"):
                    position = word.end
                    continue
                return "bare", end, None
            if word.text in _NAMES or (word.text in _DETERMINERS and index):
                position = word.end
                continue
            if self._is_function(word):
                break
            position = word.end
            if index >= 3:
                break
        if not words or position == end:
            return "bare", end, None
        if number.word and self.lexicon.lang != "en" and self._is_collective(number):
            return "people", end, None
        return self._by_form(words[0])

    def _names_victims(self, start: int) -> bool:
        """As in "three stretcher cases": the thing is part of a longer word for the hurt; "rocket-force officers"."""
        if self.lexicon.lang != "en":
            return False
        hits = self.at.get(start, [])
        thing = max((h.end for h in hits if h.tag.startswith(("objects", "time_units"))), default=start)
        return self.norm[thing : thing + 1] == "-" or any(
            h.tag.startswith("triggers.") and h.tag.endswith(".noun") and h.end > thing for h in hits
        )

    def _is_function(self, word: Word) -> bool:
        return word.text in _FUNCTION or self.lexicon.common(word.text) in _FUNCTION

    def _group_after(self, start: int) -> str | None:
        """As in "пятеро раненых бойцов": the noun after the participle."""
        end = max((h.end for h in self.at.get(start, []) if h.tag.startswith("triggers.")), default=start)
        kind = self._person_at(end + 1)
        return kind[0] if kind else None

    def _by_form(self, word: Word) -> tuple[Counts, int, str | None]:
        raw = self.sentence.raw[word.start : word.end]
        if self.lexicon.lang == "en":
            if raw[:1].isupper() and not self.sentence.upper and raw.endswith(("s", "ese", "ish")):
                return "people", word.end, None
            return "unknown", word.end, None
        if re.search(
            r"(?:цев|цы|цам|цами|ян|чан|чане|цями|цям|ців|ці|янин|лян|ники|ников|ників|тели|телей|"
            r"телів|истов|истам|истами|истами|істів|ерів|еров|оров|орів)$",
            word.text,
        ):
            return "people", word.end, None
        return "unknown", word.end, None

    def _is_collective(self, number: _Number) -> bool:
        """As in "двое", "пятерых", "восьмеро", "дев'ятьох": forms that only people take."""
        text = self.norm[number.start : number.end]
        return bool(re.search(r"(?:двое|двоих|двоим|трое|троих|троим|еро|ерых|ерым|двоє|троє|ьох|обоє)$", text))

    def _person_at(self, start: int) -> tuple[str, int] | None:
        best: tuple[str, int] | None = None
        for hit in self.at.get(start, []):
            if hit.tag.startswith("persons.") and (best is None or hit.end > best[1]):
                best = (hit.tag[8:], hit.end)
        return best

    def _has(self, start: int, prefixes: tuple[str, ...]) -> bool:
        return any(h.tag.startswith(prefixes) for h in self.at.get(start, []))

    def _is_kin_of(self, start: int) -> bool:
        """As in "the mother of the two boys died": the two are not whom it happened to."""
        return any(
            h.end < start and re.fullmatch(r" of (?:the|these|those|his|her|their) ", self.norm[h.end : start])
            for tag, hits in self.by_tag.items()
            if tag.startswith("one.")
            for h in hits
        )

    def _marks(self, start: int, number: _Number, noun_end: int) -> frozenset[str]:
        """What the surroundings say of the number: part of another, on top of another, rise by / from."""
        marks: set[str] = set()
        for hit in self.by_tag.get("subset.before", []):
            gap = self.norm[hit.end : start] if hit.end <= start else None
            if (
                gap is not None
                and len(gap) <= 40
                and not re.search(r"[.;]|\d", gap)
                and not re.search(r",.*,", gap)
                and not ("," in gap and self._has_own_word(noun_end))
            ):
                marks.add("subset")
        for hit in self.by_tag.get("subset.after", []):
            if 0 <= hit.start - number.end <= 2 or 0 <= hit.start - noun_end <= 2:
                marks.add(
                    "of"
                    if self.norm[hit.start : hit.end]
                    in ("of", "of the", "of his", "из", "з", "из тех", "из этих", "из числа")
                    else "subset"
                )
        before = self.norm[max(0, start - 6) : start]
        for tag, mark in (("rise_by", "by"), ("rise_from", "from"), ("rise_to", "to")):
            if any(h.end == start - 1 for h in self.by_tag.get(tag, [])):
                marks.add(mark)
        if re.search(r"\bof (?:the|all|those|his|her|their|its|these) $", self.norm[max(0, start - 14) : start]) or (
            (
                part := re.search(
                    r"([\w']+)(?: (?:человек|бойцов|осіб|людей|солдат|людини|человека|бойца))? (?:из|із|з) $",
                    self.norm[:start],
                )
            )
            and (part.group(1)[0].isdigit() or part.group(1) in self.lexicon.numbers)
        ):
            marks.add("total")
        elif re.search(r"^(?:of the|из|з|із) \w+ .*, $", self.norm[:start]):
            marks.add("subset")
        if self.norm[number.start : number.end] in ("both", "оба", "обе", "обоих", "обоє", "обидва", "обидві", "обох"):
            marks.add("both")
        if self._is_kin_of(start):
            marks.add("kin")
        if re.search(r"\b(?:not|не|а не) $", self.lexicon.common(before)):
            marks.add("not")
        if any(0 <= start - h.end <= 1 or start <= h.start <= noun_end for h in self.by_tag.get("plus", [])):
            marks.add("plus")
        return frozenset(marks)


def _bounds(number: _Number, high: int | None, qualifier: Qualifier) -> tuple[int | None, int | None, Qualifier]:
    """Exact and about N..N, at_least N.., more_than N+1.., up_to ..N, vague words from their floor."""
    value = number.value
    if number.kind in ("several", "dozens", "hundreds"):
        return value, None, Qualifier(number.kind)
    if high is not None:
        return value, high, Qualifier.ABOUT
    if qualifier is Qualifier.AT_LEAST:
        return value, None, qualifier
    if qualifier is Qualifier.MORE_THAN:
        return value + 1, None, qualifier
    if qualifier is Qualifier.UP_TO:
        return None, value, qualifier
    if number.kind == "about" and qualifier is Qualifier.EXACT:
        return value, value, Qualifier.ABOUT
    return value, value, qualifier
