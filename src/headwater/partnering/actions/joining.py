"""The writers of membership: an invited member is confirmed or declines; all confirmed, an agreement runs."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from headwater.accounts.audit import Act, Actor, record
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.partnering import queries
from headwater.partnering.actions import telling
from headwater.partnering.facts import partnership_facts
from headwater.partnering.models import Partnership, PartnershipMember
from headwater.partnering.rules import consortia as rules
from headwater.registry.rules import Viewer


def seen(public_id: str) -> Partnership:
    """The partnership with all it has, locked; refused when there is none."""
    locked = Partnership.objects.select_for_update(of=("self",)).filter(public_id=public_id).first()
    found = queries.partnership_with_all(public_id)
    if locked is None or found is None:
        raise Refused(Decision((Reason("partnership.not_found"),)))
    return found


def start_when_all_confirmed(partnership: Partnership) -> None:
    """An agreement written down runs from the moment that nobody is only invited to it."""
    standings = list(partnership.members.values_list("standing", flat=True))
    whole = len(standings) > 1 and PartnershipMember.Standing.INVITED not in standings
    if partnership.state == "forming" and partnership.agreed_on is not None and whole:
        partnership.state = "running"
        partnership.save(update_fields=["state"])


def _invited(public_id: str, organisation_id: str) -> tuple[Partnership, PartnershipMember]:
    partnership = seen(public_id)
    member = next((one for one in partnership.members.all() if one.organisation.public_id == organisation_id), None)
    if member is None:
        raise Refused(Decision((Reason("partnership.member_unknown", facts={"value": organisation_id}),)))
    return partnership, member


def _tell_lead(partnership: Partnership, member: PartnershipMember, code: str, *, at: datetime) -> None:
    lead = partnership_facts(partnership).lead_id
    if lead is not None and lead != member.organisation_id:
        telling.members(partnership, [lead], code, {"organisation": telling.both(member.organisation)}, at=at)


@transaction.atomic
def confirm(
    public_id: str, organisation_id: str, document: str, viewer: Viewer, *, by: Actor, at: datetime
) -> PartnershipMember:
    """Confirm an invited member, as its manager, or as a broker by the document in which it agreed."""
    partnership, member = _invited(public_id, organisation_id)
    decision = rules.may_confirm(member.organisation_id, document, partnership_facts(partnership), viewer)
    permit(decision)
    member.standing, member.confirmed_at, member.confirmed_by = PartnershipMember.Standing.CONFIRMED, at, by.user
    member.document = document.strip()[:500]
    member.save(update_fields=["standing", "confirmed_at", "confirmed_by", "document"])
    changes = {"member": [None, organisation_id], "standing": ["invited", "confirmed"]}
    record(Act("partnership.confirmed", public_id, changes, decision, ground=member.document), by=by, at=at)
    start_when_all_confirmed(partnership)
    _tell_lead(partnership, member, "consortium.confirmed", at=at)
    return member


@transaction.atomic
def decline(public_id: str, organisation_id: str, viewer: Viewer, *, by: Actor, at: datetime) -> None:
    """Decline for an invited member: it leaves the partnership, and the lead is told."""
    partnership, member = _invited(public_id, organisation_id)
    decision = rules.may_decline(member.organisation_id, partnership_facts(partnership), viewer)
    permit(decision)
    member.delete()
    record(Act("partnership.declined", public_id, {"member": [organisation_id, None]}, decision), by=by, at=at)
    start_when_all_confirmed(partnership)
    _tell_lead(partnership, member, "consortium.declined", at=at)
