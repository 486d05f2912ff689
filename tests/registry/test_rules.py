"""The registry's rules: facts in, reason codes out. No database."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, strategies as st

from headwater.registry.rules import (
    ANYBODY,
    DraftFacts,
    ImportFacts,
    InstrumentFacts,
    RoleFacts,
    Viewer,
    is_sound,
    may_change_instrument,
    may_import,
    may_manage,
    may_see_contact,
    may_see_instrument,
    may_see_trail,
    may_set_role,
)

OWNER = 7
READER = Viewer(user_id=1)
MEMBER = Viewer(user_id=2, memberships={OWNER: "member"})
MANAGER = Viewer(user_id=3, memberships={OWNER: "manager"})
ADMINISTRATOR = Viewer(user_id=4, memberships={OWNER: "administrator"})
OTHER_MANAGER = Viewer(user_id=5, memberships={8: "manager"})
OPERATOR = Viewer(user_id=6, roles=frozenset({"operator"}))
BROKER = Viewer(user_id=9, roles=frozenset({"broker"}))
EVERYBODY = (ANYBODY, READER, MEMBER, MANAGER, ADMINISTRATOR, OTHER_MANAGER, OPERATOR, BROKER)

SOUND = DraftFacts(
    name_zh="透射电镜",
    name_en="",
    owner="org_1",
    owner_found=True,
    facility="",
    facility_found=False,
    facility_is_owners=False,
    city="",
    city_found=True,
    unknown_techniques=(),
    class_code="",
    class_found=False,
    choices={"access": ("booking", ("booking", "service"))},
    lengths={},
    control_in=(),
    value_minor=None,
    currency="",
    commissioned=None,
    decommissioned=None,
    lat=None,
    lon=None,
    contact_email="",
    manufacturer_country="",
)


@pytest.mark.parametrize(
    ("visibility", "who_sees"),
    [
        ("public", EVERYBODY),
        ("registered", EVERYBODY[1:]),
        ("organisation", (MEMBER, MANAGER, ADMINISTRATOR, OPERATOR)),
    ],
)
def test_instrument_is_seen_by_those_it_is_shown_to(visibility, who_sees):
    facts = InstrumentFacts(OWNER, visibility, 1)
    assert tuple(one for one in EVERYBODY if may_see_instrument(facts, one).allowed()) == who_sees


def test_hidden_instrument_is_refused_as_if_it_were_not_there():
    facts = InstrumentFacts(OWNER, "organisation", 3)
    assert may_see_instrument(facts, READER).codes == ("instrument.not_found",)
    assert may_change_instrument(facts, OTHER_MANAGER, expected_version=99).codes == ("instrument.not_found",)


@pytest.mark.parametrize(
    ("viewer", "codes"),
    [
        (ANYBODY, ("sign_in.needed",)),
        (READER, ("organisation.not_yours",)),
        (MEMBER, ("organisation.not_yours",)),
        (OTHER_MANAGER, ("organisation.not_yours",)),
        (BROKER, ("organisation.not_yours",)),
        (MANAGER, ()),
        (ADMINISTRATOR, ()),
        (OPERATOR, ()),
        (replace(MANAGER, may_write=False), ("token.scope_missing",)),
        (replace(OTHER_MANAGER, may_write=False), ("token.scope_missing", "organisation.not_yours")),
    ],
)
def test_managing_is_for_managers_of_the_owner(viewer, codes):
    assert may_manage(OWNER, viewer).codes == codes


def test_stale_change_is_refused_with_every_other_reason():
    facts = InstrumentFacts(OWNER, "public", 4)
    decision = may_change_instrument(facts, OTHER_MANAGER, expected_version=3)
    assert decision.codes == ("organisation.not_yours", "instrument.changed_meanwhile")
    assert decision.reasons[1].facts == {"yours": 3, "now": 4}
    assert may_change_instrument(facts, MANAGER, expected_version=4).allowed()
    assert may_change_instrument(facts, MANAGER, expected_version=None).allowed()


@pytest.mark.parametrize("viewer", EVERYBODY)
def test_whoever_may_manage_may_read_the_trail(viewer):
    assert may_see_trail(OWNER, viewer).allowed() == may_manage(OWNER, viewer).allowed()


def test_contacts_are_for_people_who_are_signed_in():
    assert may_see_contact(ANYBODY).codes == ("sign_in.needed",)
    assert may_see_contact(READER).allowed()


def test_sound_draft_passes():
    assert is_sound(SOUND).codes == ()


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({"name_zh": ""}, ["instrument.name_missing"]),
        ({"owner_found": False}, ["instrument.owner_unknown"]),
        ({"facility": "fac_1"}, ["instrument.facility_unknown"]),
        ({"facility": "fac_1", "facility_found": True}, ["instrument.facility_not_owners"]),
        ({"facility": "fac_1", "facility_found": True, "facility_is_owners": True}, []),
        ({"city_found": False}, ["instrument.city_unknown"]),
        ({"unknown_techniques": ("a", "b")}, ["instrument.technique_unknown"] * 2),
        ({"class_code": "x:1:2"}, ["instrument.class_unknown"]),
        ({"class_code": "x:1:2", "class_found": True}, []),
        ({"choices": {"access": ("often", ("booking",))}}, ["instrument.choice_unknown"]),
        ({"lengths": {"model": (300, 200)}}, ["instrument.text_too_long"]),
        ({"lengths": {"model": (200, 200)}}, []),
        ({"control_in": ("model",)}, ["instrument.control_characters"]),
        ({"value_minor": -1, "currency": "CNY"}, ["instrument.value_negative"]),
        ({"value_minor": 2**63, "currency": "CNY"}, ["instrument.value_too_large"]),
        ({"value_minor": 5}, ["instrument.currency_unknown"]),
        ({"value_minor": 5, "currency": "cny"}, ["instrument.currency_unknown"]),
        ({"value_minor": 0, "currency": "CNY"}, []),
        (
            {"commissioned": date(2020, 1, 2), "decommissioned": date(2020, 1, 1)},
            ["instrument.dates_reversed"],
        ),
        ({"commissioned": date(2020, 1, 1), "decommissioned": date(2020, 1, 1)}, []),
        ({"lat": 31.0}, ["instrument.half_a_point"]),
        ({"lat": 121.5, "lon": 31.2}, ["instrument.off_the_earth"]),
        ({"lat": float("nan"), "lon": 31.2}, ["instrument.off_the_earth"]),
        ({"lat": 90.0, "lon": -180.0}, []),
        ({"contact_email": "nobody"}, ["instrument.email_wrong"]),
        ({"landing_page": "javascript:alert(1)"}, ["instrument.web_page_wrong"]),
        ({"landing_page": "lab.example.org"}, ["instrument.web_page_wrong"]),
        ({"landing_page": "HTTPS://lab.example.org/x"}, []),
        ({"contact_email": "a@b.cn"}, []),
        ({"manufacturer_country": "China"}, ["instrument.country_wrong"]),
        ({"local_id": "7", "local_id_taken": True}, ["instrument.local_id_taken"]),
        ({"pid": "x", "pid_taken": True}, ["instrument.pid_taken"]),
        (
            {"name_zh": "", "owner_found": False, "city_found": False},
            ["instrument.name_missing", "instrument.owner_unknown"],
        ),
        (
            {"owner_found": False, "city": "nowhere", "city_found": False},
            ["instrument.owner_unknown", "instrument.city_unknown"],
        ),
    ],
)
def test_draft_is_refused_with_every_reason(change, codes):
    decision = is_sound(replace(SOUND, **change))
    assert list(decision.codes) == codes
    assert all(reason.facts["field"] for reason in decision.reasons)


@given(st.integers(-(2**70), 2**70), st.integers(0, 2**70))
def test_larger_value_never_turns_negative_again(value, more):
    lower = is_sound(replace(SOUND, value_minor=value, currency="CNY"))
    higher = is_sound(replace(SOUND, value_minor=value + more, currency="CNY"))
    assert "instrument.value_negative" not in higher.codes or "instrument.value_negative" in lower.codes


@pytest.mark.parametrize(
    ("change", "viewer", "codes"),
    [
        ({}, ADMINISTRATOR, ()),
        ({}, OPERATOR, ()),
        ({}, MANAGER, ("organisation.not_administrator",)),
        ({}, ANYBODY, ("sign_in.needed",)),
        ({"role_known": False}, ADMINISTRATOR, ("role.unknown",)),
        ({"user_found": False}, ADMINISTRATOR, ("person.not_found",)),
        ({"is_administrator": True, "role": ""}, ADMINISTRATOR, ("organisation.last_administrator",)),
        ({"is_administrator": True, "role": "manager", "other_administrators": 1}, ADMINISTRATOR, ()),
        ({"is_administrator": True, "role": "administrator"}, ADMINISTRATOR, ()),
    ],
)
def test_roles_are_given_by_administrators_and_the_last_one_stays(change, viewer, codes):
    facts = RoleFacts(
        organisation_id=OWNER,
        email="a@b.cn",
        user_found=True,
        role="manager",
        role_known=True,
        is_administrator=False,
        other_administrators=0,
    )
    assert may_set_role(replace(facts, **change), viewer).codes == codes


@pytest.mark.parametrize(
    ("facts", "viewer", "codes", "allowed"),
    [
        (ImportFacts(10, 100, has_owner=True), MANAGER, (), True),
        (ImportFacts(10, 100, has_owner=False), MANAGER, ("import.owner_from_rows",), True),
        (ImportFacts(0, 100, has_owner=True), MANAGER, ("import.empty",), False),
        (ImportFacts(101, 100, has_owner=True), MEMBER, ("organisation.none_managed", "import.too_large"), False),
        (ImportFacts(10, 100, has_owner=True), ANYBODY, ("sign_in.needed",), False),
    ],
)
def test_import_is_for_those_who_manage_something(facts, viewer, codes, allowed):
    decision = may_import(facts, viewer)
    assert (decision.codes, decision.allowed()) == (codes, allowed)
