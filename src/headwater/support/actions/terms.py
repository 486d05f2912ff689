"""The writers of terms: schemes, budgets, rates, recognition, and what companies declare of themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from headwater.accounts.audit import Act, Actor, record
from headwater.core.decision import Decision, Reason, permit
from headwater.core.identity import new_id
from headwater.core.money import Money
from headwater.engines.terms import TermsError, rates_as_data, read_rates, read_terms, terms_as_data
from headwater.registry.actions.instruments import declared_by
from headwater.registry.models import Instrument, Jurisdiction, Organisation, SizeClass, Source, SourceKind
from headwater.registry.queries import node_prefix
from headwater.support import rules
from headwater.support.actions import ledger
from headwater.support.models import (
    AccountKind,
    Entry,
    RateTable,
    Recognition,
    RecognitionKind,
    Registration,
    Scheme,
    SchemeVersion,
)
from headwater.support.rules import Party


@dataclass(frozen=True, slots=True)
class SchemeDraft:
    """A version of a scheme as an officer writes it; a new code makes a new scheme."""

    code: str
    jurisdiction: Jurisdiction
    name_zh: str
    name_en: str
    valid_from: date
    valid_to: date | None
    terms: Any
    article_zh: str = ""
    article_en: str = ""
    note_zh: str = ""
    note_en: str = ""
    source_title: str = ""
    source_url: str = ""
    source_published: str = ""
    verified: bool = True


def _checked(read: Any, data: Any) -> tuple[Any, Decision]:
    try:
        return read(data), Decision()
    except TermsError as error:
        return None, error.decision


@transaction.atomic
def publish_scheme(draft: SchemeDraft, party: Party, *, by: Actor, at: datetime) -> SchemeVersion:
    """Publish a version of a scheme. What it says never changes afterwards; another version may follow it."""
    terms, decision = _checked(read_terms, draft.terms)
    scheme = Scheme.objects.select_for_update(of=("self",)).filter(code=draft.code).first()
    last = scheme.versions.order_by("-number").first() if scheme else None
    decision = rules.may_office(draft.jurisdiction.pk, party) + decision
    if scheme is not None and scheme.jurisdiction_id != draft.jurisdiction.pk:
        decision += Decision((Reason("scheme.others", facts={"value": draft.code}),))
    if not draft.name_zh and not draft.name_en:
        decision += Decision((Reason("scheme.name_missing"),))
    if not draft.code or not draft.code.replace("-", "").isalnum() or len(draft.code) > 60:
        decision += Decision((Reason("scheme.code_wrong", facts={"value": draft.code}),))
    if draft.source_url and not draft.source_url.lower().startswith(("https://", "http://")):
        decision += Decision((Reason("instrument.web_page_wrong", facts={"value": draft.source_url[:100]}),))
    last_from = last.valid_from if last else None
    decision += rules.may_publish(rules.DatesFacts(draft.valid_from, draft.valid_to, at.date(), last_from))
    permit(decision)
    if scheme is None:
        scheme = Scheme.objects.create(
            public_id=new_id("sch", node_prefix()),
            code=draft.code,
            jurisdiction=draft.jurisdiction,
            name_zh=draft.name_zh,
            name_en=draft.name_en,
        )
    elif (scheme.name_zh, scheme.name_en) != (draft.name_zh, draft.name_en):
        scheme.name_zh, scheme.name_en = draft.name_zh, draft.name_en
        scheme.save(update_fields=["name_zh", "name_en"])
    number = (last.number if last else 0) + 1
    source, _new = Source.objects.get_or_create(
        key=f"scheme-{scheme.code}-{number}",
        defaults={
            "kind": SourceKind.PUBLICATION if draft.source_title else SourceKind.DECLARATION,
            "title_zh": draft.source_title or draft.name_zh,
            "title_en": draft.source_title or draft.name_en,
            "url": draft.source_url,
            "published": draft.source_published,
        },
    )
    version = SchemeVersion.objects.create(
        scheme=scheme,
        number=number,
        valid_from=draft.valid_from,
        valid_to=draft.valid_to,
        terms=terms_as_data(terms),
        article_zh=draft.article_zh,
        article_en=draft.article_en,
        note_zh=draft.note_zh,
        note_en=draft.note_en,
        source=source,
        verified=draft.verified,
        made_at=at,
        made_by=by.user,
    )
    changes = {
        "version": [last.number if last else None, number],
        "terms": [last.terms if last else None, version.terms],
    }
    record(Act("scheme.published", scheme.public_id, changes, decision), by=by, at=at)
    return version


@transaction.atomic
def fund_budget(
    scheme: Scheme,
    payer: Jurisdiction,
    year: int,
    amount: Money,
    party: Party | None,
    *,
    ground: str = "",
    by: Actor,
    at: datetime,
) -> Entry:
    """Put money into a scheme's budget of a year, or take free money out. ``party`` None: the demo's made-up money."""
    budget = ledger.of_scheme(AccountKind.BUDGET, scheme, payer, year, amount.currency)
    treasury = ledger.of_jurisdiction(AccountKind.TREASURY, payer, amount.currency)
    accounts = ledger.opened((budget, treasury))
    if party is not None:
        facts = rules.FundFacts(payer.pk, amount.minor, accounts[budget.key].balance_minor)
        permit(rules.may_fund(facts, party))
    entry = ledger.post(
        "budget",
        scheme.public_id,
        ((accounts[treasury.key], -amount.minor), (accounts[budget.key], amount.minor)),
        by=by,
        at=at,
        ground=ground,
    )
    assert entry is not None
    changes = {"year": [None, year], "amount": [None, str(amount.major)], "payer": [None, payer.code]}
    record(Act("budget.changed", scheme.public_id, changes, ground=ground), by=by, at=at)
    return entry


@transaction.atomic
def publish_rates(
    owner: Organisation,
    instrument: Instrument | None,
    rates: Any,
    valid_from: date,
    valid_to: date | None,
    party: Party | None,
    *,
    by: Actor,
    at: datetime,
) -> RateTable:
    """Publish a table of rates, for one instrument or for all of an owner that have none of their own. ``party`` None:
    the operator's command."""
    Organisation.objects.select_for_update(no_key=True, of=("self",)).get(pk=owner.pk)
    read, decision = _checked(read_rates, rates)
    if party is not None:
        decision = rules.may_manage_money(owner.pk, party) + decision
    if instrument is not None and instrument.owner_id != owner.pk:
        decision += Decision((Reason("instrument.not_found"),))
    known = RateTable.objects.filter(owner=owner, instrument=instrument)
    last = known.order_by("-number").first()
    last_from = last.valid_from if last and not last.synthetic else None
    decision += rules.may_publish(rules.DatesFacts(valid_from, valid_to, at.date(), last_from))
    permit(decision)
    table = RateTable.objects.create(
        public_id=new_id("rat", node_prefix()),
        owner=owner,
        instrument=instrument,
        number=(known.aggregate(last=Max("number"))["last"] or 0) + 1,
        valid_from=valid_from,
        valid_to=valid_to,
        rates=rates_as_data(read),
        source=declared_by(owner.pk),
        made_at=at,
        made_by=by.user,
    )
    changes = {"rates": [last.rates if last else None, table.rates]}
    record(Act("rates.published", table.public_id, changes, decision), by=by, at=at)
    return table


@dataclass(frozen=True, slots=True)
class Declared:
    """What an organisation declares of itself."""

    size_class: str = ""
    high_tech: bool | None = None
    sectors: tuple[str, ...] = ()
    founded: date | None = None
    valid_to: date | None = None


@transaction.atomic
def register(organisation: Organisation, declared: Declared, party: Party, *, by: Actor, at: datetime) -> Registration:
    """Keep what an organisation declares of itself; schemes look at it, and the trail keeps who said what."""
    Organisation.objects.select_for_update(no_key=True, of=("self",)).get(pk=organisation.pk)
    decision = rules.may_register(organisation.pk, party)
    if declared.size_class and declared.size_class not in SizeClass.values:
        facts = {"value": declared.size_class, "field": "size", "allowed": ", ".join(SizeClass.values)}
        decision += Decision((Reason("instrument.choice_unknown", facts=facts),))
    permit(decision)
    old = Registration.objects.filter(organisation=organisation).first()
    values = {
        "size_class": declared.size_class,
        "high_tech": declared.high_tech,
        "sectors": list(declared.sectors),
        "founded": declared.founded,
        "valid_to": declared.valid_to,
    }

    def plain(value: object) -> object:
        return value.isoformat() if isinstance(value, date) else value

    changes = {
        name: [plain(getattr(old, name)) if old else None, plain(value)]
        for name, value in values.items()
        if old is None or getattr(old, name) != value
    }
    made, _new = Registration.objects.update_or_create(
        organisation=organisation, defaults={**values, "declared_at": at, "declared_by": by.user}
    )
    if changes:
        record(Act("organisation.registered", organisation.public_id, changes, decision), by=by, at=at)
    return made


@dataclass(frozen=True, slots=True)
class RecognitionDraft:
    """A rule by which what is granted in one jurisdiction counts in another; no codes: all."""

    code: str
    kind: str
    granted_in: Jurisdiction
    counts_in: Jurisdiction
    codes: tuple[str, ...]
    valid_from: date
    valid_to: date | None = None
    article_zh: str = ""
    article_en: str = ""


@transaction.atomic
def publish_recognition(draft: RecognitionDraft, party: Party, *, by: Actor, at: datetime) -> Recognition:
    """Publish a recognition: an officer of the jurisdiction where it shall count may, and answers for it."""
    decision = rules.may_office(draft.counts_in.pk, party)
    if draft.kind not in RecognitionKind.values:
        decision += Decision((Reason("recognition.kind_unknown", facts={"value": draft.kind}),))
    if not draft.code or Recognition.objects.filter(code=draft.code).exists():
        decision += Decision((Reason("recognition.exists", facts={"value": draft.code}),))
    decision += rules.may_publish(rules.DatesFacts(draft.valid_from, draft.valid_to, at.date(), None))
    permit(decision)
    source, _new = Source.objects.get_or_create(
        key=f"recognition-{draft.code}",
        defaults={"kind": SourceKind.DECLARATION, "title_zh": draft.article_zh, "title_en": draft.article_en},
    )
    made = Recognition.objects.create(
        public_id=new_id("rec", node_prefix()),
        code=draft.code,
        kind=draft.kind,
        granted_in=draft.granted_in,
        counts_in=draft.counts_in,
        codes=list(draft.codes),
        valid_from=draft.valid_from,
        valid_to=draft.valid_to,
        article_zh=draft.article_zh,
        article_en=draft.article_en,
        source=source,
        verified=True,
    )
    changes = {"kind": [None, made.kind], "from": [None, draft.granted_in.code], "to": [None, draft.counts_in.code]}
    record(Act("recognition.published", made.public_id, changes, decision), by=by, at=at)
    return made
