"""Which public schemes could pay for services on a candidate's instruments: asked of `support`, without an order yet.

What an order tells, an instrument, an amount, what is left of a budget, is not known here; a quote says that. So a
scheme is named where nothing that is known now stands against it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from headwater.engines.terms import compiled
from headwater.engines.terms.conditions import facts_of
from headwater.engines.terms.quoting import reach_of
from headwater.registry.models import Organisation
from headwater.support.facts import considered, provider_facts, user_facts

PURPOSE = "development"


@dataclass(frozen=True, slots=True)
class SchemeThatPays:
    """A scheme that could pay, the share it pays, and whether its terms are verified."""

    name: str
    share: float
    verified: bool


def paying(
    company: Organisation, providers: Sequence[Organisation], *, day: date
) -> Mapping[int, list[SchemeThatPays]]:
    """By provider's key, the schemes that could pay for the company's orders there; a fixed number of queries."""
    user = user_facts(company, day) | {"order.day": day, "order.purpose": PURPOSE, "order.related": False}
    found = considered(user, company, day)
    out: dict[int, list[SchemeThatPays]] = {}
    for provider in {one.pk: one for one in providers}.values():
        facts = user | provider_facts(provider, None)
        ends = {facts.get("user.jurisdiction"), facts.get("provider.jurisdiction")}
        facts["order.cross_border"] = len(ends) > 1
        for one in found.schemes:
            terms, version = one.terms, found.versions[one.code]
            if terms.share is None or terms.delivery == "reward":
                continue
            fits = terms.reach in ("both", reach_of(facts)) and not ends.isdisjoint(one.within)
            excluded = any(compiled(part)(facts) for part in terms.excludes if facts_of(part) <= facts.keys())
            if fits and compiled(terms.eligible)(facts) and not excluded:
                out.setdefault(provider.pk, []).append(
                    SchemeThatPays(version.scheme.name, float(terms.share), one.verified)
                )
    return out
