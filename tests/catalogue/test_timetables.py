"""Loading a timetable: checked whole, kept whole, in force at once."""

from __future__ import annotations

import zipfile

import pytest
from tests.catalogue import timetable
from tests.factories import AT

from headwater.accounts.audit import SYSTEM
from headwater.accounts.models import AuditEntry
from headwater.catalogue.actions.timetables import load_timetable, load_timetable_of
from headwater.catalogue.journeys import Trip, asked_reach, laid
from headwater.catalogue.models import Timetable
from headwater.catalogue.vocabulary import vocabulary
from headwater.timetables.feed import FeedError

pytestmark = pytest.mark.django_db


def load(path):
    return load_timetable(path, by=SYSTEM, at=AT)


def test_same_files_are_loaded_once(places, tmp_path):
    _loaded, is_new = load(timetable.write(tmp_path / "again"))
    assert not is_new
    assert Timetable.objects.count() == 1


def test_new_timetable_takes_the_old_one_s_place(places, tmp_path):
    before = laid(vocabulary().cities).about
    faster = timetable.STOPS.replace("D1,Nanjing South,2,09:00,09:05,0", "D1,Nanjing South,2,08:40,09:05,0")
    load(timetable.write(tmp_path / "faster", stops=faster))
    after = asked_reach(vocabulary(), "hefei", Trip(minutes=60, door=0))
    assert before.digest != after.about.digest
    assert [row.journey.minutes for row in after.rows.values()] == [0, 40]
    assert list(AuditEntry.objects.filter(act="timetable.loaded").values_list("subject", flat=True)) == ["reg_test"] * 2


@pytest.mark.parametrize(
    ("stops", "said"),
    [
        ("", "stops.csv"),
        ("train,station\nD1,Hefei South\n", "stops.csv"),
        (timetable.STOPS.replace("10:30", "25:99"), "25:99"),
        (timetable.STOPS.replace("D1,Nanjing South", "D1,Atlantis"), "Atlantis"),
    ],
)
def test_wrong_timetable_changes_nothing_and_says_where(places, tmp_path, stops, said):
    with pytest.raises(FeedError) as error:
        load(timetable.write(tmp_path / "wrong", stops=stops))
    assert said in str(error.value)
    assert laid(vocabulary().cities).about.title == "Three cities"


def test_zip_is_taken_as_its_folder(places, tmp_path):
    folder = timetable.write(tmp_path / "rail")
    with zipfile.ZipFile(tmp_path / "rail.zip", "w") as archive:
        for path in folder.iterdir():
            archive.write(path, path.name)
    _loaded, is_new = load(tmp_path / "rail.zip")
    assert not is_new


def test_region_s_own_timetable_is_loaded_with_it(places):
    loaded = load_timetable_of("yrd", by=SYSTEM, at=AT)
    assert loaded is not None
    assert loaded.synthetic
    assert load_timetable_of("yrd", by=SYSTEM, at=AT) is None
    found = asked_reach(vocabulary(), "shanghai", Trip(minutes=180))
    assert {"nanjing", "hefei"} <= {row.city.code for row in found.rows.values()}
