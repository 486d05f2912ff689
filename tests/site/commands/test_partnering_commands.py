"""`headwater match` and `headwater import profiles`, as somebody types them."""

from __future__ import annotations

import csv
import json

import pytest
from click.testing import CliRunner
from tests.factories import make_organisation, make_region, make_technique
from tests.partnering.makers import make_challenge, make_company, make_lab

from headwater.partnering import indexing
from headwater.partnering.models import Profile
from headwater.site.commands.import_ import command as import_command
from headwater.site.commands.match import command as match_command

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(monkeypatch):
    for module in ("headwater.site.cli", "headwater.site.commands.match"):
        monkeypatch.setattr(f"{module}.with_django", lambda: None)  # the test has made Django ready
    indexing.forget()
    make_region()
    return lambda command, *words: CliRunner().invoke(command, [*map(str, words)])


@pytest.fixture
def challenge():
    technique = make_technique(name_en="laser welding")
    company, owner = make_company()
    profile, _user = make_lab(technique)
    other, _user = make_lab(make_technique())
    return make_challenge(company, owner, technique), profile, other


def test_match_lists_groups_and_says_why_one_is_not_there(run, challenge):
    made, profile, other = challenge
    listed = run(match_command, made.public_id, "--count", 1)
    assert (listed.exit_code, listed.output.split()[2]) == (0, profile.public_id)
    told = json.loads(run(match_command, made.public_id, "--json").output)
    assert told[0]["id"] == profile.public_id
    why = run(match_command, made.public_id, "--why", other.public_id, "--count", 1)
    assert "does not name the capability asked for: laser welding" in why.output
    chinese = run(match_command, made.public_id, "--why", other.public_id, "--count", 1, "--language", "zh-hans")
    assert "档案中没有所需的能力" in chinese.output


def test_match_seeks_a_team(run, challenge):
    made, profile, _other = challenge
    team = json.loads(run(match_command, made.public_id, "--team", "--json").output)
    assert [one["profile"] for one in team["members"]] == [None, profile.public_id]


def test_match_ends_2_where_there_is_no_challenge(run):
    result = run(match_command, "chl_none")
    assert result.exit_code == 2
    assert "no such challenge" in result.output


def test_import_profiles_ends_3_and_writes_the_rejects(run, tmp_path):
    make_organisation(name_en="Own Org")
    path = tmp_path / "groups.csv"
    path.write_text("organisation,name_en,load\nOwn Org,Sound,0.1\nNo Org,Unsound,7\n", encoding="utf-8")
    result = run(import_command, "profiles", path)
    assert result.exit_code == 3
    assert "2 records: 1 new, 0 changed, 1 rejected." in result.output
    with (tmp_path / "groups-rejects.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["codes"] == "profile.organisation_unknown;profile.load_wrong"
    assert Profile.objects.get().name_en == "Sound"


def test_import_profiles_ends_2_when_the_file_is_none(run, tmp_path):
    path = tmp_path / "x.json"
    path.write_text("{", encoding="utf-8")
    result = run(import_command, "profiles", path)
    assert (result.exit_code, result.stderr) == (2, "The file is not JSON: it breaks in line 1, column 2.\n")
