"""The writers of people and their roles in organisations."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from headwater.accounts.audit import Act, Actor, record
from headwater.accounts.models import User
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.core.identity import new_id
from headwater.registry import rules
from headwater.registry.models import Membership, MembershipRole, Organisation, Person
from headwater.registry.queries import node_prefix
from headwater.registry.rules import Viewer


def person_of(user: User) -> Person:
    """The person that a user is in the record; made at first need."""
    person, _new = Person.objects.get_or_create(
        user=user,
        defaults={"public_id": new_id("per", node_prefix()), "name_en": user.name or user.email},
    )
    return person


@transaction.atomic
def give_role(organisation: Organisation, user: User, role: str, *, by: Actor, at: datetime) -> Membership:
    """Give a role on nobody's ground but the operator's: for commands and the demo. Given already, nothing happens."""
    membership, is_new = Membership.objects.get_or_create(
        person=person_of(user), organisation=organisation, defaults={"role": role, "since": at.date()}
    )
    old = None if is_new else membership.role
    if old != role:
        membership.role = role
        membership.save(update_fields=["role"])
        changes = {"person": [None, user.email], "role": [old, role]}
        record(Act("role.set", organisation.public_id, changes), by=by, at=at)
    return membership


@transaction.atomic
def set_role(
    organisation_id: int, email: str, role: str, viewer: Viewer, *, by: Actor, at: datetime
) -> Membership | None:
    """Give somebody a role in an organisation, change it, or with an empty ``role`` end it.

    The organisation is locked first, so that two changes at once can't leave it without an administrator.
    """
    organisation = Organisation.objects.select_for_update(of=("self",)).filter(pk=organisation_id).first()
    if organisation is None:
        raise Refused(Decision((Reason("organisation.not_found"),)))
    user = User.objects.filter(email__iexact=email.strip(), is_active=True).first()
    membership = user and Membership.objects.filter(person__user=user, organisation=organisation).first()
    others = (
        Membership.objects.filter(organisation=organisation, role=MembershipRole.ADMINISTRATOR, until=None)
        .exclude(pk=membership.pk if membership else None)
        .count()
    )
    facts = rules.RoleFacts(
        organisation_id=organisation.pk,
        email=email.strip(),
        user_found=user is not None,
        role=role,
        role_known=role in MembershipRole.values or not role,
        is_administrator=membership is not None and membership.role == MembershipRole.ADMINISTRATOR,
        other_administrators=others,
    )
    decision = rules.may_set_role(facts, viewer)
    permit(decision)
    assert user is not None
    old = membership.role if membership else None
    if not role:
        if membership:
            membership.delete()
    elif membership:
        membership.role = role
        membership.save(update_fields=["role"])
    else:
        membership = Membership.objects.create(
            person=person_of(user), organisation=organisation, role=role, since=at.date()
        )
    if old != (role or None):
        changes = {"person": [None, user.email], "role": [old, role or None]}
        record(Act("role.set", organisation.public_id, changes, decision), by=by, at=at)
    return membership if role else None
