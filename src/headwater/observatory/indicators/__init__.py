"""The catalogue of indicators."""

from __future__ import annotations

from headwater.observatory.indicators import facilities, firms, papers, platform, reach
from headwater.observatory.indicators.definition import Answer, Indicator, Part

CATALOGUE: dict[str, Indicator] = {
    one.code: one
    for one in (
        *facilities.INDICATORS,
        *platform.INDICATORS,
        *firms.INDICATORS,
        *papers.INDICATORS,
        *reach.INDICATORS,
    )
}

__all__ = ["CATALOGUE", "Answer", "Indicator", "Part"]
