"""`headwater search`: find instruments on the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from headwater.site.cli import with_django

if TYPE_CHECKING:
    from headwater.catalogue.finding import Answer

FACETS = ("technique", "city", "jurisdiction", "kind", "access", "band", "class", "status")


@click.command()
@click.argument("words", nargs=-1)
@click.option("--from", "origin", metavar="CITY", help="Where you start: a city's code or name.")
@click.option("--minutes", type=click.IntRange(15, 1440), default=180, show_default=True, help="Longest way there.")
@click.option("--date", metavar="YYYY-MM-DD", default="", help="The day; the timetable's usual one unless given.")
@click.option("--leave", metavar="HH:MM", default="", help="Leave the door then or later.")
@click.option("--back-same-day", is_flag=True, help="Only what leaves time on site and a way back the same day.")
@click.option("--on-site", type=click.IntRange(0, 20), default=4, show_default=True, help="Hours there.")
@click.option("--door-to-door", type=click.IntRange(0, 240), default=60, show_default=True, help="Minutes added.")
@click.option("--narrow", multiple=True, metavar="NAME=VALUE", help=f"A filter: {', '.join(FACETS)}. May be repeated.")
@click.option("--sort", default="relevance", show_default=True, help="relevance, or reach (with --from).")
@click.option("--limit", type=click.IntRange(1, 200), default=10, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print what the API answers.")
def command(words: tuple[str, ...], origin: str | None, as_json: bool, **given: Any) -> None:
    """Find what everybody may see in the catalogue by WORDS, in Chinese or English.

    \b
    headwater search cryoEM 上海
    headwater search "X-ray diffraction" --from Hefei --minutes 180 --back-same-day
    """
    with_django()
    from django.utils import timezone

    from headwater.accounts.words import sentences
    from headwater.catalogue import finding
    from headwater.catalogue.asking import Parameters, read
    from headwater.catalogue.vocabulary import vocabulary
    from headwater.core.decision import Decision, Refused
    from headwater.registry.rules import ANYBODY

    known = vocabulary()
    values: dict[str, list[str]] = {
        "q": [" ".join(words)],
        "minutes": [str(given["minutes"])],
        "date": [given["date"]],
        "leave": [given["leave"]],
        "back": ["1" if given["back_same_day"] else ""],
        "stay": [str(given["on_site"])],
        "door": [str(given["door_to_door"])],
        "sort": [given["sort"]],
    }
    if origin:
        values["from"] = [known.city_code(origin) or origin]
    for one in given["narrow"]:
        name, equals, value = one.partition("=")
        if not equals or name not in FACETS:
            raise click.UsageError(f"--narrow {one}: write NAME=VALUE with one of {', '.join(FACETS)}.")
        values.setdefault(name, []).append(value)
    ask = read(Parameters(values), known)
    if ask.wrong:
        raise click.UsageError(" ".join(sentences(Decision(ask.wrong))))
    try:
        answer = finding.answer(ask, ANYBODY, at=timezone.now(), size=given["limit"])
    except Refused as refused:
        raise click.UsageError(" ".join(sentences(refused.decision))) from refused
    if as_json:
        from headwater.catalogue.api.shapes import search_out

        click.echo(json.dumps(search_out(answer), ensure_ascii=False, indent=1, default=str))
    else:
        click.echo(_as_text(answer))


def _as_text(answer: Answer) -> str:
    from headwater.catalogue.wording import REMARKS

    least = "at least " if answer.capped else ""
    lines = [f"{least}{answer.total:,} instruments"]
    if answer.instead:
        lines.append(f"Nothing holds “{answer.ask.text}”; these are the hits for “{answer.instead}”.")
    if answer.also:
        lines.append(f"also searched: {', '.join(answer.also)}")
    lines += [str(REMARKS[code]) for code in answer.remarks if code in REMARKS]
    for hit in answer.hits:
        one, way = hit.instrument, hit.journey
        lines.append(f"{one.public_id}  {one.name}  ({one.owner.name}, {one.city.name}; {one.get_access_display()})")
        if way is not None and not way.here:
            back = f"; back {way.back.depart} to {way.back.arrive}" if way.back else ""
            lines.append(f"    {way.minutes} min, {way.depart} to {way.arrive} by {way.trains or 'foot'}{back}")
        said = [
            f"{offer.title}: {found.text}" for offer, found in zip(answer.offers, hit.offered, strict=True) if found
        ]
        if said:
            lines.append(f"    {'; '.join(said)}")
    if answer.about:
        lines.append(
            f"Timetable: {answer.about.title}, {answer.about.vintage}{', synthetic' * answer.about.synthetic}."
        )
    return "\n".join(lines)
