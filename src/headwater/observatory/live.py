"""The platform's own records as rows of the store: projects, uses, payments, alliances and challenges.

Readers alone: each gives one table with one query, whatever it holds. A row keeps the public id of its record, so a
figure leads back to it. What not everybody may see stays out: uses of hidden instruments, drafts, the city of a company
that asks without its name.

A row is synthetic where its record says so, where the instrument or an organisation in it is, or where its user has an
address under ``.example``, a name that nobody can own (RFC 2606): the demo's people have such.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from headwater.booking.models import Kind, Usage
from headwater.observatory.tables import TABLES, key_of
from headwater.partnering.models import Challenge, ChallengeState, Level, PartnershipMember, Payment
from headwater.partnering.models.consortia import PartnershipKind, PartnershipState
from headwater.registry.models import Membership, SourceKind
from headwater.registry.queries import visible_instruments
from headwater.registry.rules import ANYBODY
from headwater.support.models import Charge, OrderSupport
from headwater.support.models.orders import SupportState
from headwater.useroffice.models import Award, Mode, PastProject, Proposal, State, SubProject, Visit

ORIGIN = "platform"
HOURS_A_SHIFT = 8
NOBODYS = ".example"
CHUNK, BATCH = 5000, 50_000
UNSEEN = (State.DRAFT, State.WITHDRAWN)
BEFORE_PUBLISHED = (
    ChallengeState.DRAFT,
    ChallengeState.SUBMITTED,
    ChallengeState.REFINE,
    ChallengeState.READY,
    ChallengeState.LONG_TERM,
    ChallengeState.NOT_RESEARCH,
    ChallengeState.WITHDRAWN,
)
SPENT = (SupportState.USED, SupportState.CLAIMED, SupportState.PAID)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reader:
    """What fills a table: its rows, and which column says where."""

    rows: Callable[[], Iterator[Row]]
    place: str


def _made(*paths: str) -> Q:
    """Whether any of these is from a generator."""
    found = Q()
    for path in paths:
        found |= Q(**{f"{path}__source__kind": SourceKind.SYNTHETIC})
    return found


def _values(rows: QuerySet[Any], **columns: Any) -> Iterator[Row]:
    return rows.order_by("pk").values(**columns).iterator(chunk_size=CHUNK)


def _day(instant: Any) -> date:
    found: date = timezone.localtime(instant).date()
    return found


# Projects -------------------------------------------------------------------------------------------------------
def projects() -> Iterator[Row]:
    """Projects on the platform by the day of submission; and earlier ones, of which only the year is known."""
    granted = dict(Award.objects.order_by("version__number", "pk").values_list("proposal_id", "shifts"))
    given = dict(Visit.objects.exclude(hours_given=None).values_list("proposal_id", "hours_given"))
    users: dict[int, int] = {}
    for group, apart in SubProject.objects.filter(own=True).values_list(
        "member__block__proposal", "proposal__requested"
    ):
        granted[group] = granted.get(group, 0) + apart  # beamtime of a sub-project's own is its group's too
    team = Proposal.objects.exclude(submitted_at=None).exclude(state__in=UNSEEN).exclude(call__mode=Mode.WITHIN)
    for (proposal,) in team.values_list("team__proposal_id").iterator(chunk_size=CHUNK):
        users[proposal] = users.get(proposal, 0) + 1
    for row in _values(
        team,
        number=F("pk"),
        of=F("call__facility__code"),
        public=F("public_id"),
        at=F("submitted_at"),
        asked=F("requested"),
        where=F("organisation__city__code"),
        made_call=F("call__synthetic"),
        kind=F("organisation__source__kind"),
    ):
        hours = given.get(row["number"])
        if hours is None:
            hours = granted.get(row["number"], 0) * HOURS_A_SHIFT
        yield {
            "facility": row["of"],
            "id": row["public"],
            "date": _day(row["at"]),
            "users": users.get(row["number"]),
            "hours_asked": float(row["asked"] * HOURS_A_SHIFT),
            "hours": float(hours),
            "city": row["where"] or "",
            "synthetic": row["made_call"] or row["kind"] == SourceKind.SYNTHETIC,
        }
    for row in _values(
        PastProject.objects.all(),
        of=F("facility__code"),
        number=F("code"),
        in_year=F("year"),
        asked=F("requested"),
        got=F("granted"),
        where=F("organisation__city__code"),
        kind=F("source__kind"),
    ):
        made = row["kind"] == SourceKind.SYNTHETIC
        yield {
            "facility": row["of"],
            "id": row["number"],
            "date": date(row["in_year"], 7, 1),
            # The years before say nothing of users; a made-up project has a made-up team.
            "users": 2 + key_of("team", f"{row['of']}:{row['number']}") % 4 if made else None,
            "hours_asked": float(row["asked"] * HOURS_A_SHIFT),
            "hours": float(row["got"] * HOURS_A_SHIFT),
            "city": row["where"] or "",
            "synthetic": made,
        }


# Uses -----------------------------------------------------------------------------------------------------------
def uses() -> Iterator[Row]:
    """Ended uses of instruments that everybody may see, and beamtime given; from the user's organisation's city."""
    seen = visible_instruments(ANYBODY).order_by().values("pk")
    home = Membership.objects.filter(person__user=OuterRef("user")).order_by("until", "pk")
    for row in _values(
        Usage.objects.filter(instrument__in=seen)
        .exclude(stopped_at=None)
        .exclude(reservation__kind=Kind.BEAMTIME)
        .annotate(
            made=_made("instrument", "instrument__owner", "reservation__organisation")
            | Q(user__email__iendswith=NOBODYS)
        ),
        public=F("public_id"),
        begun=F("started_at"),
        end=F("stopped_at"),
        at=F("instrument__city__code"),
        owned=F("instrument__owner__code"),
        where=Coalesce(
            F("reservation__organisation__city__code"), Subquery(home.values("organisation__city__code")[:1])
        ),
        who=Coalesce(F("reservation__organisation__code"), Subquery(home.values("organisation__code")[:1])),
        made_up=F("made"),
    ):
        yield _use(row, (row["end"] - row["begun"]).total_seconds() / 3600)
    for row in _values(
        Visit.objects.filter(instrument__in=seen)
        .exclude(hours_given=None)
        .annotate(
            made=_made("instrument", "instrument__owner", "proposal__organisation") | Q(proposal__call__synthetic=True)
        ),
        public=F("public_id"),
        begun=Coalesce(F("began_at"), F("ended_at"), F("proposal__submitted_at")),
        hours=F("hours_given"),
        at=F("instrument__city__code"),
        owned=F("instrument__owner__code"),
        where=F("proposal__organisation__city__code"),
        who=F("proposal__organisation__code"),
        made_up=F("made"),
    ):
        yield _use(row, float(row["hours"]))


def _use(row: Row, hours: float) -> Row:
    return {
        "id": row["public"],
        "date": _day(row["begun"]) if row["begun"] else None,
        "instrument_city": row["at"],
        "user_city": row["where"] or "",
        "owner": row["owned"],
        "user": row["who"] or "",
        "hours": hours,
        "synthetic": bool(row["made_up"]),
    }


# Money ----------------------------------------------------------------------------------------------------------
def payments() -> Iterator[Row]:
    """What goes from a user's city to a provider's: support used there, the user's own part, and milestones paid."""
    for row in _values(
        OrderSupport.objects.filter(state__in=SPENT, used_minor__gt=0, order__currency="CNY")
        .exclude(order__organisation=None)
        .annotate(made=_made("order__organisation", "order__provider", "order__instrument")),
        public=F("order__public_id"),
        on=F("order__day"),
        minor=F("used_minor"),
        start=F("order__organisation__city__code"),
        end=F("order__provider__city__code"),
        made_up=F("made"),
        mail=F("order__user__email"),
    ):
        yield _payment(row, "support", row["on"])
    for row in _values(
        Charge.objects.exclude(user_minor=0)
        .filter(currency="CNY")
        .exclude(order__organisation=None)
        .annotate(made=_made("order__organisation", "order__provider", "order__instrument")),
        public=F("public_id"),
        on=F("issued_at"),
        minor=F("user_minor"),
        start=F("order__organisation__city__code"),
        end=F("order__provider__city__code"),
        made_up=F("made"),
        mail=F("order__user__email"),
    ):
        yield _payment(row, "charge", _day(row["on"]))
    for row in _values(
        Payment.objects.filter(currency="CNY").annotate(made=_made("payer", "payee", "milestone__partnership")),
        public=F("milestone__public_id"),
        on=F("at"),
        minor=F("amount_minor"),
        start=F("payer__city__code"),
        end=F("payee__city__code"),
        made_up=F("made"),
    ):
        yield _payment(row, "milestone", _day(row["on"]))


def _payment(row: Row, kind: str, on: date) -> Row:
    return {
        "id": row["public"],
        "date": on,
        "kind": kind,
        "from_city": row["start"],
        "to_city": row["end"],
        "amount_cny": row["minor"] / 100,
        "synthetic": bool(row["made_up"]) or (row.get("mail") or "").casefold().endswith(NOBODYS),
    }


# Alliances and challenges ---------------------------------------------------------------------------------------
KINDS = {PartnershipKind.PROJECT: "partnership"}


def alliances() -> Iterator[Row]:
    """Confirmed members of consortia, joint centres and contract projects that have begun."""
    for row in _values(
        PartnershipMember.objects.filter(standing=PartnershipMember.Standing.CONFIRMED)
        .exclude(partnership__state=PartnershipState.FORMING)
        .annotate(made=_made("partnership")),
        public=F("partnership__public_id"),
        what=F("partnership__kind"),
        zh=F("partnership__name_zh"),
        en=F("partnership__name_en"),
        who=F("organisation__code"),
        who_kind=F("organisation__kind"),
        where=F("organisation__city__code"),
        start=Coalesce(F("partnership__starts"), F("partnership__agreed_on")),
        created=F("partnership__created_at"),
        end=F("partnership__ended_on"),
        made_up=F("made"),
    ):
        yield {
            "id": row["public"],
            "kind": KINDS.get(row["what"], row["what"]),
            "name": row["en"] or row["zh"],
            "member": row["who"],
            "member_kind": row["who_kind"],
            "city": row["where"],
            "since": row["start"] or _day(row["created"]),
            "until": row["end"],
            "synthetic": bool(row["made_up"]),
        }


def challenges() -> Iterator[Row]:
    """Challenges that were published; the company's city only where everybody may know who asks."""
    for row in _values(
        Challenge.objects.exclude(published_at=None)
        .exclude(state__in=BEFORE_PUBLISHED)
        .annotate(made=_made("organisation") | Q(source__kind=SourceKind.SYNTHETIC)),
        public=F("public_id"),
        on=F("published_at"),
        stage=F("state"),
        result=F("outcome"),
        level=F("company_level"),
        where=F("organisation__city__code"),
        made_up=F("made"),
    ):
        yield {
            "id": row["public"],
            "date": _day(row["on"]),
            "state": row["stage"],
            "outcome": row["result"] or None,
            "city": row["where"] if row["level"] == Level.PUBLIC else "",
            "synthetic": bool(row["made_up"]),
        }


READERS = {
    "projects": Reader(projects, "city"),
    "uses": Reader(uses, "user_city"),
    "payments": Reader(payments, "from_city"),
    "alliances": Reader(alliances, "city"),
    "challenges": Reader(challenges, "city"),
}


# As tables ------------------------------------------------------------------------------------------------------
def tables(name: str, reader: Reader, tally: dict[str, int]) -> Iterator[pa.Table]:
    """A table's rows in batches; ``tally`` counts rows, those made up, and those without a city of the record."""
    rows = reader.rows()
    while batch := list(islice(rows, BATCH)):
        tally["rows"] += len(batch)
        tally["synthetic"] += sum(row["synthetic"] for row in batch)
        tally["unplaced"] += sum(not row[reader.place] for row in batch)
        columns = {"origin": [ORIGIN] * len(batch)}
        for field in TABLES[name]:
            columns.setdefault(field.name, [row.get(field.name) for row in batch])
        yield pa.table([pa.array(columns[field.name], field.type) for field in TABLES[name]], schema=TABLES[name])


def facilities_with_projects() -> set[str]:
    """Codes of the facilities whose programme is on the platform."""
    here = Proposal.objects.exclude(submitted_at=None).exclude(state__in=UNSEEN).order_by()
    found = set(here.values_list("call__facility__code", flat=True).distinct())
    return found | set(PastProject.objects.order_by().values_list("facility__code", flat=True).distinct())


def without_facilities(path: Path, codes: set[str]) -> pa.Table:
    """A file of projects without those of these facilities."""
    rows = pq.ParquetFile(path).read()
    keep = pa.array([code not in codes for code in rows.column("facility").to_pylist()], pa.bool_())
    return rows.filter(keep)
