"""Which schemes pay how much of an order, and for each that does not, why and what would help."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from headwater.core.decision import Decision, Reason, Weight
from headwater.core.money import Money
from headwater.engines.terms.conditions import Condition, Facts, why_not
from headwater.engines.terms.schemes import Terms

MOST_COMBINED = 12  # beyond so many payable schemes the smallest ones are left out of the search for the best set


@dataclass(frozen=True, slots=True)
class Scheme:
    """A version of a scheme, and what is left in it for this order. Money in minor units, None for no limit.

    ``budget_left`` counts where no voucher holds the money already; ``voucher_left`` is None without a voucher.
    ``home`` is the code of the scheme's jurisdiction, ``within`` those that lie in it.
    """

    code: str
    version: str
    terms: Terms
    valid_from: date
    valid_to: date | None
    home: str
    within: frozenset[str]
    verified: bool = True
    source: str = ""
    budget_left: int | None = None
    voucher: str = ""
    voucher_left: int | None = None
    user_year_used: int = 0
    provider_year_used: int = 0


@dataclass(frozen=True, slots=True)
class Offer:
    """What one scheme says to an order: a decision with all reasons, what it could pay, and what it pays."""

    scheme: str
    version: str
    decision: Decision
    could_minor: int
    pays_minor: int
    delivery: str
    voucher: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "scheme": self.scheme,
            "version": self.version,
            "decision": self.decision.as_json(),
            "could_minor": self.could_minor,
            "pays_minor": self.pays_minor,
            "delivery": self.delivery,
            "voucher": self.voucher,
        }


@dataclass(frozen=True, slots=True)
class Quote:
    """What the user pays now, what comes back to her later, and what each scheme said."""

    currency: str
    gross_minor: int
    offers: tuple[Offer, ...]
    pays_now_minor: int
    comes_back_minor: int

    @property
    def pays_in_the_end_minor(self) -> int:
        return self.pays_now_minor - self.comes_back_minor

    def as_json(self) -> dict[str, Any]:
        return {
            "currency": self.currency,
            "gross_minor": self.gross_minor,
            "pays_now_minor": self.pays_now_minor,
            "comes_back_minor": self.comes_back_minor,
            "offers": [one.as_json() for one in self.offers],
        }


def reach_of(facts: Facts) -> str:
    """Whether the order stays inside the scheme's jurisdiction or crosses a border; empty where one end is unknown.

    Inside: user and provider sit in the same one. An order between two others of a region is cross-border too.
    """
    user, provider = facts.get("user.jurisdiction"), facts.get("provider.jurisdiction")
    if user is None or provider is None:
        return ""
    return "inside" if user == provider else "cross_border"


def _why(scheme: Scheme, facts: Facts, currency: str) -> list[Reason]:
    """What stands against the scheme's paying for this order, amounts apart."""
    terms, day = scheme.terms, facts.get("order.day")
    found: list[Reason] = []
    if day is None or day < scheme.valid_from or (scheme.valid_to is not None and day > scheme.valid_to):
        valid = {"from": scheme.valid_from.isoformat(), "to": scheme.valid_to.isoformat() if scheme.valid_to else ""}
        found.append(Reason("scheme.not_in_force", facts={"day": day.isoformat() if day else "", **valid}))
    if terms.currency != currency:
        found.append(Reason("scheme.other_currency", facts={"scheme": terms.currency, "order": currency}))
    reach = reach_of(facts)
    if terms.reach != "both" and reach != terms.reach:
        found.append(Reason(f"scheme.only_{terms.reach}", facts={"home": scheme.home}))
    ends = {facts.get("user.jurisdiction"), facts.get("provider.jurisdiction")}
    if not ends & scheme.within:
        found.append(Reason("scheme.outside", facts={"home": scheme.home}))
    found += why_not(terms.eligible, facts)
    found += why_not(terms.counts, facts)
    for one in terms.excludes:
        if not (reasons := why_not(one, facts)):
            found += _excluded(one, facts)
        else:
            # An exclusion that can't be ruled out for want of a fact excludes: the law says who must prove what.
            found += [reason for reason in reasons if reason.code == "terms.fact_unknown" and len(reasons) == 1]
    return [replace(reason, source=scheme.source) for reason in found]


def _excluded(condition: Condition, facts: Facts) -> tuple[Reason, ...]:
    return why_not(Condition("not", (condition,)), facts)


def _limits(scheme: Scheme, gross: int) -> tuple[int, list[Reason]]:
    """What the scheme could pay of ``gross``, and the limits that bit."""
    terms = scheme.terms
    amount = Money(terms.currency, gross).times(terms.share).minor if terms.share is not None else 0
    notes: list[Reason] = []
    left = {
        "order": terms.order_cap,
        "user_year": None if terms.user_year_cap is None else terms.user_year_cap - scheme.user_year_used,
        "provider_year": (
            None if terms.provider_year_cap is None else terms.provider_year_cap - scheme.provider_year_used
        ),
        "voucher": scheme.voucher_left if scheme.voucher else None,
        "budget": None if scheme.voucher else scheme.budget_left,
    }
    for which, most in left.items():
        if most is not None and amount > max(0, most):
            amount = max(0, most)
            facts = {"limit": which, "minor": amount, "currency": terms.currency}
            notes.append(Reason("scheme.capped", Weight.NOTE, facts, scheme.source))
    return amount, notes


def offer_of(scheme: Scheme, facts: Facts, gross: Money) -> Offer:
    """What one scheme alone says to the order."""
    reasons = _why(scheme, facts, gross.currency)
    terms, amount, notes = scheme.terms, 0, list[Reason]()
    if terms.currency == gross.currency:
        amount, notes = _limits(scheme, gross.minor)
    if terms.delivery == "voucher" and not scheme.voucher:
        reasons.append(Reason("scheme.voucher_missing", facts={"scheme": scheme.code}, source=scheme.source))
    if terms.share is None:
        reasons.append(Reason("scheme.share_unknown", source=scheme.source))
    elif not amount and gross.minor:
        bit = str(notes[-1].facts["limit"]) if notes else "share"
        reasons.append(Reason("scheme.nothing_left", facts={"limit": bit}, source=scheme.source))
        notes = []
    if not scheme.verified:
        notes.append(Reason("scheme.unverified", Weight.NOTE, source=scheme.source))
    decision = Decision((*reasons, *notes))
    could = amount if decision.allowed() else 0
    return Offer(scheme.code, scheme.version, decision, could, 0, terms.delivery, scheme.voucher)


def _stack(one: Scheme, other: Scheme) -> bool:
    """Whether two schemes may pay for one order: both must let the other."""
    return all(
        this.terms.stacks_with is None or that.code in this.terms.stacks_with
        for this, that in ((one, other), (other, one))
    )


def _best_set(amounts: Mapping[str, int], stack: Mapping[tuple[str, str], bool], gross: int) -> tuple[str, ...]:
    """The stackable schemes that pay most together; of equal sets the one with fewer, then by code."""
    codes = sorted(sorted(amounts), key=lambda code: -amounts[code])[:MOST_COMBINED]
    best: tuple[tuple[int, int, tuple[str, ...]], tuple[str, ...]] = ((0, 0, ()), ())

    def extend(chosen: tuple[str, ...], rest: Sequence[str], total: int) -> None:
        nonlocal best
        rank = (-min(total, gross), len(chosen), chosen)
        if rank < best[0]:
            best = (rank, chosen)
        for number, code in enumerate(rest):
            if all(stack[code, other] for other in chosen):
                extend((*chosen, code), rest[number + 1 :], total + amounts[code])

    extend((), codes, 0)
    return best[1]


def quote(schemes: Sequence[Scheme], facts: Facts, gross: Money, only: Collection[str] | None = None) -> Quote:
    """What each scheme says to an order of ``gross``, and the best set that may pay together.

    Parameters
    ----------
    schemes : sequence of Scheme
        Those in question, each code once.
    facts : mapping
        A value for each name in `FACTS`, None or absent where unknown.
    gross : Money
        What the order costs without support.
    only : collection of str, optional
        Codes of the schemes the user wants to use; all where None.

    Returns
    -------
    Quote
        ``pays_now + vouchers = gross``; refunds are part of ``pays_now`` and come back. No scheme pays more than its
        limits; together they never pay more than ``gross``. Rewards go to the provider on top of it.

    Notes
    -----
    The best set is found exactly among the `MOST_COMBINED` that pay most. A later scheme of the set pays from what the
    ones before it left. Of two sets that pay the same the smaller wins, then the one first by code.
    """
    offers = {one.code: offer_of(one, facts, gross) for one in schemes}
    amounts = {
        code: one.could_minor
        for code, one in offers.items()
        if one.could_minor and one.delivery != "reward" and (only is None or code in only)
    }
    stack = {
        (one.code, other.code): _stack(one, other)
        for one in schemes
        if one.code in amounts
        for other in schemes
        if other.code in amounts
    }
    chosen = _best_set(amounts, stack, gross.minor)
    left = gross.minor
    for code in chosen:
        pays = min(offers[code].could_minor, left)
        left -= pays
        offers[code] = replace(offers[code], pays_minor=pays)
    for code, one in offers.items():
        if not one.could_minor or code in chosen:
            continue
        if one.delivery == "reward":  # goes to the provider and takes nothing from what others may pay
            offers[code] = replace(one, pays_minor=one.could_minor)
            continue
        if code not in amounts:
            reason = Reason("scheme.not_chosen")
        else:
            rivals = [other for other in chosen if not stack[code, other]]
            reason = (
                Reason("scheme.not_stacked", facts={"others": rivals})
                if rivals
                else Reason("scheme.nothing_left", facts={"limit": "order"})
            )
        offers[code] = replace(one, decision=one.decision + Decision((reason,)))
    now = gross.minor - sum(one.pays_minor for one in offers.values() if one.delivery == "voucher")
    back = sum(one.pays_minor for one in offers.values() if one.delivery == "refund")
    ordered = sorted(offers.values(), key=lambda one: (-one.pays_minor, not one.decision.allowed(), one.scheme))
    return Quote(gross.currency, gross.minor, tuple(ordered), now, back)


def amount_of(scheme: Scheme, gross: Money) -> int:
    """What a scheme's share and limits let it pay of ``gross``, conditions apart; nothing in another currency."""
    return _limits(scheme, gross.minor)[0] if scheme.terms.currency == gross.currency else 0


def best_support(schemes: Sequence[Scheme], amounts: Sequence[int], gross_minor: int) -> int:
    """What schemes found payable (`compiled` conditions and `amount_of` say so) pay together: for lists."""
    could = {one.code: amount for one, amount in zip(schemes, amounts, strict=True)}
    stack = {(one.code, other.code): _stack(one, other) for one in schemes for other in schemes}
    return min(gross_minor, sum(could[code] for code in _best_set(could, stack, gross_minor)))
