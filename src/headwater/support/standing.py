"""What may have changed since the last quote, read in two statements: a quote is asked for while somebody looks on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection

from headwater.registry.models import Instrument, Organisation
from headwater.support.book import STAMP, Stamp
from headwater.support.quotes import HeldVoucher
from headwater.support.rules import WantedProof

VOUCHERS = """
    SELECT jsonb_agg(jsonb_build_array(v.id, v.public_id, v.version_id, j.code, a.key, v.currency, a.balance_minor)
        ORDER BY v.valid_to DESC, v.id DESC)
    FROM support_voucher v JOIN support_account a ON a.id = v.account_id
        JOIN registry_jurisdiction j ON j.id = v.payer_id
    WHERE v.organisation_id = %(organisation)s AND v.state = 'issued' AND a.balance_minor > 0
        AND v.valid_to >= %(day)s
"""
TABLE = """
    SELECT public_id FROM support_ratetable
    WHERE owner_id = %(provider)s AND (instrument_id = %(instrument)s OR instrument_id IS NULL)
        AND valid_from <= %(day)s AND (valid_to IS NULL OR valid_to >= %(day)s)
    ORDER BY instrument_id IS NULL, number DESC LIMIT 1
"""
TECHNIQUES = """
    SELECT jsonb_agg(jsonb_build_array(own.code, above.code))
    FROM registry_instrumenttechnique one JOIN registry_technique own ON own.id = one.technique_id
        LEFT JOIN registry_technique above ON above.id = own.parent_id
    WHERE one.instrument_id = %(instrument)s
"""
RELATED = """
    EXISTS (SELECT FROM registry_tie WHERE kind = 'ownership' AND (
        (start_id = %(organisation)s AND end_id = %(provider)s)
        OR (start_id = %(provider)s AND end_id = %(organisation)s)))
"""
STANDING = f"stamp.*, ({VOUCHERS}), ({TABLE}), ({TECHNIQUES}), {RELATED} FROM (SELECT {STAMP}) stamp"
LEFT = """
        (SELECT jsonb_object_agg(key, balance_minor) FROM support_account WHERE key = ANY(%(keys)s)),
        (SELECT jsonb_agg(jsonb_build_array(scheme_id, who, used_minor)) FROM support_capuse WHERE year = %(year)s
            AND ((who = 'provider' AND organisation_id = %(provider)s)
                OR (who = 'user' AND organisation_id = %(organisation)s)))
"""


ASKED = """
    local.day, EXISTS (SELECT FROM support_ratetable
        WHERE owner_id = %(owner)s AND (instrument_id = %(instrument)s OR instrument_id IS NULL)
            AND valid_from <= local.day AND (valid_to IS NULL OR valid_to >= local.day)),
    (SELECT jsonb_agg(jsonb_build_array(kind, code, name_zh, name_en) ORDER BY kind, code) FROM (
        SELECT DISTINCT ON (kind, code) kind, code, name_zh, name_en FROM support_requirement
        WHERE owner_id = %(owner)s AND (instrument_id = %(instrument)s OR instrument_id IS NULL) AND ended_at IS NULL
        ORDER BY kind, code, instrument_id NULLS LAST) wanted)
    FROM (SELECT (%(at)s::timestamptz AT TIME ZONE home.timezone)::date AS day
        FROM registry_instrument one JOIN registry_city place ON place.id = one.city_id
            JOIN registry_jurisdiction home ON home.id = place.jurisdiction_id
        WHERE one.id = %(instrument)s) local
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """What an order's quote rests on beside who asks: the stamp of the schemes, vouchers (the one that lapses first
    last), the rate table's id, the instrument's techniques, whether one end owns the other."""

    stamp: Stamp
    vouchers: tuple[HeldVoucher, ...]
    table: str
    techniques: frozenset[str]
    related: bool


def _json(text: str | None) -> Any:
    return json.loads(text) if text else []


def standing_for(
    organisation: Organisation | None,
    day: date,
    provider: Organisation | None = None,
    instrument: Instrument | None = None,
) -> Standing:
    """What stands for an order on ``day``; one query."""
    given = {
        "organisation": organisation.pk if organisation is not None else None,
        "provider": provider.pk if provider is not None else None,
        "instrument": instrument.pk if instrument is not None else None,
        "day": day,
    }
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {STANDING}", given)
        count, last, mark, vouchers, table, techniques, tied = cursor.fetchone()
    codes = {code for pair in _json(techniques) for code in pair if code is not None}
    same = organisation is not None and provider is not None and organisation.pk == provider.pk
    return Standing(
        (count, last, mark),
        tuple(HeldVoucher(*row) for row in _json(vouchers)),
        table or "",
        frozenset(codes),
        tied or same,
    )


def left_in(
    keys: Iterable[str], organisation: Organisation | None, provider: Organisation, day: date
) -> tuple[Mapping[str, int], Mapping[tuple[int, str], int]]:
    """The balances of accounts by key, and what user and provider have had of each scheme this year; one query."""
    given = {
        "keys": list(keys),
        "organisation": organisation.pk if organisation is not None else None,
        "provider": provider.pk,
        "year": day.year,
    }
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {LEFT}", given)
        balances, used = cursor.fetchone()
    return dict(_json(balances)), {(scheme, who): minor for scheme, who, minor in _json(used)}


@dataclass(frozen=True, slots=True)
class Asked:
    """What stands before time on an instrument: its day by the instrument's clocks, whether it has a price, and what
    the owner asks of people first."""

    day: date
    priced: bool
    wanted: tuple[WantedProof, ...]


def asked_of(owner_id: int, instrument_id: int, at: datetime) -> Asked:
    """What stands before time on an instrument that begins at ``at``; one query."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {ASKED}", {"owner": owner_id, "instrument": instrument_id, "at": at})
        day, priced, wanted = cursor.fetchone()
    return Asked(day, priced, tuple(WantedProof(*row) for row in _json(wanted)))
