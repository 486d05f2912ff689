"""``headwater assign``: reviewers to proposals, from three files."""

from __future__ import annotations

import csv
import io
import json
import math
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from headwater.site.fileinput import Finite, Unusable, table_of, text_of, write_text

if TYPE_CHECKING:
    import numpy as np

    from headwater.engines.assignment import Assignment, Conflicts, LeftOut

REVIEWS = 3
LOAD = 20
# What numpy raises on a file that is no archive of plain arrays: another kind, cut short, spoilt, or of absurd shape.
UNREADABLE = (OSError, ValueError, TypeError, EOFError, MemoryError, RuntimeError, zipfile.BadZipFile, zlib.error)
KINDS = ("author", "organisation", "declared", "field", "language", "listed")
PROPOSAL_COLUMNS = ("id", "reviews", "fields", "languages", "organisations", "people")
REVIEWER_COLUMNS = ("id", "max_load", "min_load", "fields", "languages", "organisations", "conflicts")


@dataclass(frozen=True)
class _Rows:
    """A file of proposals or reviewers: ids in order, numbers, and lists by column."""

    path: Path
    ids: tuple[str, ...]
    lines: tuple[int, ...]
    numbers: Mapping[str, tuple[int, ...]]
    lists: Mapping[str, tuple[frozenset[str], ...]]


@click.command("assign", short_help="Reviewers to proposals, from three files.")
@click.argument("proposals_file", metavar="PROPOSALS.csv", type=click.Path(path_type=Path))
@click.argument("reviewers_file", metavar="REVIEWERS.csv", type=click.Path(path_type=Path))
@click.argument("affinity_file", metavar="AFFINITY.npz|csv", type=click.Path(path_type=Path))
@click.option("--out", "out_file", type=click.Path(path_type=Path), help="Where the pairs go, as CSV.")
@click.option(
    "--left-out", "left_file", type=click.Path(path_type=Path), help="CSV: who fits and was not taken, and why."
)
@click.option("--conflicts", "conflicts_file", type=click.Path(path_type=Path), help="CSV: proposal, reviewer, kind.")
@click.option(
    "--reviews", type=click.IntRange(0, 100), default=REVIEWS, show_default=True, help="A proposal's reviews."
)
@click.option("--load", type=click.IntRange(0, 10_000), default=LOAD, show_default=True, help="A reviewer's most.")
@click.option("--any-field", is_flag=True, help="A reviewer without a field in common may review too.")
@click.option("--floor/--no-floor", default=True, show_default=True, help="Raise the worst pair first.")
@click.option("--cap", type=Finite(0.05, 1), help="Draw by chance, no pair with a greater chance than this.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, help="Of the draw.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    proposals_file: Path,
    reviewers_file: Path,
    affinity_file: Path,
    out_file: Path | None,
    left_file: Path | None,
    conflicts_file: Path | None,
    reviews: int,
    load: int,
    any_field: bool,
    floor: bool,
    cap: float | None,
    seed: int,
    as_json: bool,
) -> None:
    """Assign reviewers to proposals at the greatest total affinity, the worst pair as good as it can be.

    The total is proved the greatest that the floor, loads and conflicts allow. Where they leave too few reviewers, the
    answer names the proposals that fail together; exit code 1. A file that cannot be read exits with 2.

    \b
    PROPOSALS.csv (UTF-8)
      id             unique
      reviews        how many it gets (else --reviews)
      fields, languages, organisations, people    a;b;c
    \b
    REVIEWERS.csv
      id             unique
      max_load       most reviews (else --load); min_load: fewest
      fields, languages, organisations            a;b;c
      conflicts      ids of proposals or of people it may not review
    \b
    AFFINITY
      .csv           proposal, reviewer, affinity; pairs left out count 0; or
                     a table: first column the proposal, one a reviewer
      .npz           affinity (proposals x reviewers, in the files' order),
                     or with proposals and reviewers (arrays of ids)

    May not meet: a reviewer among the people; an organisation in common; what either declares (conflicts, --conflicts);
    no field in common, no language in common, where both name some. Higher affinity is better, -1000 to 1000.
    """
    import numpy as np

    from headwater.engines.assignment import AssignmentError, TooFewReviewers, assign_reviewers, explain_left_out

    proposals = _read_rows(proposals_file, PROPOSAL_COLUMNS, {"reviews": reviews})
    reviewers = _read_rows(reviewers_file, REVIEWER_COLUMNS, {"max_load": load, "min_load": 0})
    affinity = _affinity(affinity_file, proposals, reviewers)
    conflicts = _conflicts(proposals, reviewers, conflicts_file, any_field)
    loads = {name: np.array(reviewers.numbers[name], np.int64) for name in ("max_load", "min_load")}
    try:
        found = assign_reviewers(
            affinity,
            per_proposal=np.array(proposals.numbers["reviews"], np.int64),
            **loads,
            conflicts=conflicts,
            raise_floor=floor,
            cap=cap,
            rng=None if cap is None else np.random.default_rng(seed),
        )
    except TooFewReviewers as error:
        raise click.ClickException(_too_few(error, proposals, reviewers, cap)) from None
    except AssignmentError as error:
        raise Unusable(str(error)) from error
    _check(found, proposals, loads["max_load"], loads["min_load"], conflicts)
    left = explain_left_out(affinity, found, max_load=loads["max_load"], conflicts=conflicts)
    if out_file:
        write_text(out_file, _pairs_csv(found, affinity, proposals, reviewers))
    if left_file:
        write_text(left_file, _left_csv(left, proposals, reviewers))
    told = _told(found, affinity, proposals, reviewers, loads["max_load"], conflicts)
    if as_json:
        told["pairs"] = [[proposals.ids[p], reviewers.ids[r]] for p, r in found.pairs.tolist()]
        click.echo(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        click.echo(_summary(told, out_file))


# Reading


def _read_rows(path: Path, columns: Sequence[str], numbers: Mapping[str, int]) -> _Rows:
    header, rows = table_of(path, ["id"])
    if not rows:
        raise Unusable(f"{path} has a header but no rows.")
    if strange := [name for name in header if name and name not in columns and name != "name"]:
        near = ", ".join(columns)
        raise Unusable(f"{path}, line 1: column {strange[0]} is unknown; known are name, {near}.")
    seen: dict[str, int] = {}
    for line, row in rows:
        if not row["id"]:
            raise Unusable(f"{path}, line {line}: id is empty.")
        if row["id"] in seen:
            raise Unusable(f'{path}, line {line}: id "{row["id"]}" was used in line {seen[row["id"]]} already.')
        seen[row["id"]] = line
    counts = {
        name: tuple(_count(f"{path}, line {line}: {name}", row.get(name, ""), default) for line, row in rows)
        for name, default in numbers.items()
    }
    lists = {
        name: tuple(
            frozenset(part.strip() for part in row.get(name, "").replace("；", ";").split(";") if part.strip())
            for _, row in rows
        )
        for name in columns
        if name != "id" and name not in numbers
    }
    if "min_load" in counts:
        for (line, _), least, most in zip(rows, counts["min_load"], counts["max_load"], strict=True):
            if least > most:
                raise Unusable(f"{path}, line {line}: min_load {least} is above max_load {most}.")
    return _Rows(path, tuple(seen), tuple(line for line, _ in rows), counts, lists)


def _count(where: str, text: str, default: int) -> int:
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and int(text) <= 10_000):
        raise Unusable(f'{where} must be a whole number from 0 to 10000, got "{text}".')
    return int(text)


def _affinity(path: Path, proposals: _Rows, reviewers: _Rows) -> np.ndarray:
    if path.suffix.lower() == ".npz":
        return _affinity_npz(path, proposals, reviewers)
    return _affinity_csv(path, proposals, reviewers)


def _affinity_npz(path: Path, proposals: _Rows, reviewers: _Rows) -> np.ndarray:
    import numpy as np

    if not path.is_file():
        text_of(path)  # says what is wrong with it
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as loaded:
            arrays = {name: loaded[name] for name in loaded.files}
    except UNREADABLE:
        raise Unusable(f"{path} is not an .npz file of plain arrays; write it with numpy.savez.") from None
    if "affinity" not in arrays:
        names = ", ".join(sorted(arrays)) or "none"
        raise Unusable(f'{path}: the array "affinity" is missing; there are {names}.')
    affinity = arrays["affinity"]
    if affinity.ndim != 2 or affinity.dtype.kind not in "iuf":
        raise Unusable(f"{path}: affinity must be a table of numbers, got {affinity.dtype} of shape {affinity.shape}.")
    wanted = (len(proposals.ids), len(reviewers.ids))
    orders = []
    for axis, (name, rows) in enumerate((("proposals", proposals), ("reviewers", reviewers))):
        ids = [str(one) for one in arrays[name].tolist()] if name in arrays else None
        if ids is None:
            if affinity.shape[axis] != wanted[axis]:
                raise Unusable(
                    f"{path}: affinity has shape {affinity.shape}, the files have {wanted[0]} proposals and "
                    f"{wanted[1]} reviewers; transposed?"
                )
            orders.append(np.arange(wanted[axis]))
            continue
        if len(ids) != affinity.shape[axis]:
            raise Unusable(f"{path}: {name} has {len(ids)} ids, affinity {affinity.shape[axis]}.")
        at = {one: k for k, one in enumerate(ids)}
        if missing := [one for one in rows.ids if one not in at]:
            raise Unusable(f'{path}: "{missing[0]}" of {rows.path.name} is not among its {name}.')
        orders.append(np.array([at[one] for one in rows.ids], np.int64))
    affinity = affinity.astype(float)[np.ix_(*orders)]
    bad = ~np.isfinite(affinity) | (np.abs(affinity) > 1000)
    if bad.any():
        p, r = (int(k[0]) for k in np.nonzero(bad))
        raise Unusable(
            f"{path}: affinity of {proposals.ids[p]} and {reviewers.ids[r]} must be from -1000 to 1000, got "
            f"{affinity[p, r]}."
        )
    return affinity


def _affinity_csv(path: Path, proposals: _Rows, reviewers: _Rows) -> np.ndarray:
    import numpy as np

    affinity = np.zeros((len(proposals.ids), len(reviewers.ids)))
    row_of = {one: k for k, one in enumerate(proposals.ids)}
    column_of = {one: k for k, one in enumerate(reviewers.ids)}
    reader = csv.reader(io.StringIO(text_of(path), newline=""), strict=True)
    header: list[str] = []
    seen: set[tuple[int, int]] = set()
    try:
        for values in reader:
            if not any(value.strip() for value in values):
                continue
            where = f"{path}, line {reader.line_num}"
            if not header:
                header = [value.strip() for value in values]
                long = [name.lower() for name in header] == ["proposal", "reviewer", "affinity"]
                columns = [] if long else _table_columns(path, header, column_of)
                continue
            if len(values) != len(header):
                raise Unusable(f"{where}: {len(values)} values for {len(header)} columns.")
            p = _index(where, "proposal", values[0].strip(), row_of, proposals)
            if long:
                cells = [(_index(where, "reviewer", values[1].strip(), column_of, reviewers), values[2])]
            else:
                cells = list(zip(columns, values[1:], strict=True))
            for r, text in cells:
                if (p, r) in seen:
                    raise Unusable(f"{where}: {proposals.ids[p]} and {reviewers.ids[r]} were given before.")
                seen.add((p, r))
                affinity[p, r] = _fit(where, text.strip())
    except csv.Error as error:
        raise Unusable(f"{path}, line {reader.line_num}: not CSV ({error}).") from None
    if not header:
        raise Unusable(f"{path} is empty; give proposal, reviewer, affinity or a table.")
    if not seen:
        raise Unusable(f"{path} has a header but no rows; give at least one pair.")
    if not long and len(seen) < affinity.size:
        have = {p for p, _ in seen}
        missing = [one for k, one in enumerate(proposals.ids) if k not in have]
        raise Unusable(f'{path}: the table lacks a row for proposal "{missing[0]}".')
    return affinity


def _table_columns(path: Path, header: Sequence[str], column_of: Mapping[str, int]) -> list[int]:
    for name in header[1:]:
        if name not in column_of:
            raise Unusable(
                f'{path}, line 1: "{name}" is no reviewer; the columns must be proposal, reviewer, affinity or the '
                "reviewers' ids."
            )
        if header[1:].count(name) > 1:
            raise Unusable(f'{path}, line 1: reviewer "{name}" stands twice.')
    if missing := [name for name in column_of if name not in header[1:]]:
        raise Unusable(f'{path}, line 1: the table lacks a column for reviewer "{missing[0]}".')
    return [column_of[name] for name in header[1:]]


def _index(where: str, kind: str, name: str, known: Mapping[str, int], rows: _Rows) -> int:
    if name not in known:
        raise Unusable(f'{where}: {kind} "{name}" is not in {rows.path.name}.')
    return known[name]


def _fit(where: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise Unusable(f'{where}: affinity must be a number, got "{text}".') from None
    if not (math.isfinite(value) and abs(value) <= 1000):
        raise Unusable(f'{where}: affinity must be from -1000 to 1000, got "{text}".')
    return value


def _conflicts(proposals: _Rows, reviewers: _Rows, path: Path | None, any_field: bool) -> Conflicts:
    import numpy as np

    from headwater.engines.assignment import Conflicts

    mine, its = proposals.lists, reviewers.lists
    own = tuple(frozenset([one]) for one in reviewers.ids)
    about = tuple(people | {one} for people, one in zip(mine["people"], proposals.ids, strict=True))
    pairs = [
        ("author", _shared(mine["people"], own)),
        ("organisation", _shared(mine["organisations"], its["organisations"])),
        ("declared", _shared(about, its["conflicts"])),
        ("language", _apart(mine["languages"], its["languages"])),
    ]
    if not any_field:
        pairs.append(("field", _apart(mine["fields"], its["fields"])))
    found = [(p, r, KINDS.index(kind)) for kind, held in pairs for p, r in np.argwhere(held).tolist()]
    if path is not None:
        row_of = {one: k for k, one in enumerate(proposals.ids)}
        column_of = {one: k for k, one in enumerate(reviewers.ids)}
        for line, row in table_of(path, ["proposal", "reviewer"])[1]:
            where = f"{path}, line {line}"
            p = _index(where, "proposal", row["proposal"], row_of, proposals)
            r = _index(where, "reviewer", row["reviewer"], column_of, reviewers)
            found.append((p, r, KINDS.index("listed")))
    table = np.array(found, np.int64).reshape(-1, 3)
    return Conflicts(table[:, 0], table[:, 1], table[:, 2])


def _shared(one: Sequence[frozenset[str]], other: Sequence[frozenset[str]]) -> np.ndarray:
    """Whether each of one has a word in common with each of the other."""
    import numpy as np
    from scipy.sparse import csr_matrix

    words = {word: k for k, word in enumerate(sorted(frozenset().union(*one) & frozenset().union(*other)))}
    sides = []
    for sets in (one, other):
        at = [(k, words[word]) for k, held in enumerate(sets) for word in held if word in words]
        rows, columns = np.array(at, np.int64).reshape(-1, 2).T
        sides.append(csr_matrix((np.ones(len(rows), np.int64), (rows, columns)), shape=(len(sets), len(words))))
    return np.asarray((sides[0] @ sides[1].T).toarray() > 0)


def _apart(one: Sequence[frozenset[str]], other: Sequence[frozenset[str]]) -> np.ndarray:
    """Whether both name some and have none in common."""
    import numpy as np

    named = np.array([bool(held) for held in one])[:, None] & np.array([bool(held) for held in other])[None, :]
    return named & ~_shared(one, other)


# Answering


def _check(found: Assignment, proposals: _Rows, most: np.ndarray, least: np.ndarray, conflicts: Conflicts) -> None:
    """Look again at what the engine gave, without its arrays."""
    pairs = [(int(p), int(r)) for p, r in found.pairs]
    count: dict[int, int] = {}
    loads: dict[int, int] = {}
    for p, r in pairs:
        count[p] = count.get(p, 0) + 1
        loads[r] = loads.get(r, 0) + 1
    banned = set(zip(conflicts.proposal.tolist(), conflicts.reviewer.tolist(), strict=True))
    sound = (
        len(set(pairs)) == len(pairs)
        and all(count.get(p, 0) == need for p, need in enumerate(proposals.numbers["reviews"]))
        and all(least[r] <= loads.get(r, 0) <= most[r] for r in range(len(most)))
        and not banned & set(pairs)
    )
    if not sound:
        raise click.ClickException("The assignment breaks a limit and was not written. Please report these files.")


def _too_few(error: Any, proposals: _Rows, reviewers: _Rows, cap: float | None) -> str:
    if error.idle:
        names = ", ".join(reviewers.ids[r] for r in error.idle[:10])
        return f"{reviewers.path}: these reviewers cannot all reach their min_load: {names}. Lower it, or conflicts."
    names = ", ".join(proposals.ids[p] for p in error.proposals[:10])
    more = f" and {len(error.proposals) - 10} more" if len(error.proposals) > 10 else ""
    need = "need" if len(error.proposals) > 1 else "needs"
    draw = f" at a chance of at most {cap:g} a pair" if cap is not None else ""
    return (
        f"{proposals.path}: {names}{more} {need} {error.needed} reviews; the {len(error.reviewers)} reviewers free of "
        f"conflict with them may give {error.room}{draw}. Add reviewers, raise max_load, or ask for fewer reviews."
    )


def _pairs_csv(found: Assignment, affinity: np.ndarray, proposals: _Rows, reviewers: _Rows) -> str:
    sheet = io.StringIO(newline="")
    writer = csv.writer(sheet, lineterminator="\n")
    drawn = found.probability is not None
    writer.writerow(["proposal", "reviewer", "affinity", *(["chance"] if drawn else [])])
    for k, (p, r) in enumerate(found.pairs.tolist()):
        chance = [f"{found.probability[k]:.4f}"] if found.probability is not None else []
        writer.writerow([proposals.ids[p], reviewers.ids[r], f"{affinity[p, r]:.6g}", *chance])
    return sheet.getvalue()


def _left_csv(left: Sequence[LeftOut], proposals: _Rows, reviewers: _Rows) -> str:
    sheet = io.StringIO(newline="")
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow(["proposal", "reviewer", "affinity", "why", "conflicts"])
    for one in left:
        kinds = ";".join(KINDS[kind] for kind in one.kinds)
        writer.writerow(
            [proposals.ids[one.proposal], reviewers.ids[one.reviewer], f"{one.affinity:.6g}", one.code, kinds]
        )
    return sheet.getvalue()


def _told(
    found: Assignment,
    affinity: np.ndarray,
    proposals: _Rows,
    reviewers: _Rows,
    most: np.ndarray,
    conflicts: Conflicts,
) -> dict[str, Any]:
    import numpy as np

    loads = (
        np.bincount(found.pairs[:, 1], minlength=len(reviewers.ids)) if len(found.pairs) else np.zeros(len(most), int)
    )
    sums = np.zeros(len(proposals.ids))
    np.add.at(sums, found.pairs[:, 0], affinity[found.pairs[:, 0], found.pairs[:, 1]])
    asked = np.array(proposals.numbers["reviews"]) > 0
    kinds = np.bincount(conflicts.kind, minlength=len(KINDS))
    return {
        "proposals": len(proposals.ids),
        "reviewers": len(reviewers.ids),
        "reviews": len(found.pairs),
        "total": round(found.total, 6),
        "bound": round(found.bound, 6),
        "floor": round(found.floor, 6) if math.isfinite(found.floor) else None,
        "worst_proposal": round(float(sums[asked].min()), 6) if asked.any() else None,
        "loads": {"least": int(loads.min()), "most": int(loads.max()), "full": int((loads >= most).sum())},
        "pairs_in_conflict": len(set(zip(conflicts.proposal.tolist(), conflicts.reviewer.tolist(), strict=True))),
        "conflicts": {kind: int(n) for kind, n in zip(KINDS, kinds.tolist(), strict=True) if n},
        "drawn": found.probability is not None,
    }


def _summary(told: Mapping[str, Any], out_file: Path | None) -> str:
    lines = [
        f"{told['proposals']} proposals, {told['reviewers']} reviewers: {told['reviews']} reviews assigned.",
        f"Total affinity {told['total']:g}"
        + (f", expected {told['bound']:g} before the draw." if told["drawn"] else ", proved the greatest."),
    ]
    if told["floor"] is not None:
        lines.append(f"No pair is below {told['floor']:g}, and no assignment has a higher floor.")
    if told["worst_proposal"] is not None:
        lines.append(f"The worst-served proposal has {told['worst_proposal']:g} in all.")
    loads = told["loads"]
    lines.append(f"Reviewers have {loads['least']} to {loads['most']} reviews; {loads['full']} are full.")
    kinds = ", ".join(f"{kind} {n}" for kind, n in told["conflicts"].items())
    lines.append(f"{told['pairs_in_conflict']} pairs may not meet{f' ({kinds})' if kinds else ''}.")
    lines.append(f"Written to {out_file}." if out_file else "Nothing written; --out PAIRS.csv keeps the pairs.")
    return "\n".join(lines)
