"""Groups that share a limit: made, filled, emptied, dissolved by the managers of the owner's instruments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from headwater.accounts.actions.notices import tell
from headwater.accounts.audit import Act, Actor, record
from headwater.accounts.models import User
from headwater.booking import queries, rules
from headwater.booking.actions.settling import settled
from headwater.booking.facts import asker_of
from headwater.booking.models import Group, GroupMember
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.core.identity import new_id
from headwater.registry.models import Organisation
from headwater.registry.rules import Viewer


def found_owner(public_id: str, viewer: Viewer) -> Organisation:
    """The organisation whose groups ``viewer`` may manage."""
    owner = queries.owner(public_id)
    if owner is None:
        raise Refused(Decision((Reason("group.no_owner"),)))
    permit(rules.may_manage_time(asker_of(viewer, owner.pk)))
    return owner


def found_group(public_id: str, viewer: Viewer) -> Group:
    """The group if ``viewer`` may see it and who is in it; a hidden one is as if it were not there."""
    group = queries.group(public_id)
    if group is None:
        raise Refused(Decision((Reason("group.not_found"),)))
    is_member = viewer.user_id is not None and queries.is_in_group(group.pk, viewer.user_id)
    permit(rules.may_see_group(asker_of(viewer, group.owner_id), is_member=is_member))
    return group


def _managed(public_id: str, viewer: Viewer) -> Group:
    group = found_group(public_id, viewer)
    permit(rules.may_manage_time(asker_of(viewer, group.owner_id)))
    return group


def _named(group: Group) -> dict[str, str]:
    return {"zh": group.name_zh, "en": group.name_en}


def _tell(user: User, group: Group, code: str, *, at: datetime) -> None:
    facts = {"group": _named(group), "owner": {"zh": group.owner.name_zh, "en": group.owner.name_en}}
    path = f"/groups/{group.public_id}/" if code == "group.joined" else "/bookings/"
    tell(user, code, facts, path=path, at=at, key=f"{code}:{group.public_id}:{user.pk}:{at.isoformat()}")


@settled
def make_group(owner_id: str, code: str, names: tuple[str, str], viewer: Viewer, *, by: Actor, at: datetime) -> Group:
    """Make a group without members; ``names`` are the Chinese and the English one."""
    owner = found_owner(owner_id, viewer)
    return _make(owner, code.strip(), (names[0].strip(), names[1].strip()), viewer, by=by, at=at)


def _make(owner: Organisation, code: str, names: tuple[str, str], viewer: Viewer, *, by: Actor, at: datetime) -> Group:
    known = queries.group_codes(owner.pk)
    permit(rules.may_have_group(rules.GroupFacts(asker_of(viewer, owner.pk), code, names, code in known, len(known))))
    group = Group.objects.create(
        public_id=new_id(Group.KIND, queries.node()),
        owner=owner,
        code=code,
        name_zh=names[0],
        name_en=names[1],
        made_by=by.user,
        made_at=at,
    )
    record(Act("group.made", group.public_id, {"code": [None, code], "names": [None, list(names)]}), by=by, at=at)
    return group


@settled
def rename_group(public_id: str, names: tuple[str, str], viewer: Viewer, *, by: Actor, at: datetime) -> Group:
    """Give a group other names; its code stays."""
    group = _managed(public_id, viewer)
    new = names[0].strip(), names[1].strip()
    permit(rules.may_have_group(rules.GroupFacts(asker_of(viewer, group.owner_id), group.code, new, False, 0)))
    old = [group.name_zh, group.name_en]
    if old != list(new):
        group.name_zh, group.name_en = new
        group.save(update_fields=["name_zh", "name_en"])
        record(Act("group.renamed", group.public_id, {"names": [old, list(new)]}), by=by, at=at)
    return group


@settled
def add_members(public_id: str, emails: Iterable[str], viewer: Viewer, *, by: Actor, at: datetime) -> list[GroupMember]:
    """Add people to a group, all of them or none; who is in it already stays. Their bookings count from now on."""
    return _add(_managed(public_id, viewer), emails, viewer, by=by, at=at)


def _add(group: Group, emails: Iterable[str], viewer: Viewer, *, by: Actor, at: datetime) -> list[GroupMember]:
    wanted = {one.strip().lower(): one.strip() for one in emails if one.strip()}
    people = {one.email.lower(): one for one in queries.people(wanted.values())}
    groups = queries.membership_in(group.owner_id)
    here = {user for user, theirs in groups.items() if theirs.pk == group.pk}
    elsewhere = [(one.email, groups[one.pk].code) for one in people.values() if groups.get(one.pk, group) != group]
    fresh = [one for one in people.values() if one.pk not in groups]
    permit(
        rules.may_join_group(
            rules.JoinFacts(
                asker_of(viewer, group.owner_id),
                unknown=[text for key, text in wanted.items() if key not in people],
                elsewhere=sorted(elsewhere),
                members=len(here) + len(fresh),
            )
        )
    )
    made = [GroupMember(group=group, owner_id=group.owner_id, user=one, since=at) for one in fresh]
    GroupMember.objects.bulk_create(made)
    if made:
        added = sorted(one.email for one in fresh)
        record(Act("group.joined", group.public_id, {"members": [None, added]}), by=by, at=at)
    for one in fresh:
        _tell(one, group, "group.joined", at=at)
    return made


@settled
def remove_member(public_id: str, email: str, viewer: Viewer, *, by: Actor, at: datetime) -> None:
    """Take somebody out of a group; her bookings stay and count for it no more. A second time changes nothing.

    The owner's managers do: whoever could leave by herself would leave the limit behind.
    """
    group = _managed(public_id, viewer)
    row = queries.members_in(group.pk).filter(user__email__iexact=email.strip()).first()
    if row is None:
        return
    row.delete()
    record(Act("group.left", group.public_id, {"members": [[row.user.email], None]}), by=by, at=at)
    _tell(row.user, group, "group.left", at=at)


@settled
def dissolve_group(public_id: str, viewer: Viewer, *, by: Actor, at: datetime) -> None:
    """End a group; nobody's bookings count for it any more, and its code may be used again."""
    group = _managed(public_id, viewer)
    members = list(queries.members_in(group.pk))
    emails = [one.user.email for one in members]
    record(
        Act("group.dissolved", group.public_id, {"code": [group.code, None], "members": [emails, None]}), by=by, at=at
    )
    for one in members:
        _tell(one.user, group, "group.left", at=at)
    group.delete()


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file: somebody's address and her group, with the group's names."""

    number: int
    code: str
    names: tuple[str, str]
    person: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a file changed."""

    groups: int
    members: int


@settled
def load_groups(owner_id: str, lines: Sequence[Line], viewer: Viewer, *, by: Actor, at: datetime) -> Loaded:
    """Make the groups that a file names and are missing and add their members: the whole file or nothing of it.

    Nobody is taken out of a group, and a group that is there keeps its names. Every line's fault is told at once.
    """
    owner = found_owner(owner_id, viewer)
    known = {one.code: one for one in queries.groups_of(owner.pk)}
    by_code: dict[str, list[Line]] = {}
    for one in lines:
        by_code.setdefault(one.code, []).append(one)
    faults: list[Reason] = []
    made = added = 0
    seen: dict[str, tuple[int, str]] = {}
    for one in lines:
        first = seen.setdefault(one.person.lower(), (one.number, one.code)) if one.person else (0, one.code)
        if first[1] != one.code:
            faults.append(
                Reason("group.line_twice", facts={"line": one.number, "first": first[0], "email": one.person})
            )
    for code, theirs in by_code.items():
        try:
            group = known.get(code)
            if group is None:
                group = _make(owner, code, theirs[0].names, viewer, by=by, at=at)
                made += 1
            added += len(_add(group, [one.person for one in theirs], viewer, by=by, at=at))
        except Refused as refused:
            faults += [
                Reason("group.line", facts={"line": theirs[0].number, "code": code}),
                *refused.decision.reasons,
            ]
    if faults:
        raise Refused(Decision(tuple(faults)))
    return Loaded(made, added)
