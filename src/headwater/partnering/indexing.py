"""The index of capability profiles that ranking and teams work on: built from the record, kept in each process.

Every write of a profile raises a stamp in its transaction. A small index is built anew before the next question; of a
large one the old is used once more while a thread builds the new. Nothing is shown from the index alone: profiles are
read again from the database before they are shown.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray
from scipy import sparse

from headwater.engines.matching import Groups, Thesaurus, build_groups
from headwater.partnering import queries, reach
from headwater.partnering.models import Profile, ProfileInstrument, ProfileTechnique, Work
from headwater.registry.models import InstrumentTechnique, Technique

SMALL = 5000  # profiles whose index is built within a request
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ProfileIndex:
    """All active profiles, indexed, with the keys of what the arrays hold."""

    stamp: queries.Stamp
    groups: Groups
    profiles: IntArray  # keys, by group
    group_of: dict[int, int]  # profile's key to group
    works: IntArray  # keys, in the order of the engine's works
    technique_row: dict[int, int]  # technique's key to row
    technique_keys: IntArray
    thesaurus: Thesaurus
    thing: tuple[int, ...]  # technique's key of each thing of the thesaurus
    prices: IntArray
    companies: NDArray[np.bool_]
    jurisdictions: IntArray


_HELD: dict[str, Any] = {"index": None, "thread": None}
_LOCK = threading.Lock()


def profile_index() -> ProfileIndex:
    """The index of today's profiles."""
    held: ProfileIndex | None = _HELD["index"]
    now = queries.stamp()
    database = connection.settings_dict["NAME"]
    if held is not None and _HELD.get("database") == database:
        if held.stamp == now:
            return held
        if held.groups.size > SMALL:
            _renew_behind()
            return held
    with _LOCK:
        held = _HELD["index"]
        if held is None or held.stamp != now or _HELD.get("database") != database:
            _HELD["index"], _HELD["database"] = build(), database
        index: ProfileIndex = _HELD["index"]
    return index


def forget() -> None:
    """Drop the index held by this process: for tests and benchmarks."""
    _HELD["index"] = None


def _renew_behind() -> None:
    with _LOCK:
        thread = _HELD["thread"]
        if thread is not None and thread.is_alive():
            return
        _HELD["thread"] = threading.Thread(target=_renew, name="partnering-index", daemon=True)
        _HELD["thread"].start()


def _renew() -> None:
    try:
        _HELD["index"] = build()
    finally:
        connection.close()


def technique_names(row: Any) -> list[str]:
    """All names of a technique, in both languages."""
    return [name for name in (row.name_zh, row.name_en, *row.synonyms_zh, *row.synonyms_en) if name]


def build() -> ProfileIndex:
    """Read all active profiles and index them: a fixed number of queries."""
    number = queries.stamp()  # before the rows: a write in between makes the index old, never falsely new
    techniques = list(Technique.objects.order_by("pk"))
    names = {one.pk: technique_names(one) for one in techniques}
    row = {one.pk: at for at, one in enumerate(techniques)}
    travel = reach.travel()
    rows = list(
        Profile.objects.filter(active=True)
        .order_by("pk")
        .values_list(
            "pk", "name_zh", "name_en", "summary_zh", "summary_en", "sectors", "organisation_id", "city_id", "load",
            "price_minor", "organisation__kind", "city__jurisdiction_id", "organisation__name_zh",
            "organisation__name_en",
        )
    )  # fmt: skip
    group_of = {one[0]: at for at, one in enumerate(rows)}
    levels, mastered = _levels(group_of, row)
    equipped, tools = _equipment(group_of, row)
    texts = []
    for at, one in enumerate(rows):
        techniques_text = " 。".join(name for key in mastered[at] for name in names[key])
        tools_text = " 。".join(tools[at])
        own = f"{one[1]} 。{one[2]}"
        summary = " 。".join(filter(None, (one[3], one[4], *one[5])))
        texts.append({"title": own, "summary": summary, "techniques": techniques_text, "instruments": tools_text})
    works = [
        (group_of[profile], key, {"title": title, "text": text})
        for key, profile, title, text in Work.objects.filter(profile__active=True)
        .order_by("profile_id", "pk")
        .values_list("pk", "profile_id", "title", "text")
        if profile in group_of
    ]
    groups = build_groups(
        texts,
        [(owner, text) for owner, _key, text in works],
        levels,
        equipped,
        np.array([travel.row[one[7]] for one in rows], np.int64),
        np.array([one[6] for one in rows], np.int64),
        np.array([one[8] for one in rows], np.float64),
    )
    return ProfileIndex(
        stamp=number,
        groups=groups,
        profiles=np.array([one[0] for one in rows], np.int64),
        group_of=group_of,
        works=np.array([key for _owner, key, _text in works], np.int64),
        technique_row=row,
        technique_keys=np.array([one.pk for one in techniques], np.int64),
        thesaurus=Thesaurus([names[one.pk] for one in techniques]),
        thing=tuple(one.pk for one in techniques),
        prices=np.array([one[9] for one in rows], np.int64),
        companies=np.array([one[10] == "company" for one in rows], bool),
        jurisdictions=np.array([one[11] for one in rows], np.int64),
    )


def _levels(group_of: dict[int, int], row: dict[int, int]) -> tuple[sparse.csr_array, dict[int, list[int]]]:
    mastered: dict[int, list[int]] = defaultdict(list)
    at_row, at_group, level = [], [], []
    links = ProfileTechnique.objects.order_by("profile_id", "-level", "pk")
    for profile, technique, value in links.values_list("profile_id", "technique_id", "level"):
        if profile in group_of:
            mastered[group_of[profile]].append(technique)
            at_row.append(row[technique])
            at_group.append(group_of[profile])
            level.append(float(value))
    shape = (len(row), len(group_of))
    return sparse.csr_array((level, (at_row, at_group)), shape), mastered


def _equipment(group_of: dict[int, int], row: dict[int, int]) -> tuple[sparse.csr_array, dict[int, list[str]]]:
    links = list(
        ProfileInstrument.objects.order_by("pk").values_list(
            "profile_id", "instrument_id", "instrument__name_zh", "instrument__name_en"
        )
    )
    of: dict[int, list[int]] = defaultdict(list)
    keys = ProfileInstrument.objects.values("instrument_id")
    for instrument, technique in InstrumentTechnique.objects.filter(instrument_id__in=keys).values_list(
        "instrument_id", "technique_id"
    ):
        of[instrument].append(technique)
    names: dict[int, list[str]] = defaultdict(list)
    found: set[tuple[int, int]] = set()
    for profile, instrument, zh, en in links:
        if profile in group_of:
            names[group_of[profile]] += filter(None, (zh, en))
            found |= {(row[technique], group_of[profile]) for technique in of[instrument]}
    pairs = np.array(sorted(found), np.int64).reshape(-1, 2)
    shape = (len(row), len(group_of))
    return sparse.csr_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape), names
