"""Every page of terms and money in both languages, what lists cost, who sees what, and the forms' way."""

from __future__ import annotations

import io
import json
import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import load_workbook
from tests.factories import make_operator, make_user, make_zone
from tests.support.pages import PAGES
from tests.support.records import DAY, make_scheme, used_order

from headwater.registry.models import Technique
from headwater.support.models import Charge, Claim, SchemeVersion, Voucher

pytestmark = pytest.mark.django_db


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
