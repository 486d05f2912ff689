"""The writer of the committee's discussion: a remark is kept as it was said."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from headwater.accounts.audit import Act, Actor, record
from headwater.core.decision import permit
from headwater.registry.rules import CONTROL
from headwater.useroffice import facts, rules
from headwater.useroffice.actions.steps import locked_proposal
from headwater.useroffice.models import Remark


@transaction.atomic
def add_remark(public_id: str, text: str, desk: rules.Desk, *, by: Actor, at: datetime) -> Remark:
    """Say something of a proposal to the committee; nobody can change or take back a remark."""
    proposal = locked_proposal(public_id)
    text = CONTROL.sub("", text).strip()
    decision = rules.may_remark(facts.proposal_facts(proposal, desk, at=at), desk, text=text)
    permit(decision)
    remark = Remark.objects.create(proposal=proposal, by=by.user, at=at, text=text)
    record(Act("remark.added", proposal.public_id, {"remark": [None, remark.pk]}, decision), by=by, at=at)
    return remark
