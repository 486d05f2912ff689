"""Words for reasons: one whole sentence a code, in the reader's language, with the HTTP status it means.

An app adds its own with `add` when it starts. A test finds a code without words, or without Chinese ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.db.models import Choices
from django.utils.translation import gettext_lazy as _

from headwater.core.decision import Decision, Reason


@dataclass(frozen=True, slots=True)
class Wording:
    """A sentence with named placeholders for the reason's facts, and the status of a refusal for it.

    ``show`` turns facts that are codes into what a reader reads, in the active language.
    """

    sentence: object
    status: int = 403
    show: Callable[[Mapping[str, object]], Mapping[str, object]] | None = None


WORDINGS: dict[str, Wording] = {}

# What the audit trail calls an act, and the way it came by.
ACTS: dict[str, object] = {
    "role.granted": _("role given"),
    "token.made": _("token made"),
    "token.revoked": _("token revoked"),
    "user.made": _("account made"),
}
# What the trail's codes are called: of an act's subject ("challenge" of challenge.published) and a changed field.
VALUES: dict[tuple[str, str], Mapping[str, object]] = {}
FIELDS: dict[str, object] = {"state": _("state"), "reasons": _("reasons"), "outcome": _("outcome")}
WAYS: dict[str, object] = {
    "page": _("on a page"),
    "api": _("by a program"),
    "import": _("from a file"),
    "command": _("by command"),
    "system": _("by the system itself"),
}


def add(wordings: Mapping[str, Wording]) -> None:
    """Add an app's wordings; a code is worded once."""
    for code, wording in wordings.items():
        if WORDINGS.setdefault(code, wording) is not wording:
            raise ValueError(f"The reason {code} is worded twice.")


def add_values(choices: Mapping[tuple[str, str], type[Choices]]) -> None:
    """Add what an app's fields that hold codes are called, by the subject of the acts that change them."""
    VALUES.update({key: dict(kind.choices) for key, kind in choices.items()})


def sentence(reason: Reason) -> str:
    """The reason's sentence in the active language."""
    wording = WORDINGS[reason.code]
    return str(wording.sentence) % (wording.show(reason.facts) if wording.show else reason.facts)


def sentences(decision: Decision) -> list[str]:
    return [sentence(reason) for reason in decision.reasons]


def status(decision: Decision) -> int:
    """The HTTP status of a refusal: that of its first reason that stops."""
    for reason in decision.reasons:
        if not Decision((reason,)).allowed():
            return WORDINGS[reason.code].status
    return 200


add(
    {
        "sign_in.needed": Wording(_("Sign in first."), 401),
        "token.unknown": Wording(
            _("This token is not known, or it has been revoked. Make a new one on your account page."), 401
        ),
        "token.expired": Wording(_("This token expired on %(day)s. Make a new one on your account page."), 401),
        "token.scope_missing": Wording(
            _("This token may not do that: it lacks the scope “%(scope)s”. Make one that has it.")
        ),
        "token.name_missing": Wording(_("A token needs a name, so that you know it again."), 422),
        "token.scopes_missing": Wording(_("Choose what the token may do."), 422),
        "token.too_many": Wording(
            _("You have %(have)s tokens, the most there may be. Revoke one that you no longer use."), 409
        ),
        "waiver.ground_missing": Wording(_("To pass a rule you must write down on what ground."), 422),
    }
)
