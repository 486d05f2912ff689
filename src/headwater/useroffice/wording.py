"""The user office's reasons, states and notices in words. The Chinese stands in the site's message catalogue."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _, pgettext_lazy

from headwater.accounts.notices import NoticeWording
from headwater.accounts.words import Wording
from headwater.useroffice.block_wording import BLOCK_FIELDS, BLOCK_NOTICES, BLOCK_REASONS, SHARE_REASONS

ACTS = {
    "beam.calendar_set": _("beam calendar set"),
    "beamline.scientist_set": _("beamline scientist set"),
    "call.changed": _("call changed"),
    "call.made": _("call prepared"),
    "call.stage": _("call announced or completed"),
    "block.changed": _("block changed"),
    "block.divided": _("share of a block changed"),
    "block.member_set": _("member of a block named"),
    "block.opened": _("block opened"),
    "block.passed": _("shifts of a block passed on"),
    "block.returned": _("shifts of a block returned"),
    "conflict.declared": _("conflict of interest declared"),
    "feasibility.judged": _("feasibility judged"),
    "feedback.given": _("feedback given"),
    "history.loaded": _("past projects loaded"),
    "round.made_up": _("made-up round loaded"),
    "letter.noted": _("sentence added to a letter"),
    "letters.sent": _("decisions told"),
    "output.added": _("publication added"),
    "outputs.imported": _("publications taken in"),
    "panel.made": _("panel founded"),
    "part.moved": _("sub-project moved"),
    "panel.member_set": _("panel member set"),
    "pool.set": _("pool set"),
    "pool.dropped": _("pool taken away"),
    "proposal.begun": _("proposal begun"),
    "proposal.changed": _("proposal changed"),
    "proposal.file_added": _("file added"),
    "proposal.invitation_answered": _("invitation answered"),
    "proposal.invited": _("co-proposer invited"),
    "proposal.marked": _("proposal marked by the office"),
    "proposal.member_removed": _("co-proposer removed"),
    "proposal.pinned": _("proposal fixed by the office"),
    "proposal.unpinned": _("proposal freed by the office"),
    "proposal.reviewer_excluded": _("reviewer excluded"),
    "proposal.rights_set": _("rights on the team changed"),
    "proposal.submit": _("proposal submitted"),
    "proposal.reopen": _("proposal taken back to a draft"),
    "proposal.withdraw": _("proposal withdrawn"),
    "proposal.check": _("feasibility asked for"),
    "proposal.feasible": _("found feasible"),
    "proposal.infeasible": _("found not feasible"),
    "proposal.reviewed": _("handed to the panel"),
    "proposal.recommend": _("recommended"),
    "proposal.reserve": _("put on the standby list"),
    "proposal.decline": _("declined by the panel"),
    "proposal.back": _("decision taken up again"),
    "proposal.schedule": _("scheduled"),
    "proposal.unschedule": _("taken off the schedule"),
    "proposal.left_over": _("left without beamtime"),
    "proposal.close": _("closed without beamtime"),
    "proposal.start": _("experiment begun"),
    "proposal.finish": _("experiment finished"),
    "proposal.accept_report": _("report accepted"),
    "proposal.evaluate": _("evaluated afterwards"),
    "report.submitted": _("report handed in"),
    "review.asked": _("review asked for"),
    "review.declined": _("review declined"),
    "review.given": _("review given"),
    "remark.added": _("remark added to the discussion"),
    "reviews.assigned": _("reviewers assigned"),
    "sample.moved": _("sample moved"),
    "scenario.made": _("scenario made"),
    "schedule.published": _("schedule published"),
    "track.set": _("track set"),
    "track.dropped": _("track taken away"),
    "visit.contact_set": _("local contact named"),
    "visit.visitor_set": _("visitor set"),
}


def _kinds_shown(facts: Mapping[str, object]) -> Mapping[str, object]:
    """The kinds of a conflict in words."""
    kinds = [kind.strip() for kind in str(facts["kinds"]).split(",")]
    return {**facts, "kinds": "; ".join(str(CONFLICTS.get(kind, kind)) for kind in kinds)}


REASONS = {
    "call.not_found": Wording(_("There is no such call, or it is not announced yet."), 404),
    "call.not_open": Wording(_("The call is not open for proposals at this time. Look at its dates."), 409),
    "call.still_open": Wording(_("The call is still open. Wait until it closes."), 409),
    "call.wrong_stage": Wording(_("A call goes from preparation to announced, and from there to completed."), 409),
    "call.undecided": Wording(
        _("Proposals of this call that have no outcome yet: %(number)s. Decide them, and complete the call then."), 409
    ),
    "call.name_missing": Wording(_("Give the name in Chinese and in English."), 422),
    "call.code_wrong": Wording(_("“%(value)s” can't be a code. Use up to 20 letters, digits and hyphens."), 422),
    "call.code_taken": Wording(_("Another call of this facility has the code “%(value)s” already."), 422),
    "call.deadline_missing": Wording(_("A call in rounds needs a day on which it closes."), 422),
    "call.closes_before_it_opens": Wording(_("The call closes before it opens."), 422),
    "call.period_reversed": Wording(_("The last day of beamtime is before the first."), 422),
    "call.period_too_long": Wording(_("A period of %(days)s days is too long; 800 is the most."), 422),
    "call.beamlines_missing": Wording(_("Choose at least one beamline."), 422),
    "call.beamline_foreign": Wording(_("%(name)s is no beamline of this facility."), 422),
    "call.number_wrong": Wording(_("This must be from %(least)s to %(most)s."), 422),
    "facility.not_found": Wording(_("There is no such facility."), 404),
    "track.in_use": Wording(_("Reviewers were asked in this track already; its stages stay as they are."), 409),
    "track.not_found": Wording(_("The call has no such track or stage of review."), 404),
    "panel.not_found": Wording(_("There is no such panel."), 404),
    "pool.funder_missing": Wording(_("A funder's pool must name the organisation that funds."), 422),
    "pool.limits_nothing": Wording(_("The pool limits nothing. Give a least or a most."), 422),
    "pool.share_wrong": Wording(_("A share must be from 0 to 1."), 422),
    "pool.least_above_most": Wording(_("The pool's least is above its most."), 422),
    "beam.kind_unknown": Wording(_("“%(value)s” is no kind of days. Use one of %(kinds)s."), 422),
    "beam.ends_before_start": Wording(_("The days from %(start)s end before they start."), 422),
    "beam.too_long": Wording(_("The days from %(start)s are more than 800."), 422),
    "beam.beamline_unknown": Wording(
        _(
            "No beamline of this facility is known as “%(value)s”. Use the first word of its English name, such as BL01."
        ),
        422,
    ),
    "beam.unreadable": Wording(
        _("Line %(line)s of the file can't be read. Give kind, start, end (the last day), beamline and note."), 422
    ),
    "beam.day_wrong": Wording(
        _("Line %(line)s of the file, column %(column)s: “%(value)s” is no day. Write it as 2026-03-01."), 422
    ),
    "beam.endless": Wording(
        _("The event that ends on line %(line)s repeats without an end, or more than %(most)s times. Give it an end."),
        422,
    ),
    "userprogramme.not_yours": Wording(_("Only the facility's user office may do this."), 403),
    "beamline.not_yours": Wording(_("Only the beamline's scientists may judge feasibility on it."), 403),
    "proposal.not_found": Wording(_("There is no such proposal, or it is not shown to you."), 404),
    "proposal.conflict": Wording(
        _("You have a conflict of interest with this proposal (%(kinds)s), so it is closed to you."), 403, _kinds_shown
    ),
    "proposal.anonymous_own_review": Wording(
        _("In this call you see the proposers' names once your own review is in, or once the panel has the proposals."),
        403,
    ),
    "proposal.anonymous_panel": Wording(
        _("In this call the proposers' names are shown once the panel has the proposals."), 403
    ),
    "proposal.anonymous_decision": Wording(
        _("In this call the proposers' names are not shown before the decision."), 403
    ),
    "review.reviewers_hidden": Wording(_("In this call reviewers' names are not shown to you."), 403),
    "discussion.not_yours": Wording(
        _("The discussion is for the user office, the panel and the proposal's reviewers alone."), 403
    ),
    "discussion.closed": Wording(_("The discussion is open while the proposal is with reviewers or the panel."), 409),
    "discussion.empty": Wording(_("Write something."), 422),
    "track.panel_foreign": Wording(_("This panel is not of this facility."), 422),
    "track.mode_without_review": Wording(
        _("In this mode of access there is no review, so a track has no stages."), 422
    ),
    "track.stages_missing": Wording(_("Give the track at least one stage of review."), 422),
    "track.too_many_stages": Wording(_("A track may have at most %(most)s stages."), 422),
    "track.has_proposals": Wording(_("%(number)s proposals take this track; it stays."), 409),
    "track.is_last": Wording(_("A call needs at least one track."), 409),
    "stage.name_missing": Wording(_("Stage %(number)s needs a name in Chinese and in English."), 422),
    "stage.weight_wrong": Wording(_("The weight of stage %(number)s must be above 0 and below 1,000."), 422),
    "stage.needed_wrong": Wording(_("Stage %(number)s may ask for 1 to %(most)s reviews."), 422),
    "stage.criteria_number": Wording(_("Stage %(number)s needs from 1 to %(most)s criteria."), 422),
    "stage.key_wrong": Wording(
        _("Stage %(number)s: “%(value)s” is no key of its own. Use small letters, digits and underscores."), 422
    ),
    "stage.criterion_wrong": Wording(
        _("Stage %(number)s: give the criterion “%(value)s” a weight above 0 and a name in both languages."), 422
    ),
    "pool.not_found": Wording(_("The call has no such pool."), 404),
    "proposal.not_yours_to_edit": Wording(_("The proposer has not given you the right to edit."), 403),
    "proposal.not_yours_to_submit": Wording(_("Only the proposer, or whom she gave the right, may do this."), 403),
    "proposal.no_draft": Wording(_("The proposal was submitted. Take it back to a draft to change it."), 409),
    "proposal.changed_meanwhile": Wording(
        _(
            "Somebody changed the draft while you worked on it (you read version %(yours)s, it is now %(now)s). Look at the newer one and try again."
        ),
        409,
    ),
    "proposal.wrong_state": Wording(_("This step is not open to the proposal in its present state."), 409),
    "draft.title_missing": Wording(_("The proposal has no title."), 422),
    "draft.abstract_missing": Wording(_("The abstract is missing."), 422),
    "draft.text_too_long": Wording(_("The text has %(have)s characters; %(most)s is the most."), 422),
    "draft.organisation_missing": Wording(_("Choose the organisation you apply for."), 422),
    "draft.beamlines_missing": Wording(_("Choose a beamline."), 422),
    "draft.too_many_beamlines": Wording(_("Choose at most %(most)s beamlines."), 422),
    "draft.beamline_not_in_call": Wording(_("%(name)s takes no part in this call."), 422),
    "draft.shifts_out_of_range": Wording(_("Ask for 1 to %(most)s shifts."), 422),
    "draft.minimum_wrong": Wording(_("The fewest useful shifts must be from 1 to %(most)s."), 422),
    "draft.blackout_reversed": Wording(_("The days away from %(day)s end before they start."), 422),
    "draft.no_free_run": Wording(
        _("With these days away the longest run of beam has %(longest)s days; your fewest shifts need %(needed)s."), 200
    ),
    "draft.answer_missing": Wording(_("This question must be answered."), 422),
    "draft.answer_unknown": Wording(_("“%(value)s” is none of the choices."), 422),
    "draft.answer_no_number": Wording(_("“%(value)s” is no number."), 422),
    "draft.answer_no_date": Wording(_("“%(value)s” is no day. Write it as 2026-03-01."), 422),
    "draft.answer_too_small": Wording(_("%(value)s is too small; %(least)s is the least."), 422),
    "draft.answer_too_great": Wording(_("%(value)s is too great; %(most)s is the most."), 422),
    "draft.unknown": Wording(_("%(field)s: “%(value)s” is not known here, or is not yours. Nothing was kept."), 422),
    "draft.hazards_missing": Wording(_("Say which hazards the sample %(name)s has, or that it has none."), 422),
    "draft.hazard_unknown": Wording(_("“%(value)s” is no hazard that is known here."), 422),
    "draft.invitations_open": Wording(_("%(number)s co-proposers have not accepted yet."), 200),
    "draft.control_characters": Wording(_("A text holds characters that can't be stored. Write it anew."), 422),
    "team.email_wrong": Wording(_("“%(value)s” is no e-mail address."), 422),
    "team.there_already": Wording(_("%(value)s is on the team already."), 422),
    "team.nobody_to_exclude": Wording(
        _("Nobody with the address “%(value)s” has an account here, so nobody of that address is asked to judge."), 422
    ),
    "team.full": Wording(_("A team may have at most %(most)s people."), 422),
    "invitation.not_found": Wording(
        _("There is no such invitation for your address. Confirm your address if you have not yet."), 404
    ),
    "file.question_unknown": Wording(_("The form asks for no such file."), 422),
    "file.size": Wording(_("The file is empty or larger than %(most)s MB."), 422),
    "file.kind": Wording(_("The file must be one of these: %(kinds)s."), 422),
    "feasibility.too_late": Wording(_("Feasibility of this proposal was settled already."), 409),
    "feasibility.unknown": Wording(_("Choose a verdict."), 422),
    "feasibility.reason_missing": Wording(_("Write down the conditions or the reason."), 422),
    "assign.no_panel": Wording(_("A track has no panel. Give it one first."), 409),
    "assign.too_few": Wording(
        _(
            "Too few reviewers. Needed for %(proposals)s: %(needed)s reviews; those free of conflict may give %(room)s. Add members, raise loads, or ask for fewer reviews."
        ),
        409,
    ),
    "assign.too_few_drawn": Wording(
        _(
            "Too few reviewers to draw from. Needed for %(proposals)s: %(needed)s reviews; those free of conflict may give %(room)s, as none may be drawn with a greater chance than %(cap)s. Add members, raise loads, ask for fewer reviews, or raise the chance in the call."
        ),
        409,
    ),
    "review.not_found": Wording(_("There is no such review of yours."), 404),
    "review.hidden": Wording(_("The reviews of this proposal are not shown to you."), 403),
    "review.own_first": Wording(_("Give your own review first; then you see the others'."), 403),
    "review.not_asked": Wording(_("This review was declined or handed on."), 409),
    "review.given_already": Wording(
        _("Your review is given. If you found a conflict of interest, declare it on the proposal's page."), 409
    ),
    "review.closed": Wording(_("The proposal is not in review."), 409),
    "review.score_missing": Wording(_("Give a score from 1 to 5."), 422),
    "review.text_missing": Wording(_("Write a few words for the panel."), 422),
    "review.not_on_panel": Wording(_("This person is not on the track's panel."), 409),
    "review.load_full": Wording(
        _("This person has %(load)s reviews already; %(most)s is the most. A ground lets you ask all the same."), 409
    ),
    "review.reason_missing": Wording(_("Say why you decline."), 422),
    "review.to_herself": Wording(_("Hand the review on to somebody else."), 422),
    "panel.not_yours": Wording(_("Only members of the panel and the user office may decide."), 403),
    "panel.reviews_missing": Wording(
        _("%(have)s of %(need)s reviews are in. A ground lets you decide all the same."), 409
    ),
    "panel.proposals_lack_reviews": Wording(
        _("%(have)s of %(need)s proposals have all their reviews. A ground lets you go on all the same."), 409
    ),
    "panel.reason_missing": Wording(_("Write down the reason."), 422),
    "panel.kind_unknown": Wording(_("Choose recommend, standby list or decline."), 422),
    "letters.none": Wording(_("No decision waits to be told."), 409),
    "letters.undecided": Wording(
        _("%(number)s proposals have no outcome yet. A ground lets you tell the others now."), 409
    ),
    "letters.one_language": Wording(_("Write the sentence in both languages."), 422),
    "pin.wrong_state": Wording(_("Only what is recommended, on standby or scheduled can be fixed."), 409),
    "pin.beamline_not_accepted": Wording(_("The proposal does not accept this beamline."), 422),
    "pin.banned_too": Wording(_("The same beamline is fixed and kept away."), 422),
    "pin.day_outside": Wording(_("The day is outside the call's period."), 422),
    "pin.shifts_wrong": Wording(_("Fix from %(least)s to %(most)s shifts."), 422),
    "pin.reason_missing": Wording(_("Write down why it is fixed."), 422),
    "scenario.nobody_asks": Wording(_("No proposal is recommended, on standby or scheduled."), 409),
    "scenario.wish_without_place": Wording(
        _("This plan gave the proposal %(proposal)s no place that could be kept or barred."), 422
    ),
    "scenario.seconds_wrong": Wording(_("Give from 1 to %(most)s seconds."), 422),
    "scenario.nothing_published": Wording(_("No schedule is published yet to start from."), 422),
    "scenario.not_found": Wording(_("There is no such scenario."), 404),
    "schedule.not_planned": Wording(_("The scenario has no plan."), 409),
    "schedule.fault": Wording(_("The plan no longer fits: %(what)s. Plan again."), 409),
    "schedule.stale": Wording(_("The proposal %(proposal)s is no longer in the round. Plan again."), 409),
    "schedule.overtaken": Wording(_("A newer version was published since this was planned. Plan again from it."), 409),
    "visit.not_found": Wording(_("There is no such visit."), 404),
    "visit.not_yours": Wording(
        _("Only the local contact, the beamline's scientists and the user office may do this."), 403
    ),
    "visit.wrong_state": Wording(_("This step is not open to the visit in its present state."), 409),
    "visit.name_missing": Wording(_("Give a name."), 422),
    "visit.nobody_comes": Wording(_("Nobody is named who comes."), 409),
    "visit.not_cleared": Wording(_("%(name)s has no safety training that counts. Train her, or clear her."), 409),
    "visit.sample_not_approved": Wording(
        _("The sample %(name)s is not approved. A ground lets you begin all the same."), 409
    ),
    "visit.too_early": Wording(
        _("The experiment begins on %(start)s. A ground lets you begin it earlier all the same."), 409
    ),
    "visit.hours_lost_too_many": Wording(
        _("Of %(shifts)s shifts at most %(most)s hours can be lost. Correct the hours lost."), 422
    ),
    "visit.hours_wrong": Wording(_("Hours must be from 0 to 10,000."), 422),
    "visit.lost_reason_missing": Wording(_("Say why hours were lost."), 422),
    "visit.handover_missing": Wording(_("Write down the handover."), 422),
    "sample.unknown": Wording(_("There is no such sample or state."), 422),
    "report.not_due": Wording(_("No report is due on this proposal."), 409),
    "report.text_missing": Wording(_("The report is empty."), 422),
    "report.not_submitted": Wording(_("No report was handed in."), 409),
    "report.grade_wrong": Wording(_("Give a grade from 1 to 5."), 422),
    "feedback.rating_wrong": Wording(_("Give from 1 to 5."), 422),
    "output.doi_wrong": Wording(_("“%(value)s” is no DOI. It begins with 10. and has a slash."), 422),
    "output.title_missing": Wording(_("A publication has no title."), 422),
    "output.year_wrong": Wording(_("%(value)s is no year of publication."), 422),
    "output.too_many": Wording(_("The file has more than %(most)s records. Split it."), 422),
    "output.unreadable": Wording(_("Line %(line)s of the file is no JSON in UTF-8."), 422),
    "output.record_wrong": Wording(
        _("Record %(number)s is shaped neither as Crossref's nor as OpenAlex's: it needs a DOI, a title and a year."),
        422,
    ),
    "schedule.none": Wording(_("No schedule is published yet."), 404),
    **BLOCK_REASONS,
    **SHARE_REASONS,
}

# Fields of the audit trail.
FIELDS: dict[str, object] = {
    "accepted": _("accepted"),
    "beamline": _("Beamline"),
    "beamlines": _("Beamlines"),
    "call": _("Call"),
    "carry_over": _("carried over"),
    "cleared": _("safety training in order"),
    "conflict": _("Conflict of interest"),
    "credited": _("shifts credited back"),
    "day": _("First day"),
    "discretionary": _("at the director's discretion"),
    "file": _("File"),
    "given_h": _("Hours given"),
    "grade": _("grade"),
    "kind": _("Decision"),
    "lost_h": _("Hours lost"),
    "may_edit": _("may edit"),
    "may_submit": _("may submit and withdraw"),
    "number": _("number of the paper"),
    "paper": _("fingerprint of the paper"),
    "person": _("person"),
    "place": _("Where it is"),
    "rank": _("Rank"),
    "rating": _("rating"),
    "review": _("Review"),
    "remark": _("number of the remark"),
    "reviews": _("Reviews"),
    "sample": _("Sample"),
    "shifts": _("shifts"),
    "verdict": _("Verdict"),
    "version": _("version"),
    **BLOCK_FIELDS,
}

TOPICS: Mapping[str, object] = {
    "proposal": pgettext_lazy("for beamtime", "Your proposals"),
    "feasibility": _("Feasibility asked of you"),
    "review": _("Reviews asked of you"),
    "decision": _("Decisions on your proposals"),
    "schedule": _("Changes of your beamtime"),
    "report": _("Reports that are due"),
    "block": _("Blocks that you share"),
}

NOTICES = {
    "proposal.invitation": NoticeWording(
        _("You are invited to a beamtime proposal"),
        _("%(by)s asks you to join the proposal “%(title)s”. Accept or decline on the page “Beamtime”."),
    ),
    "proposal.received": NoticeWording(
        _("Your proposal %(proposal)s was received"),
        _(
            "Your proposal “%(title)s” was received under the number %(proposal)s. Its page has the paper as it was submitted."
        ),
    ),
    "feasibility.asked": NoticeWording(
        _("Feasibility of %(proposal)s"), _("You are asked to judge the feasibility of %(proposal)s on %(beamline)s.")
    ),
    "review.asked": NoticeWording(
        _("You are asked for reviews"), _("You are asked for %(number)s reviews in the call “%(call)s”.")
    ),
    "decision.scheduled": NoticeWording(
        _("Beamtime for %(proposal)s"),
        _("Your proposal “%(title)s” was granted %(shifts)s shifts on %(beamline)s from %(start)s. %(note)s"),
    ),
    "decision.standby": NoticeWording(
        _("%(proposal)s is on the standby list"),
        _(
            "Your proposal “%(title)s” is on the standby list of the call “%(call)s”: it gets beam that becomes free. %(reason)s %(note)s"
        ),
    ),
    "decision.declined": NoticeWording(
        _("Decision on %(proposal)s"),
        _("Your proposal “%(title)s” was not given beamtime in the call “%(call)s”. %(reason)s %(note)s"),
    ),
    "decision.infeasible": NoticeWording(
        _("Decision on %(proposal)s"),
        _("Your proposal “%(title)s” can't be done on the beamlines it asks for; its page has the reasons. %(note)s"),
    ),
    "schedule.moved": NoticeWording(
        _("The beamtime of %(proposal)s was moved"),
        _("The beamtime of “%(title)s” is now %(shifts)s shifts on %(beamline)s from %(start)s until %(end)s."),
    ),
    "schedule.dropped": NoticeWording(
        _("The beamtime of %(proposal)s was taken off the schedule"),
        _("The beamtime of “%(title)s” was taken off the schedule; it is on the standby list."),
    ),
    "report.due": NoticeWording(
        _("A report is due on %(proposal)s"), _("The report on “%(title)s” is due on %(due)s.")
    ),
    **BLOCK_NOTICES,
}

# What a proposer sees of the state; a test holds the list complete.
PUBLIC_STATES: Mapping[str, object] = {
    "draft": _("Draft"),
    "submitted": _("Submitted"),
    "withdrawn": _("Withdrawn"),
    "under_review": _("Under review"),
    "infeasible": _("Not feasible"),
    "recommended": _("Accepted; its days follow"),
    "standby": _("On the standby list"),
    "declined": _("Not given beamtime"),
    "scheduled": _("Beamtime granted"),
    "running": _("Experiment running"),
    "reporting": _("Report due"),
    "evaluation": _("Being evaluated"),
    "closed": _("Completed"),
}

# What a proposer can expect or has to do then.
NEXT: Mapping[str, object] = {
    "draft": _("Only the team sees it. Submit it before the call closes."),
    "submitted": _(
        "Once the call has closed the beamlines look whether it can be done; calls without a deadline, at once."
    ),
    "withdrawn": _("It is out of the call for good."),
    "under_review": _("Beamlines, reviewers and the panel look at it. The decision is told here and by mail."),
    "infeasible": _("What the beamlines say stands below. Ask them before you apply anew."),
    "recommended": _("The beamline's scientists or the user office give it days, and you are told."),
    "standby": _("It gets beam that becomes free; you are told at once."),
    "declined": _("You may apply again in a later call."),
    "scheduled": _("See on the visit's page who still needs safety training and which samples wait for approval."),
    "running": _("When the experiment has ended, a report falls due."),
    "reporting": _("Hand in the report. Reviewers of later proposals may see whether it came in time."),
    "evaluation": _("The report is read and graded."),
    "closed": _("Link the publications that come of it."),
}

# The same where no reviewer or panel looks before the beam.
NEXT_DIRECT: Mapping[str, object] = {
    "submitted": _("Its beamlines look whether it can be done."),
    "under_review": _("Its beamlines and the user office look at it. The decision is told here and by mail."),
    "evaluation": _("The report is read and graded: this takes the place of a review before the beam."),
}

HAZARDS: Mapping[str, object] = {
    "none": _("none"),
    "chemical": _("chemical"),
    "biological": _("biological"),
    "radioactive": _("radioactive"),
    "laser": _("laser"),
    "pressure": _("pressure"),
    "cryogenic": _("cryogenic"),
    "nano": _("nanomaterial"),
    "magnetic": _("magnetic field"),
}

CONFLICTS: Mapping[str, object] = {
    "author": _("on the team"),
    "organisation": _("same organisation"),
    "group": _("same research group"),
    "declared": _("declared by the reviewer"),
    "excluded": _("named by the proposers"),
    "coauthor": _("worked together in the last three years"),
}

# Why a proposal got what it got in a plan: the engine's reasons.
PLAN_REASONS: Mapping[str, object] = {
    "as_asked": _("Granted as asked."),
    "alternative": _("On %(beamline)s, its alternative to %(preferred)s."),
    "carry_over": _("It was promised beamtime before."),
    "pinned": _("Fixed by the office."),
    "banned": _("The office keeps it from %(beamlines)s."),
    "no_free_run": _(
        "%(beamline)s has no run of %(needed_days)s beam days outside its days away; the longest has %(longest_days)s."
    ),
    "full_above": _(
        "Proposals worth more hold every place; the cheapest is on %(beamline)s from %(start)s (%(displaced)s), and takes a weight above %(weight_needed)s."
    ),
    "held": _("%(beamline)s is held by promised or fixed proposals at every place it could have."),
    "share": _("%(beamline)s from %(start)s could be had, but the pool “%(share)s” would break."),
    "reserve": _("%(beamline)s from %(start)s could be had, but would take days kept for standby."),
    "no_merit": _("%(beamline)s from %(start)s is free, but would add no merit."),
    "not_proved": _("%(beamline)s from %(start)s would gain; the search ended before. Give it more time."),
    "shorter_would_fit": _("%(shifts)s shifts would fit on %(beamline)s from %(start)s."),
}

OUTCOMES: Mapping[str, object] = {
    "granted": _("granted"),
    "shortened": _("shortened"),
    "elsewhere": _("on an alternative"),
    "not": _("not granted"),
}

CHANGES: Mapping[str, object] = {
    "kept": _("kept"),
    "moved": _("moved"),
    "new": _("new"),
    "dropped": _("dropped"),
}

# What was asked differently of two plans.
ASKED: Mapping[str, object] = {
    "proposal_only": _("%(proposal)s is in this plan's round alone."),
    "pin": _("%(proposal)s is fixed in it: %(value)s."),
    "banned": _("%(proposal)s is kept from %(value)s."),
    "must": _("%(proposal)s is promised its minimum."),
    "weight": _("%(proposal)s weighs %(value)s a shift."),
    "requested": _("%(proposal)s asks for %(value)s shifts."),
    "minimum": _("%(proposal)s needs at least %(value)s shifts."),
    "beamlines": _("%(proposal)s accepts %(value)s."),
    "blackouts": _("%(proposal)s has other days away."),
    "beam_days": _("%(beamline)s has %(value)s days with beam."),
    "reserve": _("%(beamline)s keeps %(value)s of its days for standby."),
    "share": _("The pool “%(share)s” has other limits."),
    "from_published": _("It changes the published schedule as little as possible."),
    "seconds": _("It was searched for %(value)s seconds."),
}

LIMITS: Mapping[str, object] = {
    "must": _("the promise to %(about)s"),
    "pin": _("what is fixed for %(about)s"),
    "blackouts": _("the days away of %(about)s"),
    "ban": _("the beamlines kept from %(about)s"),
    "reserve": _("the standby reserve of %(about)s"),
    "min_share": _("the least share of the pool %(about)s"),
    "max_share": _("the most share of the pool %(about)s"),
    "min_shifts": _("the least shifts of the pool %(about)s"),
    "max_shifts": _("the most shifts of the pool %(about)s"),
}

# What to know where a counted figure stands beside a published one.
BESIDE: Mapping[str, object] = {
    "projects": _("Counted: past projects and proposals submitted here."),
    "regional_share": _(
        "Counted: projects by the organisation they come from. Published: people. The past has no people."
    ),
    "beamtime_met": _(
        "Counted: shifts granted of those asked for in calls here whose schedule is published; the past keeps only what was granted."
    ),
}

FIGURES: Mapping[str, tuple[object, object]] = {
    "projects": (_("Projects hosted"), _("projects")),
    "regional_share": (_("Share of projects from the region"), ""),
    "oversubscription": (_("Shifts asked for each shift granted, in calls on the platform"), ""),
    "beamtime_met": (_("Part of the shifts asked for that was granted, in calls on the platform"), ""),
    "outputs_per_shift": (_("Publications for each shift"), ""),
    "days_to_decision": (_("Days from the deadline to the decision"), _("d")),
    "days_to_beam": (_("Days from submission to beam"), _("d")),
    "reviews_per_reviewer": (_("Reviews for each reviewer"), ""),
    "hours_lost_share": (_("Share of hours lost"), ""),
    "part_funder": (_("Part of the allocated shifts that funders' pools got"), ""),
    "part_industry": (_("Part of the allocated shifts that industry's pools got"), ""),
    "part_region": (_("Part of the allocated shifts that the region's pools got"), ""),
    "part_outside": (_("Part of the allocated shifts that pools of those from outside got"), ""),
    "part_in_house": (_("Part of the allocated shifts that in-house pools got"), ""),
    "part_discretionary": (_("Part of the allocated shifts that the director's pools got"), ""),
}
