"""Reports: in both languages, and made again to the byte from their manifest."""

from __future__ import annotations

import io
import json
import re
from datetime import date

import pyarrow as pa
import pytest
from pypdf import PdfReader

from headwater.observatory import charts, maps, reports
from headwater.observatory.store import Store
from headwater.papers.drawing import Words

ASKED = reports.Asked("region", "2024", date(2026, 1, 5))


@pytest.fixture
def made(clustered_records, tmp_path):
    folder = tmp_path / "report"
    return folder, reports.make(clustered_records, ASKED, folder)


def test_report_has_figures_method_and_sources_in_both_languages(made):
    folder, manifest = made
    english = (folder / "report.en.html").read_text("utf-8")
    chinese = (folder / "report.zh.html").read_text("utf-8")
    for text, words in (
        (english, ("Method", "Sources", "Published by others")),
        (chinese, ("方法", "来源", "他人发布")),
    ):
        assert all(f"<h2>{word}</h2>" in text for word in words if word not in ("Published by others", "他人发布"))
        assert manifest["id"] in text
    assert not re.search("[\u4e00-\u9fff]", english)
    assert {row["name"] for row in manifest["files"]} >= {"report.en.pdf", "report.zh.pdf", "record.json"}


def test_report_is_made_again_to_the_byte_even_after_more_came_in(made, store, tmp_path):
    folder, manifest = made
    Store(store).put("uses", "later", pa.table({"hours": [1.0]}))
    same = reports.make_again(folder / "manifest.json", Store(store), tmp_path / "again")
    assert set(same) == {row["name"] for row in manifest["files"]}
    assert all(same.values())


def test_same_question_on_another_day_is_another_report(clustered_records, made, tmp_path):
    other = reports.make(clustered_records, reports.Asked("region", "2024", date(2026, 1, 6)), tmp_path / "other")
    assert other["id"] != made[1]["id"]


def test_input_that_was_changed_or_lost_is_named(made, store, tmp_path):
    folder, manifest = made
    part = manifest["inputs"]["store"][0]
    path = store / part["table"] / f"{part['origin']}-{part['digest']}.parquet"
    held = path.read_bytes()
    path.write_bytes(held + b"x")
    with pytest.raises(reports.ReportError, match="was changed on disk"):
        reports.make_again(folder / "manifest.json", Store(store), tmp_path / "again")
    path.unlink()
    with pytest.raises(reports.ReportError, match="is gone"):
        reports.make_again(folder / "manifest.json", Store(store), tmp_path / "again")
    path.write_bytes(held)
    record = folder / "record.json"
    record.write_text(record.read_text("utf-8").replace("Shanghai", "Shangri"), "utf-8")
    with pytest.raises(reports.ReportError, match=r"record\.json was changed"):
        reports.make_again(folder / "manifest.json", Store(store), tmp_path / "again")


@pytest.mark.parametrize("text", ["{}", "[]", "nothing"])
def test_other_file_than_a_manifest_is_refused(made, store, tmp_path, text):
    folder, _manifest = made
    (folder / "manifest.json").write_text(text)
    with pytest.raises(reports.ReportError, match="not a report's manifest"):
        reports.make_again(folder / "manifest.json", Store(store), tmp_path / "again")


def test_manifest_names_inputs_versions_and_parameters(made):
    folder, manifest = made
    assert json.loads((folder / "manifest.json").read_text("utf-8")) == manifest
    assert manifest["inputs"].keys() == {"record.json", "clusters.json", "store", "timetable", "region"}
    assert manifest["libraries"].keys() >= {"numpy", "duckdb", "pyarrow"}
    assert (manifest["subject"], manifest["period"], manifest["made_on"]) == ("region", "2024", "2026-01-05")


def test_all_four_charts_are_the_same_drawings_on_the_page_and_in_the_pdf(made):
    folder, _manifest = made
    captions = {
        "en": (
            "Figures that are shares, in percent",
            "Hulls of the clusters in the region",
            "Ranks of the first clusters",
            "The largest flows of joint publications",
        ),
        "zh": ("以百分比表示的各项份额", "区域内集群的轮廓及其名次", "排名靠前的集群", "城市间合著论文"),
    }
    for short, found in captions.items():
        text = (folder / f"report.{short}.html").read_text("utf-8")
        printed = _words((folder / f"report.{short}.pdf").read_bytes())
        assert text.count("<svg ") == text.count("<figcaption>") == 4
        for caption in found:
            assert caption in text
            assert "".join(caption.split()) in printed
        assert "style=" not in text


def _words(content):
    pages = PdfReader(io.BytesIO(content)).pages
    return "".join("".join(page.extract_text() for page in pages).split())


@pytest.mark.parametrize(
    ("label", "lines"),
    [
        ("Rank", ["Rank"]),
        (
            "Share of the nation's top-journal papers, fractional",
            ["Share of the nation's top-journal", "papers, fractional"],
        ),
        ("全国顶级期刊论文中区域作者所占份额（分数计数法）", ["全国顶级期刊论文中区域作者所占份额（", "分数计数法）"]),
        ("x" * 40, ["x" * 36, "xxxx"]),
        ("x" * 36 + " y", ["x" * 36, "y"]),
        ("", [""]),
    ],
)
def test_label_of_a_chart_stands_whole_on_as_many_lines_as_it_needs(label, lines):
    drawn = charts.spans([charts.Span(label, 1.0, None, None, "1")], "Shares.", ticks=(0, 2))
    assert [shape.text for shape in drawn.shapes if isinstance(shape, Words) and shape.anchor == "end"] == lines


@pytest.mark.parametrize(("most", "marks"), [(0, 2), (1, 6), (7, 8), (15, 9), (113, 7), (2300, 6)])
def test_marks_of_an_axis_are_round_and_few_and_reach_the_end(most, marks):
    found = charts.ticks(most)
    assert found[0] == 0
    assert found[-1] >= most
    assert len(found) <= max(marks, 8)


def test_no_name_covers_another_on_a_map():
    region = {"bounds": [118.0, 29.0, 122.0, 33.0], "coast": {}}
    places = {f"c{k}": (31.0 + k / 1000, 120.0, f"City {k}", 1.0) for k in range(9)}
    drawn = charts.flow_map(region, places, [("c0", "c1", 3.0)], "Flows.")
    names = [shape for shape in drawn.shapes if isinstance(shape, Words)]
    assert 1 <= len(names) <= 4
    assert len({(one.x, one.y) for one in names}) == len(names)


def test_region_without_clusters_has_no_map_of_them():
    assert charts.cluster_map({"bounds": [118.0, 29.0, 122.0, 33.0]}, [], "None.") is None


def test_cluster_of_a_lower_rank_keeps_its_number_where_its_name_has_no_room():
    def row(rank, name, lat, lon):
        return {"rank": rank, "name": name, "lat": lat, "lon": lon, "geometry": {"type": "None"}}

    rows = [row(1, "Shanghai", 31.2, 121.0), row(2, "Suzhou", 31.2, 120.8), row(3, "Hefei", 29.5, 119.0)]
    drawn = maps.draw_shapes([118.0, 29.0, 122.0, 33.0], {}, rows, lambda one: one["name"])
    assert [spot.label for spot in drawn.spots] == ["1 Shanghai", "2", "3 Hefei"]
