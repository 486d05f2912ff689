"""Whether somebody has what an owner asks before she comes: the booking's gate asks, and so do pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.db.models import Q

from headwater.core.decision import Decision
from headwater.registry.models import Instrument
from headwater.support.book import jurisdiction_tree
from headwater.support.models import Proof, Recognition
from headwater.support.recognition import recognition_facts
from headwater.support.rules import EntryFacts, ProofFacts, WantedProof, may_enter


def entry_decision(
    wanted: Sequence[WantedProof], instrument_id: int, user_id: int | None, organisation_id: int | None, day: date
) -> Decision:
    """What an owner's requirements say to somebody on ``day``; no query where nothing is asked, else three.

    A contract with oneself is not asked for.
    """
    if not wanted:
        return Decision()
    owner_id, home, code = Instrument.objects.values_list(
        "owner_id", "city__jurisdiction_id", "city__jurisdiction__code"
    ).get(pk=instrument_id)
    if organisation_id == owner_id:
        wanted = [one for one in wanted if one.kind != "contract_template"]
    tree = jurisdiction_tree()
    rows = Proof.objects.filter(revoked_at=None, code__in={one.code for one in wanted}).filter(
        Q(user_id=user_id, user__isnull=False) | Q(organisation_id=organisation_id, organisation__isnull=False)
    )
    proofs = tuple(
        ProofFacts(
            one.kind,
            one.code,
            tree.codes[one.granted_in_id],
            tree.within[one.granted_in_id],
            one.granted_by_id,
            one.granted_on,
            one.valid_to,
        )
        for one in rows.order_by("pk")
    )
    recognitions = ()
    if proofs:
        recognitions = recognition_facts(
            Recognition.objects.filter(counts_in_id=home, kind__in={one.kind for one in proofs})
        )
    return may_enter(EntryFacts(owner_id, code, day, tuple(wanted), proofs, recognitions))
