"""The programme's figures: the funnel, the network and its brokers, each with what it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from django.core.cache import caches

from headwater.core.estimate import Estimate
from headwater.engines.brokerage import brokerage
from headwater.partnering import queries
from headwater.partnering.models import Partnership
from headwater.registry.models import Jurisdiction, Organisation

KEPT_S = 300
# A challenge that has come so far has been through what stands before.
_PUBLISHED = ("published", "matched", "contracted", "accepted", "closed")
_TRIAGED_OUT = ("refine", "long_term", "not_research", "withdrawn")
FUNNEL = (
    ("challenges", ("draft", "submitted", "ready", *_TRIAGED_OUT, *_PUBLISHED)),
    ("ready", ("ready", *_PUBLISHED)),
    ("published", _PUBLISHED),
    ("matched", ("matched", "contracted", "accepted")),
    ("contracted", ("contracted", "accepted")),
    ("accepted", ("accepted",)),
)
TRIAGED = {
    "ready": ("ready", *_PUBLISHED),
    "refine": ("refine",),
    "long_term": ("long_term",),
    "not_research": ("not_research",),
}


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the funnel, with its share of the step before."""

    code: str
    estimate: Estimate
    share: float | None


@dataclass(frozen=True, slots=True)
class Broker:
    """An organisation that stands between others."""

    organisation: Organisation
    total: int
    across: int
    liaison: int
    ties: int


@dataclass(frozen=True, slots=True)
class Network:
    """Who is in the network, who is tied to whom, and who stands between them."""

    kinds: dict[str, Estimate]
    ties: Estimate
    tied: int
    across: Estimate
    matrix: list[tuple[str, list[int]]]
    jurisdictions: list[str]
    brokers: list[tuple[int, int, int, int, int]]


def funnel(today: date) -> list[Step]:
    """How many challenges came how far; counts alone, which give no challenge away."""
    by_state = queries.challenges_by_state()
    steps: list[Step] = []
    for code, states in FUNNEL:
        count = sum(by_state.get(state, (0, 0))[0] for state in states)
        made = sum(by_state.get(state, (0, 0))[1] for state in states)
        before = steps[-1].estimate.value if steps else None
        share = count / before if before else None
        steps.append(Step(code, Estimate(count, "challenges", count, made / count if count else 0.0, today), share))
    return steps


def triage_shares() -> list[tuple[str, int, float]]:
    """Of the challenges that were judged: how many came out ready, to be refined, long-term, not research."""
    by_state = queries.challenges_by_state()
    counts = {code: sum(by_state.get(state, (0, 0))[0] for state in states) for code, states in TRIAGED.items()}
    total = sum(counts.values())
    return [(code, count, count / total if total else 0.0) for code, count in counts.items()]


def network(today: date) -> Network:
    """The network of ties; kept for some minutes in each process."""
    kept: Network | None = caches["local"].get("partnering.network")
    if kept is None:
        kept = _network(today)
        caches["local"].set("partnering.network", kept, KEPT_S)
    return kept


def _network(today: date) -> Network:
    rows = queries.organisation_places()
    row = {pk: at for at, (pk, *_rest) in enumerate(rows)}
    codes = sorted({code for _pk, _kind, _place, code, _made in rows})
    place = np.array([codes.index(code) for _pk, _kind, _place, code, _made in rows], np.int64)
    made = np.array([synthetic for *_rest, synthetic in rows], bool)
    pairs = sorted({(row[a], row[b]) for a, b, kind in queries.tied_pairs() if kind != "ownership"})
    kinds = {}
    for kind in ("university", "research_institute", "company"):
        of_kind = np.array([one == kind for _pk, one, *_rest in rows], bool)
        count = int(of_kind.sum())
        kinds[kind] = Estimate(count, "organisations", count, float(made[of_kind].mean()) if count else 0.0, today)
    consortia = Partnership.objects.filter(kind="consortium").order_by().values_list("source__kind", flat=True)
    count = len(consortia)
    kinds["consortium"] = Estimate(
        count, "consortia", count, sum(kind == "synthetic" for kind in consortia) / count if count else 0.0, today
    )
    matrix = np.zeros((len(codes), len(codes)), int)
    for a, b in pairs:
        matrix[place[a], place[b]] += 1
        if place[a] != place[b]:
            matrix[place[b], place[a]] += 1
    found = brokerage(len(rows), pairs, place) if rows else None
    degree = np.bincount(np.array(pairs, np.int64).ravel(), minlength=len(rows)) if pairs else np.zeros(len(rows), int)
    across = [pair for pair in pairs if place[pair[0]] != place[pair[1]]]
    made_ties = sum(bool(made[a] or made[b]) for a, b in pairs)
    brokers = []
    if found is not None:
        order = np.lexsort((np.arange(len(rows)), -found.total, -found.across))
        brokers = [
            (rows[at][0], int(found.total[at]), int(found.across[at]), int(found.liaison[at]), int(degree[at]))
            for at in order[:20]
            if found.total[at]
        ]
    return Network(
        kinds=kinds,
        ties=Estimate(len(pairs), "ties", len(pairs), made_ties / len(pairs) if pairs else 0.0, today),
        tied=int((degree > 0).sum()),
        across=Estimate(
            len(across) / len(pairs) if pairs else 0.0,
            "share",
            len(pairs),
            made_ties / len(pairs) if pairs else 0.0,
            today,
        ),
        matrix=[(code, matrix[at].tolist()) for at, code in enumerate(codes)],
        jurisdictions=codes,
        brokers=brokers,
    )


def named_brokers(found: Network) -> list[Broker]:
    """The brokers with their organisations; one query."""
    by_key = Organisation.objects.select_related("city__jurisdiction", "source").in_bulk(
        [one[0] for one in found.brokers]
    )
    return [Broker(by_key[pk], *rest) for pk, *rest in found.brokers if pk in by_key]


def jurisdiction_names(codes: list[str]) -> list[str]:
    names = {one.code: one.name for one in Jurisdiction.objects.filter(code__in=codes)}
    return [names[code] for code in codes]
