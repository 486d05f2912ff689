"""Shares, intervals, specialisation, flows, gravity and catchments: the arithmetic of indicators."""

from headwater.engines.statistics.catchments import Overlap, float_catchment, overlap
from headwater.engines.statistics.counting import fractional_counts, full_counts, listed_share
from headwater.engines.statistics.errors import StatisticsError
from headwater.engines.statistics.flows import (
    Centrality,
    Leading,
    centrality,
    great_circles,
    leading,
    led_documents,
    shared_documents,
    strongest,
)
from headwater.engines.statistics.gravity import Gravity, gravity
from headwater.engines.statistics.intervals import quotient_interval, rate_interval, share_interval
from headwater.engines.statistics.specialisation import Complexity, complexity, krugman_index, location_quotients

__all__ = [
    "Centrality",
    "Complexity",
    "Gravity",
    "Leading",
    "Overlap",
    "StatisticsError",
    "centrality",
    "complexity",
    "float_catchment",
    "fractional_counts",
    "full_counts",
    "gravity",
    "great_circles",
    "krugman_index",
    "leading",
    "led_documents",
    "listed_share",
    "location_quotients",
    "overlap",
    "quotient_interval",
    "rate_interval",
    "share_interval",
    "shared_documents",
    "strongest",
]
