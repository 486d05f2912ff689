"""Writes the index of instruments: in the transaction that writes them, and anew while everybody reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import Exists, OuterRef

from headwater.catalogue import vocabulary
from headwater.catalogue.models import Entry, IndexState
from headwater.catalogue.words import Texts, band_of, spellings_of, standing_of, vector
from headwater.core.money import Money
from headwater.registry.actions.regions import copy_rows
from headwater.registry.models import City, Facility, Instrument, Organisation, SourceKind, Technique

Progress = Callable[[int, int], None]
CHUNK = 2000
FORM = b"2"  # counted up when entries are made in another way: the next start makes them anew
REBUILT_AT_ONCE = 1000  # rows whose writers wait while a rebuild reads them
TRIES = 5
# New words wait in a list that every query reads through, until it is merged into the index. For a few records it is
# kept short; many are gathered first and merged once, some ten times faster than one by one.
FEW = 500
MANY = 10_000  # entries written by one transaction that leave the words' index several times too large
WAITING = {False: "64kB", True: "1GB"}
DEADLOCK = "40P01"

COLUMNS = (
    *("instrument", "city_id", "jurisdiction_id", "owner_id", "owner_kind", "techniques", "class_code_id", "access"),
    *("status", "visibility", "currency", "band", "standing", "words"),
)
READ = (
    *("id", "name_zh", "name_en", "manufacturer_zh", "manufacturer_en", "model", "measured_zh", "measured_en"),
    *("description_zh", "description_en", "location_zh", "location_en", "local_id", "access", "status", "visibility"),
    *("value_minor", "currency", "class_code_id", "city_id", "owner_id"),
    *("city__jurisdiction_id", "city__name_zh", "city__name_en", "owner__kind", "owner__name_zh", "owner__name_en"),
    *("facility_id", "facility__name_zh", "facility__name_en", "source__kind"),
)


def _silent(_done: int, _of: int) -> None:
    return


def index_instruments(keys: Sequence[int]) -> None:
    """Bring the entries of these instruments up to date, in the caller's transaction. The registry calls it."""
    parents = dict(Technique.objects.values_list("pk", "parent_id"))
    wanted = sorted(set(keys))
    with transaction.atomic():
        _let_wait(many=len(wanted) > FEW)
        for start in range(0, len(wanted), CHUNK):
            _write(wanted[start : start + CHUNK], parents)
        if len(wanted) > FEW:
            _merge()
        if len(wanted) > MANY:
            transaction.on_commit(repack, robust=True)


def reindex(*, progress: Progress = _silent) -> int:
    """Build every entry anew, some hundred at a time, each in a transaction of its own; returns how many.

    Readers see each instrument's old entry or its new one. A writer of one of the hundred waits for that chunk, so that
    what it writes comes last.
    """
    digest = _names_digest()
    total, done, last = Instrument.objects.count(), 0, 0
    parents = dict(Technique.objects.values_list("pk", "parent_id"))
    progress(0, total)
    while True:
        keys = list(
            Instrument.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:REBUILT_AT_ONCE]
        )
        if not keys:
            break
        _rebuild(keys, parents)
        last = keys[-1]
        done += len(keys)
        progress(done, max(done, total))
    IndexState.objects.update_or_create(id=1, defaults={"names_digest": digest})
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE catalogue_entry")
    return done


def repack() -> None:
    """Build the words' own index anew, while everybody searches and writes; not within a transaction.

    Written or replaced row by row it is four times as large as one built at once, and up to four times slower.
    """
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX CONCURRENTLY IF EXISTS catalogue_words_ccnew")  # of one that was killed
        cursor.execute("REINDEX INDEX CONCURRENTLY catalogue_words")


def bring_up_to_date(*, progress: Progress = _silent) -> int:
    """Build the entries anew if some are missing, or were made with other names or in another way; returns how many.

    The registry calls it in the transaction that loads a region: its organisations and cities may have other names now.
    """
    vocabulary.forget()
    digest = _names_digest()
    state = IndexState.objects.first()
    complete = Entry.objects.count() == Instrument.objects.count()
    if complete and state is None:
        IndexState.objects.create(names_digest=digest)
    if complete and (state is None or state.names_digest == digest):
        return 0
    made = reindex(progress=progress)
    transaction.on_commit(repack, robust=True)
    return made


def differences(*, progress: Progress = _silent) -> list[int]:
    """The keys of instruments whose entry is missing or is not what the record says now. Writes nothing.

    One that is being written while it is read is read again.
    """
    wrong: list[int] = []
    parents = dict(Technique.objects.values_list("pk", "parent_id"))
    total, done, last = Instrument.objects.count(), 0, 0
    while True:
        keys = list(Instrument.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:CHUNK])
        if not keys:
            return _differing(_differing(wrong, parents), parents)
        wrong += _differing(keys, parents)
        last, done = keys[-1], done + len(keys)
        progress(done, max(done, total))


def _differing(keys: Sequence[int], parents: dict[int, int | None]) -> list[int]:
    rows = Entry.objects.filter(pk__in=keys).values_list("pk", *COLUMNS[1:])
    held = {row[0]: row[1:] for row in rows}
    said = _rows(keys, parents)
    with connection.cursor() as cursor:  # PostgreSQL writes a vector in its own order
        cursor.execute(
            "SELECT v::tsvector::text FROM unnest(%s::text[]) WITH ORDINALITY AS t(v, n) ORDER BY n",
            [[row[-1] for row in said]],
        )
        vectors = [vector for (vector,) in cursor.fetchall()]
    return [row[0] for row, vector in zip(said, vectors, strict=True) if held.get(row[0]) != (*row[1:-1], vector)]


def _names_digest() -> str:
    """A digest of all names that entries hold and that are not the instrument's own, and of how entries are made."""
    digest = sha256(FORM)
    for model in (City, Organisation, Facility):
        extra = ("jurisdiction_id",) if model is City else ("kind",) if model is Organisation else ()
        rows = model._default_manager.order_by("pk")
        if model is Organisation:  # those that own nothing stand in no entry
            rows = rows.filter(Exists(Instrument.objects.filter(owner=OuterRef("pk"))))
        for row in rows.values_list("pk", "name_zh", "name_en", *extra):
            digest.update(repr(row).encode())
    digest.update(repr(list(Technique.objects.order_by("pk").values_list("pk", "parent_id"))).encode())
    return digest.hexdigest()


def _let_wait(*, many: bool) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('gin_pending_list_limit', %s, true)", [WAITING[many]])


def _merge() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('maintenance_work_mem', '256MB', true), gin_clean_pending_list('catalogue_words')"
        )


def _rebuild(keys: Sequence[int], parents: dict[int, int | None]) -> None:
    """One chunk; tried again when it met a writer who holds what it needs and needs what it holds."""
    for attempt in range(1, TRIES + 1):
        try:
            with transaction.atomic():
                list(
                    Instrument.objects.select_for_update(of=("self",), no_key=True)
                    .filter(pk__in=keys)
                    .order_by("pk")
                    .values("pk")
                )
                _let_wait(many=True)
                _write(keys, parents)
                _merge()
        except OperationalError as error:
            if attempt == TRIES or getattr(error.__cause__, "sqlstate", "") != DEADLOCK:
                raise
        else:
            return


def _write(keys: Sequence[int], parents: dict[int, int | None]) -> None:
    """Replace the entries of ``keys`` in the transaction that is open."""
    Entry.objects.filter(pk__in=keys).delete()
    copy_rows(Entry, COLUMNS, _rows(keys, parents))


def _rows(keys: Sequence[int], parents: dict[int, int | None]) -> list[tuple[Any, ...]]:
    """The entries of ``keys`` as the record says now, in the order of `COLUMNS`."""
    links: dict[int, list[int]] = {}
    through = Instrument.techniques.through
    rows = through._default_manager.filter(instrument_id__in=keys).order_by("instrument_id", "rank")
    for instrument, technique in rows.values_list("instrument_id", "technique_id"):
        links.setdefault(instrument, []).append(technique)
    found = Instrument.objects.filter(pk__in=keys).values(*READ)
    return [_row(one, links.get(one["id"], []), parents) for one in found]


def _row(one: dict[str, Any], techniques: list[int], parents: dict[int, int | None]) -> tuple[Any, ...]:
    major = None if one["value_minor"] is None else int(Money(one["currency"], one["value_minor"]).major)
    band = band_of(major)
    return (
        *(one["id"], one["city_id"], one["city__jurisdiction_id"], one["owner_id"], one["owner__kind"], techniques),
        *(one["class_code_id"], one["access"], one["status"], one["visibility"], one["currency"], band),
        *(
            standing_of(one["status"], one["access"]),
            vector(_texts(one), _codes(one, techniques, parents, band), [f"#t{key}" for key in techniques]),
        ),
    )


def _texts(one: dict[str, Any]) -> Texts:
    return Texts(
        names=(
            one["name_zh"],
            one["name_en"],
            one["manufacturer_zh"],
            one["manufacturer_en"],
            *spellings_of(one["model"]),
        ),
        measured=(*one["measured_zh"], *one["measured_en"]),
        places=(
            *(one["owner__name_zh"], one["owner__name_en"], one["facility__name_zh"], one["facility__name_en"]),
            *(one["city__name_zh"], one["city__name_en"], one["location_zh"], one["location_en"]),
        ),
        descriptions=(one["description_zh"], one["description_en"], one["local_id"]),
    )


def _codes(
    one: dict[str, Any], techniques: list[int], parents: dict[int, int | None], band: int | None
) -> Iterator[str]:
    """What results are narrowed to, as codes: the index alone then finds the rows."""
    yield f"#c{one['city_id']}"
    yield f"#j{one['city__jurisdiction_id']}"
    yield f"#o{one['owner_id']}"
    yield f"#k{one['owner__kind']}"
    yield f"#a{one['access']}"
    yield f"#s{one['status']}"
    yield f"#y{'yes' if one['source__kind'] == SourceKind.SYNTHETIC else 'no'}"
    if one["facility_id"] is not None:
        yield f"#f{one['facility_id']}"
    if band is not None:
        yield f"#b{one['currency']}{band}"
    if one["class_code_id"] is not None:
        yield f"#x{one['class_code_id']}"
    for group in {parents.get(key) for key in techniques} - {None}:
        yield f"#t{group}"
