"""The rules of the house, held by machine: arrows, one write path, words, documents, templates."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest
from django.utils import translation

from headwater.accounts.words import WORDINGS

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src" / "headwater"
MODULES = sorted(SRC.rglob("*.py"))


def named(path: Path) -> str:
    return path.relative_to(SRC).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


# Arrows ---------------------------------------------------------------------------------------------------------
def test_arrows_run_one_way():
    # In a process of its own: the linter configures logging for itself and silences every logger that is there.
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    path = {"PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={**os.environ, **path}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


PURE = [
    path
    for path in MODULES
    if named(path).startswith(("core/", "engines/")) or re.search(r"/rules(/\w+)?\.py$", named(path))
]
FRAMEWORKS = {"django", "ninja", "allauth", "procrastinate", "psycopg", "requests"}


def imports(path: Path) -> list[str]:
    found = []
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append(node.module or "")
    return found


def test_pure_code_was_found():
    assert {"core/decision.py", "accounts/rules.py", "registry/rules.py", "engines/relevance.py"} <= {
        named(path) for path in PURE
    }


@pytest.mark.parametrize("path", PURE, ids=named)
def test_pure_code_imports_no_framework_and_no_app_state(path):
    own = f"headwater.{named(path).split('/')[0]}.rules"  # an app's rules may be a package
    bad = [
        module
        for module in imports(path)
        if module.split(".")[0] in FRAMEWORKS
        or (module.startswith("headwater.") and not module.startswith(("headwater.core", "headwater.engines", own)))
    ]
    assert not bad, f"{named(path)} must stay pure; move {bad} to facts, queries or actions."


def unseeded(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func).endswith("default_rng") and not node.args


@pytest.mark.parametrize("path", [path for path in PURE if named(path).startswith(("core/", "engines/"))], ids=named)
def test_pure_code_reads_no_clock_and_no_global_random(path):
    bad = [
        ast.unparse(node)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Attribute)
        and re.fullmatch(
            r"(datetime|date)\.(now|today|utcnow)|time\.time|(np|numpy)\.random\.(seed|rand|random|normal|choice|shuffle)|random\.\w+",
            ast.unparse(node),
        )
    ]
    assert bad == [ast.unparse(node) for node in ast.walk(tree_of(path)) if unseeded(node)] == []


# One write path -------------------------------------------------------------------------------------------------
WRITERS = {
    "save",
    "create",
    "bulk_create",
    "bulk_update",
    "get_or_create",
    "update_or_create",
    "delete",
    "update",
    "set_password",
}
MAY_WRITE = re.compile(r"\w+/(actions(/\w+)?|audit)\.py|\w+/migrations/\w+\.py")
# These speak SQL to the server as its administrator, about databases and not about records.
ADMINISTRATORS = {
    "site/backup.py",
    "site/embedded.py",
    "site/pgsql.py",
    "site/demo.py",
    "site/supervisor.py",
    "site/systemfolders.py",
}


def writes(tree: ast.AST) -> Iterator[str]:
    """Calls that write through the ORM or by other SQL than a SELECT.

    A digest's `update`, a cache's `delete` and a workbook's `save` take a positional argument, the ORM's take none.
    """
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        name, on = node.func.attr, ast.unparse(node.func.value)
        if name in ("execute", "executemany", "copy"):
            asked = ast.unparse(node.args[0]).lstrip("f\"'") if node.args else ""
            if "cursor" in on and not asked.startswith("SELECT "):
                yield f"line {node.lineno}: {on}.{name}"
        elif name in ("update", "delete", "save") and node.args:
            continue
        elif name in WRITERS:
            yield f"line {node.lineno}: {on}.{name}"


@pytest.mark.parametrize(
    ("code", "seen"),
    [
        ("User.objects.create(email='x')", 1),
        ("user.save()", 1),
        ("Token.objects.filter(pk=1).update(used_at=at)", 1),
        ("rows.delete()", 1),
        ("cursor.execute('DELETE FROM x')", 1),
        ("digest.update(b'x')", 0),
        ("values.update({'a': 1})", 0),
        ("cache.delete('key')", 0),
        ("book.save(path)", 0),
        ("cursor.execute('SELECT 1')", 0),
        ("cursor.execute(f'SELECT {what}')", 0),
        ("cursor.copy('COPY x FROM STDIN')", 1),
        ("found.copy()", 0),
    ],
)
def test_search_for_writers_sees_them_and_no_others(code, seen):
    assert len(list(writes(ast.parse(code)))) == seen


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if not MAY_WRITE.fullmatch(named(path)) and named(path) not in ADMINISTRATORS],
    ids=named,
)
def test_only_actions_write(path):
    found = list(writes(tree_of(path)))
    assert found == [], f"{named(path)} writes past the actions: {found}"


# Reasons and their words ----------------------------------------------------------------------------------------
CODE = re.compile(r"[a-z_]+\.[a-z_]*[a-z]")
WORD_FILES = {"accounts/words.py", *(named(path) for path in MODULES if path.name.endswith("wording.py"))}


def strings(node: ast.AST) -> Iterator[str]:
    for one in ast.walk(node):
        if isinstance(one, ast.JoinedStr):
            continue
        if isinstance(one, ast.Constant) and isinstance(one.value, str) and CODE.fullmatch(one.value):
            yield one.value


def reasons_given() -> dict[str, str]:
    """Every literal code that a `Reason` is made with, directly or by a function that makes one, with its file."""
    found = {}
    for path in MODULES:
        for node in ast.walk(tree_of(path)):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("Reason", "refuse") or called.endswith(("Error", "Wrong", "Unreadable", "Rejected")):
                for code in strings(node.args[0]):
                    found[code] = named(path)
    return found


def test_every_reason_is_worded():
    given = reasons_given()
    assert len(given) > 30
    assert {code: where for code, where in given.items() if code not in WORDINGS} == {}


def test_every_wording_is_of_a_reason_that_is_given():
    texts = [path for path in MODULES if named(path) not in WORD_FILES]
    used = {code for path in texts for code in strings(tree_of(path))}
    begun = tuple(
        part.values[0].value
        for path in texts
        for part in ast.walk(tree_of(path))
        if isinstance(part, ast.JoinedStr)
        and isinstance(part.values[0], ast.Constant)
        and re.fullmatch(r"[a-z_]+\.[a-z_]+", part.values[0].value)
    )
    assert sorted(code for code in set(WORDINGS) - used if not code.startswith(begun)) == []


@pytest.mark.parametrize("code", sorted(WORDINGS))
def test_wording_is_a_sentence_in_both_languages_with_the_same_facts(code):
    said = {}
    for language in ("en", "zh-hans"):
        with translation.override(language):
            said[language] = str(WORDINGS[code].sentence)
    placeholders = [sorted(re.findall(r"%\((\w+)\)s", text)) for text in said.values()]
    assert placeholders[0] == placeholders[1]
    assert re.search("[A-Za-z]", said["en"])
    if re.sub(r"%\(\w+\)s|\W", "", said["en"]):  # nothing but facts needs no words
        assert said["en"].endswith((".", "?"))
        assert re.search("[\u4e00-\u9fff]", said["zh-hans"]), "not in Chinese yet"
    assert WORDINGS[code].status in (200, 400, 401, 403, 404, 409, 413, 422, 429)


# Documents ------------------------------------------------------------------------------------------------------
def test_every_address_of_the_api_is_in_its_document():
    from headwater.site.api import api

    document = (ROOT / "docs" / "api.md").read_text()
    missing = [path for path in api.get_openapi_schema()["paths"] if path.removeprefix("/api/v1") not in document]
    assert missing == []


def test_every_setting_is_in_the_operators_document():
    from headwater.site.environment import SETTINGS

    document = (ROOT / "docs" / "operate.md").read_text()
    assert [one.name for one in SETTINGS if f"`{one.name}`" not in document] == []


# Templates ------------------------------------------------------------------------------------------------------
def test_no_template_is_an_orphan():
    import allauth

    theirs = Path(allauth.__file__).parent / "templates"
    folders = [folder for folder in SRC.rglob("templates") if folder.is_dir()]
    ours = {
        path.relative_to(folder).as_posix(): path for folder in folders for path in folder.rglob("*") if path.is_file()
    }
    texts = {path: path.read_text() for path in [*MODULES, *ours.values()]}
    orphans = [
        name
        for name, own in ours.items()
        if not (theirs / name).exists() and not any(f'"{name}"' in text for path, text in texts.items() if path != own)
    ]
    assert orphans == []


def test_no_template_is_named_that_is_not_there():
    folders = [folder for folder in SRC.rglob("templates") if folder.is_dir()]
    asked = {
        (named(path), name)
        for path in [*MODULES, *SRC.rglob("templates/**/*.html")]
        for name in re.findall(r'"((?:\w+/)*\w+\.html)"', path.read_text())
        if not (name.startswith("allauth/") or (path.suffix == ".html" and name.startswith("account")))
    }
    assert [
        (where, name) for where, name in sorted(asked) if not any((folder / name).exists() for folder in folders)
    ] == []


# Docstrings of the engines --------------------------------------------------------------------------------------
def public_functions() -> list[tuple[str, Any]]:
    """What an engine offers: the functions in `headwater.engines.x`'s own names."""
    found = []
    for entry in sorted((SRC / "engines").iterdir()):
        if entry.name.startswith("_") or not (entry.suffix == ".py" or (entry / "__init__.py").exists()):
            continue
        module = importlib.import_module(f"headwater.engines.{entry.stem}")
        for name in sorted(getattr(module, "__all__", [one for one in vars(module) if not one.startswith("_")])):
            one = getattr(module, name)
            plain = getattr(one, "py_func", one)
            if isinstance(plain, FunctionType) and plain.__module__.startswith("headwater.engines"):
                found.append((f"{entry.stem}.{name}", plain))
    return found


def section(text: str, title: str) -> str:
    """One section of a numpydoc docstring; empty where it has none."""
    found = re.search(rf"^{title}\n-+\n(.*?)(?=^\S[^\n]*\n-{{3,}}$|\Z)", text, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def documented(text: str) -> list[str]:
    """The parameters a docstring names, in order."""
    heads = re.findall(r"^(\*{0,2}\w+(?:, \*{0,2}\w+)*)(?: :.*)?$", section(text, "Parameters"), re.MULTILINE)
    return [name.lstrip("*") for head in heads for name in head.split(", ")]


def test_reading_of_docstrings_finds_names_in_order():
    text = inspect.cleandoc(
        """Do it.

        Parameters
        ----------
        a, b : float
            Two.
        *rest : int
            More.

        Returns
        -------
        c : float
            One.
        """
    )
    assert documented(text) == ["a", "b", "rest"]


@pytest.mark.parametrize("function", [pytest.param(function, id=name) for name, function in public_functions()])
def test_engine_s_docstring_names_the_parameters_there_are(function):
    text = inspect.getdoc(function) or ""
    there = list(inspect.signature(function).parameters)
    assert text
    if len(there) > 3 or section(text, "Parameters"):  # a small function may say it in a sentence
        assert documented(text) == there


# What must not be named -----------------------------------------------------------------------------------------
def test_environment_is_read_in_one_place():
    readers = {
        named(path)
        for path in MODULES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Attribute)
        and ast.unparse(node) in ("os.environ", "os.getenv")
        and isinstance(node.ctx, ast.Load)
    }
    assert "site/environment.py" in readers
    assert {name for name in readers if not name.startswith("site/")} == set()
