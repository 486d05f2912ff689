"""The index follows the record, whoever writes it."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.db import connection, transaction
from tests.factories import (
    make_city,
    make_facility,
    make_instrument,
    make_member,
    make_organisation,
    make_region,
    make_technique,
    make_user,
)

from headwater.accounts.audit import SYSTEM
from headwater.catalogue.actions.index import bring_up_to_date, differences, index_instruments, reindex, repack
from headwater.catalogue.models import Entry, IndexState
from headwater.registry import changed
from headwater.registry.actions.instruments import add_instrument, change_instrument
from headwater.registry.drafts import InstrumentDraft
from headwater.registry.facts import draft_of, viewer_of
from headwater.registry.models import City, Instrument, Organisation

pytestmark = pytest.mark.django_db
AT = datetime(2025, 3, 1, 8, 0, tzinfo=UTC)


def words_of(one: Instrument) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tsvector_to_array(words) FROM catalogue_entry WHERE instrument_id = %s", [one.pk])
        return set(cursor.fetchone()[0])


def test_entry_holds_the_words_and_codes_of_its_instrument():
    group = make_technique()
    leaf = make_technique(parent=group)
    facility = make_facility()
    one = make_instrument(
        name_en="Cryostat",
        name_zh="低温台",
        owner=facility.operator,
        facility=facility,
        techniques=(leaf,),
        value_minor=3_000_000_00,
        currency="CNY",
    )
    entry = Entry.objects.get(pk=one.pk)
    assert (entry.city_id, entry.owner_kind, entry.techniques, entry.band) == (one.city_id, "university", [leaf.pk], 3)
    assert {
        "cryostat",
        "低温",
        "温台",
        f"#t{leaf.pk}",
        f"#t{group.pk}",
        f"#c{one.city_id}",
        f"#o{one.owner_id}",
    } <= words_of(one)
    assert {f"#f{facility.pk}", "#yno", "#abooking", "#bCNY3", "#soperating"} <= words_of(one)


def test_adding_and_changing_change_the_index_at_once():
    make_region()
    user, owner = make_user(), make_organisation()
    make_member(user, owner)
    viewer = viewer_of(user)
    draft = InstrumentDraft(owner=owner.public_id, name_en="Calorimeter", access="booking")
    one = add_instrument(draft, viewer, by=SYSTEM, at=AT)
    assert "calorimeter" in words_of(one)
    change_instrument(
        one.public_id,
        replace(draft_of(Instrument.objects.get(pk=one.pk)), name_en="Rheometer"),
        viewer,
        expected_version=1,
        by=SYSTEM,
        at=AT,
    )
    assert "rheometer" in words_of(one)
    assert "calorimeter" not in words_of(one)
    assert differences() == []


def test_deleted_instrument_leaves_no_entry():
    one = make_instrument()
    key = one.pk
    one.delete()
    assert not Entry.objects.filter(pk=key).exists()


def test_a_subscriber_that_fails_undoes_the_write(monkeypatch):
    make_region()
    user, owner = make_user(), make_organisation()
    make_member(user, owner)
    monkeypatch.setattr(changed, "_SUBSCRIBERS", [lambda keys: 1 / 0])
    draft = InstrumentDraft(owner=owner.public_id, name_en="Calorimeter", access="booking")
    with pytest.raises(ZeroDivisionError):
        add_instrument(draft, viewer_of(user), by=SYSTEM, at=AT)
    assert not Instrument.objects.filter(name_en="Calorimeter").exists()


def test_names_that_change_reach_every_entry():
    owner = make_organisation(name_en="Old Academy")
    one = make_instrument(owner=owner)
    assert bring_up_to_date() == 0
    assert IndexState.objects.count() == 1
    Organisation.objects.filter(pk=owner.pk).update(name_en="New Academy")
    assert differences() == [one.pk]
    changed.tell_names()
    assert "new" in words_of(one)
    assert bring_up_to_date() == 0


def test_organisation_that_owns_nothing_is_no_reason_to_build_anew():
    one = make_instrument()
    assert bring_up_to_date() == 0
    make_organisation(name_en="A company that owns nothing", city=one.city)
    assert bring_up_to_date() == 0


def test_missing_entries_are_made():
    one, two = make_instrument(), make_instrument()
    Entry.objects.all().delete()
    assert differences() == [one.pk, two.pk]
    assert bring_up_to_date() == 2
    assert differences() == []


def test_reindexing_tells_how_far_it_is():
    for _ in range(3):
        make_instrument()
    seen: list[tuple[int, int]] = []
    assert reindex(progress=lambda done, of: seen.append((done, of))) == 3
    assert seen[0] == (0, 3)
    assert seen[-1] == (3, 3)


def test_many_at_once_are_indexed():
    city = make_city()
    owner = make_organisation(city=city)
    made = [make_instrument(owner=owner) for _ in range(12)]
    Entry.objects.all().delete()
    index_instruments([one.pk for one in made] * 60)
    assert Entry.objects.count() == 12
    assert City.objects.get(pk=city.pk).pk == Entry.objects.first().city_id


@pytest.mark.django_db(transaction=True)
def test_rebuilding_while_others_write_ends_in_step():
    owner = make_organisation()
    made = [make_instrument(owner=owner) for _ in range(30)]
    stop = threading.Event()
    failed: list[Exception] = []

    def write() -> None:
        number = 0
        try:
            while not stop.is_set():
                number += 1
                one = made[number % len(made)]
                with transaction.atomic():
                    Instrument.objects.select_for_update().get(pk=one.pk)
                    Instrument.objects.filter(pk=one.pk).update(name_en=f"Version {number}")
                    changed.tell([one.pk])
        except Exception as error:  # noqa: BLE001 — told below
            failed.append(error)
        finally:
            connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(8):
            assert reindex() == 30
            repack()
    finally:
        stop.set()
        writer.join()
    assert failed == []
    assert differences() == []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
            " WHERE c.relname LIKE 'catalogue_words%'"
        )
        assert cursor.fetchall() == [("catalogue_words", True)]


def words_file() -> int:
    """The file of the words' index; another one once it was built anew."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_relation_filenode('catalogue_words')")
        return int(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_many_entries_of_one_transaction_leave_a_packed_index(monkeypatch):
    monkeypatch.setattr("headwater.catalogue.actions.index.MANY", 3)
    owner = make_organisation()
    made = [make_instrument(owner=owner).pk for _ in range(4)]
    before = words_file()
    with transaction.atomic():
        index_instruments(made[:3])
    assert words_file() == before
    with transaction.atomic():
        index_instruments(made)
        assert words_file() == before
    assert words_file() != before
    assert differences() == []
