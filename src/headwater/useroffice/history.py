"""Makes a facility's past up: projects since it opened, seeded, marked synthetic, with sensible marginals.

Pure: plain values in, plain rows out; the same seed gives the same rows. Projects grow year by year, most are
general, the region's part rises to about a half, requests are a multiple of what is granted, outputs follow shifts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

SEED = 20090506
FIRST_YEAR, LAST_YEAR = 2009, 2025
PROJECTS = 20_000
MODES = (("general", 0.78), ("urgent", 0.08), ("industry", 0.07), ("key", 0.04), ("block", 0.02), ("partner", 0.01))
LENGTHS = np.array([3, 6, 6, 9, 9, 12, 12, 15, 18, 24])
REGIONAL_FIRST, REGIONAL_LAST = 0.36, 0.52
OUTPUTS_PER_SHIFT = 0.075


@dataclass(frozen=True, slots=True)
class Past:
    """One made-up project; ``organisation`` and ``beamline`` are keys or None."""

    code: str
    year: int
    mode: str
    organisation: int | None
    regional: bool
    industry: bool
    beamline: int | None
    requested: int
    granted: int
    outputs: int


def past_projects(
    organisations: Sequence[tuple[int, str]],
    beamlines: Sequence[tuple[int, int]],
    *,
    projects: int = PROJECTS,
    seed: int = SEED,
) -> Iterator[Past]:
    """The projects.

    ``organisations`` are keys and kinds of the region's organisations, ``beamlines`` keys and first years. A project
    from outside the region has no organisation in the record.
    """
    rng = np.random.default_rng(seed)
    years = np.arange(FIRST_YEAR, LAST_YEAR + 1)
    growth = 1 + 3.2 * (years - FIRST_YEAR) / (LAST_YEAR - FIRST_YEAR)
    growth[0] *= 0.5
    per_year = rng.multinomial(projects, growth / growth.sum())
    weights = {"university": 10.0, "research_institute": 9.0, "laboratory": 5.0, "hospital": 2.0, "company": 1.5}
    chance = np.array([weights.get(kind, 0.3) * rng.lognormal(0, 1.2) for _key, kind in organisations])
    firms = np.array([kind == "company" for _key, kind in organisations], bool)
    names, odds = zip(*MODES, strict=True)
    for year, number in zip(years.tolist(), per_year.tolist(), strict=True):
        part = (year - FIRST_YEAR) / (LAST_YEAR - FIRST_YEAR)
        regional_chance = REGIONAL_FIRST + (REGIONAL_LAST - REGIONAL_FIRST) * part
        open_lines = [key for key, since in beamlines if since <= year] or [key for key, _since in beamlines]
        popular = 1 / np.arange(1, len(open_lines) + 1) ** 0.55
        modes = rng.choice(len(names), number, p=odds)
        for k in range(number):
            mode = names[modes[k]]
            regional = bool(rng.random() < regional_chance) and len(organisations) > 0
            organisation = None
            if regional:
                fits = chance * np.where(firms == (mode == "industry"), 1.0, 0.02)
                organisation = int(rng.choice(len(organisations), p=fits / fits.sum()))
            industry = mode == "industry" or (organisation is not None and bool(firms[organisation]))
            line = int(rng.choice(len(open_lines), p=popular / popular.sum())) if open_lines else None
            granted = int(rng.choice(LENGTHS))
            asked = granted + (int(rng.integers(0, 7)) if rng.random() < 0.4 else 0)
            yield Past(
                code=f"H{year}-{k + 1:05d}",
                year=year,
                mode=mode,
                organisation=organisations[organisation][0] if organisation is not None else None,
                regional=regional,
                industry=industry,
                beamline=open_lines[line] if line is not None else None,
                requested=asked,
                granted=granted,
                outputs=int(rng.poisson(OUTPUTS_PER_SHIFT * granted)) if mode != "industry" else 0,
            )
