"""Reading challenges: the list, one challenge, its history, its files, the export and the feed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from headwater.accounts.queries import trail_of
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.partnering import queries
from headwater.partnering.facts import seen_challenge
from headwater.partnering.forms import FileForm, PublishForm, TriageForm
from headwater.partnering.models import Challenge, ChallengeState
from headwater.partnering.reading import Reading, read, read_many
from headwater.partnering.rules import states
from headwater.partnering.rules.challenges import may_act_as_broker, may_decide, may_write_for
from headwater.partnering.rules.sight import may_read_level
from headwater.partnering.views.parts import own_organisations, whole
from headwater.registry.facts import viewer_of
from headwater.registry.queries import cut
from headwater.registry.rules import ANYBODY, Viewer

TRAIL_SHOWN = 100
FEED_SHOWN = 50


def _key(request: HttpRequest, name: str) -> int | None:
    given = request.GET.get(name, "")
    return int(given) if given.isdigit() and len(given) < 19 else None


def _address(request: HttpRequest) -> str:
    kept = request.GET.copy()
    for name in ("after", "before"):
        kept.pop(name, None)
    for name in [name for name, value in kept.items() if not value]:
        del kept[name]
    return kept.urlencode()


def _found(request: HttpRequest, viewer: Viewer) -> Any:
    """The challenges the viewer may see, narrowed by words and state; words count only where she may read them."""
    rows = queries.searched(queries.visible_challenges(viewer), request.GET.get("q", ""), viewer)
    state = request.GET.get("state", "")
    if state in ChallengeState.values:
        rows = rows.filter(state=state)
    if request.GET.get("mine") and viewer.memberships:
        rows = rows.filter(organisation_id__in=list(viewer.memberships))
    return queries.with_listing(rows)


@never_cache
def challenges(request: HttpRequest) -> HttpResponse:
    """The list of challenges."""
    viewer = viewer_of(request.user)
    page = cut(_found(request, viewer), after=_key(request, "after"), before=_key(request, "before"))
    return render(
        request,
        "partnering/challenges.html",
        {
            "page": page,
            "readings": read_many(page.rows, viewer),
            "address": _address(request),
            "states": ChallengeState.choices,
            "state": request.GET.get("state", ""),
            "q": request.GET.get("q", ""),
            "may_add": any(True for _one in own_organisations(viewer)[:1]) if viewer.signed_in else False,
        },
    )


def _may(reading: Reading, sight: Any, viewer: Viewer) -> dict[str, bool]:
    """Which buttons lead anywhere."""
    moves = states.moves("challenge", reading.challenge.state)
    company = may_write_for(sight.organisation_id, viewer).allowed()
    broker = may_act_as_broker(sight, viewer).allowed()
    version = reading.version
    return {
        "edit": (company or broker) and reading.challenge.state in states.WRITABLE,
        "submit": company and "submit" in moves,
        "agree": company and version is not None and version.agreed_at is None,
        "withdraw": company and "withdraw" in moves,
        "triage": broker and any(move.startswith("triage_") for move in moves),
        "publish": broker and "publish" in moves,
        "take_on": broker and reading.challenge.broker_id != viewer.user_id,
        "decide": may_decide(sight, viewer).allowed(),
        "close": may_decide(sight, viewer).allowed() and "close" in moves,
        "propose": reading.challenge.state == "published" and viewer.signed_in and not reading.whole,
    }


@never_cache
def challenge(request: HttpRequest, public_id: str) -> HttpResponse:
    """One challenge, as far as this reader may read it."""
    viewer = viewer_of(request.user)
    found, sight = seen_challenge(public_id, viewer)
    reading = read(found, sight, viewer)
    own = list(own_organisations(viewer)) if viewer.signed_in else []
    mine = [one for one in queries.agreements_of(found) if one.organisation_id in viewer.memberships]
    context = {
        "challenge": found,
        "reading": reading,
        "may": _may(reading, sight, viewer),
        "call": getattr(found, "call", None),
        "own_organisations": own,
        "own_agreements": mine,
        "own_profiles": queries.profiles().filter(organisation__in=own, active=True)
        if own and not reading.whole
        else [],
        "own_approaches": queries.approaches_to(viewer.memberships).filter(challenge=found) if own else [],
        "asks_agreement": bool(own) and not mine and not reading.whole,
    }
    if reading.whole:
        context |= {
            "triages": queries.triages_of(found),
            "versions": queries.versions_of(found),
            "agreements": queries.agreements_of(found),
            "approaches": queries.approaches_of(found),
            "awards": queries.awards_of(found),
            "partnerships": found.partnerships.order_by("pk"),
            "triage_form": TriageForm(),
            "publish_form": PublishForm(),
            "file_form": FileForm(),
        }
    return render(request, "partnering/challenge.html", context)


@never_cache
def challenge_history(request: HttpRequest, public_id: str) -> HttpResponse:
    """A challenge's earlier versions and its trail, for whoever may read it whole."""
    found, sight, viewer = whole(request, public_id)
    given = request.GET.get("version", "")
    number = int(given) if given.isdigit() and len(given) < 9 else None
    old = queries.version_with_all(found, number) if number else None
    if number and old is None:
        raise Refused(Decision((Reason("challenge.not_found"),)))
    return render(
        request,
        "partnering/history.html",
        {
            "challenge": found,
            "versions": queries.versions_of(found),
            "reading": read(found, sight, viewer, version=old) if old else None,
            "number": number,
            "trail": trail_of(found.public_id)[:TRAIL_SHOWN],
        },
    )


@never_cache
@require_GET
def attachment(request: HttpRequest, public_id: str, attachment_id: str) -> HttpResponse:
    """One file, if its level is open to this reader. It is always saved, never shown by the browser itself."""
    viewer = viewer_of(request.user)
    found, sight = seen_challenge(public_id, viewer)
    file = queries.attachments_of(found).filter(public_id=attachment_id).first()
    if file is None:
        raise Refused(Decision((Reason("attachment.not_found"),)))
    decision = may_read_level(sight, file.level, viewer)
    if not decision.allowed():
        raise Refused(decision if not viewer.signed_in else Decision((Reason("attachment.not_found"),)))
    permit(decision)
    answer = FileResponse(
        file.file.open("rb"), as_attachment=True, filename=file.name, content_type="application/octet-stream"
    )
    answer["Cache-Control"] = "private, no-store"
    return answer


class _Echo:
    def write(self, value: str) -> str:
        return value


HEADER = ("id", "title_zh", "title_en", "state", "company", "published", "synthetic")


def _export(rows: Any, viewer: Viewer) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield "\ufeff" + writer.writerow(HEADER)
    after = 0
    while batch := list(rows.filter(pk__gt=after).order_by("pk")[:500]):
        after = batch[-1].pk
        for one in read_many(batch, viewer):
            challenge = one.challenge
            yield writer.writerow(
                _plain(
                    (
                        challenge.public_id, challenge.name_zh, challenge.name_en, challenge.state,
                        one.company.public_id if one.company else "",
                        f"{challenge.published_at:%Y-%m-%d}" if challenge.published_at else "",
                        "yes" if challenge.synthetic else "no",
                    )
                )
            )  # fmt: skip


def _plain(cells: tuple[str, ...]) -> list[str]:
    """Cells that no spreadsheet takes for a formula."""
    return [f"'{cell}" if cell[:1] in "=+-@\t\r" else cell for cell in cells]


@require_GET
def export_challenges(request: HttpRequest) -> HttpResponse:
    """The list as a table, with the list's filters; what this reader may read of it."""
    viewer = viewer_of(request.user)
    name = f"challenges-{timezone.now():%Y-%m-%d}.csv"
    return StreamingHttpResponse(
        _export(_found(request, viewer), viewer),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@require_GET
def challenge_feed(request: HttpRequest) -> HttpResponse:
    """Published challenges as an Atom feed: what everybody may read, whoever asks."""
    rows: list[Challenge] = list(
        queries.with_listing(queries.visible_challenges(ANYBODY)).order_by("-published_at", "-pk")[:FEED_SHOWN]
    )
    feed = Atom1Feed(
        title=_("Challenges"), link=request.build_absolute_uri("/challenges/"), description=_("Published challenges"),
        feed_url=request.build_absolute_uri(), language="zh-Hans" if request.LANGUAGE_CODE.startswith("zh") else "en",
    )  # fmt: skip
    for one in read_many(rows, ANYBODY):
        about = [one.challenge.get_state_display()] + ([one.company.name] if one.company else [])
        feed.add_item(
            title=one.challenge.name,
            link=request.build_absolute_uri(f"/challenges/{one.challenge.public_id}/"),
            description=" · ".join(map(str, about)),
            unique_id=one.challenge.public_id,
            pubdate=one.challenge.published_at,
            updateddate=one.challenge.published_at,
        )
    text = io.StringIO()
    feed.write(text, "utf-8")
    return HttpResponse(text.getvalue(), content_type="application/atom+xml; charset=utf-8")
