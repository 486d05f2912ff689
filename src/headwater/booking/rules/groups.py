"""Who may make and change groups that share a limit, and who may be in one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from headwater.booking.rules.terms import Asker, may_manage_time
from headwater.core.decision import Decision, Reason

LONGEST_CODE, LONGEST_GROUP_NAME = 40, 300
MOST_MEMBERS = 1_000
MOST_GROUPS = 1_000


@dataclass(frozen=True, slots=True)
class GroupFacts:
    """A group as a manager wants it to be, beside what the owner has already."""

    asker: Asker
    code: str
    names: tuple[str, str]
    taken: bool
    groups: int


def may_have_group(facts: GroupFacts) -> Decision:
    """Say whether an owner may have a group of this code and these names."""
    found = list(may_manage_time(facts.asker).reasons)
    if not facts.code or len(facts.code) > LONGEST_CODE or not facts.code.isprintable():
        found.append(Reason("group.code", facts={"most": LONGEST_CODE}))
    if not any(facts.names) or max(map(len, facts.names)) > LONGEST_GROUP_NAME:
        found.append(Reason("group.name", facts={"most": LONGEST_GROUP_NAME}))
    if facts.taken:
        found.append(Reason("group.code_taken", facts={"code": facts.code}))
    if facts.groups >= MOST_GROUPS:
        found.append(Reason("group.too_many", facts={"most": MOST_GROUPS}))
    return Decision(tuple(found))


@dataclass(frozen=True, slots=True)
class JoinFacts:
    """People whom a manager wants in a group: who is unknown, and who is in another of the owner's groups."""

    asker: Asker
    unknown: Sequence[str] = ()
    elsewhere: Sequence[tuple[str, str]] = ()
    members: int = 0


def may_join_group(facts: JoinFacts) -> Decision:
    """Say whether they may be in the group; all reasons, one a person."""
    found = list(may_manage_time(facts.asker).reasons)
    found += [Reason("person.not_found", facts={"email": one}) for one in facts.unknown]
    found += [Reason("group.elsewhere", facts={"email": email, "code": code}) for email, code in facts.elsewhere]
    if facts.members > MOST_MEMBERS:
        found.append(Reason("group.too_large", facts={"most": MOST_MEMBERS}))
    return Decision(tuple(found))
