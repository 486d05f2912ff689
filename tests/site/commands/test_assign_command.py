"""``headwater assign`` from three files to pairs."""

from __future__ import annotations

import csv
import itertools
import json

import numpy as np
import pytest
from click.testing import CliRunner

from headwater.site.commands.assign import command

PROPOSALS = """id,fields,languages,organisations,people
P1,surfaces,en,Fudan,li
P2,surfaces;catalysis,zh,ZJU,wang
P3,proteins,en,USTC,R1
"""
REVIEWERS = """id,max_load,fields,languages,organisations,conflicts
R1,2,surfaces,en;zh,ZJU,
R2,2,catalysis;surfaces,en;zh,NJU,li
R3,3,surfaces;proteins,en;zh,SJTU,
R4,3,surfaces;catalysis;proteins,en;zh,Tongji,
R5,3,,zh,Hefei,P2
"""
AFFINITY = """proposal,reviewer,affinity
P1,R1,0.9
P1,R2,1.0
P1,R3,0.4
P1,R4,0.6
P2,R2,0.8
P2,R3,0.5
P2,R4,0.7
P3,R3,0.9
P3,R4,0.3
"""


@pytest.fixture
def call(tmp_path):
    def inner(*options, proposals=PROPOSALS, reviewers=REVIEWERS, affinity=AFFINITY, name="a.csv"):
        (tmp_path / "p.csv").write_text(proposals, encoding="utf-8")
        (tmp_path / "r.csv").write_text(reviewers, encoding="utf-8")
        if isinstance(affinity, dict):
            np.savez(tmp_path / name, **affinity)
        else:
            (tmp_path / name).write_text(affinity, encoding="utf-8")
        files = [str(tmp_path / one) for one in ("p.csv", "r.csv", name)]
        return CliRunner().invoke(command, [*files, *options])

    return inner


def rows(path):
    with path.open(encoding="utf-8", newline="") as sheet:
        return list(csv.DictReader(sheet))


def test_pairs_are_the_best_that_conflicts_allow(call, tmp_path):
    result = call("--reviews", "2", "--out", str(tmp_path / "o.csv"), "--left-out", str(tmp_path / "l.csv"))
    assert result.exit_code == 0, result.output
    pairs = rows(tmp_path / "o.csv")
    assert [(row["proposal"], row["reviewer"]) for row in pairs] == [
        ("P1", "R1"),
        ("P1", "R4"),
        ("P2", "R2"),
        ("P2", "R4"),
        ("P3", "R3"),
        ("P3", "R4"),
    ]
    assert "Total affinity 4.2, proved the greatest." in result.stdout
    assert "(author 1, organisation 1, declared 2, field 2, language 2)" in result.stdout
    assert rows(tmp_path / "l.csv") == [
        {"proposal": "P1", "reviewer": "R2", "affinity": "1", "why": "conflict", "conflicts": "declared"}
    ]


def test_total_equals_the_brute_force(call):
    got = json.loads(call("--reviews", "2", "--no-floor", "--any-field", "--json").stdout)
    fit = {(p, r): float(a) for p, r, a in (line.split(",") for line in AFFINITY.splitlines()[1:])}
    banned = {("P1", "R2"), ("P2", "R1"), ("P3", "R1"), ("P2", "R5"), ("P1", "R5"), ("P3", "R5")}
    loads = {"R1": 2, "R2": 2, "R3": 3, "R4": 3, "R5": 3}
    choices = [
        [two for two in itertools.combinations(loads, 2) if not {(p, r) for r in two} & banned]
        for p in ("P1", "P2", "P3")
    ]
    best = max(
        sum(fit.get((f"P{k + 1}", r), 0.0) for k, two in enumerate(plan) for r in two)
        for plan in itertools.product(*choices)
        if all(sum(r in two for two in plan) <= most for r, most in loads.items())
    )
    assert got["total"] == pytest.approx(best)


@pytest.mark.parametrize(
    "affinity",
    [
        "x,R1,R2,R3,R4,R5\nP1,.9,1,.4,.6,0\nP2,0,.8,.5,.7,0\nP3,0,0,.9,.3,0\n",
        {"affinity": np.array([[0.9, 1, 0.4, 0.6, 0], [0, 0.8, 0.5, 0.7, 0], [0, 0, 0.9, 0.3, 0]])},
        {
            "affinity": np.array([[0.3, 0.9, 0, 0, 0], [0.7, 0.5, 0.8, 0, 0], [0.6, 0.4, 1, 0.9, 0]]),
            "proposals": np.array(["P3", "P2", "P1"]),
            "reviewers": np.array(["R4", "R3", "R2", "R1", "R5"]),
        },
    ],
)
def test_tables_say_the_same_as_the_list(call, affinity):
    name = "a.npz" if isinstance(affinity, dict) else "a.csv"
    got = json.loads(call("--reviews", "2", "--json", affinity=affinity, name=name).stdout)
    assert got == json.loads(call("--reviews", "2", "--json").stdout)


def test_draw_keeps_the_chances_and_depends_on_the_seed(call, tmp_path):
    proposals = "id\n" + "\n".join(f"P{k}" for k in range(6)) + "\n"
    reviewers = "id\n" + "\n".join(f"R{k}" for k in range(6)) + "\n"
    affinity = "proposal,reviewer,affinity\n" + "\n".join(f"P{k},R{k},1" for k in range(6)) + "\n"
    files = {"proposals": proposals, "reviewers": reviewers, "affinity": affinity}
    seen = []
    for seed in ("1", "2", "1"):
        result = call(
            "--reviews", "2", "--load", "2", "--cap", "0.5", "--seed", seed, "--out", str(tmp_path / "o"), **files
        )
        assert "expected 3 before the draw." in result.stdout
        pairs = rows(tmp_path / "o")
        assert max(float(row["chance"]) for row in pairs) <= 0.5
        seen.append([(row["proposal"], row["reviewer"]) for row in pairs])
    assert seen[0] == seen[2] != seen[1]


def test_conflicts_come_from_a_file_too(call, tmp_path):
    (tmp_path / "c.csv").write_text("proposal,reviewer,kind\nP1,R1,coi\n")
    got = json.loads(call("--reviews", "2", "--json", "--conflicts", str(tmp_path / "c.csv")).stdout)
    assert ["P1", "R1"] not in got["pairs"]
    assert got["conflicts"]["listed"] == 1
    (tmp_path / "c.csv").write_text("proposal,reviewer\nP9,R1\n")
    result = call("--conflicts", str(tmp_path / "c.csv"))
    assert 'c.csv, line 2: proposal "P9" is not in p.csv.' in result.stderr


def test_too_few_reviewers_are_told(call):
    result = call("--reviews", "3")
    assert result.exit_code == 1
    assert "P3 needs 3 reviews; the 2 reviewers free of conflict with them may give 2" in result.stderr


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"proposals": ""}, "p.csv is empty; its first line must name the columns: id."),
        ({"proposals": "id\n"}, "has a header but no rows"),
        ({"proposals": "name\nx\n"}, "line 1: column id is missing; the columns there are name."),
        ({"proposals": "id,field\nP1,x\n"}, "column field is unknown; known are name, id,"),
        ({"proposals": "id\nP1\nP1\n"}, 'line 3: id "P1" was used in line 2 already.'),
        ({"proposals": "id,reviews\nP1,-2\n"}, 'line 2: reviews must be a whole number from 0 to 10000, got "-2".'),
        (
            {"reviewers": "id,max_load\nR1,many\n"},
            'line 2: max_load must be a whole number from 0 to 10000, got "many".',
        ),
        ({"reviewers": "id,max_load,min_load\nR1,2,3\n"}, "line 2: min_load 3 is above max_load 2."),
        ({"reviewers": 'id\n"R1'}, "not CSV"),
        ({"affinity": "a,b\n"}, 'line 1: "b" is no reviewer'),
        ({"affinity": "proposal,reviewer,affinity\nP1,R1,high\n"}, 'line 2: affinity must be a number, got "high".'),
        ({"affinity": "proposal,reviewer,affinity\nP1,R1,1e9\n"}, "from -1000 to 1000"),
        ({"affinity": "proposal,reviewer,affinity\nP1,R9,1\n"}, 'line 2: reviewer "R9" is not in r.csv.'),
        ({"affinity": "proposal,reviewer,affinity\nP1,R1,1\nP1,R1,2\n"}, "line 3: P1 and R1 were given before."),
        ({"affinity": "x,R1,R2,R3,R4\nP1,1,1,1,1\n"}, 'the table lacks a column for reviewer "R5".'),
        ({"affinity": "x,R1,R2,R3,R4,R5\nP1,1,1,1,1,1\n"}, 'the table lacks a row for proposal "P2".'),
        ({"affinity": "nothing", "name": "a.npz"}, "is not an .npz file of plain arrays"),
        ({"affinity": {"fit": np.zeros(3)}, "name": "a.npz"}, 'the array "affinity" is missing; there are fit.'),
        ({"affinity": {"affinity": np.zeros((5, 3))}, "name": "a.npz"}, "transposed?"),
        ({"affinity": {"affinity": np.full((3, 5), np.nan)}, "name": "a.npz"}, "affinity of P1 and R1 must be from"),
        (
            {"affinity": {"affinity": np.zeros((2, 5)), "proposals": np.array(["P1", "P2"])}, "name": "a.npz"},
            '"P3" of p.csv is not among its proposals.',
        ),
    ],
)
def test_wrong_files_are_told_in_one_sentence(call, files, sentence):
    result = call("--reviews", "1", **files)
    assert result.exit_code == 2, result.output
    assert sentence in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
