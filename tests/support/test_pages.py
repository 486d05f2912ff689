"""Every page of terms and money in both languages, what lists cost, who sees what, and the forms' way."""

from __future__ import annotations

import io
import json
import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import load_workbook
from tests.factories import make_city, make_member, make_operator, make_organisation, make_user, make_zone
from tests.support.pages import PAGES
from tests.support.records import (
    DAY,
    World,
    add_papers,
    later,
    make_budget,
    make_scheme,
    make_voucher,
    make_world,
)

from headwater.accounts.audit import Actor
from headwater.registry.models import Technique
from headwater.support.actions.charges import make_invoice
from headwater.support.actions.claims import submit_claim
from headwater.support.actions.orders import place_order
from headwater.support.actions.reporting import make_report
from headwater.support.actions.usage import Usage, use_order
from headwater.support.models import (
    Account,
    AssessmentFormula,
    Charge,
    Claim,
    Entry,
    Invoice,
    Order,
    ReportItem,
    SchemeVersion,
    Voucher,
)

pytestmark = pytest.mark.django_db
FORMULA = {
    "measures": [
        {"code": "outside", "measure": "outside_hours", "over": "hours", "target": "0.5", "weight": "60"},
        {"code": "open", "measure": "open_instruments", "over": "instruments", "target": "1", "weight": "40"},
    ],
    "grades": {"excellent": "85", "pass": "60"},
}


def used_order(world: World) -> Order:
    placed = place_order(world.wanted(), world.party(world.engineer), by=world.by, at=later())
    return use_order(
        placed.subject,
        Usage(later(), later(hours=4)),
        by=Actor(world.manager, "page"),
        at=later(hours=5),
    )


@pytest.fixture
def names() -> dict[str, object]:
    """A world in which every page has something to show."""
    world = make_world()
    version = make_scheme(world.home, {"documents": ["report"], "claim_days": 3650}, code="scheme-a")
    make_budget(version, world.home, 1_000_000)
    make_voucher(world, version, 500_000)
    order = used_order(world)
    chief = make_user()
    make_member(chief, world.company, "administrator")
    claim = Claim.objects.get()
    add_papers(world, claim, ("report",))
    submit_claim(claim.public_id, world.party(world.engineer), by=world.by, at=later(days=1))
    AssessmentFormula.objects.create(
        code="f",
        number=1,
        jurisdiction=world.country,
        from_year=2020,
        formula=FORMULA,
        name_en="Formula",
        source=world.lab.source,
    )
    party = world.party(world.manager)
    by = Actor(world.manager, "page")
    invoice = make_invoice(world.lab, world.company, "CNY", party, by=by, at=later(days=2))
    report = make_report("nrii", world.lab, party, by=by, at=later(days=2))
    return {
        "world": world,
        "chief": chief,
        "instrument": world.instrument.public_id,
        "company": world.company.public_id,
        "lab": world.lab.public_id,
        "order": order.public_id,
        "claim": claim.public_id,
        "scheme": "scheme-a",
        "charge": Charge.objects.get().public_id,
        "invoice": invoice.public_id,
        "report": report.public_id,
    }


def person(names, who):
    return names["chief"] if who == "chief" else getattr(names["world"], who)


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
def test_every_page_is_whole_in_either_language(client, names, language):
    for name, (who, path) in PAGES.items():
        user = person(names, who)
        user.language = language.lower()
        user.save()
        client.force_login(user)
        page = client.get(path.format(**names))
        text = page.content.decode()
        assert (name, page.status_code) == (name, 200)
        assert (name, f'<html lang="{language}">' in text) == (name, True)
        heading = re.search(r"<h1>(.*?)</h1>", text, re.DOTALL)[1]
        assert (name, bool(heading.strip())) == (name, True)
        assert (name, "style=" in text or "onclick" in text) == (name, False)


CLOSED = [
    ("order", "stranger"),
    ("claim", "stranger"),
    ("charge", "stranger"),
    ("invoice", "stranger"),
    ("rates", "stranger"),
    ("entry", "engineer"),
    ("charges", "engineer"),
    ("assessment", "engineer"),
    ("office", "engineer"),
    ("settlements", "manager"),
    ("new_scheme", "manager"),
    ("registration", "stranger"),
    ("report", "engineer"),
    ("claim", "other_officer"),
]
CLOSED_FILES = (
    "/support/ledger/{lab}.csv",
    "/support/invoices/{invoice}.pdf",
    "/support/invoices/{invoice}.xlsx",
    "/support/claims/{claim}/documents/1",
    "/support/reports/{report}/rejects.csv",
)


def test_pages_are_closed_to_others(client, names):
    stranger = make_user()
    for name, who in CLOSED:
        client.force_login(stranger if who == "stranger" else getattr(names["world"], who))
        page = client.get(PAGES[name][1].format(**names))
        assert (name, who, page.status_code in (403, 404)) == (name, who, True)
        assert str(names["world"].company.name_en) not in page.content.decode()
    client.force_login(stranger)
    assert [path for path in CLOSED_FILES if client.get(path.format(**names)).status_code not in (403, 404)] == []


LISTS = {
    "/support/orders/": ("engineer", 9),
    "/support/claims/": ("engineer", 6),
    "/support/vouchers/": ("engineer", 8),
    "/support/charges/of/{lab}/": ("manager", 11),
    "/support/office/": ("officer", 9),
    "/support/schemes/": ("engineer", 7),
    "/support/recognitions/": ("engineer", 6),
    "/support/proofs/": ("engineer", 6),
    "/support/entry/{lab}/": ("manager", 9),
}


def test_lists_cost_the_same_with_one_and_with_more_rows(client, names):
    counted = {}
    for more in (0, 5):
        for _number in range(more):
            used_order(names["world"])
            make_scheme(names["world"].home)
        for path, (who, _queries) in LISTS.items():
            client.force_login(getattr(names["world"], who))
            client.get(path.format(**names))
            with CaptureQueriesContext(connection) as asked:
                assert client.get(path.format(**names)).status_code == 200
            counted.setdefault(path, []).append(len(asked))
    assert counted == {path: [queries, queries] for path, (_who, queries) in LISTS.items()}


def test_quote_shows_why_a_scheme_does_not_pay_and_what_would_help(client, names):
    world = names["world"]
    world.company.size_class = "large"
    world.company.save()
    client.force_login(world.engineer)
    page = client.get(f"/instruments/{names['instrument']}/quote/?hours=4&organisation={names['company']}")
    text = page.content.decode()
    assert "CNY 2,000.00" in text
    assert (
        "The scheme asks for another value of the size of your organisation: micro, small, medium. Yours: large."
        in text
    )


def test_quote_leads_on_to_registering_a_voucher_and_the_booking(client, names):
    world = names["world"]
    client.force_login(world.engineer)
    path = f"/instruments/{names['instrument']}/quote/"
    first = client.get(path).content.decode()
    assert "CNY 500.00" in first  # of one hour, before anything is asked
    assert "/book/?start=" not in first
    make_scheme(world.company.city.jurisdiction, {"eligible": {"fact": "user.high_tech", "is": True}})
    given = {"organisation": names["company"], "starts": "2026-03-12T09:00", "ends": "2026-03-12T11:00"}
    given["purpose"] = "research"
    text = client.get(path, given).content.decode()
    assert f'href="/support/registrations/{names["company"]}/"' in text
    assert '<a href="/support/vouchers/">Apply for a voucher</a>' in text
    address = re.search(r'href="(/instruments/[^"]+/book/\?start=[^"]+)"', text)[1].replace("&amp;", "&")
    form = client.get(address).content.decode()
    assert 'value="2026-03-12T09:00"' in form
    assert 'value="2026-03-12T11:00"' in form
    assert '<option value="research" selected>' in form


def test_reasons_name_zones_organisations_and_techniques(client, names):
    world = names["world"]
    park = make_zone(world.instrument.city)
    wanted = [
        {"fact": "user.zones", "in": [park.code]},
        {"fact": "provider.organisation", "in": [world.company.public_id]},
    ]
    make_scheme(world.company.city.jurisdiction, {"eligible": {"all": wanted[:1]}, "counts": {"all": wanted[1:]}})
    text = client.get(f"/instruments/{names['instrument']}/quote/").content.decode()
    assert park.name_en in text
    assert park.code not in text
    assert world.company.name_en in text
    assert world.company.public_id not in text


def test_quote_is_everybody_s_without_signing_in(client, names):
    page = client.get(f"/instruments/{names['instrument']}/quote/?hours=4")
    assert page.status_code == 200
    assert "CNY 2,000.00" in page.content.decode()


def test_part_of_the_quote_page_is_what_htmx_swaps(client, names):
    path = f"/instruments/{names['instrument']}/quote/?hours=4"
    whole, part = (client.get(path, headers=headers).content.decode() for headers in ({}, {"HX-Request": "true"}))
    assert "<html" not in part
    assert part.strip() in whole


def test_service_is_ordered_at_the_price_that_was_shown(client, names):
    world = names["world"]
    world.instrument.access = "service"
    world.instrument.save()
    client.force_login(world.engineer)
    given = {"hours": "2", "organisation": names["company"], "purpose": ""}
    path = f"/instruments/{names['instrument']}/quote/"
    shown = client.get(path, given).content.decode()
    expected = re.search(r'name="expected" value="(\d+)"', shown)[1]
    page = client.post(path, {**given, "expected": expected})
    assert page.status_code == 302
    refused = client.post(path, {**given, "expected": "1"})
    assert refused.status_code == 422
    assert "The price or what is left of the support has changed" in refused.content.decode()


def test_voucher_is_applied_for_and_issued_by_page(client, names):
    world = names["world"]
    client.force_login(world.engineer)
    given = {"organisation": names["company"], "scheme": "scheme-a", "amount": "1000", "purpose": "Testing."}
    assert client.post("/support/vouchers/", given).status_code == 302
    again = client.post("/support/vouchers/", given)
    assert again.status_code == 422
    voucher = Voucher.objects.get(state="applied")
    client.force_login(world.officer)
    assert client.post("/support/office/", {"voucher": voucher.public_id, "refuse": "yes"}).status_code == 422
    assert client.post("/support/office/", {"voucher": voucher.public_id, "issue": "yes"}).status_code == 302
    voucher.refresh_from_db()
    assert (voucher.state, voucher.account.balance_minor) == ("issued", 100_000)


@pytest.mark.parametrize("amount", ["", "much", "1e400", "9" * 40, "-5"])
def test_amount_that_is_none_is_refused_in_words(client, names, amount):
    client.force_login(names["world"].engineer)
    given = {"organisation": names["company"], "scheme": "scheme-a", "amount": amount}
    page = client.post("/support/vouchers/", given)
    assert page.status_code == 422
    assert Voucher.objects.filter(state="applied").count() == 0


def test_claim_goes_by_page_from_papers_to_payment(client, names):
    world = names["world"]
    used_order(world)
    claim = Claim.objects.get(state="draft")
    path = f"/support/claims/{claim.public_id}/"
    client.force_login(world.engineer)
    missing = client.post(path, {"submit": "yes"})
    assert missing.status_code == 422
    assert "A document is missing: service report." in missing.content.decode()
    file = SimpleUploadedFile("报告.pdf", b"%PDF report")
    assert client.post(path, {"kind": "report", "file": file}).status_code == 302
    assert client.post(path, {"submit": "yes"}).status_code == 302
    client.force_login(world.officer)
    paper = client.get(f"{path}documents/1")
    assert b"".join(paper.streaming_content) == b"%PDF report"
    assert paper["Content-Disposition"].startswith("attachment")
    assert client.post(path, {"verdict": "refuse", "ground": ""}).status_code == 422
    assert client.post(path, {"verdict": "approve", "ground": ""}).status_code == 302
    claim.refresh_from_db()
    assert claim.state == "paid"


def scheme_form(**more):
    return {
        "code": "new-scheme",
        "jurisdiction": "",
        "name_en": "A new scheme",
        "valid_from": (timezone.now().date() + timedelta(days=1)).isoformat(),
        "sizes": ["micro", "small"],
        "high_tech": "yes",
        "age_most": "10",
        "reach": "both",
        "purposes": ["development"],
        "not_related": "on",
        "delivery": "refund",
        "share": "30 %",
        "currency": "CNY",
        "user_year_cap": "1000",
        "pays": "halves",
        "documents": ["report"],
        "more_counts": json.dumps({"fact": "order.cross_border", "is": True}),
    } | more


def test_scheme_is_tried_published_and_read_into_the_form_again(client, names):
    world = names["world"]
    client.force_login(world.officer)
    given = scheme_form(jurisdiction=world.home.code)
    tried = client.post("/support/schemes/new/", {**given, "try": "yes", "try_year": "2026"})
    assert tried.status_code == 200
    assert "Tried on 1 charged orders of 2026" in tried.content.decode()
    assert client.post("/support/schemes/new/", given).status_code == 302
    terms = SchemeVersion.objects.get(scheme__code="new-scheme").terms
    assert terms["share"] == "0.3"
    assert terms["eligible"]["all"] == [
        {"fact": "user.size", "in": ["micro", "small"]},
        {"at_most": "10", "fact": "user.age_years"},
        {"fact": "user.high_tech", "is": True},
    ]
    assert terms["pays"] == {"provider_home": "0.5", "user_home": "0.5"}
    form = client.get("/support/schemes/new/?from=new-scheme").context["form"]
    assert form.initial["sizes"] == ["micro", "small"]
    assert json.loads(form.initial["more_counts"]) == {"fact": "order.cross_border", "is": True}


def test_what_counts_is_chosen_by_name_and_read_into_the_form_again(client, names):
    world = names["world"]
    client.force_login(world.officer)
    other = make_scheme(world.home, code="other-scheme")
    park = make_zone(world.instrument.city)
    technique = Technique.objects.first()
    chosen = {
        "access": ["booking"],
        "techniques": [technique.code],
        "zones": [park.code],
        "user_zones": [park.code],
        "providers": f"{world.company.name_en}\n{names['lab']}\n",
        "stacks_with": [other.scheme.code],
    }
    given = scheme_form(jurisdiction=world.home.code, more_counts="", purposes=[], **chosen)
    assert client.post("/support/schemes/new/", given).status_code == 302
    terms = SchemeVersion.objects.get(scheme__code="new-scheme").terms
    assert terms["counts"]["all"] == [
        {"fact": "order.techniques", "in": [technique.code]},
        {"fact": "order.access", "in": ["booking"]},
        {"fact": "provider.zones", "in": [park.code]},
        {"fact": "provider.organisation", "in": [world.company.public_id, names["lab"]]},
    ]
    assert terms["stacks_with"] == ["other-scheme"]
    form = client.get("/support/schemes/new/?from=new-scheme").context["form"]
    for name in ("access", "techniques", "zones", "user_zones", "stacks_with"):
        assert list(form.initial[name]) == chosen[name]
    assert form.initial["providers"] == f"{world.company.public_id}\n{names['lab']}"
    text = client.get("/support/schemes/new-scheme/").content.decode()
    assert technique.name_en in text
    assert park.name_en in text


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"providers": "Nobody & Sons"}, "There is no organisation “Nobody &amp; Sons”. Give its full name or its id."),
        ({"techniques": ["no_such"]}, "no_such"),
        ({"share": "150 %"}, "share: “150 %” does not fit here. Write it as: 0.5."),
        ({"valid_from": "2020-01-01"}, "A new version can&#x27;t begin on 2020-01-01"),
        ({"more_counts": "{"}, "This is not JSON: it breaks in line 1."),
        ({"more_counts": '{"fact": "user.shoe", "in": ["x"]}'}, "counts.all[1]: there is no fact “user.shoe”."),
        ({"delivery": "voucher"}, "pays: a voucher has one payer."),
        ({"code": "a b"}, "“a b” is no code of a scheme."),
    ],
)
def test_unsound_scheme_is_refused_with_one_sentence_a_fault(client, names, wrong, said):
    world = names["world"]
    client.force_login(world.officer)
    page = client.post("/support/schemes/new/", scheme_form(jurisdiction=world.home.code, **wrong))
    assert page.status_code == 422
    assert said in page.content.decode()
    assert not SchemeVersion.objects.filter(scheme__code="new-scheme").exists()


def test_file_of_schemes_goes_in_whole_or_not_at_all(client, names):
    world = names["world"]
    client.force_login(world.officer)
    day = (timezone.now().date() + timedelta(days=1)).isoformat()
    good = {
        "code": "from-file",
        "jurisdiction": world.home.code,
        "name_en": "From a file",
        "valid_from": day,
        "terms": {"currency": "CNY", "share": "0.1", "delivery": "refund"},
        "source": "A decree",
    }
    bad = {**good, "code": "bad", "terms": {"currency": "CNY", "shar": "0.1"}}
    path = "/support/schemes/import/"
    page = client.post(path, {"file": SimpleUploadedFile("s.json", json.dumps([good, bad]).encode())})
    assert page.status_code == 422
    assert "Line 2: shar means nothing here." in page.content.decode()
    assert not SchemeVersion.objects.filter(scheme__code="from-file").exists()
    assert client.post(path, {"file": SimpleUploadedFile("s.json", json.dumps([good]).encode())}).status_code == 302
    assert SchemeVersion.objects.get(scheme__code="from-file").verified is False


def test_budget_is_changed_by_its_payer_s_officer_alone(client, names):
    world = names["world"]
    given = {"payer": world.home.code, "year": DAY.year, "amount": "5000"}
    client.force_login(world.officer)
    assert client.post("/support/schemes/scheme-a/", given).status_code == 302
    assert client.post("/support/schemes/scheme-a/", given | {"amount": "-999999"}).status_code == 422
    client.force_login(world.other_officer)
    assert client.post("/support/schemes/scheme-a/", given).status_code == 422
    client.force_login(world.engineer)
    assert client.post("/support/schemes/scheme-a/", given).status_code == 422


def test_rates_are_published_by_page(client, names):
    world = names["world"]
    client.force_login(world.manager)
    path = f"/support/rates/{names['lab']}/"
    given = {
        "valid_from": timezone.now().date().isoformat(),
        "currency": "CNY",
        "lines": "hour, company, 700\nsample, any, 90",
    }
    assert client.post(path, given).status_code == 302
    bad = client.post(path, given | {"lines": "hour, company, dear\nhour, anyone, 5"})
    assert bad.status_code == 422
    text = bad.content.decode()
    assert "lines[0].price: “dear” does not fit here." in text
    assert "lines[1].for: “anyone” does not fit here." in text


def test_charge_is_adjusted_disputed_and_answered_by_page(client, names):
    world = names["world"]
    path = f"/support/charges/{names['charge']}/"
    client.force_login(world.engineer)
    assert client.post(path, {"dispute": "yes", "text": "Too long."}).status_code == 302
    assert client.post(path, {"adjust": "yes", "amount": "-10", "ground": "x"}).status_code == 422
    client.force_login(world.manager)
    assert client.post(path, {"answered": "yes", "upheld": "yes", "answer": "You are right."}).status_code == 302
    assert client.post(path, {"adjust": "yes", "amount": "-100", "ground": "An hour less."}).status_code == 302
    too_much = client.post(path, {"adjust": "yes", "amount": "-100000", "ground": "All of it."})
    assert too_much.status_code == 422
    assert "The charge would fall below nothing." in too_much.content.decode()
    assert Charge.objects.get(kind="adjustment").user_minor == -10_000


def test_invoice_leaves_as_pdf_and_workbook(client, names):
    client.force_login(names["world"].manager)
    first, second = (client.get(f"/support/invoices/{names['invoice']}.pdf").content for _time in range(2))
    assert first[:5] == b"%PDF-"
    assert first == second
    book = load_workbook(io.BytesIO(client.get(f"/support/invoices/{names['invoice']}.xlsx").content))
    cells = [cell.value for row in book.active.iter_rows() for cell in row]
    assert 1000 in cells
    assert client.post(f"/support/invoices/{names['invoice']}/").status_code == 302
    client.force_login(names["world"].engineer)
    assert client.post(f"/support/invoices/{names['invoice']}/").status_code == 403


def test_ledger_for_the_accountant_adds_up(client, names):
    client.force_login(names["world"].manager)
    rows = client.get(f"/support/ledger/{names['lab']}.csv").content.decode("utf-8-sig").splitlines()
    assert rows[0].startswith("entry,at,what,subject,account")
    assert len(rows) == 1 + 3  # customer, support to come, income


def test_report_of_made_up_records_is_rejected_here(client, names):
    client.force_login(names["world"].manager)
    page = client.get(f"/support/reports/{names['report']}/")
    assert "instrCategory is missing." in page.content.decode()
    rejects = client.get(f"/support/reports/{names['report']}/rejects.csv").content.decode("utf-8-sig")
    assert "instrCategory is missing." in rejects


def test_operator_reads_the_books_but_decides_nothing(client, names):
    client.force_login(make_operator())
    assert client.get("/support/office/").status_code == 200
    page = client.post(f"/support/claims/{names['claim']}/", {"verdict": "approve"})
    assert page.status_code == 422
    assert Claim.objects.get().state == "submitted"


def test_anonymous_is_led_to_sign_in(client, names):
    for path in ("/support/", "/support/orders/", "/support/office/"):
        assert client.get(path)["Location"].startswith("/accounts/login/")


# Files ----------------------------------------------------------------------------------------------------------
# Who asks → invoice as PDF and XLSX, rates as CSV and XLSX, the ledger, a claim's document, a report's rejects.
HIDDEN, FORBIDDEN, SHOWN = 404, 403, 200
ASKED = {
    "nobody": (302, 302, 302, 302, 302, 302, 302),
    "a stranger": (HIDDEN, HIDDEN, FORBIDDEN, FORBIDDEN, FORBIDDEN, HIDDEN, HIDDEN),
    "another owner's manager": (HIDDEN, HIDDEN, FORBIDDEN, FORBIDDEN, FORBIDDEN, HIDDEN, HIDDEN),
    "another jurisdiction's officer": (HIDDEN, HIDDEN, FORBIDDEN, FORBIDDEN, FORBIDDEN, HIDDEN, HIDDEN),
    "the owner's colleague without a role": (HIDDEN, HIDDEN, FORBIDDEN, FORBIDDEN, FORBIDDEN, HIDDEN, HIDDEN),
    "the owner's manager": (SHOWN, SHOWN, SHOWN, SHOWN, SHOWN, HIDDEN, SHOWN),
    "who ordered": (SHOWN, SHOWN, FORBIDDEN, FORBIDDEN, FORBIDDEN, SHOWN, HIDDEN),
    "the claim's officer": (HIDDEN, HIDDEN, FORBIDDEN, FORBIDDEN, FORBIDDEN, SHOWN, HIDDEN),
}


def test_files_go_to_those_alone_whose_they_are(client, names):
    world = names["world"]
    other, colleague = make_user(), make_user()
    make_member(other, make_organisation(city=make_city(jurisdiction=world.abroad), kind="university"))
    make_member(colleague, world.lab, "member")
    people = {
        "a stranger": make_user(),
        "another owner's manager": other,
        "another jurisdiction's officer": world.other_officer,
        "the owner's colleague without a role": colleague,
        "the owner's manager": world.manager,
        "who ordered": world.engineer,
        "the claim's officer": world.officer,
    }
    paths = [
        f"/support/invoices/{names['invoice']}.pdf",
        f"/support/invoices/{names['invoice']}.xlsx",
        f"/support/rates/{names['lab']}.csv",
        f"/support/rates/{names['lab']}.xlsx",
        f"/support/ledger/{names['lab']}.csv",
        f"/support/claims/{names['claim']}/documents/1",
        f"/support/reports/{names['report']}/rejects.csv",
    ]
    (reject,) = ReportItem.objects.filter(batch__public_id=names["report"], state="rejected")
    secrets = ("%PDF", "PK\x03\x04", ",500.00", "PK\x03\x04", ",usage,", "paper", reject.record)
    for who, statuses in ASKED.items():
        client.logout()
        if who in people:
            client.force_login(people[who])
        answers = [client.get(path) for path in paths]
        assert [one.status_code for one in answers] == list(statuses), who
        for answer, secret in zip(answers, secrets, strict=True):
            whole = b"".join(answer) if answer.streaming else answer.content
            assert (secret.encode() in whole) == (answer.status_code == 200), (who, secret)
            assert ("Content-Disposition" in answer.headers) == (answer.status_code == 200)


# Sent twice -----------------------------------------------------------------------------------------------------
def money_moved() -> tuple[object, ...]:
    counts = (model.objects.count() for model in (Entry, Order, Charge, Invoice, Voucher))
    return *Account.objects.order_by("pk").values_list("pk", "balance_minor"), *counts


def form_of(client, path: str, button: str) -> dict[str, str]:
    """The hidden values of the form that has a button: its key is among them."""
    page = client.get(path).content.decode()
    form = next(one for one in re.findall(r"<form.*?</form>", page, re.S) if f">{button}<" in one)
    return dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form))


def send(client, path: str, values: dict[str, str]):
    """Send a form as browsers do: the test client's own way is that of forms with files."""
    return client.post(path, urlencode(values), content_type="application/x-www-form-urlencoded")


TWICE = [
    ("manager", "/support/charges/{charge}/", "Adjust", {"adjust": "yes", "amount": "-100", "ground": "Broken."}),
    (
        *("officer", "/support/schemes/{scheme}/", "Change it"),
        {"payer": "{home}", "year": "2026", "amount": "70", "ground": "More."},
    ),
    (
        "engineer",
        "/instruments/{instrument}/quote/?hours=2&organisation={company}",
        "Order the service at this price",
        {},
    ),
    ("engineer", "/support/vouchers/", "Apply", {"scheme": "scheme-a", "organisation": "{company}", "amount": "10"}),
    ("manager", "/support/charges/of/{lab}/", "Invoice", {}),
    ("manager", "/support/invoices/{invoice}/", "It was paid", {}),
]


@pytest.mark.parametrize(("who", "path", "button", "given"), TWICE, ids=[one[2] for one in TWICE])
def test_form_sent_twice_moves_money_once(client, names, who, path, button, given):
    world = names["world"]
    world.instrument.access = "service"
    world.instrument.save()
    if button == "Invoice":
        used_order(world)
    client.force_login(getattr(world, who))
    known = names | {"home": world.home.code}
    address = path.format(**known)
    values = form_of(client, address, button) | {name: value.format(**known) for name, value in given.items()}
    before = money_moved()
    answers, after = [], []
    for _click in range(2):
        answers.append(send(client, address, values))
        after.append(money_moved())
    assert [one.status_code for one in answers] == [302, 302]
    assert answers[0]["Location"] == answers[1]["Location"]
    assert after[0] != before
    assert after[1] == after[0]


def test_form_of_a_page_loaded_anew_or_with_other_values_counts_again(client, names):
    client.force_login(names["world"].manager)
    path = f"/support/charges/{names['charge']}/"
    values = form_of(client, path, "Adjust") | {"adjust": "yes", "amount": "-100", "ground": "Broken."}
    for sent in (values | {"amount": "-1000000"}, values, values, values | {"amount": "-200"}):
        send(client, path, sent)
    send(client, path, values | form_of(client, path, "Adjust"))
    made = Charge.objects.filter(kind="adjustment").order_by("pk").values_list("user_minor", flat=True)
    assert list(made) == [-10_000, -20_000, -10_000]


def test_form_key_is_its_user_s_own(client, names):
    world = names["world"]
    second = make_user()
    make_member(second, world.lab, "manager")
    path = f"/support/charges/{names['charge']}/"
    client.force_login(world.manager)
    values = form_of(client, path, "Adjust") | {"adjust": "yes", "amount": "-100", "ground": "Broken."}
    send(client, path, values)
    client.force_login(make_user())
    assert send(client, path, values).status_code == 404
    client.force_login(second)
    send(client, path, values)
    assert Charge.objects.filter(kind="adjustment").count() == 2
