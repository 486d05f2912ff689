"""The writers of a challenge's files."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime
from pathlib import PurePath

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from headwater.accounts.audit import Act, Actor, record
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.core.identity import new_id
from headwater.partnering import queries
from headwater.partnering.facts import seen_challenge
from headwater.partnering.models import Attachment
from headwater.partnering.rules import challenges as rules
from headwater.registry.queries import node_prefix
from headwater.registry.rules import Viewer

UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\\u202a-\u202e\u2066-\u2069]")


def safe_name(given: str) -> str:
    """A file's own name without folders, control characters and marks that turn the reading direction."""
    name = UNSAFE.sub("", PurePath(given.replace("\\", "/")).name).strip(" .")
    if len(name) <= 180:
        return name
    stem, dot, ending = name.rpartition(".")
    return f"{stem[:170]}{dot}{ending[:9]}" if stem else name[:180]


@transaction.atomic
def attach(public_id: str, file: UploadedFile, level: str, viewer: Viewer, *, by: Actor, at: datetime) -> Attachment:
    """Attach a file at a level. It is kept under a random name outside every address of the web server.

    The trail says that a file came, not what it is called: a name tells too.
    """
    challenge, sight = seen_challenge(public_id, viewer, lock=True)
    name = safe_name(file.name or "")
    facts = rules.FileFacts(
        name, file.size or 0, settings.UPLOAD_MAX_BYTES, level, queries.attachments_of(challenge).count()
    )
    decision = rules.may_attach(facts, sight, viewer)
    permit(decision)
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    file.name = secrets.token_urlsafe(24)
    made = Attachment.objects.create(
        public_id=new_id("att", node_prefix()), challenge=challenge, level=level, file=file, name=name,
        size=file.size or 0, digest=digest.hexdigest(), by=by.user, at=at,
    )  # fmt: skip
    record(Act("challenge.file_added", public_id, {"level": [None, level]}, decision), by=by, at=at)
    return made


@transaction.atomic
def remove(public_id: str, attachment_id: str, viewer: Viewer, *, by: Actor, at: datetime) -> None:
    """Take a file off the challenge and delete its content once that is written down."""
    challenge, sight = seen_challenge(public_id, viewer, lock=True)
    decision = rules.may_decide(sight, viewer)
    permit(decision)
    attachment = queries.attachments_of(challenge).filter(public_id=attachment_id).first()
    if attachment is None:
        raise Refused(Decision((Reason("attachment.not_found"),)))
    attachment.removed_at = at
    attachment.save(update_fields=["removed_at"])
    record(Act("challenge.file_removed", public_id, {"level": [attachment.level, None]}, decision), by=by, at=at)
    storage, stored = attachment.file.storage, attachment.file.name
    transaction.on_commit(lambda: storage.delete(stored))
