"""The pages of cluster runs: the standing one, those that try other parameters, and what then changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from headwater.accounts.audit import Actor
from headwater.accounts.words import sentence
from headwater.core.decision import Decision, Reason, Refused
from headwater.observatory import actions, maps, published, queries
from headwater.observatory.facts import asker_facts
from headwater.observatory.models import Run, RunKind, RunState
from headwater.observatory.records import Records
from headwater.observatory.rules import may_ask_clusters
from headwater.observatory.templatetags.observatory import figure
from headwater.observatory.views import with_records
from headwater.registry.facts import viewer_of
from headwater.registry.queries import region

LIMITS = (("radius_km", 0.001, 5000.0), ("min_weight", 0.001, 1e12), ("merge_km", 0.0, 5000.0))
SHOWN_TRIED = 20
ROOM_KM = 60.0
AREAS = ("region", "world")


@with_records
def clusters(request: HttpRequest, records: Records) -> HttpResponse:
    """The standing run: map, table with intervals, stability, runs that tried others; published tables beside."""
    standing = queries.standing_clusters()
    context = {
        "waiting": queries.under_way(RunKind.CLUSTERS) + queries.under_way(RunKind.WORLD),
        "published": published.cluster_tables(records.snapshot.region["code"]),
        "tried": [
            {**row, "state_words": RunState(row["state"]).label} for row in queries.tried_clusters()[:SHOWN_TRIED]
        ],
    }
    return _page(request, records, standing, None, context)


@with_records
def tried(request: HttpRequest, records: Records, public_id: str) -> HttpResponse:
    """One run, and what changed against the run that it was tried beside."""
    run = queries.cluster_run(public_id)
    if run is None:
        raise Http404(_("There is no such run."))
    return _page(request, records, run, queries.cluster_run(run.parameters.get("beside", "")), {"is_tried": True})


def _page(
    request: HttpRequest, records: Records, run: Run | None, base: Run | None, context: dict[str, Any]
) -> HttpResponse:
    held = region()
    context |= {
        "run": run,
        "base": base,
        "may_ask": may_ask_clusters(asker_facts(viewer_of(request.user))).allowed(),
        "given": _given(run.parameters) if run is not None else {},
    }
    if run is not None and run.result and held is not None:
        result = run.result
        for row in result["clusters"]:
            row["share_list"] = [row["shares"][name] for name in result["metrics"]]
        chosen, area, problem = _extent(request, result["clusters"])
        home = records.snapshot.region["bounds"]
        bounds = home if chosen is None else maps.around(chosen, ROOM_KM)
        context |= {
            "result": result,
            "given": _given(result["parameters"]),
            "chosen": chosen,
            "area": area,
            "problems": [problem] if problem else [],
            "grid": _grid(result, chosen),
            "drawing": maps.draw_world(result["clusters"], _title)
            if area == "world"
            else maps.draw_shapes(
                bounds,
                held.coast if maps.meets(bounds, home) else {},
                result["clusters"],
                _title,
                before=base.result.get("clusters", []) if base is not None else [],
            ),
            "wide_km": round(maps.width_km(bounds)),
            "changes": _changes(result, base),
        }
    return render(request, "observatory/clusters.html", context)


def _given(parameters: Mapping[str, Any]) -> dict[str, str]:
    """What the form's fields hold at first."""
    return {name: f"{parameters[name]:g}" for name, _least, _most in LIMITS if parameters.get(name) is not None}


def _extent(request: HttpRequest, rows: Sequence[Mapping[str, Any]]) -> tuple[Mapping[str, Any] | None, str, str]:
    """The cluster that the map is drawn around, or the area; and what is wrong with the question."""
    given = request.GET.get("around", "").strip()
    area = request.GET.get("area", "region")
    area = area if area in AREAS else "region"
    if not given:
        return None, area, ""
    chosen = next((row for row in rows if str(row["cluster"]) == given and row["lat"] is not None), None)
    if chosen is None:
        return None, area, sentence(Reason("cluster.unknown", facts={"given": given}))
    return chosen, "", ""


def _title(row: Mapping[str, Any]) -> str:
    return f"{row['rank']} {row['name']}"


def _grid(result: Mapping[str, Any], chosen: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The stability map: clusters and share inside by radius and minimum, as a heat map and a table, and rank spans.

    With a cluster chosen, a second heat map of its ranks.
    """
    grid = result["grid"]
    if grid is None:
        return None
    radii, minima = grid["radii_km"], grid["minima"]
    asked = result["parameters"]
    here = next(
        (
            (r, c)
            for r, radius in enumerate(radii)
            for c, least in enumerate(minima)
            if (radius, least) == (asked["radius_km"], asked["min_weight"])
        ),
        None,
    )
    columns, lines = [figure(least) for least in minima], [f"{figure(radius)} km" for radius in radii]

    def words(text: str, r: int, c: int) -> tuple[str, str]:
        return text, _("radius %(radius)s, minimum %(least)s: %(text)s") % {
            "radius": lines[r],
            "least": columns[c],
            "text": text,
        }

    texts = [
        [words(f"{grid['clusters'][r][c]} · {100 * grid['inside'][r][c]:.0f} %", r, c) for c in range(len(minima))]
        for r in range(len(radii))
    ]
    inside = [share for line in grid["inside"] for share in line]
    least, room = min(inside), (max(inside) - min(inside)) or 1.0
    depth = [[(share - least) / room for share in line] for line in grid["inside"]]
    found: dict[str, Any] = {
        "minima": minima,
        "heat": maps.draw_heat(columns, lines, depth, texts, here),
        "cells": [
            (radius, list(zip(grid["clusters"][r], grid["inside"][r], strict=True))) for r, radius in enumerate(radii)
        ],
        "spans": [],
    }
    for row in result["clusters"][:20]:
        ranks = [rank for line in grid["rank"][str(row["cluster"])] for rank in line]
        held = [rank for rank in ranks if rank]
        found["spans"].append((row, min(held, default=None), max(held, default=None), len(held), len(ranks)))
    if chosen is not None:
        ranks = grid["rank"][str(chosen["cluster"])]
        ranked = [[1 / rank if rank else None for rank in line] for line in ranks]
        shown = [[words(str(rank or "—"), r, c) for c, rank in enumerate(line)] for r, line in enumerate(ranks)]
        found["ranks"] = maps.draw_heat(columns, lines, ranked, shown, here)
        found["rank_rows"] = list(zip(radii, ranks, strict=True))
    return found


def _changes(result: Mapping[str, Any], base: Run | None) -> dict[str, Any] | None:
    """What became of the clusters of the run beside: counts by kind, and each change with its ranks."""
    held = result.get("changes")
    if held is None:
        return None
    rows = []
    for row in held["rows"]:
        sides = [min((one["rank"] for one in row[side]), default=None) for side in ("before", "after")]
        move = None if None in sides else sides[0] - sides[1]
        if row["kind"] != "kept" or move:
            rows.append({**row, "move": move, "fall": None if move is None else -move})
    return {
        **held,
        "shown": rows,
        "counted": [(kind, count) for kind, count in held["counts"].items() if count],
        "all": sum(held["counts"].values()),
        "same_points": base is not None and base.result.get("labels_sha256") == held["labels_sha256"],
        "drawn": {str(row["cluster"]) for row in result["clusters"]},
    }


@require_POST
@login_required
def new_clusters(request: HttpRequest) -> HttpResponse:
    """Have clusters found with other parameters, beside the standing run or in its place."""
    given: dict[str, Any] = {}
    for name, least, most in LIMITS:
        text = request.POST.get(name, "").strip()
        if not text:
            continue
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not least <= value <= most:
            facts = {"given": text, "least": figure(least), "most": f"{most:,.0f}"}
            raise Refused(Decision((Reason("cluster.parameter", facts=facts),)))
        given[name] = value
    run = actions.ask_clusters(
        given,
        replace="replace" in request.POST,
        viewer=viewer_of(request.user),
        by=Actor(request.user, "page"),  # type: ignore[arg-type]
        at=timezone.now(),
    )
    return HttpResponseRedirect(reverse("observatory_tried_clusters", args=[run.public_id]))
