"""The terms of a scheme: who is eligible, what counts, which share is paid, by whom, up to which caps."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from headwater.core.decision import Reason
from headwater.core.money import Money, MoneyError
from headwater.engines.terms.conditions import (
    ALWAYS,
    Condition,
    TermsError,
    as_data,
    fault,
    read_condition,
    shown,
)

REACHES = ("inside", "cross_border", "both")
DELIVERIES = ("voucher", "refund", "reward")
PAYERS = ("user_home", "provider_home", "scheme_home")
DOCUMENTS = ("contract", "invoice", "report", "payment_proof", "other")
CURRENCY = re.compile(r"[A-Z]{3}")
MOST_MINOR = 10**15


@dataclass(frozen=True, slots=True)
class Terms:
    """What a version of a scheme says.

    ``share`` None: not known, so that nothing is paid until a version says it. ``reach``: orders inside one
    jurisdiction, across a border, or both. ``delivery``: a voucher that lowers what the user pays, a refund after she
    paid, or a reward to the provider on top of it. ``pays``: which jurisdictions pay, with their shares (sum 1).
    ``stacks_with``: codes of schemes that may pay for the same order, None for any. Money in minor units.
    """

    currency: str
    share: Decimal | None
    eligible: Condition = ALWAYS
    counts: Condition = ALWAYS
    excludes: tuple[Condition, ...] = ()
    reach: str = "both"
    delivery: str = "voucher"
    pays: tuple[tuple[str, Decimal], ...] = (("user_home", Decimal(1)),)
    order_cap: int | None = None
    user_year_cap: int | None = None
    provider_year_cap: int | None = None
    voucher_most: int | None = None
    voucher_days: int = 365
    claim_days: int = 90
    four_eyes_above: int | None = None
    documents: tuple[str, ...] = ("contract", "invoice", "report")
    stacks_with: frozenset[str] | None = field(default_factory=frozenset)


class _Reader:
    """Reads one mapping's fields and gathers what is wrong."""

    def __init__(self, data: Mapping[str, Any], where: str) -> None:
        self.data, self.where, self.faults = data, where, list[Reason]()
        self.known: set[str] = set()

    def at(self, name: str) -> str:
        return f"{self.where}.{name}" if self.where else name

    def take(self, name: str, read: Callable[[Any], Any], default: Any, want: str) -> Any:
        self.known.add(name)
        given = self.data.get(name)
        if given is None or given == "":
            return default
        try:
            return read(given)
        except TermsError as error:
            self.faults.extend(error.decision.reasons)
        except (ValueError, TypeError, InvalidOperation, MoneyError):
            self.faults.append(fault("terms.wrong_value", self.at(name), got=shown(given), want=want))
        return default

    def need(self, name: str, read: Callable[[Any], Any], default: Any, want: str) -> Any:
        if self.data.get(name) in (None, ""):
            self.known.add(name)
            self.faults.append(fault("terms.missing", self.at(name), want=want))
            return default
        return self.take(name, read, default, want)

    def finish(self) -> None:
        """Fields that mean nothing here are faults too: a misspelt cap is no cap."""
        self.faults.extend(
            fault("terms.unknown_field", self.at(str(name)), want=", ".join(sorted(self.known)))
            for name in self.data
            if name not in self.known
        )
        if self.faults:
            raise TermsError(*self.faults)


def read_share(value: Any) -> Decimal:
    """A share above 0 and up to 1; ``"50 %"`` is a half."""
    if isinstance(value, bool):
        raise TypeError(value)
    text = str(value).strip()
    share = Decimal(text.rstrip("%％ ")) / 100 if text.endswith(("%", "％")) else Decimal(text)
    if not share.is_finite() or not 0 < share <= 1:
        raise ValueError(value)
    return share


def read_amount(value: Any, currency: str) -> int:
    """An amount of major units as minor units, from 0 to 10^15."""
    if isinstance(value, bool | float):
        raise TypeError(value)
    minor = Money.parse(value, currency).minor
    if not 0 <= minor <= MOST_MINOR:
        raise ValueError(value)
    return minor


def read_whole(value: Any, least: int, most: int) -> int:
    """A whole number within bounds."""
    if isinstance(value, bool | float) or not least <= int(value) <= most:
        raise ValueError(value)
    return int(value)


def _word(value: Any, known: tuple[str, ...]) -> str:
    if value not in known:
        raise ValueError(value)
    return str(value)


def _documents(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(value)
    return tuple(dict.fromkeys(_word(one, DOCUMENTS) for one in value))


def _stacks(value: Any) -> frozenset[str] | None:
    if value == "any":
        return None
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise ValueError(value)
    return frozenset(value)


def _pays(value: Any) -> tuple[tuple[str, Decimal], ...]:
    if isinstance(value, str):
        return ((_word(value, PAYERS), Decimal(1)),)
    shares = tuple((_word(who, PAYERS), read_share(share)) for who, share in dict(value).items())
    if sum(share for _who, share in shares) != 1:
        raise ValueError(value)
    return shares


def read_terms(data: object) -> Terms:
    """A scheme's terms from their data; raises `TermsError` with one reason for each fault."""
    if not isinstance(data, Mapping):
        raise TermsError(fault("terms.not_terms", "terms", got=shown(data)))
    form = _Reader(data, "")

    def currency(value: Any) -> str:
        if not CURRENCY.fullmatch(value):
            raise ValueError(value)
        return str(value)

    money_of = form.need("currency", currency, "XXX", "CNY")

    def amount(value: Any) -> int:
        return read_amount(value, money_of)

    def condition(name: str) -> Condition:
        read: Condition = form.take(name, lambda data: read_condition(data, money_of, name), ALWAYS, "a condition")
        return read

    def excluded(value: Any) -> tuple[Condition, ...]:
        if not isinstance(value, list):
            raise TypeError(value)
        return tuple(read_condition(one, money_of, f"excludes[{n}]") for n, one in enumerate(value))

    found = Terms(
        currency=money_of,
        share=form.take("share", read_share, None, "0.5"),
        eligible=condition("eligible"),
        counts=condition("counts"),
        excludes=form.take("excludes", excluded, (), "a list of conditions"),
        reach=form.take("reach", lambda one: _word(one, REACHES), "both", ", ".join(REACHES)),
        delivery=form.take("delivery", lambda one: _word(one, DELIVERIES), "voucher", ", ".join(DELIVERIES)),
        pays=form.take("pays", _pays, (("user_home", Decimal(1)),), f"{', '.join(PAYERS)}; shares must add up to 1"),
        order_cap=form.take("order_cap", amount, None, "100000.00"),
        user_year_cap=form.take("user_year_cap", amount, None, "300000.00"),
        provider_year_cap=form.take("provider_year_cap", amount, None, "5000000.00"),
        voucher_most=form.take("voucher_most", amount, None, "100000.00"),
        voucher_days=form.take("voucher_days", lambda one: read_whole(one, 1, 3650), 365, "1 … 3650"),
        claim_days=form.take("claim_days", lambda one: read_whole(one, 1, 3650), 90, "1 … 3650"),
        four_eyes_above=form.take("four_eyes_above", amount, None, "50000.00"),
        documents=form.take("documents", _documents, ("contract", "invoice", "report"), ", ".join(DOCUMENTS)),
        stacks_with=form.take("stacks_with", _stacks, frozenset(), 'a list of codes, or "any"'),
    )
    if found.delivery == "voucher" and len(found.pays) > 1:
        form.faults.append(fault("terms.voucher_split", "pays"))
    form.finish()
    return found


def terms_as_data(terms: Terms) -> dict[str, Any]:
    """The terms as data that `read_terms` reads again as the same."""

    def money(minor: int | None) -> str | None:
        return None if minor is None else str(Money(terms.currency, minor).major)

    data: dict[str, Any] = {
        "currency": terms.currency,
        "share": None if terms.share is None else str(terms.share),
        "reach": terms.reach,
        "delivery": terms.delivery,
        "pays": terms.pays[0][0] if len(terms.pays) == 1 else {who: str(share) for who, share in terms.pays},
        "eligible": as_data(terms.eligible, terms.currency),
        "counts": as_data(terms.counts, terms.currency),
        "excludes": [as_data(one, terms.currency) for one in terms.excludes],
        "voucher_days": terms.voucher_days,
        "claim_days": terms.claim_days,
        "documents": list(terms.documents),
        "stacks_with": "any" if terms.stacks_with is None else sorted(terms.stacks_with),
    }
    for name in ("order_cap", "user_year_cap", "provider_year_cap", "voucher_most", "four_eyes_above"):
        if (text := money(getattr(terms, name))) is not None:
            data[name] = text
    return data
