"""The writers of the registry: what they decide, write and record; and what they leave alone."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.db.utils import IntegrityError
from tests.factories import (
    make_facility,
    make_instrument,
    make_member,
    make_operator,
    make_organisation,
    make_source,
    make_technique,
    make_user,
)

from headwater.accounts.audit import Actor
from headwater.accounts.models import AuditEntry
from headwater.core.decision import Refused
from headwater.registry import queries
from headwater.registry.actions.instruments import add_instrument, change_instrument
from headwater.registry.actions.people import set_role
from headwater.registry.drafts import InstrumentDraft
from headwater.registry.facts import draft_of, instrument_facts, viewer_of
from headwater.registry.models import Instrument, Membership
from headwater.registry.rules import ANYBODY, may_see_instrument

pytestmark = pytest.mark.django_db
AT = datetime(2026, 5, 1, 9, 30, tzinfo=UTC)


@pytest.fixture
def owner():
    return make_organisation()


@pytest.fixture
def manager(owner):
    user = make_user()
    make_member(user, owner)
    return user


def add(user, owner, **more):
    draft = InstrumentDraft(owner=owner.public_id, name_zh="场发射电镜", **more)
    return add_instrument(draft, viewer_of(user), by=Actor(user, "page"), at=AT)


def change(user, instrument, *, version=None, **more):
    stored = queries.with_all(Instrument.objects.all()).get(pk=instrument.pk)
    return change_instrument(
        instrument.public_id,
        replace(draft_of(stored), **more),
        viewer_of(user),
        expected_version=version or stored.version,
        by=Actor(user, "page"),
        at=AT,
    )


def refused(call, *args, **more):
    with pytest.raises(Refused) as caught:
        call(*args, **more)
    return caught.value.decision.codes


def test_added_instrument_stands_in_the_record_with_its_source_and_trail(manager, owner):
    technique = make_technique(synonyms_en=["SEM"])
    made = add(manager, owner, techniques=("sem",), value_minor=12345, currency="CNY", local_id="A1")
    stored = queries.with_all(Instrument.objects.all()).get(pk=made.pk)
    assert (stored.owner, stored.city, stored.version, stored.original_language) == (owner, owner.city, 1, "zh")
    assert [link.technique for link in stored.technique_links.all()] == [technique]
    assert (stored.source.kind, stored.source.key) == ("declaration", f"declaration-{owner.public_id}")
    entry = AuditEntry.objects.get(subject=made.public_id)
    assert (entry.act, entry.actor, entry.way, entry.at) == ("instrument.added", manager, "page", AT)
    assert entry.changes["techniques"] == [[], [technique.code]]
    assert entry.changes["value_minor"] == [None, 12345]
    assert entry.decision == {"allowed": True, "reasons": []}
    assert "fee_zh" not in entry.changes


def test_another_organisations_manager_is_refused_with_every_reason_and_nothing_is_written(manager):
    before = AuditEntry.objects.count()
    codes = refused(add, manager, make_organisation(), city="nowhere", techniques=("alchemy",))
    assert codes == ("organisation.not_yours", "instrument.city_unknown", "instrument.technique_unknown")
    assert (Instrument.objects.count(), AuditEntry.objects.count()) == (0, before)


def test_change_keeps_the_identity_and_records_old_and_new(manager, owner):
    made = add(manager, owner, model="X1")
    changed = change(manager, made, model="X2", status="out_of_service")
    assert (changed.public_id, changed.version, changed.model) == (made.public_id, 2, "X2")
    entry = AuditEntry.objects.filter(subject=made.public_id).latest("id")
    assert entry.changes == {"model": ["X1", "X2"], "status": ["operating", "out_of_service"]}


def test_change_of_nothing_writes_nothing(manager, owner):
    made = add(manager, owner)
    assert change(manager, made).version == 1
    assert AuditEntry.objects.filter(subject=made.public_id).count() == 1


def test_stale_change_is_refused(manager, owner):
    made = add(manager, owner, model="X1")
    change(manager, made, model="X2")
    assert refused(change, manager, made, version=1, model="X3") == ("instrument.changed_meanwhile",)
    assert Instrument.objects.get(pk=made.pk).model == "X2"


def test_synthetic_record_stays_synthetic_however_it_is_edited(manager, owner):
    made = make_instrument(owner=owner, source=make_source(kind="synthetic"))
    assert change(manager, made, name_en="Edited").synthetic
    declared = make_instrument(owner=owner)
    assert change(manager, declared, name_en="Edited").source.kind == "declaration"


def test_instrument_goes_to_another_owner_only_by_who_manages_both(manager, owner):
    made, other = add(manager, owner), make_organisation()
    assert refused(change, manager, made, owner=other.public_id) == ("organisation.not_yours",)
    make_member(manager_of_both := manager, other)
    assert change(manager_of_both, made, owner=other.public_id).owner_id == other.pk


def test_number_is_the_owners_once_and_another_owners_again(manager, owner):
    add(manager, owner, local_id="7")
    assert refused(add, manager, owner, local_id="7") == ("instrument.local_id_taken",)
    operator, other = make_operator(), make_organisation()
    assert add(operator, other, local_id="7").owner == other


def test_beamline_belongs_to_the_facilitys_operator(manager, owner):
    facility = make_facility(operator=owner)
    assert add(manager, owner, facility=facility.public_id).facility == facility
    foreign = make_facility()
    assert refused(add, manager, owner, facility=foreign.public_id) == ("instrument.facility_not_owners",)


@pytest.mark.parametrize(
    ("column", "value", "constraint"),
    [
        ("access", "sometimes", "instrument_access_known"),
        ("lat", 91.0, "instrument_on_earth"),
        ("value_minor", 5, "instrument_value_has_currency"),
        ("pid", "", "instrument_pid_null_or_real"),
    ],
)
def test_database_itself_refuses_what_no_rule_let_through(owner, column, value, constraint):
    with pytest.raises(IntegrityError, match=constraint):
        make_instrument(owner=owner, **{column: value, **({"lon": 1.0} if column == "lat" else {})})


@pytest.mark.django_db(transaction=True)
def test_two_changes_at_once_both_read_the_same_version_and_one_wins():
    owner = make_organisation()
    user = make_user()
    make_member(user, owner)
    made = add(user, owner)
    stored = draft_of(queries.with_all(Instrument.objects.all()).get(pk=made.pk))
    start, outcomes = threading.Barrier(2), []

    def go(model):
        try:
            viewer = viewer_of(user)
            start.wait()
            draft = replace(stored, model=model)
            change_instrument(made.public_id, draft, viewer, expected_version=1, by=Actor(user, "api"), at=AT)
            outcomes.append(("written", model))
        except Refused as error:
            outcomes.append((error.decision.codes[0], model))
        finally:
            connection.close()

    threads = [threading.Thread(target=go, args=(name,)) for name in ("A", "B")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcome for outcome, _model in outcomes) == ["instrument.changed_meanwhile", "written"]
    assert ("written", Instrument.objects.get(pk=made.pk).model) in outcomes


# Who sees what --------------------------------------------------------------------------------------------------
def test_query_and_rule_of_visibility_agree_for_every_viewer_and_record():
    ours, theirs = make_organisation(), make_organisation()
    for organisation in (ours, theirs):
        for visibility in ("public", "registered", "organisation"):
            make_instrument(owner=organisation, visibility=visibility)
    member, nobody, operator = make_user(), make_user(), make_operator()
    make_member(member, ours, "member")
    viewers = {
        "anybody": ANYBODY,
        "reader": viewer_of(nobody),
        "member": viewer_of(member),
        "operator": viewer_of(operator),
    }
    seen = {}
    for name, viewer in viewers.items():
        in_sql = set(queries.visible_instruments(viewer))
        by_rule = {
            one for one in Instrument.objects.all() if may_see_instrument(instrument_facts(one), viewer).allowed()
        }
        assert in_sql == by_rule
        seen[name] = len(in_sql)
    assert seen == {"anybody": 2, "reader": 4, "member": 5, "operator": 6}


def test_viewer_of_an_inactive_user_is_anybody():
    user = make_operator()
    user.is_active = False
    assert viewer_of(user) == ANYBODY


# Roles ----------------------------------------------------------------------------------------------------------
def test_administrator_gives_changes_and_ends_roles(owner):
    administrator, colleague = make_user(), make_user("Colleague@Example.org")
    make_member(administrator, owner, "administrator")

    def give(email, role):
        return set_role(owner.pk, email, role, viewer_of(administrator), by=Actor(administrator, "page"), at=AT)

    give("colleague@example.org", "member")
    give("colleague@example.org", "manager")
    assert viewer_of(colleague).manages(owner.pk)
    give("colleague@example.org", "")
    assert viewer_of(colleague).memberships == {}
    changes = [entry.changes["role"] for entry in AuditEntry.objects.filter(subject=owner.public_id).order_by("id")]
    assert changes == [[None, "member"], ["member", "manager"], ["manager", None]]


def test_last_administrator_can_not_be_ended(owner):
    administrator = make_user()
    make_member(administrator, owner, "administrator")
    codes = refused(
        set_role, owner.pk, administrator.email, "", viewer_of(administrator), by=Actor(administrator, "page"), at=AT
    )
    assert codes == ("organisation.last_administrator",)
    assert Membership.objects.get().role == "administrator"
