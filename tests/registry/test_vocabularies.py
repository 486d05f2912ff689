"""The vocabularies of instruments hold together: techniques, models, purposes and national class codes.

A crosswalk row reads "``to_code`` is exact/broader/narrower/related as seen from ``from_code``"; the way back is its
inverse (exact and related stay, broader and narrower change places).
"""

import csv
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VOCABULARIES = ROOT / "src/headwater/registry/vocabularies"
YRD = ROOT / "src/headwater/regions/yrd"
TWOZONES = ROOT / "tests/regions/twozones"

HEADERS = {
    VOCABULARIES / "techniques.csv": "code,parent,name_zh,name_en,synonyms_zh,synonyms_en,measures_zh,measures_en",
    VOCABULARIES
    / "models.csv": "technique,maker_zh,maker_en,maker_country,model,price_low_cny,price_high_cny,introduced",
    VOCABULARIES / "purposes.csv": "group,zh,en",
} | {
    folder / name: header
    for folder in (YRD, TWOZONES)
    for name, header in {
        "class_codes.csv": "vocabulary,version,code,parent,name_zh,name_en,verified,source",
        "class_crosswalk.csv": "vocabulary,from_version,from_code,to_version,to_code,relation",
        "technique_classes.csv": "technique,vocabulary,version,code",
    }.items()
}

# Two fields that never use each other's abbreviation; a search for it must find both.
SHARED_TERMS = {
    "ams": {"accelerator_mass_spectrometry", "aerosol_mass_spectrometry"},
}

# Nobody buys these from a catalogue: they stand at a synchrotron, a reactor or a spallation source, or are built to
# order.
WITHOUT_MODELS = {
    "hard_x_ray_nanoprobe",
    "high_pressure_x_ray_diffraction",
    "macromolecular_crystallography",
    "muon_spin_spectroscopy",
    "neutron_activation_analysis",
    "neutron_diffraction",
    "neutron_imaging",
    "photoemission_electron_microscopy",
    "resonant_inelastic_x_ray_scattering",
    "scanning_transmission_x_ray_microscopy",
    "temperature_metrology",
    "thermal_vacuum_testing",
    "transmission_x_ray_microscopy",
    "vuv_photoionisation_ms",
    "x_ray_absorption_spectroscopy",
    "x_ray_free_electron_laser",
    "x_ray_imaging",
    "x_ray_interference_lithography",
    "x_ray_magnetic_dichroism",
}

RELATIONS = {"exact", "broader", "narrower", "related"}


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, strict=True))


def parts(cell: str) -> list[str]:
    return cell.split(";") if cell else []


def normal(term: str) -> str:
    """Spell a term as search compares it: width, case, blanks, hyphens and slashes do not count."""
    return re.sub(r"[\s\-‐/]", "", unicodedata.normalize("NFKC", term)).casefold()


TECHNIQUES = read(VOCABULARIES / "techniques.csv")
GROUPS = {row["code"] for row in TECHNIQUES if not row["parent"]}
LEAVES = [row for row in TECHNIQUES if row["parent"]]
LEAF_CODES = {row["code"] for row in LEAVES}
MODELS = read(VOCABULARIES / "models.csv")
PURPOSES = read(VOCABULARIES / "purposes.csv")


def terms(row: dict[str, str]) -> Iterator[str]:
    yield row["name_zh"]
    yield row["name_en"]
    yield from parts(row["synonyms_zh"])
    yield from parts(row["synonyms_en"])


@pytest.mark.parametrize("path", HEADERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_file_is_plain_utf8_csv(path: Path) -> None:
    raw = path.read_bytes()
    text = raw.decode("utf-8")
    assert not raw.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in raw
    assert raw.endswith(b"\n")
    header, *rows = list(csv.reader(text.splitlines(), strict=True))
    assert ",".join(header) == HEADERS[path]
    assert rows
    assert [row for row in rows if len(row) != len(header)] == []
    assert [cell for row in rows for cell in row if cell != cell.strip()] == []
    assert [cell for row in rows for cell in row if ";;" in cell or cell.startswith(";") or cell.endswith(";")] == []
    assert [row for row, count in Counter(map(tuple, rows)).items() if count > 1] == []


def test_techniques_have_two_levels_and_unique_codes() -> None:
    codes = [row["code"] for row in TECHNIQUES]
    assert [code for code, count in Counter(codes).items() if count > 1] == []
    assert [code for code in codes if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", code)] == []
    assert [row["code"] for row in LEAVES if row["parent"] not in GROUPS] == []
    assert {row["parent"] for row in LEAVES} == GROUPS
    assert len(GROUPS) >= 14
    assert len(LEAVES) >= 150


def test_leaf_has_both_names_and_synonyms() -> None:
    assert [row["code"] for row in TECHNIQUES if not (row["name_zh"] and row["name_en"])] == []
    assert [row["code"] for row in LEAVES if len(parts(row["synonyms_zh"]) + parts(row["synonyms_en"])) < 2] == []
    assert [row["code"] for row in LEAVES if not re.search(r"[\u4e00-\u9fff]", row["name_zh"])] == []
    assert [row["code"] for row in TECHNIQUES if re.search(r"[\u4e00-\u9fff]", row["name_en"])] == []
    assert [row["code"] for row in TECHNIQUES if re.search(r"[\u4e00-\u9fff]", row["synonyms_en"])] == []


def test_term_belongs_to_one_technique() -> None:
    owners: dict[str, set[str]] = defaultdict(set)
    for row in TECHNIQUES:
        for term in terms(row):
            owners[normal(term)].add(row["code"])
    shared = {term: codes for term, codes in owners.items() if len(codes) > 1}
    assert shared == SHARED_TERMS


def test_term_appears_once_in_its_technique() -> None:
    repeated = {}
    for row in TECHNIQUES:
        counts = Counter(term.casefold() for term in terms(row))
        if twice := [term for term, count in counts.items() if count > 1]:
            repeated[row["code"]] = twice
    assert repeated == {}


def test_measures_run_parallel_in_both_languages() -> None:
    english: dict[str, set[str]] = defaultdict(set)
    for row in LEAVES:
        zh, en = parts(row["measures_zh"]), parts(row["measures_en"])
        assert len(zh) == len(en), row["code"]
        assert 1 <= len(zh) <= 4, row["code"]
        for one, other in zip(zh, en, strict=True):
            english[one].add(other)
    assert {zh: en for zh, en in english.items() if len(en) > 1} == {}


@pytest.mark.parametrize(
    ("term", "code"),
    [
        ("XRD", "x_ray_diffraction"),
        ("TEM", "transmission_electron_microscopy"),
        ("透射电子显微镜", "transmission_electron_microscopy"),
        ("透射电镜", "transmission_electron_microscopy"),
        ("扫描电镜", "scanning_electron_microscopy"),
        ("Cryo-EM", "cryo_electron_microscopy"),
        ("冷冻电镜", "cryo_electron_microscopy"),
        ("核磁", "nuclear_magnetic_resonance"),
        ("液质", "lc_ms"),
        ("气质", "gc_ms"),
        ("红外", "infrared_spectroscopy"),
        ("scanning tunneling microscopy", "scanning_tunnelling_microscopy"),
        ("metalorganic vapor phase epitaxy", "metal_organic_cvd"),
    ],
)
def test_everyday_word_finds_its_technique(term: str, code: str) -> None:
    found = [row["code"] for row in TECHNIQUES if normal(term) in {normal(own) for own in terms(row)}]
    assert found == [code]


def test_models_name_known_techniques_and_makers() -> None:
    assert {row["technique"] for row in MODELS} | WITHOUT_MODELS == LEAF_CODES
    assert {row["technique"] for row in MODELS} & WITHOUT_MODELS == set()
    assert len(MODELS) >= 450
    keys = Counter((row["technique"], row["maker_en"], row["model"]) for row in MODELS)
    assert [key for key, count in keys.items() if count > 1] == []
    assert [row for row in MODELS if not (row["maker_zh"] and row["maker_en"] and row["model"])] == []
    assert [row for row in MODELS if not re.fullmatch(r"[A-Z]{2}", row["maker_country"])] == []


def test_maker_has_one_chinese_name_and_one_country() -> None:
    known: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for row in MODELS:
        known[row["maker_en"]].add((row["maker_zh"], row["maker_country"]))
    assert {maker: forms for maker, forms in known.items() if len(forms) > 1} == {}


def test_model_prices_are_ordered_and_large() -> None:
    wrong = [
        row for row in MODELS if not 300_000 <= int(row["price_low_cny"]) < int(row["price_high_cny"]) <= 100_000_000
    ]
    assert wrong == []


def test_model_years_are_plausible() -> None:
    assert [row for row in MODELS if row["introduced"] and not 1980 <= int(row["introduced"]) <= 2026] == []


def test_purposes_belong_to_groups_in_both_languages() -> None:
    assert [row for row in PURPOSES if row["group"] and row["group"] not in GROUPS] == []
    assert {row["group"] for row in PURPOSES} == GROUPS | {""}
    assert [row for row in PURPOSES if not (row["zh"] and row["en"])] == []
    assert len(PURPOSES) >= 100
    assert [zh for zh, count in Counter(row["zh"] for row in PURPOSES).items() if count > 1] == []
    assert [en for en, count in Counter(row["en"] for row in PURPOSES).items() if count > 1] == []


@pytest.fixture(params=[YRD, TWOZONES], ids=["yrd", "twozones"])
def region(request: pytest.FixtureRequest) -> Path:
    return request.param


def class_keys(region: Path) -> set[tuple[str, str, str]]:
    return {(row["vocabulary"], row["version"], row["code"]) for row in read(region / "class_codes.csv")}


def test_class_codes_are_unique_and_parents_exist(region: Path) -> None:
    rows = read(region / "class_codes.csv")
    keys = class_keys(region)
    assert len(keys) == len(rows)
    orphans = [row for row in rows if row["parent"] and (row["vocabulary"], row["version"], row["parent"]) not in keys]
    assert orphans == []
    assert [row for row in rows if row["parent"] == row["code"]] == []
    assert [row for row in rows if not (row["name_zh"] and row["name_en"] and row["source"])] == []
    assert {row["verified"] for row in rows} <= {"yes", "no"}


def test_crosswalk_ends_exist_and_go_between_versions(region: Path) -> None:
    keys = class_keys(region)
    rows = read(region / "class_crosswalk.csv")
    ends = [(row["vocabulary"], row[f"{end}_version"], row[f"{end}_code"]) for row in rows for end in ("from", "to")]
    assert [end for end in ends if end not in keys] == []
    assert [row for row in rows if row["from_version"] == row["to_version"]] == []
    assert [row for row in rows if row["relation"] not in RELATIONS] == []


def test_crosswalk_loses_no_class(region: Path) -> None:
    """Every old class leads on, and every new top class is led to; subdivisions that are new need not be."""
    rows = read(region / "class_crosswalk.csv")
    classes = read(region / "class_codes.csv")
    old, new = {row["from_version"] for row in rows}, {row["to_version"] for row in rows}
    leading = {(row["from_version"], row["from_code"]) for row in rows}
    led = {(row["to_version"], row["to_code"]) for row in rows}
    assert {(row["version"], row["code"]) for row in classes if row["version"] in old} == leading
    assert {(row["version"], row["code"]) for row in classes if row["version"] in new and not row["parent"]} <= led


def test_exact_crosswalk_is_one_to_one(region: Path) -> None:
    exact = [row for row in read(region / "class_crosswalk.csv") if row["relation"] == "exact"]
    for end in ("from", "to"):
        counts = Counter((row[f"{end}_version"], row[f"{end}_code"]) for row in exact)
        assert [key for key, count in counts.items() if count > 1] == []


def test_exact_national_crosswalk_keeps_the_chinese_name() -> None:
    name = {(row["version"], row["code"]): row["name_zh"] for row in read(YRD / "class_codes.csv")}
    exact = [row for row in read(YRD / "class_crosswalk.csv") if row["relation"] == "exact"]
    renamed = [
        row for row in exact if name[row["from_version"], row["from_code"]] != name[row["to_version"], row["to_code"]]
    ]
    assert exact
    assert renamed == []


def test_every_leaf_has_one_class_that_exists(region: Path) -> None:
    rows = read(region / "technique_classes.csv")
    counts = Counter(row["technique"] for row in rows)
    assert set(counts) == LEAF_CODES
    assert [code for code, count in counts.items() if count > 1] == []
    keys = class_keys(region)
    assert [row for row in rows if (row["vocabulary"], row["version"], row["code"]) not in keys] == []


def test_national_classes_have_the_published_shape() -> None:
    rows = read(YRD / "class_codes.csv")
    top = {
        version: [row["code"] for row in rows if row["version"] == version and not row["parent"]]
        for version in ("2006-trial", "platform-2020s")
    }
    assert top["2006-trial"] == [f"{number:02d}" for number in range(1, 13)]
    assert top["platform-2020s"] == [f"{number:02d}" for number in range(1, 15)] + ["99"]
    analytical = [row["code"] for row in rows if row["version"] == "2006-trial" and row["parent"] == "01"]
    assert analytical == [f"01{number:02d}" for number in range(1, 14)]
    assert [row["code"] for row in rows if row["parent"] and row["parent"] != row["code"][:2]] == []
    assert {row["verified"] for row in rows if row["source"] == "general-knowledge"} == {"no"}
