import pytest
from hypothesis import given, strategies as st

from headwater.core.decision import Decision, Reason, Refused, Weight, permit

BLOCK = Reason("a.blocks")
WAIVABLE = Reason("b.waivable", Weight.WAIVABLE, {"have": 1, "need": 2}, "Rule 7")
NOTE = Reason("c.note", Weight.NOTE)


@pytest.mark.parametrize(
    ("reasons", "waived", "allowed"),
    [
        ((), (), True),
        ((NOTE,), (), True),
        ((BLOCK,), (), False),
        ((BLOCK,), ("a.blocks",), False),
        ((WAIVABLE,), (), False),
        ((WAIVABLE,), ("b.waivable",), True),
        ((WAIVABLE,), ("a.blocks",), False),
        ((NOTE, WAIVABLE, BLOCK), ("b.waivable",), False),
    ],
)
def test_decision_is_allowed_by_weight_and_waiver(reasons, waived, allowed):
    assert Decision(reasons).allowed(waived=waived) is allowed


def test_decision_as_json_carries_all_reasons_with_facts_and_source():
    assert Decision((WAIVABLE, NOTE)).as_json() == {
        "allowed": False,
        "reasons": [
            {"code": "b.waivable", "weight": "waivable", "facts": {"have": 1, "need": 2}, "source": "Rule 7"},
            {"code": "c.note", "weight": "note", "facts": {}, "source": ""},
        ],
    }


def test_decisions_add_up_in_order():
    assert (Decision((NOTE,)) + Decision((BLOCK, WAIVABLE))).codes == ("c.note", "a.blocks", "b.waivable")


def test_permit_lets_an_allowed_decision_pass():
    assert permit(Decision((NOTE,))) is None


def test_permit_raises_with_every_reason():
    with pytest.raises(Refused) as refused:
        permit(Decision((NOTE, BLOCK, WAIVABLE)))
    assert refused.value.decision.codes == ("c.note", "a.blocks", "b.waivable")
    assert str(refused.value) == "c.note, a.blocks, b.waivable"


@pytest.mark.parametrize("ground", ["", "  \n"])
def test_permit_wants_a_ground_for_a_waiver(ground):
    with pytest.raises(Refused) as refused:
        permit(Decision((WAIVABLE,)), waive=("b.waivable",), ground=ground)
    assert refused.value.decision.codes == ("b.waivable", "waiver.ground_missing")


def test_permit_passes_a_waived_reason_with_a_ground():
    assert permit(Decision((WAIVABLE,)), waive=iter(("b.waivable",)), ground="The panel met on 3 May.") is None


reasons = st.lists(st.builds(Reason, st.sampled_from(["a", "b", "c"]), st.sampled_from(Weight)), max_size=6)
codes = st.sets(st.sampled_from(["a", "b", "c"]))


@given(reasons, codes, codes)
def test_waiving_more_never_turns_a_yes_into_a_no(found, waived, more):
    decision = Decision(tuple(found))
    assert decision.allowed(waived=waived | more) >= decision.allowed(waived=waived)


@given(reasons, reasons)
def test_another_reason_never_turns_a_no_into_a_yes(found, more):
    assert (Decision(tuple(found)) + Decision(tuple(more))).allowed() <= Decision(tuple(found)).allowed()


@given(reasons, codes, st.randoms(use_true_random=False))
def test_the_order_of_reasons_does_not_matter(found, waived, random):
    mixed = list(found)
    random.shuffle(mixed)
    assert Decision(tuple(mixed)).allowed(waived=waived) == Decision(tuple(found)).allowed(waived=waived)
