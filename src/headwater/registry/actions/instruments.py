"""The writers of instruments: lock, gather facts, decide, write, record; one transaction each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection, transaction
from psycopg.types.json import Jsonb

from headwater.accounts.audit import Act, Actor, record, record_many
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.core.identity import new_id
from headwater.registry import changed, rules
from headwater.registry.actions.regions import copy_rows
from headwater.registry.drafts import COLUMNS, InstrumentDraft
from headwater.registry.facts import Lookups, Resolved, instrument_facts, resolve, taken
from headwater.registry.models import Instrument, InstrumentTechnique, Organisation, Source, SourceKind
from headwater.registry.models.base import in_language
from headwater.registry.queries import node_prefix
from headwater.registry.rules import Viewer

REFERENCE_COLUMNS = ("owner_id", "facility_id", "city_id", "class_code_id")
WRITTEN = (
    *(name.removesuffix("_id") for name in (*REFERENCE_COLUMNS, "source_id")),
    *COLUMNS,
    "version",
    "updated_at",
)


def column_values(resolved: Resolved) -> dict[str, object]:
    """The draft as the table keeps it."""
    draft = resolved.draft
    values: dict[str, object] = {
        "owner_id": resolved.owner_id,
        "facility_id": resolved.facility_id,
        "city_id": resolved.city_id,
        "class_code_id": resolved.class_code_id,
    }
    for name in COLUMNS:
        value = getattr(draft, name)
        values[name] = list(value) if isinstance(value, tuple) else value
    values["pid"] = draft.pid or None
    return values


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def changes_between(
    instrument: Instrument | None, technique_ids: Sequence[int], resolved: Resolved, lookups: Lookups
) -> dict[str, list[object]]:
    """What the draft changes, as the audit trail keeps it: a field with its old and new value."""
    changed: dict[str, list[object]] = {}
    for name, value in column_values(resolved).items():
        if instrument is None and not value and value != 0:  # what a new record does not have is no change
            continue
        old = getattr(instrument, name) if instrument else None
        if old != value:
            changed[name.removesuffix("_id") if name in REFERENCE_COLUMNS else name] = [_plain(old), _plain(value)]
    if tuple(technique_ids) != resolved.technique_ids:
        codes = lookups.technique_codes
        changed["techniques"] = [[codes[key] for key in technique_ids], [codes[key] for key in resolved.technique_ids]]
    return changed


def declared_by(organisation_id: int) -> Source:
    """The source of what an organisation's own people write."""
    organisation = Organisation.objects.get(pk=organisation_id)
    source, _new = Source.objects.get_or_create(
        key=f"declaration-{organisation.public_id}",
        defaults={
            "kind": SourceKind.DECLARATION,
            "title_zh": f"{in_language(organisation.name_zh, organisation.name_en)[0]}申报",
            "title_en": f"Declared by {organisation.name_en or organisation.name_zh}",
        },
    )
    return source


def _set_techniques(instrument: Instrument, technique_ids: Sequence[int]) -> None:
    instrument.technique_links.all().delete()
    InstrumentTechnique.objects.bulk_create(
        InstrumentTechnique(instrument=instrument, technique_id=key, rank=rank)
        for rank, key in enumerate(technique_ids)
    )


@transaction.atomic
def add_instrument(draft: InstrumentDraft, viewer: Viewer, *, by: Actor, at: datetime) -> Instrument:
    """Add one instrument to an organisation that ``viewer`` manages."""
    lookups = Lookups()
    resolved = taken(resolve(draft, lookups), other_than=None)
    decision = rules.is_sound(resolved.facts)
    if resolved.owner_id is not None:
        decision = rules.may_manage(resolved.owner_id, viewer) + decision
    permit(decision)
    assert resolved.owner_id is not None
    instrument = Instrument(
        public_id=new_id(Instrument.KIND, node_prefix()),
        source=declared_by(resolved.owner_id),
        created_at=at,
        updated_at=at,
        **column_values(resolved),
    )
    instrument.save(force_insert=True)
    _set_techniques(instrument, resolved.technique_ids)
    record(
        Act("instrument.added", instrument.public_id, changes_between(None, (), resolved, lookups), decision),
        by=by,
        at=at,
    )
    changed.tell([instrument.pk])
    return instrument


@transaction.atomic
def change_instrument(
    public_id: str, draft: InstrumentDraft, viewer: Viewer, *, expected_version: int | None, by: Actor, at: datetime
) -> Instrument:
    """Change one instrument that was read as ``expected_version`` (None: whatever it is now).

    A synthetic record stays marked synthetic however it is edited: what was not edited is still made up.
    """
    instrument = (
        Instrument.objects.select_for_update(of=("self",)).select_related("source").filter(public_id=public_id).first()
    )
    if instrument is None:
        raise Refused(Decision((Reason("instrument.not_found"),)))
    may = rules.may_change_instrument(instrument_facts(instrument), viewer, expected_version=expected_version)
    if "instrument.not_found" in may.codes:
        raise Refused(may)
    lookups = Lookups()
    resolved = taken(resolve(draft, lookups), other_than=instrument.pk)
    decision = may + rules.is_sound(resolved.facts)
    if resolved.owner_id not in (None, instrument.owner_id):
        decision += rules.may_manage(resolved.owner_id or 0, viewer)
    permit(decision)
    assert resolved.owner_id is not None
    before = tuple(link.technique_id for link in instrument.technique_links.all())
    changes = changes_between(instrument, before, resolved, lookups)
    if not changes:
        return instrument
    for name, value in column_values(resolved).items():
        setattr(instrument, name, value)
    if not instrument.synthetic:
        instrument.source = declared_by(resolved.owner_id)
    instrument.version += 1
    instrument.updated_at = at
    instrument.save(update_fields=WRITTEN)
    if "techniques" in changes:
        _set_techniques(instrument, resolved.technique_ids)
    record(Act("instrument.changed", instrument.public_id, changes, decision), by=by, at=at)
    changed.tell([instrument.pk])
    return instrument


@dataclass(frozen=True, slots=True)
class Put:
    """One sound row of a file: what it says and, where it is known already, whom it means."""

    resolved: Resolved
    existing: Instrument | None
    technique_ids: tuple[int, ...]
    public_id: str = ""


# A table's column may not be null where the model has no default for it: all of them are written.
COPIED = (*REFERENCE_COLUMNS, *COLUMNS)
AS_JSON = ("related_ids", "extra")
EMPTY_JSON = {"related_ids": "[]", "extra": "{}"}


def _copy_new(created: Sequence[tuple[str, Put]], source: Source, *, at: datetime) -> list[int]:
    """Insert new instruments and their techniques by COPY, with keys drawn beforehand; returns the keys."""
    if not created:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [Instrument._meta.db_table, len(created)],
        )
        keys = [key for (key,) in cursor.fetchall()]

    def rows() -> Iterator[tuple[object, ...]]:
        for key, (public_id, put) in zip(keys, created, strict=True):
            values = column_values(put.resolved)
            for name in AS_JSON:
                values[name] = Jsonb(values[name]) if values[name] else EMPTY_JSON[name]
            yield (key, public_id, source.pk, True, 1, at, at, *(values[name] for name in COPIED))

    fixed = ("id", "public_id", "source", "verified", "version", "created_at", "updated_at")
    copy_rows(Instrument, (*fixed, *COPIED), rows())
    links = (
        (key, technique, rank)
        for key, (_public_id, put) in zip(keys, created, strict=True)
        for rank, technique in enumerate(put.resolved.technique_ids)
    )
    copy_rows(InstrumentTechnique, ("instrument", "technique", "rank"), links)
    return keys


def put_instruments(
    puts: Iterable[Put], source: Source, lookups: Lookups, *, by: Actor, at: datetime
) -> Mapping[str, int]:
    """Write many sound, permitted rows in the caller's transaction; rows that change nothing are left alone.

    Returns the counts ``created``, ``updated``, ``unchanged``. An edited synthetic record stays synthetic.
    """
    created: list[tuple[str, Put]] = []
    updated: list[tuple[Instrument, Put]] = []
    acts: list[Act] = []
    unchanged = 0
    node = node_prefix()
    for put in puts:
        changes = changes_between(put.existing, put.technique_ids, put.resolved, lookups)
        if put.existing is None:
            public_id = put.public_id or new_id(Instrument.KIND, node)
            created.append((public_id, put))
            acts.append(Act("instrument.added", public_id, changes))
        elif changes:
            instrument = put.existing
            for name, value in column_values(put.resolved).items():
                setattr(instrument, name, value)
            if not instrument.synthetic:
                instrument.source = source
            instrument.version += 1
            instrument.updated_at = at
            updated.append((instrument, put))
            acts.append(Act("instrument.changed", instrument.public_id, changes))
        else:
            unchanged += 1
    new_keys = _copy_new(created, source, at=at)
    Instrument.objects.bulk_update([one for one, _put in updated], WRITTEN, batch_size=200)
    moved = [(one, put) for one, put in updated if put.technique_ids != put.resolved.technique_ids]
    InstrumentTechnique.objects.filter(instrument_id__in=[one.pk for one, _put in moved]).delete()
    InstrumentTechnique.objects.bulk_create(
        [
            InstrumentTechnique(instrument=one, technique_id=key, rank=rank)
            for one, put in moved
            for rank, key in enumerate(put.resolved.technique_ids)
        ],
        batch_size=5000,
    )
    record_many(acts, by=by, at=at)
    changed.tell([*new_keys, *(one.pk for one, _put in updated)])
    return {"created": len(created), "updated": len(updated), "unchanged": unchanged}
