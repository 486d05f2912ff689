"""The reasons of terms and money in words, and what people are told. The Chinese stands in the site's catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.cache import caches
from django.utils.translation import get_language, gettext, gettext_lazy as _, pgettext

from headwater.accounts.notices import NoticeWording
from headwater.accounts.words import Wording
from headwater.core.money import Money
from headwater.registry.models import (
    Access,
    City,
    Jurisdiction,
    Organisation,
    OrganisationKind,
    SizeClass,
    Technique,
    Zone,
)
from headwater.registry.models.base import in_language
from headwater.registry.names import names_by_code
from headwater.support import vocabulary
from headwater.support.models import ClaimState, OrderState

INVALID = 422
KEPT_S = 60

ACTS = {
    "scheme.published": _("scheme published"),
    "budget.changed": _("budget changed"),
    "rates.published": _("rates published"),
    "organisation.registered": _("organisation registered"),
    "recognition.published": _("recognition published"),
    "entry.required": _("entry requirement added"),
    "entry.not_required": _("entry requirement ended"),
    "entry.proof_granted": _("course or contract written down"),
    "entry.proof_revoked": _("course or contract taken back"),
    "use.not_charged": _("use without a reservation not charged"),
    "order.placed": _("order placed"),
    "order.released": _("order cancelled"),
    "order.charged": _("usage charged"),
    "voucher.applied": _("voucher applied for"),
    "voucher.issued": _("voucher issued"),
    "voucher.refused": _("voucher refused"),
    "voucher.lapsed": _("voucher lapsed"),
    "claim.document": _("document added"),
    "claim.submitted": _("claim handed in"),
    "claim.approve": _("claim approved"),
    "claim.refuse": _("claim refused"),
    "claim.return": _("claim returned"),
    "claim.lapsed": _("claim lapsed"),
    "charge.adjusted": _("charge adjusted"),
    "charge.disputed": _("charge disputed"),
    "dispute.answered": _("dispute answered"),
    "invoice.issued": _("invoice issued"),
    "invoice.paid": _("invoice paid"),
    "settlement.made": _("month settled"),
    "money.paid": _("payment made"),
    "report.made": _("report made"),
    "report.sent": _("report sent"),
    "terms.loaded": _("terms loaded"),
}


NAMED: dict[str, type[Jurisdiction | City | Zone | Technique]] = {
    "jurisdiction": Jurisdiction,
    "city": City,
    "zones": Zone,
    "techniques": Technique,
}


def _organisation_name(public_id: str) -> str:
    """An organisation's name by its id, kept as long."""
    key = f"support.organisation.{public_id}.{get_language()}"
    kept: str | None = caches["local"].get(key)
    if kept is None:
        found = Organisation.objects.filter(public_id=public_id).values_list("name_zh", "name_en").first()
        kept = in_language(*found)[0] if found else public_id
        caches["local"].set(key, kept, KEPT_S)
    return kept


VALUES: dict[str, Any] = {
    "user.size": SizeClass,
    "user.kind": OrganisationKind,
    "provider.kind": OrganisationKind,
    "order.access": Access,
    "order.purpose": vocabulary.Purpose,
    "user.sectors": vocabulary.Sector,
}


def value_label(fact: str, value: Any) -> str:
    """A fact's value as a reader reads it."""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, list | tuple | frozenset):
        joined = pgettext("between names in a list", ", ")
        if fact in VALUES:  # in the order of the vocabulary: micro, small, medium
            value = sorted(value, key=lambda one: VALUES[fact].values.index(one) if one in VALUES[fact].values else 99)
        return joined.join(value_label(fact, one) for one in value) or "—"
    if value is None or value == "":
        return "—"
    if fact in VALUES and value in VALUES[fact].values:
        return str(VALUES[fact](value).label)
    kind = fact.rpartition(".")[2]
    if kind in NAMED:
        return names_by_code(NAMED[kind]).get(str(value), str(value))
    if kind == "organisation":
        return _organisation_name(str(value))
    if fact in ("instrument.value", "order.amount") and isinstance(value, int):
        return f"{value / 100:,.2f}"
    return str(value)


def _show(facts: Mapping[str, object]) -> dict[str, object]:
    """Codes of facts, values, limits and amounts as a reader reads them."""
    said = dict(facts)
    fact = str(facts.get("fact", ""))
    if "fact" in facts:
        said["fact"] = str(vocabulary.FACT_LABELS.get(fact, fact)) if fact else gettext("this order")
    for name in ("have", "want"):
        if name in facts:
            said[name] = value_label(fact, facts[name])
    if "other" in facts:
        said["other"] = str(vocabulary.FACT_LABELS.get(str(facts["other"]), facts["other"]))
    if "limit" in facts:
        said["limit"] = str(vocabulary.LIMITS.get(str(facts["limit"]), facts["limit"]))
    if "minor" in facts and "currency" in facts:
        said["amount"] = f"{facts['currency']} {Money(str(facts['currency']), int(str(facts['minor']))).major:,}"
    if "per" in facts and facts["per"] in vocabulary.Unit.values:
        said["per"] = str(vocabulary.Unit(facts["per"]).label)
    if "for" in facts and facts["for"] in vocabulary.UserKind.values:
        said["for"] = str(vocabulary.UserKind(facts["for"]).label)
    if "document" in facts and facts["document"] in vocabulary.DocumentKind.values:
        said["document"] = str(vocabulary.DocumentKind(facts["document"]).label)
    if isinstance(facts.get("what"), Mapping):
        what: Any = facts["what"]
        said["what"] = in_language(what.get("zh", ""), what.get("en", ""))[0]
    for name in ("home", "from", "to"):
        if name in facts:
            said[name] = names_by_code(Jurisdiction).get(str(facts[name]), str(facts[name]))
    if isinstance(facts.get("others"), list):
        said["others"] = ", ".join(map(str, facts["others"]))  # type: ignore[arg-type]
    if "state" in facts:
        for states in (ClaimState, OrderState):
            if facts["state"] in states.values:
                said["state"] = str(states(facts["state"]).label)
    return said


def _shown(sentence: object, status: int = 403) -> Wording:
    return Wording(sentence, status, _show)


REASONS = {
    # What is wrong with terms as data.
    "terms.not_terms": Wording(_("%(where)s: “%(got)s” is not an object with fields. Give one in braces."), INVALID),
    "terms.not_a_condition": Wording(
        _(
            "%(where)s: “%(got)s” is not a condition. A condition has a fact and one test, or it is all, any or not of others."
        ),
        INVALID,
    ),
    "terms.not_a_list": Wording(_("%(where)s: “%(got)s” is not a list. Put the conditions in brackets."), INVALID),
    "terms.empty_any": Wording(_("%(where)s: “any” of nothing never holds. Name at least one condition."), INVALID),
    "terms.too_deep": Wording(
        _("%(where)s: conditions stand more than %(most)s deep. Write it with fewer levels."), INVALID
    ),
    "terms.unknown_fact": Wording(_("%(where)s: there is no fact “%(got)s”. The facts are: %(want)s."), INVALID),
    "terms.unknown_operator": Wording(
        _("%(where)s: %(fact)s can't be tested by “%(got)s”. It can by: %(want)s."), INVALID
    ),
    "terms.wrong_value": Wording(_("%(where)s: “%(got)s” does not fit here. Write it as: %(want)s."), INVALID),
    "terms.missing": Wording(_("%(where)s is missing. Write it as: %(want)s."), INVALID),
    "terms.unknown_field": Wording(_("%(where)s means nothing here. The fields are: %(want)s."), INVALID),
    "terms.voucher_split": Wording(
        _("%(where)s: a voucher has one payer. Let one jurisdiction pay, or make it a refund."), INVALID
    ),
    "terms.not_json": Wording(_("%(where)s is not JSON: it breaks in line %(line)s, column %(column)s."), INVALID),
    "rates.service_unnamed": Wording(
        _("%(where)s: a rate for a service names the service, and only such a rate does."), INVALID
    ),
    "rates.peak_not_hourly": Wording(_("%(where)s: only an hourly rate can have a peak price."), INVALID),
    "rates.twice": Wording(_("%(where)s: the same rate stands there twice. Keep one of them."), INVALID),
    "rates.peak_without_hours": Wording(_("%(where)s: a rate has a peak price, but no peak hours are given."), INVALID),
    "formula.weights": Wording(_("%(where)s: the weights add up to %(got)s, not to 100."), INVALID),
    # Why a scheme does not pay.
    "terms.fact_unknown": _shown(
        _("Nothing is known of %(fact)s, and the scheme asks for it (%(want)s). Register it, or say it with the order.")
    ),
    "terms.fact_not_among": _shown(_("The scheme asks for another value of %(fact)s: %(want)s. Yours: %(have)s.")),
    "terms.fact_among": _shown(_("The scheme leaves out this value of %(fact)s: %(have)s.")),
    "terms.fact_too_small": _shown(_("The scheme asks for at least %(want)s of %(fact)s; it is %(have)s.")),
    "terms.fact_too_large": _shown(_("The scheme asks for at most %(want)s of %(fact)s; it is %(have)s.")),
    "terms.fact_not_so": _shown(_("The scheme asks for “%(want)s” on %(fact)s; the answer here is “%(have)s”.")),
    "terms.fact_not_same": _shown(
        _("The scheme asks that %(fact)s and %(other)s be the same; they are %(have)s and %(want)s.")
    ),
    "terms.fact_same": _shown(_("The scheme asks that %(fact)s and %(other)s differ; both are %(have)s.")),
    "terms.excluded": _shown(_("The scheme excludes this by %(fact)s (%(have)s).")),
    "scheme.not_in_force": _shown(_("The scheme is not in force on %(day)s.")),
    "scheme.other_currency": Wording(_("The scheme pays in %(scheme)s, the order is priced in %(order)s.")),
    "scheme.only_inside": _shown(
        _("The scheme pays only where user and instrument are in the same province. Look for a scheme across borders.")
    ),
    "scheme.only_cross_border": _shown(
        _("The scheme pays only across a provincial border; this order stays inside one.")
    ),
    "scheme.outside": _shown(_("Neither your organisation nor the instrument is in %(home)s, whose scheme this is.")),
    "scheme.voucher_missing": _shown(
        _("It pays by voucher, and you have none with money left. Apply for one under “Vouchers”.")
    ),
    "scheme.nothing_left": _shown(_("Nothing can be paid: %(limit)s comes to nothing.")),
    "scheme.share_unknown": Wording(
        _("Which share it pays is not known here; its officers can publish a version that says it.")
    ),
    "scheme.capped": _shown(_("It pays %(amount)s, because %(limit)s ends there.")),
    "scheme.unverified": Wording(_("The figures of this rule are not verified against its text.")),
    "scheme.not_chosen": Wording(_("You did not choose this scheme for the order."), INVALID),
    "scheme.not_stacked": _shown(_("It may not be combined with a scheme that pays more here: %(others)s."), INVALID),
    "scheme.not_found": Wording(_("There is no scheme “%(value)s” in force."), 404),
    "scheme.others": Wording(_("The code “%(value)s” belongs to another jurisdiction's scheme."), 409),
    "scheme.name_missing": Wording(_("The scheme has no name. Give it one in Chinese or English."), INVALID),
    "scheme.code_wrong": Wording(
        _("“%(value)s” is no code of a scheme. Use up to 60 letters, digits and hyphens."), INVALID
    ),
    "version.in_the_past": Wording(
        _("A new version can't begin on %(day)s: what was decided by then stands. Let it begin today or later."),
        INVALID,
    ),
    "version.dates_reversed": Wording(_("The last day lies before the first. Check both."), INVALID),
    "version.before_the_last": Wording(
        _("The version before this one begins on %(day)s; this one can't begin earlier."), INVALID
    ),
    "rates.none": Wording(_("The owner has published no rates; ask them what it costs."), 200),
    "rates.no_price": _shown(
        _("The owner has no price for %(per)s %(service)s for this kind of user: %(for)s."), INVALID
    ),
    "rates.minimum": _shown(_("The owner's minimum of %(amount)s is charged."), 200),
    # Officers.
    "jurisdiction.not_found": Wording(_("There is no jurisdiction “%(value)s”."), 404),
    "office.not_yours": Wording(
        _("Only officers of the jurisdiction may do this. Ask the operator of the node for that role.")
    ),
    "office.own_organisation": Wording(_("You belong to the organisation that asks. Another officer must decide.")),
    "budget.nothing": Wording(_("The amount is nothing. Give what the budget grows or shrinks by."), INVALID),
    "budget.too_little": Wording(_("The budget has only %(have)s left to take out."), 409),
    "ground.missing": Wording(_("Write down the reason."), INVALID),
    # Orders.
    "order.not_found": Wording(_("There is no such order, or it is not shown to you."), 404),
    "order.not_a_member": Wording(_("You don't belong to this organisation. Ask its administrator to add you.")),
    "order.not_open": _shown(_("The order is no longer open (%(state)s)."), 409),
    "order.of_a_booking": Wording(_("This order belongs to %(subject)s. Cancel or use that; its money follows."), 409),
    "order.price_changed": Wording(
        _(
            "The price or what is left of the support has changed since you saw it. Look at the new quote and try again."
        ),
        409,
    ),
    "order.scheme_does_not_pay": Wording(
        _(
            "The scheme %(scheme)s does not pay for this order; the quote says why. Order without it, or change the order."
        ),
        409,
    ),
    # Rates from a file.
    "rates.file_columns": Wording(
        _(
            "The columns are not those of rates. Missing: %(missing)s. Not known: %(unknown)s. Export your rates to see "
            "the columns."
        ),
        INVALID,
    ),
    "rates.file_too_long": Wording(_("The file has more than %(most)s rows. Split it."), 413),
    "rates.file_two_values": Wording(
        _("%(where)s has two values in one table: %(got)s. Write it once, or the same in each row."), INVALID
    ),
    "rates.instrument_not_yours": Wording(_("The owner has no instrument “%(value)s”."), INVALID),
    "usage.reversed": Wording(_("The usage ends before it begins. Check both times."), INVALID),
    "usage.in_the_future": Wording(_("The usage ends in the future. Charge it when it is over."), INVALID),
    "usage.zone_missing": Wording(_("Give times with their zone, such as 2026-03-10T09:00:00+08:00."), INVALID),
    "usage.negative": Wording(_("Hours and samples can't be below nothing."), INVALID),
    # Vouchers and claims.
    "voucher.not_found": Wording(_("There is no such voucher, or it is not shown to you."), 404),
    "voucher.scheme_not_in_force": Wording(_("The scheme is not in force today."), 409),
    "voucher.not_by_voucher": Wording(
        _("This scheme gives no vouchers: it refunds what you paid. Just order, and claim afterwards."), INVALID
    ),
    "voucher.nothing": Wording(_("Ask for an amount above nothing."), INVALID),
    "voucher.too_much": Wording(_("A voucher of this scheme is at most %(most)s. Ask for less."), INVALID),
    "voucher.applied_already": Wording(
        _("Your organisation's application for this scheme is being looked at. Wait for the answer."), 409
    ),
    "voucher.payer_unknown": Wording(_("It is not known which jurisdiction would pay. Register your seat."), INVALID),
    "voucher.decided_already": Wording(_("This application has already been decided."), 409),
    "voucher.budget_spent": Wording(_("The year's budget has not enough left for this voucher."), 409),
    "claim.not_found": Wording(_("There is no such claim, or it is not shown to you."), 404),
    "claim.not_yours_to_change": _shown(_("The claim can't be changed now: %(state)s."), 409),
    "claim.too_late": Wording(_("The claim had to be handed in by %(day)s."), 409),
    "claim.document_missing": _shown(
        _("A document is missing: %(document)s. Add it and hand the claim in again."), INVALID
    ),
    "claim.document_unknown": Wording(
        _("This kind of document is not known. Use contract, invoice, report, payment_proof or other."), INVALID
    ),
    "claim.document_empty": Wording(_("The document is empty. Choose the file again."), INVALID),
    "claim.document_too_large": Wording(_("A document may have at most %(most)s MB. Make it smaller."), 413),
    "claim.too_many_documents": Wording(_("A claim may have at most %(most)s documents."), 409),
    "claim.not_to_decide": _shown(_("There is nothing to decide on this claim now: %(state)s."), 409),
    "claim.same_eyes": Wording(_("You approved this claim already. A second officer must look at it."), 409),
    "claim.second_needed": Wording(_("It is above the threshold: a second officer must approve it too."), 200),
    "claim.verdict_unknown": Wording(_("“%(value)s” is no verdict. Use approve, refuse or return."), INVALID),
    # Settlement, charges, payments.
    "settlement.month_not_over": Wording(_("The month ends on %(day)s. Settle it after that."), 409),
    "settlement.done_already": Wording(_("This month is settled already."), 409),
    "settlement.nothing": Wording(_("The jurisdictions owe one another nothing for this month."), 409),
    "settlement.moved_meanwhile": Wording(_("A debt came in while the month was settled. Settle it again."), 409),
    "settlement.month_unreadable": Wording(_("“%(value)s” is not a month. Write 2026-03."), INVALID),
    "charge.not_found": Wording(_("There is no such charge, or it is not shown to you."), 404),
    "charge.is_adjustment": Wording(_("This is an adjustment itself. Adjust the charge that it belongs to."), 409),
    "charge.nothing": Wording(_("The amount is nothing. Give what the charge grows or shrinks by."), INVALID),
    "charge.below_nothing": Wording(_("The charge would fall below nothing. Take off less."), INVALID),
    "dispute.open_already": Wording(_("There is an open objection to this charge. Wait for the owner's answer."), 409),
    "dispute.answered_already": Wording(_("This objection has been answered already."), 409),
    "invoice.nothing": Wording(_("There is no charge that stands on no invoice yet."), 409),
    "invoice.not_found": Wording(_("There is no such invoice, or it is not shown to you."), 404),
    "pay.nothing": Wording(_("A payment needs a key, what it is for, and an amount above nothing."), INVALID),
    "pay.key_reused": Wording(_("The key “%(value)s” was used for another payment."), 409),
    # What an owner asks of people first.
    "entry.safety_course_missing": _shown(
        _(
            "The owner asks for the safety course “%(what)s” (%(code)s), and you have none that counts here. "
            "Take it with the owner, or show that you have passed it."
        )
    ),
    "entry.contract_template_missing": _shown(
        _(
            "The owner asks for a contract by the template “%(what)s” (%(code)s), and your organisation has none that "
            "counts here. Sign it with the owner."
        )
    ),
    "entry.lapsed": Wording(_("What you have lapsed on %(day)s. Renew it."), 200),
    "entry.not_found": Wording(_("There is no such requirement or proof."), 404),
    "entry.kind_unknown": Wording(_("This is no kind of proof. Use safety_course or contract_template."), INVALID),
    "entry.code_wrong": Wording(_("Write a code of letters, digits and hyphens, such as laser-safety."), INVALID),
    "entry.name_missing": Wording(_("Give the course or template a name in Chinese or English."), INVALID),
    "entry.asked_already": Wording(_("This is asked for already."), 409),
    "entry.ended_already": Wording(_("This has ended already."), 409),
    "entry.granter_not_trusted": Wording(
        _(
            "Only universities, institutes, hospitals, laboratories and owners of instruments write down courses and "
            "contracts."
        )
    ),
    "entry.holder_not_found": Wording(
        _(
            "Nobody is known by this. For a course give the person's e-mail address, for a contract the organisation's id."
        ),
        INVALID,
    ),
    "entry.with_itself": Wording(_("An organisation needs no contract with itself."), INVALID),
    "entry.in_the_future": Wording(_("The day lies in the future. Write it down when it has happened."), INVALID),
    # Recognition, assessment, reports.
    "recognition.by_rule": _shown(_("Granted in %(from)s, it counts in %(to)s by the rule %(rule)s."), 200),
    "recognition.unverified": _shown(
        _(
            "Granted in %(from)s: the rule %(rule)s would let it count in %(to)s, but an officer there must verify it first."
        )
    ),
    "recognition.exists": Wording(_("There is a recognition with the code “%(value)s” already."), 409),
    "recognition.kind_unknown": Wording(
        _("“%(value)s” can't be recognised. Use qualification, safety_course or contract_template."), INVALID
    ),
    "recognition.none": _shown(
        _(
            "Granted in %(from)s, it does not count in %(to)s: no rule says so. Take the course there, or ask the officer."
        )
    ),
    "assessment.no_formula": Wording(_("No formula of assessment is known for this organisation's jurisdiction."), 404),
    "report.target_unknown": Wording(_("“%(value)s” is no platform that reports go to: %(want)s."), INVALID),
    "report.not_found": Wording(_("There is no such report, or it is not shown to you."), 404),
    "report.receiver_missing": Wording(
        _("No address is set for this platform. Give one, beginning with https:// or http://."), INVALID
    ),
    "report.field_missing": Wording(_("%(field)s is missing."), INVALID),
    "report.field_too_long": Wording(_("%(field)s has %(have)s characters; the most is %(most)s."), INVALID),
    "report.field_wrong": Wording(_("%(field)s: “%(value)s” is not one of the platform's values."), INVALID),
    "report.unreachable": Wording(_("The platform does not answer (%(why)s). Send the rest again later."), 409),
    "report.synthetic": Wording(_("The record is made up; made-up records are not reported."), INVALID),
    "amount.unreadable": Wording(_("“%(value)s” is not an amount of money. Write 1250.50."), INVALID),
    "file.no_rows": Wording(_("The file has no rows in it."), INVALID),
}

TOPICS = {"money": _("Vouchers, claims and charges")}
NOTICES = {
    "money.voucher_applied": NoticeWording(
        _("A voucher is applied for"), _("%(who)s applies for a voucher of %(amount)s.")
    ),
    "money.voucher_issued": NoticeWording(_("Your voucher is issued"), _("You have a voucher of %(amount)s.")),
    "money.voucher_refused": NoticeWording(
        _("Your voucher is refused"), _("The voucher of %(amount)s is refused: %(ground)s")
    ),
    "money.claim_open": NoticeWording(
        _("You can claim support"), _("You can claim %(amount)s. Hand the documents in by %(day)s.")
    ),
    "money.claim_submitted": NoticeWording(_("A claim is handed in"), _("%(who)s claims %(amount)s.")),
    "money.claim_paid": NoticeWording(_("Your claim is paid"), _("Your claim of %(amount)s is approved and paid.")),
    "money.claim_refused": NoticeWording(
        _("Your claim is refused"), _("Your claim of %(amount)s is refused: %(ground)s")
    ),
    "money.claim_returned": NoticeWording(
        _("Your claim needs changes"), _("Your claim of %(amount)s is returned: %(ground)s")
    ),
    "money.charge_adjusted": NoticeWording(
        _("A charge is adjusted"), _("A charge is adjusted by %(amount)s: %(ground)s")
    ),
    "money.dispute_answered": NoticeWording(_("Your objection is answered"), _("The owner says: %(answer)s")),
}
