"""Public ids: short, opaque, stable, unique across nodes; and check digits of outside ids."""

from __future__ import annotations

import hashlib
import re
import secrets

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u
LENGTH = 12  # 60 bits

_ORCID = re.compile(r"\d{4}-\d{4}-\d{4}-\d{3}[\dX]")
_ROR = re.compile(r"0[0-9a-hj-km-np-tv-z]{6}\d{2}")


def _encode(bits: int) -> str:
    return "".join(ALPHABET[bits >> 5 * place & 31] for place in reversed(range(LENGTH)))


def new_id(kind: str, node: str) -> str:
    """A fresh public id, e.g. ``ins_yrd3k9…``; ``node`` keeps it apart from other nodes' ids."""
    return f"{kind}_{node}{_encode(secrets.randbits(5 * LENGTH))}"


def derived_id(kind: str, node: str, *key: str) -> str:
    """The public id of a record known by ``key``: the same on every load of the same facts."""
    digest = hashlib.sha256("\x1f".join((kind, node, *key)).encode()).digest()
    return f"{kind}_{node}{_encode(int.from_bytes(digest[:8]) >> 4)}"


def valid_orcid(text: str) -> bool:
    """Whether ``text`` is an ORCID iD with a right check digit (ISO 7064 mod 11-2)."""
    if not _ORCID.fullmatch(text):
        return False
    total = 0
    for digit in text.replace("-", "")[:-1]:
        total = (total + int(digit)) * 2
    check = (12 - total % 11) % 11
    return text[-1] == ("X" if check == 10 else str(check))


def valid_ror(text: str) -> bool:
    """Whether ``text`` is a ROR id (nine characters) with right check digits (ISO 7064 mod 97-10)."""
    if not _ROR.fullmatch(text):
        return False
    number = 0
    for letter in text[1:7]:
        number = number * 32 + ALPHABET.index(letter)
    return int(text[7:]) == 98 - number * 100 % 97
