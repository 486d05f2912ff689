"""Processes that write to the calendar as hard as they can, for the fault tests and the benchmark.

    python -m tests.booking.storm contest FOLDER ROUNDS    eight processes ask for each round's slot at the same moment
    python -m tests.booking.storm limits FOLDER ROUNDS     eight processes, each on its instrument, ask for what is left
    python -m tests.booking.storm mix FOLDER SECONDS       they book, move, hand over, cancel and wait at random
    python -m tests.booking.storm book FOLDER SECONDS      eight processes book at random until the time is up
    python -m tests.booking.storm call FOLDER SECONDS      the same through HTTP, at the plan's address
    python -m tests.booking.storm prepare FOLDER           an instrument, its rules, its people and their tokens
    python -m tests.booking.storm settle FOLDER            end what is due, as the worker does each minute

They write to the database that DATABASE_URL names, by the same actions as pages and programs. FOLDER/plan.json says on
which instruments and who; what came of it is written beside it.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

START = datetime(2026, 6, 1, 0, 0, tzinfo=UTC)
AT = START - timedelta(days=1)
ALWAYS = [[["00:00", "24:00"]]] * 7


def slot(number: int) -> tuple[datetime, datetime]:
    """The slot of one round: an hour, each after the other, none of them touching the next."""
    start = START + timedelta(hours=2 * number)
    return start, start + timedelta(hours=1)


def _acting(email: str) -> dict[str, Any]:
    from headwater.accounts.audit import Actor
    from headwater.accounts.models import User
    from headwater.registry.facts import viewer_of

    user = User.objects.get(email=email)
    return {"viewer": viewer_of(user), "by": Actor(user, "api"), "at": AT}


def contest(folder: Path, plan: dict[str, Any], number: int, barrier: Any, rounds: str) -> None:
    """Ask for each round's slot at the same moment as all the others do, and write down what was answered."""
    from headwater.booking.actions.reserving import Ask, book
    from headwater.core.decision import Refused

    acting = _acting(plan["users"][number])
    with (folder / f"answers-{number}").open("w") as answers:
        for this in range(int(rounds)):
            barrier.wait(timeout=60)
            try:
                made = book(Ask(plan["instruments"][0], *slot(this)), **acting)
                answers.write(f"{this} won {made.public_id}\n")
            except Refused as refused:
                answers.write(f"{this} lost {' '.join(refused.decision.codes)}\n")


def book(folder: Path, plan: dict[str, Any], number: int, barrier: Any, seconds: str) -> None:
    """Book at random until the time is up; count what was booked and what was refused."""
    from headwater.booking.actions.reserving import Ask, book
    from headwater.core.decision import Refused

    acting, rng = _acting(plan["users"][number]), random.Random(number)
    counts, times = {"booked": 0, "refused": 0}, []
    barrier.wait(timeout=60)
    until = time.perf_counter() + float(seconds)
    while (begun := time.perf_counter()) < until:
        start = START + timedelta(minutes=15 * rng.randrange(180 * 96))
        ask = Ask(rng.choice(plan["instruments"]), start, start + timedelta(minutes=30 * rng.randint(1, 8)))
        try:
            book(ask, **acting)
            counts["booked"] += 1
        except Refused:
            counts["refused"] += 1
        times.append(time.perf_counter() - begun)
    (folder / f"counted-{number}.json").write_text(json.dumps({**counts, "times": times}))


def limits(folder: Path, plan: dict[str, Any], number: int, barrier: Any, rounds: str) -> None:
    """Ask for an hour of each round's week on an instrument of one's own, at the same moment as all the others do."""
    from headwater.booking.actions.reserving import Ask, book
    from headwater.core.decision import Refused

    start = START + timedelta(hours=3 * number)  # no two at the same time of day
    with (folder / f"answers-{number}").open("w") as answers:
        for phase in plan["phases"]:
            acting = _acting(phase["users"][number])
            for this in range(int(rounds)):
                week = timedelta(weeks=this)
                ask = Ask(phase["instruments"][number], start + week, start + week + timedelta(hours=1))
                barrier.wait(timeout=60)
                try:
                    answers.write(f"won {book(ask, **acting).public_id}\n")
                except Refused as refused:
                    answers.write(f"lost {' '.join(refused.decision.codes)}\n")


def mix(folder: Path, plan: dict[str, Any], number: int, barrier: Any, seconds: str) -> None:
    """Book, move, hand over, cancel and wait on all instruments until the time is up; count the answers."""
    from headwater.booking.actions.changing import cancel, hand_over, move
    from headwater.booking.actions.reserving import Ask, Repeat, book, book_series
    from headwater.booking.actions.waiting import Wish, wait
    from headwater.core.decision import Refused

    phase = plan["phases"][-1]
    people = [_acting(one) for one in phase["users"]]
    me, rng = people[number], random.Random(number)
    mine: list[str] = []
    counts: dict[str, int] = {}
    barrier.wait(timeout=60)
    until = time.perf_counter() + float(seconds)
    while time.perf_counter() < until:
        start = START + timedelta(weeks=100, minutes=30 * rng.randrange(2 * 48 * 7))
        end = start + timedelta(minutes=30 * rng.randint(1, 4))
        ask, act = (
            Ask(rng.choice(phase["instruments"]), start, end),
            rng.choice(("book", "move", "over", "cancel", "series", "wait")),
        )
        try:
            if act == "book" or not mine:
                mine.append(book(ask, **me).public_id)
            elif act == "move":
                move(rng.choice(mine), start, end, expected_version=None, **me)
            elif act == "over":
                given = rng.choice(mine)
                hand_over(given, rng.choice(phase["users"]), expected_version=None, **me)
            elif act == "cancel":
                cancel(mine.pop(rng.randrange(len(mine))), expected_version=None, **me)
            elif act == "series":
                made = book_series(ask, Repeat(1, 3, skip_conflicts=True), **me)
                mine += [one.public_id for one in made.booked]
            else:
                wait(Wish(ask.instrument, start, start + timedelta(hours=12), 60), **me)
            answer = act
        except Refused as refused:
            answer = refused.decision.codes[0]
        counts[answer] = counts.get(answer, 0) + 1
    (folder / f"counted-{number}.json").write_text(json.dumps(counts))


def call(folder: Path, plan: dict[str, Any], number: int, barrier: Any, seconds: str) -> None:
    """Book at random through the API on one kept connection until the time is up; count the answers."""
    import http.client

    rng, host = random.Random(number), plan["address"].removeprefix("http://")
    headers = {"Authorization": f"Bearer {plan['tokens'][number]}", "Content-Type": "application/json"}
    counts, times = {"booked": 0, "refused": 0}, []
    base = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=1)
    link = http.client.HTTPConnection(host, timeout=60)
    barrier.wait(timeout=60)
    until = time.perf_counter() + float(seconds)
    while (begun := time.perf_counter()) < until:
        start = base + timedelta(minutes=15 * rng.randrange(180 * 96))
        end = start + timedelta(minutes=30 * rng.randint(1, 8))
        body = {"instrument": rng.choice(plan["instruments"]), "start": start.isoformat(), "end": end.isoformat()}
        link.request("POST", "/api/v1/bookings", json.dumps(body), headers)
        answer = link.getresponse()
        answer.read()
        if answer.status not in (201, 409):
            raise AssertionError(f"answered {answer.status}")
        counts["booked" if answer.status == 201 else "refused"] += 1
        times.append(time.perf_counter() - begun)
    (folder / f"counted-{number}.json").write_text(json.dumps({**counts, "times": times}))


def prepare(folder: Path) -> None:
    """One instrument with rules that limit a person's week, its manager, and eight people; their tokens in the plan."""
    from tests.booking.made import make_lab
    from tests.factories import make_token, make_user

    lab = make_lab()
    since = datetime.now(UTC) - timedelta(days=400)
    lab.policy(since=since, max_minutes=240, person_week_minutes=900, horizon_days=400, hold_minutes=1)
    people = [make_user() for _one in range(8)]
    plan = {
        "instruments": [lab.instrument.public_id],
        "users": [one.email for one in people],
        "tokens": [make_token(one, scopes=("read", "write"))[1] for one in people],
    }
    (folder / "plan.json").write_text(json.dumps(plan))


def main(act: str, folder: Path, *rest: str) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "headwater.site.settings")
    import django

    django.setup()
    if act == "prepare":
        prepare(folder)
        return 0
    if act == "settle":
        from headwater.booking.actions.using import settle

        settle(at=datetime.now(UTC))
        return 0
    plan = json.loads((folder / "plan.json").read_text())
    forked = multiprocessing.get_context("fork")  # nothing is connected yet
    count = len(plan["phases"][0]["users"] if "phases" in plan else plan["users"])
    barrier = forked.Barrier(count)
    work = {"contest": contest, "book": book, "call": call, "limits": limits, "mix": mix}[act]
    writers = [forked.Process(target=work, args=(folder, plan, number, barrier, *rest)) for number in range(count)]
    for one in writers:
        one.start()
    for one in writers:
        one.join()
    return max(abs(one.exitcode or 0) for one in writers)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:]))
