"""``headwater allocate`` from a file to a plan."""

from __future__ import annotations

import json
from copy import deepcopy
from importlib import resources

import jsonschema
import pytest
from click.testing import CliRunner

from headwater.site.commands.allocate import command
from headwater.site.roundfile import LINE_KEYS, PROPOSAL_KEYS, ROUND_KEYS, SHARE_KEYS

ROUND = {
    "title": "Spring",
    "first_day": "2026-03-02",
    "days": 20,
    "beamlines": [{"id": "B1", "no_beam": [7, [14, 16]], "reserve": 0.05}, {"id": "B2", "beam": [[0, 10]]}],
    "proposals": [
        {"id": "A1", "weight": 90, "requested": 18, "minimum": 12, "beamlines": ["B1", "B2"], "tags": ["industry"]},
        {"id": "A2", "weight": 80, "requested": 20, "beamlines": ["B1"], "blackouts": [["2026-03-02", "2026-03-05"]]},
        {"id": "A3", "weight": 10, "requested": 11, "beamlines": ["B2"], "must": True},
        {"id": "A4", "weight": 60, "requested": 20, "minimum": 17, "beamlines": ["B2", "B1"]},
        {"id": "A5", "weight": 40, "requested": 12, "beamlines": ["B1"], "tags": ["industry"]},
    ],
    "shares": [{"id": "industry", "tag": "industry", "max_share": 0.3}],
}


def schema(name):
    return json.loads((resources.files("headwater") / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))


def changed(*path, to):
    """The round with one value changed; a path's last step may be a new key."""
    asked = deepcopy(ROUND)
    *way, last = path
    at = asked
    for step in way:
        at = at[step]
    at[last] = to
    return asked


@pytest.fixture
def call(tmp_path):
    def inner(asked=ROUND, *options):
        file = tmp_path / "round.json"
        file.write_text(asked if isinstance(asked, str) else json.dumps(asked), encoding="utf-8")
        return CliRunner().invoke(command, [str(file), *options])

    return inner


def test_plan_is_written_as_its_schema_says_and_the_summary_printed(call, tmp_path):
    out = tmp_path / "plan.json"
    result = call(ROUND, "--out", str(out))
    assert (result.exit_code, result.stderr) == (0, "")
    plan = json.loads(out.read_text(encoding="utf-8"))
    jsonschema.validate(ROUND, schema("allocation-round"))
    jsonschema.validate(plan, schema("allocation-plan"))
    assert result.stdout.startswith("Spring\n5 proposals ask 81 shifts on 2 beamlines: ")
    assert "proved best" in result.stdout
    assert (plan["status"], plan["gap"], plan["bound"]) == ("best", 0, plan["merit"])
    award = plan["awards"][0]
    assert {"first_date", "last_date"} <= set(award)
    assert [answer["proposal"] for answer in plan["answers"]] == ["A1", "A2", "A3", "A4", "A5"]
    got = {award["proposal"] for award in plan["awards"]}
    assert "A3" in got
    assert plan["standby"] == [name for name in ("A1", "A2", "A4", "A5") if name not in got]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_json_goes_to_standard_output_alone(call):
    result = call(ROUND, "--json", "--verbose")
    assert json.loads(result.stdout)["made"]["seed"] == 0
    assert "bound" in result.stderr


def test_known_keys_are_those_of_the_schema():
    round_schema = schema("allocation-round")["properties"]
    assert set(round_schema) == set(ROUND_KEYS)
    assert set(round_schema["beamlines"]["items"]["properties"]) == set(LINE_KEYS)
    assert set(round_schema["proposals"]["items"]["properties"]) == set(PROPOSAL_KEYS)
    assert set(round_schema["shares"]["items"]["properties"]) == set(SHARE_KEYS)


def test_previous_plan_changes_little_after_a_failure(call, tmp_path):
    out, again = tmp_path / "plan.json", tmp_path / "again.json"
    assert call(ROUND, "--out", str(out)).exit_code == 0
    before = {award["proposal"]: award for award in json.loads(out.read_text())["awards"]}
    lost = changed("beamlines", 1, "beam", to=[[0, 2], [6, 10]])
    result = call(lost, "--previous", str(out), "--out", str(again), "--change-cost", "50")
    assert result.exit_code == 0, result.output
    plan = json.loads(again.read_text())
    assert sum(plan["changes"].values()) == len(before) + plan["changes"]["new"]
    assert "Against the previous plan: " in result.stdout
    same = call(ROUND, "--previous", str(out), "--json")
    kept = {award["proposal"]: award for award in json.loads(same.stdout)["awards"]}
    assert kept == before
    frozen = call(lost, "--previous", str(out), "--open-from", "20")
    assert frozen.exit_code == 2
    assert "past the round's last day, 19" in frozen.output


def test_clash_names_an_irreducible_set_and_exits_with_one(call, tmp_path):
    asked = deepcopy(ROUND)
    asked["proposals"] += [
        {"id": f"M{k}", "weight": 1, "requested": 20, "beamlines": ["B2"], "must": True} for k in (1, 2)
    ]
    result = call(asked, "--out", str(tmp_path / "no.json"))
    assert result.exit_code == 1
    assert "These clash: " in result.stderr
    assert result.stderr.count("must be granted") == 2
    assert not (tmp_path / "no.json").exists()


WRONG = [
    ("[1, 2]", "the round must be a JSON object, got [1, 2]."),
    ('{"days": 1,', "line 1, column 12: not JSON"),
    ('{"days": 1, "days": 2}', 'the key "days" stands twice'),
    ('{"days": NaN}', "NaN is not a number that JSON knows"),
    ('{"days": 5}', 'the round lacks "beamlines".'),
    (changed("days", to="twenty"), 'days must be a whole number from 1 to 4000, got "twenty".'),
    (changed("days", to=True), "days must be a whole number from 1 to 4000, got true."),
    (changed("first_day", to="2.3.2026"), 'first_day must be a date such as 2026-03-01, got "2.3.2026".'),
    (changed("beamlines", to={}), "beamlines must be a list, got {}."),
    (changed("beamlines", to=[]), "beamlines is empty; a round needs at least one."),
    (changed("beamlines", 0, "no_beam", to=[20]), "must be within the round's days, 0 to 19, got 20."),
    (changed("beamlines", 0, "reserve", to=5), 'beamlines[0] ("B1").reserve must be a number from 0 to 1, got 5.'),
    (changed("beamlines", 1, "id", to="B1"), 'the id "B1" is used twice'),
    (changed("beamlines", 1, "shift", to=3), 'has an unknown key "shift"; known are id,'),
    (
        changed("proposals", 0, "requested", to=-6),
        'proposals[0] ("A1").requested must be a whole number from 1 to 100000, got -6.',
    ),
    (changed("proposals", 0, "requested", to="six"), 'got "six".'),
    (changed("proposals", 0, "weight", to=None), "weight must be a number from 0 to 1e+06, got null."),
    (changed("proposals", 0, "beamlines", to=["B1", "B9"]), 'proposal "A1": beamline "B9" is not in the round.'),
    (changed("proposals", 0, "beamlines", to="B1"), 'beamlines must be a list, got "B1".'),
    (changed("proposals", 0, "minimum", to=19), "minimum must be from 1 to requested (18), got 19."),
    (changed("proposals", 1, "blackouts", to=[[5, 5]]), "must be a span that ends after it starts, got [5, 5]."),
    (changed("proposals", 1, "blackouts", to=[["soon", 5]]), 'must be a date such as 2026-03-01, got "soon".'),
    (changed("proposals", 0, "pin", to={"beamline": "B9"}), 'pinned to "B9", which it does not accept.'),
    (changed("shares", 0, "max_share", to=30), "max_share must be a number from 0 to 1, got 30."),
    (changed("shares", 0, "tag", to=7), "tag must be a text that is not empty, got 7."),
]


@pytest.mark.parametrize(("asked", "sentence"), WRONG)
def test_wrong_round_is_told_in_one_sentence(call, asked, sentence):
    result = call(asked)
    assert result.exit_code == 2, result.output
    assert sentence in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert "Traceback" not in result.output


def test_wrong_files_are_told(call, tmp_path):
    missing = CliRunner().invoke(command, [str(tmp_path / "none.json")])
    assert (missing.exit_code, "there is no such file" in missing.stderr) == (2, True)
    folder = CliRunner().invoke(command, [str(tmp_path)])
    assert "is a folder" in folder.stderr
    (tmp_path / "latin.json").write_bytes('{"title": "Frühling"}'.encode("latin-1"))
    assert "is not UTF-8" in CliRunner().invoke(command, [str(tmp_path / "latin.json")]).stderr
    (tmp_path / "old.json").write_text('{"awards": [{"proposal": "A1"}]}')
    assert 'awards[0] lacks "beamline"' in call(ROUND, "--previous", str(tmp_path / "old.json")).stderr
    (tmp_path / "old.json").write_text("{}")
    assert "not a plan" in call(ROUND, "--previous", str(tmp_path / "old.json")).stderr
    assert "belong to --previous" in call(ROUND, "--change-cost", "5").stderr
    assert "cannot be written" in call(ROUND, "--out", str(tmp_path / "no" / "plan.json")).stderr
