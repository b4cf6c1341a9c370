"""Resolving: which disclosure a claim belongs to, what it brings, and that nothing is half done."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from processing.ledger import Ledger, reading
from processing.ledger.schema import Base, DisclosureVersion
from processing.models import Confidence, Measure, Novelty, Precision, Status
from processing.resolve import resolver
from tests.resolve.making import T0, claim, config, day, document, resolve

PSKOV: dict[str, Any] = {"origin_region": "RU-PSK", "place_region": "RU-BEL"}
GOVERNOR = "Макар Дубровин"


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    found = Ledger.open("sqlite://")
    yield found
    found.engine.dispose()


def counts(ledger: Ledger) -> dict[str, int]:
    with reading(ledger.engine) as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
        }


def kinds(outcomes: list[Any]) -> dict[str, str]:
    return {c.measure.value: c.novelty.value for o in outcomes for c in o.claims}


def governor_post(ledger: Ledger, **context: Any) -> list[Any]:
    return resolve(
        ledger,
        document("governor", source="governor"),
        claim("killed", 14, None, "at_least", speaker=GOVERNOR, event="2023-06-01", **PSKOV),
        claim("captured", 10, speaker=GOVERNOR, **PSKOV),
        claim("exchanged", 3, subset_of=1, status=Status.SUBSET, **PSKOV),
        official=True,
        grade="B2",
        **context,
    )


# -- the story this must catch ---------------------------------------------------------------------------


def test_main_story_is_one_disclosure_with_three_measures(ledger: Ledger) -> None:
    """The governor's post opens one disclosure: killed, captured, and the exchanged of these."""
    (outcome,) = governor_post(ledger)
    states = {state.measure: state for state in outcome.record.measures}
    assert outcome.novelty is Novelty.NEW
    assert outcome.queued == 2
    assert {m: s.best for m, s in states.items()} == {
        Measure.KILLED: 14,
        Measure.CAPTURED: 10,
        Measure.EXCHANGED: 3,
    }
    assert states[Measure.EXCHANGED].subset_of is Measure.CAPTURED
    assert (states[Measure.KILLED].min, states[Measure.KILLED].max) == (14, None)
    assert outcome.record.lag_days == 26


def test_outlets_that_disagree_on_day_and_bound_repeat_the_main_story(ledger: Ledger) -> None:
    """4 June for 1 June, and 14 for at least 14, in two more languages: repeats that alert nobody."""
    (first,) = governor_post(ledger)
    further = [
        resolve(
            ledger,
            document("en-outlet", 3),
            claim("killed", 14, speaker="Makar Dubrovin", event="2023-06-04", **PSKOV),
            claim("captured", 10, **PSKOV),
        ),
        resolve(
            ledger,
            document("uk-outlet", 5),
            claim("killed", 14, None, "at_least", speaker="Дубровін", origin_region="RU-PSK"),
        ),
        resolve(
            ledger,
            document("ru-outlet", 20),
            claim("killed", 14, speaker="Дубровина", place_region="RU-BEL"),
        ),
    ]
    for outcomes in further:
        (outcome,) = outcomes
        assert outcome.disclosure_id == first.disclosure_id
        assert outcome.novelty is Novelty.REPEAT
        assert outcome.queued == 0
    assert further[-1][0].record.independent_sources == 4
    assert len(further[-1][0].record.outlets) == 4


def test_higher_toll_is_an_update_with_what_was_before(ledger: Ledger) -> None:
    """A later post with a higher toll updates the same disclosure, and tells the figures before it."""
    (first,) = governor_post(ledger)
    (update,) = resolve(
        ledger,
        document("governor-2", 60, source="governor"),
        claim("killed", 16, speaker=GOVERNOR, event="2023-06-01", **PSKOV),
        official=True,
    )
    assert update.disclosure_id == first.disclosure_id
    assert update.novelty is Novelty.UPDATE_UP
    assert update.record.changed == (Measure.KILLED,)
    assert next(s.best for s in update.record.previous if s.measure is Measure.KILLED) == 14
    (late,) = resolve(ledger, document("late", 62), claim("killed", 14, speaker=GOVERNOR, **PSKOV))
    assert (late.disclosure_id, late.novelty) == (first.disclosure_id, Novelty.OUT_OF_ORDER)
    assert late.queued == 0


# -- what a claim brings -----------------------------------------------------------------------------------

BEFORE_AND_AFTER = [
    (
        "exact after at_least is a repeat",
        ("killed", 14, None, "at_least"),
        ("killed", 14, 14, "exact"),
        (),
        "repeat",
    ),
    (
        "about is a repeat within a tenth",
        ("killed", 100, 100, "about"),
        ("killed", 97, 97, "exact"),
        (),
        "repeat",
    ),
    (
        "vague after precise is a repeat",
        ("killed", 25, 25, "exact"),
        ("killed", 20, None, "dozens"),
        (),
        "repeat",
    ),
    (
        "precise after vague is an update",
        ("killed", 20, None, "dozens"),
        ("killed", 34, 34, "exact"),
        (),
        "update_up",
    ),
    ("higher is an update", ("killed", 5, 5, "exact"), ("killed", 7, 7, "exact"), ("rise",), "update_up"),
    (
        "lower with wording is a correction",
        ("killed", 5, 5, "exact"),
        ("killed", 4, 4, "exact"),
        ("correction",),
        "correction",
    ),
    (
        "higher with wording is a correction",
        ("killed", 5, 5, "exact"),
        ("killed", 6, 6, "exact"),
        ("correction",),
        "correction",
    ),
    (
        "fewer missing is a correction",
        ("missing", 9, 9, "exact"),
        ("missing", 6, 6, "exact"),
        ("rise",),
        "correction",
    ),
    (
        "lower elsewhere is out of order",
        ("killed", 12, 12, "exact"),
        ("killed", 9, 9, "exact"),
        (),
        "out_of_order",
    ),
    ("taken back", ("killed", 5, 5, "exact"), ("killed", 5, 5, "exact"), ("retraction",), "retraction"),
    ("denied by somebody", ("killed", 5, 5, "exact"), ("killed", 5, 5, "exact"), ("denial",), "contested"),
    ("a bound from above", ("killed", None, 20, "up_to"), ("killed", 20, 20, "exact"), (), "repeat"),
]


@pytest.mark.parametrize(
    ("before", "after", "cues", "wanted"),
    [
        pytest.param(before, after, cues, wanted, id=name)
        for name, before, after, cues, wanted in BEFORE_AND_AFTER
    ],
)
def test_novelty_of_a_second_figure(
    ledger: Ledger, before: Any, after: Any, cues: tuple[str, ...], wanted: str
) -> None:
    """A second outlet's figure for the same incident is named by number and wording."""
    same: dict[str, Any] = {
        "place_region": "RU-BEL",
        "place": "Shebekino",
        "event": "2023-06-26",
        "speaker": "Goryanov",
    }
    (first,) = resolve(ledger, document("one"), claim(*before, **same))
    (second,) = resolve(ledger, document("two", 2), claim(*after, cues=cues, **{**same, "speaker": "Petrov"}))
    assert second.disclosure_id == first.disclosure_id
    assert kinds([second]) == {before[0]: wanted}


def test_retracted_figure_is_gone_and_its_survivor_is_new(ledger: Ledger) -> None:
    """The dead man lives: killed is retracted, wounded is new, and an outlet's echo of both is a repeat."""
    same: dict[str, Any] = {
        "place_region": "RU-BEL",
        "place": "Тёткино",
        "speaker": "Старовойт",
        "group": "civilian",
    }
    (first,) = resolve(ledger, document("post"), claim("killed", 1, **same))
    (taken_back,) = resolve(
        ledger,
        document("post-2", 4, source="post"),
        claim("killed", None, None, "unspecified", cues=("retraction",), **same),
        claim("wounded", 1, **same),
    )
    assert taken_back.disclosure_id == first.disclosure_id
    assert taken_back.novelty is Novelty.RETRACTION
    assert kinds([taken_back]) == {"killed": "retraction", "wounded": "new"}
    assert {s.measure.value: s.best for s in taken_back.record.measures} == {"killed": None, "wounded": 1}
    (echo,) = resolve(
        ledger,
        document("echo", 8),
        claim("killed", 1, cues=("retraction",), **same),
        claim("wounded", 1, **same),
    )
    assert kinds([echo]) == {"killed": "repeat", "wounded": "repeat"}
    (stale,) = resolve(ledger, document("stale", 9), claim("killed", 1, **same))
    assert stale.novelty is Novelty.OUT_OF_ORDER


def test_edited_toll_updates(ledger: Ledger) -> None:
    """The same address with another toll is an update, or a correction when it is lower; never a repeat."""
    same: dict[str, Any] = {"place_region": "RU-BEL", "place": "Shebekino"}
    (first,) = resolve(ledger, document("page"), claim("killed", 3, **same))
    later = T0 + timedelta(hours=5)
    (up,) = resolve(ledger, document("page", version=2, first_seen_at=later), claim("killed", 5, **same))
    (down,) = resolve(
        ledger,
        document("page", version=3, first_seen_at=later + timedelta(hours=1)),
        claim("killed", 4, **same),
    )
    assert {first.disclosure_id, up.disclosure_id, down.disclosure_id} == {first.disclosure_id}
    assert (up.novelty, down.novelty) == (Novelty.UPDATE_UP, Novelty.CORRECTION)
    assert len(down.record.outlets) == 1


def test_denial_of_what_nobody_said_is_nothing(ledger: Ledger) -> None:
    """A denial opens no disclosure."""
    assert (
        resolve(ledger, document("no"), claim("killed", 5, status=Status.DENIED, place_region="RU-BEL")) == []
    )
    assert counts(ledger)["disclosure"] == 0


# -- what belongs together ---------------------------------------------------------------------------------


def two(
    ledger: Ledger, first: dict[str, Any], second: dict[str, Any], hours: float = 3, **slots: Any
) -> bool:
    """Whether two documents' killed claims end in one disclosure."""
    base: dict[str, Any] = {"place_region": "RU-BEL", "number": 2}
    made = []
    for name, said, at in (("one", {**base, **first}, 0.0), ("two", {**base, **second}, hours)):
        number = said.pop("number")
        made.append(resolve(ledger, document(name, at, **slots), claim("killed", number, **said))[0])
    return bool(made[0].disclosure_id == made[1].disclosure_id)


@pytest.mark.parametrize(
    ("first", "second", "hours", "same"),
    [
        pytest.param({"place": "Шебекино"}, {"place": "Shebekino"}, 3, True, id="one town in two alphabets"),
        pytest.param({"place": "Шебекино"}, {"place": "Грайворон"}, 3, False, id="two towns of one region"),
        pytest.param({}, {"place_region": "RU-KRS"}, 3, False, id="two regions"),
        pytest.param({"group": "military"}, {"group": "civilian"}, 3, False, id="soldiers and civilians"),
        pytest.param({"group": "military"}, {"group": "unknown"}, 3, True, id="group not said"),
        pytest.param({"scope": "cumulative"}, {"scope": "incident"}, 3, False, id="a total is no incident"),
        pytest.param(
            {"place": "Шебекино", "event": "2023-06-26"},
            {"place": "Шебекино", "event": "2023-06-27"},
            24,
            False,
            id="the same words the next day, dated",
        ),
        pytest.param(
            {"names": ("Игнат Воротилов",)}, {"names": ("Захар Сидоркевич",)}, 3, False, id="others' names"
        ),
        pytest.param(
            {"names": ("Игнат Воротилов",), "number": 1},
            {"names": ("Ignat Vorotilov",), "number": 1},
            300,
            True,
            id="the same name in Latin letters",
        ),
        pytest.param({"place": "Шебекино"}, {"place": "Шебекино"}, 24 * 20, False, id="three weeks later"),
        pytest.param(
            {"place": "Шебекино", "event": "2023-06-26"},
            {"place": "Шебекино", "event": "2023-06-26"},
            24 * 30,
            True,
            id="a month later, dated",
        ),
        pytest.param(
            {"number": 14, "speaker": "Дубровин"},
            {"number": 14, "speaker": "Dubrovin", "place_region": None},
            3,
            True,
            id="region lost, all else agrees",
        ),
        pytest.param(
            {"number": 2},
            {"number": 2, "place_region": None},
            3,
            False,
            id="region lost, nothing else agrees",
        ),
    ],
)
def test_same_disclosure(
    ledger: Ledger, first: dict[str, Any], second: dict[str, Any], hours: float, same: bool
) -> None:
    """Two outlets' claims are put together exactly when region, people, day and numbers allow it."""
    assert two(ledger, first, second, hours) is same


def test_identical_wording_of_one_channel_on_two_days_is_two_incidents(ledger: Ledger) -> None:
    """A channel that says undated the same thing on the next day speaks of the next incident."""
    said: dict[str, Any] = {"place_region": "RU-BEL", "speaker": "Горянов"}
    text = "В результате обстрела погибли два мирных жителя сообщил губернатор области в своём канале"
    (one,) = resolve(ledger, document("a", 0, source="gov", text=text), claim("killed", 2, **said))
    (two_,) = resolve(ledger, document("b", 24, source="gov", text=text), claim("killed", 2, **said))
    assert one.disclosure_id != two_.disclosure_id


def test_old_incident_told_again_joins_only_by_its_date(ledger: Ledger) -> None:
    """ "A month ago, on the 22nd, two died as well" repeats that incident and opens none."""
    old: dict[str, Any] = {"place_region": "RU-BEL", "place": "Шебекино"}
    (first,) = resolve(ledger, document("old"), claim("killed", 2, event="2023-06-26", **old))
    (now, again) = resolve(
        ledger,
        document("new", 24 * 30),
        claim("killed", 3, event="2023-07-26", **old),
        claim("killed", 2, event="2023-06-26", status=Status.HISTORICAL, **old),
    )
    by_id = {o.disclosure_id: o.novelty for o in (now, again)}
    assert by_id.pop(first.disclosure_id) is Novelty.REPEAT
    assert list(by_id.values()) == [Novelty.NEW]
    assert (
        resolve(
            ledger,
            document("other", 24 * 31),
            claim("killed", 9, event="2021-01-01", status=Status.HISTORICAL, **old),
        )
        == []
    )


def test_old_incident_told_undated_is_joined_by_the_day_it_was_published(ledger: Ledger) -> None:
    """First told without a date; "a month ago, on 27 June" is that one, "on 30 May" is another."""
    slots = {"place_region": "RU-BEL", "place": "Шебекино"}
    (first,) = resolve(ledger, document("outlet-a", 0), claim("killed", 2, **slots))
    (again,) = resolve(
        ledger, document("outlet-b", 24 * 26), claim("killed", 2, event=T0.date().isoformat(), **slots)
    )
    (other,) = resolve(ledger, document("outlet-c", 24 * 26), claim("killed", 2, event="2023-05-30", **slots))
    assert (again.disclosure_id, again.novelty) == (first.disclosure_id, Novelty.REPEAT)
    assert other.disclosure_id != first.disclosure_id


def test_total_that_one_outlet_makes_of_an_incident_repeats_it(ledger: Ledger) -> None:
    """The same official's same figure is a repeat also where it reads like a total; another figure is not."""
    (first,) = governor_post(ledger)
    said: dict[str, Any] = {"scope": "cumulative", "speaker": "Dubrovin", "origin_region": "RU-PSK"}
    (repeat,) = resolve(ledger, document("total", 3), claim("killed", 14, None, "at_least", **said))
    assert (repeat.disclosure_id, repeat.novelty) == (first.disclosure_id, Novelty.REPEAT)
    (other,) = resolve(ledger, document("war-total", 4), claim("killed", 90, **said))
    assert (other.disclosure_id == first.disclosure_id, other.novelty) == (False, Novelty.NEW)


def test_guessed_region_gives_way_to_the_text(ledger: Ledger) -> None:
    """A region taken from another sentence does not hide that place, speaker and figures are the same."""
    sure = {"place_region": "UA-07", "place": "Луцьк", "speaker": "Погуляйко"}
    wrong: dict[str, Any] = {"place": "Ивано-Франковск", "speaker": "Погуляйко"}
    guess = Confidence(count=0.9, region=0.5, attribution=0.8, date=0.2)
    (first,) = resolve(ledger, document("post"), claim("killed", 2, None, "exact", **sure))
    text = "Аэродром в Луцке под ударом. Двое убиты, передаёт Погуляйко. Бомбили и Ивано-Франковск."
    (second,) = resolve(
        ledger,
        document("outlet", 1, text=text),
        claim("killed", 2, None, "exact", place_region="UA-26", confidence=guess, **wrong),
    )
    assert (second.disclosure_id, second.novelty) == (first.disclosure_id, Novelty.REPEAT)
    assert second.record.place_region == "UA-07"


def test_victims_named_in_the_text_alone_join(ledger: Ledger) -> None:
    """Names that the detector saw in one report only are looked for in the text of the other."""
    names = ("Игнат Воротилов", "Семён Ладейкин")
    (first,) = resolve(
        ledger,
        document("post"),
        claim("killed", 2, names=names, speaker="Дубровин", origin_region="RU-PSK"),
    )
    text = "The governor named Ignat Vorotilov and Semyon Ladeikin among those killed"
    (second,) = resolve(ledger, document("outlet", 5, text=text), claim("killed", 2, place_region="RU-PSK"))
    assert second.disclosure_id == first.disclosure_id


def test_cumulative_total_updates_itself_after_weeks(ledger: Ledger) -> None:
    """A count since the start of the war grows in one disclosure, whatever incidents happen meanwhile."""
    total: dict[str, Any] = {"origin_region": "RU-PSK", "scope": "cumulative"}
    (first,) = resolve(
        ledger, document("a", source="counter"), claim("killed", 152, None, "at_least", **total)
    )
    resolve(ledger, document("b", 24), claim("killed", 160, **PSKOV))
    (later,) = resolve(
        ledger, document("c", 24 * 47, source="counter"), claim("killed", 187, None, "at_least", **total)
    )
    assert (later.disclosure_id, later.novelty) == (first.disclosure_id, Novelty.UPDATE_UP)


def test_two_towns_in_one_document_are_two_disclosures(ledger: Ledger) -> None:
    """Claims of one document that differ in place are resolved apart."""
    outcomes = resolve(
        ledger,
        document("roundup"),
        claim("killed", 2, place="Шебекино", place_region="RU-BEL"),
        claim("wounded", 3, place="Шебекино", place_region="RU-BEL"),
        claim("killed", 1, place="Грайворон", place_region="RU-BEL"),
    )
    assert sorted(len(o.claims) for o in outcomes) == [1, 2]
    assert {o.novelty for o in outcomes} == {Novelty.NEW}


# -- corroboration -------------------------------------------------------------------------------------------


def test_reprints_are_one_independent_source(ledger: Ledger) -> None:
    """Two outlets that print one text word by word corroborate as one."""
    text = "Five draftees from one town were killed within days the military office confirmed on Thursday"
    said: dict[str, Any] = {"origin_region": "RU-CHE"}
    resolve(ledger, document("first", text=text), claim("killed", 5, **said))
    (reprint,) = resolve(ledger, document("second", 1, text=text), claim("killed", 5, **said))
    (own_words,) = resolve(ledger, document("third", 2), claim("killed", 5, **said))
    assert reprint.record.independent_sources == 1
    assert [o.independent for o in own_words.record.outlets] == [True, False, True]
    assert own_words.record.independent_sources == 2


def test_reports_through_one_agency_are_one_source(ledger: Ledger) -> None:
    """Outlets that quote the same agency corroborate as one."""
    said: dict[str, Any] = {"place_region": "RU-BEL", "via": "TASS"}
    resolve(ledger, document("first"), claim("killed", 5, **said))
    (second,) = resolve(ledger, document("second", 1), claim("killed", 5, **said))
    assert second.record.independent_sources == 1


def test_disagreement_is_kept_as_a_span(ledger: Ledger) -> None:
    """A lower figure elsewhere does not replace the standing one, and is not forgotten either."""
    same: dict[str, Any] = {"place_region": "RU-BEL", "place": "Shebekino", "event": "2023-06-26"}
    resolve(ledger, document("one"), claim("killed", 12, **same))
    (second,) = resolve(ledger, document("two", 2), claim("killed", 9, **same))
    (state,) = second.record.measures
    assert (state.best, state.low, state.high) == (12, 9, 12)


def test_official_date_wins_and_others_span(ledger: Ledger) -> None:
    """Without an official's date, days that disagree are kept as a range."""
    said: dict[str, Any] = {"origin_region": "RU-PSK", "speaker": "Dubrovin"}
    resolve(ledger, document("one"), claim("killed", 14, event="2023-06-01", **said))
    (two_,) = resolve(ledger, document("two", 1), claim("killed", 14, event="2023-06-04", **said))
    event = two_.record.event_date
    assert event is not None
    assert (event.start.day, event.end.day, event.precision) == (1, 4, Precision.RANGE)
    (official,) = resolve(
        ledger, document("three", 2), claim("killed", 14, event=day("2023-06-02"), **said), official=True
    )
    assert official.record.event_date == day("2023-06-02")
    assert official.record.lag_days == 25


# -- alerts with it ------------------------------------------------------------------------------------------


def test_region_that_comes_later_alerts_then(ledger: Ledger) -> None:
    """A first report without its region alerts nobody; the repeat that names it is told as new, once."""
    said: dict[str, Any] = {"speaker": "Dubrovin"}
    (first,) = resolve(ledger, document("one"), claim("killed", 14, **said))
    (second,) = resolve(ledger, document("two", 1), claim("killed", 14, origin_region="RU-PSK", **said))
    (third,) = resolve(ledger, document("three", 2), claim("killed", 14, origin_region="RU-PSK", **said))
    assert first.disclosure_id == second.disclosure_id == third.disclosure_id
    assert [o.queued for o in (first, second, third)] == [0, 2, 0]
    assert (second.novelty, third.novelty) == (Novelty.NEW, Novelty.REPEAT)


def test_reason_is_kept_where_nothing_is_sent(ledger: Ledger) -> None:
    """Every version says for every route why it was or was not sent."""
    resolve(ledger, document("far"), claim("killed", 4, place_region="UA-07"))
    with reading(ledger.engine) as session:
        (decision,) = session.scalars(select(DisclosureVersion.decision)).one()
    assert decision == {
        "route": "newsroom",
        "verdict": "unmatched",
        "reason": "suppressed: no tracked region (place UA-07)",
    }
    assert counts(ledger)["delivery"] == 0


def test_backfill_is_recorded_and_alerts_nobody(ledger: Ledger) -> None:
    """An import of old material makes the same disclosures and no pending delivery."""
    (outcome,) = governor_post(ledger, backfill=True)
    assert (outcome.novelty, outcome.queued) == (Novelty.NEW, 0)
    assert {row.reason for row in ledger.deliveries()} == {"suppressed: backfill"}


# -- all or nothing ------------------------------------------------------------------------------------------


def test_rerun_changes_nothing(ledger: Ledger) -> None:
    """Resolving the same document version again leaves every table as it was."""
    governor_post(ledger)
    before = counts(ledger)
    from tests.resolve import making

    document_, claims = (
        document("governor", source="governor"),
        [claim("killed", 14, None, "at_least", **PSKOV)],
    )
    assert making.resolve(ledger, document_, *claims, official=True) == []
    assert counts(ledger) == before


@pytest.mark.parametrize(
    "step", ["enqueue", "record_of", "decide", "put_disclosure", "put_version", "put_links"]
)
def test_kill_between_steps_leaves_nothing_behind(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Whatever step dies, the document is resolved wholly by the next run and once."""

    class Killed(BaseException):
        """As a kill: nothing catches it."""

    def die(*_args: object, **_kwargs: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(resolver, step, die)
        with pytest.raises(Killed):
            governor_post(ledger)
    assert not any(counts(ledger).values())
    assert [o.queued for o in governor_post(ledger)] == [2]


def test_unmirrored_records_are_given_until_marked(ledger: Ledger) -> None:
    """The lake gets each version once, and a delivery again after each change."""
    governor_post(ledger)
    records, deliveries = ledger.unmirrored_disclosures(), ledger.unmirrored_deliveries()
    assert ([r.version for r in records], len(deliveries)) == ([1], 2)
    ledger.mark_disclosures_mirrored(records)
    ledger.mark_deliveries_mirrored(deliveries)
    assert (ledger.unmirrored_disclosures(), ledger.unmirrored_deliveries()) == ([], [])
    assert ledger.latest_record(records[0].disclosure_id[:10]) == records[0]


def test_window_comes_from_the_configuration(ledger: Ledger) -> None:
    """Undated reports further apart than match_days are not put together."""
    narrow = config(windows={"match_days": 1})
    said: dict[str, Any] = {"place_region": "RU-BEL", "place": "Shebekino", "speaker": "Goryanov"}
    (one,) = resolve(ledger, document("one"), claim("killed", 20, **said), config=narrow)
    (two_,) = resolve(ledger, document("two", 48), claim("killed", 20, **said), config=narrow)
    assert one.disclosure_id != two_.disclosure_id
