"""How files come into the store: in batches, resumable, with rejects and a report of what could not be placed."""

from __future__ import annotations

import gzip
import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from headwater.observatory.store import Store
from headwater.observatory.tables import TABLES

BATCH = 50_000
SHOWN_REJECTS = 100_000
Progress = Callable[[str, int, int], None]


class IntakeError(ValueError):
    """A file that can't be taken in at all; one sentence."""


class RejectError(ValueError):
    """One row that can't be taken in; why, in one sentence."""


@dataclass
class Outcome:
    """What came of an intake.

    ``unplaced`` counts addresses, institutions or firms without coordinates; ``reasons`` why, by how often.
    """

    origin: str
    files: int = 0
    skipped_files: int = 0
    read: int = 0
    rejected: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    placed: int = 0
    unplaced: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    def unplace(self, why: str) -> None:
        self.unplaced += 1
        self.reasons[why] = self.reasons.get(why, 0) + 1


class Batches:
    """Collects rows by table and gives them to the store's writers in batches."""

    def __init__(self, writers: dict[str, Any], origin: str, *, synthetic: bool) -> None:
        self.writers, self.origin, self.synthetic = writers, origin, synthetic
        self.rows: dict[str, list[dict[str, Any]]] = {name: [] for name in writers}
        self.counted: dict[str, int] = dict.fromkeys(writers, 0)

    def add(self, table: str, row: dict[str, Any]) -> None:
        self.rows[table].append(row)
        if len(self.rows[table]) >= BATCH:
            self.flush(table)

    def flush(self, table: str) -> None:
        rows = self.rows[table]
        if not rows:
            return
        columns = {}
        for one in TABLES[table]:
            if one.name == "origin":
                columns[one.name] = pa.array([self.origin] * len(rows), one.type)
            elif one.name == "synthetic":
                columns[one.name] = pa.array([bool(row.get("synthetic", self.synthetic)) for row in rows], one.type)
            else:
                columns[one.name] = pa.array([row.get(one.name) for row in rows], one.type)
        self.writers[table].write(pa.table(columns))
        self.counted[table] += len(rows)
        self.rows[table] = []

    def close(self) -> None:
        for table in self.rows:
            self.flush(table)


# Given one file, a batch to add to, the outcome to count in, and a way to reject a row (its place, why).
Reader = Callable[[Path, Batches, Outcome, Callable[[int, str], None]], None]


@dataclass(frozen=True)
class Job:
    """One intake: its files, how each is read, which tables it fills, and how it is named in the store."""

    origin: str
    files: Sequence[Path]
    read: Reader
    tables: tuple[str, ...]
    synthetic: bool = False


def take_in(store: Store, job: Job, *, rejects: Path | None, progress: Progress, anew: bool = False) -> Outcome:
    """Take files into the store, one after the other.

    Each file is a part of its own: one that was taken in before, by its content, is passed over, so that an intake
    that was cut goes on where it stopped, and one that is run twice changes nothing. ``anew`` forgets first.

    Raises
    ------
    IntakeError
        A file can't be read at all. Files before it stay taken in.
    """
    journal = _Journal(store.root / "intake" / f"{job.origin}.json")
    if anew:
        store.forget(job.origin)
        journal.done = {}
    outcome = Outcome(job.origin)
    out = None if rejects is None else rejects.open("w", encoding="utf-8")
    try:
        for number, path in enumerate(job.files):
            progress(path.name, number, len(job.files))
            digest = _digest(path)
            if digest in journal.done:
                outcome.skipped_files += 1
                _add(outcome, journal.done[digest])
                continue
            before = Outcome(job.origin)
            _one(store, job, path, before, out)
            journal.done[digest] = {
                "file": path.name,
                **{
                    name: getattr(before, name)
                    for name in ("read", "rejected", "rows", "placed", "unplaced", "reasons")
                },
            }
            journal.keep()
            outcome.files += 1
            _add(outcome, journal.done[digest])
        progress("", len(job.files), len(job.files))
    finally:
        if out is not None:
            out.close()
    return outcome


def _one(store: Store, job: Job, path: Path, outcome: Outcome, out: IO[str] | None) -> None:
    """One file: all of it or nothing."""
    from contextlib import ExitStack

    def reject(place: int, why: str) -> None:
        outcome.rejected += 1
        if out is not None and outcome.rejected <= SHOWN_REJECTS:
            out.write(json.dumps({"file": path.name, "place": place, "why": why}, ensure_ascii=False) + "\n")

    with ExitStack() as stack:
        writers = {table: stack.enter_context(store.writing(table, job.origin)) for table in job.tables}
        batches = Batches(writers, job.origin, synthetic=job.synthetic)
        try:
            job.read(path, batches, outcome, reject)
        except (OSError, EOFError, zipfile.BadZipFile, pa.ArrowInvalid, UnicodeDecodeError) as problem:
            raise IntakeError(f"{path} can't be read: {str(problem).splitlines()[0]}. Is it whole?") from problem
        batches.close()
        outcome.rows = dict(batches.counted)


def _add(outcome: Outcome, row: dict[str, Any]) -> None:
    for name in ("read", "rejected", "placed", "unplaced"):
        setattr(outcome, name, getattr(outcome, name) + row[name])
    for table, number in row["rows"].items():
        outcome.rows[table] = outcome.rows.get(table, 0) + number
    for why, number in row["reasons"].items():
        outcome.reasons[why] = outcome.reasons.get(why, 0) + number


class _Journal:
    """Which files an origin has taken in, by content."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.done: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.is_file() else {}

    def keep(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(".draft")
        draft.write_text(json.dumps(self.done, ensure_ascii=False, indent=1), "utf-8")
        draft.rename(self.path)


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as problem:
        raise IntakeError(f"{path} can't be read: {problem.strerror}.") from problem


# Files ----------------------------------------------------------------------------------------------------------
def open_bytes(path: Path) -> IO[bytes]:
    """A file's bytes, unpacked where its name ends in .gz."""
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")


def json_lines(path: Path, reject: Callable[[int, str], None]) -> Iterator[tuple[int, Any]]:
    """One JSON object a line, with its line number; lines that are none are rejected."""
    with open_bytes(path) as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                found = json.loads(line)
            except ValueError:
                reject(number, "This line is no JSON.")
                continue
            if isinstance(found, dict):
                yield number, found
            else:
                reject(number, "This line is no JSON object.")


def parquet_rows(path: Path) -> Iterator[tuple[int, Any]]:
    """Rows of a Parquet file as plain values, with their number."""
    import pyarrow.parquet as pq

    number = 0
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=10_000):
            for row in batch.to_pylist():
                number += 1
                yield number, row


def delimited(path: Path, needed: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows of a CSV or TSV file, plain, .gz or alone in a .zip, with their line; raises where a column is missing."""
    import csv
    import io

    separator = "\t" if ".tsv" in path.suffixes or path.name.endswith((".tsv.zip", ".tsv.gz")) else ","
    with _text(path) as stream:
        reader = csv.DictReader(io.TextIOWrapper(stream, "utf-8-sig", newline=""), delimiter=separator)
        missing = [name for name in needed if name not in (reader.fieldnames or [])]
        if missing:
            found = ", ".join(reader.fieldnames or []) or "nothing"
            raise IntakeError(f"{path}, line 1: there is no column {', '.join(missing)}; found {found}.")
        for row in reader:
            yield reader.line_num, row


class _text:  # noqa: N801
    """The bytes of a file, of a .gz, or of the only file in a .zip."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> IO[bytes]:
        if self.path.suffix == ".zip":
            self._zip = zipfile.ZipFile(self.path)
            names = [name for name in self._zip.namelist() if not name.endswith("/")]
            if len(names) != 1:
                raise IntakeError(f"{self.path} holds {len(names)} files; one is needed.")
            self._file: IO[bytes] = self._zip.open(names[0])
        else:
            self._file = open_bytes(self.path)
        return self._file

    def __exit__(self, *_error: object) -> None:
        self._file.close()
        if self.path.suffix == ".zip":
            self._zip.close()
