"""Files that are no round, plan or affinity, and rounds that can't be planned: one clear sentence each."""

from __future__ import annotations

import io
import itertools
import json

import numpy as np
import pytest
from click.testing import CliRunner
from tests.site.commands import test_allocate_command as rounds, test_assign_command as panels

from headwater.site.commands import allocate, assign

WHOLE = json.dumps(rounds.ROUND)


@pytest.fixture
def plan(tmp_path):
    """Plan a round given as bytes, text or value; says exit code and what was told."""

    def inner(asked, *options: str) -> tuple[int, str]:
        path = tmp_path / "round.json"
        text = asked if isinstance(asked, str | bytes) else json.dumps(asked)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        done = CliRunner().invoke(allocate.command, [str(path), *options])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.stderr

    return inner


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("", "round.json is empty; it must hold a JSON object."),
        ("\n \n", "round.json is empty"),
        (b"\x89PNG\r\n", "byte 0 is not UTF-8"),
        (WHOLE.encode("utf-16"), "byte 0 is not UTF-8"),
        ("PK\x03\x04\x00\x00", "holds zero bytes, which no text does; is it the right file?"),
        ("id,weight\nA,3\n", "line 1, column 1: not JSON"),
        (WHOLE[:-1], "not JSON"),
        (WHOLE + WHOLE, "not JSON (Extra data)"),
        (WHOLE.replace('"days": 20', '"days": 1e400'), '"1e400" is too large a number to be read'),
        (WHOLE.replace('"weight": 90', '"weight": -1e999'), '"-1e999" is too large a number to be read'),
        (WHOLE.replace('"weight": 90', '"weight": Infinity'), "Infinity is not a number that JSON knows"),
        (WHOLE.replace('"weight": 90', '"weight": ' + "9" * 5000), "a whole number has more digits than can be read."),
        ("[" * 100_000, "nested too deeply."),
        (rounds.changed("shares", to=0), "shares must be a list, got 0."),
        (rounds.changed("shares", 0, "beamlines", to=[]), "must be a list of beamlines, or left out for all, got []."),
        (rounds.changed("proposals", 0, "between", to=[99]), "lengths between must be from 12 to 18, got 99."),
        (rounds.changed("proposals", 0, "pin", to={"shifts": 99}), "pinned to 99 shifts; it may have 12, 18."),
    ],
)
def test_no_round_is_told_in_one_sentence(plan, asked, sentence):
    code, told = plan(asked)
    assert (code, sentence in told, len(told.strip().splitlines())) == (2, True, 1), told


def test_options_and_previous_plans_are_told_too(plan, tmp_path):
    assert plan(WHOLE, "--gap", "nan")[0] == plan(WHOLE, "--seconds", "nan")[0] == 2
    assert "nan is no number" in plan(WHOLE, "--gap", "nan")[1]
    assert plan(WHOLE, "--out", str(tmp_path)) == (2, f"Error: {tmp_path} is a folder; name a file.\n")
    old = tmp_path / "old.json"
    award = {"proposal": "A1", "beamline": "B1", "start": 5, "end": 2, "shifts": 3}
    old.write_text(json.dumps({"awards": [award]}))
    assert "awards[0] ends on day 2 before it starts on day 5." in plan(WHOLE, "--previous", str(old))[1]
    old.write_text(json.dumps({"awards": [award | {"proposal": "Z9", "end": 7}]}))
    assert "none of its proposals is in the round" in plan(WHOLE, "--previous", str(old))[1]


# Rounds that can't be planned -----------------------------------------------------------------------------------
FUNDER = {
    "days": 14,
    "beamlines": [{"id": "XAFS", "beam": [[0, 10]]}, {"id": "SAXS"}],
    "proposals": [
        {"id": "firm", "weight": 50, "requested": 18, "beamlines": ["XAFS"], "tags": ["industry"], "must": True},
        {"id": "uni", "weight": 90, "requested": 9, "beamlines": ["XAFS"], "tags": ["funder"]},
        {"id": "other", "weight": 20, "requested": 9, "beamlines": ["SAXS"]},
    ],
    "shares": [
        {"id": "funder's own", "tag": "funder", "beamlines": ["XAFS"], "min_share": 0.35},
        {"id": "in-house", "tag": "funder", "max_share": 0.9},
    ],
}
RESERVE = {
    "days": 6,
    "beamlines": [{"id": "B", "reserve": 0.5}, {"id": "C"}],
    "proposals": [
        {"id": "a", "weight": 1, "requested": 8, "beamlines": ["B"], "must": True},
        {"id": "b", "weight": 1, "requested": 5, "beamlines": ["B"], "must": True},
        {"id": "c", "weight": 1, "requested": 5, "beamlines": ["C"], "must": True, "blackouts": [[0, 2]]},
    ],
}
BARRED = {
    "days": 8,
    "beamlines": [{"id": "B", "no_beam": [4, 5]}, {"id": "C"}],
    "proposals": [
        {
            "id": "p",
            "weight": 1,
            "requested": 14,
            "beamlines": ["B", "C"],
            "banned": ["C"],
            "must": True,
            "blackouts": [[0, 2]],
        },
        {"id": "q", "weight": 9, "requested": 3, "beamlines": ["C"], "pin": {"start": 0}},
    ],
}
ALONE = {
    "days": 10,
    "beamlines": [{"id": "B"}],
    "proposals": [
        {"id": "p", "weight": 1, "requested": 6, "beamlines": ["B"], "tags": ["x"]},
        {"id": "q", "weight": 1, "requested": 20, "beamlines": ["B"], "tags": ["y"]},
    ],
    "shares": [
        {"id": "X", "tag": "x", "min_shifts": 9},
        {"id": "Y", "tag": "y", "min_share": 0.2},
    ],
}


@pytest.mark.parametrize(
    ("asked", "limits"),
    [
        (FUNDER, ['the least share of "funder\'s own" (0.35)', '"firm" must be granted (carry-over)']),
        (
            RESERVE,
            [
                *('the standby reserve of "B" (0.5)', '"a" must be granted (carry-over)'),
                '"b" must be granted (carry-over)',
            ],
        ),
        (BARRED, ['the ban of "p"', '"p" must be granted (carry-over)']),
    ],
)
def test_clash_is_irreducible_and_reads_well(plan, asked, limits):
    code, told = plan(asked)
    said = told.strip().partition("These clash: ")[2].partition(". Drop")[0].split("; ")
    assert (code, said) == (1, limits)
    # each of them can be relaxed alone, and then there is a plan
    for limit in limits:
        name = limit.split('"')[1]
        assert plan(_without(asked, limit, name))[0] == 0, limit


def _without(asked, limit: str, name: str):
    """The round with one limit of that name dropped."""
    raw = json.loads(json.dumps(asked))
    for one in itertools.chain(raw["beamlines"], raw["proposals"], raw.get("shares", [])):
        if one["id"] != name:
            continue
        keys = {"reserve": "reserve", "must": "must", "ban of": "banned"}
        for words, key in keys.items():
            if words in limit:
                one.pop(key)
    raw["shares"] = [one for one in raw.get("shares", []) if not ("least share" in limit and one["id"] == name)]
    return raw


def test_limit_that_no_plan_can_keep_stands_alone(plan):
    told = 'no plan can keep this limit, even with every other dropped: the least shifts of "X" (9). Relax it.'
    code, said = plan(ALONE)
    assert (code, told in said) == (1, True)


# Affinities -----------------------------------------------------------------------------------------------------
def packed(**arrays: np.ndarray) -> bytes:
    held = io.BytesIO()
    np.savez_compressed(held, **arrays)
    return held.getvalue()


def plain(array: np.ndarray) -> bytes:
    held = io.BytesIO()
    np.save(held, array)
    return held.getvalue()


WRONG = "is not an .npz file of plain arrays; write it with numpy.savez."


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.npz", plain(np.ones((3, 5))), WRONG),
        ("a.npz", packed(affinity=np.ones((3, 5)))[:80], WRONG),
        ("a.npz", b"", WRONG),
        ("a.npz", packed(affinity=np.array([["x", "y"]])), "affinity must be a table of numbers, got <U1"),
        ("a.npz", packed(affinity=np.full((3, 5), np.inf)), "must be from -1000 to 1000, got inf."),
        ("a.csv", b"proposal,reviewer,affinity\n", "has a header but no rows; give at least one pair."),
        ("a.csv", b"proposal,reviewer,affinity\nP1,R1\n", "line 2: 2 values for 3 columns."),
        ("a.csv", b"proposal,reviewer,affinity\nP1,R1,nan\n", 'must be from -1000 to 1000, got "nan".'),
        ("a.csv", b"proposal,reviewer,affinity\nP1,R\x001,1\n", "holds zero bytes"),
        ("a.csv", packed(affinity=np.ones((3, 5))), "is not UTF-8"),
    ],
)
def test_no_affinity_is_told_in_one_sentence(tmp_path, name, content, sentence):
    (tmp_path / "p.csv").write_text(panels.PROPOSALS)
    (tmp_path / "r.csv").write_text(panels.REVIEWERS)
    (tmp_path / name).write_bytes(content)
    done = CliRunner().invoke(assign.command, [str(tmp_path / one) for one in ("p.csv", "r.csv", name)])
    assert isinstance(done.exception, SystemExit)
    told = done.stderr.strip()
    assert (done.exit_code, sentence in told, len(told.splitlines())) == (2, True, 1), told
