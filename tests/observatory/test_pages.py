"""The observatory's pages and API: what they show, what they cost, what they refuse."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from django.core.cache import caches
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from tests.factories import make_figure, make_operator, make_organisation, make_source, make_token, make_user

from headwater.accounts.audit import SYSTEM
from headwater.accounts.models import Grant, Role
from headwater.observatory import actions, clusterruns, queries
from headwater.observatory.models import Run, RunKind
from headwater.observatory.templatetags.observatory import part
from headwater.registry.rules import Viewer

AT = datetime(2026, 1, 5, tzinfo=UTC)


def make_run(kind=RunKind.CLUSTERS, **parameters):
    return Run.objects.create(public_id=f"run_t{Run.objects.count()}", kind=kind, parameters=parameters, asked_at=AT)


@pytest.fixture
def clustered(world):
    run = make_run(edition="gii-2024", radius_km=15, min_weight=60, merge_km=5, resamples=10)
    return actions.carry_out(run.public_id, at=AT)


@pytest.mark.parametrize("path", ["/observatory/", "/observatory/indicators/", "/observatory/reports/"])
def test_page_costs_the_same_with_one_and_with_twenty_rows(client, world, path):
    make_run(RunKind.REPORT, subject="region", period="2024")
    counted = []
    for more in (0, 19):
        for _ in range(more):
            make_figure(sources=[make_source(), make_source()])
            make_run(RunKind.REPORT, subject="region", period="2024")
        caches["local"].clear()
        with CaptureQueriesContext(connection) as asked:
            assert client.get(path).status_code == 200
        counted.append(len(asked))
    assert counted[0] == counted[1]


def test_clusters_page_shows_ranks_intervals_hulls_and_published_rows_apart(client, clustered):
    page = client.get("/observatory/clusters/").content.decode()
    assert clustered.state == "done"
    assert 'class="hull"' in page
    assert "100 % synthetic" in page
    assert "Tokyo–Yokohama" in page  # as published
    assert "the same method, never the same ranking" in page
    assert clustered.public_id in page


def test_run_that_is_carried_out_twice_gives_the_same(clustered):
    again = actions.carry_out(make_run(**clustered.parameters).public_id, at=AT)
    assert again.result == clustered.result
    assert again.manifest == clustered.manifest
    assert actions.carry_out(clustered.public_id, at=AT) is None


def test_clusters_of_the_made_up_world_are_where_it_put_them(clustered, world):
    found = {(round(row["lat"], 1), round(row["lon"], 1)) for row in clustered.result["clusters"]}
    made = {(round(one["lat"], 1), round(one["lon"], 1)) for one in world["centres"] if one["city"]}
    assert len(made & found) >= len(made) - 1  # a mean may round to the next tenth
    assert clustered.result["city_cluster"].keys() >= {"shanghai", "hefei"}


def test_failed_run_says_what_went_wrong(client, region):
    run = make_run(edition="no-such-edition")
    with pytest.raises(Exception, match="no edition"):
        actions.carry_out(run.public_id, at=AT)
    run.refresh_from_db()
    assert (run.state, "no edition" in run.problem) == ("failed", True)


def test_cluster_rank_stands_beside_the_published_one(client, clustered):
    answer = client.get("/api/v1/indicators/cluster-rank?subject=city:shanghai&period=2024").json()
    assert answer["estimate"]["value"] >= 1
    assert answer["estimate"]["low"] <= answer["estimate"]["value"] <= answer["estimate"]["high"]


def test_indicator_by_api_page_and_file_is_the_same(client, world):
    asked = "subject=city:hefei&period=2024"
    answer = client.get(f"/api/v1/indicators/publication-share?{asked}").json()
    rows = client.get(f"/observatory/indicators.csv?{asked}").content.decode().splitlines()
    (row,) = (line.split(",") for line in rows if line.startswith("publication-share,"))
    assert float(row[5]) == answer["estimate"]["value"]
    shown = client.get(f"/observatory/indicators/publication-share/?{asked}").content.decode()
    assert f"{answer['estimate']['value']:.2f}" in shown


def test_parts_of_a_figure_are_called_by_the_names_of_cities(region):
    with translation.override("en"):
        assert (part("shanghai"), part("2024")) == ("Shanghai", "2024")
    with translation.override("zh-hans"):
        assert part("shanghai") == "上海"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v1/indicators/none", 404, "indicator.unknown"),
        ("/api/v1/indicators/publication-share?subject=city:none", 404, "subject.unknown"),
        ("/api/v1/indicators/publication-share?period=then", 422, "period.unreadable"),
        ("/api/v1/indicators/facility-projects", 422, "indicator.not_for_subject"),
        ("/api/v1/flows/none", 422, "flow.unknown"),
        ("/api/v1/clusters", 404, "run.not_found"),
        ("/api/v1/reports/none", 404, "run.not_found"),
    ],
)
def test_api_says_what_is_wrong(client, region, path, status, code):
    answer = client.get(path)
    assert (answer.status_code, answer.json()["reasons"][0]["code"]) == (status, code)


@pytest.mark.parametrize("query", ["subject=city:none", "period=then", "km=-1", "km=nan", "places=none&minutes=x"])
@pytest.mark.parametrize("page", ["indicators", "indicators/publication-share", "reach", "flows"])
def test_page_with_a_bad_question_says_so_and_still_answers(client, world, page, query):
    assert client.get(f"/observatory/{page}/?{query}").status_code == 200


def test_without_a_region_pages_and_api_say_so(client, db, store):
    assert client.get("/observatory/").status_code == 200
    assert client.get("/api/v1/statements").json()["reasons"][0]["code"] == "region.none"


@pytest.mark.parametrize("kind", ["publications", "patents", "uses", "partnerships", "payments"])
def test_flows_page_has_a_map_and_its_table(client, world, kind):
    page = client.get(f"/observatory/flows/?kind={kind}&period=2022..2024").content.decode()
    assert 'class="flow"' in page
    answer = client.get(f"/api/v1/flows/{kind}?period=2022..2024").json()
    assert page.count('class="flow"') == min(40, len(answer["pairs"]))
    assert sum(row["net_lead"] for row in answer["cities"]) == pytest.approx(0, abs=1e-6)


def test_catchment_by_api_takes_any_places_with_any_weights(client, world):
    places = [
        {"name": "near", "lat": 31.2, "lon": 121.5, "weight": 2},
        {"name": "by its city", "city": "hefei", "weight": 3},
        {"name": "nowhere", "weight": 5},
    ]
    asked = {"origin": "city:shanghai", "places": places, "limit_km": 100, "limit_min": 240}
    answer = client.post("/api/v1/catchments", json.dumps(asked), content_type="application/json").json()
    assert [row["set"] for row in answer["places"]] == ["both", "rail", "neither"]
    assert answer["shares"] == {"distance": 0.2, "rail": 0.5, "both": 0.2, "neither": 0.5}
    assert answer["unplaced"] == 1


# Who may have something made ------------------------------------------------------------------------------------
def test_nobody_asks_without_signing_in(client, world):
    assert client.post("/observatory/reports/new/", {"subject": "region"}).status_code == 302
    answer = client.post("/api/v1/reports", json.dumps({}), content_type="application/json")
    assert (answer.status_code, answer.json()["reasons"][0]["code"]) == (401, "run.sign_in")
    assert not Run.objects.filter(kind=RunKind.REPORT).exists()


def test_reading_token_has_no_report_made(client, world):
    _token, secret = make_token(make_user(), scopes=("read",))
    answer = client.post(
        "/api/v1/reports",
        json.dumps({}),
        content_type="application/json",
        headers={"Authorization": f"Bearer {secret}"},
    )
    assert (answer.status_code, answer.json()["reasons"][0]["code"]) == (403, "run.reading_token")


def test_writing_token_has_a_report_made_and_no_more_than_three_wait(client, world):
    _token, secret = make_token(make_user(), scopes=("read", "write"))
    codes = []
    for _ in range(4):
        answer = client.post(
            "/api/v1/reports",
            json.dumps({"subject": "city:hefei", "period": "2024"}),
            content_type="application/json",
            headers={"Authorization": f"Bearer {secret}"},
        )
        codes.append(answer.status_code)
    assert codes == [202, 202, 202, 409]
    assert answer.json()["reasons"][0]["code"] == "run.too_many_open"


@pytest.mark.parametrize(
    ("role", "status"), [(None, 403), (Role.BROKER, 403), (Role.ANALYST, 302), (Role.OPERATOR, 302)]
)
def test_only_analysts_and_operators_start_cluster_runs(client, world, role, status):
    user = make_user()
    if role is not None:
        Grant.objects.create(user=user, role=role)
    client.force_login(user)
    assert client.post("/observatory/clusters/new/", {"radius_km": "10"}).status_code == status
    assert Run.objects.filter(kind=RunKind.CLUSTERS).count() == (status == 302)
    shown = client.get("/observatory/clusters/").content.decode()
    assert ('name="radius_km"' in shown) is (status == 302)


@pytest.mark.parametrize("value", ["-1", "0", "nan", "inf", "wide"])
def test_bad_parameter_of_a_cluster_run_is_refused(client, world, value):
    client.force_login(make_operator())
    assert client.post("/observatory/clusters/new/", {"radius_km": value}).status_code == 422


def test_hidden_instrument_does_not_leak_through_any_figure(client, world, region):
    before = client.get("/api/v1/indicators/shared-instruments?subject=city:hefei").json()
    assert before["estimate"] is None  # the only one there is its owner's people's


def test_world_is_asked_for_once(region):
    first = actions.ask_world_if_needed(1, at=AT)
    assert first is not None
    assert actions.ask_world_if_needed(1, at=AT) is None


def test_world_is_not_made_beside_real_records(world):
    assert actions.ask_world_if_needed(1, at=AT) is None


def test_cluster_parameters_of_one_s_own_go_before_the_edition_s():
    assert clusterruns.Asked(radius_km=3).settled() == (3.0, 4500.0, 5.0, "sum")
    with pytest.raises(Exception, match="leaves"):
        clusterruns.Asked(edition="gii-2025").settled()


def test_report_is_made_by_the_run_and_its_files_are_given(client, world):
    viewer = Viewer(user_id=make_user().pk)
    run = actions.ask_run(RunKind.REPORT, {"subject": "city:hefei", "period": "2024"}, viewer=viewer, by=SYSTEM, at=AT)
    assert "It is being made" in client.get(f"/observatory/reports/{run.public_id}/").content.decode()
    done = actions.carry_out(run.public_id, at=AT)
    page = client.get(f"/observatory/reports/{run.public_id}/").content.decode()
    for row in done.result["files"]:
        assert row["sha256"] in page
        answer = client.get(f"/observatory/reports/{run.public_id}/{row['name']}")
        assert answer.status_code == 200
        assert len(b"".join(answer.streaming_content)) > 3
    assert client.get(f"/observatory/reports/{run.public_id}/secret_key").status_code == 404
    assert queries.latest(RunKind.REPORT) == done


def test_organisation_that_nobody_ties_to_has_no_partners(client, world):
    make_organisation(code="alone")
    caches["local"].clear()
    answer = client.get("/api/v1/indicators/partner-universities?subject=organisation:alone").json()
    assert (answer["estimate"], answer["lacks"]) == (None, "alliances")
