"""The writer of files of profiles: sound rows go in, each in its own savepoint; the others come back with reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import IntegrityError, transaction

from headwater.accounts.audit import Act, Actor, record
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.core.identity import new_id
from headwater.partnering.actions.profiles import Names, add_profile, change_profile
from headwater.partnering.models import Profile
from headwater.partnering.profilefiles import ProfileRow, read_profiles
from headwater.partnering.rules.challenges import signed_writer
from headwater.registry.models import Technique
from headwater.registry.queries import node_prefix
from headwater.registry.rules import Viewer

MOST_BYTES = 50 * 1024 * 1024


@dataclass(slots=True)
class Outcome:
    """What became of a file: counts, and the rejected rows with all their reasons."""

    created: int = 0
    updated: int = 0
    rejects: list[tuple[int, str, tuple[Reason, ...]]] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return self.created + self.updated + len(self.rejects)


def read(content: bytes, owner: str) -> list[ProfileRow]:
    """Read a file of profiles with the techniques of the record."""
    from headwater.partnering.indexing import technique_names

    if len(content) > MOST_BYTES:
        mb = 1024**2
        facts = {"have": len(content) // mb, "most": MOST_BYTES // mb}
        raise Refused(Decision((Reason("import.too_large", facts=facts),)))
    techniques = list(Technique.objects.order_by("pk"))
    return read_profiles(
        content, owner=owner, names=[technique_names(one) for one in techniques], codes=[one.code for one in techniques]
    )


@transaction.atomic
def import_profiles(
    rows: Sequence[ProfileRow], viewer: Viewer, *, dry_run: bool = False, by: Actor, at: datetime
) -> Outcome:
    """Take rows in. A profile is known again by its organisation and its own number (``local_id``, or ORCID iD)."""
    permit(signed_writer(viewer))
    names = Names()
    outcome = Outcome()
    savepoint = transaction.savepoint()
    for row in rows:
        if row.draft is None:
            outcome.rejects.append((row.line, "", row.reasons))
            continue
        label = row.draft.name_en or row.draft.name_zh or row.draft.local_id
        try:
            with transaction.atomic():
                place = names.lookups.organisation(row.draft.organisation) if row.draft.organisation else None
                known = None
                if place and row.draft.local_id:
                    known = Profile.objects.filter(organisation_id=place.pk, local_id=row.draft.local_id).first()
                if known is None:
                    add_profile(row.draft, viewer, by=by, at=at, names=names)
                    outcome.created += 1
                else:
                    change_profile(known.public_id, row.draft, viewer, expected_version=None, by=by, at=at, names=names)
                    outcome.updated += 1
        except Refused as refused:
            outcome.rejects.append((row.line, label, refused.decision.reasons))
        except IntegrityError:
            facts = {"value": row.draft.local_id}
            outcome.rejects.append((row.line, label, (Reason("profile.local_id_taken", facts=facts),)))
    if dry_run:
        transaction.savepoint_rollback(savepoint)
        return outcome
    transaction.savepoint_commit(savepoint)
    changes = {"created": [None, outcome.created], "updated": [None, outcome.updated]}
    changes["rejected"] = [None, len(outcome.rejects)]
    record(Act("profiles.imported", new_id("imp", node_prefix()), changes), by=by, at=at)
    return outcome
