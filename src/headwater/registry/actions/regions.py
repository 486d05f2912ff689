"""The writer of a region: all of it in one transaction, so that a killed load leaves nothing behind.

Facts are found again by their code and updated; nothing is ever deleted. Made-up instruments that are there
already are left as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Model
from psycopg.types.json import Jsonb

from headwater.accounts.audit import Act, Actor, record
from headwater.core.identity import derived_id
from headwater.core.money import Money
from headwater.registry import changed, loaded
from headwater.registry.models import (
    City,
    ClassCode,
    ClassCrosswalk,
    Facility,
    Figure,
    Instrument,
    InstrumentTechnique,
    Jurisdiction,
    Organisation,
    Region,
    Source,
    SourceKind,
    Technique,
    Tie,
    Zone,
)
from headwater.registry.models.base import Record
from headwater.registry.regionfiles import RegionError, RegionFiles, Row
from headwater.registry.synthetic import MadeUp, Owner, make_instruments

Progress = Callable[[str, int, int], None]
LOAD_LOCK = 7_301_882  # one load at a time, over all processes


def _silent(_step: str, _done: int, _of: int) -> None:
    return


def copy_rows(model: type[Model], columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write rows by PostgreSQL's COPY, some ten times faster than inserts; columns are attribute names."""
    names = ", ".join(connection.ops.quote_name(model._meta.get_field(name).column) for name in columns)
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _field_values(model: type[Model], row: Row) -> dict[str, Any]:
    """The cells of ``row`` that are plain columns of ``model``."""
    plain = {one.name for one in model._meta.concrete_fields if not one.is_relation}
    return {name: value for name, value in row.items() if name in plain}


@dataclass(slots=True)
class _Load:
    """One load under way: what was read, and what was found or written so far, by code."""

    files: RegionFiles
    at: datetime
    sources: dict[str, Source]

    @property
    def node(self) -> str:
        return str(self.files.settings["node"])

    def source(self, row: Row) -> Source:
        return self.sources[row["source"].split(";")[0]]

    def put(
        self, model: type[Model], rows: Sequence[Row], key: Sequence[str], more: Callable[[Row], dict[str, Any]]
    ) -> dict[str, Any]:
        """Insert or update ``rows`` found by ``key``, by one query of each kind; gives them by the key's last part."""
        have = {tuple(getattr(one, part) for part in key): one for one in model._default_manager.all()}
        made, kept, found = [], [], {}
        for row in rows:
            values = _field_values(model, row) | more(row)
            ident = tuple(values[part] for part in key)
            one = have.get(ident)
            if one is None:
                one = model(**values)
                if isinstance(one, Record):
                    one.public_id = derived_id(one.KIND, self.node, *map(str, ident))
                made.append(one)
            else:
                for name, value in values.items():
                    setattr(one, name, value)
                kept.append(one)
            found[str(ident[-1])] = one
        model._default_manager.bulk_create(made, batch_size=1000)
        if kept:
            names = [name.removesuffix("_id") for name in values if name not in key]
            model._default_manager.bulk_update(kept, names, batch_size=500)
        return found


def _put_places(load: _Load) -> tuple[dict[str, Any], dict[str, Any]]:
    tables = load.files.tables
    jurisdictions: dict[str, Any] = {}
    rows = list(tables["jurisdictions"])
    while rows:  # parents first
        ready = [row for row in rows if not row["parent"] or row["parent"] in jurisdictions]
        jurisdictions = jurisdictions | load.put(
            Jurisdiction,
            ready,
            ("code",),
            lambda row, found=jurisdictions: {"parent": found.get(row["parent"]), "source": load.source(row)},
        )
        rows = [row for row in rows if row not in ready] if ready else []
    cities = load.put(
        City,
        tables["cities"],
        ("code",),
        lambda row: {
            "jurisdiction": jurisdictions[row["jurisdiction"]],
            "population_source": load.sources.get(row["population_source"].split(";")[0]),
            "area_source": load.sources.get(row["area_source"].split(";")[0]),
            "source": load.source(row),
        },
    )
    zones = load.put(Zone, tables["zones"], ("code",), lambda row: {"polygon": None, "source": load.source(row)})
    through = Zone.cities.through
    through._default_manager.filter(zone__in=[zone.pk for zone in zones.values()]).delete()
    through._default_manager.bulk_create(
        through(zone_id=zones[row["code"]].pk, city_id=cities[code].pk)
        for row in tables["zones"]
        for code in row["cities"]
    )
    return jurisdictions, cities


def _put_vocabularies(load: _Load) -> dict[str, Any]:
    tables = load.files.tables
    groups = [row for row in tables["techniques"] if not row["parent"]]
    leaves = [row for row in tables["techniques"] if row["parent"]]
    found = load.put(Technique, groups, ("code",), lambda _row: {"parent": None})
    found |= load.put(Technique, leaves, ("code",), lambda row: {"parent": found[row["parent"]]})
    codes: dict[tuple[str, str, str], Any] = {}
    for length in sorted({len(row["code"]) for row in tables["class_codes"]}):  # shorter codes are the parents
        rows = [row for row in tables["class_codes"] if len(row["code"]) == length]
        load.put(
            ClassCode,
            rows,
            ("vocabulary", "version", "code"),
            lambda row, known=codes: {
                "parent": known.get((row["vocabulary"], row["version"], row["parent"])),
                "source": load.source(row),
            },
        )
        codes = codes | {(one.vocabulary, one.version, one.code): one for one in ClassCode.objects.all()}
    ClassCrosswalk.objects.bulk_create(
        (
            ClassCrosswalk(
                start=codes[row["vocabulary"], row["from_version"], row["from_code"]],
                end=codes[row["vocabulary"], row["to_version"], row["to_code"]],
                relation=row["relation"],
            )
            for row in tables["class_crosswalk"]
        ),
        ignore_conflicts=True,
    )
    through = Technique.class_codes.through
    through._default_manager.bulk_create(
        (
            through(
                technique_id=found[row["technique"]].pk,
                classcode_id=codes[row["vocabulary"], row["version"], row["code"]].pk,
            )
            for row in tables["technique_classes"]
        ),
        ignore_conflicts=True,
    )
    return found


def _put_organisations(load: _Load, cities: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    tables = load.files.tables
    organisations = load.put(
        Organisation,
        tables["organisations"],
        ("code",),
        lambda row: {"city": cities[row["city"]], "source": load.source(row)},
    )
    facilities = load.put(
        Facility,
        tables["facilities"],
        ("code",),
        lambda row: {
            "city": cities[row["city"]],
            "operator": organisations[row["operator"]],
            "source": load.source(row),
        },
    )
    Tie.objects.bulk_create(
        (
            Tie(
                start=organisations[row["from"]],
                end=organisations[row["to"]],
                source=load.source(row),
                **_field_values(Tie, row),
            )
            for row in tables["ties"]
        ),
        ignore_conflicts=True,
    )
    figures = load.put(Figure, tables["figures"], ("code",), lambda _row: {})
    through = Figure.sources.through
    through._default_manager.bulk_create(
        (
            through(figure_id=figures[row["code"]].pk, source_id=load.sources[key].pk)
            for row in tables["figures"]
            for key in row["source"].split(";")
            if key in load.sources
        ),
        ignore_conflicts=True,
    )
    return organisations, facilities


BEAMLINE_STATUS = {"operating": "operating", "upgraded": "decommissioned", "relocated": "decommissioned"}


def _put_beamlines(load: _Load, facilities: dict[str, Any], techniques: dict[str, Any]) -> None:
    have = {(one.owner_id, one.local_id): one for one in Instrument.objects.exclude(facility=None)}
    written = []
    for row in load.files.tables["beamlines"]:
        facility = facilities[row["facility"]]
        values = {
            "facility": facility,
            "city": facility.city,
            "name_zh": row["name_zh"] and f"{row['code']} {row['name_zh']}",
            "name_en": row["name_en"] and f"{row['code']} {row['name_en']}",
            "original_language": "en",
            "measured_zh": row["measured_zh"],
            "measured_en": row["measured_en"],
            "description_en": ". ".join(filter(None, (row["energy_range"], row["note"]))),
            "access": "proposal",
            "status": BEAMLINE_STATUS[row["status"]],
            "lat": facility.lat,
            "lon": facility.lon,
            "location_accuracy": facility.location_accuracy,
            "verified": row["verified"],
            "source": load.source(row),
            "updated_at": load.at,
        }
        one = have.get((facility.operator_id, row["code"]))
        if one is None:
            one = Instrument(
                public_id=derived_id(Instrument.KIND, load.node, row["facility"], row["code"]),
                owner_id=facility.operator_id,
                local_id=row["code"],
                created_at=load.at,
            )
        for name, value in values.items():
            setattr(one, name, value)
        one.save()
        one.technique_links.all().delete()
        InstrumentTechnique.objects.bulk_create(
            InstrumentTechnique(instrument=one, technique=techniques[code], rank=rank)
            for rank, code in enumerate(dict.fromkeys(row["techniques"]))
        )
        written.append(one.pk)
    changed.tell(written)


INSTRUMENT_COLUMNS = (
    *("public_id", "source", "verified", "name_zh", "name_en", "owner", "city", "local_id", "original_language"),
    *("class_code", "manufacturer_zh", "manufacturer_en", "manufacturer_country", "model"),
    *("description_zh", "description_en", "measured_zh", "measured_en", "subjects", "value_minor", "currency"),
    *(
        "access",
        "visibility",
        "status",
        "commissioned",
        "lat",
        "lon",
        "location_accuracy",
        "contact_name",
        "contact_email",
    ),
    *("manufacturer_id", "model_id", "serial_number", "location_zh", "location_en", "sharing_zh", "sharing_en"),
    *("fee_zh", "fee_en", "contact_phone", "landing_page", "pid_type", "related_ids", "extra", "version"),
    *("created_at", "updated_at"),
)


def _instrument_rows(
    load: _Load,
    source: Source,
    made: Iterable[MadeUp],
    owners: dict[str, Any],
    techniques: dict[str, Any],
    class_of: dict[int, int],
    links: list[tuple[str, int]],
) -> Iterator[tuple[object, ...]]:
    """The rows to copy; runs while the COPY does, so it may not ask the database anything."""
    seed, currency = str(source.parameters["seed"]), load.files.settings["currency"]
    for one in made:
        public_id = derived_id(Instrument.KIND, load.node, load.files.code, "synthetic", seed, str(one.serial))
        owner, technique = owners[one.owner], techniques[one.technique]
        links.append((public_id, technique.pk))
        yield (
            *(
                public_id,
                source.pk,
                True,
                one.name_zh,
                one.name_en,
                owner.pk,
                owner.city_id,
                f"SYN-{one.serial:06}",
                "zh",
            ),
            *(class_of.get(technique.pk), one.maker_zh, one.maker_en, one.maker_country, one.model),
            *(one.description_zh, one.description_en, technique.measures_zh, technique.measures_en, []),
            *(Money.parse(one.value, currency).minor, currency),
            *(one.access, one.visibility, one.status, one.commissioned, owner.lat, owner.lon, owner.location_accuracy),
            *("仪器办公室 Instrument office", f"instruments@{owner.code}.example"),
            *("", "", "", "", "", "", "", "", "", "", "", "", Jsonb([]), Jsonb({}), 1, load.at, load.at),
        )


def _put_synthetic(load: _Load, organisations: dict[str, Any], techniques: dict[str, Any], progress: Progress) -> None:
    asked = load.files.settings["synthetic"]
    if not asked["instruments"]:
        return
    parameters = {"generator": "headwater.registry.synthetic", **asked}
    source, is_new = Source.objects.get_or_create(
        key=f"synthetic-instruments-{load.files.code}",
        defaults={
            "kind": SourceKind.SYNTHETIC,
            "title_zh": "合成的仪器记录，非真实仪器",
            "title_en": "Synthetic instruments, made up: no such instrument exists",
            "publisher": "Headwater",
            "licence": "CC0-1.0",
            "parameters": parameters,
        },
    )
    if not is_new:
        if source.parameters != parameters:
            raise RegionError(
                [
                    (
                        f"region.json asks for synthetic instruments by {asked}, but this database holds those of "
                        f"{source.parameters}, and none is ever deleted. Load into an empty database."
                    )
                ]
            )
        return
    owners = [
        Owner(row["code"], row["kind"], row["name_zh"], row["name_en"]) for row in load.files.tables["organisations"]
    ]
    tables = load.files.tables
    made = make_instruments(
        owners,
        tables["techniques"],
        tables["models"],
        tables["purposes"],
        count=asked["instruments"],
        seed=asked["seed"],
    )
    class_of: dict[int, int] = dict(
        Technique.class_codes.through._default_manager.order_by("-pk").values_list("technique_id", "classcode_id")
    )
    links: list[tuple[str, int]] = []
    rows = _instrument_rows(load, source, made, organisations, techniques, class_of, links)
    copy_rows(Instrument, INSTRUMENT_COLUMNS, _counted(rows, progress, asked["instruments"]))
    keys = dict(Instrument.objects.filter(source=source).values_list("public_id", "pk"))
    copy_rows(
        InstrumentTechnique,
        ("instrument", "technique", "rank"),
        ((keys[public_id], technique, 0) for public_id, technique in links),
    )
    changed.tell(list(keys.values()))


def _counted(rows: Iterable[tuple[object, ...]], progress: Progress, total: int) -> Iterator[tuple[object, ...]]:
    for done, row in enumerate(rows, 1):
        if done % 1000 == 0 or done == total:
            progress("instruments", done, total)
        yield row


@transaction.atomic
def load_region(files: RegionFiles, *, by: Actor, at: datetime, progress: Progress = _silent) -> Region:
    """Write a region that was read and checked. One load at a time: a second one waits for the first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOAD_LOCK])
    load = _Load(files, at, {})
    progress("sources", 0, len(files.tables["sources"]))
    load.sources = load.put(Source, files.tables["sources"], ("key",), lambda _row: {})
    progress("places", 0, len(files.tables["cities"]))
    _jurisdictions, cities = _put_places(load)
    progress("vocabularies", 0, len(files.tables["techniques"]))
    techniques = _put_vocabularies(load)
    progress("organisations", 0, len(files.tables["organisations"]))
    organisations, facilities = _put_organisations(load, cities)
    progress("beamlines", 0, len(files.tables["beamlines"]))
    _put_beamlines(load, facilities, techniques)
    _put_synthetic(load, organisations, techniques, progress)
    west, south, east, north = files.settings["bounds"]
    region, _new = Region.objects.update_or_create(
        code=files.code,
        defaults={
            **{name: files.settings[name] for name in ("name_zh", "name_en", "node", "country", "currency")},
            "west": west,
            "south": south,
            "east": east,
            "north": north,
            "coast": dict(files.coast),
            "rail": [list(line) for line in files.rail],
            "digest": files.digest,
            "loaded_at": at,
        },
    )
    changed.tell_names()
    record(Act("region.loaded", f"reg_{files.code}", {"digest": [None, files.digest]}), by=by, at=at)
    loaded.tell(loaded.Loaded(files, region, by, at))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return region
