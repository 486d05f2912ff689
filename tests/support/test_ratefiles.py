"""Rates by file: taken in, written out, rejected with line and reason, and nothing changed the second time."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from django.core.files.uploadedfile import SimpleUploadedFile
from tests.factories import make_instrument
from tests.support.records import World, make_rates, make_world

from headwater.accounts.audit import SYSTEM, Actor
from headwater.registry.formats.files import FileError
from headwater.site.commands.rates import command
from headwater.support.actions.rates import import_rates
from headwater.support.models import RateTable
from headwater.support.queries import rate_rows
from headwater.support.ratefiles import COLUMNS, as_csv, as_xlsx, read_file

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
DAY = NOW.date()
HEAD = (
    "instrument,valid_from,currency,per,service,for,price,peak,minimum,peak_days,peak_from,peak_to,late_within_hours,"
    "late_share"
)


@pytest.fixture
def world() -> World:
    return make_world()


def written(tmp_path, *rows: str, head: str = HEAD, name: str = "rates.csv"):
    path = tmp_path / name
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def taken(path, world, **more):
    party = world.party(world.manager)
    return import_rates(path, world.lab, party, by=Actor(world.manager, "page"), at=NOW, **more)


def test_file_of_rates_goes_in_once_and_changes_nothing_the_second_time(tmp_path, world):
    other = make_instrument(owner=world.lab)
    path = written(
        tmp_path,
        "",
        ",2026-04-01,CNY,hour,,company,600,720,100,1 2 3 4 5,09:00,17:00,24,50 %",
        ",2026-04-01,,sample,,,80,,,,,,,",
        f"{other.public_id},2026-04-01,CNY,shift,,,2000,,,,,,,",
    )
    done = taken(path, world)
    assert (done.published, done.unchanged, done.rejected) == (2, 0, ())
    table = RateTable.objects.get(owner=world.lab, instrument=None, valid_from="2026-04-01")
    assert [(one["per"], one["price"]) for one in table.rates["lines"]] == [("hour", "600.00"), ("sample", "80.00")]
    assert table.rates["late_cancel"] == {"within_hours": 24, "share": "0.5"}
    count = RateTable.objects.count()
    again = taken(path, world)
    assert (again.published, again.unchanged, RateTable.objects.count()) == (0, 2, count)


@pytest.mark.parametrize("write", [as_csv, as_xlsx])
def test_what_is_written_out_is_read_again_as_the_same(tmp_path, world, write):
    make_rates(
        world.lab,
        {
            "currency": "CNY",
            "lines": [
                {"per": "hour", "for": "company", "price": "600", "peak": "720"},
                {"per": "service", "service": "=analysis", "price": "300.50"},
            ],
            "minimum": "100",
            "peak": {"days": [1, 5], "from": "22:00", "to": "24:00"},
            "late_cancel": {"within_hours": 24, "share": "0.5"},
            "no_show": "1",
        },
        instrument=world.instrument,
    )
    path = tmp_path / "rates.table"
    path.write_bytes(write(rate_rows(world.lab, DAY)))
    drafts = {one.instrument: one for one in read_file(path).drafts}
    assert {one.faults for one in drafts.values()} == {()}
    for table in RateTable.objects.filter(owner=world.lab):
        assert drafts[table.instrument.public_id if table.instrument else ""].rates == table.rates
    done = taken(path, world)
    assert (done.published, done.unchanged) == (0, 2)


def test_only_rates_in_force_or_to_come_are_written_unless_all_are_asked_for(world):
    new = make_rates(world.lab, {"currency": "CNY", "lines": [{"per": "hour", "price": "7"}]})
    make_rates(
        world.lab,
        {"currency": "CNY", "lines": [{"per": "hour", "price": "9"}]},
        valid_from=DAY + timedelta(days=40),
    )
    price = COLUMNS.index("price")
    assert [row[price] for row in rate_rows(world.lab, DAY)] == ["7.00", "9.00"]
    assert new.number == 2
    assert len(rate_rows(world.lab, None)) == 5


FAULTY = [
    (",2026-04-01,CNY,hour,,company,abc,,,,,,,", "2.price"),
    (",2026-04-01,CNY,moon,,company,600,,,,,,,", "2.per"),
    (",01.13.2026,CNY,hour,,company,600,,,,,,,", "valid_from"),
    (",,CNY,hour,,company,600,,,,,,,", "valid_from"),
    (",2026-04-01,,hour,,company,600,,,,,,,", "currency"),
    (",2026-04-01,CNY,hour,,company,600,700,,,,,,", "peak"),
    ("ins_nobody,2026-04-01,CNY,hour,,company,600,,,,,,,", "ins_nobody"),
    (",2026-01-01,CNY,hour,,company,600,,,,,,,", "2026-01-01"),
]


@pytest.mark.parametrize(("row", "told"), FAULTY)
def test_table_that_does_not_fit_comes_back_with_line_and_reason_and_the_others_go_in(tmp_path, world, row, told):
    sound = f"{world.instrument.public_id},2026-05-01,CNY,hour,,,900,,,,,,,"
    done = taken(written(tmp_path, row, sound), world)
    assert done.published == 1
    (rejected,) = done.rejected
    assert rejected.line == 2
    assert told in " ".join(rejected.sentences)
    back = list(csv.reader(io.StringIO(done.rejects().decode("utf-8-sig"))))
    assert back[0][:3] == ["headwater:line", "headwater:codes", "headwater:reasons"]
    assert back[1][0] == "2"
    assert back[1][3:] == row.split(",")


def test_rejects_are_mended_and_taken_in_again_as_they_are(tmp_path, world):
    done = taken(written(tmp_path, FAULTY[0][0]), world)
    path = tmp_path / "again.csv"
    path.write_bytes(done.rejects().replace(b",abc,", b",600,"))
    assert taken(path, world).published == 1


def test_two_values_for_one_table_are_a_fault(tmp_path, world):
    path = written(tmp_path, ",2026-04-01,CNY,hour,,,600,,100,,,,,", ",2026-04-01,CNY,sample,,,6,,200,,,,,")
    (rejected,) = taken(path, world).rejected
    assert rejected.codes == ("rates.file_two_values",)
    assert len(rejected.draft.rows) == 2


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "import.empty"),
        (b"per,price\n", "rates.file_columns"),
        (b"per,price,valid_from,currency,colour\nhour,6,2026-04-01,CNY,red\n", "rates.file_columns"),
        (b"per,price,valid_from,currency\n", "file.no_rows"),
        (b"%PDF-1.7 hello", "import.is_pdf"),
        (b"PK\x03\x04broken", "import.xlsx_broken"),
    ],
)
def test_file_that_is_none_is_refused_whole(tmp_path, world, content, code):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(FileError) as refused:
        taken(path, world)
    assert refused.value.reason.code == code


def test_dry_run_says_the_same_and_writes_nothing(tmp_path, world):
    path = written(tmp_path, ",2026-04-01,CNY,hour,,company,600,,,,,,,", FAULTY[1][0].replace("04-01", "06-01"))
    count = RateTable.objects.count()
    done = taken(path, world, dry_run=True)
    assert (done.published, len(done.rejected), RateTable.objects.count()) == (1, 1, count)


def test_stranger_s_file_changes_nothing(tmp_path, world):
    path = written(tmp_path, ",2026-04-01,CNY,hour,,company,600,,,,,,,")
    done = import_rates(path, world.lab, world.party(world.engineer), by=SYSTEM, at=NOW)
    assert [one.codes for one in done.rejected] == [("organisation.not_yours",)]


def test_owner_takes_a_file_in_by_page_and_saves_what_did_not_fit(client, world):
    client.force_login(world.manager)
    day = (datetime.now(UTC) + timedelta(days=3)).date()
    text = f"valid_from,currency,per,for,price\n{day},CNY,hour,company,600\n{day},CNY,moon,,6\n"
    path = f"/support/rates/{world.lab.public_id}/import/"

    def send(content: str, **more):
        return client.post(path, {"file": SimpleUploadedFile("rates.csv", content.encode()), **more})

    count = RateTable.objects.count()
    refused = send(text)
    assert refused.status_code == 422
    assert "Save the rejected rows" in refused.content.decode()
    saved = client.post(path, {"rejects": refused.context["rejects"]})
    assert "moon" in saved.content.decode("utf-8-sig")
    sound = text.replace(f"{day},CNY,moon,,6\n", "")
    assert "Nothing was written" in send(sound, check_only="on").content.decode()
    assert RateTable.objects.count() == count
    assert send(sound).status_code == 200
    assert RateTable.objects.count() == count + 1
    assert send("not a table of rates at all").status_code == 422
    for kind in ("csv", "xlsx"):
        assert client.get(f"/support/rates/{world.lab.public_id}.{kind}").status_code == 200
    client.force_login(world.engineer)
    assert client.get(path).status_code == 403
    assert client.get(f"/support/rates/{world.lab.public_id}.csv").status_code == 403


def test_command_takes_in_and_writes_out(tmp_path, world):
    day = (datetime.now(UTC) + timedelta(days=3)).date()
    path = tmp_path / "rates.csv"
    path.write_text(f"valid_from,currency,per,for,price\n{day},CNY,hour,company,600\n{day},CNY,sample,,x\n")
    run, owner = CliRunner(), ["--owner", world.lab.public_id]
    refused = run.invoke(command, ["import", str(path), *owner])
    assert refused.exit_code == 3, refused.output
    assert "headwater:reasons" in (tmp_path / "rates.rejects.csv").read_text(encoding="utf-8-sig")
    path.write_text(path.read_text().replace(",x\n", ",80\n"))
    assert "1 tables would be published" in run.invoke(command, ["import", str(path), *owner, "--dry-run"]).output
    assert run.invoke(command, ["import", str(path), *owner]).exit_code == 0
    for name in ("out.csv", "out.xlsx"):
        out = tmp_path / name
        assert run.invoke(command, ["export", str(out), *owner]).exit_code == 0
        told = run.invoke(command, ["import", str(out), *owner])
        assert (told.exit_code, "0 tables published" in told.output) == (0, True), told.output
    assert run.invoke(command, ["import", str(path), "--owner", "org_nobody"]).exit_code == 2
    assert run.invoke(command, ["import", str(tmp_path / "out.xlsx"), "--owner", "org_nobody"]).exit_code == 2
