"""``headwater team`` from files to an answer."""

from __future__ import annotations

import json
from importlib import resources

import pytest
from click.testing import CliRunner

from headwater.site.commands.team import COLUMNS, MORE_COLUMNS, WEIGHTS, command

CSV = """id,name,kind,jurisdiction,city,lat,lon,cost,capabilities,ties,load
f1,Firm One,company,Shanghai,Shanghai,31.222,121.458,20,,u1,
f2,Firm Two,company,Anhui,Hefei,31.864,117.281,10.50,welding:2,,
u1,University,university,Jiangsu,Nanjing,32.062,118.778,30,Cryo-EM:3; welding:4,f1,0.5
u2,Institute,institute,Zhejiang,Hangzhou,30.294,120.162,12,cryo-em:3,,
u3,Other,institute,Zhejiang,Hangzhou,,,5,cryo-em:1;x,,
"""
CHALLENGE = {
    "title": "Weld under the microscope",
    "capabilities": [{"name": "cryo-EM", "level": 3}, {"name": "welding", "level": 2}],
    "limits": {"lead_kinds": ["company"], "min_jurisdictions": 2, "max_travel_minutes": 300},
}


@pytest.fixture
def call(tmp_path):
    def inner(challenge=CHALLENGE, candidates=CSV, *options, travel=None):
        one, other = tmp_path / "challenge.json", tmp_path / "candidates.csv"
        one.write_text(challenge if isinstance(challenge, str) else json.dumps(challenge), encoding="utf-8")
        other.write_text(candidates, encoding="utf-8")
        if travel is not None:
            (tmp_path / "travel.csv").write_text(travel, encoding="utf-8")
            options = (*options, "--travel", str(tmp_path / "travel.csv"))
        return CliRunner().invoke(command, [str(one), str(other), *options])

    return inner


def answer(result):
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_team_finds_the_least_total_and_says_how(call):
    got = answer(call(CHALLENGE, CSV, "--json"))
    best = got["best"]
    assert (got["candidates"], got["able_for_something"], got["optimal"]) == (5, 3, True)
    assert (best["lead"], [m["id"] for m in best["members"]], best["cost"]) == ("f2", ["f2", "u2"], 22.5)
    # cost, two members, minutes from Hangzhou to Hefei at 100 km/h
    assert best["total"] == 22.5 + 10 + 19.5
    assert best["held_by"] == {"cryo-EM": ["u2"], "welding": ["f2"]}
    assert best["jurisdictions"] == ["Anhui", "Zhejiang"]
    assert [c["condition"] for c in got["conditions"]] == [
        "lead must be company",
        "at least 2 jurisdictions",
        "within 300 min of the lead",
    ]
    first = got["alternatives"][0]
    assert first["total_more"] == round(first["total"] - best["total"], 3) > 0
    assert set(first["without"]) <= {"f2", "u2"}


def test_travel_file_replaces_the_great_circle_and_runs_both_ways(call):
    travel = (
        "from,to,minutes\nHefei,Hangzhou,100\nShanghai,Hefei,9\nNanjing,Hefei,60\nHefei,Nanjing,50\nelsewhere,Hefei,3\n"
    )
    best = answer(call(CHALLENGE, CSV, "--json", travel=travel))["best"]
    assert (best["total"], best["longest_travel_minutes"]) == (42.5, 100)


def test_text_explains_the_team_its_alternatives_and_conditions(call):
    text = call().stdout
    assert text.startswith("Weld under the microscope\n5 candidates, 3 able to do something that is asked.\n")
    assert "Best team: total 52 (proved least), cost 22.5" in text
    assert "lead    f2 Firm Two (company, Hefei, Anhui), cost 10.5: welding" in text
    assert "Alternative 1: total" in text
    assert "What each condition adds to the total:" in text


def test_no_team_names_conditions_that_clash(call):
    tight = {**CHALLENGE, "limits": {"lead_kinds": ["company"], "max_cost": 20}}
    got = answer(call(tight, CSV, "--json"))
    assert got["best"] is None
    assert got["clash"] == ["must have cryo-EM at level 3", "lead must be company", "at most 20 of cost"]
    assert [c["total_without"] is not None for c in got["conditions"]] == [True, False, True]
    text = call(tight).stdout
    assert "No team keeps every condition." in text
    assert "still no team, other conditions clash too" in text


def test_nice_to_have_is_left_out_when_it_is_not_worth_its_price(call):
    nice = {"capabilities": [{"name": "welding", "level": 2}, {"name": "cryo-em", "need": "nice", "worth": 3}]}
    best = answer(call(nice, CSV, "--json"))["best"]
    assert ([m["id"] for m in best["members"]], best["missing_nice"], best["total"]) == (["f2"], ["cryo-em"], 18.5)


def test_pins_bans_and_conflicts_are_kept(call):
    pinned = {**CHALLENGE, "pin": ["u1"], "ban": ["f2"], "conflicts": [["u1", "u2"]]}
    best = answer(call(pinned, CSV, "--json"))["best"]
    assert [m["id"] for m in best["members"]] == ["f1", "u1"]
    assert best["ties_to_lead"] == 1


def test_ties_to_strangers_are_noted(call):
    note = answer(call(CHALLENGE, CSV.replace(",u1,\n", ",u1;zz,\n"), "--json"))["notes"]
    assert note == ["1 ties name nobody in candidates.csv; they count for nothing."]


@pytest.mark.parametrize(
    ("challenge", "words"),
    [
        ("{", "line 1, column 2: not JSON"),
        ([], "the challenge must be a JSON object"),
        ({"capabilities": []}, "capabilities must be a list of 1 to 16"),
        ({"capabilities": [{"name": "a"}], "limit": {}}, 'unknown key "limit"'),
        ({"capabilities": [{"name": "a"}, {"name": "A "}]}, "is asked twice"),
        ({"capabilities": [{"name": "a", "level": 0}]}, "capabilities[0].level must be above 0, got 0"),
        ({"capabilities": [{"name": "a", "level": "x"}]}, 'level must be a number of at least 0, got "x"'),
        ({"capabilities": [{"name": "a", "need": "may"}]}, 'need must be "must" or "nice", got "may"'),
        ({"capabilities": [{"name": "a", "worth": 3}]}, "worth is for what is nice to have"),
        ({"capabilities": [{"name": "a"}], "limits": {"max_members": 0}}, "max_members must be a whole number"),
        ({"capabilities": [{"name": "a"}], "limits": {"max_cost": 1.234}}, "at most two decimals"),
        ({"capabilities": [{"name": "a"}], "limits": {"lead_kinds": ["firm"]}}, "kinds there are company, institute"),
        ({"capabilities": [{"name": "a"}], "pin": ["zz"]}, 'pin names "zz", who is not among the candidates'),
        ({"capabilities": [{"name": "a"}], "conflicts": [["f1", "f1"]]}, "pairs of different ids"),
        ({"capabilities": [{"name": "a"}], "weights": {"cost": -1}}, "weights.cost must be a number of at least 0"),
    ],
)
def test_a_bad_challenge_is_one_sentence(call, challenge, words):
    result = call(challenge if isinstance(challenge, str) else json.dumps(challenge))
    assert (result.exit_code, words in result.stderr, result.stderr.count("\n")) == (2, True, 1), result.stderr


@pytest.mark.parametrize(
    ("candidates", "words"),
    [
        ("", "is empty; its first line must name the columns"),
        ("id,cost\n", "line 1: column capabilities is missing"),
        ("id,cost,capabilities\n", "has a header but no candidates"),
        ("id,cost,capabilities,city\na,1,x,\n", "line 2: give lat and lon, or a city"),
        ("id,cost,capabilities,city\na,1,x,Hefei\n", 'city "Hefei" has lat and lon in no line'),
        ("id,cost,capabilities,lat,lon\na,1,x,91,0\n", 'line 2: lat must be a number from -90 to 90, got "91"'),
        ("id,cost,capabilities,lat,lon\na,1,x,1,\n", "line 2: lat and lon must both be given"),
        ("id,cost,capabilities,lat,lon\na,,x,1,1\n", 'line 2: cost must be an amount such as 120 or 99.50, got ""'),
        ("id,cost,capabilities,lat,lon\na,-1,x,1,1\n", "line 2: cost must be from 0"),
        ("id,cost,capabilities,lat,lon\na,1,x:high,1,1\n", "line 2: the level in capability 'x:high'"),
        ("id,cost,capabilities,lat,lon\na,1,cryo-em;CRYO-EM,1,1\n", 'line 2: capability "CRYO-EM" is given twice'),
        ("id,cost,capabilities,lat,lon\na,1,x,1,1\na,1,x,1,1\n", 'line 3: id "a" was used in line 2 already'),
        ("id,cost,capabilities,lat,lon\na,1,x,1,1,9\n", "line 2: more values than columns"),
        ("id,cost,capabilities,lat,lon\n,1,x,1,1\n", "line 2: id is empty"),
    ],
)
def test_bad_candidates_are_one_sentence_with_the_line(call, candidates, words):
    challenge = {"capabilities": [{"name": "cryo-em"}]}
    result = call(challenge, candidates)
    assert (result.exit_code, words in result.stderr, result.stderr.count("\n")) == (2, True, 1), result.stderr


@pytest.mark.parametrize(
    ("travel", "words"),
    [
        ("from,to\n", "column minutes is missing"),
        ("from,to,minutes\nHefei,Hangzhou,x\n", 'line 2: minutes must be a number from 0 to 1e+06, got "x"'),
        ("from,to,minutes\nHefei,Hangzhou,9\n", 'no line names the city "Shanghai"'),
    ],
)
def test_a_bad_travel_file_is_one_sentence(call, travel, words):
    result = call(travel=travel)
    assert (result.exit_code, words in result.stderr, result.stderr.count("\n")) == (2, True, 1), result.stderr


def test_schema_help_and_code_know_the_same_names():
    schema = json.loads((resources.files("headwater") / "schemas" / "team-challenge.schema.json").read_text("utf-8"))
    weights = schema["properties"]["weights"]["properties"]
    assert {name: item["default"] for name, item in weights.items()} == WEIGHTS
    text = CliRunner().invoke(command, ["--help"]).stdout
    for name in (*COLUMNS, *MORE_COLUMNS, *schema["properties"]["limits"]["properties"], *weights):
        assert name in text
