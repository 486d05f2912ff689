"""Tells people of partnering, in the caller's transaction. A notice names the public title and no more of the text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from headwater.accounts.actions.notices import tell
from headwater.accounts.models import User
from headwater.partnering import queries
from headwater.partnering.models import Challenge, Partnership
from headwater.registry.models.base import Named


def both(record: Named) -> dict[str, str]:
    """A name in both languages, as notices show it."""
    return {"zh": record.name_zh, "en": record.name_en}


def path_of(challenge: Challenge) -> str:
    return f"/challenges/{challenge.public_id}/"


def user(
    who: User, challenge: Challenge, code: str, facts: Mapping[str, object], *, at: datetime, key: str = ""
) -> bool:
    """Tell one person of a challenge; says whether she had not been told before."""
    facts = {"title": both(challenge), **facts}
    return tell(who, code, facts, path=path_of(challenge), at=at, key=key) is not None


def _all(people: Iterable[User], challenge: Challenge, code: str, facts: Mapping[str, object], *, at: datetime) -> None:
    for one in {person.pk: person for person in people}.values():
        user(one, challenge, code, facts, at=at)


def company(challenge: Challenge, code: str, facts: Mapping[str, object], *, at: datetime) -> None:
    _all(
        queries.managers_of([challenge.organisation_id]).get(challenge.organisation_id, ()),
        challenge,
        code,
        facts,
        at=at,
    )


def broker(challenge: Challenge, code: str, facts: Mapping[str, object], *, at: datetime) -> None:
    _all([challenge.broker] if challenge.broker else [], challenge, code, facts, at=at)


def brokers(challenge: Challenge, code: str, facts: Mapping[str, object], *, at: datetime) -> None:
    _all([challenge.broker] if challenge.broker else queries.brokers(), challenge, code, facts, at=at)


def deciders(challenge: Challenge, code: str, facts: Mapping[str, object], *, at: datetime) -> None:
    """The company and its broker."""
    people = list(queries.managers_of([challenge.organisation_id]).get(challenge.organisation_id, ()))
    _all([*people, *([challenge.broker] if challenge.broker else [])], challenge, code, facts, at=at)


def labs(
    challenge: Challenge, organisation_ids: Iterable[int], code: str, facts: Mapping[str, object], *, at: datetime,
    key: str = "",
) -> int:  # fmt: skip
    """Whoever acts for these organisations; says how many people were told."""
    people = {one.pk: one for rows in queries.managers_of(organisation_ids).values() for one in rows}
    return sum(user(one, challenge, code, facts, at=at, key=key) for one in people.values())


def members(
    partnership: Partnership, organisation_ids: Iterable[int], code: str, facts: Mapping[str, object], *, at: datetime
) -> None:
    """Whoever acts for these members of a partnership."""
    people = {one.pk: one for rows in queries.managers_of(organisation_ids).values() for one in rows}
    for one in people.values():
        tell(one, code, {"title": both(partnership), **facts}, path=f"/consortia/{partnership.public_id}/", at=at)
