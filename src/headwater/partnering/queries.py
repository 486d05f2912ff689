"""The readers of partnering: small, composable. What is visible is said here in SQL, as `rules.sight` says it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from django.db.models import Count, F, Max, Prefetch, Q, QuerySet, Sum

from headwater.accounts.models import Role, User
from headwater.engines.relevance import tokens
from headwater.partnering.models import (
    Agreement,
    AgreementState,
    Approach,
    Attachment,
    Award,
    Challenge,
    ChallengeState,
    Conflict,
    IndexStamp,
    Milestone,
    Partnership,
    PartnershipInstrument,
    PartnershipMember,
    Profile,
    ProfilePerson,
    ProfileTechnique,
    Proposal,
    ProposalMember,
    TravelTable,
    Triage,
    Version,
    Weighting,
    Work,
)
from headwater.partnering.rules.sight import BROKER, MANAGING, OPEN
from headwater.registry.models import City, Membership, Organisation, Technique, Tie
from headwater.registry.rules import Viewer
from headwater.support.models import Posting


# Challenges -----------------------------------------------------------------------------------------------------
def _with_a_side(organisations: Sequence[int]) -> Q:
    """Challenges for which one of the organisations proposes."""
    leads = Proposal.objects.filter(lead__organisation_id__in=organisations).values("challenge_id")
    joins = ProposalMember.objects.filter(profile__organisation_id__in=organisations).values("proposal__challenge_id")
    return Q(pk__in=leads) | Q(pk__in=joins)


def _whole(viewer: Viewer) -> Q:
    """Challenges that the viewer may read whole."""
    mine = list(viewer.memberships)
    seen = Q(organisation_id__in=mine) if mine else Q(pk=None)
    if BROKER in viewer.roles:
        as_broker = ~Q(state=ChallengeState.DRAFT)
        seen |= as_broker & ~_with_a_side(mine) if mine else as_broker
    return seen


def visible_challenges(viewer: Viewer) -> QuerySet[Challenge]:
    """The challenges that `rules.sight.may_see_challenge` lets ``viewer`` see."""
    return Challenge.objects.filter(Q(state__in=OPEN, published_at__isnull=False) | _whole(viewer))


def with_listing(challenges: QuerySet[Challenge]) -> QuerySet[Challenge]:
    """What a row of a list shows."""
    return challenges.select_related("organisation__city", "source", "current", "call")


def searched(challenges: QuerySet[Challenge], text: str, viewer: Viewer) -> QuerySet[Challenge]:
    """Challenges that hold all the words, counting only words that ``viewer`` may read in each."""
    words = list(dict.fromkeys(tokens(text)))
    if not words:
        return challenges
    found = Q(words_registered__contains=words) if viewer.signed_in else Q(words_public__contains=words)
    mine = list(viewer.memberships)
    if mine:
        bound = Agreement.objects.filter(organisation_id__in=mine, state=AgreementState.IN_FORCE)
        found |= Q(words_agreement__contains=words, pk__in=bound.values("challenge_id"))
    return challenges.filter(found | Q(words_agreement__contains=words) & _whole(viewer))


def bound_organisations(challenges: Iterable[int]) -> dict[int, set[int]]:
    """By challenge, the organisations with an agreement in force."""
    out: dict[int, set[int]] = {key: set() for key in challenges}
    rows = Agreement.objects.filter(challenge_id__in=out, state=AgreementState.IN_FORCE)
    for challenge, organisation in rows.values_list("challenge_id", "organisation_id"):
        out[challenge].add(organisation)
    return out


def proposing_organisations(challenges: Iterable[int]) -> dict[int, set[int]]:
    """By challenge, the organisations that lead or join a proposal."""
    out: dict[int, set[int]] = {key: set() for key in challenges}
    leads = Proposal.objects.filter(challenge_id__in=out).values_list("challenge_id", "lead__organisation_id")
    joins = ProposalMember.objects.filter(proposal__challenge_id__in=out).values_list(
        "proposal__challenge_id", "profile__organisation_id"
    )
    for challenge, organisation in leads.union(joins):
        out[challenge].add(organisation)
    return out


def version_with_all(challenge: Challenge, number: int | None = None) -> Version | None:
    """A version with its parts, targets and wants; the current one without a number."""
    rows = Version.objects.filter(challenge=challenge).select_related("city__jurisdiction", "by", "agreed_by")
    rows = rows.filter(pk=challenge.current_id) if number is None else rows.filter(number=number)
    return rows.prefetch_related("parts", "targets", "requirements__technique").first()


def versions_of(challenge: Challenge) -> QuerySet[Version]:
    return challenge.versions.select_related("by", "agreed_by").order_by("-number")


def triages_of(challenge: Challenge) -> QuerySet[Triage]:
    return challenge.triages.select_related("by", "version").order_by("-pk")


def agreements_of(challenge: Challenge) -> QuerySet[Agreement]:
    return challenge.agreements.select_related("organisation", "asked_by").order_by("pk")


def attachments_of(challenge: Challenge) -> QuerySet[Attachment]:
    return challenge.attachments.filter(removed_at=None).order_by("pk")


def awards_of(challenge: Challenge) -> QuerySet[Award]:
    return challenge.awards.select_related("by").prefetch_related("lines__proposal__lead__organisation").order_by("pk")


def brokers() -> QuerySet[User]:
    return User.objects.filter(grants__role=Role.BROKER, is_active=True).distinct()


def conflicts_seen(viewer: Viewer) -> QuerySet[Conflict]:
    """Declared conflicts of interest: a broker reads all, anybody else those of her own organisations."""
    rows = Conflict.objects.select_related("one", "other", "by").order_by("-pk")
    if "broker" in viewer.roles:
        return rows
    mine = list(viewer.memberships)
    return rows.filter(Q(one_id__in=mine) | Q(other_id__in=mine))


def managers_of(organisation_ids: Iterable[int]) -> dict[int, list[User]]:
    """By organisation, the people who act for it."""
    out: dict[int, list[User]] = {}
    rows = Membership.objects.filter(
        organisation_id__in=list(organisation_ids), role__in=MANAGING, until=None, person__user__is_active=True
    ).select_related("person__user")
    for row in rows.order_by("pk"):
        if row.person.user is not None:
            out.setdefault(row.organisation_id, []).append(row.person.user)
    return out


# Profiles -------------------------------------------------------------------------------------------------------
def profiles() -> QuerySet[Profile]:
    """Profiles as lists show them."""
    return Profile.objects.select_related(
        "organisation__city__jurisdiction", "city__jurisdiction", "source"
    ).prefetch_related(
        Prefetch("technique_links", queryset=ProfileTechnique.objects.select_related("technique").order_by("-level"))
    )


def groups_of(users: Collection[int]) -> dict[int, set[str]]:
    """The groups with a profile that users are named in, by public id; one query."""
    found: dict[int, set[str]] = {}
    rows = ProfilePerson.objects.filter(person__user_id__in=users, profile__active=True)
    for user, group in rows.values_list("person__user_id", "profile__public_id"):
        found.setdefault(user, set()).add(group)
    return found


def profile_with_all(public_id: str) -> Profile | None:
    people = ProfilePerson.objects.select_related("person").order_by("-leads", "pk")
    works = Work.objects.select_related("partner").order_by("-year", "pk")
    return (
        profiles()
        .prefetch_related(
            Prefetch("person_links", queryset=people), Prefetch("works", queryset=works), "instruments__city"
        )
        .filter(public_id=public_id)
        .first()
    )


def profiles_found(text: str, organisation: str = "", technique: str = "") -> QuerySet[Profile]:
    """Active profiles by a word of their name, by organisation and by technique."""
    rows = profiles().filter(active=True)
    if text.strip():
        rows = rows.filter(
            Q(name_zh__icontains=text.strip())
            | Q(name_en__icontains=text.strip())
            | Q(organisation__name_zh__icontains=text.strip())
            | Q(organisation__name_en__icontains=text.strip())
        )
    if organisation:
        rows = rows.filter(organisation__public_id=organisation)
    if technique:
        rows = rows.filter(pk__in=ProfileTechnique.objects.filter(technique__code=technique).values("profile_id"))
    return rows


Stamp = tuple[int, int, int]


def stamp() -> Stamp:
    """What tells an index of today: the number that writes of profiles raise, the newest words and places."""
    number = IndexStamp.objects.filter(pk=1).values_list("number", flat=True).first() or 0
    technique = Technique.objects.aggregate(last=Max("pk"))["last"] or 0
    return number, technique, City.objects.aggregate(last=Max("pk"))["last"] or 0


# Matching -------------------------------------------------------------------------------------------------------
def weighting(at: datetime) -> Weighting:
    """The weights in force; the defaults where nobody has set any."""
    return Weighting.objects.filter(since__lte=at).order_by("-since", "-pk").first() or Weighting(since=at)


def weightings() -> QuerySet[Weighting]:
    return Weighting.objects.select_related("by").order_by("-since", "-pk")


def travel_table() -> TravelTable | None:
    return TravelTable.objects.order_by("-pk").first()


def approaches_of(challenge: Challenge) -> QuerySet[Approach]:
    return challenge.approaches.select_related("profile__organisation__city").order_by("pk")


def approaches_to(organisations: Iterable[int]) -> QuerySet[Approach]:
    """What an organisation's groups were told of or invited to; newest first."""
    return (
        Approach.objects.filter(profile__organisation_id__in=list(organisations))
        .select_related("profile__organisation", "challenge__source", "challenge__call")
        .order_by("-pk")
    )


def proposals_of(challenge: Challenge) -> QuerySet[Proposal]:
    return with_team(challenge.proposals.all())


def with_team(proposals: QuerySet[Proposal]) -> QuerySet[Proposal]:
    members = ProposalMember.objects.select_related("profile__organisation__city__jurisdiction")
    return (
        proposals.select_related("lead__organisation__city__jurisdiction", "challenge__call", "challenge__organisation")
        .prefetch_related(Prefetch("members", queryset=members.order_by("pk")), "lines__award")
        .order_by("pk")
    )


def conflicts_with(organisation_id: int) -> dict[int, str]:
    """Organisations that may not meet this one over a challenge, and why."""
    rows = Conflict.objects.filter(Q(one_id=organisation_id) | Q(other_id=organisation_id))
    return {row.other_id if row.one_id == organisation_id else row.one_id: row.ground for row in rows.order_by("pk")}


def all_conflicts() -> list[tuple[int, int]]:
    return list(Conflict.objects.order_by("pk").values_list("one_id", "other_id"))


# Ties -----------------------------------------------------------------------------------------------------------
TIE_STRENGTH = {"partnership": 1.0, "joint_centre": 1.0, "consortium": 0.8, "project": 0.8, "ownership": 0.0}


def earlier_ties(organisation_id: int) -> dict[int, list[tuple[str, str]]]:
    """By organisation, its ties to this one: kind and name; from the record, common partnerships and past projects."""
    out: dict[int, list[tuple[str, str]]] = {}
    for tie in Tie.objects.filter(Q(start_id=organisation_id) | Q(end_id=organisation_id)).order_by("pk"):
        other = tie.end_id if tie.start_id == organisation_id else tie.start_id
        out.setdefault(other, []).append((tie.kind, tie.name))
    confirmed = PartnershipMember.objects.filter(standing=PartnershipMember.Standing.CONFIRMED)
    mine = confirmed.filter(organisation_id=organisation_id).values("partnership_id")
    rows = confirmed.filter(partnership_id__in=mine).exclude(organisation_id=organisation_id)
    for row in rows.select_related("partnership").order_by("pk"):
        out.setdefault(row.organisation_id, []).append((row.partnership.kind, row.partnership.name))
    works = Work.objects.filter(partner_id=organisation_id).select_related("profile")
    for work in works.order_by("pk"):
        out.setdefault(work.profile.organisation_id, []).append(("project", work.title))
    return out


def tied_pairs() -> list[tuple[int, int, str]]:
    """Every tie of two organisations, each pair and kind once, the lower key first."""
    found = {
        (min(pair), max(pair), kind) for *pair, kind in Tie.objects.order_by().values_list("start_id", "end_id", "kind")
    }
    by_partnership: dict[tuple[int, str], list[int]] = {}
    confirmed = PartnershipMember.objects.filter(standing=PartnershipMember.Standing.CONFIRMED).order_by()
    rows = confirmed.values_list("partnership_id", "partnership__kind", "organisation_id")
    for key, kind, organisation in rows:
        by_partnership.setdefault((key, kind), []).append(organisation)
    for (_key, kind), members in by_partnership.items():
        ordered = sorted(members)
        found |= {(a, b, kind) for at, a in enumerate(ordered) for b in ordered[at + 1 :]}
    works = Work.objects.filter(partner__isnull=False).order_by()
    for one, other in works.values_list("profile__organisation_id", "partner_id").distinct():
        if one != other:
            found.add((min(one, other), max(one, other), "project"))
    return sorted(found)


# Partnerships ---------------------------------------------------------------------------------------------------
def partnerships() -> QuerySet[Partnership]:
    members = PartnershipMember.objects.select_related("organisation__city__jurisdiction", "profile").order_by("pk")
    return Partnership.objects.select_related("source").prefetch_related(Prefetch("members", queryset=members))


def partnership_with_all(public_id: str) -> Partnership | None:
    milestones = Milestone.objects.select_related("payer", "payee", "payment", "judged_by").order_by("number")
    instruments = (
        PartnershipInstrument.objects.select_related("instrument__owner")
        .prefetch_related("uses__organisation")
        .order_by("pk")
    )
    return (
        partnerships()
        .prefetch_related(
            Prefetch("milestones", queryset=milestones), Prefetch("instruments", queryset=instruments), "results"
        )
        .filter(public_id=public_id)
        .first()
    )


def money_of(partnership: Partnership) -> list[tuple[int, str, int, int]]:
    """By organisation and currency what it paid and received for milestones, in minor units: from the ledger."""
    subjects = partnership.milestones.values_list("public_id", flat=True)
    rows = (
        Posting.objects.filter(entry__subject__in=list(subjects), account__organisation__isnull=False)
        .order_by("account__organisation_id", "account__currency")
        .values_list("account__organisation_id", "account__currency")
        .annotate(
            paid=Sum("amount_minor", filter=Q(amount_minor__lt=0), default=0),
            got=Sum("amount_minor", filter=Q(amount_minor__gt=0), default=0),
        )
    )
    return [(organisation, currency, -paid, got) for organisation, currency, paid, got in rows]


def hours_used(shared: PartnershipInstrument, year: int) -> int:
    return int(shared.uses.filter(on__year=year).aggregate(sum=Sum("hours"))["sum"] or 0)


# The programme --------------------------------------------------------------------------------------------------
def challenges_by_state() -> dict[str, tuple[int, int]]:
    """How many challenges there are in each state, and how many of them are synthetic."""
    rows = (
        Challenge.objects.order_by()
        .values_list("state")
        .annotate(n=Count("pk"), made=Count("pk", filter=Q(source__kind="synthetic")))
    )
    return {state: (n, made) for state, n, made in rows}


def milestone_sums() -> list[tuple[str, str, int, int]]:
    """Currency, state, number and amount of milestones."""
    rows = Milestone.objects.filter(amount_minor__gt=0).order_by("currency", "state")
    return list(
        rows.values_list("currency", "state").annotate(n=Count("pk"), sum=Sum("amount_minor"))  # type: ignore[misc]
    )


def budgets_by_state() -> list[tuple[str, str, int]]:
    rows = Challenge.objects.filter(current__budget_minor__isnull=False).order_by()
    return list(rows.values_list("state", "current__currency").annotate(sum=Sum(F("current__budget_minor"))))


def organisation_places() -> list[tuple[int, str, int, str, bool]]:
    """Key, kind, jurisdiction, its code, and whether it is synthetic, of every organisation."""
    rows = Organisation.objects.order_by("pk").values_list(
        "pk", "kind", "city__jurisdiction_id", "city__jurisdiction__code", "source__kind"
    )
    return [(pk, kind, place, code, source == "synthetic") for pk, kind, place, code, source in rows]
