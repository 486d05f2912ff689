"""An instrument's words as PostgreSQL keeps them: a tsvector's text from the record's texts. Pure.

What a person may type stands with its place and a weight: names, makers and models A, what is measured B, organisation
and place C, descriptions D. Codes stand beside them, each with a leading ``#`` that no text can hold: ``#t12`` is
technique 12, ``#c3`` city 3. A code never goes stale when a name changes, and one code stands for all names of a thing
in both languages, which a query names instead (see `headwater.catalogue.query`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from headwater.engines.relevance import tokens

LONGEST = 120  # letters of one token that count; PostgreSQL refuses words of two thousand
GAP = 2  # places left free between two texts, so that no phrase runs from one into the next

# Lower bounds of the bands of value, in major units of the instrument's own currency.
BANDS = (0, 500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000)

# What an instrument is worth showing first, in per cent: one that can be used, before one that cannot.
STANDING_BY_STATUS = {"operating": 100, "out_of_service": 50, "planned": 40, "decommissioned": 20}
STANDING_INTERNAL = 60


def band_of(value_major: int | None) -> int | None:
    """The number of the band a value lies in; None for an unknown one."""
    if value_major is None:
        return None
    return sum(value_major >= low for low in BANDS) - 1


def standing_of(status: str, access: str) -> int:
    """How early an instrument is shown among equals, 0 to 100."""
    standing = STANDING_BY_STATUS.get(status, 50)
    return standing * STANDING_INTERNAL // 100 if access == "internal" else standing


@lru_cache(maxsize=50_000)
def _split(text: str) -> tuple[str, ...]:
    """Texts repeat: makers, owners, quantities."""
    return tuple(token[:LONGEST] for token in tokens(text))


_PARTS = re.compile(r"[^\W\d_]+|\d+", re.UNICODE)


@lru_cache(maxsize=50_000)
def spellings_of(model: str) -> tuple[str, ...]:
    """A model's number as people write it: as it stands, in one, and letters apart from digits."""
    return tuple(dict.fromkeys((model, "".join(model.split()), " ".join(_PARTS.findall(model)))))


@dataclass(frozen=True, slots=True)
class Texts:
    """What one instrument says, by weight."""

    names: Sequence[str]
    measured: Sequence[str]
    places: Sequence[str]
    descriptions: Sequence[str]


def vector(texts: Texts, codes: Iterable[str], chief: Iterable[str] = ()) -> str:
    """The text of a tsvector.

    Parameters
    ----------
    texts : Texts
    codes : iterable of str
        Codes that only narrow, without place or weight.
    chief : iterable of str
        Codes that count as words of weight A, the first one, and B: the instrument's techniques.

    Returns
    -------
    str
        Each token once, with its places and weights.
    """
    places: dict[str, str] = {}
    known = places.get
    at = 1
    for weight, group in (
        ("A,", texts.names),
        ("B,", texts.measured),
        ("C,", texts.places),
        ("D,", texts.descriptions),
    ):
        for text in group:
            if not text:
                continue
            for token in _split(text):
                places[token] = f"{known(token, '')}{at}{weight}"
                at += 1
            at += GAP
    # Tokens are letters and digits, with a point or comma at most: nothing in them needs to be escaped.
    out = [f"'{token}':{found[:-1]}" for token, found in places.items()]
    out += [f"'{code}':{rank + 1}{'A' if rank == 0 else 'B'}" for rank, code in enumerate(dict.fromkeys(chief))]
    out += [f"'{code}'" for code in dict.fromkeys(codes)]
    return " ".join(out)
