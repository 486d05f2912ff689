"""The writers of what owners ask of people before they come, and of who has it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from headwater.accounts.audit import Act, Actor, record
from headwater.accounts.models import User
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.core.identity import new_id
from headwater.registry.models import Instrument, Organisation
from headwater.registry.queries import node_prefix
from headwater.support import rules
from headwater.support.facts import ACADEMIC
from headwater.support.models import EntryKind, Proof, Requirement
from headwater.support.rules import Party


@dataclass(frozen=True, slots=True)
class RequirementDraft:
    """What an owner wants to ask; ``instrument`` is a public id, empty for all of the owner's."""

    kind: str
    code: str
    name_zh: str = ""
    name_en: str = ""
    instrument: str = ""


@transaction.atomic
def require(owner: Organisation, draft: RequirementDraft, party: Party, *, by: Actor, at: datetime) -> Requirement:
    """Ask something of everybody who books from now on; what is booked already stays booked."""
    Organisation.objects.select_for_update(no_key=True, of=("self",)).get(pk=owner.pk)
    instrument = None
    if draft.instrument:
        instrument = Instrument.objects.filter(public_id=draft.instrument, owner=owner).first()
    asked = Requirement.objects.filter(
        owner=owner, instrument=instrument, kind=draft.kind, code=draft.code, ended_at=None
    )
    decision = rules.may_require(
        rules.RequireFacts(
            owner.pk,
            draft.kind in EntryKind.values,
            draft.code,
            bool(draft.name_zh.strip() or draft.name_en.strip()),
            not draft.instrument or instrument is not None,
            asked.exists(),
        ),
        party,
    )
    permit(decision)
    made = Requirement.objects.create(
        public_id=new_id("req", node_prefix()),
        owner=owner,
        instrument=instrument,
        kind=draft.kind,
        code=draft.code,
        name_zh=draft.name_zh.strip(),
        name_en=draft.name_en.strip(),
        made_at=at,
        made_by=by.user,
    )
    changes = {"kind": [None, made.kind], "code": [None, made.code], "instrument": [None, draft.instrument]}
    record(Act("entry.required", made.public_id, changes, decision), by=by, at=at)
    return made


@transaction.atomic
def end_requirement(public_id: str, party: Party, *, by: Actor, at: datetime) -> Requirement:
    """Ask it no more."""
    row = Requirement.objects.select_for_update(of=("self",)).filter(public_id=public_id).first()
    if row is None:
        raise Refused(Decision((Reason("entry.not_found"),)))
    permit(rules.may_end(row.owner_id, row.ended_at is not None, party))
    row.ended_at = at
    row.save(update_fields=["ended_at"])
    record(Act("entry.not_required", row.public_id, {"ended_at": [None, at.isoformat()]}), by=by, at=at)
    return row


@dataclass(frozen=True, slots=True)
class ProofDraft:
    """A course that was passed or a contract that was signed. ``holder`` is a person's e-mail address for a course, an
    organisation's public id for a contract."""

    kind: str
    code: str
    holder: str
    granted_on: date
    valid_to: date | None = None
    reference: str = ""


@transaction.atomic
def grant_proof(granted_by: Organisation, draft: ProofDraft, party: Party, *, by: Actor, at: datetime) -> Proof:
    """Write down that a person passed a course here, or that an organisation signed a contract with this one."""
    of_person = draft.kind == EntryKind.SAFETY_COURSE
    user = User.objects.filter(email__iexact=draft.holder.strip(), is_active=True).first() if of_person else None
    organisation = None if of_person else Organisation.objects.filter(public_id=draft.holder.strip()).first()
    owns = Instrument.objects.filter(owner=granted_by).exists()
    decision = rules.may_grant(
        rules.GrantFacts(
            granted_by.pk,
            granted_by.kind in ACADEMIC or owns,
            draft.kind in EntryKind.values,
            draft.code,
            user is not None or organisation is not None,
            organisation is not None and organisation.pk == granted_by.pk,
            draft.granted_on,
            draft.valid_to,
            at.date(),
        ),
        party,
    )
    permit(decision)
    made = Proof.objects.create(
        public_id=new_id("prf", node_prefix()),
        kind=draft.kind,
        code=draft.code,
        user=user,
        organisation=organisation,
        granted_by=granted_by,
        granted_in_id=granted_by.city.jurisdiction_id,
        granted_on=draft.granted_on,
        valid_to=draft.valid_to,
        reference=draft.reference[:120],
        made_at=at,
        made_by=by.user,
    )
    changes = {"kind": [None, made.kind], "code": [None, made.code], "holder": [None, draft.holder]}
    record(Act("entry.proof_granted", made.public_id, changes, decision), by=by, at=at)
    return made


@transaction.atomic
def revoke_proof(public_id: str, party: Party, *, by: Actor, at: datetime) -> Proof:
    """Take a proof back: it counts no more, also for what is booked already."""
    row = Proof.objects.select_for_update(of=("self",)).filter(public_id=public_id).first()
    if row is None:
        raise Refused(Decision((Reason("entry.not_found"),)))
    permit(rules.may_end(row.granted_by_id, row.revoked_at is not None, party))
    row.revoked_at = at
    row.save(update_fields=["revoked_at"])
    record(Act("entry.proof_revoked", row.public_id, {"revoked_at": [None, at.isoformat()]}), by=by, at=at)
    return row
