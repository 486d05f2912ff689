"""`headwater createadmin`: the first person who may do everything on a node."""

from __future__ import annotations

import click

from headwater.site.cli import with_django


@click.command()
@click.argument("email")
@click.option("--name", default="", help="What pages call this person.")
@click.option(
    "--organisation", default="", help="Also make her administrator of this organisation (public id, ROR id or name)."
)
@click.password_option(help="Asked for when not given; 12 characters or more.")
def command(email: str, name: str, organisation: str, password: str) -> None:
    """Make EMAIL an operator of this node; an account of that address is made, or its password set anew."""
    with_django()
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError
    from django.core.validators import validate_email
    from django.utils import timezone

    from headwater.accounts import actions
    from headwater.accounts.audit import COMMAND
    from headwater.accounts.models import Role
    from headwater.registry.actions.people import give_role
    from headwater.registry.facts import Lookups
    from headwater.registry.models import Organisation

    try:
        validate_email(email)
        validate_password(password)
    except ValidationError as error:
        raise click.ClickException(" ".join(error.messages)) from error
    place = Lookups().organisation(organisation) if organisation else None
    if organisation and place is None:
        raise click.ClickException(
            f"No organisation is known as “{organisation}”; give its public id, ROR id or exact name."
        )
    now = timezone.now()
    user = actions.make_user(email, name=name, password=password, by=COMMAND, at=now)
    actions.grant(user, Role.OPERATOR, by=COMMAND, at=now)
    if place is not None:
        give_role(Organisation.objects.get(pk=place.pk), user, "administrator", by=COMMAND, at=now)
    click.echo(f"{email} is an operator of this node.")
