"""Victims without a number: one woman, a driver, an officer and a sergeant, named soldiers."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from processing.detect.binding import Trigger
from processing.detect.lexicon import Hit
from processing.detect.nouns import Noun
from processing.detect.places import find_places
from processing.detect.text import LOWER, UPPER, word_set
from processing.detect.view import View
from processing.models import Measure

_PART = rf"[{UPPER}][{LOWER}'’ʼ]+(?:-[{UPPER}]?[{LOWER}'’ʼ]+)?"
_NAME = re.compile(rf"{_PART}(?:(?: (?:al|el|de|van|bin|ibn|аль|эль))?[ -]{_PART}){{1,3}}")
_SURNAME = re.compile(_PART)
_AGED = re.compile(
    r"(?<![\d-])\d{1,3}[- ]year[- ]old(?![- ]\w*[- ]?(?:building|tower|bridge))|"
    r"(?<!\d)\d{1,3}-?(?:ти)?летн(?:ий|яя|его|ей|юю)|(?<!\d)\d{1,3}-?(?:ти)?річн(?:ий|а|ого|у|"
    r"ої)"
)
_SINGULAR = re.compile(
    r"^(?:погиб|погибла|убит|убита|умер|умерла|скончал(?:ся|ась)|загинув|загинула|помер|"
    r"померла|вбита|вбитий|убитий|не выжил|не выжила|не вижив|"
    r"не вижила|обезглавлен|расстрелян|застрелен|казнен|сконав)$"
)
_INJURY = re.compile(
    r"(?:\w+ )?(?:ожог|перелом|сотрясени|контузи|ранени|ран[аы]\b|ушиб|баротравм|обморожени|порез|ампутаци|осколочн|"
    r"черепно|минно|травм|опік|струс|поранен(?:ня|ь)|уламков|забо[їй])"
)
_JOINED = re.compile(
    r"(?: [\w'’-]+){0,3}(?:, \d{1,3}| \(\d{1,3}\))?(?:,|,? (?:и|та|й|і|and|а также)) (?:[\w'’-]+ ){0,3}"
)
_ROLL = re.compile(
    r"\b(?:имена|имя|names?|імена|ім'я|прізвища|фамилии|спис(?:ок|к\w+)|list|названы|named|серед|среди|among)\b"
)
_NAMED_LOSS = re.compile(r"(?:им(?:я|ена)|личност\w*|ім'я|імена|особу|особа|опознан\w*|name of) (?:\w+ ){0,2}$")
_NOT_VICTIM = re.compile(
    r"\b(?:глав[аеуы]|губернатор\w*|мэр|мер|начальник\w*|очільник|сообщил\w*|заявил\w*|"
    r"рассказал\w*|повідомив|написал\w*|пишет|сообщает|по словам|за словами|минобороны|"
    r"президент\w*|министр\w*|cnn's|said|says|according to|governor|president|minister|mayor|"
    r"spokes\w+) $"
)
_QUOTED_SOURCE = re.compile(
    r"\b(?:за словами|зі слів|зі словами|за свідченням\w*|по словам|со слов|"
    r"по свидетельству) (?:[\w-]+ ){0,2}$"
)
_PREPOSITIONS = word_set(
    "в во на под у по за над из от при после возле около біля поблизу після під у від з із "
    "зі до за про і та й и а но як що это at in on near after the an by from"
)
_STATE_WORD = re.compile(
    r"(?:организаци|объединен|национальн|экипаж|екіпаж|урожен[цо]|уродженц|жители|мешканці|росси|украин|україн|вооруженн|збройн|министерств|"
    r"міністерств|государств|республик|област|специальн|воздушно|командован|"
    r"генеральн|российск|російськ|пожар|минобороны|федераци|союз|нова|нової|united|nations|"
    r"national|ministry|defence|defense|army|forces|russia|ukrain|state|brigade|regiment|battalion|division|corps|"
    r"company|platoon|squadron|fleet|guards|command|council|committee|church|hospital|station|airport|street)"
)
_CALENDAR = word_set(
    "monday tuesday wednesday thursday friday saturday sunday january february march april "
    "may june july august september october november "
    "december west gaza red black new south north east middle prime white hero герой героя united"
)


@dataclass(frozen=True, slots=True)
class People:
    """Victims counted without a number."""

    start: int
    end: int
    count: int
    group: str
    names: tuple[str, ...]
    rule: str


Span = tuple[int, int]


def beside(view: View, trigger: Trigger, noun_end: int, start: int) -> Hit | None:
    """A singular victim joined to a counted group: "three teachers and a driver", "the mayor and two volunteers"."""
    for hit in _ones(view):
        if _is_adjective(view, hit) or (trigger.form != "noun" and _may_be_many(hit)):
            continue
        if hit.start > noun_end and re.fullmatch(
            r"(?: (?!and|left|who)[\w'’-]+){0,3},? (?:and|plus|и|і|та|й|а также|а також) (?:an? |one |"
            r"the |еще |ще |его |ее |their |his |her )?(?:(?!left|wounded|injured|killed)[\w'’-]+ "
            r"){0,1}",
            view.lexicon.common(view.norm[noun_end : hit.start]),
        ):
            return hit
        if hit.end < start and re.fullmatch(
            (r"(?: [\w-]+){0,5}" if view.lang != "en" else r"(?: of [\w' -]{2,30})?")
            + r",? (?:and|plus|и|і|та|й) "
            + r"(?:(?:his|her|their|its|его|ее|их|її|його|їхні|еще|ще|another|a further|some) )?",
            view.lexicon.common(view.norm[hit.end : start]),
        ):
            return hit
    return None


def _may_be_many(hit: Hit) -> bool:
    """As in "сироты": the genitive of one or the nominative of many."""
    return hit.noun is not None and "pn" in hit.noun.cases and hit.noun.cases.isdisjoint({"sn", "sa"})


def unnumbered(view: View, trigger: Trigger, taken: list[Span], limits: Span) -> People | None:
    """Named or singular victims of a trigger that no number was bound to."""
    if trigger.measure is Measure.MISSING and trigger.form == "toll":
        trigger = replace(trigger, form="active")
    if view.lang != "ru" and trigger.measure in (Measure.EXCHANGED, Measure.BODIES_RETURNED):
        return _handed_over(view, trigger, taken, limits)
    if trigger.form == "toll" and view.lang == "en" and re.match(r" ?:", view.norm[trigger.end :]):
        trigger = replace(trigger, form="verb")
    if trigger.form in ("toll", "destroy", "loss"):
        return None
    noun = trigger.form == "noun"
    if (
        noun
        and _NAMED_LOSS.search(view.norm[: trigger.start])
        and re.match(
            r"(?:погибш(?:его|ей|ая|ий)|пострадавш(?:его|ей)|загибл(?:ого|ої)|постраждалого|убитого)",
            view.norm[trigger.start :],
        )
    ):
        return People(trigger.start, trigger.end, 1, "unknown", (), "count.named_loss")
    if (
        trigger.measure is Measure.KILLED
        and noun
        and view.has("cues.retraction", "cause.denial")
        and re.match(r"гибел|смерт|загибел|погибшем|загибл|death", view.norm[trigger.start :])
    ):
        return People(trigger.start, trigger.end, 1, "unknown", (), "count.denied")
    if noun and _there_is_one(view, trigger):
        return People(trigger.start, trigger.end, 1, "unknown", (), "count.there_is")
    if (
        noun
        and re.match(r"погибш(?:им|ей|ими)|загибл(?:им|ою|ими)", view.norm[trigger.start :])
        and re.search(r"прощан|прости|попрощ|похорон|проща", view.norm[: trigger.start])
    ):
        return _named(view, replace(trigger, form="verb"), taken, limits)
    if noun and not _of_one(view, trigger):
        return (
            _injured(view, trigger, taken, limits) or _roll(view, trigger, taken) or _given_names(view, trigger, taken)
        )
    names = _named(view, trigger, taken, limits)
    single = _single(view, trigger, taken, limits)
    if names is not None and (single is None or names.count >= single.count):
        return names
    return (
        single
        or _given_names(view, trigger, taken)
        or _indefinite(view, trigger, taken, limits)
        or _bare_singular(view, trigger, limits)
    )


_FREED = re.compile(
    r"\b(?:captiv\w+|swap\w*|exchang\w+|hostages?|captors?|kidnap\w*|abduct\w*|prisoners?|hamas|rebels|militants|"
    r"guerrillas)\b|\b(?:полон|невол|обмін|вимін|катівн|застін|заручн|бранц|бранк|бранець|сізо|ув'язн|загарбник|"
    r"окупант|росіян|"
    r"бойовик|ворог|в'язниц)"
)
_DEAD = re.compile(
    r"\b(?:bod(?:y|ies)|remains|coffins?|caskets?|corpses?|ashes|тіл[оаі]?|тілами|останк\w+|рештк\w+|прах\w*|"
    r"домовин\w+|трун\w*|"
    r"полегл\w+|загибл\w+|вбит\w+|на щиті)\b"
)


def _handed_over(view: View, trigger: Trigger, taken: list[Span], limits: Span) -> People | None:
    """As in "Moscow releases American teacher in swap", "the body of Colonel H. has been brought home"."""
    if trigger.form in ("toll", "noun"):
        return None
    context = _DEAD if trigger.measure is Measure.BODIES_RETURNED else _FREED
    if not context.search(view.norm) or re.fullmatch(
        r"swaps?|exchanges?|free|return of", view.norm[trigger.start : trigger.end]
    ):
        return None
    names = _named(view, trigger, taken, limits)
    single = _single(view, trigger, taken, limits)
    return names if names is not None and (single is None or names.count >= single.count) else single


_SUBJECT = re.compile(
    r"\b(?:an?|one) (?:[\w'-]+ ){0,3}?([a-z][a-z'-]{2,})(?: (?:from|of|in|at|aged) [\w'-]+)?(?:, \d{1,2},)? "
    r"(?:(?:was|is|has|had|been|got|later|also|then|\w+ly) ){0,3}$"
)
_DIRECT_OBJECT = re.compile(
    r" (?:an?|one|his|her|their|its|the) (?:[\w'-]+ ){0,2}?([a-z][a-z'-]{2,})"
    r"(?= (?:at|in|near|on|and|who|from|with|by|as|after|when|while|outside|inside|aboard)\b|[,.;:)]|$)"
)
_STRONG = re.compile(r"kill|injur|wound|maim|\bli(?:fe|ves)\b|slain|slew|shot|hospital|burns|concuss")
_AGENT_NOUN = re.compile(r"(?:er|or|man|woman|ist|ian|ess|eer|ant|wife|maid|monger|wright|smith|herd)$")


_NO_NOUN = word_set("that who which what people few lot number total man's other others one two not only also still")


def _indefinite(view: View, trigger: Trigger, taken: list[Span], limits: Span) -> People | None:
    """As in "a switchwoman was killed", "killed a forester": a noun that no list knows, one of its kind."""
    if view.lang != "en" or not _STRONG.search(view.norm[trigger.start : trigger.end]):
        return None
    if trigger.form == "active":
        match = _DIRECT_OBJECT.match(view.norm[trigger.end : limits[1]])
        offset = trigger.end
    else:
        match, offset = _SUBJECT.search(view.norm[limits[0] : trigger.start]), limits[0]
    if match is None:
        return None
    start, end = offset + match.start(1), offset + match.end(1)
    if match.group(1) in _NO_NOUN:
        return None
    known = view.all(
        "objects", "cause.", "persons.", "time_units", "attribution.", "triggers.", "weekdays", "months", "subset."
    )
    if any(h.start < end and start < h.end for h in known) or not _free(start, end, taken):
        return None
    noun = match.group(1)
    return People(start, end, 1, "civilian" if _AGENT_NOUN.search(noun) else "unknown", (), "count.indefinite")


def _there_is_one(view: View, trigger: Trigger) -> bool:
    """As in "є загиблий", "есть раненый": the singular noun alone."""
    noun = re.match(
        r"(?:загибл(?:ий|а)|погибш(?:ий|ая)|поранен(?:ий|а)|ранен(?:ый|ая)|постраждал(?:ий|а)|"
        r"пострадавш(?:ий|ая))(?= ?(?:[,.;!]|$| и | та | і ))",
        view.norm[trigger.start :],
    )
    return bool(noun) and bool(
        re.search(r"\b(?:є|есть|маємо|имеется|имеем)(?: один| одна)? $", view.norm[: trigger.start])
    )


def _of_one(view: View, trigger: Trigger) -> bool:
    return bool(
        re.match(
            r"(?:гибел|смерт|загибел|жизн|житт|death of an?|death of (?:the|our|his|her|its|their|one|fellow)|body of|"
            r"жертвой|жертвою|ранение|поранення|пропаж|исчезновени|кончин|пленени|похищени|тело |останк|прах |"
            r"погибш(?:ий|ая)|загибл(?:ий|а)|пострадавш(?:ий|ая)|постраждал(?:ий|а)|ранен(?:ый|ая)|"
            r"поранен(?:ий|а|ою|им)\b|двохсот(?:ий|а)|трьохсот(?:ий|а)|[ву]бит(?:ий|а)|полегл(?:ий|ого|ої)\b)",
            view.norm[trigger.start : trigger.end + 6],
        )
    )


# -- one person, or a few singular ones --------------------------------------------------------------


def _single(view: View, trigger: Trigger, taken: list[Span], limits: Span) -> People | None:
    options = [h for h in _ones(view) if limits[0] <= h.start and h.end <= limits[1] and _free(h.start, h.end, taken)]
    options = [h for h in options if _fits(view, trigger, h)]
    if not options:
        return None
    best = min(options, key=lambda h: _distance(view, trigger, h.start, h.end))
    if _distance(view, trigger, best.start, best.end) > 9:
        return None
    chain = _chain(view, trigger, options, best)
    chain += _with(view, chain[-1])
    known = {h.tag[4:] for h in chain} - {"unknown"}
    return People(
        chain[0].start,
        chain[-1].end,
        len(chain),
        known.pop() if len(known) == 1 else best.tag[4:],
        (),
        "count.single" if len(chain) == 1 else "count.enumeration",
    )


def _ones(view: View) -> list[Hit]:
    hits: dict[int, Hit] = {}
    for hit in view.all("one."):
        if hit.start not in hits or hit.end > hits[hit.start].end:
            hits[hit.start] = hit
    for match in _AGED.finditer(view.norm):
        if not any(
            match.end() <= h.start <= match.end() + 40 and "," not in view.norm[match.end() : h.start]
            for h in hits.values()
        ):
            age = int(re.match(r"\d+", match.group()).group())  # type: ignore[union-attr]  # the pattern starts with digits
            hits[match.start()] = Hit("one.civilian" if age < 18 else "one.unknown", match.start(), match.end())
    starts = {h.start for h in hits.values()}
    return sorted((h for h in hits.values() if view.lang != "en" or h.end + 1 not in starts), key=lambda h: h.start)


def _injured(view: View, trigger: Trigger, taken: list[Span], limits: Span) -> People | None:
    """As in "ожоги у танкиста Долгова", "сотрясение мозга у школьницы": the injury and whose it is."""
    if trigger.measure is not Measure.WOUNDED or view.lang == "en" or not _INJURY.match(view.norm, trigger.start):
        return None
    told = replace(trigger, form="verb")
    found = _named(view, told, taken, limits) or _single(view, told, taken, limits)
    if found is None or not re.search(r"\bу (?:[\w-]+ ){0,3}$", view.norm[: found.start]):
        return None
    return found


def _are_joined(view: View, trigger: Trigger, first: Hit, second: Hit) -> bool:
    """Joined by a comma or "and", with no other word of loss between: "попал под огонь снайпера и ранен сотрудник"."""
    told = any(first.end <= h.start < second.start and h.start >= trigger.start for h in view.all("triggers."))
    if view.lang != "en" and re.match(r", а (?!також|також|так[жс])", view.norm[first.end : second.start]):
        return False
    return not told and _JOINED.fullmatch(view.lexicon.common(view.norm[first.end : second.start])) is not None


def _chain(view: View, trigger: Trigger, options: list[Hit], best: Hit) -> list[Hit]:
    """Neighbours joined to the best one: "her husband and son", "wife, mother-in-law, and baby"."""
    index = options.index(best)
    low = high = index
    while low and _are_joined(view, trigger, options[low - 1], options[low]):
        low -= 1
    while high + 1 < len(options) and _are_joined(view, trigger, options[high], options[high + 1]):
        high += 1
    run = options[low : high + 1]
    if (
        best.start > trigger.end
        and _SINGULAR.match(view.norm[trigger.start : trigger.end])
        and "," in view.norm[run[0].end : run[-1].start]
        and not re.search(r": | — ", view.norm[trigger.end : run[0].start])
    ):
        return [best]
    stretch = view.norm[run[0].end : run[-1].start]
    return run if len(run) > 1 and re.search(r"\b(?:и|та|й|і|and|а также)\b", stretch) else [best]


def _with(view: View, hit: Hit) -> list[Hit]:
    """As in "отец с сыном", "мати з немовлям": the companion in the instrumental shares the fate."""
    return [
        other
        for other in _ones(view)
        if other.noun is not None
        and "si" in other.noun.cases
        and re.fullmatch(r" (?:с|со|з|із|зі) (?:[\w-]+ )?", view.norm[hit.end : other.start])
    ][:1]


def _free(start: int, end: int, taken: list[Span]) -> bool:
    return all(end <= a or start >= b for a, b in taken)


_TAKES_AGENT = re.compile(
    r".*(?:зв'яз|связ|контакт)|прощ|прост|попрощ|похор|провод|провел|прощан|гибел|смерт|зв'яз|связ|контакт"
)
_OF_SOMEBODY = re.compile(r"(?:гибел|смерт|загибел|убийств|вбивств|ранени[ея]|поранення|жизн|житт|похорон)")
_WENT = re.compile(
    r"(?:погиб|убит|вбит|умер|скончал|ранен|поранен|контужен|травмован|травмирован|пострадал|постраждал|загинув|"
    r"загинул|помер|пропал|зник|расстрелян|розстрілян|казнен|страчен|застрелен|обезглавлен)"
    r"(?:ий|ая|л?[аиыі]?(?:с[яь])?)"
)


_TO_HIM = re.compile(  # a part of the body, a life or a stitch: the one who has it stands in the dative
    r"\b(?:рук|ног|ніг|нозі|стоп|ступн|кист|паль|плеч|стегн|бедр|колін|колен|гомілк|голен|голов|череп|облич|"
    r"лиц[еоя]|щок|щек|щелеп|"
    r"челюст|зуб|ок[оаи]|оч[еіи]|глаз|зір|зрен|вух|ух[оа]|перетин|перепон|груд|живіт|живот|спин|хребет|хребт|позвон|"
    r"ребр|таз|леген|"
    r"легк(?:ое|ие)|кістк|кості|кост|кінців|конечн|шкір|кож|шию|шею|шиї|шеи|шв|шви|ампут|житт|жизн|допомог|помощ|"
    r"наркоз|ран|гіпс|гипс)"
)
_AS_HURT = re.compile(r"^(?:поранен|травмован|контужен)(?:ою|им)$")  # "пораненою з-під завалів вийняли вагітну"
_BODY_OF = re.compile(r"(?:на[шй]|обнаруж|извлек|достал|подня|вытащ|зна[хй]|виявил|дістал|витяг).*\bт[еі]л[ао]?$")
_GENITIVE = re.compile(r"(?:ого|его|ої|шей|еной|нной)$")
_GIVEN_TO = re.compile(
    r"(?:рідн|родич|родин|близьк|дружин|матер|батьк|сім|вдов|родственник|семь|жен|отц|близк)(?:им|ам|ям|і|ї|е|ери|"
    r"ові)\b"
)
_SUBJECTS = frozenset({"sn", "si"})


def _case_fits(word: str, form: str, noun: Noun) -> bool:
    """Whether the victim's case agrees with the word of loss: subject of "погиб", object of "убило", not its agent."""
    cases = noun.cases
    if form == "noun" and _AS_HURT.search(word):
        return not cases.isdisjoint({"sa", "sn", "sg"})
    if _BODY_OF.match(word):
        return "sg" in cases
    if form == "noun":
        return "sg" in cases if _OF_SOMEBODY.match(word) or _GENITIVE.search(word) else not cases.isdisjoint(_SUBJECTS)
    if _TAKES_AGENT.match(word):
        return not cases.isdisjoint({"si", "sg", "sn", "sa"})
    if _WENT.fullmatch(word):
        return "sn" in cases
    if "sd" in cases and _TO_HIM.search(word):
        return True
    return not cases.isdisjoint({"sn", "sa", "sg"})


def _speaks(view: View, hit: Hit) -> bool:
    """As in "рассказал пастух", "по словам звонаря": who tells of it is not whom it happened to."""
    return any(
        (0 <= hit.start - verb.end <= 1 or 0 <= verb.start - hit.end <= 1) for verb in view.all("attribution.verbs")
    ) or any(0 <= hit.start - by.end <= 1 for by in view.all("attribution.by"))


_OWN_BODY = re.compile(
    r"'s (?:\w+ )?(?:life|heart|body|remains|corpse|arms?|legs?|hands?|foot|feet|skull|hip|spine|ribs?|eyes?|"
    r"fingers?|head|chest|face|"
    r"shoulder|lung|knee|jaw|death|freedom|throat)\b"
)


_HEALER = re.compile(r"(?:хирург|врач|медик|доктор|фельдшер|санитар|травматолог|реаниматолог)[иы]?")
_CARE_OF = re.compile(
    r".*(?:опер[иы]р|спаса|спасл|лечи|лечат|лечим|извлек|удал|достав|увез|борют|борет|сохран|помощ|сделал)"
)


def _treats(view: View, trigger: Trigger, hit: Hit) -> bool:
    """As in "хирург оперирует": who treats the wound does not have it."""
    return (
        trigger.measure is Measure.WOUNDED
        and _HEALER.fullmatch(view.norm, hit.start, hit.end) is not None
        and _CARE_OF.match(view.norm, trigger.start, trigger.end) is not None
    )


def _describes_a_thing(view: View, hit: Hit) -> bool:
    """As in "расстреляна гражданская машина": an adjective of the thing behind it."""
    if not view.norm[hit.start : hit.end].endswith(("ая", "ый", "ий", "ое", "ую", "ого")):
        return False
    return any(h.start == hit.end + 1 for h in view.all("objects"))


def _fits(view: View, trigger: Trigger, hit: Hit) -> bool:
    if hit.start < trigger.end and hit.end > trigger.start:
        return trigger.form in ("active", "verb") and trigger.start < hit.start and hit.end < trigger.end
    if _NOT_VICTIM.search(view.norm[max(0, hit.start - 18) : hit.start]):
        return False
    if _QUOTED_SOURCE.search(view.norm[: hit.start]):
        return False
    if _speaks(view, hit) or re.search(
        r"\b(?:жодн\w+|ні одн\w+|ни одн\w+) $", view.norm[max(0, hit.start - 12) : hit.start]
    ):
        return False
    if view.lang == "ru" and (_treats(view, trigger, hit) or _describes_a_thing(view, hit)):
        return False
    if trigger.measure is Measure.BODIES_RETURNED and _GIVEN_TO.match(view.norm, hit.start):
        return False
    if hit.noun is not None and view.lang != "en":
        return _case_fits(view.norm[trigger.start : trigger.end], trigger.form, hit.noun)
    if view.lang != "en":
        agent = re.search(r"(?:ом|ем|ым|им|ою)$", view.norm[hit.start : hit.end]) and not re.search(
            r"ребен|ним$", view.norm[hit.start : hit.end]
        )
        return not (agent and not _TAKES_AGENT.match(view.norm, trigger.start))
    after = view.norm[hit.end : hit.end + 12]
    if after[:1] == "-" or (after[:2] == "'s" and not _OWN_BODY.match(view.norm, hit.end)):
        return False
    if _is_adjective(view, hit):
        return False
    return hit.start >= trigger.end if _object_follows(view, trigger) else hit.end <= trigger.start


def _is_adjective(view: View, hit: Hit) -> bool:
    """As in "Russian troops", against "a Russian was killed"."""
    return (
        hit.tag == "one.unknown"
        and re.match(r"(?:american|briton|palestinian|israeli|ukrainian|russian)", view.norm[hit.start :]) is not None
        and not re.match(
            r" (?:was|is|has|killed|dies|died|wounded|injured|and|in|,)|$|,|\.", view.norm[hit.end : hit.end + 12]
        )
    )


def _colon(view: View, trigger: Trigger) -> int | None:
    """Where the victims begin in "Missing after the attack: a crane operator", "Back from captivity: Corporal K."."""
    if view.lang != "en" or not re.fullmatch(
        r"(?:(?:also|still|now|again|and|today|officially|reported|reportedly|confirmed|dead and|"
        r"since) ){0,2}",
        view.norm[: trigger.start],
    ):
        return None
    match = re.match(r"[^:;.]{0,70}: ", view.norm[trigger.end :])
    return trigger.end + match.end() if match else None


def _object_follows(view: View, trigger: Trigger) -> bool:
    """As in "killed a guard", and in "Killed were a guard ...", "Mortally wounded by a mine, sapper ..."."""
    if _colon(view, trigger) is not None:
        return True
    if trigger.form == "noun":
        return view.norm[trigger.start : trigger.end].endswith((" of", " for"))
    return trigger.form == "active" or (trigger.start == 0 and trigger.form in ("verb", "flex"))


def _distance(view: View, trigger: Trigger, start: int, end: int) -> float:
    colon = _colon(view, trigger)
    low = trigger.end if colon is None or start < colon else colon
    gap = view.norm[low:start] if start >= low else view.norm[end : trigger.start]
    if gap == " — ":
        return 0
    if view.lang == "en" and start < trigger.start:
        gap = re.sub(r"^[^.:]{0,60}[;,] (?:he|she) (?:\w+ )?$", " x ", gap)
    gap = re.sub(r", [^,]{1,40},", " x ", gap)
    return len(re.findall(r"\w+", gap)) + 2 * gap.count(",") + 6 * len(re.findall(r"[;:\"]|—", gap))


# -- names -------------------------------------------------------------------------------------------


def _named(view: View, trigger: Trigger, taken: list[Span], limits: Span) -> People | None:
    if view.sentence.upper or trigger.form == "noun":
        return None
    names = [
        n
        for n in _names(view)
        if limits[0] <= n[0] and n[1] <= limits[1] and _free(n[0], n[1], taken) and _name_fits(view, trigger, n)
    ]
    if not names:
        return None
    best = min(names, key=lambda n: _distance(view, trigger, n[0], n[1]))
    if _distance(view, trigger, best[0], best[1]) > 12:
        return None
    chain = _name_chain(view, names, best)
    raw = view.sentence.raw
    near = [h for h in view.all("one.", "persons.") if chain[0][0] - 32 <= h.start and h.end <= chain[-1][1] + 24]
    groups = [h.tag.split(".")[1] for h in near if not h.tag.endswith("unknown")]
    group = "military" if "military" in groups else groups[0] if groups else "unknown"
    return People(
        chain[0][0], chain[-1][1], _persons(view, chain), group, tuple(raw[a:b] for a, b in chain), "count.names"
    )


def _names(view: View) -> list[Span]:
    """Spans of two or more capitalised words, or of one after a rank, that are no place and no institution."""
    raw = view.sentence.raw
    places = [(p.start, p.end) for p in find_places(view)]
    abroad = [(p.start, p.end) for p in find_places(view) if not p.code.startswith(("RU", "UA"))]
    offices = view.all("attribution.institutions", "attribution.offices", "enemy.foes")
    found = [m.span() for m in _NAME.finditer(raw)]
    for hit in view.all("one.military", "persons.military"):
        position = hit.end + 1
        while position < len(raw) and (match := _SURNAME.match(raw, position)):
            if not any(a < match.end() and match.start() < b for a, b in found):
                found.append(match.span())
            link = re.match(r",? (?:и|та|and) |, ", raw[match.end() :])
            position = match.end() + link.end() if link else len(raw)
    clean = []
    for start, end in sorted(found):
        start = _after_title(view, start, end)
        start = next((h.end + 1 for h in view.all("triggers.") if h.start == start and h.end < end), start)
        start = next((b + 1 for a, b in abroad if a == start and " " in raw[b + 1 : end]), start)
        words = view.norm[start:end].split()
        bad = (
            not words
            or words[-1].endswith("'s")
            or words[0] in _PREPOSITIONS
            or any(_STATE_WORD.match(w) for w in words)
            or words[0] in _CALENDAR
            or words[-1] in _CALENDAR
            or any(h.start < end and h.end > start for h in offices)
            or any(a < end and b > start for a, b in places if b - a >= end - start - 1 or a == start)
        )
        if not bad:
            clean.append((start, end))
    return clean


_GIVEN = (
    r"[«\"]?[А-ЯЁІЇЄҐ][а-яёіїєґ'’ʼ]{2,}[»\"]?(?: [А-ЯЁІЇЄҐ]\.){0,2}"
    r"(?: \(\d{1,2}\)|, \d{1,2}(?=[,.;]| [иій]))?"
)
_GIVEN_LIST = re.compile(
    rf"((?::| —)?) ({_GIVEN}(?:, {_GIVEN})*,? (?:и|та|і|й) {_GIVEN}|{_GIVEN}(?:, {_GIVEN}){{2,}})(?=[ .,;:—]|$)"
)


def _given_names(view: View, trigger: Trigger, taken: list[Span]) -> People | None:
    """As in "ранены: Дерябин, Сухих, Ахметшина", "погибли Лёха и «Сапёр»": a list of single names behind the loss."""
    raw = view.sentence.raw
    found = _GIVEN_LIST.match(raw, trigger.end)
    if view.lang == "en" or view.sentence.upper or found is None or (trigger.form == "noun" and not found.group(1)):
        return None
    start, end = found.span(2)
    if any(p.start < end and p.end > start for p in find_places(view)) or not _free(start, end, taken):
        return None
    names = re.findall(_GIVEN, found.group(2))
    return People(start, end, len(names), "unknown", tuple(names), "count.given_names")


def names_of(view: View) -> list[Span]:
    """The persons that a sentence names."""
    return _names(view)


def _after_title(view: View, start: int, end: int) -> int:
    """Skip a capitalised rank or role at the start of the sentence: "Журналист Андреа ..."."""
    for hit in view.all("one."):
        if hit.start == start and hit.end < end:
            return hit.end + 1
    return start


def _roll(view: View, trigger: Trigger, taken: list[Span]) -> People | None:
    """As in "имена погибших: A, B, C": the names after the colon are counted."""
    mark = re.search(r":| —", view.norm[trigger.end :])
    colon = trigger.end + mark.start() if mark else -1
    if colon < 0 or not _ROLL.search(view.norm[:colon]):
        return None
    names = [n for n in _names(view) if n[0] > colon and _free(n[0], n[1], taken)]
    if not names:
        return None
    raw = view.sentence.raw
    return People(names[0][0], names[-1][1], len(names), "unknown", tuple(raw[a:b] for a, b in names), "count.roll")


def _name_fits(view: View, trigger: Trigger, name: Span) -> bool:
    before = view.norm[max(0, name[0] - 20) : name[0]]
    after = view.norm[name[1] : name[1] + 20]
    if _in_attribution(view, name) or any(0 <= name[0] - h.end <= 1 for h in view.all("attribution.verbs")):
        return False
    measure = f"triggers.{trigger.measure.value}"
    if name[0] >= trigger.end and any(
        0 <= h.start - name[1] <= 1 and not h.tag.startswith(measure) for h in view.all("triggers.")
    ):
        return False
    if _NOT_VICTIM.search(before) or re.match(
        r"'s|,? (?:said|says|told|reports|сообщ|заяв|рассказ|повідом|написа|переда)|: ", after
    ):
        return False
    if (
        re.search(r"\b(?:by|of|near|in|at|under|about|между|между|в|на|про|о|об) (?:the )?$", before)
        and trigger.form != "noun"
        and view.lang == "en"
    ):
        return False
    if view.lang == "en":
        return name[0] >= trigger.end if _object_follows(view, trigger) else name[1] <= trigger.start
    return True


def _in_attribution(view: View, name: Span) -> bool:
    start, _ = view.clause(*name)
    return any(start <= h.start < name[0] for h in view.all("attribution.by"))


def _name_chain(view: View, names: list[Span], best: Span) -> list[Span]:
    index = names.index(best)
    chain = [best]
    for other in reversed(names[:index]):
        if not _linked(view.lexicon.common(view.norm[other[1] : chain[0][0]])):
            break
        chain.insert(0, other)
    for other in names[index + 1 :]:
        if not _linked(view.lexicon.common(view.norm[chain[-1][1] : other[0]])):
            break
        chain.append(other)
    return chain


def _linked(gap: str) -> bool:
    return bool(
        re.fullmatch(
            r"(?: \([^)]{2,25}\))?(?:, \d{1,3})?(?:,|,? (?:и|та|й|і|and|а также)|"
            r";) (?:[\w'’-]+ ){0,4}",
            gap,
        )
    )


def _persons(view: View, chain: list[Span]) -> int:
    """As in "братья Родион и Тимофей Ганжуровы": a first name before the chain is one more."""
    lead = re.search(rf"\b({_PART}) (?:и|та|and|й|і) $", view.sentence.raw[: chain[0][0]])
    kin = re.match(r",? (?:and|и|та|й) (?:his|her|their|его|ее|их|його|її|їх) ", view.norm[chain[-1][1] :])
    more = kin is not None and any(0 <= h.start - chain[-1][1] - kin.end() <= 12 for h in view.all("one."))
    return (
        len(chain) + (1 if lead and view.norm[lead.start() : lead.start() + 1] else 0) + more + _and_more(view, chain)
    )


def named_before(view: View, start: int) -> int:
    """As in "Кравчук, Мороз та ще троє бійців": how many names stand right before the counted rest."""
    names = [n for n in _names(view) if n[1] < start]
    if not names or not _REST.fullmatch(view.norm[names[-1][1] : start]):
        return 0
    return len(_name_chain(view, names, names[-1]))


_REST = re.compile(r"(?: \([^)]{2,25}\))?,? (?:та|і|й|и|да) (?:(?:ще|еще) )?")


def _and_more(view: View, chain: list[Span]) -> int:
    """As in "Бондар, Рудик та ще двоє, чиї імена не названо": those without a name."""
    rest = re.match(
        r"(?: \([^)]{2,25}\))?,? (?:та|і|й|и|да|and) (?:ще|"
        r"еще) ([\w'-]+)(?=[,. ])",
        view.norm[chain[-1][1] :],
    )
    if rest is None:
        return 0
    number = rest.group(1)
    return int(number) if number.isdigit() and len(number) < 3 else view.lexicon.numbers.get(number, 0)


# -- a singular verb is enough -----------------------------------------------------------------------


def _subject_start(view: View, low: int, trigger: Trigger) -> int:
    """Where the clause of the word of loss begins, in English."""
    if view.lang != "en":
        return low
    return max([low, *(m.end() for m in re.finditer(r"[,;:] ", view.norm[: trigger.start]))])


def _bare_singular(view: View, trigger: Trigger, limits: Span) -> People | None:
    """As in "Убит муфтий ...", "tycoon killed in shelling": one death, by the verb's number or a lone noun."""
    if trigger.measure is Measure.WOUNDED and view.lang != "en":
        return None
    murdered = trigger.measure is Measure.KILLED and view.norm.startswith("убит", trigger.start)
    wounded = view.lang == "en" and view.norm[trigger.start : trigger.end] == "wounded"
    if not murdered and not wounded and not view.has("cause.war", "cause.conflict"):
        return None
    if view.lang != "en":
        if trigger.measure is not Measure.KILLED:
            return None
        return (
            People(trigger.start, trigger.end, 1, "unknown", (), "count.verb")
            if _SINGULAR.match(view.norm[trigger.start : trigger.end])
            and not re.search(
                r"\b(?:который|котор\w+|який|яка|он|она|він|вона|кто|хто)\b[^,]{0,20}$",
                view.norm[limits[0] : trigger.start],
            )
            else None
        )
    if (
        trigger.measure is not Measure.MISSING
        and re.search(r"(?:^|[\w\]),]) (?:was|has been) (?:\w+ly )?$", view.norm[: trigger.start])
        and not re.search(
            r"\b(?:he|she|it|who|which|that|nobody|one|none|there|what|where|whom|i|number|toll|"
            r"figure) (?:was|has been) (?:\w+ly )?$",
            view.norm[: trigger.start],
        )
        and not any(
            _subject_start(view, limits[0], trigger) <= h.start < trigger.start
            for h in view.all("objects", "cause.animals")
        )
    ):
        return People(trigger.start, trigger.end, 1, "unknown", (), "count.was")
    lone = re.search(r"(?:^|\b)(?:[\w-]+ ){0,4}([a-z]{4,}[^s\W]) $", view.norm[: trigger.start])
    if lone is None or trigger.form != "verb" or view.norm[trigger.start : trigger.end] != "killed":
        return None
    word = lone.group(1)
    if any(h.start == lone.start(1) for h in view.all("objects", "cause.", "persons.", "attribution.")) or word in (
        "been",
        "were",
        "have",
        "being",
        "that",
        "also",
        "when",
        "where",
        "since",
        "most",
        "reportedly",
        "people",
        "many",
        "those",
        "these",
        "them",
        "others",
        "some",
        "including",
    ):
        return None
    return People(lone.start(1), trigger.end, 1, "unknown", (), "count.noun")
