"""Terms and money: conditions as data, rates, schemes, and the quote they give together.

`read_terms` and `read_rates` take what officers and owners write and say all that is wrong with it; `price` counts what
an order costs; `quote` says which schemes pay how much of it, and for each one that does not, why and what would help.
Nothing in the data is ever run as a program: a condition is one of a dozen words on a known fact.
"""

from headwater.engines.terms.assessing import Assessment, Formula, Measure, assess, read_formula
from headwater.engines.terms.conditions import (
    FACTS,
    Condition,
    FactKind,
    TermsError,
    as_data,
    compiled,
    holds,
    read_condition,
    why_not,
)
from headwater.engines.terms.pricing import (
    Line,
    Price,
    Rates,
    Wanted,
    late_fee,
    peak_hours,
    price,
    rates_as_data,
    read_rates,
)
from headwater.engines.terms.quoting import Offer, Quote, Scheme, amount_of, best_support, quote
from headwater.engines.terms.schemes import Terms, read_terms, terms_as_data
from headwater.engines.terms.settling import Debt, net_positions

__all__ = [
    "FACTS",
    "Assessment",
    "Condition",
    "Debt",
    "FactKind",
    "Formula",
    "Line",
    "Measure",
    "Offer",
    "Price",
    "Quote",
    "Rates",
    "Scheme",
    "Terms",
    "TermsError",
    "Wanted",
    "amount_of",
    "as_data",
    "assess",
    "best_support",
    "compiled",
    "holds",
    "late_fee",
    "net_positions",
    "peak_hours",
    "price",
    "quote",
    "rates_as_data",
    "read_condition",
    "read_formula",
    "read_rates",
    "read_terms",
    "terms_as_data",
    "why_not",
]
