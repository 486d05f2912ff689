"""`headwater restore FILE`: put a backup in the database's place."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Lose what the database and the uploads hold now.")
def command(file: Path, replace: bool) -> None:
    """Put the backup FILE into the database and the uploads.

    All or nothing: a broken file, a full disk or a kill leaves what was there. Stop the web server and the worker
    before, run `headwater migrate` after.
    """
    from headwater.site import backup, embedded, environment
    from headwater.site.cli import with_django

    found = environment.read()
    try:
        with_django()
        manifest = backup.restore(
            found["DATABASE_URL"] or embedded.url(found.home),
            file.absolute(),
            found.home / "media",
            replace=replace,
            known_migrations=_known(),
        )
    except (backup.BackupError, embedded.EmbeddedError) as error:
        raise click.ClickException(str(error)) from error
    missing = len(set(_known()) - set(manifest.migrations))
    click.echo(
        f"Restored the backup of {manifest.made}, made by Headwater {manifest.headwater}: "
        f"{sum(manifest.rows.values()):,} rows in {len(manifest.rows)} tables, "
        f"{len(manifest.parts) - 1} uploads; all counted."
    )
    if missing:
        click.echo(f"This version brings {missing} newer migrations; run `headwater migrate` now.")


def _known() -> set[tuple[str, str]]:
    from django.db.migrations.loader import MigrationLoader

    known = set(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)
    return {(str(app), str(name)) for app, name in known}
