"""Where it happened, and where the casualties came from: soldiers *from* Pskov killed *in* Belgorod region."""

from __future__ import annotations

import re
from dataclasses import dataclass

from processing.detect.officials import speaking
from processing.detect.places import Place, countries_in, find_places, table
from processing.detect.view import Article, View

_ORIGIN_BEFORE = re.compile(
    r"(?:\b(?:from|natives? of|born in|hail(?:s|ed|ing) from|called up (?:from|in)|drafted "
    r"(?:from|in)|residents? of|conscripted (?:from|in)|raised in)(?: the)?(?: (?:city|town|"
    r"village|settlement) of)?|"
    r"\bродом (?:\w+ ){1,2}(?:з|із|зі|из|с)|"
    r"\b(?:родом|призван\w*|уроженц\w+|уроженец|уроженк\w+|выходц\w+|выходец|жител\w+|"
    r"проживавш\w+|военн\w+|бойц\w+|солдат\w*|контрактник\w*|мобилизованн\w+|десантник\w*|"
    r"земляк\w*|человек|военнослужащ\w+|добровольц\w+|парн\w+) (?:из|с)(?: (?:города|села|"
    r"поселка|пос\.|деревни|г\.|станицы))?|"
    r"\b(?:уроженц\w+|уроженец|уроженк\w+|призван\w*)(?: из)?|\b(?:вихідц\w+|вихідець|родом|"
    r"призван\w*|уродженц\w+|уродженець|уродженк\w+|військов\w+|бійц\w+|солдат\w*|захисник\w*|"
    r"мобілізован\w+|хлопц\w+|воїн\w*|десантник\w*) (?:з|із|зі)(?: (?:міста|села|смт|м\.|"
    r"с\.))?|"
    r"\b(?:уродженц\w+|уродженець|уродженк\w+))(?: (?!on|in|at|of|strike|attack|battle|raid|"
    r"по|на|в|у|under|near|под|під|the)[\w-]+){0,1} $"
)
_RESIDENT_BEFORE = re.compile(
    r"\b(?:жител\w+|жительниц\w+|мешкан\w+|residents?|inhabitants?|villagers?) (?:of |from |"
    r"из |з )?(?:the )?(?:города |села |міста |поселка )?$"
)
_BURIAL = re.compile(
    r"\b(?:похорон\w*|хоронил\w*|хоронят|хоронить|прощани\w*|простил\w*|попрощ\w*|похова\w*|"
    r"прощал\w*|прощаєть\w*|прощають\w*|прощатим\w*|прощает\w*|прощают\w*|прощаємо\w*|"
    r"ховає|ховають|ховал\w*|хоронитим\w*|"
    r"хоронить|домовин\w*|труни|труна|гроб\w*|на щиті|на колінах|на коленях|скорбит|сумує за|"
    r"провел\w* (?:в|у) останн|провод\w+ (?:в|у) останн|coffins?|"
    r"buried|laid to rest|funerals?|burial|погребен\w*|предан\w* "
    r"земле|предали земле|земля приняла|траур\w*|груз\w{0,2} (?:200|двести)|в цинк\w*|цинком|"
    r"назвал\w* имена (?:павших|погибших))\b"
)
_DEATH = re.compile(
    r"\b(?:поліг|поляг|вбит|убит|не стало|умер|помер|скон|наклав|впав|пал |"
    r"погиб(?!ш\w+ (?:на|в зоне) (?:сво|фронте|войне|украине))|загин|загиб|killed|died|fell|strike|удар|"
    r"lost (?:their|his))"
)
_OFFICE_AFTER = re.compile(
    r" (?:\w+ )?(?:губернатор\w*|мэр\w*|власт\w+|облвласт\w+|ова\b|ода\b|мва\b|облсовет\w*|"
    r"глав\w+|мер\b|мера\b|міськ\w* голов\w*|рва\b|тцк\b|(?:міськ|селищн|сільськ|районн)\w* рад(?:а|и|і|у|ою)\b|"
    r"міськрад\w*|"
    r"военкомат\w*|обладміністрац\w+|governor|mayor|"
    r"officials?|authorit\w+|administration|regional (?:head|governor)|head\b|чиновник\w*|"
    r"депутат\w*|министр\w*|прокуратур\w*|больниц\w*|выпуск\w*|телеканал\w*|издани\w*|"
    r"газет\w*|порт[ае]л\w*)"
)
_OFFICE_BEFORE = re.compile(
    r"\b(?:(?:military|enlistment|recruitment|press) (?:office|service|commissariat)(?: in| "
    r"of)?|губернатор\w*|глав[аеуыойї]+|мэр\w*|мер|мера|мером|начальник\w*|очільник\w*|"
    r"голов\w+|governor(?: of)?(?: the)?|mayor(?: of)?(?: the)?|head of(?: the)?(?: republic "
    r"of)?|власт\w+|правительств\w+|администраци\w+|влад[аи]|прокуратур\w+|управлени\w+|"
    r"руководител\w+|министерств\w+|військкомат\w*|военкомат\w*|омбудсмен\w*)(?: "
    r"(?:российск\w+|военн\w+|обласн\w+|ова|ода|администраци\w+|міста|города|of|the|обласної|"
    r"військової|адміністрації))* ?$"
)
_PEOPLE_AFTER = re.compile(
    r" (?:\w+ )?(?:десантник\w*|военнослужащ\w*|солдат\w*|бойц\w+|боец|мобилизованн\w*|"
    r"контрактник\w*|добровол\w+|срочник\w*|офицер\w*|морпех\w*|призывник\w*|земляк\w*|"
    r"парн\w+|десантн\w+|бригад\w+|дивизи\w+|полк\w*|солдат\w*|військов\w*|захисник\w*|"
    r"десантник\w*|бійц\w+|воїн\w*|хлопц\w*|paratroopers?|soldiers?|servicem\w+|conscripts?|"
    r"troops|reservists?|draftees?|marines?|natives?|men|residents)"
)
_HOME_UNIT_BEFORE = re.compile(
    r"\b(?:територіальної оборони|тероборони|тро|территориальной обороны|теробороны|территориальной обороны|"
    r"военкомат\w*|військкомат\w*|тцк|territorial defen[cs]e of|enlistment office (?:in|of)) (?:[\w-]+ )?$"
)
_CAPITAL = r"[A-ZА-ЯЁІЇЄҐ][\w'’-]+"
_AT = re.compile(
    r"(?:\b(?:in|at|near|on|over|outside|around|inside|across|into|of|against|в|во|на|под|у|"
    r"около|возле|близ|по|над|за|біля|поблизу|під|у|вблизи|центру?|центре|северу?|півдні|"
    r"жителей|городу?|hit|struck|shelled|bomb\w+|атаковал\w*|обстрелял\w*|обстріляли|"
    r"накрил\w+|ударил\w+|пригород\w*|село|поселок|окупован\w+|occupied|приграничн\w+|"
    r"облог\w*|siege of|город[ае]?|местах?|сел[ае]|област[ьи])(?: (?:the|town|city|village|"
    r"port|of|город\w*|сел\w+|поселк\w+|посёлк\w+|деревн\w+|хутор\w*|міст\w+|смт|центр\w*|"
    r"район\w*|южн\w+|северн\w+|окраин\w+|российськ\w+|російськ\w+|окупован\w+|occupied|"
    r"central|southern|northern|eastern|western|приграничн\w+|прикордонн\w+|г\.|с\.|м\.|пос\.|"
    r"россий\w+|украинск\w+|нинішн\w+|ukrainian|russian|border|frontline|мирн\w+|соседн\w+|"
    r"сусідн\w+)){0,3}) ?$|^$|[:.,(] $"
)
_OF_THE_REGION = re.compile(
    r"\b(?:из|от) (?:нашего |нашей |этого |своего )?(?:региона|области|края|республики|"
    r"района)\b|\b(?:з|із) (?:нашого |нашої |цієї )?(?:регіону|області|громади)\b|\b(?:from|"
    r"natives? of) (?:the|his|her|their|our) (?:region|republic|oblast)\b"
)
_WAR_DEAD = re.compile(
    r"\b(?:сво|загибл\w+ на війні|на фронті|с начала войны|на войне|спецоперац\w*|мобилизац\w*|на фронте|в украине|на "
    r"украине|в плен\w*|из (?:\w+ )?плен\w*|обмен\w*|обмін\w*|з (?:\w+ )?полону|на війні|"
    r"з початку вторгнення|in ukraine|in the war|since the "
    r"(?:start|invasion))\b"
)
_HOME_BEFORE = re.compile(r"\b(?:домой|додому|на родину|на щите|на щиті),? (?:в|во|на|у|до)(?: \w+){0,1} $")
_LOST_AFTER = re.compile(
    r" (?:уже |вже )?(?:потеря\w+|лишил\w+|недосчита\w+|прощ\w+|простил\w+|хорон\w+|оплакива\w+|втрати\w+|"
    r"недорах\w+|попрощ\w+|ховає|lost|mourns?|buried|has lost)\b"
)
_LOSSES_BEFORE = re.compile(r"\b(?:потер\w+|втрат\w+|losses of)(?: \w+)? $")
_MOURNING = re.compile(r"\b(?:весть|скорб\w*|траур\w*|прощ\w+|похорон\w*|жалоб\w*|сумн\w+|звістк\w+|mourning)\b")
_MOURNS = re.compile(  # right after the name of the place, or of the community
    r"(?: [\w-]*громад\w*)?,? (?:знову |вже |сьогодні |вкотре )?(?:(?:у|в) (?:\w+ )?(?:скорбот|жалоб|траур)\w*|"
    r"на колінах|"
    r"у сльозах|оголо[\w-]+ (?:\w+ )?(?:жалоб|траур)\w*|зустрі\w+ (?:\w+ )?(?:геро|захисник|воїн|на щит)\w*|втрати\w+|"
    r"прощ\w+|попрощ\w*|провод\w+|провел\w+ (?:в|у) останн\w+|схиля\w+|сумує|ховає|поховал\w+|оплакує|"
    r"(?:повідомля|сповіща|зі скорботою|з (?:\w+ )?сумом)\w*)"
)
_NOTICE = re.compile(
    r"\b(?:з \w+ сумом|зі скорбот\w+|з болем|навколішк\w+|на колінах|живим коридором|світла пам'ять)\b"
)
_HIS_HOME_BEFORE = re.compile(
    r"\b(?:батьківськ\w+ (?:дім|домі|дому|хат\w+|домівк\w+)|рідн\w+ (?:дім|дому|домі|міст\w+|сел\w+|хат\w+|краї|край)|"
    r"домівк\w+|народи(?:вся|лася|лися)|(?:ви|від)?рі?с|виросл\w|мешка\w+|проживав\w*|закінчи(?:в|"
    r"ла) (?:\w+ )?(?:школу|ліцей)|"
    r"родин\w+|вдома) (?:на|в|у|з|із|зі) $"
)
_SONS_BEFORE = re.compile(
    r"\b(?:воїн(?:ів|и|а|ами|ам)|бійц(?:ів|і|я|ями|ям)|хлопц(?:ів|і|ями|ям)|син(?:ів|и|ами|ам)|дон(?:ьок|ьки)|"
    r"солдат(?:ів|и|ами)?|"
    r"земляк(?:ів|и|ами)|добровольц(?:ів|і|ями)|випускник(?:ів|и|а)|геро(?:їв|ї|ями)) (?:\w+ої )?$"
)
_IN_DOSSIER = re.compile(r"(?:\d+ (?:рок\w+|рік)|р\. ?н\.?|року народження|\d{4}), $")
_LANDMARK_BEFORE = re.compile(  # "31 miles north of Tel Aviv" tells of another place
    r"\b(?:(?:miles?|kms?|kilomet(?:er|re)s?)(?: to the)?(?: [a-z-]+)? (?:of|from)|(?:north|south|east|west|"
    r"(?:north|south)-?(?:east|west)) of|(?:км|километр\w*|кілометр\w*|верст\w*)(?: \w+){0,2} (?:от|від)|"
    r"к (?:северу|югу|западу|востоку|\w+-\w+у) от|на (?:північ|південь|захід|схід|північний \w+|південний \w+) від)"
    r"(?: the)?(?: (?:city|town|capital|города|столицы|міста|столиці))?(?: of)? $"
)
_SITE_AFTER = re.compile(  # "у финишной черты Бостонского марафона"
    r" (?:марафон\w*|аэропорт\w*|аеропорт\w*|метро\b|вокзал\w*|синагог\w*|мечет\w+|университет\w*|університет\w*|"
    r"рынк\w+|рынок|ринк\w+|стадион\w*|стадіон\w*|школ\w+|пригород\w*|передміст\w+|предмест\w+)"
)
_HEAD_OF_REGION = re.compile(
    r"\b(?:губернатор(?:а|у|ом)?|врио губернатора|глав(?:а|ы|е|у|ой) (?:региона|области|республики|края|субъекта)|"
    r"(?:начальник|глав|руководител|очільни|голов|керівни)\w* (?:ова|ода|облвоенадминистрации|облдержадміністрації|"
    r"обласної (?:військової|державної) адміністрації|області|регіону)|"
    r"(?:the|regional|acting) governor|governor (?:said|says|wrote|reported)|head of (?:the |our |his )?"
    r"(?:region|republic|oblast|regional (?:military |state )?administration)|regional (?:head|leader))\b"
    r"(?! (?:of|штата|штату|провинции|провінції))"
)
_PLACE_BY_SPEAKER = {0.6: 0.73, 0.62: 0.7, 0.5: 0.5}  # by the evidence that tells the speaker's region
_WEIGHT = {"region": 3.0, "capital": 2.4, "city": 2.0, "town": 1.6, "adjective": 1.0, "people": 0.4, "district": 0.3}


_CALLED_UP_BEFORE = re.compile(
    r"\b(?:mobili[sz]ed|contract|called-up|conscripted|drafted) (?:\w+ )?(?:residents?|men|inhabitants|natives|people) "
    r"(?:of|from) (?:the )?(?:\w+ of )?$"
)
_FAREWELL_AFTER = re.compile(
    r"(?: region| district| oblast| republic)? (?:has |have |is |are )?(?:said goodbye|says goodbye|bids? farewell|"
    r"bade farewell|paid (?:its|their) last|mourn\w*|buried|burie[sd]|burying|grie\w+|lost (?:another|its|\w+ of its))"
)
_SCHOOL_BEFORE = re.compile(
    r"\b(?:school|college|lyceum|club|village council|town council|district council|council|university|parish|"
    r"newspaper|military commissar|commissariat) (?:in|of) (?:the )?$"
)


@dataclass(frozen=True, slots=True)
class Roles:
    """Region codes and the words of the place; `sure` is the confidence of the evidence class."""

    place: str | None
    place_region: str | None
    origin_region: str | None
    sure: float


@dataclass(frozen=True, slots=True)
class _Role:
    place: Place
    role: str  # place | origin | speaker


def find_roles(article: Article, view: View, start: int, end: int, group: str) -> Roles:
    """Roles for the claim at `start:end`: its own sentence first, then the others, then speaker and channel."""
    military = group == "military"
    own = roles_of(view)
    origin, origin_sure = _origin(article, view, own, group)
    place, sure, text = _place(article, view, own, start, end, military)
    if view.lang == "uk" and group == "civilian" and origin and place is None:  # those who stay at home are hit there
        return Roles(next((_words(view, r.place) for r in own if r.place.code == origin), None), origin, None, 0.6)
    if place is not None and place == origin:
        origin, place, text = (None, place, text) if sure > max(origin_sure, 0.8) else (origin, None, None)
    return Roles(text, place, origin, min(sure, origin_sure) if place and origin else max(sure, origin_sure))


def channel_region(source: str | None) -> str | None:
    """The region that a channel's id names ("pskov-governor-tg"), for channels registered without one."""
    codes = {
        entry[0]
        for part in re.findall(r"[a-z]{3,}", (source or "").lower())
        if (entry := table().get(part)) and entry[1] in ("capital", "region")
    }
    return codes.pop() if len(codes) == 1 else None


def roles_of(view: View) -> list[_Role]:
    """Places with their roles; "Korkino, Chelyabinsk region": an apposition keeps the role of what it explains."""
    memo: dict[str, list[_Role]] = view.memo
    if "roles" not in memo:
        memo["roles"] = _roles_of(view)
    return memo["roles"]


def _roles_of(view: View) -> list[_Role]:
    found: list[_Role] = []
    for place in find_places(view):
        role = _role(view, place)
        if (
            found
            and view.norm[found[-1].place.end : place.start] in (", ", " (")
            and found[-1].role in ("origin", "speaker")
        ):
            role = found[-1].role
        found.append(_Role(place, role))
    return found


def _role(view: View, place: Place) -> str:
    before, after = view.norm[max(0, place.start - 60) : place.start], view.norm[place.end : place.end + 40]
    if _OFFICE_BEFORE.search(before) or (
        place.kind in ("adjective", "region", "capital") and _OFFICE_AFTER.match(after)
    ):
        return "speaker"
    if place.kind != "district" and _beside_office(view, place):
        return "speaker"
    if _HOME_BEFORE.search(before):
        return "origin"
    if place.kind in ("city", "town", "capital") and re.search(r"\b(?:под|під|близ|возле|біля) $", before):
        return "place"
    if place.kind == "region" and (_LOSSES_BEFORE.search(before) or _LOST_AFTER.match(after)):
        return "origin"
    if _HOME_UNIT_BEFORE.search(before) or (view.lang == "en" and _is_home(view, place, before, after)):
        return "origin"
    if view.lang == "en" and _SCHOOL_BEFORE.search(before):
        return "speaker"
    if place.kind in ("adjective", "people") and any(
        0 <= h.start - place.end <= 16 and view.norm[place.end : h.start].count(" ") < 3
        for h in view.all("persons.military", "one.military")
    ):
        return "origin"
    if view.lang == "uk" and _is_ukrainian_home(view, place, before, after):
        return "origin"
    if place.kind == "district" and "громад" in view.norm[place.start : place.end] and _WAR_DEAD.search(view.norm):
        return "origin"
    if _RESIDENT_BEFORE.search(before) and place.kind == "region" and _WAR_DEAD.search(view.norm):
        return "origin"
    if _ORIGIN_BEFORE.search(before) and not _RESIDENT_BEFORE.search(before):
        return "origin"
    if re.search(r"\b(?:из|с|з|із|зі|from)(?: (?:города|села|поселка|міста|the))? $", before) and any(
        0 <= place.start - hit.end <= 14 for hit in view.all("one.", "persons.", "triggers.")
    ):
        return "origin"
    if (
        re.search(r"\b(?:из|з|із) (?:города|села|поселка|деревни|станицы|аула|міста|селища|смт) $", before)
        and view.has("triggers.killed")
        and not re.search(r"\b(?:обстрел|удар|выезд|вылет|обстріл)\w* (?:из|з|із) ", before)
    ):
        return "origin"
    if re.search(rf"{_CAPITAL} {_CAPITAL},? (?:з|із|зі|из|с|from) $", view.sentence.raw[: place.start]) and view.has(
        "triggers."
    ):
        return "origin"
    if _BURIAL.search(view.norm) and not _DEATH.search(view.norm):
        return "origin"
    death = _DEATH.search(view.norm)
    if death and place.end <= death.start() and _BURIAL.search(view.norm[: death.start()]):
        return "origin"
    burials = list(_BURIAL.finditer(view.norm[: place.start]))
    if burials and not _DEATH.search(view.norm[burials[-1].end() : place.start]):
        return "origin"
    if view.has("persons.military", "one.military") and re.search(
        r"\b(?:(?:местных|місцевих) (?:контракт|мобил|моб|воен|солд|добро|бойц|парн|війс|хлоп|жител|захис)|"
        r"local (?:men|serv|sold|contract|mobil|conscr|volunteer))",
        view.norm[place.end :],
    ):
        return "origin"
    if place.kind in ("adjective", "people") and (place.kind == "people" or _PEOPLE_AFTER.match(after)):
        return "origin"
    if place.kind == "adjective":
        at = re.search(r"\b(?:в|на|у|по|под|in|at) $", before) or _SITE_AFTER.match(after)
        return "place" if at else "other"
    return "place"


def _is_home(view: View, place: Place, before: str, after: str) -> bool:
    """As in "mobilised residents of Ishim", "the region has said goodbye to", "Corporal Ilya Orlov, 30, of Kazan"."""
    if _CALLED_UP_BEFORE.search(before) or _FAREWELL_AFTER.match(after):
        return True
    named = re.search(rf"{_CAPITAL} {_CAPITAL}(?:, \d{{1,2}},)? of (?:the )?$", view.sentence.raw[: place.start])
    return named is not None and view.has("triggers.") and view.has("one.military", "persons.military", "uniform")


def _is_ukrainian_home(view: View, place: Place, before: str, after: str) -> bool:
    """As in "воїнів Самбірщини", "громада у скорботі", "батьківський дім на Ковельщині", "22 роки, Косівщина."."""
    if _HIS_HOME_BEFORE.search(before) or (_IN_DOSSIER.search(before) and re.match(r"[.,)]", after)):
        return True
    if _MOURNS.match(after) and (place.kind in ("district", "region") or not place.start):
        return True
    if place.kind in ("region", "city", "capital", "town") and _SONS_BEFORE.search(before):
        return place.kind != "region" or not re.search(r"(?:ині|ою)$", view.norm[place.start : place.end])
    return place.kind == "adjective" and (
        re.match(r" (?:\w+ )?(?:школ|ліце|гімназ|коледж|училищ)\w*", after) is not None
        and _WAR_DEAD.search(view.norm) is not None
    )


def _beside_office(view: View, place: Place) -> bool:
    """As in "омбудсманка Псковської області", "Псковский губернатор": an office right before or after the place."""
    return any(
        0 <= place.start - h.end <= 1 or (0 <= h.start - place.end <= 1 and place.kind != "city")
        for h in view.all("attribution.offices")
    )


def _origin(article: Article, view: View, own: list[_Role], group: str) -> tuple[str | None, float]:
    item, military = article.item, group == "military"
    buried = group == "unknown" and _BURIAL.search(view.norm) is not None
    for role in own:
        if role.role == "origin":
            return role.place.code, 0.88
    ours = view.has("origin.ours") or _OF_THE_REGION.search(view.norm) is not None
    channel = item.source_region or channel_region(item.source)
    if ours and channel:
        return channel, 0.8
    for other in article.views:
        if other is view:
            continue
        for role in roles_of(other):
            if role.role == "origin" and (military or buried or other.has("origin.ours")):
                return role.place.code, 0.6
    if ours or (military and any(v.has("origin.ours") or _OF_THE_REGION.search(v.norm) for v in article.views)):
        speaker, sure = _speaker_region(article, view, own)
        home = next((r.place.code for r in own if r.place.kind == "region"), None) if ours else None
        if speaker or channel or home:
            return speaker or channel or home, sure if speaker else 0.6 if channel else 0.87
        named = _named_home(article)
        if named:
            return named, 0.55
    if _WAR_DEAD.search(view.norm) and not any(role.role == "place" for role in own):
        speaker, sure = _speaker_region(article, view, own)
        if speaker:
            return speaker, sure
    speaker, sure = _speaker_region(article, view, own) if military else (None, 0.3)
    if speaker and view.lang == "uk" and _NOTICE.search(view.norm):
        return speaker, sure
    if speaker and any(
        role.role == "place" and role.place.code != speaker for v in article.views for role in roles_of(v)
    ):
        return speaker, sure
    if military and any(
        re.search(r"военкомат|військкомат|military office|enlistment office", v.norm) for v in article.views
    ):
        return _speaker_region(article, view, own)
    return None, 0.3


def _named_home(article: Article) -> str | None:
    """The place of a dateline ("Пермь.") or of the sentence that brings the mourning home."""
    for view in article.views:
        places = [r.place for r in roles_of(view) if r.role in ("place", "other", "origin")]
        if places and (len(view.norm) < 26 or (_MOURNING.search(view.norm) and not view.has("cause.war"))):
            return places[0].code
    return None


def _place(
    article: Article, view: View, own: list[_Role], start: int, end: int, military: bool
) -> tuple[str | None, float, str | None]:
    chosen = _best(view, own, start, end)
    if chosen is not None:
        return chosen.code, 0.86 if chosen.kind != "district" else 0.5, _words(view, chosen)
    countries = countries_in(view)
    for other in _others(article, view):
        chosen = _best(other, roles_of(other), 0, 0)
        if chosen is not None and _within(chosen.code, countries):
            return chosen.code, 0.56, _words(other, chosen)
    if military and not view.has("cause.war"):
        return None, 0.3, None
    speaker, sure = _speaker_region(article, view, own)
    if speaker and not (military and speaker.startswith("RU")) and _within(speaker, countries):
        return speaker, _PLACE_BY_SPEAKER[sure], None
    item = article.item
    channel = item.source_region or channel_region(item.source)
    official = (
        item.source_official
        or re.search(r"gubernator|governor|glava|ova|oda|miskrada|meriya", item.source or "") is not None
    )
    if official and channel and not (military and channel.startswith("RU")) and _within(channel, countries):
        return channel, 0.5, None
    return None, 0.3, None


def _within(code: str, countries: frozenset[str]) -> bool:
    """A sentence that says "in Somalia" takes no region of another country from elsewhere."""
    home = ("RU", "UA")
    return not countries or code[:2] in countries or (code[:2] in home and any(c in countries for c in home))


def _best(view: View, roles: list[_Role], start: int, end: int) -> Place | None:
    places = [r.place for r in roles if r.role == "place"]
    if not places:
        return None
    regions = [p for p in places if p.kind != "district"] or places

    def score(place: Place) -> float:
        distance = max(0, place.start - end, start - place.end)
        at = 1.0 if _AT.search(view.norm[: place.start]) else 0.0
        off = 2.0 if _LANDMARK_BEFORE.search(view.norm[max(0, place.start - 60) : place.start]) else 0.0
        return _WEIGHT[place.kind] + at - off + _explains(view, place, places) - 0.01 * distance

    return max(regions, key=score)


def _explains(view: View, place: Place, places: list[Place]) -> float:
    """As in "Paris, Texas", "в Нью-Йорку Донецької області": the region after a town tells where the town is."""
    town = next((p for p in places if view.norm[p.end : place.start] in (", ", " ")), None)
    told = town and place.kind == "region" and (town.kind in ("city", "town") or town.code[:2] != place.code[:2])
    return 1.0 if told else 0.0


def _others(article: Article, view: View) -> list[View]:
    """The rest of the document, nearest earlier sentence first, then the title, then later ones."""
    views = list(article.views)
    index = views.index(view)
    earlier = [v for v in reversed(views[:index]) if v.sentence.field == "text"]
    return earlier + [v for v in views[:index] if v.sentence.field == "title"] + views[index + 1 :]


def _speaker_region(article: Article, view: View, own: list[_Role]) -> tuple[str | None, float]:
    """The region of whoever speaks, and how sure: a title with its place, an official's name, a title alone."""
    views = [view, *_others(article, view)]
    for index, other in enumerate(views):
        for role in own if index == 0 else roles_of(other):
            if role.role == "speaker":
                return role.place.code, 0.6
        for mention in speaking(article, other):
            return mention.official.region, 0.62
    if _told_by_head(article):
        home = article.item.source_region or channel_region(article.item.source) or _title_region(article)
        if home:
            return home, 0.5
    return None, 0.3


def _told_by_head(article: Article) -> bool:
    """Whether the document speaks of the head of a region by the title alone."""
    memo = article.views[0].memo
    if "head of region" not in memo:
        memo["head of region"] = any(_HEAD_OF_REGION.search(view.norm) for view in article.views)
    told: bool = memo["head of region"]
    return told


def _title_region(article: Article) -> str | None:
    """The one region that the title names as a region or by its capital."""
    codes = {
        place.code
        for view in article.views
        if view.sentence.field == "title"
        for place in find_places(view)
        if place.kind in ("region", "capital", "adjective")
    }
    return codes.pop() if len(codes) == 1 else None


def _words(view: View, place: Place) -> str:
    return view.sentence.raw[place.start : place.end]
