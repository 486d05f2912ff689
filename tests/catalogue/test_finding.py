"""What is found, counted, narrowed and shown to whom: against brute force."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.catalogue import timetable
from tests.factories import make_instrument, make_member, make_operator, make_user

from headwater.accounts.audit import SYSTEM
from headwater.catalogue import finding, offers, vocabulary as catalogue_vocabulary
from headwater.catalogue.actions.timetables import load_timetable
from headwater.catalogue.asking import Ask, Parameters, read
from headwater.catalogue.offers import Offer, Offered
from headwater.catalogue.vocabulary import forget, vocabulary
from headwater.core.decision import Refused
from headwater.engines.relevance import tokens
from headwater.registry.facts import viewer_of
from headwater.registry.models import Instrument
from headwater.registry.queries import visible_instruments
from headwater.registry.rules import ANYBODY, Viewer

pytestmark = pytest.mark.django_db
AT = datetime(2025, 3, 3, 0, 0, tzinfo=UTC)
LATER = datetime(2030, 1, 1, tzinfo=UTC)  # than the fixtures loaded theirs


def ask(**given: Any) -> Ask:
    values = {name.rstrip("_"): value if isinstance(value, list) else [str(value)] for name, value in given.items()}
    return read(Parameters(values), vocabulary())


def found(viewer: Viewer = ANYBODY, size: int = 200, **given: Any) -> finding.Answer:
    return finding.answer(ask(**given), viewer, at=AT, size=size)


def names(answer: finding.Answer) -> list[str]:
    return [hit.instrument.name_en for hit in answer.hits]


def counts(answer: finding.Answer, name: str) -> dict[str, int]:
    return {one.code: one.count for facet in answer.facets if facet.name == name for one in facet.values}


@pytest.fixture
def few(places: dict[str, Any]) -> dict[str, Any]:
    """Five instruments whose names are known."""

    def make(zh: str, en: str, city: str, *techniques: str, **more: Any) -> Instrument:
        leaves = tuple(places[code] for code in techniques)
        return make_instrument(name_zh=zh, name_en=en, owner=places[f"lab_{city}"], techniques=leaves, **more)

    made = [
        make("冷冻透射电镜", "Krios", "shanghai", "cryo", model="Krios G4"),
        make("扫描电镜", "Sigma", "hefei", "sem", manufacturer_en="ZEISS", model="GeminiSEM-460"),
        make("衍射仪", "MiniFlex", "nanjing", "xrd", measured_en=["phase composition"]),
        make("低温恒温器", "Cryostat", "nanjing", access="internal"),
        make("衍射站", "Diffraction station", "zhoushan", "xrd", access="proposal"),
    ]
    forget()
    return places | {"made": made}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("cryoEM 上海", ["Krios"]),
        ("冷冻电镜", ["Krios"]),
        ("cryo-EM", ["Krios"]),
        ("Krios G4", ["Krios"]),
        ("krios-g4", ["Krios"]),
        ("KriosG4", ["Krios"]),
        ("GeminiSEM 460", ["Sigma"]),
        ("geminisem460", ["Sigma"]),
        ("扫描电镜", ["Sigma"]),
        ("扫面电镜", ["Sigma"]),
        ("Xray difraction", ["MiniFlex", "Diffraction station"]),
        ("XRD 南京", ["MiniFlex"]),
        ("electron microscopy", ["Krios", "Sigma"]),
        ("phase composition", ["MiniFlex"]),
        ("zeiss", ["Sigma"]),
        ("Hefei Lab of Matter", ["Sigma"]),
        ("cryost", ["Cryostat"]),
        ("nothing of the kind", []),
        ('"station diffraction"', []),
        ("MiniFlex Krios", ["Krios", "MiniFlex"]),  # none holds both: either
    ],
)
def test_words_find(few, text, wanted):
    assert sorted(names(found(q=text))) == sorted(wanted)


@pytest.mark.parametrize(
    ("text", "remarks", "instead"),
    [
        ("扫面电镜", (), "扫描电镜"),
        ("cryost", ("beginning",), ""),
        ("MiniFlex Krios", ("any_term",), ""),
        ("unheardofthing", ("nothing",), ""),
        ("the of", ("stop_words",), ""),
        ("!!", ("no_words",), ""),
        ("Krios\x00", ("control_characters",), ""),
    ],
)
def test_answer_says_what_was_done_to_find_it(few, text, remarks, instead):
    answer = finding.answer(Ask(text=text), ANYBODY, at=AT)
    assert (answer.remarks, answer.instead) == (remarks, instead)


def test_exact_search_forgives_nothing(few):
    assert found(q="扫面电镜", exact="1").total == 0


def test_filters_that_leave_nothing_are_said_to(few):
    answer = found(q="Krios", city="hefei")
    assert (answer.total, answer.remarks) == (0, ("filtered_out",))


def test_other_names_that_were_searched_are_told(few):
    assert found(q="冷冻电镜").also == ("冷冻电子显微术", "cryogenic electron microscopy")


def test_word_as_typed_goes_before_its_synonyms_and_usable_before_not(places):
    given = {"owner": places["lab_hefei"]}
    made = {**given, "techniques": (places["xrd"],)}
    make_instrument(name_en="Made of XRD parts", name_zh="甲", **given)
    make_instrument(name_en="Closed one", name_zh="乙", status="decommissioned", **made)
    make_instrument(name_en="Open one", name_zh="丙", **made)
    order = names(found(q="XRD"))
    assert order.index("Open one") < order.index("Closed one")
    assert order[0] == "Made of XRD parts"


# Against brute force -------------------------------------------------------------------------------------------
WORDS = ["alpha", "beta", "gamma", "红外光谱", "光谱仪", "质谱", "光谱红外"]


@pytest.fixture
def many(places: dict[str, Any]) -> list[Instrument]:
    dice = random.Random(5)
    owners = [places[f"lab_{city}"] for city in ("hefei", "nanjing", "shanghai")]
    leaves = [places["cryo"], places["sem"], places["xrd"]]
    return [
        make_instrument(
            name_en=" ".join(dice.sample(WORDS, 2)),
            name_zh=dice.choice(WORDS),
            owner=dice.choice(owners),
            access=dice.choice(["booking", "proposal", "internal"]),
            status=dice.choice(["operating", "planned"]),
            visibility=dice.choice(["public", "public", "registered", "organisation"]),
            techniques=tuple(dice.sample(leaves, dice.randint(0, 2))),
            value_minor=dice.choice([None, 100_00, 900_000_00, 30_000_000_00]),
            currency="CNY",
        )
        if dice.random() < 0.9
        else make_instrument(name_en="delta", owner=dice.choice(owners))
        for _ in range(60)
    ]


def holds(one: Instrument, word: str) -> bool:
    wanted = tokens(word)
    texts = [one.name_en, one.name_zh]
    return any(
        split[start : start + len(wanted)] == wanted
        for split in map(tokens, texts)
        for start in range(len(split) - len(wanted) + 1)
    )


def viewers(places: dict[str, Any]) -> list[Viewer]:
    member = make_user()
    make_member(member, places["lab_hefei"], "member")
    return [ANYBODY, viewer_of(make_user()), viewer_of(member), viewer_of(make_operator())]


@pytest.mark.parametrize(
    "common", [{}, {"外光": 0.4, "alpha": 0.3, "红外": 0.2, "光谱": 0.1}], ids=["unknown", "known"]
)
def test_hits_counts_and_cities_are_those_of_brute_force_for_every_viewer(places, many, common, monkeypatch):
    """Which tokens are common changes how they are sought, never what is found."""
    monkeypatch.setattr(catalogue_vocabulary, "_common", lambda: common)
    forget()
    questions = [
        {},
        {"q": "alpha"},
        {"q": "红外光谱"},
        {"q": "光谱 beta"},
        {"city": "hefei"},
        {"q": "alpha", "city": ["hefei", "nanjing"], "access": "booking"},
        {"technique": "electron_microscopy"},
        {"technique": "cryo_em", "status": "operating", "kind": "university"},
        {"band": "0"},
        {"q": "gamma", "jurisdiction": "CN-X", "exact": "1"},
    ]
    for viewer, question in itertools.product(viewers(places), questions):
        answer = found(viewer, **question, **({} if "exact" in question else {"exact": "1"}))
        want = {
            one.pk
            for one in visible_instruments(viewer)
            if all(holds(one, word) for word in question.get("q", "").split()) and _fits(one, question)
        }
        assert {hit.instrument.pk for hit in answer.hits} == want, question
        assert answer.total == len(want)
        assert sum(answer.by_city.values()) == len(want)
        _check_counts(answer, question, viewer)


def _fits(one: Instrument, question: dict[str, Any], *, but: str = "") -> bool:
    leaves = {link.technique for link in one.technique_links.all()}
    codes = {leaf.code for leaf in leaves} | {leaf.parent.code for leaf in leaves if leaf.parent}
    major = None if one.value_minor is None else one.value_minor // 100
    band = (
        None
        if major is None
        else str(sum(major >= low for low in (0, 500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000)) - 1)
    )
    has = {
        "city": {one.city.code},
        "access": {one.access},
        "status": {one.status},
        "kind": {one.owner.kind},
        "jurisdiction": {one.city.jurisdiction.code},
        "technique": codes,
        "band": {band},
    }
    return all(
        has[name] & set(values if isinstance(values, list) else [values])
        for name, values in question.items()
        if name in has and name != but
    )


def _check_counts(answer: finding.Answer, question: dict[str, Any], viewer: Viewer) -> None:
    """A facet counts what each of its values would leave: with all other filters, without its own."""
    seen = [
        one for one in visible_instruments(viewer) if all(holds(one, word) for word in question.get("q", "").split())
    ]
    for name, of in (("access", lambda one: one.access), ("city", lambda one: one.city.code)):
        want: dict[str, int] = {}
        for one in seen:
            if _fits(one, question, but=name):
                want[of(one)] = want.get(of(one), 0) + 1
        have = {code: n for code, n in counts(answer, name).items() if n}
        assert have == want, (name, question)


def test_pages_show_every_hit_once_in_one_order(places, many):
    whole = [hit.instrument.pk for hit in found(viewer_of(make_operator()), q="alpha", size=200).hits]
    for question in ({"q": "alpha"}, {}):
        viewer = viewer_of(make_operator())
        every = [hit.instrument.pk for hit in found(viewer, size=200, **question).hits]
        seen: list[int] = []
        at = ""
        while True:
            page = found(viewer, size=7, **question, **({"at": at} if at else {}))
            seen += [hit.instrument.pk for hit in page.hits]
            at = page.following
            if not at:
                break
        assert seen == every
    assert whole


# Within reach ---------------------------------------------------------------------------------------------------
def test_hits_are_those_within_reach_with_their_journeys(few):
    answer = found(from_="hefei", minutes="120", door="0", sort="reach")
    assert names(answer) == ["Sigma", "MiniFlex", "Cryostat"]
    assert [hit.journey.minutes for hit in answer.hits] == [0, 60, 60]
    there = answer.hits[1].journey
    assert (there.depart, there.arrive, there.trains, there.following) == ("08:00", "09:00", "D1", "12:00")
    assert answer.unreached == ("Zhoushan",)
    assert answer.about.synthetic


def test_door_to_door_is_added_and_leaving_time_kept(few):
    answer = found(q="MiniFlex", from_="hefei", minutes="120", leave="09:00")
    journey = answer.hits[0].journey
    assert (journey.minutes, journey.depart, journey.arrive, journey.trains) == (120, "11:20", "13:20", "D3")


@pytest.fixture
def by_day(few, tmp_path):
    """Another timetable: D3 runs on weekdays alone, D4 on Sundays."""
    load_timetable(timetable.write(tmp_path / "days", stops=timetable.STOPS_BY_DAY), by=SYSTEM, at=LATER)


@pytest.mark.usefixtures("by_day")
@pytest.mark.parametrize(
    ("date", "trains", "day"),
    [
        ("", "D3", "2024-01-01"),  # a Monday stands for the weekdays of a timetable without dates
        ("2026-03-03", "D3", "2026-03-03"),
        ("2026-03-07", None, "2026-03-07"),
    ],
)
def test_journey_is_that_of_the_day_asked_about(date, trains, day):
    answer = found(from_="hefei", minutes="240", door="0", leave="11:00", date=date)
    assert (answer.date.isoformat(), "MiniFlex" in names(answer)) == (day, trains is not None)
    assert {hit.journey.trains for hit in answer.hits if hit.instrument.name_en == "MiniFlex"} == {trains} - {None}


@pytest.mark.usefixtures("by_day")
def test_way_home_is_that_of_the_day_asked_about():
    def last(date):
        hits = found(q="MiniFlex", from_="hefei", minutes="240", door="0", back="1", date=date).hits
        return hits[0].journey.last_back

    assert (last("2026-03-08"), last("2026-03-07")) == ("20:00", "18:30")


def test_day_makes_no_difference_where_all_days_are_alike(few):
    answer = found(q="MiniFlex", from_="hefei", minutes="120", date="2031-12-31")
    assert (answer.date, names(answer)) == (None, ["MiniFlex"])


@pytest.mark.parametrize(("date", "code"), [("2026-07-01", "reach.date_outside"), ("2026-03-07", "reach.no_trains")])
def test_day_without_trains_is_one_clear_refusal(few, tmp_path, date, code):
    folder = timetable.write(tmp_path / "spring", stops=timetable.STOPS.replace("day_offset", "day_offset,days"))
    stops = (folder / "stops.csv").read_text().splitlines()
    (folder / "stops.csv").write_text("\n".join([stops[0], *(f"{line},working" for line in stops[1:])]))
    (folder / "calendar.csv").write_text(
        "service,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
        "working,1,1,1,1,1,0,0,20260301,20260630\n"
    )
    load_timetable(folder, by=SYSTEM, at=LATER)
    with pytest.raises(Refused) as refused:
        found(from_="hefei", date=date)
    assert list(refused.value.decision.codes) == [code]


def test_back_the_same_day_leaves_time_on_site(few):
    answer = found(from_="hefei", minutes="240", door="0", back="1", stay="6", sort="reach")
    krios = next(hit for hit in answer.hits if hit.instrument.name_en == "Krios")
    assert (krios.journey.back.depart, krios.journey.back.arrive, krios.journey.stay_min) == ("17:00", "19:30", 390)
    nobody = found(from_="hefei", minutes="240", door="0", back="1", stay="7")
    assert "Krios" not in names(nobody)
    assert "MiniFlex" in names(nobody)


def test_start_without_a_station_is_one_clear_refusal(few):
    with pytest.raises(Refused) as refused:
        found(from_="zhoushan")
    assert list(refused.value.decision.codes) == ["reach.no_station"]


# The vocabulary ---------------------------------------------------------------------------------------------------
def test_old_vocabulary_serves_while_another_thread_reads_it_anew(few, monkeypatch):
    held = vocabulary()
    monkeypatch.setattr(catalogue_vocabulary, "KEPT_S", -1)
    with catalogue_vocabulary._LOCK:
        assert vocabulary() is held
    assert vocabulary() is not held


# Offers ---------------------------------------------------------------------------------------------------------
@pytest.fixture
def priced(monkeypatch):
    """An offer that another part might add, and what it was asked."""
    asked: list[list[int]] = []

    def fetch(keys, viewer, at):
        asked.append(list(keys))
        return {key: Offered(rank=-key, text=f"{key} yuan") for key in keys if key % 3}

    monkeypatch.setattr(offers, "_OFFERS", {"price": Offer("price", "Price", "price", fetch)})
    return asked


def test_offers_are_asked_once_for_all_hits(priced, few):
    answer = found()
    assert priced == [[hit.instrument.pk for hit in answer.hits]]
    assert [hit.offered[0] is not None for hit in answer.hits] == [hit.instrument.pk % 3 > 0 for hit in answer.hits]


def test_hits_are_sorted_by_an_offer_page_by_page_those_without_one_last(priced, few):
    whole = [hit.instrument.pk for hit in found(sort="price").hits]
    offered = [key for key in whole if key % 3]
    assert whole[: len(offered)] == sorted(offered, reverse=True)
    first = found(sort="price", size=2)
    second = found(sort="price", size=2, at=first.following)
    assert [hit.instrument.pk for hit in (*first.hits, *second.hits)] == whole[:4]


def test_order_of_an_offer_covers_the_most_relevant_hits_and_says_so(priced, few, monkeypatch, client):
    assert found(sort="price").sorted_of is None
    monkeypatch.setattr(offers, "SORTED", 2)
    answer = found(sort="price")
    assert (answer.sorted_of, len(answer.hits)) == (2, 2)
    assert found().sorted_of is None
    assert "The 2 most relevant hits are in this order" in client.get("/instruments/?sort=price").content.decode()


def test_order_that_nobody_offers_is_none():
    assert [reason.code for reason in ask(sort="colour").wrong] == ["find.sort_unknown"]


def test_soonest_free_time_is_shown_for_what_can_be_booked(few):
    answer = found(q="Krios")
    code = [offer.code for offer in answer.offers].index("soonest")
    assert answer.hits[0].offered[code] is not None
    assert found(q="Cryostat").hits[0].offered[code] is None
    assert names(found(sort="soonest"))[-2:] in (
        ["Cryostat", "Diffraction station"],
        ["Diffraction station", "Cryostat"],
    )
