"""Reading a region's folder: every problem told at once, with file and line. No database."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from headwater.registry.regionfiles import RegionError, digest_of, folder_of, read_region

TINY = Path(__file__).parent.parent / "regions" / "twozones"


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(TINY, tmp_path / "region"))


def mend(folder, name, old, new):
    path = folder / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_shipped_region_is_found_by_code():
    assert read_region(folder_of("yrd")).code == "yrd"


def test_folder_that_is_no_region_says_so(tmp_path):
    with pytest.raises(RegionError) as caught:
        folder_of(str(tmp_path))
    assert caught.value.problems == (
        f"{tmp_path} is no region: it has no region.json. Give a shipped region's code or a folder.",
    )


def test_region_json_that_is_none_says_where(folder):
    (folder / "region.json").write_text("{")
    with pytest.raises(RegionError, match=r"region\.json is not JSON"):
        read_region(folder)


def test_all_problems_are_told_at_once(folder):
    header = (folder / "cities.csv").read_text().splitlines()[0].split(",")
    rows = (folder / "cities.csv").read_text().splitlines()
    cells = rows[1].split(",")
    cells[header.index("lat")] = "north"
    (folder / "cities.csv").write_text("\n".join([rows[0], ",".join(cells), *rows[2:], "only,three,cells"]) + "\n")
    (folder / "ties.csv").unlink()
    with pytest.raises(RegionError) as caught:
        read_region(folder)
    last = len(rows) + 1
    assert caught.value.problems == (
        "cities.csv line 2, column lat: “north” can't be read as a number.",
        f"cities.csv line {last} has 3 cells, its header {len(header)}; look for a stray quote or comma.",
        "The file ties.csv is missing.",
    )


def test_unknown_reference_names_the_file_that_lacks_it(folder):
    rows = (folder / "facilities.csv").read_text().splitlines()
    header = rows[0].split(",")
    operator = rows[1].split(",")[header.index("operator")]
    mend(folder, "facilities.csv", f",{operator},", ",nobody-here,")
    with pytest.raises(RegionError) as caught:
        read_region(folder)
    assert caught.value.problems == (
        "facilities.csv line 2, column operator: there is no “nobody-here” in organisations.csv.",
    )


def test_row_without_a_source_is_refused(folder):
    path = folder / "jurisdictions.csv"
    rows = path.read_text().splitlines()
    rows[1] = rows[1].rsplit(",", 1)[0] + ","
    path.write_text("\n".join(rows) + "\n")
    with pytest.raises(
        RegionError, match=r"jurisdictions\.csv line 2: its source “” is not in sources\.csv; each row needs one\."
    ):
        read_region(folder)


def test_code_that_stands_twice_is_refused(folder):
    path = folder / "cities.csv"
    rows = path.read_text().splitlines()
    path.write_text("\n".join([*rows, rows[1]]) + "\n")
    with pytest.raises(RegionError, match=rf"cities\.csv line {len(rows) + 1}: “.+” stands there already\."):
        read_region(folder)


def test_wrong_check_digits_are_refused(folder):
    path = folder / "organisations.csv"
    rows = path.read_text().splitlines()
    header = rows[0].split(",")
    cells = rows[1].split(",")
    cells[header.index("ror")] = "013meh723"
    path.write_text("\n".join([rows[0], ",".join(cells), *rows[2:]]) + "\n")
    with pytest.raises(RegionError, match="column ror: “013meh723” is no ROR id; its check digits are wrong"):
        read_region(folder)


def test_file_that_is_not_utf8_is_named(folder):
    (folder / "zones.csv").write_bytes((folder / "zones.csv").read_bytes() + "公园".encode("gb18030"))
    with pytest.raises(RegionError, match=r"zones\.csv is not UTF-8"):
        read_region(folder)


def test_digest_follows_every_file(folder):
    before = digest_of(folder)
    assert digest_of(folder) == before
    with (folder / "figures.csv").open("a") as file:
        file.write("\n")
    assert digest_of(folder) != before
