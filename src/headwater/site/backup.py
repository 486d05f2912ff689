"""Backup and restore: the whole database and the uploads in one file, told apart from a broken or foreign one.

A backup is an uncompressed tar of `database.dump` (PostgreSQL's custom format), `media/...` and, last, `manifest.json`:
versions, migrations, the rows of every table counted in the dump's own snapshot, and the SHA-256 of every part.
A restore reads the whole file before it changes anything, and changes the database in one transaction.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from headwater import __version__
from headwater.site import pgsql

FORMAT = 1
DUMP, MEDIA, MANIFEST = "database.dump", "media", "manifest.json"
LOCK_WAIT = "30s"
MANIFEST_BYTES = 64 * 1024 * 1024
CHUNK = 1024 * 1024

# Tables of ours: an extension's own belong to the server, not to the backup.
_OURS = """
    FROM pg_catalog.pg_class AS c
    WHERE c.relnamespace = 'public'::pg_catalog.regnamespace AND c.relkind = ANY(%s)
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                    AND d.objid = c.oid AND d.deptype = 'e')
"""
# Object by object, because the schema itself may belong to somebody else on an operator's server.
_EMPTY = """
DO $empty$
DECLARE one record;
BEGIN
  FOR one IN
    SELECT CASE c.relkind WHEN 'S' THEN 2 ELSE 1 END AS turn,
           CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE'
                          WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END AS kind,
           pg_catalog.format('public.%I', c.relname) AS name
    FROM pg_catalog.pg_class AS c
    WHERE c.relnamespace = 'public'::pg_catalog.regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                    AND d.objid = c.oid AND d.deptype = 'e')
    UNION ALL
    SELECT 3, 'ROUTINE',
           pg_catalog.format('public.%I(%s)', p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid))
    FROM pg_catalog.pg_proc AS p
    WHERE p.pronamespace = 'public'::pg_catalog.regnamespace
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                    WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND d.deptype = 'e')
    UNION ALL
    SELECT 4, 'TEXT SEARCH CONFIGURATION', pg_catalog.format('public.%I', t.cfgname)
    FROM pg_catalog.pg_ts_config AS t WHERE t.cfgnamespace = 'public'::pg_catalog.regnamespace
    UNION ALL
    SELECT 5, 'TYPE', pg_catalog.format('public.%I', t.typname)
    FROM pg_catalog.pg_type AS t LEFT JOIN pg_catalog.pg_class AS c ON c.oid = t.typrelid
    WHERE t.typnamespace = 'public'::pg_catalog.regnamespace
    AND (t.typtype IN ('e', 'd') OR (t.typtype = 'c' AND c.relkind = 'c'))
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                    WHERE d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.objid = t.oid AND d.deptype = 'e')
    ORDER BY turn
  LOOP
    -- One that fell with another is no longer there.
    EXECUTE pg_catalog.format('DROP %s IF EXISTS %s CASCADE', one.kind, one.name);
  END LOOP;
END
$empty$;
"""


class BackupError(RuntimeError):
    """A backup could not be made, read or restored; the message is one sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself."""

    headwater: str
    made: str
    postgresql: str
    migrations: tuple[tuple[str, str], ...]
    rows: Mapping[str, int]
    parts: Mapping[str, str]

    def text(self) -> str:
        """The manifest as it is written."""
        return json.dumps(
            {
                "format": FORMAT,
                "headwater": self.headwater,
                "made": self.made,
                "postgresql": self.postgresql,
                "migrations": [list(one) for one in self.migrations],
                "rows": dict(self.rows),
                "sha256": dict(self.parts),
            },
            indent=1,
            ensure_ascii=False,
        )


def back_up(database_url: str, media: Path, target: Path, *, at: datetime) -> Manifest:
    """Write a backup of the database and, where it exists, the folder ``media`` to the new file ``target``.

    The database is read in one snapshot; it may be in use. ``target`` appears whole or not at all, readable by its
    owner alone. Raises `BackupError`.
    """
    if target.exists():
        raise BackupError(f"{target} exists already; name another file.")
    if not target.parent.is_dir():
        raise BackupError(f"There is no folder {target.parent}.")
    with _work_folder(target.parent) as work:
        dump, whole = work / DUMP, work / "whole.tar"
        with _connection(database_url) as connection:
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            snapshot = str(_one(connection, "SELECT pg_catalog.pg_export_snapshot()"))
            rows = _rows(connection)
            if not rows:
                raise BackupError("The database holds no tables; there is nothing to back up.")
            migrations = _migrations(connection, rows)
            server = str(_one(connection, "SELECT current_setting('server_version')"))
            _dump(database_url, dump, snapshot)
        parts: dict[str, str] = {}
        with tarfile.open(whole, "x", format=tarfile.PAX_FORMAT) as archive:
            parts[DUMP] = _add(archive, dump, DUMP)
            for path in sorted(media.rglob("*")) if media.is_dir() else ():
                if path.is_symlink() or not (path.is_file() or path.is_dir()):
                    raise BackupError(f"{path} is neither a file nor a folder; move it out of the uploads.")
                if path.is_file():
                    name = f"{MEDIA}/{path.relative_to(media).as_posix()}"
                    parts[name] = _add(archive, path, name)
            manifest = Manifest(__version__, at.isoformat(timespec="seconds"), server, migrations, rows, parts)
            note = work / MANIFEST
            note.write_text(manifest.text(), encoding="utf-8")
            _add(archive, note, MANIFEST)
        with whole.open("rb") as file:
            os.fsync(file.fileno())
        whole.chmod(0o600)
        try:
            os.link(whole, target)  # unlike a rename it never replaces a file made meanwhile
        except FileExistsError:
            raise BackupError(f"{target} exists already; name another file.") from None
        except OSError:  # a file system without links
            whole.rename(target)
    return manifest


def read(source: Path) -> Manifest:
    """Read a backup whole and compare every part with the manifest; raises `BackupError` where anything is off."""
    with _archive(source) as archive:
        return _verified(archive, source)


def restore(
    database_url: str, source: Path, media: Path, *, replace: bool, known_migrations: Collection[tuple[str, str]]
) -> Manifest:
    """Put the backup ``source`` into the database, and its uploads into ``media``.

    All or nothing: the file is read whole first; then one transaction empties the database, loads the dump and counts
    the rows of every table. The uploads change hands by a rename right after its commit. ``known_migrations`` are this
    version's; a backup that has others was made by a newer one and is refused. Without ``replace`` the database must
    hold no tables and ``media`` no files. Raises `BackupError`, and then nothing was changed.
    """
    with _archive(source) as archive:
        manifest = _verified(archive, source)
        unknown = sorted(set(manifest.migrations) - set(known_migrations))
        if unknown:
            raise BackupError(
                f"{source} was made by Headwater {manifest.headwater}, whose database this version "
                f"({__version__}) does not know yet (first unknown migration: "
                f"{unknown[0][0]}.{unknown[0][1]}); upgrade Headwater first."
            )
        _refuse_full(database_url, media, replace)
        media.parent.mkdir(parents=True, exist_ok=True)
        with _work_folder(media.parent) as work:
            for name in manifest.parts:
                _extract(archive, name, work / name)
            _load(database_url, work / DUMP, manifest, work)
            _swap(work / MEDIA, media, work / "media.before")
    return manifest


# The file ------------------------------------------------------------------------------------------------------


@contextmanager
def _archive(source: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(source, "r:") as archive:
            yield archive
    except FileNotFoundError:
        raise BackupError(f"There is no file {source}.") from None
    except (tarfile.TarError, EOFError) as error:
        raise BackupError(f"{source} is no backup of Headwater, or it is broken ({error}).") from None
    except PermissionError as error:
        raise BackupError(f"{error.filename or source} may not be read or written by you.") from None


def _verified(archive: tarfile.TarFile, source: Path) -> Manifest:
    members = archive.getmembers()
    by_name = {member.name: member for member in members}
    if MANIFEST not in by_name or DUMP not in by_name:
        raise BackupError(f"{source} is no backup of Headwater: it holds no {MANIFEST if DUMP in by_name else DUMP}.")
    if len(by_name) != len(members):
        raise BackupError(f"{source} names a part twice; it was not written by Headwater.")
    manifest = _manifest(archive, by_name[MANIFEST], source)
    for member in members:
        path = PurePosixPath(member.name)
        if (
            not member.isfile()
            or path.is_absolute()
            or ".." in path.parts
            or path.parts[0] not in (DUMP, MEDIA, MANIFEST)
        ):
            raise BackupError(f"{source} holds {member.name!r}, which no backup of Headwater does.")
    if set(by_name) - {MANIFEST} != set(manifest.parts):
        raise BackupError(f"{source} does not hold the parts that its manifest lists; it is broken.")
    for name, digest in manifest.parts.items():
        if _sha256(_open(archive, by_name[name])) != digest:
            raise BackupError(f"{source} is broken: its part {name} is not as it was written.")
    return manifest


def _manifest(archive: tarfile.TarFile, member: tarfile.TarInfo, source: Path) -> Manifest:
    if not member.isfile() or member.size > MANIFEST_BYTES:
        raise BackupError(f"{source} is no backup of Headwater: its manifest is not a small file.")
    try:
        found = json.loads(_open(archive, member).read())
        if found["format"] != FORMAT:
            raise BackupError(
                f"{source} has format {found['format']!r}, this version reads {FORMAT}; upgrade Headwater."
            )
        return Manifest(
            str(found["headwater"]),
            str(found["made"]),
            str(found["postgresql"]),
            tuple((str(app), str(name)) for app, name in found["migrations"]),
            {str(table): int(count) for table, count in found["rows"].items()},
            {str(name): str(digest) for name, digest in found["sha256"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BackupError(f"{source} is no backup of Headwater: its manifest cannot be read.") from None


def _open(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    file = archive.extractfile(member)
    assert file is not None
    return file


def _sha256(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := file.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


class _Hashing:
    """A file that hashes what is read from it."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.digest = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        chunk = self.file.read(size)
        self.digest.update(chunk)
        return chunk


def _add(archive: tarfile.TarFile, path: Path, name: str) -> str:
    member = archive.gettarinfo(path, name)
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    # Two names of one file are two parts: a link would hold no bytes.
    member.type, member.linkname, member.size = tarfile.REGTYPE, "", path.stat().st_size
    with path.open("rb") as file:
        hashing = _Hashing(file)
        try:
            archive.addfile(member, hashing)
        except OSError as error:
            raise BackupError(f"{path} changed while it was read, or cannot be: {error}; try again.") from error
        return hashing.digest.hexdigest()


def _extract(archive: tarfile.TarFile, name: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with _open(archive, archive.getmember(name)) as file, target.open("xb") as out:
        shutil.copyfileobj(file, out, CHUNK)
    target.chmod(0o600)


@contextmanager
def _work_folder(parent: Path) -> Iterator[Path]:
    try:
        work = Path(tempfile.mkdtemp(prefix=".headwater-backup-", dir=parent))
    except OSError as error:
        raise BackupError(f"Cannot write in {parent} ({error.strerror}).") from None
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _swap(fresh: Path, media: Path, aside: Path) -> None:
    if media.exists():
        media.rename(aside)
    if fresh.exists():
        fresh.rename(media)


# The database --------------------------------------------------------------------------------------------------


@contextmanager
def _connection(database_url: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    try:
        with psycopg.connect(database_url, autocommit=True, connect_timeout=10) as connection:
            yield connection
    except psycopg.Error as error:
        raise BackupError(f"The database does not answer as it should: {str(error).strip()}") from error


def _one(connection: psycopg.Connection[tuple[object, ...]], query: str) -> object:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def _rows(connection: psycopg.Connection[tuple[object, ...]]) -> dict[str, int]:
    tables = connection.execute(f"SELECT c.relname {_OURS} ORDER BY c.relname", [["r"]]).fetchall()
    counts = {}
    for (table,) in tables:
        row = connection.execute(
            sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier("public", str(table)))
        ).fetchone()
        assert row is not None
        counts[str(table)] = int(str(row[0]))
    return counts


def _migrations(
    connection: psycopg.Connection[tuple[object, ...]], rows: Mapping[str, int]
) -> tuple[tuple[str, str], ...]:
    if "django_migrations" not in rows:
        raise BackupError("The database is not Headwater's: it has no table of migrations.")
    found = connection.execute("SELECT app, name FROM public.django_migrations ORDER BY app, name").fetchall()
    return tuple((str(app), str(name)) for app, name in found)


def _refuse_full(database_url: str, media: Path, replace: bool) -> None:
    if replace:
        return
    with _connection(database_url) as connection:
        found = connection.execute(
            f"SELECT count(*) {_OURS}",
            [["r", "p", "v", "m", "f"]],
        ).fetchone()
        if found is not None and found[0]:
            raise BackupError(
                f"The database holds {found[0]} tables already; add --replace to lose them for the backup's."
            )
    if media.is_dir() and any(media.iterdir()):
        raise BackupError(f"{media} holds uploads already; add --replace to lose them for the backup's.")


def _client(database_url: str) -> tuple[str, dict[str, str]]:
    """The connection for PostgreSQL's own programs: the password goes by environment, where `ps` does not show it."""
    parts = conninfo_to_dict(database_url)
    password = parts.pop("password", None)
    given = {name: str(value) for name, value in parts.items() if value is not None}
    env = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    env |= {"PGPASSWORD": str(password)} if password else {}
    return make_conninfo(**given), {**env, "LC_ALL": "C", "PGCONNECT_TIMEOUT": "10"}


def _dump(database_url: str, target: Path, snapshot: str) -> None:
    where, env = _client(database_url)
    done = subprocess.run(  # noqa: S603  no shell, the wheel's program
        [pgsql.wheel_programs() / "pg_dump", f"--dbname={where}", f"--snapshot={snapshot}", "--format=custom",
         "--schema=public", "--no-owner", "--no-privileges", "--no-publications", "--no-subscriptions",
         "--no-tablespaces", "--no-password", f"--file={target}"],
        env=env, capture_output=True, text=True, errors="replace",
    )  # fmt: skip
    if done.returncode:
        raise BackupError(f"pg_dump did not finish: {_said(done.stderr)}")


def _load(database_url: str, dump: Path, manifest: Manifest, work: Path) -> None:
    """Empty, load and count in one transaction of one psql; without its last word nothing is changed."""
    where, env = _client(database_url)
    programs = pgsql.wheel_programs()
    with (work / "psql.err").open("w+") as errors, (work / "pg_restore.err").open("w+") as dump_errors:
        reader = subprocess.Popen(  # noqa: S603
            # Naming the schema leaves out the schema itself, which is there already.
            [programs / "pg_restore", "--schema=public", "--no-owner", "--no-privileges", "--file=-", dump],
            env=env, stdout=subprocess.PIPE, stderr=dump_errors,
        )  # fmt: skip
        writer = subprocess.Popen(  # noqa: S603
            [programs / "psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--no-password",
             f"--dbname={where}"],
            env=env, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors,
        )  # fmt: skip
        assert reader.stdout is not None
        assert writer.stdin is not None
        try:
            try:
                writer.stdin.write(_opening().encode())
                _copy_script(reader.stdout, writer.stdin)
                whole = reader.wait() == 0
                if whole:
                    writer.stdin.write(_closing(manifest).encode())
                writer.stdin.close()
            except BrokenPipeError:  # psql met an error and says so below
                whole = True
            code = writer.wait()
        finally:
            for process in (reader, writer):
                if process.poll() is None:
                    process.kill()
                process.wait()
            reader.stdout.close()
        if not whole:
            dump_errors.seek(0)
            raise BackupError(f"The backup's dump cannot be read, nothing was changed: {_said(dump_errors.read())}")
        if code:
            errors.seek(0)
            raise BackupError(f"The database did not take the backup, nothing was changed: {_said(errors.read())}")


def _copy_script(script: IO[bytes], out: IO[bytes]) -> None:
    """Hand the dump's script on, without a setting in its head that servers before PostgreSQL 17 do not know."""
    for line in script:
        if line.startswith(b"SET transaction_timeout"):
            continue
        out.write(line)
        if line.startswith((b"CREATE", b"COPY", b"ALTER")):
            break
    shutil.copyfileobj(script, out, CHUNK)


def _opening() -> str:
    return (
        "\\set VERBOSITY terse\nSET client_min_messages = warning;\nBEGIN;\n"
        f"SET LOCAL lock_timeout = '{LOCK_WAIT}';\n{_EMPTY}"
    )


def _closing(manifest: Manifest) -> str:
    checks = []
    for table, count in manifest.rows.items():
        name = '"' + table.replace('"', '""') + '"'
        shown = table.replace("'", "''").replace("%", "%%")
        said = f"table {shown} has % rows, the backup {count}"
        checks.append(
            f"  SELECT count(*) INTO found FROM public.{name};\n"  # noqa: S608  quoted above
            f"  IF found <> {count} THEN RAISE EXCEPTION '{said}', found; END IF;\n"
        )
    # A table's name cannot end the block: the tag is longer than a name may be.
    tag = "$" + "headwater_rows_" * 5 + "$"
    return f"\nDO {tag}\nDECLARE found bigint;\nBEGIN\n{''.join(checks)}END\n{tag};\nCOMMIT;\n"


def _said(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line]
    if any("lock timeout" in line for line in lines):
        return f"others use the database; stop the web server and the worker first (waited {LOCK_WAIT})."
    return lines[0] if lines else "no reason given."
