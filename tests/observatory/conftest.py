"""A region of four cities with a made-up world of its own in an empty store."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime

import pytest
from tests.factories import (
    make_city,
    make_facility,
    make_figure,
    make_instrument,
    make_jurisdiction,
    make_organisation,
    make_region,
    make_source,
    make_zone,
)

from headwater.observatory import actions, queries
from headwater.observatory.models import Run, RunKind

AT = datetime(2026, 1, 5, tzinfo=UTC)
CITIES = (
    ("shanghai", 31.222, 121.458, 24_870_895, 6340.0),
    ("suzhou-js", 31.304, 120.595, 12_748_262, 8657.0),
    ("hangzhou", 30.294, 120.161, 11_936_010, 16_850.0),
    ("hefei", 31.864, 117.281, 9_369_881, 11_445.0),
    ("huzhou", 30.87, 120.09, 3_367_579, 5820.0),
)


@pytest.fixture
def store(settings, tmp_path):
    """The store's own folder; empty."""
    settings.OBSERVATORY_ROOT = tmp_path / "observatory"
    return settings.OBSERVATORY_ROOT


@pytest.fixture
def region(db, store):
    """A region that is named as the shipped timetable's, with two published figures."""
    make_region(code="yrd", country="CN")
    source = make_source(key="a-source")
    province = make_jurisdiction(code="CN-SH", name_en="Shanghai", name_zh="上海", source=source)
    other = make_jurisdiction(code="CN-ZJ", name_en="The rest", name_zh="其余", source=source)
    cities = {
        code: make_city(
            code=code,
            name_en=code.removesuffix("-js").capitalize(),
            name_zh={"shanghai": "上海", "suzhou-js": "苏州", "hangzhou": "杭州", "hefei": "合肥", "huzhou": "湖州"}[
                code
            ],
            lat=lat,
            lon=lon,
            population=people,
            area_km2=area,
            jurisdiction=province if code == "shanghai" else other,
            source=source,
        )
        for code, lat, lon, people, area in CITIES
    }
    make_zone(*cities.values(), code="corridor", kind="corridor", name_en="Corridor", name_zh="走廊", source=source)
    make_zone(cities["shanghai"], code="plane-park", kind="park", area_km2=10.0, lat=30.9, lon=121.9, source=source)
    owner = make_organisation(code="nice", city=cities["shanghai"], source=source)
    make_facility(code="ssrf", operator=owner, city=cities["shanghai"], status="operating", source=source)
    make_facility(code="shine", operator=owner, city=cities["shanghai"], status="construction", source=source)
    make_facility(code="planned", operator=owner, city=cities["hefei"], status="planned", source=source)
    make_instrument(owner=owner, city=cities["shanghai"], access="booking", source=source)
    make_instrument(owner=owner, city=cities["shanghai"], access="internal", source=source)
    make_instrument(owner=owner, city=cities["hefei"], access="service", visibility="organisation", source=source)
    make_figure(
        code="facilities-shanghai",
        subject_kind="jurisdiction",
        subject="CN-SH",
        statement_en="Shanghai has 20 facilities.",
        statement_zh="上海有20个装置。",
        value=20.0,
        as_of="2025-12",
        sources=[source],
    )
    make_figure(code="nice-universities", subject_kind="organisation", subject="nice", as_of="2025", sources=[source])
    return cities


@pytest.fixture(scope="session")
def made_once(tmp_path_factory):
    """Where the made-up world and the rail times of the first test are kept for the others; empty at first."""
    return tmp_path_factory.mktemp("world")


@pytest.fixture
def rails(store, made_once):
    """The store with the rail times worked out before, if any test did."""
    store.mkdir(parents=True, exist_ok=True)
    for path in made_once.glob("travel-*.json"):
        shutil.copy(path, store)
    yield store
    for path in store.glob("travel-*.json"):
        shutil.copy(path, made_once)


@pytest.fixture
def world(region, rails, made_once):
    """The region with the made-up world in its store."""
    kept = made_once / "made.json"
    if not kept.is_file():
        made = actions.fill_store(queries.snapshot(), documents=2500, seed=7)
        shutil.copytree(rails, made_once / "store")
        kept.write_text(json.dumps(made))
    else:
        shutil.copytree(made_once / "store", rails, dirs_exist_ok=True)
    return json.loads(kept.read_text())


@pytest.fixture
def records(world):
    found = queries.records()
    yield found
    found.close()


def make_run(kind=RunKind.CLUSTERS, **parameters):
    return Run.objects.create(public_id=f"run_t{Run.objects.count()}", kind=kind, parameters=parameters, asked_at=AT)


@pytest.fixture
def clustered(world):
    """A cluster run over the made-up world, done."""
    run = make_run(edition="gii-2024", radius_km=15, min_weight=60, merge_km=5, resamples=10)
    return actions.carry_out(run.public_id, at=AT)


@pytest.fixture
def clustered_records(clustered):
    found = queries.records()
    yield found
    found.close()
