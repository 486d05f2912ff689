"""The readers of terms and money: small, composable; every list reads a fixed number of times."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import Count, Prefetch, Q, QuerySet, Sum

from headwater.core.decision import Decision, Reason
from headwater.registry.models import Jurisdiction, Organisation
from headwater.support.book import versions_in_force
from headwater.support.models import (
    Account,
    Charge,
    Claim,
    ClaimState,
    Dispute,
    Due,
    Entry,
    Invoice,
    InvoiceLine,
    ItemState,
    Order,
    OrderSupport,
    Posting,
    Proof,
    RateTable,
    Recognition,
    ReportBatch,
    ReportItem,
    Requirement,
    Scheme,
    SchemeVersion,
    Settlement,
    Voucher,
)
from headwater.support.ratefiles import rows_of
from headwater.support.rules import MANAGING, Party


# Who may see what -----------------------------------------------------------------------------------------------
def visible_orders(party: Party) -> QuerySet[Order]:
    """The orders that `rules.may_see_order` lets her see."""
    if party.operator:
        return Order.objects.all()
    seen = Q(organisation_id__in=list(party.memberships)) | Q(provider_id__in=managed(party))
    if party.user_id is not None:
        seen |= Q(user_id=party.user_id)
    if party.offices:
        seen |= Q(pk__in=OrderSupport.objects.filter(payer_id__in=party.offices).values("order_id"))
    return Order.objects.filter(seen)


def managed(party: Party) -> list[int]:
    return [key for key, role in party.memberships.items() if role in MANAGING]


def visible_claims(party: Party) -> QuerySet[Claim]:
    """Her organisations' claims, and those her offices decide on."""
    if party.operator:
        return Claim.objects.all()
    return Claim.objects.filter(Q(organisation_id__in=list(party.memberships)) | Q(office_id__in=list(party.offices)))


def visible_vouchers(party: Party) -> QuerySet[Voucher]:
    """Her organisations' vouchers, and those her offices pay for."""
    if party.operator:
        return Voucher.objects.all()
    return Voucher.objects.filter(Q(organisation_id__in=list(party.memberships)) | Q(payer_id__in=list(party.offices)))


def visible_charges(party: Party) -> QuerySet[Charge]:
    if party.operator:
        return Charge.objects.all()
    seen = Q(order__organisation_id__in=list(party.memberships)) | Q(order__provider_id__in=managed(party))
    if party.user_id is not None:
        seen |= Q(order__user_id=party.user_id)
    return Charge.objects.filter(seen)


def visible_invoices(party: Party) -> QuerySet[Invoice]:
    if party.operator:
        return Invoice.objects.all()
    return Invoice.objects.filter(Q(organisation_id__in=list(party.memberships)) | Q(provider_id__in=managed(party)))


# Lists ----------------------------------------------------------------------------------------------------------
def with_order(orders: QuerySet[Order]) -> QuerySet[Order]:
    """What an order's row shows; three queries more."""
    supports = OrderSupport.objects.select_related("version__scheme", "payer", "voucher", "claim").order_by("pk")
    charges = (
        Charge.objects.select_related("adjusts", "invoice_line__invoice").prefetch_related("disputes").order_by("pk")
    )
    return orders.select_related("organisation", "provider", "instrument", "rate_table__source").prefetch_related(
        Prefetch("supports", queryset=supports), Prefetch("charges", queryset=charges)
    )


def with_claim(claims: QuerySet[Claim]) -> QuerySet[Claim]:
    return claims.select_related(
        "organisation", "office", "support__version__scheme", "support__order__instrument", "support__order__provider"
    )


def with_voucher(vouchers: QuerySet[Voucher]) -> QuerySet[Voucher]:
    return vouchers.select_related("version__scheme", "version__source", "organisation", "payer", "account")


def with_charge(charges: QuerySet[Charge]) -> QuerySet[Charge]:
    return charges.select_related(
        "order__organisation", "order__provider", "order__instrument", "invoice_line__invoice"
    ).prefetch_related("disputes")


def schemes() -> QuerySet[Scheme]:
    """Every scheme with its versions, the newest first; one query more."""
    versions = SchemeVersion.objects.select_related("source").order_by("-number")
    return (
        Scheme.objects.select_related("jurisdiction")
        .prefetch_related(Prefetch("versions", queryset=versions))
        .order_by("jurisdiction_id", "code")
    )


def budgets_of(scheme: Scheme) -> QuerySet[Account]:
    return (
        Account.objects.filter(scheme=scheme, kind__in=["budget", "reserved", "claimable", "paid"])
        .select_related("jurisdiction")
        .order_by("-year", "jurisdiction_id", "kind")
    )


def waiting_claims(offices: Iterable[int]) -> QuerySet[Claim]:
    """Claims that wait for an officer's word, the oldest first."""
    return with_claim(
        Claim.objects.filter(office_id__in=list(offices), state__in=[ClaimState.SUBMITTED, ClaimState.SECOND])
    ).order_by("submitted_at", "pk")


def waiting_vouchers(offices: Iterable[int]) -> QuerySet[Voucher]:
    return with_voucher(Voucher.objects.filter(payer_id__in=list(offices), state="applied")).order_by("pk")


def settlements() -> QuerySet[Settlement]:
    return Settlement.objects.prefetch_related("lines__debtor", "lines__creditor").order_by("-month", "currency")


def open_dues(offices: Iterable[int] | None) -> list[dict[str, Any]]:
    """What is open between jurisdictions, by pair; of some offices, or all."""
    rows = Due.objects.filter(settlement=None)
    if offices is not None:
        rows = rows.filter(Q(debtor_id__in=list(offices)) | Q(creditor_id__in=list(offices)))
    return list(
        rows.values("debtor__code", "creditor__code", "currency")
        .annotate(minor=Sum("amount_minor"))
        .order_by("debtor_id")
    )


def offices_of(party: Party) -> QuerySet[Jurisdiction]:
    rows = Jurisdiction.objects.order_by("pk")
    return rows if party.operator and not party.offices else rows.filter(pk__in=party.offices)


def owners_of(party: Party) -> QuerySet[Organisation]:
    """Organisations whose money she manages."""
    return Organisation.objects.select_related("city__jurisdiction").filter(pk__in=managed(party)).order_by("pk")


def companies_of(party: Party) -> QuerySet[Organisation]:
    """Organisations she may order for."""
    return (
        Organisation.objects.select_related("city__jurisdiction", "registration")
        .filter(pk__in=list(party.memberships))
        .order_by("pk")
    )


def rate_tables_of(owner: Organisation) -> QuerySet[RateTable]:
    return (
        RateTable.objects.filter(owner=owner)
        .select_related("instrument", "source", "owner")
        .order_by("instrument_id", "-number")
    )


def disputes_of(owners: Iterable[int]) -> QuerySet[Dispute]:
    return (
        Dispute.objects.filter(charge__order__provider_id__in=list(owners), upheld=None)
        .select_related("charge__order__organisation", "opened_by")
        .order_by("pk")
    )


def postings_of(owner: Organisation, *, since: date | None = None, until: date | None = None) -> QuerySet[Posting]:
    """An owner's ledger, in order."""
    rows = Posting.objects.filter(account__organisation=owner).select_related("entry", "account").order_by("pk")
    if since is not None:
        rows = rows.filter(entry__at__date__gte=since)
    if until is not None:
        rows = rows.filter(entry__at__date__lte=until)
    return rows


def entries_of(subjects: Iterable[str]) -> QuerySet[Entry]:
    return (
        Entry.objects.filter(subject__in=list(subjects))
        .prefetch_related(Prefetch("postings", queryset=Posting.objects.select_related("account").order_by("pk")))
        .order_by("pk")
    )


def report_batches(party: Party) -> QuerySet[ReportBatch]:
    rows = ReportBatch.objects.select_related("owner").order_by("-pk")
    return rows if party.operator else rows.filter(owner_id__in=managed(party))


def in_force(day: date) -> list[SchemeVersion]:
    """The version of each scheme that holds on ``day``."""
    return versions_in_force(day)


def to_invoice(owner: Organisation) -> list[dict[str, Any]]:
    """What is on no invoice yet, by user organisation and currency."""
    rows = Charge.objects.filter(order__provider=owner, order__organisation__isnull=False, invoice_line=None)
    return list(
        rows.values(
            "order__organisation__public_id", "order__organisation__name_zh", "order__organisation__name_en", "currency"
        )
        .annotate(minor=Sum("user_minor"), count=Count("pk"))
        .order_by("order__organisation_id", "currency")[:100]
    )


def lines_of(invoice: Invoice) -> QuerySet[InvoiceLine]:
    return invoice.lines.select_related("charge__order__instrument").order_by("pk")


def counts_of(batch: ReportBatch) -> dict[str, int]:
    """How many items of a report stand in each state."""
    rows = batch.items.values_list("state").annotate(n=Count("pk")).order_by()
    return dict.fromkeys(ItemState.values, 0) | dict(rows)


def faults_of(item: ReportItem) -> Decision:
    """What was found wrong with a record here."""
    return Decision(tuple(Reason(one["code"], facts=one["facts"]) for one in item.faults))


def rate_rows(owner: Organisation, day: date | None) -> list[list[str]]:
    """An owner's rates as the rows of a file: those in force on ``day`` or to come, each version where None."""
    tables = list(rate_tables_of(owner))
    if day is not None:
        chosen: dict[tuple[int | None, date], RateTable] = {}
        last: dict[int | None, int] = {}
        for one in sorted(tables, key=lambda one: one.number):
            if one.valid_from <= day:
                last[one.instrument_id] = one.number
            chosen[one.instrument_id, one.valid_from] = one
        tables = [
            one
            for one in chosen.values()
            if (one.valid_from > day or last.get(one.instrument_id) == one.number)
            and (one.valid_to is None or one.valid_to >= day)
        ]
    ordered = sorted(tables, key=lambda one: (one.instrument.public_id if one.instrument else "", one.number))
    return [
        row
        for one in ordered
        for row in rows_of(one.instrument.public_id if one.instrument else "", one.valid_from, one.valid_to, one.rates)
    ]


# What is asked of people first ----------------------------------------------------------------------------------
def requirements_of(owner: Organisation) -> QuerySet[Requirement]:
    """What an owner asks today."""
    return owner.entry_requirements.filter(ended_at=None).select_related("instrument").order_by("kind", "code", "pk")


def proofs_by(owner: Organisation) -> QuerySet[Proof]:
    """The courses and contracts that an organisation has written down, the newest first."""
    return Proof.objects.filter(granted_by=owner).select_related("user__person", "organisation").order_by("-pk")


def proofs_of(party: Party) -> QuerySet[Proof]:
    """Somebody's courses, and her organisations' contracts."""
    own = Q(organisation_id__in=list(party.memberships))
    if party.user_id is not None:
        own |= Q(user_id=party.user_id)
    rows = Proof.objects.filter(own, revoked_at=None).select_related("organisation", "granted_by", "granted_in")
    return rows.order_by("kind", "-granted_on", "pk")


def recognitions() -> QuerySet[Recognition]:
    return Recognition.objects.select_related("granted_in", "counts_in", "source").order_by("kind", "pk")


def jurisdictions() -> QuerySet[Jurisdiction]:
    return Jurisdiction.objects.order_by("code")


def where_they_count(proofs: list[Proof], day: date) -> list[tuple[Proof, list[Recognition]]]:
    """Each proof with the verified rules by which it counts in other jurisdictions on ``day``; one query."""
    rows = recognitions().filter(
        kind__in={one.kind for one in proofs}, granted_in_id__in={one.granted_in_id for one in proofs}, verified=True
    )
    living = [one for one in rows if one.valid_from <= day and (one.valid_to is None or day <= one.valid_to)]
    return [
        (
            proof,
            [
                rule
                for rule in living
                if (rule.kind, rule.granted_in_id) == (proof.kind, proof.granted_in_id)
                and (not rule.codes or proof.code in rule.codes)
            ],
        )
        for proof in proofs
    ]
