"""The coast: a hand-made topology, cut to a box."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("coast_tool", ROOT / "tools" / "coast.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["coast_tool"] = module
    spec.loader.exec_module(module)
    return module


coast = _load()

# A square of 4 by 4 degrees in two arcs (the second runs against the ring), a hole of 1 by 1 in it, and an islet.
TOPOLOGY = {
    "type": "Topology",
    "transform": {"scale": [0.5, 0.5], "translate": [10.0, 20.0]},
    "arcs": [
        [[0, 0], [8, 0], [0, 8]],  # (10,20) (14,20) (14,24)
        [[0, 0], [0, 8], [8, 0]],  # (10,20) (10,24) (14,24): backwards in the ring
        [[2, 2], [0, 2], [2, 0], [0, -2], [-2, 0]],  # the hole, (11,21) to (12,22)
        [[20, 0], [1, 0], [0, 1], [-1, 0], [0, -1]],  # the islet, (20,20) to (20.5,20.5)
    ],
    "objects": {
        "land": {
            "type": "GeometryCollection",
            "geometries": [{"type": "MultiPolygon", "arcs": [[[0, -2], [2]], [[3]]]}],
        }
    },
}
EVERYTHING = (0.0, 0.0, 90.0, 80.0)


def test_arcs_are_decoded_from_steps_to_degrees() -> None:
    assert coast.decode_arcs(TOPOLOGY)[0] == [(10.0, 20.0), (14.0, 20.0), (14.0, 24.0)]


def test_arcs_without_a_transform_are_taken_as_they_are() -> None:
    assert coast.decode_arcs({"arcs": [[[1, 2], [3, 4]]]}) == [[(1.0, 2.0), (3.0, 4.0)]]


def test_a_ring_is_joined_from_an_arc_and_one_backwards() -> None:
    square = coast.land_polygons(TOPOLOGY)[0][0]
    assert square == [(10.0, 20.0), (14.0, 20.0), (14.0, 24.0), (10.0, 24.0), (10.0, 20.0)]


def test_a_ring_within_the_box_is_kept_as_it_is() -> None:
    ring = [(1.0, 1.0), (2.0, 1.0), (2.0, 2.0), (1.0, 1.0)]
    assert sorted(set(coast.clip_ring(ring, (0.0, 0.0, 3.0, 3.0)))) == sorted(set(ring))


def test_a_ring_across_the_side_is_cut_at_the_side() -> None:
    square = coast.land_polygons(TOPOLOGY)[0][0]
    cut = coast.clip_ring(square, (12.0, 19.0, 30.0, 22.0))
    assert cut[0] == cut[-1]
    assert set(cut) == {(12.0, 20.0), (14.0, 20.0), (14.0, 22.0), (12.0, 22.0)}
    assert coast.ring_area(cut) == 4.0


def test_a_box_within_a_ring_gives_the_box() -> None:
    square = coast.land_polygons(TOPOLOGY)[0][0]
    assert abs(coast.ring_area(coast.clip_ring(square, (12.5, 22.5, 13.5, 23.5)))) == 1.0


def test_a_ring_outside_the_box_is_empty() -> None:
    square = coast.land_polygons(TOPOLOGY)[0][0]
    assert coast.clip_ring(square, (50.0, 50.0, 60.0, 60.0)) == []


def test_neighbours_that_round_together_are_kept_once() -> None:
    ring = [(0.0, 0.0), (0.0001, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 0.0)]
    assert coast.rounded(ring, 3) == [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 0.0)]


def test_a_ring_that_rounds_to_a_line_is_dropped() -> None:
    assert coast.rounded([(0.0, 0.0), (1.0, 0.0), (1.0, 0.0001), (0.0, 0.0)], 3) == []


def test_the_cut_is_a_multipolygon_with_its_source_holes_and_winding() -> None:
    cut = coast.cut_coast(TOPOLOGY, EVERYTHING)
    assert cut["type"] == "MultiPolygon"
    assert cut["source"] == coast.SOURCE
    assert [[coast.ring_area(ring) for ring in polygon] for polygon in cut["coordinates"]] == [[16.0, -1.0], [0.25]]


def test_islands_and_holes_below_the_smallest_are_left_out() -> None:
    cut = coast.cut_coast(TOPOLOGY, EVERYTHING, smallest=2.0)
    assert [[coast.ring_area(ring) for ring in polygon] for polygon in cut["coordinates"]] == [[16.0]]


@pytest.mark.parametrize("box", [(5.0, 0.0, 1.0, 1.0), (0.0, 5.0, 1.0, 1.0), (0.0, 0.0, 1.0, 91.0)])
def test_a_box_that_is_none_is_refused(box: tuple[float, float, float, float]) -> None:
    with pytest.raises(coast.CoastError, match="west,south,east,north"):
        coast.cut_coast(TOPOLOGY, box)


def test_a_file_that_is_no_topology_is_refused() -> None:
    with pytest.raises(coast.CoastError, match="FeatureCollection"):
        coast.cut_coast({"type": "FeatureCollection"}, EVERYTHING)


def test_the_command_writes_the_file(tmp_path: Path) -> None:
    land, out = tmp_path / "land.json", tmp_path / "coast.json"
    land.write_text(json.dumps(TOPOLOGY), encoding="utf-8")
    assert coast.main([str(land), "--box", "12,19,30,22", "--out", str(out)]) == 0
    written = json.loads(out.read_text(encoding="utf-8"))
    assert written == json.loads(json.dumps(coast.cut_coast(TOPOLOGY, (12.0, 19.0, 30.0, 22.0))))


def test_the_command_says_what_is_wrong_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert coast.main([str(tmp_path / "none.json"), "--box", "1,1,2,2", "--out", str(tmp_path / "coast.json")]) == 2
    said = capsys.readouterr().err
    assert "none.json" in said
    assert said.count("\n") == 1
