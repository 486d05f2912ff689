"""`headwater import instruments` and `headwater export instruments`, as somebody types them."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from tests.registry.exchange_records import make_small

from headwater.registry.models import Instrument
from headwater.site.commands.export import command as export_command
from headwater.site.commands.import_ import command as import_command

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(monkeypatch, tmp_path):
    monkeypatch.setattr("headwater.site.cli.with_django", lambda: None)  # the test has made Django ready
    make_small()

    def go(command, *words):
        return CliRunner().invoke(command, ["instruments", *map(str, words)])

    return go


def put(folder, text):
    path = folder / "list.csv"
    path.write_text(text)
    return path


def test_import_ends_0_when_all_rows_went_in(run, tmp_path):
    result = run(import_command, put(tmp_path, "name_en,local_id\nA,1\n"), "--owner", "Fudan University")
    assert (result.exit_code, result.stdout.split()) == (
        0,
        ["headwater,", "utf-8;", "1", "rows", "created", "1", "updated", "0", "unchanged", "0", "rejected", "0"],
    )
    assert Instrument.objects.get().owner.code == "fudan"


def test_import_ends_3_and_says_where_the_rejected_rows_are(run, tmp_path):
    result = run(import_command, put(tmp_path, "name_en,owner\nA,Fudan University\nB,nobody\n"))
    assert (result.exit_code, result.stderr) == (
        3,
        f"The rejected rows, with their reasons, are in {tmp_path}/list-rejects.csv.\n",
    )
    assert Instrument.objects.count() == 1


def test_import_ends_2_with_one_sentence_when_the_file_cannot_be_read(run, tmp_path):
    path = put(tmp_path, "<html></html>")
    result = run(import_command, path)
    assert (result.exit_code, result.stderr) == (
        2,
        f"Error: {path}: The file is a web page, not a table. Open it in a spreadsheet and save it as CSV in UTF-8.\n",
    )


def test_import_names_an_unknown_owner(run, tmp_path):
    result = run(import_command, put(tmp_path, "name_en\nA\n"), "--owner", "nobody")
    assert result.exit_code == 2
    assert (
        "No organisation is known as 'nobody'. Give its public id, ROR id, credit code or exact name." in result.stderr
    )


def test_dry_run_writes_nothing(run, tmp_path):
    result = run(import_command, put(tmp_path, "name_en,owner\nA,Fudan University\n"), "--dry-run")
    assert (result.exit_code, Instrument.objects.count()) == (0, 0)
    assert "dry run: nothing was written" in result.stdout


def test_missing_instruments_are_told(run, tmp_path):
    run(import_command, put(tmp_path, "name_en,owner,local_id\nA,ustc,1\nB,ustc,2\n"))
    result = run(import_command, put(tmp_path, "name_en,owner,local_id\nA,ustc,1\n"))
    assert "1 instruments imported before are not in this file; they are left as they are." in result.stdout


@pytest.mark.parametrize("file_format", ["headwater", "uniquip", "uniquip-xlsx", "pidinst"])
def test_export_writes_a_file_that_imports(run, tmp_path, file_format):
    run(import_command, put(tmp_path, "name_en,owner,local_id\nA,fudan,1\nB,ustc,2\n"))
    out = tmp_path / "out"
    assert run(export_command, "--format", file_format, "--owner", "fudan", "--out", out).exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["list.csv", "out"]
    result = run(import_command, out)
    assert "unchanged         1" in result.stdout


def test_export_to_standard_output_of_one_city(run, tmp_path):
    run(
        import_command,
        put(tmp_path, "name_en,owner,local_id,visibility\nA,ustc,1,public\nB,ustc,2,organisation\nC,fudan,1,public\n"),
    )
    result = run(export_command, "--city", "合肥")
    assert (result.exit_code, result.exception, result.stderr) == (0, None, "")
    everything = result.stdout
    public = run(export_command, "--city", "hefei", "--public-only").stdout
    assert [len(text.splitlines()) for text in (everything, public)] == [3, 2]
    assert ["contact_email" in text for text in (everything, public)] == [True, False]
