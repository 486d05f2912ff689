"""`headwater backup FILE`: the database and the uploads in one file."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def command(file: Path) -> None:
    """Write the whole database and the uploads to FILE, a new file that only its owner can read.

    The server may run meanwhile: the database is read as of one moment.
    """
    from datetime import UTC, datetime

    from headwater.site import backup, embedded, environment

    found = environment.read()
    try:
        embedded.ensure(found)
        manifest = backup.back_up(
            found["DATABASE_URL"] or embedded.url(found.home),
            found.home / "media",
            file.absolute(),
            at=datetime.now(UTC),
        )
    except (backup.BackupError, embedded.EmbeddedError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(
        f"{file}: {sum(manifest.rows.values()):,} rows in {len(manifest.rows)} tables, "
        f"{len(manifest.parts) - 1} uploads, {file.stat().st_size / 2**20:,.1f} MiB."
    )
