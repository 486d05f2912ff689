"""News of what newly fits a kept search: once for each search and instrument, and only what its keeper may see."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.factories import make_instrument, make_member, make_user

from headwater.accounts.audit import Actor
from headwater.accounts.models import AuditEntry, Notice
from headwater.accounts.notices import in_words
from headwater.catalogue.actions.saved import look_again, save_search
from headwater.catalogue.models import Fit, SavedSearch
from headwater.core.decision import Refused
from headwater.registry.facts import viewer_of
from headwater.registry.models import Instrument

pytestmark = pytest.mark.django_db
AT = datetime(2025, 3, 3, 0, 0, tzinfo=UTC)


def keep(user: Any, address: str, name: str = "") -> SavedSearch:
    return save_search(address, name, viewer_of(user), by=Actor(user, "page"), at=AT)


def xrd(places: dict[str, Any], city: str = "hefei", **more: Any) -> Instrument:
    return make_instrument(owner=places[f"lab_{city}"], techniques=(places["xrd"],), **more)


def test_new_fits_are_told_once(places):
    user = make_user()
    xrd(places)
    search = keep(user, "q=XRD")
    assert look_again(at=AT) == 0
    first, second = xrd(places, name_en="First", name_zh="甲"), xrd(places, name_en="Second", name_zh="乙")
    make_instrument(owner=places["lab_hefei"], name_en="Balance")
    assert look_again(at=AT + timedelta(minutes=10)) == 1
    assert look_again(at=AT + timedelta(minutes=20)) == 0
    notice = Notice.objects.get(user=user)
    assert (notice.code, notice.path) == ("search.new_fits", "/instruments/?q=XRD")
    assert in_words(notice.code, notice.facts)[1] == (
        "New instruments that fit your search “XRD”: 2. Among them: First, Second."
    )
    assert {fit.instrument_id for fit in search.fits.all()} >= {first.pk, second.pk}


def test_instrument_that_comes_to_fit_by_a_change_is_told_and_never_again(places):
    from headwater.registry import changed

    user = make_user()
    keep(user, "q=Rheometer")
    one = make_instrument(owner=places["lab_hefei"], name_en="Calorimeter")
    assert look_again(at=AT) == 0
    for name, told in (("Rheometer", 1), ("Calorimeter", 0), ("Rheometer", 0)):
        Instrument.objects.filter(pk=one.pk).update(name_en=name)
        changed.tell([one.pk])
        assert look_again(at=AT) == told


def test_what_its_keeper_may_not_see_is_not_told(places):
    stranger, member = make_user(), make_user()
    make_member(member, places["lab_hefei"], "member")
    keep(stranger, "q=XRD")
    keep(member, "q=XRD")
    xrd(places, visibility="organisation")
    assert look_again(at=AT) == 1
    assert [notice.user for notice in Notice.objects.all()] == [member]


def test_reach_is_kept_with_the_search(places):
    user = make_user()
    search = keep(user, "q=XRD&from=hefei&minutes=90&door=0")
    assert search.name == "XRD, ≤ 90 min ← Hefei"
    xrd(places, "shanghai")
    assert look_again(at=AT) == 0
    xrd(places, "nanjing")
    assert look_again(at=AT) == 1


def test_loosened_hits_are_no_fits(places):
    user = make_user()
    xrd(places)
    search = keep(user, "q=XRD+unheardofthing")
    assert search.fits.count() == 0


def test_names_what_is_wrong_all_at_once(places):
    with pytest.raises(Refused) as refused:
        keep(make_user(), "city=atlantis", "x" * 200)
    assert list(refused.value.decision.codes) == ["find.filter_unknown", "search.nothing_asked", "search.name_missing"]


def test_search_that_too_much_fits_is_refused(places, monkeypatch):
    monkeypatch.setattr("headwater.catalogue.actions.saved.MOST_FITS", 2)
    monkeypatch.setattr("headwater.catalogue.rules.MOST_FITS", 2)
    for _ in range(3):
        xrd(places)
    with pytest.raises(Refused) as refused:
        keep(make_user(), "q=XRD")
    assert list(refused.value.decision.codes) == ["search.too_broad"]


def test_keeping_and_deleting_are_in_the_trail(places):
    from headwater.catalogue.actions.saved import delete_search

    user = make_user()
    search = keep(user, "q=XRD")
    delete_search(search.public_id, viewer_of(user), by=Actor(user, "page"), at=AT)
    acts = list(AuditEntry.objects.filter(subject=search.public_id).order_by("pk").values_list("act", flat=True))
    assert acts == ["search.saved", "search.deleted"]
    assert not Fit.objects.exists()


def test_timetable_that_is_gone_stops_nobody_else_s_news(places):
    from headwater.catalogue.models import Timetable

    one, two = make_user(), make_user()
    keep(one, "q=XRD&from=hefei")
    keep(two, "q=XRD")
    Timetable.objects.all().delete()
    xrd(places)
    assert look_again(at=AT) == 1
    assert Notice.objects.get().user == two
