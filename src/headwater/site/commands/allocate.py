"""``headwater allocate``: a round of beamtime, from a file to a plan."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from headwater import __version__
from headwater.site.fileinput import Finite, Unusable, write_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from headwater.engines.allocation import Award, Published, Round

GAP = 1e-3


@click.command("allocate", short_help="A round of beamtime: who gets how many shifts, where, when.")
@click.argument("round_file", metavar="ROUND.json", type=click.Path(path_type=Path))
@click.option("--seconds", type=Finite(0.1, 86_400), default=60.0, show_default=True, help="When the search stops.")
@click.option("--gap", type=Finite(0, 1), default=GAP, show_default=True, help="Stop when as near the bound.")
@click.option("--out", "out_file", type=click.Path(path_type=Path), help="Where the plan goes, as JSON.")
@click.option("--previous", "previous_file", type=click.Path(path_type=Path), help="A plan to change little.")
@click.option(
    "--change-cost",
    type=Finite(0, 1e12),
    help="Merit a change of a previous award must gain. Default: the mean merit of an award.",
)
@click.option("--drop-cost", type=Finite(0, 1e12), help="The same for leaving one out. Default: twice --change-cost.")
@click.option("--open-from", type=click.IntRange(0), default=0, help="Nothing changes before this day (a number).")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON instead of a summary.")
@click.option("--verbose", is_flag=True, help="Say how the search goes.")
def command(
    round_file: Path,
    seconds: float,
    gap: float,
    out_file: Path | None,
    previous_file: Path | None,
    change_cost: float | None,
    drop_cost: float | None,
    open_from: int,
    seed: int,
    as_json: bool,
    verbose: bool,
) -> None:
    """Plan ROUND.json: the greatest total of weight x shifts within the beam calendar and all limits.

    The answer says how far it can be from the best (the gap), and for each proposal why it got what it got. A checker
    that shares no code with the search looks at it before it is written. A round that cannot be planned says
    which limits clash, and exits with 1; a file that cannot be read exits with 2.

    \b
    ROUND.json
      title, first_day   optional; with first_day (a date) days may be dates
      days               length of the round, days count from 0
      beamlines          list of {"id", "beam": [days or [first, past]],
                         "no_beam": [...], "shifts_a_day": 3,
                         "change_over": 1, "reserve": 0, "bridge": 1}
      proposals          list of {"id", "weight", "requested",
                         "beamlines": [preferred first], "minimum",
                         "between": [lengths], "blackouts": [[first, past]],
                         "tags": [], "must": false,
                         "pin": {"beamline", "start", "shifts"}, "banned": []}
      shares             list of {"id", "tag", "beamlines", "min_share",
                         "max_share", "min_shifts", "max_shifts"}

    The schemas are in headwater/schemas: allocation-round and allocation-plan.
    """
    import numpy as np

    from headwater.engines.allocation import NoPlan, check_plan, explain_plan, solve_round
    from headwater.site import roundfile

    asked, raw = roundfile.read_round(round_file)
    published = _published(asked, previous_file, change_cost, drop_cost, open_from)
    began = time.monotonic()

    def progress(step: str, at: float, objective: float, bound: float) -> None:
        if verbose:
            click.echo(f"{at:7.1f} s  {step:<24} merit {objective:12.1f}  bound {bound:12.1f}", err=True)

    try:
        plan = solve_round(
            asked,
            published=published,
            seconds=seconds,
            clock=time.monotonic,
            target_gap=gap,
            rng=np.random.default_rng(seed),
            progress=progress,
        )
    except NoPlan as error:
        raise click.ClickException(
            _clash(round_file, [roundfile.limit_text(one, asked) for one in error.conflict])
        ) from None
    if faults := check_plan(asked, plan.awards):
        told = "; ".join(f"{fault.about}: {fault.text}" for fault in faults[:5])
        raise click.ClickException(f"The plan breaks limits and was not written: {told}. Please report this round.")
    made: dict[str, object] = {
        "by": f"headwater {__version__}",
        "round_sha256": hashlib.sha256(round_file.read_bytes()).hexdigest(),
        "seconds": round(time.monotonic() - began, 2),
        "seed": seed,
        "previous": previous_file.name if previous_file else None,
    }
    answers = explain_plan(asked, plan.awards, published=published)
    told_plan = roundfile.plan_object(asked, plan, answers, raw=raw, made=made, published=published)
    written = json.dumps(told_plan, ensure_ascii=False, indent=1)
    if out_file:
        write_text(out_file, written + "\n")
    click.echo(written if as_json else _summary(told_plan, asked, out_file))


def _published(
    asked: Round, path: Path | None, change_cost: float | None, drop_cost: float | None, open_from: int
) -> Published | None:
    from headwater.engines.allocation import Published
    from headwater.site import roundfile

    if path is None:
        if change_cost is not None or drop_cost is not None or open_from:
            raise Unusable("--change-cost, --drop-cost and --open-from belong to --previous PLAN.json; name the plan.")
        return None
    awards = roundfile.read_previous(path)
    known = {one.id for one in asked.proposals}
    if awards and not any(one.proposal in known for one in awards):
        raise Unusable(f"{path}: none of its proposals is in the round; is it the plan of another round?")
    if open_from >= asked.days:
        raise Unusable(f"--open-from {open_from} is past the round's last day, {asked.days - 1}.")
    change = _mean_merit(asked, awards) if change_cost is None else change_cost
    return Published(awards, change, 2 * change if drop_cost is None else drop_cost, open_from)


def _mean_merit(asked: Round, awards: tuple[Award, ...]) -> float:
    weight = {one.id: one.weight for one in asked.proposals}
    merits = [weight[award.proposal] * award.shifts for award in awards if award.proposal in weight]
    return sum(merits) / len(merits) if merits else 0.0


def _clash(path: Path, limits: list[str]) -> str:
    if not limits:
        return f"{path}: no plan is possible: the beam calendar leaves no place for what must be granted."
    if len(limits) == 1:
        return f"{path}: no plan can keep this limit, even with every other dropped: {limits[0]}. Relax it."
    return (
        f"{path}: no plan keeps all limits. These clash: {'; '.join(limits)}. Drop any one of them and the others "
        "of this list can be kept."
    )


def _summary(plan: Mapping[str, Any], asked: Round, out_file: Path | None) -> str:
    outcomes = [answer["outcome"] for answer in plan["answers"]]
    granted = sum(award["shifts"] for award in plan["awards"])
    wanted = sum(one.requested for one in asked.proposals)
    lines = [plan["title"]] if plan.get("title") else []
    lines.append(
        f"{len(asked.proposals)} proposals ask {wanted} shifts on {len(asked.beamlines)} beamlines: "
        f"{outcomes.count('granted')} granted as asked, {outcomes.count('elsewhere')} on an alternative, "
        f"{outcomes.count('shortened')} shortened, {outcomes.count('not')} not; {granted} shifts."
    )
    if plan["status"] == "best":
        quality = "proved best"
    else:
        quality = f"at most {100 * plan['gap']:.2f} % below the best (bound {plan['bound']:.1f})"
    lines.append(f"Merit {plan['merit']:.1f}, {quality}; {plan['made']['seconds']:.1f} s.")
    if changes := plan.get("changes"):
        lines.append(
            f"Against the previous plan: {changes['kept']} kept, {changes['moved']} moved, "
            f"{changes['dropped']} dropped, {changes['new']} new."
        )
    lines += ["", f"{'beamline':<14}{'beam days':>10}{'taken':>7}{'asked':>7}{'granted':>9}{'cut-off weight':>16}"]
    for line in plan["beamlines"]:
        cut = "-" if line["cut_off_weight"] is None else f"{line['cut_off_weight']:g}"
        lines.append(
            f"{line['id']:<14}{line['beam_days']:>10}{line['taken_days']:>7}{line['requested_shifts']:>7}"
            f"{line['granted_shifts']:>9}{cut:>16}"
        )
    for share in plan["shares"]:
        part = "-" if share["share"] is None else f"{100 * share['share']:.1f} %"
        lines.append(f"share {share['id']}: {share['shifts']} of {share['of']} shifts, {part}")
    lines.append(f"Written to {out_file}." if out_file else "Nothing written; --out PLAN.json keeps the plan.")
    return "\n".join(lines)
