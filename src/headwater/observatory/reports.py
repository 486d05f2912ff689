"""Reports: figures, method and sources of one subject and period, in both languages, as HTML and PDF.

A report is a pure function of what its manifest names: the record's snapshot and the cluster run (kept beside it), the
store's parts by their hashes, the timetable, the program and the day. So it can be made again to the byte.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from headwater import __version__
from headwater.observatory import catchments, queries
from headwater.observatory.models import Run
from headwater.observatory.records import Records, Snapshot
from headwater.observatory.reportblocks import blocks_of
from headwater.observatory.reportpage import page
from headwater.observatory.store import Part, Store
from headwater.observatory.subjects import Period
from headwater.observatory.templatetags.observatory import in_words
from headwater.papers.pdf import make_pdf

LANGUAGES = (("en", "en"), ("zh-hans", "zh"))
RECORD, CLUSTERS, MANIFEST = "record.json", "clusters.json", "manifest.json"
LIBRARIES = ("numpy", "scipy", "duckdb", "pyarrow", "networkx", "econcomplex", "reportlab")
PACKAGE = Path(__file__).resolve().parent.parent


class ReportError(ValueError):
    """A report can't be made again; one sentence with what is missing or differs."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report is about, and the day it is dated."""

    subject: str
    period: str
    made_on: date


def make_into(records: Records, run: Run, at: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
    """Make the report that a run asks for, in the run's folder; its files and its manifest."""
    folder = queries.root() / "runs" / run.public_id
    asked = Asked(run.parameters["subject"], run.parameters["period"], at.date())
    manifest = make(records, asked, folder)
    return {
        "files": [*manifest["files"], {"name": MANIFEST, "sha256": _hash((folder / MANIFEST).read_bytes())}]
    }, manifest


def make(records: Records, asked: Asked, folder: Path) -> dict[str, Any]:
    """Write a report's files and its manifest into a folder; gives the manifest.

    Raises `SubjectError` for a subject or period that can't be understood.
    """
    folder.mkdir(parents=True, exist_ok=True)
    snapshot = replace(records.snapshot, as_of=asked.made_on.isoformat())
    # One thread: sums of fractions then always run in the same order.
    fixed = Records(snapshot, records.store, records.parts, records.cluster_run, threads=1)
    try:
        subject, period = fixed.subject(asked.subject), Period.read(asked.period)
        kept = {
            RECORD: snapshot.text().encode(),
            CLUSTERS: json.dumps(fixed.cluster_run, ensure_ascii=False, sort_keys=True).encode(),
        }
        inputs = _inputs(fixed, kept)
        number = _hash(json.dumps([inputs, asked.subject, str(period), asked.made_on.isoformat()]).encode())[:16]
        files = dict(kept)
        for language, short in LANGUAGES:
            with translation.override(language):
                title = _("Where %(name)s stands, %(period)s") % {
                    "name": in_words(subject, "name"),
                    "period": str(period),
                }
                blocks = list(blocks_of(fixed, subject, period, asked.made_on, number, title))
                files[f"report.{short}.html"] = page(title, blocks, short, asked.made_on).encode()
                files[f"report.{short}.pdf"] = make_pdf(title, blocks, language=short, made_on=asked.made_on)
    finally:
        fixed.close()
    manifest = {
        "id": f"report-{number}",
        "subject": asked.subject,
        "period": str(period),
        "made_on": asked.made_on.isoformat(),
        "seed": (fixed.cluster_run or {}).get("seed"),
        "program": f"headwater {__version__}",
        "code_sha256": code_digest(),
        "python": platform.python_version(),
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
        "inputs": inputs,
        "files": [{"name": name, "sha256": _hash(data)} for name, data in sorted(files.items())],
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    (folder / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True) + "\n", "utf-8")
    return manifest


def make_again(manifest_file: Path, store: Store, folder: Path) -> dict[str, bool]:
    """Make a report again from its manifest and the files beside it; whether each file is the same to the byte.

    Raises
    ------
    ReportError
        An input is gone or was changed.
    """
    try:
        manifest = json.loads(manifest_file.read_text("utf-8"))
        inputs, beside = manifest["inputs"], manifest_file.parent
        record, clusters = ((beside / name).read_text("utf-8") for name in (RECORD, CLUSTERS))
        parts = [Part(**part) for part in inputs["store"]]
        asked = Asked(manifest["subject"], manifest["period"], date.fromisoformat(manifest["made_on"]))
        expected = {row["name"]: row["sha256"] for row in manifest["files"]}
    except FileNotFoundError as problem:
        raise ReportError(f"{problem.filename} is missing; keep it beside the manifest.") from problem
    except (KeyError, TypeError, ValueError) as problem:
        raise ReportError(f"{manifest_file} is not a report's manifest.") from problem
    wrong = store.check(parts)
    for name, text in ((RECORD, record), (CLUSTERS, clusters)):
        if _hash(text.encode()) != inputs[name]:
            wrong.append(f"{name} was changed.")
    if wrong:
        raise ReportError("The inputs are not those of the manifest. " + " ".join(wrong))
    records = Records(Snapshot.read(record), store, parts, json.loads(clusters), threads=1)
    made = make(records, asked, folder)
    return {row["name"]: expected.get(row["name"]) == row["sha256"] for row in made["files"]}


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@lru_cache(maxsize=1)
def code_digest() -> str:
    """SHA-256 over the code that a report comes from, and the words it is written in."""
    digest = hashlib.sha256()
    for folder in ("core", "engines", "observatory", "papers", "timetables", "site/locale"):
        for path in sorted((PACKAGE / folder).rglob("*")):
            if path.suffix in (".py", ".mo"):
                digest.update(path.relative_to(PACKAGE).as_posix().encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


def _inputs(records: Records, kept: Mapping[str, bytes]) -> dict[str, Any]:
    rail = catchments.rail(records)
    return {
        **{name: _hash(data) for name, data in kept.items()},
        "store": [{"table": part.table, "origin": part.origin, "digest": part.digest} for part in records.parts],
        "timetable": rail.digest if rail is not None else None,
        "region": records.snapshot.region["digest"],
    }
