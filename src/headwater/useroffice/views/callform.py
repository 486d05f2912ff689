"""For the user office: a call's form, written question by question, tried, compared and published."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_language, gettext as _, override

from headwater.accounts import words
from headwater.core.decision import Decision, Reason, Refused
from headwater.useroffice import edges, forms, rules
from headwater.useroffice.actions import formdrafts
from headwater.useroffice.callform import reads, shown, wording, work
from headwater.useroffice.callform.differences import differences
from headwater.useroffice.callform.files import MOST_BYTES, form_file
from headwater.useroffice.facts import questions_in
from headwater.useroffice.forms.shared import LANGUAGES
from headwater.useroffice.models import Call, FormVersion
from headwater.useroffice.rules.forms import KINDS, SECTION
from headwater.useroffice.views.shared import desk_for

MORE_CHOICES = 3


def _acts(call: str, request: HttpRequest, acting: dict[str, Any]) -> dict[str, Callable[[], object]]:
    """What the buttons of the form's page do."""
    key = request.POST.get("key", "")
    return {
        "up": lambda: formdrafts.move_entry(call, key, True, **acting),
        "down": lambda: formdrafts.move_entry(call, key, False, **acting),
        "copy": lambda: formdrafts.copy_entry(call, key, **acting),
        "remove": lambda: formdrafts.remove_entry(call, key, **acting),
        "undo": lambda: formdrafts.undo_form(call, **acting),
        "discard": lambda: formdrafts.discard_form(call, **acting),
        "keep": lambda: formdrafts.keep_written(call, **acting),
        "publish": lambda: formdrafts.publish_written(call, **acting),
        "start": lambda: formdrafts.start_from(call, request.POST.get("source", "")[:60], **acting),
        "import": lambda: formdrafts.import_form(call, _content(request), **acting),
    }


def _content(request: HttpRequest) -> bytes:
    """The file that was sent, and one byte more than may be."""
    file = request.FILES.get("file")
    if file is None:
        raise edges.missing("form.file_missing")
    return bytes(file.read(MOST_BYTES + 1))


def _acting(request: HttpRequest, desk: rules.Desk) -> dict[str, Any]:
    return edges.acting(request, desk) | {"seen": request.POST.get("seen", "")[:40]}


@login_required
def edit_form(request: HttpRequest, public_id: str) -> HttpResponse:
    """A call's form as it is being written, and what publishing it would change; each button on what was seen."""
    desk = desk_for(request)
    call = edges.office_call(public_id, desk)
    if request.method != "POST":
        return _page(request, call, desk)
    act = request.POST.get("act", "")
    done = _acts(public_id, request, _acting(request, desk)).get(act)
    if done is None:
        raise edges.missing("call.not_found")
    try:
        done()
    except Refused as refused:
        return _page(request, edges.office_call(public_id, desk), desk, refused=refused.decision)
    messages.success(request, said_of(act))
    key = request.POST.get("key", "")
    return redirect(reverse("edit_form", args=[public_id]) + (f"#q_{key}" if act in ("up", "down", "copy") else ""))


def said_of(act: str) -> str:
    """What a button did."""
    if act == "publish":
        return _("The new version of the form is published.")
    if act in ("undo", "discard"):
        return _("Done. “Take the last change back” brings it again.")
    return _("The form is changed. Nobody else sees it before you publish it.")


def _sources(call: Call, desk: rules.Desk) -> forms.SourceForm:
    versions = list(reads.versions_of(call.facility)[: reads.VERSIONS_SHOWN])
    return forms.SourceForm(calls=list(reads.other_calls(call, desk.offices)), versions=versions)


def _page(request: HttpRequest, call: Call, desk: rules.Desk, *, refused: Decision | None = None) -> HttpResponse:
    """The form's page; what was refused stands above it."""
    held = reads.written_of(call)
    published = call.form.questions
    against = rules.may_publish_form(held.facts(held.stamp), held.entries) if held.changed else Decision()
    context = {
        "call": call,
        "held": held,
        "parts": shown.parts_shown(held.entries),
        "changes": [wording.change_said(one) for one in differences(published, held.entries)],
        "meanwhile": [wording.change_said(one) for one in differences(held.base.questions, published)]
        if held.overtaken
        else [],
        "effects": reads.effects_of(call, published, held.entries),
        "against": words.sentences(against),
        "may_publish": held.changed and against.allowed(),
        "source": _sources(call, desk),
        "refused": words.sentences(refused) if refused else [],
    }
    status = words.status(refused) if refused else 200
    return render(request, "useroffice/edit_form.html", context, status=status)


@login_required
def new_entry(request: HttpRequest, public_id: str) -> HttpResponse:
    """Add a question or a section: choose its kind, then write it."""
    desk = desk_for(request)
    call = edges.office_call(public_id, desk)
    kind, after = request.GET.get("kind", ""), request.GET.get("after")
    held = reads.written_of(call)
    if kind not in KINDS:
        kinds = [(one, wording.KINDS[one], wording.KINDS_EXPLAINED[one]) for one in KINDS]
        return render(request, "useroffice/form_kinds.html", {"call": call, "kinds": kinds, "after": after or ""})
    return _entry_page(request, call, held, desk, kind=kind, after=after)


@login_required
def entry(request: HttpRequest, public_id: str, key: str) -> HttpResponse:
    """Change a question or a section's heading."""
    desk = desk_for(request)
    call = edges.office_call(public_id, desk)
    held = reads.written_of(call)
    there = work.entry_of(held.entries, key)
    if there is None:
        raise edges.missing("form.question_gone")
    return _entry_page(request, call, held, desk, kind=there["kind"], there=there)


def _entry_page(
    request: HttpRequest,
    call: Call,
    held: reads.Written,
    desk: rules.Desk,
    *,
    kind: str,
    after: str | None = None,
    there: Any = None,
) -> HttpResponse:
    """One entry's form. Whoever is late finds her own texts still in it, beside the entry as it stands now."""
    key = there["key"] if there else ""
    more = "more" in request.POST
    rows = _number(request.POST.get("rows", "")) + (MORE_CHOICES if more else 0)
    data = request.POST if request.method == "POST" else None
    form = forms.EntryForm(data, kind=kind, entries=held.entries, entry=there, seen=held.stamp, after=after, rows=rows)
    late = False
    if data is not None and not more and form.is_valid():
        acting = edges.acting(request, desk) | {"seen": form.cleaned_data["seen"]}
        done = edges.attempt(form, lambda: [_write(call.public_id, form, key, after, acting)])
        if done is not None:
            messages.success(request, said_of(""))
            return redirect(reverse("edit_form", args=[call.public_id]) + f"#q_{done[0]}")
        late = form.cleaned_data["seen"] != held.stamp
    if late:  # told once; what she sends next is on what she sees now
        form.data = form.data.copy()
        form.data["seen"] = held.stamp
    if more:
        form.errors.clear()
    context = {
        "call": call,
        "form": form,
        "there": there,
        "kind": wording.KINDS[kind],
        "is_section": kind == SECTION,
        "now": shown.entry_shown(there, held.entries, 0) if late and there else None,
    }
    return render(request, "useroffice/form_entry.html", context, status=422 if form.errors else 200)


def _write(call: str, form: forms.EntryForm, key: str, after: str | None, acting: dict[str, Any]) -> str:
    given = form.cleaned_data.get("after") if "after" in form.data else None  # not sent: it stays where it is
    if key:
        formdrafts.set_entry(call, key, form.written(), after=given, **acting)
        return key
    return formdrafts.add_entry(call, form.written(), after if given is None else given, **acting)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 4 else 0


@login_required
def preview_form(request: HttpRequest, public_id: str) -> HttpResponse:
    """The questions as a proposer will see them, in either language, to be tried; nothing is kept."""
    desk = desk_for(request)
    call = edges.office_call(public_id, desk)
    held = reads.written_of(call)
    wanted = request.GET.get("in", "")
    language = wanted if wanted in dict(LANGUAGES) else get_language() or "en"
    tried = "tried" in request.GET
    with override(language):
        form = forms.PreviewForm(request.GET, entries=held.entries)
        form.is_valid()
        answers = form.answers()
        asked = form.asked(answers)
        told = rules.answers_told(questions_in(held.entries), answers, ()) if tried else ()
        labels = {f"q_{one['key']}": wording.label_of(one) for one in held.entries}
        context = {
            "call": call,
            "parts": form.parts(asked if tried else None, _("Questions of the call")),
            "told": [(labels[str(one.facts["field"])], words.sentence(one)) for one in told],
            "tried": tried,
            "language": language,
            "languages": LANGUAGES,
            "empty": not form.fields,
        }
        if request.htmx:  # type: ignore[attr-defined]
            return render(request, "useroffice/_questions.html", context)
        context["questions"] = render_to_string("useroffice/_questions.html", context, request)
    return render(request, "useroffice/form_preview.html", context)


@login_required
def form_versions(request: HttpRequest, public_id: str) -> HttpResponse:
    """The facility's versions, where each stands, and what each changed from the one before."""
    call = edges.office_call(public_id, desk_for(request))
    rows = list(reads.versions_of(call.facility)[: reads.VERSIONS_SHOWN + 1])
    used = reads.proposals_by_version(call.facility)
    shown_: list[tuple[FormVersion, int, list[str], int]] = []
    for number, one in enumerate(rows[: reads.VERSIONS_SHOWN]):
        before = rows[number + 1].questions if number + 1 < len(rows) else []
        said = [wording.change_said(each) for each in differences(before, one.questions)] if before else []
        asked = sum(each["kind"] != SECTION for each in one.questions)
        shown_.append((one, used.get(one.pk, 0), said, asked))
    held = reads.written_of(call)
    return render(request, "useroffice/form_versions.html", {"call": call, "rows": shown_, "held": held})


@login_required
def form_as_file(request: HttpRequest, public_id: str) -> HttpResponse:
    """The form as JSON: what is being written, or a version of the facility's."""
    call = edges.office_call(public_id, desk_for(request))
    wanted = request.GET.get("version", "")
    if wanted:
        form = call.facility.forms.filter(number=_number(wanted)).first()
        if form is None:
            raise Refused(Decision((Reason("form.version_unknown"),)))
        content, name = form_file(form.questions, version=form.number), f"form-{form.number}.json"
    else:
        held = reads.written_of(call)
        content, name = form_file(held.entries, based_on=held.base.number), f"form-{call.code}.json"
    answer = HttpResponse(content, content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
