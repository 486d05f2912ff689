"""The observatory's steps of the main job: the made-up world's clusters, ten indicators, one report."""

from __future__ import annotations

import time
from math import cos, hypot, radians
from typing import Any, Protocol

WAIT_S = 240


class Visit(Protocol):
    """The browser without a screen that the steps use."""

    def get(self, path: str, *, status: int = ..., language: str = ..., token: str = ...) -> Any: ...
    def submit(self, path: str, values: dict[str, object], *, status: int = ..., form: str = ...) -> Any: ...
    def sign_in(self, key: str) -> Any: ...


def _need(condition: object, otherwise: str) -> None:
    if not condition:
        raise ValueError(otherwise)


def _await(visit: Visit, path: str, ready: Any) -> Any:
    """Read an address until it is ready; what the worker does takes its time."""
    deadline = time.monotonic() + WAIT_S
    while True:
        found = visit.get(path).json()
        if ready(found):
            return found
        _need(time.monotonic() < deadline, f"{path} is not ready after {WAIT_S} s. Does the worker run?")
        time.sleep(1)


def find_clusters(visit: Visit) -> str:
    """The latest run's clusters are where the made-up world put them; the page shows them in both languages."""
    centres = _await(visit, "/api/v1/worlds", bool)[0]["centres"]
    _await(visit, "/api/v1/runs?kind=clusters", lambda found: any(one["state"] == "done" for one in found))
    run = visit.get("/api/v1/clusters").json()
    rows = run["result"]["clusters"]
    if run["result"]["synthetic_share"] == 1:
        lost = [one["name"] for one in centres if not any(_near(one, row) for row in rows)]
        _need(not lost and len(rows) == len(centres), f"Clusters are not where they were made: {lost or len(rows)}")
    for language in ("en", "zh-hans"):
        page = visit.get("/observatory/clusters/", language=language).text
        _need('class="hull"' in page and rows[0]["name"] in page, "The clusters' page lacks its map or table.")
    top = rows[0]
    return f"{len(rows)} clusters, first {top['name']} (rank {top['rank_low']} to {top['rank_high']})"


def _near(centre: dict[str, Any], row: dict[str, Any], km: float = 10.0) -> bool:
    north = (centre["lat"] - row["lat"]) * 111.2
    east = (centre["lon"] - row["lon"]) * 111.2 * cos(radians(centre["lat"]))
    return hypot(north, east) < km


def read_indicators(visit: Visit) -> str:
    """Ten indicators and more have a value; each with its records, and beside the published figures."""
    statements = visit.get("/api/v1/statements").json()
    made = {one["indicator"]: one["estimate"] for row in statements for one in row["computed"] if one["estimate"]}
    _need(len(made) >= 10, f"Only {len(made)} indicators could be computed.")
    _need(all(one["records"] > 0 for one in made.values()), "A figure rests on no records.")
    beside = sum(bool(row["computed"]) for row in statements)
    page = visit.get("/observatory/", language="zh-hans").text
    _need('class="chip synthetic"' in page, "A figure of the made-up world does not say that it is synthetic.")
    return f"{len(made)} indicators beside {beside} of {len(statements)} published statements"


def make_report(visit: Visit) -> str:
    """A report is asked for on its page, made by the worker, and has its files."""
    visit.sign_in("analyst")
    page = visit.submit("/observatory/reports/new/", {"subject": "region", "period": ""}, form="/observatory/reports/")
    number = page.url.rstrip("/").rsplit("/", 1)[1]
    run = _await(visit, f"/api/v1/reports/{number}", lambda found: found["state"] in ("done", "failed"))
    _need(run["state"] == "done", f"The report failed: {run['problem']}")
    names = [one["name"] for one in run["files"]]
    pdf = visit.get(f"/observatory/reports/{number}/report.zh.pdf").content
    _need(pdf[:5] == b"%PDF-", "The report's PDF is none.")
    return f"{run['manifest']['id']}: {len(names)} files"


STEPS = [
    ("Clusters of the made-up world", find_clusters),
    ("Ten indicators beside what was published", read_indicators),
    ("One report in two languages", make_report),
]
