"""Is a figure an own report, or an enemy claim, a denial, a fear, history, an accident, a part, a superseded number."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from processing.detect.background import called_false, counts_others, of_those_hurt_before, would_have_been
from processing.detect.lexicon import Hit
from processing.detect.places import find_places
from processing.detect.roles import roles_of
from processing.detect.view import Article, View
from processing.models import Measure, Status

_YEAR = re.compile(
    r"(?:\b(?:in|since|of|from|until|by|в|у|с|з|до|від|от|во|[a-z]{3,9}(?:uary|ch|ril|ay|"
    r"ne|ly|ust|ber)|[а-яії]{2,8}(?:ря|ле|ля|та|ая|ня|ста|ре|ре|ні|ня|ого))[ ,]+)"
    r"(1[5-9]\d\d|20[0-4]\d)(?![\w-])(?! (?:чел|люд|воен|бойц|солдат|жит|peop|sold|civil|"
    r"військ|особ|мирн|погиб|ранен|загиб|поран))"
    r"(?! (?:року народження|р\. ?н|года рождения|г\. ?р|року нар))"
    r"|(?<![\w-])(1[5-9]\d\d|20[0-4]\d)(?= (?:год|рок(?:у|ів)|році|г\.|р\.)(?!\w* (?:рожд|народ)))"
)
_DECADE = re.compile(r"\b1[5-9]\d0s|\b(?:1[5-9])?\d0-[хті]\w*")
_UNDATED_YEAR = re.compile(
    r"(?:\bв|\bу|\bво) (?:(?:январе|феврале|марте|апреле|мае|июне|июле|августе|сентябре|"
    r"октябре|ноябре|декабре|січні|лютому|березні|квітні|травні|червні|липні|"
    r"серпні|вересні|жовтні|листопаді|грудні) )?(?:19|20)\d\d(?:(?: и| та|,|-) (?:19|"
    r"20)\d\d)? (?:год|рік|рок|роц)|\bin (?:[a-z]{3,9} )?(?:19|20)\d\d\b"
)
_CLAIMING = re.compile(
    r"\b(?:claim\w*|sa(?:y|ys|id|ying)|boast\w*|report\w*|announc\w*|told [\w' ]{2,20})(?: that)? "
    r"(?:they|it|he|we|(?:its|their|his|our) (?:[\w-]+ ){0,2}?(?:forces|troops|fighters|soldiers|commandos|men|"
    r"marines|army|"
    r"drones|snipers|gunners|units?|pilots|jets|warplanes|operation|paratroopers)|troops|soldiers|forces) (?:have |"
    r"had |has )?"
    r"(?:also )?(?:killed|captured|took|taken|wounded|destroyed|eliminated|slew|slain|neutrali[sz]ed|liquidated|"
    r"repelled)\b|"
    r"\b(?:claim\w*|boast\w*) (?:to have |of (?:having )?|that )?(?:kill|captur|wound|destroy|eliminat|slay|slew|"
    r"neutrali[sz]|liquidat|"
    r"tak)\w*|\bwe (?:have )?(?:killed|captured)|sources claim|"
    r"\bclaim(?:s|ed)? (?:about |some |at least |over |more than |up to )?(?:\d[\d,]*|[a-z]+) (?:[\w-]+ )?"
    r"(?:soldiers|troops|fighters|officers|men|servicemen|personnel) (?:dead|killed|wounded|captured)"
)
_YEAR_OF_EVENT = re.compile(
    r"\b(1[5-9]\d\d|20[0-4]\d)(?:'s)? (?:[\w-]+ )?(?:bombings?|attacks?|massacres?|shootings?|siege|crash|disaster|"
    r"war|killings?|"
    r"murders?|blast|explosion|hijacking|assassination|fire|earthquake|tsunami|famine|strike|raid|downing|coup|"
    r"uprising|riots?|"
    r"ambush|invasion|clashes|genocide|bombardment|offensive)\b"
)
_AGO = re.compile(
    r"\b(?:(?:a |two |three |several |some |\d+ )?(?:decades?|centur(?:y|ies)|generations?)|\d{1,3} years|(?:ten|"
    r"twenty|thirty|"
    r"forty|fifty|sixty|seventy|eighty|fifteen|five|six|seven|eight|nine|eleven|twelve) years) (?:ago|earlier|before)\b"
)
_AFTER_YEARS = re.compile(
    r"\b(?:years?|decades?|months) (?:after|since) (?:the |a |an )?(?:[\w'-]+ ){1,5}?(?:that|which) "
    r"(?:killed|claimed|left|took|wounded|injured)\b"
)
_ON_SCREEN = re.compile(
    r"\b(?:film|movie|novel|фильм|фильме|роман о|роман про|повесть|по сюжету|за сюжетом|сериал\w*|кино|фільм|фільмі|"
    r"серіал\w*)\b(?! crew)"
)
_AGENT_BEFORE = re.compile(
    r"(?:обстрел\w*|удар\w*|атак\w*|обстріл\w*|арм\w*|авиац\w*|артиллери\w*|артилері\w*|"
    r"дрон\w*|ракет\w*|сил\w*|нападени\w*|от рук|від рук|shelling|strikes?|attacks?|"
    r"fire|raid|bomb\w*|missiles?|by|drones?|вторгнен\w*|вторжени\w*|война с|війн\w*|проти|"
    r"против|against|ціл\w+|цел\w+) (?:\w+ ){0,2}$"
)
_CAPTOR_BEFORE = re.compile(r"\b(?:рук|руки|руках|полоні|плену|неволі|hands of)(?: the)? $")
_NOMINATIVE = re.compile(
    r"росіяни|окупанти|загарбники|вороги|ворог|рашисти|оккупанты|захватчики|враг|"
    r"противник|супротивник|нападники|нападавшие|диверсанти|бойовики|кадирівці|вагнерівці|найманці|орки|russians|"
    r"occupiers|invaders"
)
_RUSSIAN_OFFICER = re.compile(
    r"\brussian (?:commander|general|officer|official)s? (?:\w+ )?(?:said|says|claim|boast|report)"
)
_AGENT_FORM = re.compile(r"(?:ами|ями|ими|ими військами|ом|ем|ою)$")
_DESTROY = re.compile(r"(?:уничтож|ликвид|нейтрализ|обезвреж|знищ|ліквід|wiped out)")
_MILITARY_VOICE = re.compile(
    r"\b(?:army|armed forces|military|central command|centcom|defen[cs]e ministry|government "
    r"forces|troops said|general staff|idf|israeli forces|security forces|air force|navy|commandos|government)\b"
)
_FIGHTERS = re.compile(
    r"\b(?:guerrillas?|rebels?|militants?|terrorists?|insurgents?|jihadis?t?s?|боевик\w*|"
    r"террорист\w*|бойовик\w*|терорист\w*)\b"
)

_BIOGRAPHY = re.compile(
    r"\b(?:род(?:ил|ив)\w*|призва\w*|мобилизова\w*|мобілізова\w*|окончи\w*|закончи\w*|закінчи\w*|поступи\w*|"
    r"служи\w*|служб\w*|"
    r"подписа\w*|выпуск\w*|випуск\w*|избра\w*|обра\w*|назначе\w*|работа\w*|воева\w*|воює\w*|воюет|контракт\w*|"
    r"народи\w*)"
    r"(?: [^\W\d]+){0,4} ?$"
)
_LONG_AFTER = re.compile(
    r"спустя|через|поисков|год|\d+ лет|торік|рок|рік|років"
)  # as long as it may take for the living and the dead to come home
_CAPTIVE = re.compile(
    r"captiv|prisoner|\bpows?\b|hostage|abduct|kidnap|плен|полон|заложник|заручник|невол|катівн|застін|"
    r"\b(?:ворог|окупант|росіян|загарбник|рашист|бойовик)\w* [^.]*(?:забра|тримают|утримуют|вивез|схопи|"
    r"скрути|кину|пове)|підвал|"
    r"(?:рук|лап|ґрат|грат)\w* (?:ворог|окуп|росіян|загарб|рашист|бойов)"
)

Verdict = tuple[Status, str] | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the status rules look at: the claim's measure and people, and the stretch from number to word of loss."""

    measure: Measure
    group: str | None
    form: str
    start: int
    end: int
    noun_start: int
    noun_end: int
    number: int
    single: bool
    part: bool
    prior: bool
    undivided: bool
    implicit: bool = False
    weak: bool = False  # a word that tells of illness as often as of war
    rule: str = ""
    word: tuple[int, int] = (0, 0)  # the word of loss itself


def judge(article: Article, view: View, candidate: Candidate) -> tuple[Status, str]:
    """The status and the id of the rule that gave it; the first rule that applies wins."""
    for rule in _RULES:
        found = rule(article, view, candidate)
        if found is not None:
            return found
    return Status.OWN, "status.own"


def _undivided(article: Article, view: View, c: Candidate) -> Verdict:
    return (Status.HYPOTHETICAL, "status.undivided") if c.undivided else None


def _figurative(article: Article, view: View, c: Candidate) -> Verdict:
    if view.near(view.all("cause.figurative"), c.start, c.end, 8):
        return Status.ACCIDENT, "status.figurative"
    return None


def _payout(article: Article, view: View, c: Candidate) -> Verdict:
    hits = view.all("cause.payout")
    if hits and not view.has("cause.war") and (c.single or len(hits) > 1):
        return Status.HYPOTHETICAL, "status.payout"
    if (
        article.lang == "ru"
        and hits
        and _SUM.search(view.norm)
        and (c.form == "noun" or c.single or _FOR_KIN.search(view.norm))
    ):
        return Status.HYPOTHETICAL, "status.money"
    if article.weights["payout"] > 1 and not article.weights["war"]:
        return Status.HYPOTHETICAL, "status.payout_article"
    return None


_SUM = re.compile(r"\b(?:рубл\w*|руб|гривен|грн|долларов)\b|₽")
_FOR_KIN = re.compile(r"\b(?:семь(?:и|ям|е|я)|родн(?:ым|ые)|вдов\w*|родственник(?:ам|и)|близким|родителям)\b")


def _denied(article: Article, view: View, c: Candidate) -> Verdict:
    for hit in view.all("cause.denial"):
        before = hit.start < c.start and not re.search(r'[.;]|: (?!")|,.*,', view.norm[hit.end : c.start])
        after = (
            hit.start >= c.end
            and hit.start - c.end < 70
            and ";" not in view.norm[c.end : hit.start]
            and re.match(
                r"no conf|not |не |опроверг|спросту|отзыв|отозв|відклик|нашл|найден\w* жив",
                view.norm[hit.start : hit.start + 12],
            )
        )
        if before or after:
            return Status.DENIED, "status.denied"
    if article.lang == "en" and (_untrue(view, c) or _NOT_LOST.match(view.norm, c.noun_end)):
        return Status.DENIED, "status.untrue"
    if _found(view, c):
        return Status.DENIED, "status.found"
    if called_false(view, c.start, c.end):
        return Status.DENIED, "status.called_false"
    if _taken_back(article, view) or _headed_by_denial(article, view):
        return Status.DENIED, "status.taken_back"
    return None


_TALE = re.compile(
    r"\b(?:claims?|claimed|reports?|rumou?rs?|posts?|stor(?:y|ies)|tales?|allegations?|news|videos?|messages?|talk|"
    r"word|assertions?|"
    r"information|figures?|statements?|lists?|suggestions?|articles?|items?|obituar(?:y|ies)|photos?|clips?|footage|"
    r"pictures?|images?|screenshots?|reported(?:ly)?)\b"
)
_NOT_LOST = re.compile(
    r" (?:[\w'-]+ ){0,3}(?:was|were|has|have|had|did) (?:not|never) (?:been |actually |in fact )?(?:kill|injur|"
    r"wound|die\b|captur|harm|hurt|perish)"
)
_FALSE = re.compile(
    r"\b(?:untrue|false|fake|fakes|disinformation|misinformation|fabricat\w+|baseless|unfounded|hoax\w*|lies|a lie|"
    r"invention|nonsense|"
    r"invent\w+|disavow\w*|propaganda|refut\w+|debunk\w*|dismiss\w*|not true|no truth|did not (?:die|happen)|"
    r"alive and (?:well|unharmed|in good)|"
    r"is alive|are alive|were alive|fantas(?:y|ies)|made up|rubbish|rejects?|rejected|den(?:y|ies|ied|ying)|denials?|"
    r"do(?:es)? not correspond|old footage|staged)\b"
)


_FOUND = re.compile(
    r"\b(?:has|have|had|was|were) (?:both |all |since |now |later )?(?:turned up|reappeared|resurfaced|made contact|"
    r"(?:been )?(?:found|located|rescued|discovered)(?: \w+ly)? "
    r"(?:alive|safe|unharmed|unhurt|well)|been accounted for)\b"
)


def _found(view: View, c: Candidate) -> bool:
    """As in "two tourists reported lost have turned up": nobody is missing."""
    return view.lang == "en" and c.measure is Measure.MISSING and _FOUND.search(view.norm, c.start) is not None


def _untrue(view: View, c: Candidate) -> bool:
    """As in "reports that 20 mercenaries died are untrue, Warsaw says": a tale, and the word that calls it false."""
    tale = [m for m in _TALE.finditer(view.norm) if m.end() <= c.start or 0 <= m.start() - c.end < 12]
    if not tale or c.measure in (Measure.EXCHANGED, Measure.BODIES_RETURNED):
        return False
    low = min(m.start() for m in tale)
    return any(
        m.start() >= c.end or low - 40 <= m.start() <= c.start
        for m in _FALSE.finditer(view.norm)
        if not re.search(r"[;]", view.norm[min(m.end(), c.end) : max(m.start(), c.start)])
    )


_TOLD = re.compile(r"\b(?:це|цю|ці|цього|это|эту|эти|этого|цифр[ауи]|сведения|відомості|this|it|that)\b")


def _taken_back(article: Article, view: View) -> bool:
    """As in "Media write of dozens killed. The spokeswoman called this a fabrication."."""
    following = article.views[article.views.index(view) + 1 :][:1]
    return any(
        _TOLD.search(v.norm[max(0, h.start - 40) : h.end + 30]) for v in following for h in v.all("cause.untrue")
    )


def _headed_by_denial(article: Article, view: View) -> bool:
    """As in "Denial. The news of two dead officers is false."."""
    index = article.views.index(view)
    return (
        index > 0 and len(article.views[index - 1].sentence.words) <= 3 and article.views[index - 1].has("cause.untrue")
    )


def _retracted(article: Article, view: View, c: Candidate) -> Verdict:
    """The one death that the text takes back."""
    if c.measure is Measure.KILLED and c.number == 1 and article.has("cues.retraction"):
        return Status.DENIED, "status.retracted"
    return None


def _animals(article: Article, view: View, c: Candidate) -> Verdict:
    if (
        c.group is None
        and view.has("cause.animals")
        and not (view.has("cause.war") and not view.near(view.all("cause.animals"), c.start, c.noun_end))
    ):
        return Status.ACCIDENT, "status.animals"
    if (
        article.weights["sport"]
        and not article.weights["war"]
        and not re.search(r"\b(?:killed in action|in combat|at the front|his unit|her unit|frontline)\b", view.norm)
    ):
        return Status.ACCIDENT, "status.sport"
    return None


def _hypothetical(article: Article, view: View, c: Candidate) -> Verdict:
    start, end = view.clause(c.start, c.end)
    start = min([start, *(h.start for h in view.all("cause.hypothetical") if view.norm[h.end : start] == ", ")])
    cut = re.search(r"\b(?:and|while|и|а|та|й|але|но|but)\b", view.norm[c.end : end])
    after = c.end + cut.start() if cut else end
    if view.near(view.all("cause.hypothetical"), max(start, c.start - 40), min(after, c.end + 25)):
        return Status.HYPOTHETICAL, "status.hypothetical"
    if re.search(r"\b(?:убить|ранить|вбити|убити|поранити)\b", view.norm[c.start : c.end]) and not re.search(
        r"удал|вдал|смог|успел|зміг|змогл", view.norm
    ):
        return Status.HYPOTHETICAL, "status.intended"
    handed = (Measure.EXCHANGED, Measure.BODIES_RETURNED)
    if c.measure in handed and view.near(view.all("cause.offer"), max(start, c.start - 60), min(end, c.end + 10)):
        return Status.HYPOTHETICAL, "status.offer"
    if (
        c.measure is Measure.CAPTURED
        and view.has("triggers.exchanged")
        and view.near(view.all("cause.offer"), max(start, c.start - 40), c.start)
    ):
        return Status.HYPOTHETICAL, "status.offer"
    if would_have_been(view, c.start, c.end):
        return Status.HYPOTHETICAL, "status.would"
    if counts_others(view, c.noun_start, c.noun_end, c.end) or (
        c.measure in (Measure.WOUNDED, Measure.KILLED, Measure.CAPTURED)
        and (_in_care(view, c) if article.lang == "en" else of_those_hurt_before(view, c.start, c.end, c.form))
    ):
        return Status.HYPOTHETICAL, "status.care"
    if _ON_SCREEN.search(view.norm):
        return Status.HYPOTHETICAL, "status.on_screen"
    if article.weights["drill"]:
        return Status.HYPOTHETICAL, "status.drill"
    if article.weights["fiction"] and not article.weights["war"]:
        return Status.HYPOTHETICAL, "status.fiction"
    return None


_SUFFERING = re.compile(r"\b(?:wounded|injured|amputees?|invalids?|disabled|dead|fallen|killed|maimed)\b")


def _in_care(view: View, c: Candidate) -> bool:
    """As in "medals were given to 14 wounded soldiers": what is done for those hurt before, no news of a loss."""
    if not view.has("cause.care") or c.measure not in (Measure.WOUNDED, Measure.KILLED):
        return False
    found = _SUFFERING.search(view.norm, c.noun_start, c.end + 1)
    attribute = found is not None and any(h.start == found.end() + 1 for h in view.all("persons."))
    return attribute or (c.form == "noun" and not view.has("cause.war"))


def _jail(article: Article, view: View, c: Candidate) -> Verdict:
    """Prisoners of the courts, and people freed from a lift, are no captives of war."""
    if article.lang != "en" or c.measure not in (Measure.CAPTURED, Measure.EXCHANGED):
        return None
    if view.has("cause.jail") and not _OF_WAR.search(view.norm):
        return Status.ACCIDENT, "status.jail"
    if (
        c.measure is Measure.EXCHANGED
        and view.has("cause.peace")
        and not _OF_WAR.search(view.norm)
        and not view.has("triggers.captured")
    ):
        return Status.ACCIDENT, "status.freed"
    return None


_OF_WAR = re.compile(
    r"\b(?:of war|pows?|captiv\w+|hostages?|captur\w+|surrender\w*|swap\w*|exchang\w+|kidnap\w*|abduct\w*|"
    r"defenders?|soldiers?|"
    r"servicem[ae]n|troops|marines?|militants?|rebels?|gunmen|bandits|jihadists?|hamas|houthis?|occup\w+|front)\b"
)


def _prior(article: Article, view: View, c: Candidate) -> Verdict:
    return (Status.PRIOR_FIGURE, "status.prior") if c.prior else None


_LOST_THEN = re.compile(
    r"\b(?:збит|полегл|загибл|зникл|захоплен|полонен|вбит|убит|узят|взят|викраден)\w* (?:[\w'-]+ ){0,4}$"
)


def _historical(article: Article, view: View, c: Candidate) -> Verdict:
    handed = c.measure in (Measure.EXCHANGED, Measure.BODIES_RETURNED)
    if any(not (handed and _LONG_AFTER.match(view.norm, h.start, h.end)) for h in view.all("cause.historical")):
        return Status.HISTORICAL, "status.historical"
    if article.weights["anniversary"] and not view.has("days.today", "days.yesterday"):
        return Status.HISTORICAL, "status.anniversary"
    if article.weights["historical"] > 1 and not (view.has("days.today") and view.has("cause.war")):
        return Status.HISTORICAL, "status.historical_article"
    if any(
        _is_past(article, int(m.group(1) or m.group(2)))
        and not _known_only_now(article, view, c, int(m.group(1) or m.group(2)))
        for m in _YEAR.finditer(view.norm)
        if not _is_since(view, m) and not (handed and _LOST_THEN.search(view.norm[: m.start()]))
    ) or _DECADE.search(view.norm):
        return Status.HISTORICAL, "status.past_year"
    if article.lang == "en" and (_looks_back(article, view) or _long_ago(article, view)):
        return Status.HISTORICAL, "status.looks_back"
    undated = _UNDATED_YEAR.finditer(view.norm) if article.item.published is None else ()
    if any(not _BIOGRAPHY.search(view.norm, 0, m.start()) for m in undated):
        return Status.HISTORICAL, "status.year_alone"
    return None


def _long_ago(article: Article, view: View) -> bool:
    """As in "From the log of 6 November 1943: ...": a sentence before tells of another age."""
    return any(
        int(m.group(1) or m.group(2)) < 1990 and not _is_since(other, m)
        for other in article.views[: article.views.index(view)]
        for m in _YEAR.finditer(other.norm)
    )


_IDENTIFIED = re.compile(
    r"\b(?:днк|экспертиз|опозна|идентифи|похорон(?:ят|ен|или)|прости(?:лись|тся)|прощани|поименн|"
    r"експертиз|впізна|упізна|поховали|поховають|попроща|прощання|поіменн)"
)


def _known_only_now(article: Article, view: View, c: Candidate, year: int) -> bool:
    """As in "the tests confirm that he fell in November 2023; the funeral is on Friday": old death, new disclosure."""
    published = article.item.published
    return (
        article.lang != "en"
        and c.measure is Measure.KILLED
        and published is not None
        and published.year - year <= 4
        and _IDENTIFIED.search(view.whole) is not None
    )


def _looks_back(article: Article, view: View) -> bool:
    """As in "the 2011 bombing", "a decade ago", "five years after the fire that killed"."""
    published = article.item.published
    if any(not published or _is_past(article, int(m.group(1))) for m in _YEAR_OF_EVENT.finditer(view.norm)):
        return True
    return bool(_AFTER_YEARS.search(view.norm)) or bool(
        _AGO.search(view.norm) and not re.search(r"\bbegan\b", view.norm)
    )


def _is_since(view: View, year: re.Match[str]) -> bool:
    """As in "since February 2022", or a year of birth: no year in which the losses fell."""
    since = re.search(
        r"\b(?:с|со|з|із|від|since|from)(?: \d{1,2})?(?: [^\W\d]+)?,? ?$", view.norm[: year.start(year.lastindex or 0)]
    )
    if re.search(r"\bborn (?:in|on)(?: \d{1,2})?(?: [^\W\d]+)?,? ?$", view.norm[: year.start(year.lastindex or 0)]):
        return True
    if _BIOGRAPHY.search(view.norm, 0, year.start(year.lastindex or 0)):
        return True
    born = re.match(r"(?: (?:и|та|і|and) \d{4})? ?(?:г\. ?р|р\. ?н|г\.р|р\.н)", view.norm[year.end() :])
    recent = int(year.group(year.lastindex or 0)) >= 2014
    return bool(born) or (bool(since) and (recent or view.has("cumulative")))


def _is_past(article: Article, year: int) -> bool:
    published = article.item.published
    return year < published.year - (1 if published.month < 4 else 0) if published else year < 2002


def _enemy(article: Article, view: View, c: Candidate) -> Verdict:
    if c.measure in (Measure.EXCHANGED, Measure.BODIES_RETURNED) or _admitted(view, c):
        return None
    if any(_on_their_side(view, hit, c) for hit in view.all("enemy.losses")):
        return Status.ENEMY_CLAIM, "status.enemy_losses"
    if c.group in ("civilian", "police"):
        return None
    destroyed = bool(_DESTROY.search(view.norm[c.start : c.end]))
    if (
        c.form == "loss"
        and article.lang == "ru"
        and re.search(r"\b(?:всу|киев|украин\w+|противник|враг)\b[^.,]*$", view.norm[: c.start])
    ):
        return Status.ENEMY_CLAIM, "status.enemy_lost"
    if (
        c.form == "loss"
        and article.lang != "en"
        and view.has("enemy.ua_speaker")
        and re.search(r"\b(?:российск|російськ|росси|росі|рф)\w*[^.,]*$", view.norm[: c.start])
    ):
        return Status.ENEMY_CLAIM, "status.enemy_lost"
    if c.form == "loss" and article.lang == "en" and _lost_by_the_other(article, view, c):
        return Status.ENEMY_CLAIM, "status.other_side_lost"
    if destroyed and article.lang != "en":
        return Status.ENEMY_CLAIM, "status.destroyed"
    if article.lang == "en" and _CLAIMING.search(view.norm):
        return Status.ENEMY_CLAIM, "status.claiming"
    if article.lang == "en" and c.group == "military" and _ATTACKED.search(view.norm[: c.word[1]]):
        return Status.ENEMY_CLAIM, "status.attackers_say"
    if (
        article.lang == "en"
        and c.group == "military"
        and c.form != "loss"
        and _CAPTORS_SAY.search(view.norm[: c.start])
    ):
        return Status.ENEMY_CLAIM, "status.captors_say"
    if article.lang == "en" and _put_out_of_action(article, view, c):
        return Status.ENEMY_CLAIM, "status.put_out_of_action"
    if _fighters(article, view, c):
        return Status.ENEMY_CLAIM, "status.fighters"
    ua = any(_is_victim(view, hit, c) for hit in view.all("enemy.ua_mod"))
    ru = any(_is_victim(view, hit, c) and _is_foe_of_russia(article, view, hit) for hit in view.all("enemy.ru_mod"))
    if view.has("enemy.boast") and c.group not in ("civilian", "police"):
        return Status.ENEMY_CLAIM, "status.boast"
    if ua and _own_side_says(article, view, "RU"):
        return None
    if article.lang == "uk":
        return (Status.ENEMY_CLAIM, "status.enemy_of_ua") if ua else None
    if (
        ru
        and not _own_side_says(article, view, "UA")
        and (article.lang == "ru" or article.has("enemy.ru_speaker") or _RUSSIAN_OFFICER.search(view.norm))
    ):
        return Status.ENEMY_CLAIM, "status.enemy_of_ru"
    if ua and (_named_enemy(view, c) or _ukraine_says(article, view)):
        return Status.ENEMY_CLAIM, "status.enemy_of_ua"
    return None


_CONTRAST = re.compile(
    r"\b(?:но|зато|однако|але|проте|while|but|whereas|наши|наша|нашей|своих|свои|our|my|мы|ми|нас)\b|;|, а "
)


def _on_their_side(view: View, hit: Hit, c: Candidate) -> bool:
    """The words of enemy losses and the figure, with no "but" or "ours" between them."""
    low, high = (hit.end, c.start) if hit.end <= c.start else (c.end, hit.start)
    return low >= high or _CONTRAST.search(view.norm[low:high]) is None


def _own_side_says(article: Article, view: View, country: str) -> bool:
    """As in "governor of Pskov region: 14 soldiers killed": an official of their own country tells of the loss."""
    other = "enemy.ua_speaker" if country == "RU" else "enemy.ru_speaker"
    if view.has(other):
        return False
    if view.has("enemy.neutral"):
        return True
    officials = [
        role
        for v in article.views
        for role in roles_of(v)
        if role.role == "speaker" and not v.has(other) and v.has("attribution.")
    ]
    return any(role.place.code.startswith(country) for role in officials)


def _lost_by_the_other(article: Article, view: View, c: Candidate) -> bool:
    """As in "the Russian ministry said Ukraine had lost 300 soldiers"."""
    before = view.norm[: c.start]
    if re.search(r"\b(?:ukraine|kyiv|ukrainian [\w ]{3,20}|afu)\b[^.,;]{0,20}$", before):
        return article.has("enemy.ru_speaker")
    if re.search(r"\b(?:russia|moscow|russians|russian [\w ]{3,20}|enemy|occupiers|invaders)\b[^.,;]{0,20}$", before):
        return article.has("enemy.ua_speaker")
    return False


def _admitted(view: View, c: Candidate) -> bool:
    """As in "the marines own up to four killed", "his own brigade counts two wounded": a side's own losses."""
    stop = re.compile(r"[.;]|\b(?:said|says|claimed|claims|but|while)\b|, (?:а|але|зате|натомість) ")
    theirs = view.all("enemy.losses")
    if view.lang == "uk" and any(
        h.start >= c.end and view.norm.startswith("визна", h.start) for h in view.all("enemy.admits")
    ):
        return True
    return c.group != "other" and any(
        h.end <= c.start
        and not stop.search(view.norm[h.end : c.start])
        and not any(h.end <= t.start < c.start for t in theirs)
        for h in view.all("enemy.admits")
    )


_STATE_VOICE = re.compile(
    r"\b(?:government|military|army|air force|navy|command|forces|police|troops|ministry|commandos|general staff|"
    r"paramilitar\w+|"
    r"operation|security service|intelligence|presidency|officials)\b"
)
_KNOCKED_OUT = re.compile(
    r"neutrali[sz]ed|put out of action|out of action|wiped out|eliminated|liquidated|finished off|surrender"
)
_OUTLAWS = re.compile(
    r"\b(?:militants?|terrorists?|bandits?|insurgents?|guerrillas?|jihadis?t?s?|rebels?|extremists?|dissidents?|"
    r"infiltrators?|saboteurs?|subversives?|(?:al-shabaab|hamas|hezbollah|taliban|isis|islamic state|houthi|pkk|ttp|"
    r"farc|eln|fmln|"
    r"boko haram|jnim|m23|rsf|wagner|junta|maoist|naxalite) (?:[\w-]+ )?(?:fighters?|members?|operatives?|"
    r"militants?|commanders?|"
    r"guerrillas?|troops|soldiers|men))\b"
)


def _put_out_of_action(article: Article, view: View, c: Candidate) -> bool:
    """As in "the air force says bombing killed 19 guerrillas": outlaws lost, and it is the state's force that tells."""
    if c.measure not in (Measure.KILLED, Measure.WOUNDED, Measure.CAPTURED) or c.group in ("civilian", "police"):
        return False
    if c.form == "loss" or re.search(r"\b(?:its|their|our|his) (?:own )?$", view.norm[: c.noun_start]):
        return False
    near = view.norm[max(0, c.noun_start - 2) : c.noun_end + 28]
    outlaws = _OUTLAWS.search(near)
    if outlaws is None or re.search(r"[,.;]|\b(?:by|attack|when|after|in|and|while)\b", near[: outlaws.start()]):
        return False
    voices = [m for m in _STATE_VOICE.finditer(view.norm) if not c.noun_start - 2 <= m.start() <= c.noun_end + 28]
    told = view.has("attribution.verbs", "attribution.by")
    return bool(voices) and (told or bool(_KNOCKED_OUT.search(view.norm[c.start : c.end])))


def _is_foe_of_russia(article: Article, view: View, hit: Hit) -> bool:
    """A slur always; plain "Ukrainian soldiers" only where a Russian authority is the one who speaks."""
    plain = re.match(
        r"украинск\w+ (?:воен|солд|морп|десант)|(?:бойц|воен|солдат)\w* всу|ukrainian", view.norm[hit.start : hit.end]
    )
    return plain is None or article.has("enemy.ru_speaker") or _RUSSIAN_OFFICER.search(view.norm) is not None


def _ukraine_says(article: Article, view: View) -> bool:
    if view.has("enemy.ua_speaker"):
        return not view.has("enemy.ru_speaker")
    return article.has("enemy.ua_speaker") and not article.has("enemy.ru_speaker")


def _named_enemy(view: View, c: Candidate) -> bool:
    return bool(
        re.search(
            r"\b(?:enemy|invaders|occupiers|оккупант|рашист|захватчик)",
            view.norm[max(0, c.start - 12) : c.noun_end + 12],
        )
    )


_BY = re.compile(r"\b(?:by|against|with|from|of an?|in an?|in the|fighting|captivity|seized|held) (?:the )?$")


def _fighters(article: Article, view: View, c: Candidate) -> bool:
    if c.measure is not Measure.KILLED and c.measure is not Measure.WOUNDED and c.measure is not Measure.CAPTURED:
        return False
    stretch = view.norm[max(0, c.noun_start - 4) : c.noun_end + 4]
    if (
        view.near(
            [h for h in view.all("enemy.foes") if not _BY.search(view.norm[: h.start])], c.noun_start, c.noun_end, 32
        )
        and article.lang == "en"
        and _MILITARY_VOICE.search(view.norm)
    ):
        return True
    return bool(_FIGHTERS.search(stretch)) and (article.lang != "en" or bool(_MILITARY_VOICE.search(view.norm)))


_ATTACKED = re.compile(  # "the resistance says it overran the outpost, killing"
    r"\b(?:sa(?:y|ys|id)|claim(?:s|ed)?|announced?|reports?|reported)(?: that)? (?:it|they|(?:its|their) [\w-]+)"
    r"(?: had| have| has)? (?:overr[au]n|attack\w*|ambush\w*|raid\w*|storm\w*|struck|shell\w*|hit|target\w*|seiz\w*|"
    r"took|captur\w*|destroy\w*|repel\w*|sank|sunk|blew up|beat back|routed)\b[^.;]{0,80}, "
    r"(?:killing|capturing|wounding|eliminating|taking|seizing)"
)
_STRUCK_DOWN = re.compile(r"\b(?:kill|wound|injur|captur|eliminat|destroy|slay|slew|took|take|left|bur(?:y|ied))\w* ")
_CAPTORS_SAY = re.compile(
    r"(?:^|[.;:] )(?:the |yemen's |lebanon's |somalia's )?(?:houthis?|hamas|hezbollah|taliban|al-shabaab|"
    r"islamic state|isis|rebels|"
    r"militants|guerrillas|insurgents|jihadists|separatists|rsf|m23|arakan army|al-qassam brigades|pkk|farc|eln|"
    r"wagner|partisans)"
    r"(?: [\w-]+)? (?:say|says|said|claim|claims|claimed|announced|announces|report|reports|boast|boasts)\b"
)


def _is_victim(view: View, hit: Hit, c: Candidate) -> bool:
    """The enemy word names the victims: in their noun phrase, losing them, or struck; not the one who strikes."""
    text = view.norm[hit.start : hit.end]
    if view.lang == "en" and view.norm[hit.end : c.noun_start] in (", ", ": ", " ("):
        return True  # "Russian soldiers, up to 35"
    lost = re.search(
        r"\b(?:потеря\w+|втрати\w+|lost|loses?|завда\w+|нанес\w+|недосчитал\w+|недорах\w+|"
        r"мінус|минус|залишил\w*|полишил\w*|оставил\w*|здал\w+|сдал\w+|left behind|surrendered)\b",
        view.norm,
    )
    captor = c.measure is Measure.CAPTURED and _NOMINATIVE.fullmatch(text)
    if captor and view.lang == "uk":
        return False
    if lost is not None and not captor and not _AGENT_FORM.search(text) and _on_their_side(view, hit, c):
        return True
    if _NOMINATIVE.fullmatch(text) and not c.noun_start - 2 <= hit.start <= c.noun_end + 2:
        return False
    if _CAPTOR_BEFORE.search(view.norm[: hit.start]):
        return False
    agent = _AGENT_BEFORE.search(view.norm[max(0, hit.start - 40) : hit.start])
    if (agent and not (view.lang == "en" and _STRUCK_DOWN.search(agent.group()))) or _AGENT_FORM.search(text):
        return False
    if c.noun_start - 25 <= hit.start <= c.noun_end + 26 and not re.search(
        r"[,.;:—]", view.norm[min(hit.end, c.noun_end) : max(hit.start, c.noun_start)]
    ):
        return True
    return c.start <= hit.start <= c.start + 26 and not re.search(r"[,.;:—]", view.norm[c.start : hit.start])


def _no_war(article: Article, view: View, c: Candidate) -> Verdict:
    """Captivity needs a count or a conflict: "we surrendered" said of a debate is none."""
    if _CAPTIVE.search(view.norm[c.start : c.end]) or (c.group == "military" and article.lang == "uk"):
        return None
    if c.measure is Measure.CAPTURED and c.implicit and not any(_tells_of_war(v) for v in article.views):
        return Status.HYPOTHETICAL, "status.no_war"
    return None


def _tells_of_war(view: View) -> bool:
    """A word of war or conflict that is not itself the word of loss."""
    triggers = view.all("triggers.")
    return any(
        all(h.end <= t.start or h.start >= t.end for t in triggers) for h in view.all("cause.war", "cause.conflict")
    )


def _accident(article: Article, view: View, c: Candidate) -> Verdict:
    if c.measure in (Measure.EXCHANGED, Measure.BODIES_RETURNED):
        return None
    if view.has("cause.crime") or (article.lang == "ru" and _crime_before(article, view)):
        return Status.ACCIDENT, "status.crime"
    if (
        article.lang == "en"
        and view.has("cause.place")
        and not view.sentence.upper
        and not _at_war(article)
        and not view.has("enemy.")
        and not any(not _SOFT_CONFLICT.match(view.norm, h.start, h.end) for h in view.all("cause.conflict"))
        and not _PUBLIC_FIGURE.search(view.norm)
    ):
        return Status.ACCIDENT, "status.peaceful_place"
    if view.has("cause.accident") and not view.has("cause.war") and not _war_around(article, view):
        return Status.ACCIDENT, "status.accident"
    if (article.weights["accident"] or article.weights["crime"]) and not article.weights["war"]:
        return Status.ACCIDENT, "status.accident_article"
    if (
        c.implicit
        and not article.weights["war"]
        and not article.weights["conflict"]
        and not _official(article, view, c)
        and not (article.lang == "en" and _in_the_war_zone(article))
    ):
        return Status.ACCIDENT, "status.no_conflict"
    if (
        c.number > 1000
        and c.group in ("civilian", None)
        and not article.weights["war"]
        and not article.weights["conflict"]
        and not (article.lang == "ru" and _in_the_war_zone(article))
    ):
        return Status.ACCIDENT, "status.mass_without_cause"
    return None


_BY_PEOPLE = re.compile(
    r"(?:kill|murder|massacr|assassinat|execut|slain|slay|shot|gunned|behead|lynch|tortur|blown|wound|abduct|kidnap|"
    r"hostage|butcher|slaughter|ambush|hacked|shell|shrapnel|bullet|in action|prisoner|captiv)"
)
_EVERYDAY = re.compile(r"major|private|division|medal|hero|border$|fallen|fell in|comrades|rubble|ruins")
_IN_OFFICE = re.compile(
    r"administration|emergency|defen[cs]e|military|governor|mayor|head of|rma|ova|minist|prosecut|commiss|ombudsman|"
    r"spokes|official|police chief|command|press|(?:village|district|town|council|regional) (?:head|elder)"
)
_HUMAN_HAND = re.compile(
    r"\b(?:by|at the hands of) (?:[\w'-]+ ){0,4}?(?:\w*(?:men|man)|police\w*|troops|soldiers?|forces|assassins?|"
    r"militia\w*|attackers?|mob|regime|army|officers?|guards?|agents?|fighters?|settlers?|extremists?)\b"
)


def _alone(article: Article, view: View, c: Candidate) -> Verdict:
    """One victim without a number is a loss only with a sign of violence by people, or in an official's report."""
    if article.lang != "en" or not c.implicit or c.number > 1 or view.sentence.upper:
        return None
    if c.measure in (Measure.EXCHANGED, Measure.BODIES_RETURNED):
        return None
    for other in article.views:
        for hit in other.all("cause.war", "cause.conflict", "uniform", "enemy.", "origin.ours"):
            inside = other is view and (hit.start, hit.end) == c.word  # "captured" by a camera is no sign of itself
            if not inside and not _EVERYDAY.match(other.norm, hit.start, hit.end):
                return None
    if (
        article.item.source_official
        or _in_the_war_zone(article)
        or any(
            _IN_OFFICE.search(other.norm, h.start, h.end)
            for other in article.views
            for h in other.all("attribution.offices", "attribution.institutions")
            if other is not view or h.end <= c.start or h.start >= c.end
        )
    ):
        return None
    if _BY_PEOPLE.search(view.norm, *c.word) and (
        c.group in ("police", "military") or _PUBLIC_FIGURE.search(view.norm) or _HUMAN_HAND.search(view.norm)
    ):
        return None
    return Status.ACCIDENT, "status.one_alone"


def _crime_before(article: Article, view: View) -> bool:
    """As in "a drunken husband had brought the grenade. The family died": the cause stands a sentence back."""
    index = article.views.index(view)
    return index > 0 and article.views[index - 1].has("cause.crime") and not view.has("cause.war")


_WAR_ZONE = ("UA", "RU-BEL", "RU-KRS", "RU-BRY")


def _in_the_war_zone(article: Article) -> bool:
    """A text that names a place in Ukraine or on its border."""
    return any(place.code.startswith(_WAR_ZONE) for view in article.views for place in find_places(view))


_SOFT_WAR = re.compile(r"(?:attack(?:s|ed)?|gunfire|gunmen|gunned|opened fire on|firing)$")
_SOFT_CONFLICT = re.compile(r"(?:explosions?|blasts?|violence|major|private|fallen|hero|heroes|medal|division)$")


def _at_war(article: Article) -> bool:
    """A word of war that no shooting of civil life takes: more than "gunfire" or "attack"."""
    return any(
        _SOFT_WAR.match(view.norm, h.start, h.end) is None for view in article.views for h in view.all("cause.war")
    )


_PUBLIC_FIGURE = re.compile(
    r"\b(?:mps?|politicians?|senators?|ministers?|candidates?|activists?|journalists?|reporters?|mayors?|"
    r"councillors?|ambassadors?|"
    r"diplomats?|presidents?|imams?|bishops?|archbishops?|judges?|dissidents?|opposition|leaders?|governors?)\b"
)


def _war_around(article: Article, view: View) -> bool:
    """One word of an accident in a report of war tells of a place ("next to the boiler house"), no cause."""
    if article.lang != "en" or len(article.views) < 2:
        return False
    return article.weights["war"] > article.weights["accident"] and len(view.all("cause.accident")) == 1


_VIOLENT = re.compile(r"\bпогиб|гибел|убит|травм|пострада\w+(?! за)")


def _official(article: Article, view: View, c: Candidate) -> bool:
    """One victim counts without a word of war when killed rather than dead, in uniform, or in an official's post."""
    if c.group in ("military", "police", "other") or article.item.source_official or not c.weak:
        return True
    if article.lang == "ru" and _VIOLENT.search(view.norm, c.start, c.end) and c.rule != "count.roll":
        return True  # a violent word: without a word of accident in the text it is told as news of an attack
    if view.has("origin.ours") or (
        c.rule != "count.names" and view.has("attribution.offices", "attribution.institutions")
    ):
        return True
    return bool(re.search(r"\b(?:от|від) (?:\w+ ){0,3}(?:ран|поран)|\bof (?:\w+ )?wounds|\bпоранен|\bранен", view.norm))


def _part(article: Article, view: View, c: Candidate) -> Verdict:
    return (Status.SUBSET, "status.part") if c.part else None


_RULES: tuple[Callable[[Article, View, Candidate], Verdict], ...] = (
    _undivided,
    _figurative,
    _payout,
    _denied,
    _retracted,
    _animals,
    _hypothetical,
    _prior,
    _historical,
    _enemy,
    _no_war,
    _jail,
    _accident,
    _alone,
    _part,
)
