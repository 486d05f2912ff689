"""Files of instruments as they are read and written, without a database."""

from __future__ import annotations

import codecs
import csv
import io
import json
import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given, strategies as st
from openpyxl import Workbook

from headwater.registry.formats import cells, files, own, pidinst, uniquip
from headwater.registry.formats.cells import CellError
from headwater.registry.formats.files import FileError, open_file

HEADER = "name_en,owner,value,commissioned\n"
SAMPLES = Path(__file__).parent.parent / "data" / "exchange"


def put(folder: Path, content: str | bytes, name: str = "file.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def sheet(folder: Path, *rows: list[object], name: str = "file.xlsx") -> Path:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    book.save(folder / name)
    return folder / name


# Cells ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2024-05-31", date(2024, 5, 31)),
        ("2024/5/31", date(2024, 5, 31)),
        ("2024.5.31", date(2024, 5, 31)),
        ("31/05/2024", date(2024, 5, 31)),
        ("31.5.2024", date(2024, 5, 31)),
        ("05/06/2024", date(2024, 6, 5)),
        ("31 May 2024", date(2024, 5, 31)),
        ("31-Sept-2024".replace("31", "30"), date(2024, 9, 30)),
        ("May 31, 2024", date(2024, 5, 31)),
        ("2024年5月31日", date(2024, 5, 31)),
        ("２０２４年５月３１日", date(2024, 5, 31)),
        ("20240531", date(2024, 5, 31)),
        ("2024-05-31 00:00:00", date(2024, 5, 31)),
        ("2024-05-31T12:30:00+08:00", date(2024, 5, 31)),
        ("", None),
        ("  ", None),
    ],
)
def test_date_is_read_in_each_style(text, day):
    assert cells.read_date(text, "commissioned") == day


@pytest.mark.parametrize(
    "text", ["05/31/2024", "2024-02-30", "31 Mayo 2024", "2024", "45443", "May 2024", "soon", "31/05/24", "2024年5月"]
)
def test_date_that_could_mean_another_is_refused(text):
    with pytest.raises(CellError) as caught:
        cells.read_date(text, "commissioned")
    assert caught.value.reason.code == "instrument.date_unreadable"
    assert dict(caught.value.reason.facts) == {"field": "commissioned", "value": text}


@pytest.mark.parametrize(
    ("text", "currency", "times", "amount"),
    [
        ("1,250,000.00", "", 1, (125_000_000, "CNY")),
        ("1250000", "", 1, (125_000_000, "CNY")),
        ("125万元", "", 1, (125_000_000, "CNY")),
        ("125万", "", 1, (125_000_000, "CNY")),
        ("1.5亿", "", 1, (15_000_000_000, "CNY")),
        ("¥1,250,000", "", 1, (125_000_000, "CNY")),
        ("￥12.5", "CNY", 1, (1250, "CNY")),
        ("¥1250", "JPY", 1, (1250, "JPY")),
        ("USD 99.99", "", 1, (9999, "USD")),
        ("99.99 EUR", "", 1, (9999, "EUR")),
        ("€1,000", "", 1, (100_000, "EUR")),
        ("人民币 5 元", "", 1, (500, "CNY")),
        ("12.34567", "", 10_000, (12_345_670, "CNY")),
        ("-5", "", 1, (-500, "CNY")),
        ("", "USD", 1, (None, "")),
    ],
)
def test_amount_is_exact(text, currency, times, amount):
    assert cells.read_amount(text, "value", currency=currency, default="CNY", times=times) == amount


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("¥1.2M", ""),
        ("1,5", ""),
        ("1.250.000,00", ""),
        ("12.345", ""),
        ("about 5", ""),
        ("€5", "CNY"),
        ("¥5", "USD"),
        ("5 MIO", ""),
        ("1e6", ""),
    ],
)
def test_amount_that_must_be_guessed_is_refused(text, currency):
    with pytest.raises(CellError) as caught:
        cells.read_amount(text, "value", currency=currency, default="CNY")
    assert caught.value.reason.code == "instrument.amount_unreadable"


@given(st.text())
def test_guard_gives_back_exactly_the_text(text):
    assert cells.unguarded(cells.guarded(text)) == text


@given(st.text(st.sampled_from("_x0D5Fa\r\n") | st.characters(exclude_categories=["Cs"])))
def test_sheet_text_gives_back_exactly_the_text(text):
    assert cells.text_of_sheet(cells.sheet_text(text)) == text
    assert "\r" not in cells.sheet_text(text)


@given(st.text())
def test_guarded_text_never_runs(text):
    assert not cells.guarded(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


@given(st.lists(st.text()))
def test_list_gives_back_exactly_its_items(items):
    assert cells.read_list(cells.write_list(items), "subjects") == tuple(items)


def test_list_is_parted_by_the_marks_people_use():
    assert cells.read_list("XRD；SEM、NMR; TEM|AFM", "techniques") == ("XRD", "SEM", "NMR", "TEM", "AFM")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_number_gives_back_exactly_the_number(number):
    assert cells.read_number(cells.write_number(number), "lat") == number


@pytest.mark.parametrize("text", ["nan", "inf", "1_0", "31,2", "x"])
def test_number_that_is_none_is_refused(text):
    with pytest.raises(CellError) as caught:
        cells.read_number(text, "lat")
    assert caught.value.reason.code == "instrument.number_unreadable"


# Encodings and delimiters -----------------------------------------------------------------------------------------
CHINESE = "仪器名称,所属单位\r\nX射线衍射仪,复旦大学\r\n扫描电镜,复旦大学\r\n"


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (CHINESE.encode(), "utf-8"),
        (codecs.BOM_UTF8 + CHINESE.encode(), "utf-8-sig"),
        (CHINESE.encode("gb18030"), "gb18030"),
        (CHINESE.encode("utf-16"), "utf-16"),
        (codecs.BOM_UTF16_BE + CHINESE.encode("utf-16-be"), "utf-16"),
        (CHINESE.replace("\r\n", "\n").encode("gb18030"), "gb18030"),
        (CHINESE.replace(",", ";").encode(), "utf-8"),
        (CHINESE.replace(",", "\t").encode(), "utf-8"),
        (("sep=;\r\n" + CHINESE.replace(",", ";")).encode(), "utf-8"),
    ],
)
def test_encoding_and_delimiter_are_found_out(tmp_path, content, encoding):
    opened = open_file(put(tmp_path, content))
    assert (opened.file_format, opened.encoding) == ("headwater", encoding)
    assert [dict(row.fields) for row in opened.rows] == [
        {"name_zh": "X射线衍射仪", "owner": "复旦大学"},
        {"name_zh": "扫描电镜", "owner": "复旦大学"},
    ]


def test_western_accents_are_not_taken_for_chinese(tmp_path):
    opened = open_file(
        put(tmp_path, "Type,Name,Institution Name\nequipment,Détecteur à café,Université\n".encode("cp1252"))
    )
    assert opened.encoding == "cp1252"
    assert [row.fields["name_en"] for row in opened.rows] == ["Détecteur à café"]


def test_header_may_stand_below_a_title(tmp_path):
    opened = open_file(put(tmp_path, "2024年仪器清单,,\n\n名称,规格型号,原值（万元）\n电镜,X1,12.5\n"), currency="CNY")
    row = next(iter(opened.rows))
    assert (row.line, dict(row.fields)) == (
        4,
        {"name_zh": "电镜", "model": "X1", "value_minor": 12_500_000, "currency": "CNY"},
    )


def test_line_numbers_count_lines_inside_cells(tmp_path):
    opened = open_file(put(tmp_path, 'name_en,description_en\nA,"one\ntwo"\nB,x\n'))
    assert [(row.line, row.fields["name_en"]) for row in opened.rows] == [(2, "A"), (4, "B")]


# What can't be read -----------------------------------------------------------------------------------------------
def _zipped(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name.replace("__", "/"), content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "import.empty"),
        (b"\xef\xbb\xbf\r\n", "import.empty"),
        (b"name_en,owner\n", "import.no_rows"),
        (b"alpha,beta\n1,2\n", "import.no_header"),
        (b"<!DOCTYPE html><html><table><tr><td>name_en</td></tr></table></html>", "import.is_web_page"),
        (b"\xef\xbb\xbf<table><tr><td>x", "import.is_web_page"),
        (b'{"instruments": [', "import.not_json"),
        (b'{"instruments": 5}', "import.no_instruments"),
        (b"[]", "import.no_rows"),
        (b"[" * 100_000, "import.not_json"),
        (b"\xd0\xcf\x11\xe0 old", "import.is_xls"),
        (b"%PDF-1.7", "import.is_pdf"),
        (b"\x1f\x8b\x08", "import.is_compressed"),
        (b"PK\x03\x04 cut", "import.xlsx_broken"),
        (_zipped(hello=b"x"), "import.not_xlsx"),
        (_zipped(xl__workbook_xml=b"", **{"xl/workbook.xml": b"<!DOCTYPE x [<!ENTITY a 'b'>]>"}), "import.not_xlsx"),
        (b"name_en,owner\nA,B\n".decode().encode("utf-16-le"), "import.encoding_unknown"),
        (codecs.BOM_UTF8 + b"name_en\n\xff\xfe\xfd", "import.encoding_broken"),
        (b"name_en,Name (English) \n", "import.no_rows"),
        (b"owner,owner,name_en\nA,B,C\n", "import.column_twice"),
    ],
)
def test_file_that_cannot_be_read_says_why(tmp_path, content, code):
    with pytest.raises(FileError) as caught:
        list(open_file(put(tmp_path, content)).rows)
    assert caught.value.reason.code == code


def test_truncated_workbook_says_so(tmp_path):
    whole = sheet(tmp_path, ["name_en"], *(["x" * 500 + str(number)] for number in range(300))).read_bytes()
    with pytest.raises(FileError) as caught:
        list(open_file(put(tmp_path, whole[: len(whole) // 2], "cut.xlsx")).rows)
    assert caught.value.reason.code == "import.xlsx_broken"


def test_workbook_that_unpacks_to_too_much_is_refused_unread(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MOST_UNPACKED", 1_000_000)
    bomb = _zipped(**{"xl/workbook.xml": b"x", "xl/worksheets/sheet1.xml": b"0" * 2_000_000})
    assert len(bomb) < 10_000
    with pytest.raises(FileError) as caught:
        open_file(put(tmp_path, bomb))
    assert (caught.value.reason.code, dict(caught.value.reason.facts)) == ("import.xlsx_too_large", {"most": 0})


def test_cell_of_100_000_characters_is_read_whole(tmp_path):
    opened = open_file(put(tmp_path, f"name_en,description_en\nA,{'x' * 200_000}\n"))
    assert [len(row.fields["description_en"]) for row in opened.rows] == [200_000]


def test_cell_that_never_ends_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "LARGEST_CELL", 1000)
    with pytest.raises(FileError) as caught:
        list(open_file(put(tmp_path, 'name_en\nA\n"' + "x\n" * 2000)).rows)
    assert (caught.value.reason.code, dict(caught.value.reason.facts)) == ("import.csv_broken", {"line": 3})
    csv.field_size_limit(files.LARGEST_CELL)


def test_open_quote_is_told_and_not_taken(tmp_path):
    rows = list(open_file(put(tmp_path, 'name_en,model\nA,1\nB,"2\nC,3\n')).rows)
    assert [(row.line, [reason.code for reason in row.problems]) for row in rows] == [
        (2, []),
        (3, ["import.quote_open"]),
    ]


def test_ragged_rows_are_told(tmp_path):
    rows = list(open_file(put(tmp_path, "name_en,model\nA,1\nB\nC,3,4\nD,4,,\n,\n")).rows)
    assert [(row.line, [dict(reason.facts) for reason in row.problems]) for row in rows] == [
        (2, []),
        (3, [{"have": 1, "want": 2}]),
        (4, [{"have": 3, "want": 2}]),
        (5, []),
    ]


# XLSX -------------------------------------------------------------------------------------------------------------
def test_workbook_gives_dates_numbers_and_texts(tmp_path):
    path = sheet(
        tmp_path,
        ["仪器名称", "仪器编号", "原值(万元)", "启用日期"],
        ["甲", 1001, 12.5, datetime(2024, 5, 31)],  # noqa: DTZ001 — a sheet knows no zone
        ["乙", 1002.0, "12,000", 45443],
        ["丙", "007", None, "2024年5月31日"],
    )
    opened = open_file(path, currency="CNY")
    read = [
        (row.line, row.fields["local_id"], row.fields["value_minor"], row.fields["commissioned"]) for row in opened.rows
    ]
    day = date(2024, 5, 31)
    assert read == [(2, "1001", 12_500_000, day), (3, "1002", 12_000_000_000, day), (4, "007", None, day)]


def test_workbook_year_is_no_day(tmp_path):
    rows = list(open_file(sheet(tmp_path, ["name_en", "commissioned"], ["A", 2024])).rows)
    assert [[reason.code for reason in row.problems] for row in rows] == [["instrument.date_unreadable"]]


def test_workbook_formula_without_value_is_told(tmp_path):
    rows = list(open_file(sheet(tmp_path, ["name_en", "model"], ["A", "=1+1"], ["B", "M"])).rows)
    assert [[(reason.code, dict(reason.facts)) for reason in row.problems] for row in rows] == [
        [("import.formula", {"field": "model", "value": "=1+1"})],
        [],
    ]


def test_workbook_formula_with_value_gives_the_value(tmp_path):
    path = sheet(tmp_path, ["name_en", "model"], ["A", "=1+1"])
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    name = "xl/worksheets/sheet1.xml"
    assert b"<v></v>" in parts[name] or b"<v />" in parts[name] or b"<v/>" in parts[name]
    for empty in (b"<v></v>", b"<v />", b"<v/>"):
        parts[name] = parts[name].replace(empty, b"<v>2</v>")
    with zipfile.ZipFile(path, "w") as package:
        for part, content in parts.items():
            package.writestr(part, content)
    rows = list(open_file(path).rows)
    assert [(row.problems, row.fields["model"]) for row in rows] == [((), "2")]


# UNIQUIP and PIDINST ----------------------------------------------------------------------------------------------
def test_uniquip_of_the_first_generation_is_read(tmp_path):
    opened = open_file(SAMPLES / "uniquip-2013.csv")
    assert opened.file_format == "uniquip"
    first, second, third = opened.rows
    assert dict(first.fields) == {
        "local_id": "E-17",
        "name_en": "X-ray diffractometer",
        "description_en": "Powder samples, 5 to 90 degrees",
        "contact_name": "A. Smith",
        "contact_phone": "+44 20 0000 0000",
        "contact_email": "a.smith@example.ac.uk",
        "landing_page": "https://example.ac.uk/e17",
        "location_en": "https://en.wikipedia.org/wiki/Southampton",
    }
    assert dict(first.part) == {
        "relatedFacilityID": "F0001",
        "technique": "XRD",
        "photo": "https://example.ac.uk/e17.jpg",
        "department": "Chemistry",
        "building": "29",
        "serviceLevel": "Trained users",
        "Colour": "blue",
    }
    assert [reason.code for reason in second.problems] == ["import.not_an_instrument"]
    assert third.fields["name_zh"] == "扫描电镜"


def test_pidinst_in_three_spellings_reads_alike():
    spellings = json.loads((SAMPLES / "pidinst-spellings.json").read_text())
    read = [pidinst.parse(one) for one in spellings]
    assert [one.problems for one in read] == [(), (), ()]
    wanted = {
        "pid": "21.T11998/0000-001A-3905-F",
        "pid_type": "Handle",
        "landing_page": "https://example.org/i/1",
        "name_en": "MicroCAT",
        "owner": "013q1eq08",
        "manufacturer_en": "Sea-Bird Scientific",
        "manufacturer_id": "https://example.org/maker",
        "model": "SBE 37-IM",
        "model_id": "https://example.org/model",
        "description_en": "A recorder",
        "measured_en": ("temperature", "salinity"),
        "commissioned": date(2021, 1, 1),
        "decommissioned": date(2022, 9, 9),
        "serial_number": "2490",
        "local_id": "INV-1",
    }
    for one in read:
        fields = dict(one.fields)
        related = fields.pop("related_ids")
        assert fields == wanted
        assert related == (
            {"relatedIdentifier": "10.5281/zenodo.1", "relatedIdentifierType": "DOI", "relationType": "IsDescribedBy"},
        )


@pytest.mark.parametrize(
    ("item", "field"),
    [
        ({"name": 5, "owners": "x", "schemaVersion": "9"}, "schemaVersion"),
        ({"name": ["x"]}, "name"),
        ({"name": "x", "owners": [5]}, "owners"),
        ({"name": "x", "headwater": []}, "headwater"),
        ({"name": "x", "headwater": {"value_minor": 1.5}}, "headwater.value_minor"),
        ({"name": "x", "headwater": {"value_minor": True}}, "headwater.value_minor"),
        ({"name": "x", "headwater": {"techniques": "xrd"}}, "headwater.techniques"),
        ({"name": "x", "headwater": {"synthetic": "yes"}}, "headwater.synthetic"),
        ({"name": "x", "headwater": {"related_ids": ["x"]}}, "headwater.related_ids"),
    ],
)
def test_pidinst_of_the_wrong_shape_is_told(item, field):
    assert [(reason.code, reason.facts["field"]) for reason in pidinst.parse(item).problems] == [
        ("import.shape_wrong", field)
    ]


def test_every_field_has_a_column_and_every_column_an_own_name():
    fields = {name for name in own.EMPTY.__slots__ if name != "value_minor"}
    assert fields | {"public_id", "synthetic", "owner_name", "city_name", "value"} == set(own.COLUMNS)
    words = [own.plain_header(word) for column in own.ALIASES for word in (column, *own.ALIASES[column])]
    assert sorted({word for word in words if words.count(word) > 1}) == []


def test_uniquip_extension_columns_cover_all_of_ours():
    assert sorted(uniquip.EXTENSIONS.values()) == sorted(
        f"headwater:{name}" for name in own.COLUMNS if name not in own.UNREAD
    )
