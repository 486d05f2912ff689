"""Two who accept one milestone at once are one payment and one refusal."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from tests.factories import AT, make_region, make_technique
from tests.partnering.makers import acts, make_company, make_lab

from headwater.core.decision import Refused
from headwater.partnering.actions import consortia, joining
from headwater.partnering.drafts import MemberDraft, MilestoneDraft, PartnershipDraft
from headwater.partnering.models import Payment
from headwater.support.models import Entry


@pytest.mark.django_db(transaction=True)
def test_two_acceptances_at_once_pay_once():
    make_region()
    company, owner = make_company()
    profile, researcher = make_lab(make_technique())
    lab = profile.organisation
    members = (MemberDraft(company.public_id, "lead"), MemberDraft(lab.public_id))
    draft = PartnershipDraft("joint_centre", name_en="Centre", members=members, agreed_on=AT.date(), agreement="A")
    made = consortia.found(draft, at=AT, **acts(owner))
    joining.confirm(made.public_id, lab.public_id, "", at=AT, **acts(researcher))
    plan = MilestoneDraft("First", AT.date(), "Three samples", 5000, "CNY", company.public_id, lab.public_id)
    keys = []
    for _round in range(3):
        milestone = consortia.add_milestone(made.public_id, plan, at=AT, **acts(owner))
        consortia.hand_in(milestone.public_id, "Here.", at=AT, **acts(researcher))
        keys.append(milestone.public_id)
    who = acts(owner)
    start = Barrier(2)

    def accept(key: str) -> str:
        try:
            start.wait(timeout=30)
            consortia.judge(key, "accept", "Good.", at=AT, **who)
        except Refused as refused:
            return ",".join(refused.decision.codes)
        finally:
            connection.close()
        return "paid"

    with ThreadPoolExecutor(2) as pool:
        for key in keys:
            assert sorted(pool.map(accept, (key, key))) == ["milestone.wrong_state", "paid"]
    assert Payment.objects.count() == 3
    assert [Entry.objects.filter(subject=key).count() for key in keys] == [1, 1, 1]
