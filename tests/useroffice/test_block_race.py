"""Two who take the last shift of a share at once: one gets it, the other is told what is left."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from tests.useroffice.builders import AFTER, by
from tests.useroffice.groups import make_group

from headwater.core.decision import Refused
from headwater.useroffice.actions import blocks, proposals
from headwater.useroffice.models import Block, BlockMember

WRITERS = 4


@pytest.mark.django_db(transaction=True)
def test_last_shift_goes_to_one():
    group = make_group(shares=(1, 5), publish=False)
    made = [group.begun(0, shifts=1).public_id for _ in range(WRITERS)]
    one, two = group.members
    acts = {"member": by(group.users[0]), "leader": by(group.leader)}
    start = Barrier(WRITERS + 2)

    def run(work) -> str:
        try:
            start.wait(timeout=30)
            work()
        except Refused as refused:
            reason = refused.decision.reasons[0]
            return f"{reason.code} {reason.facts.get('left')}"
        finally:
            connection.close()
        return "done"

    asked = [lambda key=key: proposals.submit_proposal(key, at=AFTER, **acts["member"]) for key in made]
    passing = [
        lambda: blocks.pass_on(group.block.public_id, one.pk, two.pk, 1, "Yours.", at=AFTER, **acts["leader"]),
        lambda: blocks.give_back(group.block.public_id, one.pk, 1, "Spare.", at=AFTER, **acts["leader"]),
    ]
    with ThreadPoolExecutor(WRITERS + 2) as pool:
        said = list(pool.map(run, asked + passing))
    assert said.count("done") == 1
    assert set(said) - {"done"} <= {"part.share_too_small 0", "block.not_so_many_left 0"}
    block = Block.objects.get()
    share, used = BlockMember.objects.filter(pk=one.pk).values_list("share", "used").get()
    assert used == share == (1 if "done" in said[:WRITERS] else 0)
    assert block.used == used
