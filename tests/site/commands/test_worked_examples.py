"""The worked examples on the engines' pages print what the pages say."""

from __future__ import annotations

import re
from pathlib import Path

from click.testing import CliRunner

from headwater.site.commands import relevance, team

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
