"""`headwater match`: rank the region's groups for a challenge, say why one is not there, or seek a team."""

from __future__ import annotations

import json
from typing import Any

import click

from headwater.site.cli import with_django


@click.command()
@click.argument("challenge")
@click.option("--count", type=click.IntRange(1, 200), default=20, show_default=True, help="How many groups.")
@click.option("--why", metavar="PROFILE", help="Say why the group with this id is not among the first.")
@click.option("--team", is_flag=True, help="Seek the smallest able consortium instead, as the challenge's limits say.")
@click.option("--language", type=click.Choice(["en", "zh-hans"]), default="en", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, as the API gives it.")
def command(challenge: str, count: int, why: str | None, team: bool, language: str, as_json: bool) -> None:
    """Rank capability profiles for the CHALLENGE with this public id (chl_…), with all that speaks for each.

    The operator's own view of the record: everything of the challenge counts, whatever its level. Ends 2 where there
    is no such challenge or profile.
    """
    with_django()
    from django.utils import translation

    from headwater.accounts import words
    from headwater.core.decision import Refused

    with translation.override(language):
        try:
            said, plain = _answer(challenge, count, why, team)
        except Refused as refused:
            raise click.UsageError(" ".join(words.sentences(refused.decision))) from refused
        click.echo(json.dumps(plain, ensure_ascii=False, indent=1, default=str) if as_json else said)


def _answer(challenge_id: str, count: int, why: str | None, team: bool) -> tuple[str, Any]:
    from django.utils import timezone

    from headwater.accounts import words
    from headwater.core.decision import Decision, Reason, Refused
    from headwater.partnering import queries, ranking, teaming
    from headwater.partnering.api.matching import candidate_out, team_out
    from headwater.partnering.models import Challenge

    found = queries.with_listing(Challenge.objects.filter(public_id=challenge_id)).first()
    version = queries.version_with_all(found) if found else None
    if found is None or version is None:
        raise Refused(Decision((Reason("challenge.not_found"),)))
    now = timezone.now()
    if why:
        profile = queries.profiles().filter(public_id=why).first()
        if profile is None:
            raise Refused(Decision((Reason("profile.not_found", facts={"value": why}),)))
        reasons = ranking.absence(found, version, profile, at=now, shown=count).reasons
        told = [words.sentence(reason) for reason in reasons]
        return "\n".join(told) or f"{profile} is among the first {count}.", [one.as_json() for one in reasons]
    if team:
        wish = teaming.TeamWish(
            lead="company" if version.lead_company else "challenger",
            max_members=version.max_members or 6,
            max_cost=teaming.thousands(version.budget_minor, version.currency) if version.budget_minor else None,
            min_jurisdictions=version.min_jurisdictions,
            max_travel_min=version.reach_min,
        )
        plan = teaming.plan(found, version, wish, at=now)
        if plan.best is None:
            clash = [f"{one.code} {one.value}".strip() for one in plan.clash]
            return "No team keeps all of these at once: " + "; ".join(clash), {"best": None, "clash": clash}
        rows = [
            f"  {'lead  ' if one.leads else 'member'}  {one.profile or one.organisation}, {one.organisation.city}: "
            + (", ".join(one.brings) or "—")
            for one in plan.best.members
        ]
        return f"Total {plan.best.total:.1f}, cost {plan.best.cost}\n" + "\n".join(rows), team_out(plan.best)
    ranked = ranking.rank(found, version, at=now, count=count)
    lines = [
        f"{one.rank:>3}  {one.score:.3f}  {one.profile.public_id}  {one.profile}, {one.profile.organisation}"
        for one in ranked.candidates
    ]
    return "\n".join(lines) or "No group fits.", [candidate_out(one) for one in ranked.candidates]
