"""A world of terms and money in which every page has something to show."""

from __future__ import annotations

import pytest
from tests.factories import make_member, make_user
from tests.support.records import add_papers, later, make_budget, make_scheme, make_voucher, make_world, used_order

from headwater.accounts.audit import Actor
from headwater.support.actions.charges import make_invoice
from headwater.support.actions.claims import submit_claim
from headwater.support.actions.reporting import make_report
from headwater.support.models import AssessmentFormula, Charge, Claim

FORMULA = {
    "measures": [
        {"code": "outside", "measure": "outside_hours", "over": "hours", "target": "0.5", "weight": "60"},
        {"code": "open", "measure": "open_instruments", "over": "instruments", "target": "1", "weight": "40"},
    ],
    "grades": {"excellent": "85", "pass": "60"},
}


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
