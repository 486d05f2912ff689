"""The files of terms and money go to those alone whose they are."""

from __future__ import annotations

import pytest
from tests.factories import make_city, make_member, make_organisation, make_user

from headwater.support.models import ReportItem

pytestmark = pytest.mark.django_db

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
