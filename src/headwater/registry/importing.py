"""Decides what each row of a file means: whom it is about, what it changes, why it can't be taken. Writes nothing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from django.db.models import Q

from headwater.core.decision import Decision, Reason
from headwater.registry import rules
from headwater.registry.drafts import COLUMNS, DRAFT_FIELDS, InstrumentDraft
from headwater.registry.facts import Lookups, Place, Resolved, instrument_facts, resolve
from headwater.registry.formats.files import Row
from headwater.registry.models import Instrument, SourceKind
from headwater.registry.rules import Viewer

CHUNK = 1000
PUBLIC_ID = re.compile(r"ins_[0-9a-z]{1,36}")
LONGEST_FACT = 200
AUTO = "auto-"
NAMING = ("name_zh", "name_en", "manufacturer_zh", "manufacturer_en", "model", "serial_number")


@dataclass(frozen=True, slots=True)
class Sound:
    """A row that can be taken in: what it says and, where it is known already, whom it means."""

    resolved: Resolved
    existing: Instrument | None
    technique_ids: tuple[int, ...]
    public_id: str
    synthetic: bool


@dataclass(frozen=True, slots=True)
class Decided:
    """A row with what is to become of it; ``sound`` is None for one that is rejected."""

    row: Row
    decision: Decision
    sound: Sound | None


def auto_local_id(fields: Mapping[str, Any]) -> str:
    """A number for a row without any: made from names, maker, model and serial number, the same each time."""
    text = "\x1f".join(str(fields.get(name) or "").casefold() for name in NAMING)
    return f"{AUTO}{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:16]}"


def fit_to_show(reason: Reason) -> Reason:
    """The reason with its quotations cut to what a page and the database can hold."""
    facts = {
        key: rules.CONTROL.sub("\ufffd", value)[:LONGEST_FACT] if isinstance(value, str) else value
        for key, value in reason.facts.items()
    }
    return replace(reason, facts=facts)


@dataclass(slots=True)
class Decider:
    """Decides the rows of one file, chunk by chunk: two queries a chunk, however many rows it has.

    ``owner`` is who owns the instruments of rows that name no owner.
    """

    viewer: Viewer
    owner: Place | None
    section: str
    lookups: Lookups = field(default_factory=Lookups)
    seen: dict[tuple[object, ...], int] = field(default_factory=dict)
    touched: set[int] = field(default_factory=set)
    owners: set[int] = field(default_factory=set)
    _may: dict[int, Decision] = field(default_factory=dict)
    _names: _Names | None = None

    def decide(self, rows: Sequence[Row]) -> list[Decided]:
        """Decide a chunk of rows, in their order."""
        places = [self._place(row) for row in rows]
        found = self._find(rows, places)
        return [self._decide(row, place, found) for row, place in zip(rows, places, strict=True)]

    def may_manage(self, owner_id: int) -> Decision:
        if owner_id not in self._may:
            self._may[owner_id] = rules.may_manage(owner_id, self.viewer)
        return self._may[owner_id]

    def missing(self, but_not_from: str) -> int:
        """How many imported instruments of the file's owners the file does not name; nothing is done to them."""
        there = Instrument.objects.filter(owner_id__in=self.owners, source__kind=SourceKind.IMPORT)
        return len(set(there.exclude(source__key=but_not_from).values_list("pk", flat=True)) - self.touched)

    # Who is meant ---------------------------------------------------------------------------------------------
    def _place(self, row: Row) -> Place | None:
        named = row.fields.get("owner", "")
        return self.lookups.organisation(named) if named else self.owner

    def _local_id(self, row: Row) -> str:
        fields = row.fields
        if fields.get("local_id") or fields.get("public_id") or fields.get("pid"):
            return str(fields.get("local_id") or "")
        return auto_local_id(fields)

    def _find(self, rows: Sequence[Row], places: Sequence[Place | None]) -> _Found:
        public_ids = {row.fields["public_id"] for row in rows if row.fields.get("public_id")}
        pids = {row.fields["pid"] for row in rows if row.fields.get("pid")}
        numbers = {self._local_id(row) for row in rows} - {""}
        storable = [{text for text in texts if not rules.CONTROL.search(text)} for texts in (public_ids, pids, numbers)]
        owners = {place.pk for place in places if place}
        wanted = (
            Q(public_id__in=storable[0]) | Q(pid__in=storable[1]) | Q(owner_id__in=owners, local_id__in=storable[2])
        )
        # Locked, so that nobody changes a record between this decision and the write.
        stored = (
            Instrument.objects.filter(wanted)
            .select_related("source")
            .prefetch_related("technique_links")
            .order_by("pk")
            .select_for_update(of=("self",))
        )
        found = _Found()
        for one in stored:
            found.by_public_id[one.public_id] = one
            found.by_number[one.owner_id, one.local_id] = one
            if one.pid:
                found.by_pid[one.pid] = one
        return found

    def _meant(self, row: Row, place: Place | None, found: _Found) -> tuple[Instrument | None, list[Reason]]:
        """The record that a row is about, and why the viewer may not write it."""
        public_id, pid = row.fields.get("public_id", ""), row.fields.get("pid", "")
        if public_id and not PUBLIC_ID.fullmatch(public_id):
            return None, [Reason("import.public_id_wrong", facts={"field": "public_id", "value": public_id})]
        one = found.by_public_id.get(public_id)
        if one is not None and rules.may_see_instrument(instrument_facts(one), self.viewer).allowed():
            return one, list(self.may_manage(one.owner_id).reasons)
        one = found.by_pid.get(pid) if pid else None
        if one is not None and self.may_manage(one.owner_id).allowed():
            return one, []
        number = self._local_id(row)
        one = found.by_number.get((place.pk, number)) if place and number else None
        if one is None and public_id and not self.viewer.operator:
            # Hidden and absent are answered alike; only the operator brings in records under ids of their own.
            return None, [Reason("instrument.not_found", facts={"field": "public_id"})]
        return one, []

    # What becomes of it ---------------------------------------------------------------------------------------
    def _decide(self, row: Row, place: Place | None, found: _Found) -> Decided:
        if not row.fields or "import.not_an_instrument" in [reason.code for reason in row.problems]:
            return self._rejected(row, row.problems)
        if place is not None and not self.may_manage(place.pk).allowed():
            return self._rejected(row, self.may_manage(place.pk).reasons)
        one, against = self._meant(row, place, found)
        if against:
            return self._rejected(row, against)
        owner = place.pk if place else one.owner_id if one else None
        if owner is not None:
            self.owners.add(owner)
        if one is not None:
            self.touched.add(one.pk)
        if place is None and one is None and not row.fields.get("owner"):
            return self._rejected(row, (*row.problems, Reason("import.owner_missing", facts={"field": "owner"})))
        resolved = self._taken(resolve(self._draft(row, place, one), self.lookups), one, found)
        again = self._again(row, resolved, one)
        unread = {str(reason.facts.get("field")) for reason in row.problems}
        unread |= {"lat", "lon"} if unread & {"lat", "lon"} else set()
        # A cell that could not be read is told once, not again for being empty.
        sound = [reason for reason in rules.is_sound(resolved.facts).reasons if reason.facts["field"] not in unread]
        decision = Decision((*row.problems, *again, *sound))
        if not decision.allowed():
            return self._rejected(row, decision.reasons)
        for key in self._keys(row, resolved, one):
            self.seen[key] = row.line
        techniques = tuple(link.technique_id for link in one.technique_links.all()) if one else ()
        marked = bool(row.fields.get("synthetic"))
        return Decided(row, decision, Sound(resolved, one, techniques, row.fields.get("public_id", ""), marked))

    def _rejected(self, row: Row, reasons: Iterable[Reason]) -> Decided:
        return Decided(row, Decision(tuple(fit_to_show(reason) for reason in reasons)), None)

    def _keys(self, row: Row, resolved: Resolved, one: Instrument | None) -> list[tuple[object, ...]]:
        draft, public_id = resolved.draft, row.fields.get("public_id")
        keys: list[tuple[object, ...]] = [("public_id", public_id)] if public_id else []
        keys += [("pid", draft.pid)] if draft.pid else []
        keys += [("number", resolved.owner_id, draft.local_id)] if draft.local_id else []
        return [*keys, ("record", one.pk)] if one else keys

    def _again(self, row: Row, resolved: Resolved, one: Instrument | None) -> list[Reason]:
        lines = [self.seen[key] for key in self._keys(row, resolved, one) if key in self.seen]
        return [Reason("import.duplicate", facts={"line": min(lines)})] if lines else []

    def _draft(self, row: Row, place: Place | None, one: Instrument | None) -> InstrumentDraft:
        """What the row says; what it does not speak of stays as the record has it."""
        values = self.names.of(one) if one else {}
        values |= {name: value for name, value in row.fields.items() if name in DRAFT_FIELDS}
        values["owner"] = place.public_id if place else row.fields.get("owner") or values["owner"]
        values["extra"] = self._extra(row, values.get("extra") or {})
        if one is None:
            values["local_id"] = values.get("local_id") or self._local_id(row)
            if "techniques" not in values:
                values["techniques"] = tuple(
                    word for word in row.hints if word.strip().casefold() in self.lookups.techniques
                )
        return InstrumentDraft(**values)

    def _extra(self, row: Row, extra: dict[str, Any]) -> dict[str, Any]:
        """What no field holds, under the format's name: cells that are filled are kept, emptied ones forgotten."""
        held = extra.get(self.section)
        section = dict(held) if isinstance(held, dict) else {}
        before = dict(section)
        for key, value in row.part.items():
            if isinstance(value, str) and value == (
                section.get(key, "") if isinstance(section.get(key, ""), str) else ""
            ):
                continue
            if value:
                section[key] = value
            else:
                section.pop(key, None)
        if section == before:
            return extra
        others = {key: value for key, value in extra.items() if key != self.section}
        return {**others, self.section: section} if section else others

    def _taken(self, resolved: Resolved, one: Instrument | None, found: _Found) -> Resolved:
        draft, mine = resolved.draft, one.pk if one else None
        by_number = found.by_number.get((resolved.owner_id or 0, draft.local_id)) if draft.local_id else None
        by_pid = found.by_pid.get(draft.pid) if draft.pid else None
        facts = replace(
            resolved.facts,
            local_id_taken=by_number is not None and by_number.pk != mine,
            pid_taken=by_pid is not None and by_pid.pk != mine,
        )
        return replace(resolved, facts=facts) if facts.local_id_taken or facts.pid_taken else resolved

    @property
    def names(self) -> _Names:
        if self._names is None:
            self._names = _Names(self.lookups)
        return self._names


@dataclass(slots=True)
class _Found:
    """The records that a chunk may mean."""

    by_public_id: dict[str, Instrument] = field(default_factory=dict)
    by_pid: dict[str, Instrument] = field(default_factory=dict)
    by_number: dict[tuple[int, str], Instrument] = field(default_factory=dict)


class _Names:
    """A stored record as draft fields, its references by names that `resolve` finds again; no query a record."""

    def __init__(self, lookups: Lookups) -> None:
        self.lookups = lookups

    @cached_property
    def owners(self) -> dict[int, str]:
        return {place.pk: place.public_id for place in self.lookups.organisations.values()}

    @cached_property
    def facilities(self) -> dict[int, str]:
        return {pk: key for key, (pk, _operator) in self.lookups.facilities.items()}

    @cached_property
    def cities(self) -> dict[int, str]:
        return {pk: key for key, pk in self.lookups.cities.items()}

    @cached_property
    def classes(self) -> dict[int, str]:
        return {pk: key for key, pk in self.lookups.class_codes.items()}

    def of(self, one: Instrument) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name in COLUMNS:
            value = getattr(one, name)
            values[name] = tuple(value) if isinstance(value, list) else value
        codes = self.lookups.technique_codes
        return values | {
            "pid": one.pid or "",
            "owner": self.owners[one.owner_id],
            "facility": self.facilities[one.facility_id] if one.facility_id else "",
            "city": self.cities[one.city_id],
            "techniques": tuple(codes[link.technique_id] for link in one.technique_links.all()),
            "class_code": self.classes[one.class_code_id] if one.class_code_id else "",
        }
