"""The paper of a proposal: what was asked, in the language it was written in, the same to the byte each time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _, pgettext

from headwater.booking.queries import zone_of
from headwater.papers.pdf import Heading, Pairs, Table, Text, make_pdf
from headwater.useroffice import wording
from headwater.useroffice.callform.shown import answers_shown
from headwater.useroffice.models import Mode, Proposal, SubProject


def content_of(proposal: Proposal) -> dict[str, Any]:
    """All that is asked, as plain values."""
    return {
        "code": proposal.code,
        "call": proposal.call.code,
        "form": proposal.form.number,
        "track": proposal.track.code,
        "title": proposal.title,
        "abstract": proposal.abstract,
        "language": proposal.language,
        "organisation": proposal.organisation.public_id if proposal.organisation else None,
        "team": [
            {"name": str(one), "email": one.email, "accepted": one.accepted_at is not None}
            for one in proposal.team.all()
        ],
        "beamlines": [one.instrument.public_id for one in proposal.choices.all()],
        "requested": proposal.requested,
        "minimum": proposal.minimum,
        "blackouts": proposal.blackouts,
        "answers": proposal.answers,
        "files": {one.question: one.sha256 for one in proposal.files.all()},
        "samples": [
            {"name": one.name, "quantity": one.quantity, "hazards": one.hazards} for one in proposal.samples.all()
        ],
        "earlier": [one.number for one in proposal.earlier.all()],
        "earlier_results": proposal.earlier_results,
        **_content_of_part(proposal),
    }


def _content_of_part(proposal: Proposal) -> dict[str, Any]:
    """What a sub-project of a block says beside: whose share it takes, and the wished days; nothing for others."""
    if proposal.call.mode != Mode.WITHIN:
        return {}
    part = SubProject.objects.select_related("member__block__proposal").get(proposal=proposal)
    member = part.member
    return {"block": member.block.proposal.number, "member": member.name, "wished": part.wished}


def frozen(proposal: Proposal, *, at: datetime) -> tuple[dict[str, Any], bytes]:
    """The content, and its paper in the proposal's language."""
    content = content_of(proposal)
    with translation.override(proposal.language):
        return content, paper(proposal, at=at)


def paper(proposal: Proposal, *, at: datetime) -> bytes:
    """The PDF in the active language."""
    call = proposal.call
    lines = [one.instrument for one in proposal.choices.all()]
    clock = zone_of(lines[0]) if lines else UTC
    team = [str(one) + ("" if one.accepted_at else f" ({_('invited')})") for one in proposal.team.all()]
    pairs = [
        (_("Number"), proposal.number),
        (_("Call"), f"{call.name} ({call.facility.name})"),
        (_("Mode of access"), str(call.get_mode_display())),
        (pgettext("a time", "Submitted"), f"{at.astimezone(clock):%Y-%m-%d %H:%M} ({clock})"),
        (_("Proposers"), "; ".join(team)),
        (_("Organisation"), proposal.organisation.name if proposal.organisation else ""),
        (_("Beamlines, the preferred first"), "; ".join(one.name for one in lines)),
        (_("Shifts asked"), str(proposal.requested)),
    ]
    if part := _content_of_part(proposal):
        pairs.append((_("From the share of"), str(part["member"])))
        pairs.append((_("Wished days"), "; ".join(" – ".join(span) for span in part["wished"]) or "–"))
    else:
        pairs.append((_("Fewest useful shifts"), str(proposal.minimum)))
    if proposal.blackouts:
        away = "; ".join(" – ".join(dict.fromkeys(span)) for span in proposal.blackouts)
        pairs.append((_("Days the team cannot come"), away))
    blocks: list[Any] = [Pairs(pairs), Heading(_("Abstract")), Text(proposal.abstract)]
    files = {one.question: one.name for one in proposal.files.all()}
    for title, answers in answers_shown(proposal.form.questions, proposal.answers, files):
        blocks += [Heading(title)] if title else []
        for label, answer in answers:
            blocks += [Heading(label), Text(answer or "–")]
    if samples := list(proposal.samples.all()):
        rows = [
            (one.name, one.quantity, ", ".join(str(wording.HAZARDS[hazard]) for hazard in one.hazards))
            for one in samples
        ]
        blocks += [Heading(_("Samples")), Table((_("Sample"), pgettext("of a sample", "Quantity"), _("Hazards")), rows)]
    if earlier := list(proposal.earlier.order_by("pk")):
        blocks += [Heading(_("Refers to")), Text("\n".join(f"{one.number} {one.title}" for one in earlier))]
    if proposal.earlier_results:
        blocks += [Heading(_("Results of earlier beamtime")), Text(proposal.earlier_results)]
    return make_pdf(proposal.title, blocks, language=translation.get_language() or "en", made_on=at.date())
