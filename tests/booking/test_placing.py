"""Beamtime in the one calendar: a version of a schedule placed, replaced and released, all of it or nothing."""

from __future__ import annotations

import pytest
from tests.booking.made import NOW, acting, make_lab, refused, shanghai
from tests.factories import make_facility, make_user

from headwater.accounts.models import Grant, Notice, Role
from headwater.booking import hooks
from headwater.booking.actions.placing import Beamtime, place_beamtime
from headwater.booking.models import Reservation

pytestmark = pytest.mark.django_db


@pytest.fixture
def line():
    lab = make_lab(access="proposal")
    lab.instrument.facility = make_facility(operator=lab.instrument.owner)
    lab.instrument.save()
    return lab


def piece(lab, reference, start, end, **more):
    return Beamtime(reference, lab.instrument.public_id, start, end, more.pop("holder", lab.guest.email), **more)


def place(lab, *wanted, user=None, **more):
    return place_beamtime(wanted, **acting(user or lab.manager), at=NOW, **more)


def stands():
    rows = Reservation.objects.filter(state="confirmed", kind="beamtime").order_by("reference")
    return [(row.reference, row.start, row.end) for row in rows]


def test_set_is_placed_at_any_hour_and_points_back(line):
    made = place(
        line,
        piece(line, "awd_1", shanghai(6, 22), shanghai(7, 6)),
        piece(line, "awd_2", shanghai(7, 6), shanghai(7, 14)),
    )
    assert [one.reference for one in made.made] == ["awd_1", "awd_2"]
    assert stands() == [("awd_1", shanghai(6, 22), shanghai(7, 6)), ("awd_2", shanghai(7, 6), shanghai(7, 14))]


def test_new_version_keeps_moves_makes_and_releases_in_one_go(line):
    first = place(
        line,
        piece(line, "a", shanghai(2, 8), shanghai(2, 16)),
        piece(line, "b", shanghai(3, 8), shanghai(3, 16)),
        piece(line, "c", shanghai(4, 8), shanghai(4, 16)),
        piece(line, "d", shanghai(5, 8), shanghai(5, 16)),
    )
    ids = {one.reference: one.public_id for one in first.made}
    second = place(
        line,
        piece(line, "a", shanghai(2, 8), shanghai(2, 16)),
        piece(line, "b", shanghai(4, 8), shanghai(4, 16)),  # b and c change places
        piece(line, "c", shanghai(3, 8), shanghai(3, 16)),
        piece(line, "e", shanghai(5, 8), shanghai(5, 16)),
        instead_of=["a", "b", "c", "d"],
    )
    assert [one.reference for one in second.kept] == ["a"]
    assert [(one.reference, one.public_id, one.sequence, one.version) for one in second.moved] == [
        ("b", ids["b"], 1, 2),
        ("c", ids["c"], 1, 2),
    ]
    assert [(one.reference, one.state, one.sequence) for one in second.released] == [("d", "cancelled", 1)]
    assert [reference for reference, _start, _end in stands()] == ["a", "b", "c", "e"]


def test_one_conflict_leaves_the_version_before_as_it_was(line):
    place(line, piece(line, "a", shanghai(2, 8), shanghai(2, 16)), piece(line, "b", shanghai(3, 8), shanghai(3, 16)))
    other = place(line, piece(line, "x", shanghai(5, 8), shanghai(5, 16)))
    before = stands()
    codes = refused(
        place,
        line,
        piece(line, "a", shanghai(4, 8), shanghai(4, 16)),
        piece(line, "b", shanghai(5, 12), shanghai(5, 20)),
        instead_of=["a", "b"],
        displace=True,
    )
    assert codes == ("beamtime.stands",)
    assert stands() == before
    assert other.made[0].state == "confirmed"


def test_bookings_refuse_the_set_unless_they_are_to_be_displaced(line):
    line.instrument.access = "booking"
    line.instrument.save()
    line.policy()
    taken = line.book(line.guest, shanghai(2, 9), shanghai(2, 11))
    want = piece(line, "a", shanghai(2, 8), shanghai(2, 16), holder=make_user().email)
    assert refused(place, line, want) == ("beamtime.stands",)
    assert [one.public_id for one in place(line, want, displace=True).displaced] == [taken.public_id]
    taken.refresh_from_db()
    assert taken.state == "cancelled"
    assert Notice.objects.get(user=line.guest).code == "booking.displaced"


def test_every_fault_of_a_set_is_told_at_once(line):
    codes = refused(
        place,
        line,
        piece(line, "a", shanghai(2, 8), shanghai(2, 16)),
        piece(line, "b", shanghai(2, 12), shanghai(2, 20)),
        piece(line, "c", shanghai(3, 12), shanghai(3, 12), holder="nobody@example.org"),
        Beamtime("d", "ins_none", shanghai(3, 12), shanghai(3, 13), line.guest.email),
    )
    assert codes == ("beamtime.not_yours", "beamtime.unsound", "person.not_found", "beamtime.overlaps_itself")
    assert stands() == []


def test_managers_and_the_facility_s_own_user_office_place_and_nobody_else(line):
    want = piece(line, "a", shanghai(2, 8), shanghai(2, 16))
    office, elsewhere = make_user(), make_user()
    Grant.objects.create(user=office, role=Role.USER_OFFICE, scope=line.instrument.facility.public_id)
    Grant.objects.create(user=elsewhere, role=Role.USER_OFFICE, scope=make_facility().public_id)
    for user in (line.guest, elsewhere):
        assert refused(place, line, want, user=user) == ("beamtime.not_yours",)
    assert len(place(line, want, user=office).made) == 1
    assert refused(place, line, instead_of=["a"], user=elsewhere) == ("beamtime.not_yours",)


class Ledger(hooks.Listener):
    """Writes down what it hears."""

    def __init__(self):
        self.heard = []

    def reserved(self, taken, *, by, at):
        self.heard.append(("reserved", taken.kind, taken.state))

    def changed(self, before, after, *, by, at):
        self.heard.append(("changed", before.start, after.start))

    def released(self, taken, *, given_up, missed, by, at):
        self.heard.append(("released", given_up, missed))


def test_listener_hears_of_each_step(line, monkeypatch):
    ledger = Ledger()
    monkeypatch.setattr(hooks, "LISTENERS", [ledger])
    place(line, piece(line, "a", shanghai(2, 8), shanghai(2, 16)))
    place(line, piece(line, "a", shanghai(3, 8), shanghai(3, 16)))
    place(line, instead_of=["a"])
    assert ledger.heard == [
        ("reserved", "beamtime", "confirmed"),
        ("changed", shanghai(2, 8), shanghai(3, 8)),
        ("released", False, False),
    ]
