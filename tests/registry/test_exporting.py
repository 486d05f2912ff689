"""What is exported imports again without loss, into a node that has none of it."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from datetime import date
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, Phase, given, settings, strategies as st
from openpyxl import load_workbook
from tests.registry.exchange_records import NOW, Small, make_manager, make_small

from headwater.accounts.audit import COMMAND
from headwater.registry import exporting
from headwater.registry.actions.imports import Asked, run_command
from headwater.registry.actions.instruments import Put, put_instruments
from headwater.registry.drafts import DRAFT_FIELDS, InstrumentDraft
from headwater.registry.facts import Lookups, resolve, viewer_of
from headwater.registry.formats import own
from headwater.registry.models import Instrument, InstrumentTechnique, Source
from headwater.registry.queries import InstrumentFilter
from headwater.registry.rules import ANYBODY, is_sound

pytestmark = pytest.mark.django_db
FORMATS = ("headwater", "uniquip", "pidinst", "uniquip-xlsx")
TRICKY = st.sampled_from(
    [
        "=1+1",
        "'=x",
        "'",
        "''a",
        " a ",
        "a\n",
        "+86 21",
        "-5",
        "@me",
        "1,2",
        "[x]",
        "{}",
        "2024",
        "甲;乙",
        "电镜",
        "https://doi.org/10.1/x",
        "_x000D_",
        "a\r\nb",
        "\r",
        "\t",
        'say "x"',
        ":unkn",
        "＝1",
        "NULL",
        "mailto:a@b.cn",
        "a_x0041_b",
    ]
)
LETTERS = st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t\r\x85")
TEXT = st.one_of(st.just(""), TRICKY, st.text(LETTERS, max_size=12))
ITEMS = st.lists(TEXT, max_size=3).map(tuple)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=4,
)
KEYS = (
    st.sampled_from(
        [
            "name",
            "ID",
            "photo",
            "technique",
            "owners",
            "Colour",
            " x",
            "headwater:line",
            "=k",
            "instrumentTypes",
            "dates",
            "manufacturerIdentifierType",
            "schemaVersion",
            "value",
        ]
    )
    | TEXT
)
SECTIONS = st.sampled_from(["headwater", "uniquip", "pidinst", "else"])
EXTRA = st.dictionaries(SECTIONS, st.dictionaries(KEYS, JSON, max_size=3) | JSON, max_size=2)
RELATED = st.lists(
    st.dictionaries(
        st.sampled_from(["relatedIdentifier", "relatedIdentifierType", "relationType", "type"]) | TEXT, JSON, max_size=3
    ),
    max_size=2,
).map(tuple)
DAYS = st.none() | st.dates(date(1900, 1, 1), date(2100, 1, 1))


@st.composite
def drafts(draw, number: int) -> InstrumentDraft:
    at_ustc = draw(st.booleans())
    values = {name: draw(TEXT) for name in own.COLUMNS if isinstance(getattr(own.EMPTY, name, None), str)}
    first, last = sorted((draw(DAYS) or date(2000, 1, 1), draw(DAYS) or date(2001, 1, 1)))
    has_value, has_point = draw(st.booleans()), draw(st.booleans())
    values |= {
        "owner": "org_smlustc" if at_ustc else "org_smlfudan",
        "name_en": values["name_en"] or f"Instrument {number}",
        "facility": "fac_sml1" if at_ustc and draw(st.booleans()) else "",
        "city": draw(st.sampled_from(["shanghai", "hefei", ""])),
        "local_id": draw(st.sampled_from(["", f"N-{number}", f"=N{number}"])),
        "techniques": tuple(draw(st.lists(st.sampled_from(["xrd", "sem", "nmr", "diffraction"]), unique=True))),
        "class_code": draw(st.sampled_from(["", "cn:2006:010301"])),
        "manufacturer_country": draw(st.sampled_from(["", "CN"])),
        "contact_email": draw(st.sampled_from(["", "a@b.cn", "-x@b.cn"])),
        "landing_page": draw(st.sampled_from(["", "https://lab.example/a?x=1;2,3", "HTTP://实验室.example/'\""])),
        "pid": draw(st.sampled_from(["", f"10.1/{number}", f"https://doi.org/10.1/{number}", f" {number}"])),
        "pid_type": draw(st.sampled_from(["", "DOI", "doi", "Handle", "URL"])),
        "value_minor": draw(st.integers(0, 10**12)) if has_value else None,
        "currency": draw(st.sampled_from(["CNY", "JPY", "KWD", "XXX"])) if has_value else "",
        "access": draw(st.sampled_from(["booking", "proposal", "service", "internal"])),
        "visibility": draw(st.sampled_from(["public", "registered", "organisation"])),
        "status": draw(st.sampled_from(["planned", "operating", "out_of_service", "decommissioned"])),
        "original_language": draw(st.sampled_from(["", "zh", "en"])),
        "location_accuracy": draw(st.sampled_from(["", "site", "approximate"])),
        "commissioned": draw(st.sampled_from([None, first])),
        "decommissioned": draw(st.sampled_from([None, last])),
        "lat": draw(st.floats(-90, 90)) if has_point else None,
        "lon": draw(st.floats(-180, 180)) if has_point else None,
        "measured_zh": draw(ITEMS),
        "measured_en": draw(ITEMS),
        "subjects": draw(ITEMS),
        "related_ids": draw(RELATED),
        "extra": draw(EXTRA),
    }
    return InstrumentDraft(**{name: value for name, value in values.items() if name in DRAFT_FIELDS})


SEVERAL = st.integers(1, 2).flatmap(lambda count: st.tuples(*(drafts(number) for number in range(count))))


def store(*some: InstrumentDraft, synthetic: bool = False) -> None:
    lookups = Lookups()
    found = [resolve(draft, lookups) for draft in some]
    for one in found:
        assert is_sound(one.facts).codes == ()
    source, _new = Source.objects.get_or_create(
        key=f"made-{synthetic}", kind="synthetic" if synthetic else "declaration"
    )
    put_instruments([Put(one, None, ()) for one in found], source, lookups, by=COMMAND, at=NOW)


def all_records():
    wanted = ("public_id", "synthetic", *DRAFT_FIELDS)
    found = ({name: one[name] for name in wanted} for one in exporting.records(Instrument.objects.all()))
    return sorted(found, key=lambda one: one["public_id"])


def write(file_format: str, folder: Path) -> Path:
    path = folder / "out"
    if file_format == "uniquip-xlsx":
        exporting.write_xlsx(exporting.uniquip_table(Instrument.objects.all()), path)
    else:
        path.write_bytes(b"".join(exporting.export(Instrument.objects.all(), file_format)))
    return path


@pytest.fixture
def small() -> Small:
    return make_small()


@pytest.mark.parametrize("file_format", FORMATS)
@settings(
    max_examples=10,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(some=SEVERAL, synthetic=st.booleans())
def test_export_imports_again_without_loss(small, file_format, some, synthetic):
    with transaction.atomic(), tempfile.TemporaryDirectory() as folder:
        store(some[0], synthetic=synthetic)
        store(*some[1:])
        before = all_records()
        path = write(file_format, Path(folder))
        InstrumentTechnique.objects.all().delete()
        Instrument.objects.all().delete()
        outcome = run_command(Asked(path, "out"), by=COMMAND, at=NOW)
        assert outcome.first_rejects == []
        assert all_records() == before
        again = run_command(Asked(path, "out"), by=COMMAND, at=NOW)
        assert (again.created, again.updated, again.unchanged) == (0, 0, len(some))
        transaction.set_rollback(True)


@pytest.mark.parametrize("file_format", ["uniquip", "uniquip-xlsx", "pidinst"])
def test_edits_of_public_columns_win_over_ours(small, tmp_path, file_format):
    store(
        InstrumentDraft(
            owner="org_smlfudan",
            name_zh="电镜",
            name_en="Microscope",
            model="M1",
            techniques=("sem",),
            subjects=("physics",),
        )
    )
    path = write(file_format, tmp_path)
    if file_format == "uniquip-xlsx":
        book = load_workbook(io.BytesIO(path.read_bytes()))
        for row in book.active.iter_rows():
            for cell in row[:20]:
                cell.value = {"M1": "M2", "Microscope": "Better microscope"}.get(cell.value, cell.value)
        book.save(path)
    elif file_format == "uniquip":
        head, _mark, tail = path.read_text(encoding="utf-8").partition("Microscope")
        path.write_text(head + "Better microscope" + tail.replace("M1", "M2", 1), encoding="utf-8")
    else:
        found = json.loads(path.read_text())
        found["instruments"][0] |= {"name": "Better microscope", "model": {"modelName": "M2"}}
        path.write_text(json.dumps(found))
    outcome = run_command(Asked(path, "out"), by=COMMAND, at=NOW)
    assert (outcome.updated, outcome.first_rejects) == (1, [])
    one = Instrument.objects.get()
    assert (one.name_zh, one.name_en, one.model, one.subjects, one.extra) == (
        "电镜",
        "Better microscope",
        "M2",
        ["physics"],
        {},
    )


def test_uniquip_gives_back_the_columns_it_brought(small, tmp_path):
    path = tmp_path / "in.csv"
    path.write_text(
        "Type,Name,ID,Institution Name,Photo,Colour,Contact URL\nequipment,A,1,Fudan University,p.jpg,=blue,\n"
    )
    run_command(Asked(path, "in.csv"), by=COMMAND, at=NOW)
    (row,) = csv.DictReader(io.StringIO(write("uniquip", tmp_path).read_text(encoding="utf-8-sig")))
    assert {name: row[name] for name in ("type", "institutionID", "name", "institutionName", "photo", "Colour")} == {
        "type": "equipment",
        "institutionID": "1",
        "name": "A",
        "institutionName": "Fudan University",
        "photo": "p.jpg",
        "Colour": "'=blue",
    }


def test_pidinst_of_others_comes_out_as_it_came_in(small, tmp_path):
    item = {
        "identifier": {"identifier": "10.1/x", "identifierType": "DOI"},
        "schemaVersion": "1.0",
        "landingPage": "https://example.org/x",
        "name": "MicroCAT",
        "owners": [
            {
                "ownerName": "Fudan University",
                "ownerContact": "a@b.cn",
                "ownerIdentifier": {"ownerIdentifier": "013q1eq08", "ownerIdentifierType": "ROR"},
            },
            {"ownerName": "Somebody else"},
        ],
        "manufacturers": [
            {
                "manufacturerName": "Sea-Bird",
                "manufacturerIdentifier": {"manufacturerIdentifier": "w:1", "manufacturerIdentifierType": "Wikidata"},
            },
            {"manufacturerName": "Second maker"},
        ],
        "model": {"modelName": "SBE 37", "modelIdentifier": {"modelIdentifier": "m:1", "modelIdentifierType": "NVS"}},
        "description": "A recorder",
        "instrumentTypes": [{"instrumentTypeName": "salinity sensor"}],
        "measuredVariables": ["temperature"],
        "dates": [{"date": "2021-01-01", "dateType": "Commissioned"}, {"date": "2022-01-01", "dateType": "Calibrated"}],
        "relatedIdentifiers": [
            {"relatedIdentifier": "10.2/y", "relatedIdentifierType": "DOI", "relationType": "IsDescribedBy"}
        ],
        "alternateIdentifiers": [
            {"alternateIdentifier": "2490", "alternateIdentifierType": "SerialNumber"},
            {"alternateIdentifier": "x", "alternateIdentifierType": "Other", "alternateIdentifierName": "tag"},
        ],
        "colour": {"red": 1},
    }
    path = tmp_path / "in.json"
    path.write_text(json.dumps(item))
    run_command(Asked(path, "in.json"), by=COMMAND, at=NOW)
    (found,) = json.loads(write("pidinst", tmp_path).read_text())["instruments"]
    del found["headwater"]
    assert found == item


def test_pidinst_has_what_the_schema_asks_for(small, tmp_path):
    store(InstrumentDraft(owner="org_smlfudan", name_en="A", techniques=("xrd",)))
    (found,) = json.loads(write("pidinst", tmp_path).read_text())["instruments"]
    page = f"http://localhost:8000/instruments/{Instrument.objects.get().public_id}/"
    del found["headwater"]
    assert found == {
        "identifier": {"identifier": page, "identifierType": "URL"},
        "schemaVersion": "1.0",
        "landingPage": page,
        "name": "A",
        "owners": [
            {
                "ownerName": "Fudan University",
                "ownerIdentifier": {"ownerIdentifier": "013q1eq08", "ownerIdentifierType": "ROR"},
            }
        ],
        "manufacturers": [{"manufacturerName": ":unkn"}],
        "instrumentTypes": [
            {
                "instrumentTypeName": "X-ray diffraction",
                "instrumentTypeIdentifier": {
                    "instrumentTypeIdentifier": "xrd",
                    "instrumentTypeIdentifierType": "Headwater technique",
                },
            }
        ],
    }


def test_no_exported_cell_runs_in_a_spreadsheet(small, tmp_path):
    store(InstrumentDraft(owner="org_smlfudan", name_en="=HYPERLINK(1)", model="@x", contact_phone="+86", fee_en="-1"))
    for file_format in ("headwater", "uniquip"):
        (row,) = csv.DictReader(io.StringIO(write(file_format, tmp_path).read_text(encoding="utf-8-sig")))
        assert [cell for cell in row.values() if cell.startswith(("=", "+", "-", "@"))] == []


def test_sheet_refuses_a_text_that_no_cell_holds(small, tmp_path):
    store(InstrumentDraft(owner="org_smlfudan", name_en="A", measured_en=tuple("x" * 300 for _at in range(120))))
    with pytest.raises(exporting.ExportError) as caught:
        write("uniquip-xlsx", tmp_path)
    assert str(caught.value) == (
        "In line 2 the text of measuredVariables has 36,238 characters; a sheet's cell holds "
        "32,767. Export CSV instead."
    )


def test_list_is_exported_as_its_viewer_sees_it(small):
    for visibility in ("public", "registered", "organisation"):
        store(
            InstrumentDraft(owner="org_smlfudan", name_en=visibility, visibility=visibility, contact_email="a@b.cn"),
            InstrumentDraft(owner="org_smlustc", name_en=f"{visibility} of another", visibility=visibility),
        )

    def seen(viewer, **wanted):
        text = b"".join(exporting.export_for(viewer, InstrumentFilter(**wanted))).decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text)))
        return sorted(row["name_en"] for row in rows), {"contact_email" in row for row in rows}

    manager = viewer_of(make_manager(small.fudan))
    assert seen(ANYBODY) == (["public", "public of another"], {False})
    assert seen(manager, owner="org_smlfudan") == (["organisation", "public", "registered"], {True})
    assert seen(manager, city="hefei") == (["public of another", "registered of another"], {True})


def test_export_reads_a_fixed_number_of_times(small):
    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            b"".join(exporting.export(Instrument.objects.all(), "headwater"))
        return len(caught)

    store(InstrumentDraft(owner="org_smlfudan", name_en="A", techniques=("xrd",)))
    one = queries()
    store(*(InstrumentDraft(owner="org_smlfudan", name_en=f"A{at}", techniques=("xrd", "sem")) for at in range(30)))
    assert queries() == one
