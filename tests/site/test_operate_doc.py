"""The operator's page names every setting and every command, as the code has them."""

from __future__ import annotations

import re
from pathlib import Path

import click

from headwater.site import cli, environment

PAGE = (Path(__file__).parents[2] / "docs" / "operate.md").read_text(encoding="utf-8")


def rows(begin: str) -> list[list[str]]:
    """The table under the heading ``begin``, without its head."""
    section = PAGE.split(f"\n## {begin}\n", 1)[1].split("\n## ", 1)[0]
    cells = [
        [cell.strip() for cell in line.strip("|").split(" | ")] for line in section.splitlines() if line[:1] == "|"
    ]
    return cells[2:]


def test_table_of_settings_is_the_codes() -> None:
    default = {name: value for name, value, _help in rows("Settings")}
    assert default == {f"`{one.name}`": f"`{one.default}`" if one.default else "" for one in environment.SETTINGS}
    assert {name: text for name, _value, text in rows("Settings")} == {
        f"`{one.name}`": one.help for one in environment.SETTINGS
    }


def test_table_of_commands_is_the_codes() -> None:
    context = click.Context(cli.main)
    found = set()
    for name in cli.main.list_commands(context):
        command = cli.main.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group) and len(command.commands) <= 8:
            found |= {f"{name} {sub}" for sub in command.commands}
        else:
            found.add(name)
    assert {cells[0].strip("`").removeprefix("headwater ") for cells in rows("Commands")} == found


def test_every_setting_that_the_page_mentions_exists() -> None:
    known = {one.name for one in environment.SETTINGS}
    assert set(re.findall(r"\bHEADWATER_[A-Z_]+[A-Z]\b", PAGE)) <= known


def test_compose_and_page_agree_on_what_must_be_set() -> None:
    compose = (Path(__file__).parents[2] / "compose.yaml").read_text(encoding="utf-8")
    given = set(re.findall(r"^\s+(HEADWATER_[A-Z_]+|DATABASE_URL):", compose, flags=re.MULTILINE))
    assert given <= {one.name for one in environment.SETTINGS}
    values = dict.fromkeys(given, "x" * 60) | {
        "HEADWATER_MODE": "production",
        "HEADWATER_HOSTS": "lab.example.org",
        "HEADWATER_BASE_URL": "https://lab.example.org",
        "HEADWATER_OIDC_ISSUER": "https://sso.example.org",
        "HEADWATER_TRUSTED_PROXY": "yes",
        "HEADWATER_WEB_PROCESSES": "2",
        "HEADWATER_NODE": "",
    }
    assert environment.read(values).problems() == ()
