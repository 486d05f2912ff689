"""A form of terms and money that is sent twice does its work once."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest
from tests.factories import make_member, make_user
from tests.support.records import used_order

from headwater.support.models import Account, Charge, Entry, Invoice, Order, Voucher

pytestmark = pytest.mark.django_db


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
