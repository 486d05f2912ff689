"""The micro-records' tables: what columns each Parquet file of the store has."""

from __future__ import annotations

import hashlib

import pyarrow as pa

TEXT, WHOLE, NUMBER, DAY, YES = pa.string(), pa.int32(), pa.float64(), pa.date32(), pa.bool_()
KEY = pa.int64()
# Where a row comes from: the intake that brought it, and whether it was made up.
FROM = {"origin": TEXT, "synthetic": YES}
# Where something is: a city of the registry, empty elsewhere; coordinates, empty where the place isn't known.
PLACED = {"city": TEXT, "country": TEXT, "lat": NUMBER, "lon": NUMBER}

TABLES: dict[str, pa.Schema] = {
    name: pa.schema({**columns, **FROM})
    for name, columns in {
        # A paper, patent or deal; ``key`` is the number its addresses know it by.
        "documents": {"key": KEY, "id": TEXT, "kind": TEXT, "date": DAY, "venue": TEXT, "field": TEXT},
        # One address of a document. ``part`` is the part of the document it holds; the parts of one sum to 1.
        "addresses": {
            "document": KEY,
            "kind": TEXT,
            "date": DAY,
            "person": KEY,
            "organisation": TEXT,
            "leads": YES,
            "part": NUMBER,
            **PLACED,
        },
        "firms": {
            "id": TEXT,
            "name": TEXT,
            "founded": DAY,
            "closed": DAY,
            "industry": TEXT,
            "high_tech": YES,
            "technology": YES,
            "board": TEXT,
            "employees": WHOLE,
            "zone": TEXT,
            **PLACED,
        },
        # Ranked or plain lists: of journals (members are venues) or of firms (members are ids); dated by ``as_of``.
        "listed": {"list": TEXT, "member": TEXT, "rank": WHOLE, "as_of": DAY},
        # A firm's branch, laboratory or centre in a park.
        "presences": {"firm": TEXT, "zone": TEXT, "kind": TEXT, "since": DAY},
        # Who supplies a plant, which is named by its park; ``weight`` is 1 or the value supplied.
        "suppliers": {"plant": TEXT, "name": TEXT, "weight": NUMBER, **PLACED},
        # A user project at a facility, from the city of its users' institution.
        "projects": {
            "facility": TEXT,
            "id": TEXT,
            "date": DAY,
            "users": WHOLE,
            "hours_asked": NUMBER,
            "hours": NUMBER,
            **PLACED,
        },
        # Hours of an instrument in one city used from another; whose it is and whose people used it, by code.
        "uses": {
            "id": TEXT,
            "date": DAY,
            "instrument_city": TEXT,
            "user_city": TEXT,
            "hours": NUMBER,
            "owner": TEXT,
            "user": TEXT,
        },
        # Money from one city to another, such as a voucher redeemed there.
        "payments": {"id": TEXT, "date": DAY, "kind": TEXT, "from_city": TEXT, "to_city": TEXT, "amount_cny": NUMBER},
        # A member of a consortium, joint centre or partnership.
        "alliances": {
            "id": TEXT,
            "kind": TEXT,
            "name": TEXT,
            "member": TEXT,
            "member_kind": TEXT,
            "city": TEXT,
            "since": DAY,
            "until": DAY,
        },
        # A published challenge; without a city where its company keeps its name to itself.
        "challenges": {"id": TEXT, "date": DAY, "state": TEXT, "outcome": TEXT, "city": TEXT},
        # Research organisations of the world, as open registries have them.
        "institutions": {"id": TEXT, "ror": TEXT, "name": TEXT, "kind": TEXT, **PLACED},
    }.items()
}


def key_of(kind: str, identifier: str) -> int:
    """The number that a document or person is known by in the store: the same in every file and on every machine."""
    digest = hashlib.blake2b(f"{kind}:{identifier}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) >> 1
