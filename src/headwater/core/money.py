"""Money as integer minor units and a currency; never a float."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, DecimalException, InvalidOperation

# ISO 4217 currencies whose minor unit is not a hundredth.
MINOR_DIGITS = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "KWD": 3, "BHD": 3, "TND": 3}


class MoneyError(ValueError):
    """An amount that is none, or sums over two currencies."""


def minor_digits(currency: str) -> int:
    """How many digits the minor unit of ``currency`` has."""
    return MINOR_DIGITS.get(currency, 2)


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """``minor`` minor units (fen, cents) of ``currency`` (ISO 4217)."""

    currency: str
    minor: int

    @classmethod
    def parse(cls, text: str | int | Decimal, currency: str) -> Money:
        """Read an amount in major units; ``"1,250.50"`` of CNY is 125050 fen. Rounds half to even."""
        try:
            amount = Decimal(str(text).replace(",", "").replace("，", "").strip())
        except InvalidOperation as error:
            raise MoneyError(f"{text!r} is not an amount of money.") from error
        if not amount.is_finite():
            raise MoneyError(f"{text!r} is not an amount of money.")
        if len(currency) != 3 or not currency.isupper():
            raise MoneyError(f"{currency!r} is not an ISO 4217 currency.")
        try:
            scaled = amount.scaleb(minor_digits(currency)).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
        except DecimalException as error:
            raise MoneyError(f"{text!r} is more than any amount of money.") from error
        return cls(currency, int(scaled))

    @property
    def major(self) -> Decimal:
        """The amount in major units, exact."""
        return Decimal(self.minor).scaleb(-minor_digits(self.currency))

    def times(self, factor: Decimal) -> Money:
        """``factor`` times the amount, rounded half to even: the one place where a product of money is rounded."""
        try:
            product = (Decimal(self.minor) * factor).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
        except DecimalException as error:
            raise MoneyError(f"{self.minor} times {factor} is no amount of money.") from error
        return Money(self.currency, int(product))

    def __add__(self, other: Money) -> Money:
        if self.currency != other.currency:
            raise MoneyError(f"{self.currency} and {other.currency} can't be added.")
        return Money(self.currency, self.minor + other.minor)
