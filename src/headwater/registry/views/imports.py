"""Files in and out by page: upload, what would happen, done; a list as a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from headwater.accounts import words
from headwater.accounts.audit import Actor
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.registry import queries
from headwater.registry.actions import imports
from headwater.registry.exporting import export_for
from headwater.registry.facts import viewer_of
from headwater.registry.models import ImportRun
from headwater.registry.queries import InstrumentFilter
from headwater.registry.rules import Viewer


class UploadForm(forms.Form):
    """A file, and whose instruments are in it where its rows don't say."""

    organisation = forms.ModelChoiceField(
        queryset=None,
        required=False,
        label=_("Organisation"),
        empty_label=_("Each row names its owner"),
        to_field_name="public_id",
    )
    file = forms.FileField(label=_("File"), allow_empty_file=True)

    def __init__(self, *args: Any, viewer: Viewer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mine = queries.managed_organisations(viewer)
        field = self.fields["organisation"]
        field.queryset = mine
        only = mine[:2]
        if len(only) == 1:
            field.initial = only[0].public_id


def _reasons(run: ImportRun) -> list[str]:
    """Why the run's file was not taken in, in the reader's language."""
    return [_sentence(reason) for reason in (run.failure or {}).get("reasons", [])]


def _sentence(reason: dict[str, Any]) -> str:
    return words.sentence(Reason(reason["code"], facts=reason["facts"]))


def _rejects(run: ImportRun) -> list[dict[str, Any]]:
    return [
        {"line": one["line"], "reasons": [_sentence(reason) for reason in one["reasons"]]} for one in run.first_rejects
    ]


def _own_run(request: HttpRequest, public_id: str) -> ImportRun:
    """The run, if it is this request's user's or she operates the node; else it is as if it were not there."""
    run = queries.import_runs().filter(public_id=public_id).first()
    permit(imports.may_see_run(run, viewer_of(request.user)))
    assert run is not None
    return run


@login_required
@never_cache
def new_import(request: HttpRequest) -> HttpResponse:
    """Upload a file; it is checked, and nothing is written yet."""
    viewer = viewer_of(request.user)
    if not (viewer.operator or viewer.managed):
        raise Refused(Decision((Reason("organisation.none_managed"),)))
    form = UploadForm(request.POST or None, request.FILES or None, viewer=viewer)
    if request.method == "POST" and form.is_valid():
        file, organisation = form.cleaned_data["file"], form.cleaned_data["organisation"]
        try:
            run = imports.upload(file, organisation, viewer, by=Actor(request.user, "import"), at=timezone.now())
        except Refused as refused:
            for reason in refused.decision.reasons:
                if not Decision((reason,)).allowed():
                    form.add_error("file", words.sentence(reason))
        else:
            return redirect("import_run", run.public_id)
    context = {
        "form": form,
        "runs": queries.import_runs().filter(by=request.user)[:10],
        "most_mb": settings.UPLOAD_MAX_BYTES // 1024**2,
    }
    return render(request, "registry/import_new.html", context, status=422 if form.errors else 200)


@login_required
@never_cache
@require_GET
def import_run(request: HttpRequest, public_id: str) -> HttpResponse:
    """What would happen with a file, or what happened."""
    run = _own_run(request, public_id)
    template = "registry/_import_run.html" if request.htmx else "registry/import_run.html"
    return render(request, template, {"run": run, "failure": _reasons(run), "rejects": _rejects(run)})


@login_required
@require_POST
def take_import(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take in a file that was checked."""
    imports.take_upload(public_id, viewer_of(request.user), by=Actor(request.user, "import"), at=timezone.now())
    return redirect("import_run", public_id)


@login_required
@never_cache
@require_GET
def import_rejects(request: HttpRequest, public_id: str) -> HttpResponse:
    """The rejected rows with their reasons, to be mended and uploaded again."""
    run = _own_run(request, public_id)
    if not run.rejects:
        raise Refused(Decision((Reason("record.not_found"),)))
    name = f"{Path(run.file_name).stem}-rejects{Path(run.rejects.name).suffix}"
    return FileResponse(run.rejects.open("rb"), as_attachment=True, filename=name)


@require_GET
def export_instruments(request: HttpRequest) -> HttpResponse:
    """A list as a table of Headwater's own, with the list's filters; what the viewer may see of it."""
    wanted = InstrumentFilter(**{name: request.GET.get(name, "").strip() for name in InstrumentFilter.__slots__})
    pieces = export_for(viewer_of(request.user), wanted)
    return StreamingHttpResponse(
        pieces,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="instruments-{timezone.now():%Y-%m-%d}.csv"'},
    )
