"""The writer of schemes from files: all of a file, or nothing and every fault with its line."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from headwater.accounts import words
from headwater.accounts.audit import Actor
from headwater.core.decision import Refused
from headwater.registry.models import Jurisdiction
from headwater.support.actions.terms import SchemeDraft, publish_scheme
from headwater.support.rules import Party
from headwater.support.schemefiles import SCHEME, read_rows


def import_schemes(content: bytes, party: Party, *, by: Actor, at: datetime) -> tuple[int, list[str]]:
    """Publish a version for each row of a CSV or JSON file; gives how many, or what is wrong, a sentence a fault."""
    read = read_rows(content, SCHEME)

    def told(line: int, sentences: list[str]) -> list[str]:
        return [_("Line %(line)s: %(what)s") % {"line": line, "what": sentence} for sentence in sentences]

    problems = [one for line, decision in read.faults for one in told(line, words.sentences(decision))]
    homes = {one.code: one for one in Jurisdiction.objects.all()}
    with transaction.atomic():
        for row in read.rows:
            home = homes.get(row["jurisdiction"])
            if home is None:
                sentence = str(words.WORDINGS["jurisdiction.not_found"].sentence) % {"value": row["jurisdiction"]}
                problems += told(row["line"], [sentence])
                continue
            names = ("code", "name_zh", "name_en", "valid_from", "valid_to", "terms", "article_zh", "article_en")
            more = {name: row[name] for name in (*names, "note_zh", "note_en", "verified")}
            try:
                publish_scheme(SchemeDraft(jurisdiction=home, source_title=row["source"], **more), party, by=by, at=at)
            except Refused as refused:
                problems += told(row["line"], words.sentences(refused.decision))
        if problems:
            transaction.set_rollback(True)
    return (0 if problems else len(read.rows)), problems
