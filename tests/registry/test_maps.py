"""The map's shapes. No database."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from headwater.registry.maps import LEAST_RADIUS, MOST_RADIUS, WIDTH, draw

BOUNDS = (110.0, 20.0, 120.0, 30.0)


def test_places_stand_where_they_are():
    drawing = draw(BOUNDS, {}, [], [(30.0, 110.0, 5, "NW", "/nw"), (20.0, 120.0, 5, "SE", "/se")])
    at = {dot.name: (round(dot.x, 6), round(dot.y, 6)) for dot in drawing.dots}
    assert at["NW"] == (0.0, 0.0)
    assert at["SE"] == (WIDTH, pytest.approx(drawing.height, abs=0.06))


def test_area_of_a_dot_follows_its_count():
    dots = {
        dot.name: dot
        for dot in draw(BOUNDS, {}, [], [(25, 115, 400, "A", ""), (26, 116, 100, "B", ""), (27, 117, 0, "C", "")]).dots
    }
    assert dots["A"].radius == MOST_RADIUS
    assert dots["B"].radius == MOST_RADIUS / 2
    assert dots["C"].radius == LEAST_RADIUS


def test_larger_place_keeps_its_name_where_two_crowd():
    dots = {dot.name: dot for dot in draw(BOUNDS, {}, [], [(25, 115, 9, "Small", ""), (25, 115, 90, "Large", "")]).dots}
    assert dots["Large"].label_x is not None
    assert dots["Small"].label_x is None or dots["Small"].anchor == "end"


def test_coast_and_rail_become_paths():
    coast = {"type": "MultiPolygon", "coordinates": [[[[110, 20], [120, 20], [120, 30], [110, 20]]]]}
    drawing = draw(BOUNDS, coast, [[(110, 20), (120, 30)], [(111, 21)]], [])
    assert drawing.land.count("M") == 1
    assert drawing.land.endswith("Z")
    assert len(drawing.rail) == 1


@given(st.lists(st.tuples(st.floats(20, 30), st.floats(110, 120), st.integers(0, 10**6)), max_size=40))
def test_names_never_cover_one_another(places):
    drawing = draw(BOUNDS, {}, [], [(lat, lon, n, f"Place {i}", "") for i, (lat, lon, n) in enumerate(places)])
    boxes = []
    for dot in drawing.dots:
        if dot.label_x is not None:
            width = 7.2 * len(dot.name)
            left = dot.label_x - (width if dot.anchor == "end" else 0)
            boxes.append((left, dot.label_y, left + width))
    for i, one in enumerate(boxes):
        for other in boxes[:i]:
            assert not (one[0] < other[2] and other[0] < one[2] and abs(one[1] - other[1]) < 13.9)


def test_region_without_instruments_still_draws():
    assert [dot.radius for dot in draw(BOUNDS, {}, [], [(25, 115, 0, "A", "")]).dots] == [LEAST_RADIUS]
