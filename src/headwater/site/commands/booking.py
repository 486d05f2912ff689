"""`headwater booking`: the calendar on the command line, for an operator or a script."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from headwater.site.cli import with_django

if TYPE_CHECKING:
    from headwater.registry.models import Instrument
    from headwater.registry.rules import Viewer

AS = click.option("--as", "acting", required=True, metavar="ADDRESS", help="Who acts: the e-mail of an account.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print what the API answers.")
MOST_DAYS = 100


@click.group()
def command() -> None:
    """Free time, bookings and cancellations, by the same rules as on the pages.

    Whoever acts is named with --as and may what she may on a page: an operator or an instrument's manager books for
    others, too. Times are ISO 8601, `2026-06-03T09:00`; without an offset they are by the instrument's clocks.

    \b
    headwater booking free ins_hw3k9 --minutes 120
    headwater booking book ins_hw3k9 2026-06-03T09:00 2026-06-03T11:00 --as mei@example.org
    headwater booking list --instrument ins_hw3k9 --days 7
    headwater booking cancel res_hw71m --as mei@example.org
    headwater booking groups groups.csv --owner org_hw5t2 --as mei@example.org
    """


def told(work: Callable[..., None]) -> Callable[..., None]:
    """Make Django ready; a refusal is told with all of its reasons and ends 1."""

    @wraps(work)
    def run(**given: Any) -> None:
        with_django()
        from headwater.accounts.words import sentences
        from headwater.core.decision import Refused

        try:
            work(**given)
        except Refused as refused:
            raise click.ClickException("\n".join(sentences(refused.decision))) from refused

    return run


def _reader() -> Viewer:
    """Who reads by command sees what an operator sees: she holds the database."""
    from headwater.registry.rules import OPERATOR, Viewer

    return Viewer(roles=frozenset({OPERATOR}))


def _acting(email: str) -> dict[str, Any]:
    """How an action is told who acts: somebody with an account, by command."""
    from headwater.accounts.audit import Actor
    from headwater.booking.actions.reserving import found_user
    from headwater.registry.facts import viewer_of

    user = found_user(email)
    return {"viewer": viewer_of(user), "by": Actor(user, "command")}


def _instrument(public_id: str) -> Instrument:
    from headwater.booking.actions.reserving import found_instrument

    return found_instrument(public_id, _reader())


def _instant(text: str, instrument: Instrument) -> datetime:
    from headwater.booking.queries import zone_of

    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.UsageError(f"{text!r} is no time; write 2026-06-03T09:00, with an offset or without.") from error
    found = found if found.tzinfo is not None else found.replace(tzinfo=zone_of(instrument))
    if not 2000 <= found.year < 2200:
        raise click.UsageError(f"{text!r} is not from 2000 to 2199.")
    return found


@command.command()
@click.argument("instruments", nargs=-1, required=True, metavar="INSTRUMENT…")
@click.option("--minutes", type=click.IntRange(1, 86_400), default=60, show_default=True, help="How long.")
@click.option("--not-before", default="", metavar="TIME", help="Now, unless given.")
@JSON
@told
def free(instruments: tuple[str, ...], minutes: int, not_before: str, as_json: bool) -> None:
    """The soonest free span on each instrument, soonest first; its rules and opening hours are kept."""
    from django.utils import timezone

    from headwater.booking.finding import soonest
    from headwater.booking.queries import zone_of

    rows = {one.pk: one for one in map(_instrument, instruments)}
    now = timezone.now()
    first = max(now, _instant(not_before, next(iter(rows.values())))) if not_before else now
    found = soonest(list(rows), minutes, at=now, not_before=first)
    ordered = sorted(found.items(), key=lambda one: (one[1] is None, one[1] or (now, now), rows[one[0]].public_id))
    if as_json:
        spans = [
            {
                "instrument": rows[pk].public_id,
                "start": span and span[0].isoformat(),
                "end": span and span[1].isoformat(),
            }
            for pk, span in ordered
        ]
        click.echo(json.dumps(spans, ensure_ascii=False, indent=1))
        return
    for pk, span in ordered:
        one = rows[pk]
        zone = zone_of(one)
        said = "no such time within its horizon"
        if span is not None:
            said = f"{span[0].astimezone(zone):%Y-%m-%d %H:%M} to {span[1].astimezone(zone):%H:%M} ({zone})"
        click.echo(f"{one.public_id}  {said}  {one.name}")


@command.command()
@click.argument("instrument")
@click.argument("start")
@click.argument("end")
@AS
@click.option("--for", "holder", default="", metavar="ADDRESS", help="Whom it is for, where not for who acts.")
@click.option("--project", default="", help="What it is for.")
@click.option("--waive", multiple=True, metavar="CODE", help="A waivable reason to pass. May be repeated.")
@click.option("--ground", default="", help="On what ground rules are passed; kept in the audit trail.")
@click.option("--dry-run", is_flag=True, help="Say whether it may be booked, and book nothing.")
@JSON
@told
def book(instrument: str, start: str, end: str, as_json: bool, **given: Any) -> None:
    """Book INSTRUMENT from START until END. A refusal names all reasons and what would help, and ends 1."""
    from django.utils import timezone

    from headwater.accounts.words import sentences
    from headwater.booking.actions.reserving import Ask, book as reserve, preview
    from headwater.booking.api.shapes import decision_out, reservation_out
    from headwater.booking.queries import reservation
    from headwater.core.decision import Refused

    one, now = _instrument(instrument), timezone.now()
    ask = Ask(one.public_id, _instant(start, one), _instant(end, one), project=given["project"], holder=given["holder"])
    if given["dry_run"]:
        decision = preview(ask, **_acting(given["acting"]), at=now)
        if as_json:
            click.echo(json.dumps(decision_out(decision), ensure_ascii=False, indent=1, default=str))
        elif decision.allowed():
            click.echo("\n".join(["It may be booked.", *sentences(decision)]))
        if not decision.allowed():
            raise Refused(decision)
        return
    made = reserve(ask, **_acting(given["acting"]), at=now, waive=given["waive"], ground=given["ground"])
    row = reservation(made.public_id)
    assert row is not None
    click.echo(json.dumps(reservation_out(row), ensure_ascii=False, indent=1) if as_json else _line(row))


def _line(row: Any) -> str:
    from headwater.booking.queries import zone_of

    zone = zone_of(row.instrument)
    span = f"{row.start.astimezone(zone):%Y-%m-%d %H:%M} to {row.end.astimezone(zone):%Y-%m-%d %H:%M} ({zone})"
    whose = row.holder.email if row.holder else "-"
    return f"{row.public_id}  {span}  {row.instrument.public_id}  {row.kind}  {row.state}  {whose}"


@command.command(name="list")
@click.option("--instrument", default="", metavar="INSTRUMENT", help="One instrument's.")
@click.option("--for", "holder", default="", metavar="ADDRESS", help="One person's.")
@click.option("--days", type=click.IntRange(1, MOST_DAYS), default=7, show_default=True, help="How far ahead.")
@click.option("--past", is_flag=True, help="So many days back instead.")
@JSON
@told
def show(instrument: str, holder: str, days: int, past: bool, as_json: bool) -> None:
    """What is taken on an instrument, or what a person has; in order of time."""
    from django.utils import timezone

    from headwater.booking import queries
    from headwater.booking.actions.reserving import found_user
    from headwater.booking.api.shapes import reservation_out

    if bool(instrument) == bool(holder):
        raise click.UsageError("Give --instrument or --for.")
    now = timezone.now()
    start, end = (now - timedelta(days=days), now) if past else (now, now + timedelta(days=days))
    if instrument:
        rows = list(queries.on_instrument(_instrument(instrument).pk, start, end))
    else:
        rows = [one for one in queries.reservations_of(found_user(holder).pk, since=start) if one.start < end]
    if as_json:
        click.echo(json.dumps([reservation_out(one) for one in rows], ensure_ascii=False, indent=1))
    for one in () if as_json else rows:
        click.echo(_line(one))


@command.command()
@click.argument("reservations", nargs=-1, required=True, metavar="RESERVATION…")
@AS
@told
def cancel(reservations: tuple[str, ...], acting: str) -> None:
    """Cancel reservations; who waits for the time is served in the same instant, holders are told."""
    from django.utils import timezone

    from headwater.booking import queries
    from headwater.booking.actions.changing import cancel as give_up
    from headwater.core.decision import Decision, Reason, Refused

    for public_id in reservations:
        row = queries.reservation(public_id)
        if row is None:
            raise Refused(Decision((Reason("reservation.not_found"),)))
        give_up(public_id, **_acting(acting), expected_version=row.version, at=timezone.now())
        click.echo(f"{public_id} is cancelled.")


@command.command()
@click.argument("file", type=click.File(encoding="utf-8-sig"))
@click.option("--owner", required=True, metavar="ORGANISATION", help="Whose instruments the groups book.")
@AS
@told
def groups(file: Any, owner: str, acting: str) -> None:
    """Make the groups that a CSV FILE names and add their members: all of it or nothing.

    Columns: group (its code), person (an e-mail address; may be empty), name_zh, name_en (at least one where the group
    is new). Nobody is taken out of a group.
    """
    import csv

    from django.utils import timezone

    from headwater.booking.actions.groups import Line, load_groups

    reader = csv.DictReader(file, strict=True)
    try:
        rows = list(reader)
    except (csv.Error, UnicodeDecodeError) as error:
        raise click.UsageError(f"{file.name} is no CSV in UTF-8: {error}") from error
    missing = {"group", "person"} - {*(reader.fieldnames or ())}
    if missing:
        raise click.UsageError(f"{file.name} has no column {' and '.join(sorted(missing))}.")
    lines = [
        Line(
            number,
            (row["group"] or "").strip(),
            ((row.get("name_zh") or "").strip(), (row.get("name_en") or "").strip()),
            (row["person"] or "").strip(),
        )
        for number, row in enumerate(rows, start=2)
    ]
    done = load_groups(owner, lines, **_acting(acting), at=timezone.now())
    click.echo(f"{done.groups} groups made, {done.members} people added.")
