"""Data in: files in the shapes their publishers give, made here; what is taken, rejected, placed; cut and resumed."""

from __future__ import annotations

import csv
import gzip
import json
import zipfile
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from headwater.observatory import evaluate, queries
from headwater.observatory.intake.base import IntakeError, Job, take_in
from headwater.observatory.store import Store
from headwater.observatory.subjects import Period
from headwater.site.commands.intake import command

HEFEI, PARIS = (31.86, 117.28), (48.85, 2.35)


def institution(number, place, country="CN", **more):
    geo = {"city": "x", "country_code": country, "latitude": place and place[0], "longitude": place and place[1]}
    return {
        "id": f"https://openalex.org/I{number}",
        "ror": f"https://ror.org/0{number}",
        "display_name": f"Institute {number}",
        "country_code": country,
        "type": "education",
        "geo": geo,
    } | more


def authorship(*institutions, position="middle", author=1, corresponding=False):
    return {
        "author_position": position,
        "is_corresponding": corresponding,
        "author": {"id": f"https://openalex.org/A{author}", "display_name": "Somebody"},
        "institutions": [
            {"id": f"https://openalex.org/I{one}", "display_name": f"Institute {one}", "country_code": "CN"}
            for one in institutions
        ],
        "raw_affiliation_strings": [],
    }


def work(number, *authorships, **more):
    return {
        "id": f"https://openalex.org/W{number}",
        "doi": None,
        "publication_date": "2024-05-06",
        "publication_year": 2024,
        "type": "article",
        "is_retracted": False,
        "primary_location": {"source": {"id": "https://openalex.org/S1", "issn_l": "0028-0836", "display_name": "J"}},
        "primary_topic": {"field": {"id": "https://openalex.org/fields/25", "display_name": "Materials Science"}},
        "authorships": list(authorships),
    } | more


def lines(path, rows):
    with gzip.open(path, "wt", encoding="utf-8") as file:
        for row in rows:
            file.write((row if isinstance(row, str) else json.dumps(row)) + "\n")
    return path


def run(*arguments, code=0):
    done = CliRunner().invoke(command, [str(one) for one in arguments])
    assert done.exit_code == code, done.output
    return done


@pytest.fixture(autouse=True)
def _django_is_ready(monkeypatch):
    monkeypatch.setattr("headwater.site.cli.with_django", lambda: None)


@pytest.fixture
def openalex(region, store, tmp_path):
    """Institutions and works as JSON lines, with one of each fault."""
    first = [institution(1, HEFEI), institution(2, PARIS, "FR"), institution(3, None), {"id": "x"}]
    lines(tmp_path / "institutions.gz", first)
    rows = [
        work(1, authorship(1, 2, position="first"), authorship(2, author=2)),
        work(2, authorship(1, corresponding=True), authorship(author=3), authorship(9), authorship(3)),
        work(3, authorship(1), is_retracted=True),
        work(4, authorship(1), publication_date=None, publication_year=None),
        "{ not json",
        work(5, authorship(2), publication_date=None),
    ]
    lines(tmp_path / "works" / "part_000.gz", rows) if (tmp_path / "works").mkdir() is None else None
    return tmp_path


def test_openalex_s_works_are_placed_by_its_institutions(openalex, store):
    told = run("openalex-institutions", openalex / "institutions.gz").output
    assert "3 institutions" in told
    assert "4 rows read, 1 rejected" in told
    told = run("openalex", openalex / "works", "--rejects", openalex / "rejects.jsonl").output
    assert "3 documents, 8 addresses" in told
    assert "5 rows read, 3 rejected" in told
    assert "1, author without an institution" in told
    assert "1, institution not taken in" in told
    assert "1, institution without coordinates" in told
    why = [json.loads(line) for line in (openalex / "rejects.jsonl").read_text().splitlines()]
    assert [row["place"] for row in why] == [3, 4, 5]
    assert [row["why"] for row in why] == ["The work is retracted.", "The work has no date.", "This line is no JSON."]
    rows = (
        Store(store)
        .connect()
        .execute(
            """SELECT d.id, a.city, a.country, a.leads, a.part, d.venue, d.field FROM addresses a
           JOIN documents d ON d.key = a.document ORDER BY d.id, a.part, a.city DESC, a.leads, a.country"""
        )
        .fetchall()
    )
    assert rows[:3] == [
        ("W1", "hefei", "CN", True, 0.25, "0028-0836", "Materials Science"),
        ("W1", "", "FR", True, 0.25, "0028-0836", "Materials Science"),
        ("W1", "", "FR", False, 0.5, "0028-0836", "Materials Science"),
    ]
    assert sum(row[4] for row in rows) == pytest.approx(3)  # each work is worth one


def test_openalex_from_parquet_is_the_same_as_from_lines(openalex, store):
    run("openalex-institutions", openalex / "institutions.gz")
    run("openalex", openalex / "works")
    rows = [
        work(1, authorship(1, 2, position="first"), authorship(2, author=2)),
        work(2, authorship(1, corresponding=True), authorship(author=3), authorship(9), authorship(3)),
        work(5, authorship(2), publication_date=None),
    ]
    pq.write_table(pa.Table.from_pylist(rows), openalex / "works.parquet")
    run("openalex", openalex / "works.parquet", "--origin", "from-parquet")
    connection = Store(store).connect()
    for table in ("documents", "addresses"):
        columns = ", ".join(name for name in Store(store).connect().table(table).columns if name != "origin")
        one, other = (
            connection.execute(f"SELECT {columns} FROM {table} WHERE origin = ? ORDER BY ALL", [origin]).fetchall()
            for origin in ("openalex-works", "from-parquet")
        )
        assert one == other


def test_indicator_counts_what_was_taken_in(openalex, region):
    run("openalex-institutions", openalex / "institutions.gz")
    run("openalex", openalex / "works")
    records = queries.records()
    found = evaluate.evaluate(records, "publication-share", records.subject("city:hefei"), Period.read("2024"))
    assert found.answer.estimate.value == pytest.approx(100 * (0.25 + 0.25) / 3)
    assert found.answer.estimate.synthetic_share == 0


def test_intake_that_was_cut_goes_on_and_twice_changes_nothing(region, store, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(3):
        lines(folder / f"{number}.gz", [institution(10 * number + k, HEFEI) for k in range(4)])
    good = (folder / "1.gz").read_bytes()
    (folder / "1.gz").write_bytes(good[:-12])  # cut short
    run("openalex-institutions", folder, code=2)
    assert [one.rows for one in Store(store).held()] == [4]
    assert not list(store.rglob(".writing-*"))
    (folder / "1.gz").write_bytes(good)
    told = run("openalex-institutions", folder).output
    assert "2 files read, 1 passed over; 12 institutions" in told
    before = Store(store).parts()
    assert "0 files read, 3 passed over" in run("openalex-institutions", folder).output
    assert Store(store).parts() == before
    run("openalex-institutions", folder, "--anew")
    assert Store(store).parts() == before  # the same files make the same parts


def test_intake_is_killed_between_part_and_journal_and_redone_without_doubles(region, store, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    lines(folder / "a.gz", [institution(1, HEFEI)])
    run("openalex-institutions", folder)
    (store / "intake" / "openalex-institutions.json").unlink()
    run("openalex-institutions", folder)
    assert [one.rows for one in Store(store).held()] == [1]


def test_ror_in_both_schemas(region, store, tmp_path):
    second = {
        "id": "https://ror.org/04c4dkn09",
        "status": "active",
        "types": ["education"],
        "names": [
            {"value": "USTC", "types": ["acronym"], "lang": None},
            {"value": "University of Science and Technology of China", "types": ["ror_display", "label"], "lang": "en"},
        ],
        "locations": [
            {
                "geonames_id": 1808722,
                "geonames_details": {"name": "Hefei", "country_code": "CN", "lat": 31.86, "lng": 117.28},
            }
        ],
    }
    closed = second | {"id": "https://ror.org/0x", "status": "withdrawn"}
    with zipfile.ZipFile(tmp_path / "v1-ror-data.zip", "w") as packed:
        packed.writestr("v1-ror-data.json", "[]" + " " * 5000)
        packed.writestr("v1-ror-data_schema_v2.json", json.dumps([second, closed]))
    told = run("ror", tmp_path / "v1-ror-data.zip").output
    assert "2 rows read, 1 rejected" in told
    first = [
        {
            "id": "https://ror.org/0a",
            "name": "A",
            "types": ["Facility"],
            "addresses": [{"lat": 48.85, "lng": 2.35}],
            "country": {"country_code": "FR"},
        }
    ]
    (tmp_path / "old.json").write_text(json.dumps(first))
    run("ror", tmp_path / "old.json", "--origin", "ror-old")
    rows = (
        Store(store)
        .connect()
        .execute("SELECT id, name, kind, country, city FROM institutions ORDER BY id DESC")
        .fetchall()
    )
    assert rows == [
        ("0a", "A", "facility", "FR", ""),
        ("04c4dkn09", "University of Science and Technology of China", "education", "CN", "hefei"),
    ]


def tsv(path, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter="\t", quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(rows)


def test_patentsview_s_tables_are_joined(region, store, tmp_path):
    tsv(
        tmp_path / "g_patent.tsv",
        [
            {"patent_id": "1", "patent_type": "utility", "patent_date": "2023-01-03"},
            {"patent_id": "2", "patent_type": "utility", "patent_date": "then"},
        ],
    )
    place = {"disambig_city": "Hefei", "disambig_state": "", "disambig_country": "CN"}
    tsv(
        tmp_path / "g_location_disambiguated.tsv",
        [
            {"location_id": "l1", **place, "latitude": "31.86", "longitude": "117.28"},
            {"location_id": "l2", **place, "latitude": "", "longitude": ""},
        ],
    )
    inventors = [
        ("1", "0", "i1", "l1"),
        ("1", "1", "i2", ""),
        ("1", "2", "i3", "l2"),
        ("2", "0", "i1", "l1"),
        ("9", "0", "i1", "l1"),
    ]
    names = ("patent_id", "inventor_sequence", "inventor_id", "location_id")
    tsv(tmp_path / "inventors.tsv", [dict(zip(names, row, strict=True)) for row in inventors])
    with zipfile.ZipFile(tmp_path / "g_inventor_disambiguated.tsv.zip", "w") as packed:
        packed.write(tmp_path / "inventors.tsv", "g_inventor_disambiguated.tsv")
    told = run("patentsview", tmp_path).output
    assert "1 documents, 3 addresses" in told
    assert "5 rows read, 3 rejected" in told  # a bad date, and two inventors of patents without one
    assert "1, inventor without a location" in told
    rows = (
        Store(store)
        .connect()
        .execute("SELECT city, leads, part, date FROM addresses ORDER BY leads DESC, city")
        .fetchall()
    )
    assert rows == [
        ("hefei", True, pytest.approx(1 / 3), date(2023, 1, 3)),
        ("", False, pytest.approx(1 / 3), date(2023, 1, 3)),
        ("", False, pytest.approx(1 / 3), date(2023, 1, 3)),
    ]


def test_gleif_s_firms_are_placed_by_their_city_s_name(region, store, tmp_path):
    head = [
        "LEI",
        "Entity.LegalName",
        "Entity.LegalAddress.City",
        "Entity.LegalAddress.Country",
        "Entity.EntityStatus",
        "Entity.EntityCreationDate",
    ]
    rows = [
        ["A" * 20, "One", "Hefei", "CN", "ACTIVE", "2001-02-03T00:00:00Z"],
        ["B" * 20, "Two", "合肥市", "CN", "ACTIVE", ""],
        ["C" * 20, "Three", "Nowhere at all", "CN", "ACTIVE", ""],
        ["short", "Four", "Hefei", "CN", "ACTIVE", ""],
    ]
    with (tmp_path / "lei.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *rows])
    told = run("gleif", tmp_path / "lei.csv").output
    assert "4 rows read, 1 rejected" in told
    assert "Placed: 2 of 3" in told
    found = Store(store).connect().execute("SELECT name, city, founded FROM firms ORDER BY id").fetchall()
    assert found == [("One", "hefei", date(2001, 2, 3)), ("Two", "hefei", None), ("Three", "", None)]


def test_plain_table_takes_names_codes_places_and_says_what_is_wrong(region, store, tmp_path):
    (tmp_path / "firms.csv").write_text(
        "id,name,founded,high_tech,city,country,place,lat,lon,employees\n"
        "1,甲,2024-01-02,yes,合肥,CN,,,,12\n"
        "2,B,,no,,CN,Hangzhou,,,\n"
        "3,C,,,,CN,,95,10,\n"
        "4,D,then,,,CN,,,,\n"
        "5,E,,perhaps,,CN,,,,\n"
        ",F,,,,CN,,,,\n",
        "utf-8",
    )
    told = run("table", tmp_path / "firms.csv", "--table", "firms", "--rejects", tmp_path / "r").output
    assert "6 rows read, 3 rejected" in told
    assert "1, coordinates not on the earth" in told
    rows = Store(store).connect().execute("SELECT id, city, lat IS NULL, high_tech FROM firms ORDER BY id").fetchall()
    assert rows == [("1", "hefei", False, True), ("2", "hangzhou", False, False), ("3", "", True, None)]
    assert [json.loads(line)["why"] for line in (tmp_path / "r").read_text("utf-8").splitlines()] == [
        "Column founded: “then” can't be read as a day (2024-03-05).",
        "Column high_tech: “perhaps” can't be read as yes or no.",
        "Column id is empty.",
    ]


def test_addresses_without_parts_are_divided_equally_and_synthetic_says_so(region, store, tmp_path):
    (tmp_path / "a.csv").write_text(
        "document,kind,date,lat,lon\np1,patent,2024-01-01,31.2,121.5\np1,patent,2024-01-01,,\n", "utf-8"
    )
    run("table", tmp_path / "a.csv", "--table", "addresses", "--synthetic", "--origin", "trial")
    rows = (
        Store(store).connect().execute("SELECT part, city, synthetic, origin FROM addresses ORDER BY city").fetchall()
    )
    assert rows == [(0.5, "", True, "trial"), (0.5, "shanghai", True, "trial")]
    assert "trial: 1 parts forgotten" in run("table", "trial", "--forget").output
    assert Store(store).parts() == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("openalex", "gone"), "is no file and no folder"),
        (("table", "x.csv"), "--table NAME goes with"),
        (("table", "x.csv", "--table", "moons"), "There is no table moons"),
        (("table", "x.csv", "--table", "firms"), "there is no column id"),
        (("table", "x.csv", "--table", "firms", "--origin", "Ä"), "can't name an origin"),
        (("patentsview", "x.csv"), "Give the folder"),
        (("ror", "bad.json"), "is no JSON"),
    ],
)
def test_mistake_is_one_sentence(region, store, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.csv").write_text("identifier\n1\n" if "Ä" not in arguments else "id\n1\n")
    (tmp_path / "bad.json").write_text("{")
    told = run(*arguments, code=2).output
    assert said in told


def test_progress_is_told_for_each_file(region, store, tmp_path):
    paths = [lines(tmp_path / f"{k}.gz", [institution(k, HEFEI)]) for k in range(2)]
    from headwater.observatory.intake import openalex

    seen = []
    job = Job("some", paths, openalex.institutions(()), ("institutions",))
    take_in(Store(store), job, rejects=None, progress=lambda *told: seen.append(told))
    assert seen == [("0.gz", 0, 2), ("1.gz", 1, 2), ("", 2, 2)]
    with pytest.raises(IntakeError, match="can't be read"):
        take_in(
            Store(store), Job("some", [tmp_path / "none"], job.read, job.tables), rejects=None, progress=lambda *_: None
        )
