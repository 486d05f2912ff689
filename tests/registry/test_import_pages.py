"""Files by page: upload, what would happen, done; the queue; who sees what; the list as a table."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from procrastinate.contrib.django.models import ProcrastinateJob
from tests.registry.exchange_records import Small, make_manager, make_small

from headwater.accounts.models import Grant, User
from headwater.registry.actions import imports
from headwater.registry.models import ImportRun, Instrument
from headwater.registry.tasks import run_import

pytestmark = pytest.mark.django_db
TABLE = "name_en,owner,local_id,techniques\nA,,1,xrd\nB,,2,tea\n"


@pytest.fixture
def small(settings, tmp_path) -> Small:
    settings.MEDIA_ROOT = tmp_path
    return make_small()


@pytest.fixture
def manager(small) -> User:
    return make_manager(small.fudan)


def upload(client, content: str = TABLE, organisation: str = "org_smlfudan"):
    file = SimpleUploadedFile("list.csv", content.encode())
    return client.post("/instruments/import/", {"organisation": organisation, "file": file})


def test_file_is_checked_then_taken_in(client, manager):
    client.force_login(manager)
    response = upload(client)
    run = ImportRun.objects.get()
    assert (response.status_code, response["Location"]) == (302, f"/instruments/import/{run.public_id}/")
    assert (run.state, run.created, run.rejected, Instrument.objects.count()) == ("checked", 1, 1, 0)
    page = client.get(response["Location"]).content.decode()
    assert "No technique is known as “tea”. Take one from the list of techniques." in page
    assert "Take it in" in page
    client.post(f"/instruments/import/{run.public_id}/take/")
    run.refresh_from_db()
    assert (run.state, run.created, run.rejected) == ("done", 1, 1)
    assert list(Instrument.objects.values_list("name_en", "owner__code")) == [("A", "fudan")]
    assert "The file is taken in." in client.get(response["Location"]).content.decode()


def test_checked_file_is_taken_in_once(client, manager):
    client.force_login(manager)
    upload(client)
    address = f"/instruments/import/{ImportRun.objects.get().public_id}/take/"
    assert [client.post(address).status_code, client.post(address).status_code] == [302, 409]


def test_rejected_rows_can_be_downloaded(client, manager):
    client.force_login(manager)
    upload(client)
    response = client.get(f"/instruments/import/{ImportRun.objects.get().public_id}/rejects")
    assert response["Content-Disposition"] == 'attachment; filename="list-rejects.csv"'
    assert (
        b"".join(response.streaming_content)
        .decode("utf-8-sig")
        .splitlines()[1]
        .startswith("3,instrument.technique_unknown,")
    )


def test_upload_is_kept_from_other_users_of_the_machine(client, manager):
    client.force_login(manager)
    upload(client)
    run = ImportRun.objects.get()
    modes = [stat.S_IMODE(Path(file.path).stat().st_mode) for file in (run.file, run.rejects)]
    assert modes == [0o600, 0o600]


def test_file_that_changed_since_it_was_checked_is_not_taken(client, manager):
    client.force_login(manager)
    upload(client)
    run = ImportRun.objects.get()
    Path(run.file.path).write_text(TABLE.replace("A,", "X,"))
    client.post(f"/instruments/import/{run.public_id}/take/")
    run.refresh_from_db()
    assert (run.state, run.failure["reasons"][0]["code"], Instrument.objects.count()) == (
        "failed",
        "import.file_changed",
        0,
    )


@pytest.mark.parametrize("part", ["", "rejects", "take/"])
def test_run_is_not_there_for_others(client, small, manager, part):
    client.force_login(manager)
    upload(client)
    address = f"/instruments/import/{ImportRun.objects.get().public_id}/{part}"
    client.force_login(make_manager(small.ustc, "other@example.org"))
    response = client.post(address) if part == "take/" else client.get(address)
    assert (response.status_code, Instrument.objects.count()) == (404, 0)


def test_operator_sees_every_run(client, small, manager):
    client.force_login(manager)
    upload(client)
    operator = User.objects.create(email="operator@example.org")
    Grant.objects.create(user=operator, role="operator")
    client.force_login(operator)
    assert client.get(f"/instruments/import/{ImportRun.objects.get().public_id}/").status_code == 200


def test_manager_cannot_upload_for_another_organisation(client, manager):
    client.force_login(manager)
    assert upload(client, organisation="org_smlustc").status_code == 422
    assert ImportRun.objects.count() == 0


def test_who_manages_nothing_is_told_so(client, small):
    client.force_login(User.objects.create(email="nobody@example.org"))
    response = client.get("/instruments/import/")
    assert response.status_code == 403
    assert "You manage the instruments of no organisation." in response.content.decode()


def test_unreadable_file_is_told_on_its_page(client, manager):
    client.force_login(manager)
    response = upload(client, "<html>no table</html>")
    page = client.get(response["Location"]).content.decode()
    assert "The file is a web page, not a table. Open it in a spreadsheet and save it as CSV in UTF-8." in page
    assert ImportRun.objects.get().state == "failed"


def test_empty_file_is_told_at_once(client, manager):
    client.force_login(manager)
    response = upload(client, "")
    assert (response.status_code, "The file is empty." in response.content.decode()) == (422, True)


def test_long_file_is_queued_and_done_by_the_worker(client, manager, monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.setattr(imports, "AT_ONCE", 1)
    client.force_login(manager)
    with django_capture_on_commit_callbacks(execute=True):
        response = upload(client)
    run = ImportRun.objects.get()
    job = ProcrastinateJob.objects.get()
    assert (run.state, job.task_name, job.args) == (
        "queued",
        "registry.run_import",
        {"public_id": run.public_id, "take": False},
    )
    page = client.get(response["Location"]).content.decode()
    assert 'hx-trigger="every 3s"' in page
    assert "Look again" in page
    run_import(**job.args)
    run.refresh_from_db()
    assert (run.state, run.created, Instrument.objects.count()) == ("checked", 1, 0)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"/instruments/import/{run.public_id}/take/")
    run_import(**ProcrastinateJob.objects.latest("id").args)
    run.refresh_from_db()
    assert (run.state, run.created, Instrument.objects.count()) == ("done", 1, 1)
    run_import(public_id=run.public_id, take=True)  # a job that is given out twice
    assert Instrument.objects.count() == 1


def test_list_is_downloaded_with_its_filters(client, manager):
    client.force_login(manager)
    upload(client, "name_en,owner,contact_email\nA,org_smlfudan,a@b.cn\n")
    client.post(f"/instruments/import/{ImportRun.objects.get().public_id}/take/")
    client.logout()

    def lines(query):
        response = client.get(f"/instruments/export.csv{query}")
        assert response["Content-Type"] == "text/csv; charset=utf-8"
        return b"".join(response.streaming_content).decode("utf-8-sig").splitlines()

    assert [len(lines("?city=shanghai")), len(lines("?city=hefei"))] == [2, 1]
    assert "a@b.cn" not in "".join(lines(""))


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_pages_are_there_in_both_languages(client, manager, language):
    client.force_login(manager)
    client.cookies["django_language"] = language
    upload(client)
    addresses = ["/instruments/import/", f"/instruments/import/{ImportRun.objects.get().public_id}/"]
    assert [client.get(address).status_code for address in addresses] == [200, 200]
