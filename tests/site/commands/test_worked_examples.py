"""The worked examples on the engines' pages print what the pages say."""

from __future__ import annotations

import re
from pathlib import Path

from click.testing import CliRunner

from headwater.site.commands import allocate, assign, relevance, team

PAGES = Path(__file__).parents[3] / "docs" / "engines"


def blocks(page, kind):
    return re.findall(rf"^```{kind}\n(.*?)^```", (PAGES / page).read_text(encoding="utf-8"), re.M | re.S)


def test_the_team_page_prints_what_it_says(tmp_path):
    (tmp_path / "challenge.json").write_text(blocks("teams.md", "json")[0], encoding="utf-8")
    (tmp_path / "candidates.csv").write_text(blocks("teams.md", "csv")[0], encoding="utf-8")
    result = CliRunner().invoke(team.command, [str(tmp_path / "challenge.json"), str(tmp_path / "candidates.csv")])
    _, _, said = blocks("teams.md", "console")[0].partition("\n")
    assert result.stdout == said


def test_the_relevance_page_prints_what_it_says(tmp_path):
    parts = re.split(r"^\$ .*\n", blocks("relevance.md", "console")[0], flags=re.M)
    _, queries, documents, said = parts
    (tmp_path / "q").write_text(queries, encoding="utf-8")
    (tmp_path / "d").write_text(documents, encoding="utf-8")
    options = ["--queries", str(tmp_path / "q"), "--documents", str(tmp_path / "d"), "--out", "-"]
    assert CliRunner().invoke(relevance.command, options).stdout == said


def test_the_allocation_page_prints_what_it_says(tmp_path):
    (tmp_path / "round.json").write_text(blocks("allocation.md", "json")[0], encoding="utf-8")
    result = CliRunner().invoke(allocate.command, [str(tmp_path / "round.json")])
    _, _, said = blocks("allocation.md", "console")[0].partition("\n")
    seconds = r"; \d+\.\d s\."
    assert re.sub(seconds, "", result.stdout) == re.sub(seconds, "", said)


def test_the_assignment_page_prints_what_it_says(tmp_path):
    names = ("proposals.csv", "reviewers.csv", "affinity.csv")
    for name, text in zip(names, blocks("assignment.md", "csv"), strict=True):
        (tmp_path / name).write_text(text, encoding="utf-8")
    result = CliRunner().invoke(assign.command, [*(str(tmp_path / name) for name in names), "--reviews", "2"])
    _, _, said = blocks("assignment.md", "console")[0].partition("\n")
    assert result.stdout == said
