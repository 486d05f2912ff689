"""The facts of the Yangtze River Delta, and of the small second region: whole, sourced, within bounds. No database."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
YRD = ROOT / "src/headwater/regions/yrd"
TWOZONES = Path(__file__).parent / "twozones"
TECHNIQUES = ROOT / "src/headwater/registry/vocabularies/techniques.csv"
REGIONS = pytest.mark.parametrize("folder", [YRD, TWOZONES], ids=lambda folder: folder.name)
Row = dict[str, str]

COLUMNS = {
    "sources": "key kind title_zh title_en publisher url published accessed licence note",
    "jurisdictions": "code parent kind name_zh name_en timezone source",
    "cities": "code jurisdiction name_zh name_en lat lon population population_year population_verified"
    " population_source area_km2 area_year area_verified area_source source",
    "zones": "code kind name_zh name_en cities area_km2 area_as_of area_verified lat lon location_accuracy polygon"
    " note_zh note_en verified source",
    "organisations": "code kind name_zh name_en city lat lon location_accuracy ror uscc size_class founded listed_on"
    " website verified source",
    "facilities": "code name_zh name_en city operator field description_zh description_en status since lat lon"
    " location_accuracy verified source note_zh note_en",
    "beamlines": "code facility name_zh name_en techniques measured_zh measured_en energy_range status phase verified"
    " source note",
    "ties": "kind from to role name_zh name_en since until verified source",
    "figures": "code subject_kind subject statement_zh statement_en claimed value comparison unit_zh unit_en as_of"
    " verdict source note_zh note_en",
    "gii_clusters": "edition rank cluster economy pct_share_pct publications_share_pct vc_share_pct source",
}
ALLOWED = {
    ("sources", "kind"): {"publication", "dataset", "general_knowledge", "synthetic"},
    ("jurisdictions", "kind"): {"country", "province"},
    ("zones", "kind"): {"park", "science_city", "corridor", "demonstration_zone", "high_tech_zone"},
    ("zones", "location_accuracy"): {"site", "approximate", "city", "unknown"},
    ("organisations", "kind"): {
        *("university", "research_institute", "laboratory", "hospital", "company", "government", "nonprofit"),
        *("education", "platform", "other"),
    },
    ("organisations", "size_class"): {"", "micro", "small", "medium", "large"},
    ("organisations", "location_accuracy"): {"site", "approximate", "city", "unknown"},
    ("facilities", "field"): {
        *("light_source", "laser", "fusion", "high_field", "life_science", "computing", "ocean", "energy"),
        *("earth_environment", "agriculture", "mechanics", "metrology", "materials", "other"),
    },
    ("facilities", "status"): {"planned", "construction", "operating"},
    ("facilities", "location_accuracy"): {"site", "approximate", "city", "unknown"},
    ("beamlines", "status"): {"operating", "upgraded", "relocated"},
    ("ties", "kind"): {"ownership", "partnership", "consortium", "joint_centre"},
    ("figures", "comparison"): {"eq", "gt", "lt", "about", "nearly"},
    ("figures", "verdict"): {"confirmed", "partly_confirmed", "near", "not_located"},
    ("figures", "subject_kind"): {"region", "jurisdiction", "city", "zone", "facility", "organisation"},
    **{(table, "verified"): {"yes", "no"} for table in ("zones", "organisations", "facilities", "beamlines", "ties")},
    **{("cities", column): {"yes", "no"} for column in ("population_verified", "area_verified")},
    ("zones", "area_verified"): {"yes", "no"},
}
REFERENCES = [
    ("jurisdictions", "parent", "jurisdictions"),
    ("cities", "jurisdiction", "jurisdictions"),
    ("zones", "cities", "cities"),
    ("organisations", "city", "cities"),
    ("facilities", "city", "cities"),
    ("facilities", "operator", "organisations"),
    ("beamlines", "facility", "facilities"),
    ("ties", "from", "organisations"),
    ("ties", "to", "organisations"),
]
NUMBERS = {
    "cities": ("lat", "lon", "population", "population_year", "area_km2", "area_year"),
    "zones": ("area_km2", "lat", "lon"),
    "organisations": ("lat", "lon"),
    "facilities": ("lat", "lon"),
    "figures": ("claimed", "value"),
    "gii_clusters": ("edition", "rank", "pct_share_pct", "publications_share_pct", "vc_share_pct"),
}
CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"


def rows(folder: Path, table: str) -> list[Row]:
    with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def codes(folder: Path, table: str) -> set[str]:
    return {row["code"] for row in rows(folder, table)}


def words(cell: str) -> list[str]:
    return cell.split(";") if cell else []


def source_keys(folder: Path) -> Iterator[tuple[str, str]]:
    """Every key that a row cites, with the table that cites it."""
    for table in (*COLUMNS, "schemes", "recognitions", "assessments"):
        if not (folder / f"{table}.csv").is_file():
            continue
        for row in rows(folder, table):
            for column in ("source", "population_source", "area_source"):
                for key in words(row.get(column) or ""):
                    yield table, key


def well_formed_ror(ror: str) -> bool:
    """Nine characters, the last two an ISO 7064 mod 97-10 check over the Crockford base 32 of the first seven."""
    if not re.fullmatch(r"0[0-9a-hj-km-np-tv-z]{6}[0-9]{2}", ror):
        return False
    number = 0
    for letter in ror[:7]:
        number = number * 32 + CROCKFORD.index(letter)
    return int(ror[7:]) == 98 - number * 100 % 97


@REGIONS
@pytest.mark.parametrize("table", COLUMNS)
def test_file_is_plain_csv_with_the_agreed_columns(folder: Path, table: str) -> None:
    raw = (folder / f"{table}.csv").read_bytes()
    assert not raw.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in raw
    assert raw.endswith(b"\n")
    lines = list(csv.reader(raw.decode("utf-8").splitlines()))
    assert lines[0] == COLUMNS[table].split()
    assert [line for line in lines if len(line) != len(lines[0])] == []
    assert [cell for line in lines for cell in line if cell != cell.strip()] == []


@REGIONS
@pytest.mark.parametrize(("table", "column"), ALLOWED, ids=lambda part: part)
def test_column_holds_declared_values_only(folder: Path, table: str, column: str) -> None:
    assert {row[column] for row in rows(folder, table)} - ALLOWED[table, column] == set()


@REGIONS
@pytest.mark.parametrize("table", NUMBERS)
def test_numbers_are_numbers(folder: Path, table: str) -> None:
    cells = [row[column] for row in rows(folder, table) for column in NUMBERS[table]]
    assert [cell for cell in cells if cell and not re.fullmatch(r"-?\d+(\.\d+)?", cell)] == []


@REGIONS
@pytest.mark.parametrize("table", [table for table in COLUMNS if table not in ("sources", "ties", "gii_clusters")])
def test_code_stands_once(folder: Path, table: str) -> None:
    assert [code for code, times in Counter(row["code"] for row in rows(folder, table)).items() if times > 1] == []


@REGIONS
def test_source_key_cluster_rank_and_tie_stand_once(folder: Path) -> None:
    keys = [row["key"] for row in rows(folder, "sources")]
    ranks = [(row["edition"], row["rank"]) for row in rows(folder, "gii_clusters")]
    ties = [
        tuple(row[part] for part in ("kind", "from", "to", "role", "name_en", "since")) for row in rows(folder, "ties")
    ]
    for stand in (keys, ranks, ties):
        assert [one for one, times in Counter(stand).items() if times > 1] == []


@REGIONS
@pytest.mark.parametrize(("table", "column", "other"), REFERENCES, ids=lambda part: part)
def test_foreign_code_exists(folder: Path, table: str, column: str, other: str) -> None:
    cited = {word for row in rows(folder, table) for word in words(row[column])}
    assert cited
    assert cited - codes(folder, other) == set()


@REGIONS
def test_figure_is_about_a_record(folder: Path) -> None:
    tables = {
        "jurisdiction": "jurisdictions",
        "city": "cities",
        "zone": "zones",
        "facility": "facilities",
        "organisation": "organisations",
    }
    region = json.loads((folder / "region.json").read_text(encoding="utf-8"))["code"]
    for row in rows(folder, "figures"):
        known = {region} if row["subject_kind"] == "region" else codes(folder, tables[row["subject_kind"]])
        assert row["subject"] in known, row["code"]


@REGIONS
def test_beamline_techniques_are_in_the_vocabulary(folder: Path) -> None:
    with TECHNIQUES.open(encoding="utf-8", newline="") as lines:
        known = {row["code"] for row in csv.DictReader(lines)}
    cited = {word for row in rows(folder, "beamlines") for word in words(row["techniques"])}
    assert cited - known == set()


@REGIONS
def test_every_row_has_a_source_and_every_source_a_row(folder: Path) -> None:
    for table in COLUMNS:
        if table != "sources":
            assert [row for row in rows(folder, table) if not row["source"]] == []
    cited = {key for _table, key in source_keys(folder)}
    known = {row["key"] for row in rows(folder, "sources")}
    assert cited - known == set()
    elsewhere = {"natural-earth-10m", "instrument-class-2006-trial"}  # the coast, and the classes of instruments
    assert known - cited - elsewhere == set()


@REGIONS
def test_source_says_what_it_is(folder: Path) -> None:
    for row in rows(folder, "sources"):
        assert row["title_zh"] or row["title_en"], row["key"]
        assert row["url"].startswith(("http://", "https://")) or row["note"], row["key"]
        assert re.fullmatch(r"(\d{4}(-\d{2}(-\d{2})?)?)?", row["published"]), row["key"]


@REGIONS
def test_what_rests_on_general_knowledge_alone_is_unverified(folder: Path) -> None:
    weak = {row["key"] for row in rows(folder, "sources") if row["kind"] in ("general_knowledge", "synthetic")}
    assert weak
    for table in ("zones", "organisations", "facilities", "beamlines", "ties"):
        bad = [row for row in rows(folder, table) if set(words(row["source"])) <= weak and row["verified"] != "no"]
        assert bad == [], table
    for row in rows(folder, "cities"):
        for what in ("population", "area"):
            assert not set(words(row[f"{what}_source"])) <= weak or row[f"{what}_verified"] == "no", row["code"]


@REGIONS
def test_points_lie_within_the_bounds(folder: Path) -> None:
    west, south, east, north = json.loads((folder / "region.json").read_text(encoding="utf-8"))["bounds"]
    seen = 0
    for table in ("cities", "zones", "organisations", "facilities"):
        for row in rows(folder, table):
            assert bool(row["lat"]) == bool(row["lon"]), row["code"]
            if row["lat"]:
                assert south <= float(row["lat"]) <= north, row["code"]
                assert west <= float(row["lon"]) <= east, row["code"]
                seen += 1
            elif table != "cities":
                assert row["location_accuracy"] == "unknown", row["code"]
    assert seen >= len(rows(folder, "cities"))


@REGIONS
def test_names_are_given_and_chinese_names_are_chinese(folder: Path) -> None:
    for table in ("jurisdictions", "cities", "zones", "organisations", "facilities", "beamlines"):
        for row in rows(folder, table):
            assert row["name_en"], row["code"]
            assert not row["name_zh"] or re.search("[一-鿿]", row["name_zh"]), row["code"]


@REGIONS
def test_the_coast_is_cut_to_the_bounds_and_small(folder: Path) -> None:
    raw = (folder / "coast.json").read_bytes()
    coast = json.loads(raw)
    west, south, east, north = json.loads((folder / "region.json").read_text(encoding="utf-8"))["bounds"]
    points = [point for polygon in coast["coordinates"] for ring in polygon for point in ring]
    assert coast["type"] == "MultiPolygon"
    assert "public domain" in coast["source"]
    assert all(west <= longitude <= east and south <= latitude <= north for longitude, latitude in points)
    assert len(raw) < 120_000


@pytest.mark.parametrize(
    ("table", "least"),
    [("organisations", 150), ("facilities", 35), ("beamlines", 34), ("ties", 40), ("figures", 23), ("zones", 12)],
)
def test_yrd_holds_enough(table: str, least: int) -> None:
    assert len(rows(YRD, table)) >= least


def test_yrd_has_its_41_cities_in_four_jurisdictions() -> None:
    assert Counter(row["jurisdiction"] for row in rows(YRD, "cities")) == {
        "CN-SH": 1,
        "CN-JS": 13,
        "CN-ZJ": 11,
        "CN-AH": 16,
    }


def test_yrd_corridor_has_its_nine_cities() -> None:
    corridor = next(row for row in rows(YRD, "zones") if row["code"] == "g60-corridor")
    assert sorted(words(corridor["cities"])) == sorted(
        ["shanghai", "jiaxing", "hangzhou", "jinhua", "suzhou-js", "huzhou", "xuancheng", "wuhu", "hefei"]
    )
    assert "松江区" in corridor["note_zh"]
    assert "Songjiang District" in corridor["note_en"]


def test_yrd_ror_ids_are_well_formed_and_stand_once() -> None:
    found = [row["ror"] for row in rows(YRD, "organisations") if row["ror"]]
    assert len(found) >= 500
    assert [ror for ror in found if not well_formed_ror(ror)] == []
    assert len(set(found)) == len(found)


def test_a_ror_id_with_one_digit_changed_is_not_well_formed() -> None:
    assert well_formed_ror("013q1eq08")
    assert not well_formed_ror("013q1eq09")
    assert not well_formed_ror("013q1er08")


def test_yrd_says_what_it_does_not_know_for_sure() -> None:
    assert {row["verified"] for row in rows(YRD, "facilities")} == {"yes", "no"}
    assert {row["verdict"] for row in rows(YRD, "figures")} == {"confirmed", "partly_confirmed", "near", "not_located"}
    assert [row["code"] for row in rows(YRD, "figures") if row["verdict"] == "not_located" and row["value"]] == []


def test_yrd_beamlines_in_use_include_the_official_34() -> None:
    in_use = [row for row in rows(YRD, "beamlines") if row["status"] == "operating"]
    assert {row["facility"] for row in in_use} == {"ssrf"}
    assert len(in_use) >= 34


def test_twozones_lies_in_two_time_zones_and_is_synthetic_throughout() -> None:
    homes = {row["jurisdiction"] for row in rows(TWOZONES, "cities")}
    assert {row["timezone"] for row in rows(TWOZONES, "jurisdictions") if row["code"] in homes} == {
        "America/New_York",
        "America/Chicago",
    }
    assert {row["kind"] for row in rows(TWOZONES, "sources")} == {"synthetic"}
