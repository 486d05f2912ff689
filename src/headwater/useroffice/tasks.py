"""Work of the user office that the background worker does."""

from __future__ import annotations

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app


@app.task(name="useroffice.mail_invitation", queue="mail", retry=5)
def mail_invitation(*, member_id: int) -> None:
    """Invite somebody without an account, in the proposal's language; nothing goes once it was answered."""
    from headwater.useroffice.actions.proposals import mark_invited

    member = mark_invited(member_id)
    if member is None:
        return
    proposal = member.proposal
    with translation.override(proposal.language):
        subject = _("You are invited to a beamtime proposal")
        body = _(
            "%(by)s asks you to join the proposal “%(title)s” to %(facility)s. Sign up with this address at "
            "%(address)s, and you find the invitation on the page “Beamtime”."
        ) % {
            "by": proposal.team.get(proposer=True),
            "title": " ".join(proposal.title.split()),
            "facility": proposal.call.facility.name,
            "address": settings.BASE_URL + "/accounts/signup/",
        }
    EmailMessage(
        subject, body + "\n", to=[member.email], headers={"Message-ID": f"<invitation-{member.pk}@headwater>"}
    ).send()


@app.task(name="useroffice.solve_scenario", queue="planning", lock="useroffice.planning")
def solve_scenario(*, public_id: str) -> None:
    """Plan a scenario; run again after a crash it starts anew."""
    from headwater.useroffice.actions.scheduling import solve

    solve(public_id, at=timezone.now())
