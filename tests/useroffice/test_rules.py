"""The rules by table: facts in, reason codes out; the states' tables hold together."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from headwater.useroffice import rules, wording
from headwater.useroffice.models import Mode, State
from headwater.useroffice.rules.access import Desk, Place, ProposalFacts

AT = datetime(2025, 3, 1, tzinfo=UTC)
DRAFT = rules.DraftFacts(
    title="T",
    abstract="A",
    organisation=True,
    beamlines=("ins_1",),
    foreign_beamlines=(),
    most_beamlines=2,
    requested=9,
    minimum=6,
    most_shifts=36,
    period=(date(2025, 6, 1), date(2025, 6, 30)),
    blackouts=(),
    longest_run_days=20,
    needed_days=3,
    questions=(
        rules.Question("aim", "long_text", True, 10),
        rules.Question("own", "choice", False, 10, ("yes", "no")),
        rules.Question("which", "text", True, 10, (), ("own", "yes")),
        rules.Question("watts", "number"),
        rules.Question("figure", "file", True),
    ),
    answers={"aim": "x", "own": "no"},
    files=frozenset(["figure"]),
    samples=(rules.SampleFacts("s", ("none",)),),
    invited=0,
    call_stage="announced",
    call_open=True,
)


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({}, []),
        ({"call_open": False}, ["call.not_open"]),
        ({"call_stage": "done"}, ["call.not_open"]),
        ({"title": " ", "abstract": ""}, ["draft.title_missing", "draft.abstract_missing"]),
        ({"organisation": False, "beamlines": ()}, ["draft.organisation_missing", "draft.beamlines_missing"]),
        ({"beamlines": ("a", "b", "c")}, ["draft.too_many_beamlines"]),
        ({"foreign_beamlines": ("X",)}, ["draft.beamline_not_in_call"]),
        ({"requested": 40}, ["draft.shifts_out_of_range"]),
        ({"minimum": 10}, ["draft.minimum_wrong"]),
        ({"blackouts": ((date(2025, 6, 3), date(2025, 6, 2)),)}, ["draft.blackout_reversed"]),
        ({"longest_run_days": 2}, ["draft.no_free_run"]),
        ({"answers": {}}, ["draft.answer_missing"]),
        ({"answers": {"aim": "x", "own": "yes"}}, ["draft.answer_missing"]),
        ({"answers": {"aim": "x", "own": "maybe"}}, ["draft.answer_unknown"]),
        ({"answers": {"aim": "x" * 11}}, ["draft.text_too_long"]),
        ({"answers": {"aim": "x", "watts": "many"}}, ["draft.answer_no_number"]),
        ({"files": frozenset()}, ["draft.answer_missing"]),
        ({"samples": (rules.SampleFacts("s", ()),)}, ["draft.hazards_missing"]),
        ({"samples": (rules.SampleFacts("s", ("dragon",)),)}, ["draft.hazard_unknown"]),
        ({"invited": 2}, ["draft.invitations_open"]),
    ],
)
def test_draft_is_told_all_that_is_wrong(change, codes):
    decision = rules.is_sound_proposal(replace(DRAFT, **change))
    assert list(decision.codes) == codes
    notes = {"draft.no_free_run", "draft.invitations_open"}
    assert decision.allowed() == (set(codes) <= notes)


def test_questions_under_a_hidden_one_are_hidden():
    chain = (
        rules.Question("a", "choice", choices=("yes", "no")),
        rules.Question("b", "text", when=("a", "yes")),
        rules.Question("c", "text", when=("b", "x")),
    )
    assert [one.key for one in rules.questions_shown(chain, {"a": "no", "b": "x"})] == ["a"]
    assert [one.key for one in rules.questions_shown(chain, {"a": "yes", "b": "x"})] == ["a", "b", "c"]


# States ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("mode", Mode.values)
def test_table_reaches_every_end_and_names_known_states(mode):
    table = rules.STEPS[mode]
    assert {state for state, _act in table} | set(table.values()) <= set(State.values)
    reached, front = {"draft"}, {"draft"}
    while front:
        front = {after for (state, _act), after in table.items() if state in front} - reached
        reached |= front
    decided = set() if mode == "within" else {"declined", "standby"}  # no panel decides within a block
    assert {"closed", "infeasible", "withdrawn"} | decided <= reached
    assert ("review" in reached) == (mode in ("general", "rolling", "key", "block"))
    assert ("evaluation" in reached) == (mode == "urgent")


def test_move_off_the_table_is_refused():
    assert rules.may_move("general", "draft", "schedule").codes == ("proposal.wrong_state",)
    assert rules.may_move("general", "closed", "withdraw").codes == ("proposal.wrong_state",)


@pytest.mark.parametrize("state", State.values)
@pytest.mark.parametrize("told", ["", "scheduled", "standby", "declined", "infeasible"])
def test_what_the_proposer_sees_is_in_words_and_never_internal(state, told):
    seen = rules.public_state(state, told)
    assert seen in wording.PUBLIC_STATES
    assert seen not in ("feasibility", "review", "panel", "recommended")
    if state in ("declined", "standby", "infeasible", "scheduled") and not told:
        assert seen == "under_review"


# Access ---------------------------------------------------------------------------------------------------------
FACTS = ProposalFacts(
    facility_id=1,
    mode="general",
    state="review",
    team={7: Place(True, True, True), 8: Place(True, False, False)},
    beamlines=frozenset([30]),
    panel_id=40,
    reviewers={9: "assigned", 10: "declined"},
)
DESKS = {
    "proposer": Desk(7),
    "co-proposer": Desk(8),
    "reviewer": Desk(9),
    "declined": Desk(10),
    "office": Desk(11, offices=frozenset([1])),
    "other office": Desk(12, offices=frozenset([2])),
    "scientist": Desk(13, beamlines=frozenset([30])),
    "other scientist": Desk(14, beamlines=frozenset([31])),
    "member": Desk(15, panels=frozenset([40])),
    "other member": Desk(16, panels=frozenset([41])),
    "nobody": Desk(),
}


@pytest.mark.parametrize(
    ("state", "who"),
    [
        ("draft", {"proposer", "co-proposer"}),
        ("submitted", {"proposer", "co-proposer", "office", "scientist", "reviewer"}),
        ("review", {"proposer", "co-proposer", "office", "scientist", "reviewer", "member"}),
        ("closed", {"proposer", "co-proposer", "office", "scientist", "reviewer", "member"}),
        ("withdrawn", {"proposer", "co-proposer", "office"}),
    ],
)
def test_who_sees_a_proposal(state, who):
    about = replace(FACTS, state=state)
    assert {name for name, desk in DESKS.items() if rules.may_see_proposal(about, desk).allowed()} == who


def test_conflict_closes_it_to_whoever_judges_and_to_nobody_else():
    about = replace(FACTS, conflicts=("organisation",))
    closed = {name for name, desk in DESKS.items() if "proposal.conflict" in rules.may_see_proposal(about, desk).codes}
    assert closed == {"reviewer", "scientist", "member"}


def test_rights_on_the_team():
    draft = replace(FACTS, state="draft")
    assert rules.may_change_proposal(draft, DESKS["proposer"]).codes == ()
    assert rules.may_change_proposal(draft, DESKS["co-proposer"]).codes == ("proposal.not_yours_to_edit",)
    assert rules.may_submit_for(draft, DESKS["co-proposer"]).codes == ("proposal.not_yours_to_submit",)
    assert rules.may_change_proposal(draft, DESKS["proposer"], expected_version=2).codes == (
        "proposal.changed_meanwhile",
    )
    assert rules.may_change_proposal(FACTS, DESKS["proposer"]).codes == ("proposal.no_draft",)
    assert rules.may_change_proposal(draft, DESKS["office"]).codes == ("proposal.not_found",)


def test_review_may_not_be_passed_in_conflict_and_may_be_in_overload():
    def asked(**more):
        given = {"conflicts": (), "load": 0, "most": 3, "state": "review", "on_panel": True, **more}
        return rules.may_assign(**given)

    assert asked().codes == ()
    assert asked(load=3).allowed(waived=("review.load_full",))
    assert not asked(conflicts=("author",)).allowed(waived=("proposal.conflict",))
    assert asked(state="panel", on_panel=False).codes == ("review.closed", "review.not_on_panel")


def test_decision_needs_a_panel_reviews_and_reasons():
    def asked(**more):
        given = {"office": False, "on_panel": True, "conflicts": (), "reviews_in": 3, "reviews_due": 3}
        return rules.may_decide(**{**given, "reason": "", "kind": "recommend", **more}).codes

    assert asked() == ()
    assert asked(on_panel=False) == ("panel.not_yours",)
    assert asked(kind="decline") == ("panel.reason_missing",)
    assert asked(reviews_in=2, conflicts=("author",)) == ("proposal.conflict", "panel.reviews_missing")


CALL = rules.CallFacts(
    code="2025A",
    code_taken=False,
    name_zh="征集",
    name_en="Call",
    mode="general",
    opens_at=AT,
    closes_at=AT.replace(month=4),
    period_start=date(2025, 6, 1),
    period_end=date(2025, 6, 30),
    beamlines=1,
    foreign_beamlines=(),
    most_beamlines=2,
    most_shifts=36,
    days=30,
)


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({}, []),
        ({"name_zh": ""}, ["call.name_missing"]),
        ({"code": "a b"}, ["call.code_wrong"]),
        ({"code_taken": True}, ["call.code_taken"]),
        ({"closes_at": None}, ["call.deadline_missing"]),
        ({"closes_at": None, "mode": "rolling"}, []),
        ({"closes_at": AT}, ["call.closes_before_it_opens"]),
        ({"period_end": date(2025, 5, 1)}, ["call.period_reversed"]),
        ({"days": 801}, ["call.period_too_long"]),
        ({"beamlines": 0}, ["call.beamlines_missing"]),
        ({"foreign_beamlines": ("X",)}, ["call.beamline_foreign"]),
        ({"most_beamlines": 0, "most_shifts": 0}, ["call.number_wrong", "call.number_wrong"]),
    ],
)
def test_call_is_told_all_that_is_wrong(change, codes):
    assert list(rules.is_sound_call(replace(CALL, **change)).codes) == codes


CHOICE = {"value": "yes", "label_zh": "是", "label_en": "Yes"}
QUESTION = {"key": "aim", "kind": "text", "label_zh": "目标", "label_en": "Aim"}


@pytest.mark.parametrize(
    ("questions", "codes"),
    [
        ([QUESTION], []),
        ([QUESTION, QUESTION], ["form.key_wrong"]),
        ([{**QUESTION, "key": "No Key"}], ["form.key_wrong"]),
        ([{**QUESTION, "kind": "song"}], ["form.kind_unknown"]),
        ([{**QUESTION, "label_zh": ""}], ["form.label_missing"]),
        ([{**QUESTION, "kind": "choice"}], ["form.choices_missing"]),
        ([{**QUESTION, "kind": "choice", "choices": [CHOICE]}], []),
        ([{**QUESTION, "kind": "choice", "choices": [CHOICE, CHOICE]}], ["form.choices_wrong"]),
        ([{**QUESTION, "kind": "choice", "choices": ["yes", "no"]}], ["form.choices_wrong"]),
        ([{**QUESTION, "kind": "choice", "choices": "yes"}], ["form.choices_wrong"]),
        ([{**QUESTION, "most": "long"}], ["form.most_wrong"]),
        ([{**QUESTION, "most": 0}], ["form.most_wrong"]),
        ([{**QUESTION, "most": 300}], []),
        ([{**QUESTION, "when": {"key": "later", "is": "x"}}], ["form.condition_unknown"]),
        ([QUESTION] * 61, ["form.too_long", *["form.key_wrong"] * 60]),
    ],
)
def test_form_is_told_all_that_is_wrong(questions, codes):
    assert list(rules.is_sound_form(questions).codes) == codes


def test_pools_periods_pins_visits_and_reports():
    pool = rules.PoolFacts("industry", False, (0.1, 0.2), (None, None))
    assert rules.may_set_pool(pool).codes == ()
    assert rules.may_set_pool(replace(pool, rule="funder")).codes == ("pool.funder_missing",)
    assert rules.may_set_pool(replace(pool, shares=(None, None))).codes == ("pool.limits_nothing",)
    assert rules.may_set_pool(replace(pool, shares=(0.5, 2.0))).codes == ("pool.share_wrong",)
    assert rules.may_set_pool(replace(pool, shifts=(5, 2))).codes == ("pool.least_above_most",)
    period = rules.PeriodFacts("run", ("run",), date(2025, 1, 1), date(2025, 2, 1), "", False)
    assert rules.may_set_period(period).codes == ()
    wrong = replace(period, kind="party", end=date(2025, 1, 1), beamline="X")
    assert rules.may_set_period(wrong).codes == ("beam.kind_unknown", "beam.ends_before_start", "beam.beamline_unknown")
    pin = rules.PinFacts("recommended", frozenset([1]), 1, None, (date(2025, 6, 1), date(2025, 6, 9)), 6, (3, 9), "why")
    assert rules.may_pin(pin).codes == ()
    wrong_pin = replace(pin, state="closed", beamline_id=2, day=date(2025, 7, 1), shifts=1, reason="")
    assert set(rules.may_pin(wrong_pin).codes) == {
        "pin.wrong_state",
        "pin.beamline_not_accepted",
        "pin.day_outside",
        "pin.shifts_wrong",
        "pin.reason_missing",
    }
    begun = rules.may_begin_visit(state="planned", members=1, uncleared=["A"], samples_open=["s"])
    assert begun.codes == ("visit.not_cleared", "visit.sample_not_approved")
    assert not begun.allowed(waived=("visit.sample_not_approved",))
    done = rules.FinishFacts("running", 9, Decimal(70), Decimal(2), "", "")
    assert rules.may_finish_visit(done).codes == ("visit.lost_reason_missing", "visit.handover_missing")
    assert rules.may_report(state="due", proposal_state="running", text="").codes == (
        "report.not_due",
        "report.text_missing",
    )
    ready = rules.PublishFacts("solved", (), (), False)
    assert rules.may_publish(ready).codes == ()
    assert rules.may_publish(replace(ready, state="queued", faults=["x"], stale=["y"], newer_version=True)).codes == (
        "schedule.not_planned",
        "schedule.fault",
        "schedule.stale",
        "schedule.overtaken",
    )
    assert rules.may_send_letters(pending=0, undecided=1).codes == ("letters.none", "letters.undecided")
