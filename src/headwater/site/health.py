"""Is it alive, is it ready, and how does it fare: for load balancers and Prometheus."""

from __future__ import annotations

from secrets import compare_digest

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, JsonResponse
from django_prometheus.exports import ExportToDjangoView

LOCAL = ("127.0.0.1", "::1", "")


def healthz(_request: HttpRequest) -> JsonResponse:
    """This process answers; nothing else is asked."""
    return JsonResponse({"status": "alive", "version": settings.HEADWATER_VERSION})


def readyz(_request: HttpRequest) -> JsonResponse:
    """The database answers and has every migration; 503 with the cause where not."""
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return JsonResponse({"status": "not ready", "cause": "the database does not answer"}, status=503)
    if waiting:
        return JsonResponse({"status": "not ready", "cause": f"{len(waiting)} migrations are waiting"}, status=503)
    return JsonResponse({"status": "ready"})


def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' figures: for whoever holds the token, or without one for this machine alone."""
    token = settings.ENVIRONMENT["HEADWATER_METRICS_TOKEN"]
    if token:
        given = request.headers.get("Authorization", "")
        if not compare_digest(given.encode(), f"Bearer {token}".encode()):
            return HttpResponseForbidden("Metrics need the bearer token of HEADWATER_METRICS_TOKEN.\n")
    elif request.META.get("REMOTE_ADDR", "") not in LOCAL or "HTTP_X_FORWARDED_FOR" in request.META:
        return HttpResponseForbidden(
            "Metrics answer this machine alone; set HEADWATER_METRICS_TOKEN to read them from elsewhere.\n"
        )
    return ExportToDjangoView(request)
