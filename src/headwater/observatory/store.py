"""The micro-records on disk: one folder a table, Parquet parts named by their content, read by DuckDB.

A part is never changed: bringing a source in again replaces the parts of that origin. So the list of parts names the
state of the store, and a report that notes it can be made again. Parts that are replaced each night go to a folder of
earlier ones, which still answers for a part that is asked for by name.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from headwater.observatory.tables import DAY, KEY, NUMBER, TABLES, TEXT, WHOLE, YES

PART = re.compile(r"(?P<origin>[\w.-]+)-(?P<digest>[0-9a-f]{64})\.parquet")
ORIGIN = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")
EARLIER = "earlier"
GROWN = ("uses", "payments", "alliances")  # parts of an earlier version lack columns that came later
DUCK_TYPES = {TEXT: "VARCHAR", WHOLE: "INTEGER", KEY: "BIGINT", NUMBER: "DOUBLE", DAY: "DATE", YES: "BOOLEAN"}
_GROUP_ROWS = 250_000


class StoreError(ValueError):
    """The store can't give what is asked; one sentence."""


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """One Parquet file: its table, the intake it came by, and the SHA-256 of its bytes."""

    table: str
    origin: str
    digest: str

    @property
    def name(self) -> str:
        return f"{self.origin}-{self.digest}.parquet"

    @property
    def file(self) -> str:
        return f"{self.table}/{self.name}"


@dataclass(frozen=True, slots=True)
class Held:
    """What one intake has brought to one table."""

    table: str
    origin: str
    rows: int
    bytes: int


class Store:
    """A folder of micro-records."""

    def __init__(self, root: Path) -> None:
        self.root = Path(root)

    def parts(self) -> list[Part]:
        """All parts, in a fixed order."""
        found: list[Part] = []
        for table in TABLES:
            names = (PART.fullmatch(path.name) for path in (self.root / table).glob("*.parquet"))
            found += [Part(table, match["origin"], match["digest"]) for match in names if match]
        return sorted(found)

    def held(self, tables: Collection[str] = ()) -> list[Held]:
        """Rows and bytes by table and origin; of these tables alone where some are named."""
        sums: dict[tuple[str, str], list[int]] = {}
        for part in self.parts():
            if tables and part.table not in tables:
                continue
            path = self.root / part.file
            rows = pq.read_metadata(path).num_rows
            total = sums.setdefault((part.table, part.origin), [0, 0])
            total[0] += rows
            total[1] += path.stat().st_size
        return [Held(*key, *total) for key, total in sorted(sums.items())]

    def digest(self) -> str:
        """Names the state of the whole store."""
        return hashlib.sha256("\n".join(part.file for part in self.parts()).encode()).hexdigest()

    @contextmanager
    def writing(self, table: str, origin: str) -> Iterator[Writer]:
        """Write one part, batch by batch; it is in the store once this ends without an error."""
        if not ORIGIN.fullmatch(origin):
            raise StoreError(
                f"“{origin}” can't name an origin: small letters, digits, dots, dashes and underscores, at most 80."
            )
        folder = self.root / table
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".writing-", suffix=".parquet", dir=folder)
        os.close(handle)
        draft = Path(name)
        try:
            writer = Writer(draft, TABLES[table])
            yield writer
            writer.close()
            if writer.rows:
                with draft.open("rb") as file:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()
                draft.chmod(0o644)
                writer.file = Part(table, origin, digest).file
                draft.rename(self.root / writer.file)
        finally:
            draft.unlink(missing_ok=True)

    def put(self, table: str, origin: str, rows: pa.Table) -> None:
        """Make ``rows`` all that this origin has in a table."""
        self.replace(table, origin, [rows])

    def replace(self, table: str, origin: str, batches: Iterable[pa.Table], *, aside: bool = False) -> int:
        """Make these rows all that an origin has in a table; gives their number.

        With ``aside`` the parts before go to the folder of earlier ones instead of being removed.
        """
        with self.writing(table, origin) as writer:
            for rows in batches:
                writer.write(rows)
        for part in self.parts():
            if (part.table, part.origin) == (table, origin) and part.file != writer.file:
                path = self.root / part.file
                if aside:
                    kept = self.root / EARLIER / part.file
                    kept.parent.mkdir(parents=True, exist_ok=True)
                    path.replace(kept)
                    os.utime(kept)
                else:
                    path.unlink(missing_ok=True)
        return writer.rows

    def clear_earlier(self, *, needed: Collection[str], older_than_s: float) -> int:
        """Remove earlier parts that nothing names any more and that were put aside this long ago; how many."""
        gone = 0
        for path in sorted((self.root / EARLIER).rglob("*.parquet")):
            named = path.relative_to(self.root / EARLIER).as_posix() in needed
            if not named and time.time() - path.stat().st_mtime > older_than_s:
                path.unlink()
                gone += 1
        return gone

    def path(self, part: Part) -> Path:
        """Where a part lies, or would."""
        here, earlier = self.root / part.file, self.root / EARLIER / part.file
        return here if here.is_file() or not earlier.is_file() else earlier

    def forget(self, origin: str) -> int:
        """Take out all that an origin brought; the number of parts taken."""
        found = [part for part in self.parts() if part.origin == origin]
        for part in found:
            (self.root / part.file).unlink()
        return len(found)

    def rows(self, part: Part) -> int:
        return int(pq.read_metadata(self.path(part)).num_rows)

    def connect(self, parts: Sequence[Part] | None = None, *, threads: int | None = None) -> duckdb.DuckDBPyConnection:
        """A database in memory in which each table is a view of its parts; an absent table is an empty one.

        Raises `StoreError` where a part that is asked for is gone or was changed on disk.
        """
        chosen = self.parts() if parts is None else list(parts)
        connection = duckdb.connect(":memory:")
        connection.execute("SET enable_progress_bar = false")
        if threads:
            connection.execute(f"SET threads = {int(threads)}")
        for table, schema in TABLES.items():
            files = [str(self.path(part)) for part in chosen if part.table == table]
            for file in files:
                if not Path(file).is_file():
                    raise StoreError(f"{file} is gone; this state of the store can't be read any more.")
            if files:
                listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
                columns, by_name = "*", table in GROWN
                source = f"read_parquet([{listed}], union_by_name = {by_name})"
                if by_name:
                    have = {row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()}  # noqa: S608
                    lacking = [one for one in schema if one.name not in have]
                    columns = ", ".join(["*", *(f'NULL::{DUCK_TYPES[one.type]} AS "{one.name}"' for one in lacking)])
                connection.execute(f'CREATE VIEW "{table}" AS SELECT {columns} FROM {source}')  # noqa: S608
            else:
                connection.register(f"_{table}", schema.empty_table())
                connection.execute(f'CREATE VIEW "{table}" AS SELECT * FROM "_{table}"')  # noqa: S608
        return connection

    def check(self, parts: Sequence[Part]) -> list[str]:
        """What is wrong with these parts: gone, or other bytes than their names say."""
        wrong = []
        for part in parts:
            path = self.path(part)
            if not path.is_file():
                wrong.append(f"{part.file} is gone.")
                continue
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != part.digest:
                    wrong.append(f"{part.file} was changed on disk.")
        return wrong


class Writer:
    """Writes one Parquet file in the table's schema; ``file`` is its name in the store once it is there."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.schema = schema
        self.rows = 0
        self.file = ""
        self._writer = pq.ParquetWriter(path, schema, compression="zstd")

    def write(self, rows: pa.Table) -> None:
        """Add rows; columns that are missing are empty, others than the schema's are refused."""
        strange = set(rows.column_names) - set(self.schema.names)
        if strange:
            raise StoreError(f"There is no column {', '.join(sorted(strange))} in this table.")
        columns: list[Any] = [
            rows.column(field.name).cast(field.type)
            if field.name in rows.column_names
            else pa.nulls(rows.num_rows, field.type)
            for field in self.schema
        ]
        self._writer.write_table(pa.table(columns, schema=self.schema), row_group_size=_GROUP_ROWS)
        self.rows += rows.num_rows

    def close(self) -> None:
        self._writer.close()
