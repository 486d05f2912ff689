"""Loading regions: whole or not at all, again without change, and any region by data alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from django.test import Client

from headwater.registry import loading
from headwater.registry.actions import regions
from headwater.registry.models import City, Facility, Instrument, Organisation, Region, Source, Technique
from headwater.registry.regionfiles import RegionError

pytestmark = pytest.mark.django_db
TINY = str(Path(__file__).parent.parent / "regions" / "twozones")


def test_tiny_region_of_two_time_zones_loads_and_reads():
    region = loading.load(TINY)
    assert (region.code, region.node, region.currency) == ("twozones", "tz", "USD")
    assert len({city.timezone for city in City.objects.select_related("jurisdiction")}) == 2
    made = Instrument.objects.filter(source__kind="synthetic")
    assert made.filter(facility=None).count() == 40
    assert all(one.public_id.startswith("ins_tz") for one in made)
    client = Client()
    assert region.name_en in client.get("/", headers={"accept-language": "en"}).content.decode()
    for city in City.objects.all():
        assert city.timezone in client.get(f"/cities/{city.code}/").content.decode()


def test_nothing_of_one_region_is_wired_into_the_other():
    loading.load(TINY)
    page = Client().get("/", headers={"accept-language": "en"}).content.decode()
    for word in ("Yangtze", "Shanghai", "China", "CNY", "长三角"):
        assert word not in page


def test_second_load_changes_nothing():
    loading.load(TINY)
    before = {
        model: list(model.objects.order_by("pk").values())
        for model in (City, Organisation, Facility, Technique, Instrument)
    }
    assert loading.load_if_needed(TINY) is None
    loading.load(TINY)
    for model, rows in before.items():
        again = list(model.objects.order_by("pk").values())
        for row in (*rows, *again):
            row.pop("updated_at", None)
        assert again == rows, model.__name__


def test_public_ids_are_the_same_on_every_machine():
    loading.load(TINY)
    first = set(Instrument.objects.values_list("public_id", flat=True)) | set(
        Organisation.objects.values_list("public_id", flat=True)
    )
    Region.objects.all().delete()
    Instrument.objects.all().delete()
    Source.objects.filter(key__startswith="synthetic-instruments").delete()
    loading.load(TINY)
    again = set(Instrument.objects.values_list("public_id", flat=True)) | set(
        Organisation.objects.values_list("public_id", flat=True)
    )
    assert again == first


def test_changed_fact_is_updated_and_nothing_is_deleted(tmp_path):
    folder = Path(shutil.copytree(TINY, tmp_path / "region"))
    loading.load(str(folder))
    counted = Organisation.objects.count()
    path = folder / "organisations.csv"
    rows = path.read_text().splitlines()
    header = rows[0].split(",")
    cells = rows[1].split(",")
    cells[header.index("name_en")] = "Renamed University"
    path.write_text("\n".join([rows[0], ",".join(cells), *rows[2:]]) + "\n")
    assert loading.load_if_needed(str(folder)) is not None
    assert Organisation.objects.get(code=cells[header.index("code")]).name_en == "Renamed University"
    assert Organisation.objects.count() == counted


def test_broken_folder_changes_nothing(tmp_path):
    folder = Path(shutil.copytree(TINY, tmp_path / "region"))
    (folder / "cities.csv").unlink()
    with pytest.raises(RegionError, match=r"The file cities\.csv is missing"):
        loading.load(str(folder))
    assert (Region.objects.count(), Source.objects.count()) == (0, 0)


@pytest.mark.django_db(transaction=True)
def test_load_that_dies_half_way_leaves_nothing_and_the_next_one_is_whole(monkeypatch):
    def die(_step, done, of):
        if of and done == of:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loading.load(TINY, progress=die)
    assert (Source.objects.count(), City.objects.count(), Instrument.objects.count()) == (0, 0, 0)
    assert loading.load_if_needed(TINY) is not None
    assert Instrument.objects.filter(facility=None).count() == 40


def test_other_synthetic_settings_are_refused_not_added(tmp_path):
    folder = Path(shutil.copytree(TINY, tmp_path / "region"))
    loading.load(str(folder))
    settings = folder / "region.json"
    settings.write_text(settings.read_text().replace("40", "41"))
    with pytest.raises(RegionError, match="none is ever deleted"):
        loading.load(str(folder))


def test_shipped_region_loads_whole(monkeypatch):
    """All facts of the shipped region; its made-up instruments are cut to a hundred to keep the test quick."""
    made = regions.make_instruments
    monkeypatch.setattr(
        regions, "make_instruments", lambda *args, count, seed: made(*args, count=min(count, 100), seed=seed)
    )
    region = loading.load("yrd")
    assert City.objects.count() == 41
    assert Facility.objects.count() == 36
    assert Organisation.objects.count() == 526
    assert region.coast["type"] == "MultiPolygon"
    ssrf = Facility.objects.get(code="ssrf")
    lines = Instrument.objects.filter(facility=ssrf)
    assert lines.count() == 38
    assert set(lines.values_list("access", flat=True)) == {"proposal"}
    assert Instrument.objects.filter(source__kind="synthetic").count() == 100
