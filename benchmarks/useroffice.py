"""A panel's ranking and the office's desk, measured with few and many proposals: queries, CPU and wall.

    python -m benchmarks.useroffice                  60 and 600 proposals, three reviews each
    python -m benchmarks.useroffice --sizes 20 100   other sizes
    python -m benchmarks.useroffice --profile        where the CPU of the panel's page goes, at the largest size

Runs on a database of its own in the server that DATABASE_URL names (or the embedded one), and drops it at the end. CPU
is that of this process (the web side); the wall clock includes the database's. Goal: the ranking of 600 proposals in a
fixed number of queries and under 150 ms CPU.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import statistics
import sys
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

from benchmarks.database import own_database, start

ROUNDS = 15
LINES, MEMBERS, PEOPLE, FIRMS, REMARKS = 30, 60, 400, 60, 200
AT = datetime(2026, 3, 1, 8, tzinfo=UTC)


def make_office() -> dict[str, Any]:
    """A facility with beamlines, an office, a panel and a call."""
    from headwater.accounts import actions as accounts
    from headwater.accounts.audit import SYSTEM, Actor
    from headwater.accounts.models import Role, User
    from headwater.registry.models import (
        City,
        Facility,
        Instrument,
        InstrumentTechnique,
        Jurisdiction,
        Membership,
        Organisation,
        Person,
        Source,
        Technique,
    )
    from headwater.useroffice import facts
    from headwater.useroffice.actions import calls, people

    source = Source.objects.create(key="bench", kind="synthetic", title_en="A benchmark", title_zh="基准测试")
    home = Jurisdiction.objects.create(
        public_id="jur_b",
        code="BB",
        kind="province",
        name_en="Home",
        name_zh="本省",
        timezone="Asia/Shanghai",
        source=source,
    )
    city = City.objects.create(
        public_id="cty_b", code="b", name_en="City", name_zh="市", jurisdiction=home, lat=31.0, lon=121.0, source=source
    )
    firms = Organisation.objects.bulk_create(
        Organisation(
            public_id=f"org_b{k}", code=f"b{k}", kind="university", city=city, name_en=f"University {k}", source=source
        )
        for k in range(FIRMS)
    )
    facility = Facility.objects.create(
        public_id="fac_b",
        code="b",
        city=city,
        operator=firms[0],
        field="light_source",
        source=source,
        status="operating",
        name_en="B",
    )
    technique = Technique.objects.create(code="b", name_en="Diffraction", name_zh="衍射")
    lines = Instrument.objects.bulk_create(
        Instrument(
            public_id=f"ins_b{k}",
            name_en=f"BL{k + 1:02d} Line",
            name_zh=f"第{k + 1}线站",
            owner=firms[0],
            facility=facility,
            city=city,
            access="proposal",
            created_at=AT,
            updated_at=AT,
            source=source,
        )
        for k in range(LINES)
    )
    InstrumentTechnique.objects.bulk_create(InstrumentTechnique(instrument=one, technique=technique) for one in lines)
    users = User.objects.bulk_create(
        User(email=f"u{k}@example.org", name=f"Person {k}", is_active=True) for k in range(PEOPLE + MEMBERS + 1)
    )
    persons = Person.objects.bulk_create(
        Person(public_id=f"per_b{k}", user=one, name_en=str(one), orcid=f"0000-0000-{k // 10000:04d}-{k % 10000:04d}")
        for k, one in enumerate(users)
    )
    Membership.objects.bulk_create(
        Membership(person=one, organisation=firms[k % FIRMS], role="member") for k, one in enumerate(persons)
    )
    officer = users[-1]
    accounts.grant(officer, Role.USER_OFFICE, scope=facility.public_id, by=SYSTEM, at=AT)
    acting = {"desk": facts.desk_of(officer), "by": Actor(officer, "page"), "at": AT}
    panel = people.make_panel(facility.public_id, "评审组", "Panel", **acting)
    members = users[PEOPLE : PEOPLE + MEMBERS]
    for user in members:
        people.set_member(panel.public_id, people.Member(user.email, fields=("b",)), **acting)
    draft = calls.CallDraft(
        facility=facility.public_id,
        code="2026A",
        name_zh="一轮",
        name_en="Round",
        mode="general",
        opens_at=AT - timedelta(days=60),
        closes_at=AT - timedelta(days=1),
        period_start=date(2026, 9, 1),
        period_end=date(2027, 2, 27),
        beamlines=[one.public_id for one in lines],
    )
    call = calls.make_call(draft, **acting)
    calls.set_call_stage(call.public_id, "announced", **acting)
    return {"call": call, "lines": lines, "users": users, "members": members, "officer": officer, "firms": firms}


def grow(office: dict[str, Any], to: int) -> None:
    """Fill the call up to so many proposals with the panel, each with a team of three and three reviews."""
    import numpy as np  # after the command line has set how many threads it takes

    from headwater.useroffice.models import BeamlineChoice, Proposal, Remark, Review, TeamMember

    call, lines, users, members = (office[name] for name in ("call", "lines", "users", "members"))
    track = call.tracks.get()
    stage = track.stages.get()
    have = call.proposals.count()
    rng = np.random.default_rng(have)
    made = Proposal.objects.bulk_create(
        Proposal(
            public_id=f"pro_b{k}",
            call=call,
            track=track,
            form=call.form,
            code=f"2026A-{k + 1:04d}",
            state="panel",
            state_at=AT,
            title=f"What the strain of film {k} says of its growth",
            organisation=office["firms"][k % FIRMS],
            requested=12,
            minimum=6,
            made_at=AT - timedelta(days=30),
            submitted_at=AT - timedelta(days=20, seconds=k),
        )
        for k in range(have, to)
    )
    BeamlineChoice.objects.bulk_create(
        BeamlineChoice(proposal=one, instrument=lines[(k + shift) % LINES], rank=shift)
        for k, one in enumerate(made)
        for shift in range(2)
    )
    TeamMember.objects.bulk_create(
        TeamMember(
            proposal=one,
            user=users[(3 * k + shift) % PEOPLE],
            email=users[(3 * k + shift) % PEOPLE].email,
            proposer=shift == 0,
            accepted_at=AT,
        )
        for k, one in enumerate(made)
        for shift in range(3)
    )
    severity = np.random.default_rng(1).normal(0, 0.6, len(members))
    reviews = []
    for k, one in enumerate(made):
        merit = rng.normal(3, 0.8)
        for shift in range(3):
            m = (5 * k + 17 * shift) % len(members)
            score = float(np.clip(np.round(merit - severity[m] + rng.normal(0, 0.5)), 1, 5))
            reviews.append(
                Review(
                    public_id=f"rev_b{have + k}_{shift}",
                    proposal=one,
                    stage=stage,
                    reviewer=members[m],
                    state="submitted",
                    scores={"merit": int(score)},
                    score=score,
                    for_panel="Sound. " * 40,
                    assigned_at=AT,
                    given_at=AT,
                )
            )
    Review.objects.bulk_create(reviews)
    Remark.objects.bulk_create(
        Remark(proposal=one, by=members[k % MEMBERS], at=AT, text="As I said.") for k, one in enumerate(made[:REMARKS])
    )


def measured(client: Any, path: str) -> tuple[int, float, float]:
    """Queries of one request, and the median CPU and wall milliseconds of many."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        answer = client.get(path)
    queries = len(captured)
    if answer.status_code != 200:
        raise SystemExit(f"{path} answered {answer.status_code}; nothing was measured.")
    cpus, walls = [], []
    for _round in range(ROUNDS):
        cpu, wall = time.process_time(), time.perf_counter()
        client.get(path)
        cpus.append(1000 * (time.process_time() - cpu))
        walls.append(1000 * (time.perf_counter() - wall))
    return queries, statistics.median(cpus), statistics.median(walls)


def pages(office: dict[str, Any]) -> dict[str, tuple[Any, str]]:
    call = office["call"].public_id
    return {
        "ranking, as the office": (office["officer"], f"/beamtime/calls/{call}/panel/"),
        "ranking, as a member": (office["members"][0], f"/beamtime/calls/{call}/panel/"),
        "ranking, by the API": (office["officer"], f"/api/v1/calls/{call}/ranking"),
        "the office's desk": (office["officer"], f"/beamtime/calls/{call}/desk/"),
    }


def measure(sizes: list[int], *, profile: bool) -> None:
    from django.test import Client

    office = make_office()
    found: dict[str, list[tuple[int, float, float]]] = {}
    for size in sizes:
        grow(office, size)
        for name, (user, path) in pages(office).items():
            client = Client(HTTP_HOST="localhost")
            client.force_login(user)
            queries, cpu, wall = measured(client, path)
            found.setdefault(name, []).append((queries, cpu, wall))
            print(
                f"{name:<26}{size:>6} proposals {queries:>4} queries {cpu:>8.1f} ms CPU {wall:>8.1f} ms wall",
                flush=True,
            )
    for name, rows in found.items():
        same = "the same queries" if len({row[0] for row in rows}) == 1 else "NOT the same queries"
        print(f"{name:<26}{same}; CPU {rows[-1][1] / rows[0][1]:.1f} × for {sizes[-1] / sizes[0]:.0f} × the proposals")
    if profile:
        user, path = pages(office)["ranking, as the office"]
        client = Client(HTTP_HOST="localhost")
        client.force_login(user)
        client.get(path)
        watch = cProfile.Profile()
        watch.enable()
        for _round in range(5):
            client.get(path)
        watch.disable()
        pstats.Stats(watch).sort_stats("cumulative").print_stats(45)


def main() -> None:
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--sizes", type=int, nargs="+", default=[60, 600])
    parse.add_argument("--profile", action="store_true")
    given = parse.parse_args()
    start()
    with own_database():
        measure(sorted(given.sizes), profile=given.profile)


if __name__ == "__main__":
    sys.exit(main())
