"""The words of blocks, their sub-projects and pools' shares: reasons and notices, taken in by `wording`."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _, pgettext_lazy

from headwater.accounts.notices import NoticeWording
from headwater.accounts.words import Wording

BLOCK_REASONS = {
    "block.not_found": Wording(_("There is no such block, or it is not shown to you."), 404),
    "block.not_yours": Wording(_("Only the group's leader and the user office may do this."), 403),
    "block.not_your_share": Wording(
        _("Only who answers for this member, the group's leader and the user office may use or move its share."), 403
    ),
    "block.other_mode": Wording(_("Only a proposal of a block allocation group can be given a block."), 409),
    "block.not_accepted": Wording(_("The group's proposal is not accepted yet. Decide on it first."), 409),
    "block.there_already": Wording(_("The group has its block already."), 409),
    "block.shifts_above_granted": Wording(
        _("Give the block from 1 to %(most)s shifts; that is what the group was granted."), 422
    ),
    "block.life_past": Wording(_("The block's last day is past. Give a later one."), 422),
    "block.life_too_long": Wording(_("A block lives for at most %(most)s days."), 422),
    "block.no_beamline": Wording(_("No beamline of the group's proposal was found fit."), 409),
    "block.below_divided": Wording(
        _("Give from %(least)s to %(most)s shifts: the members hold the least of it. Lower their shares first."), 422
    ),
    "block.ends_before_placed": Wording(
        _("A sub-project has beamtime on %(day)s; the block can't end before that day."), 422
    ),
    "block.reason_missing": Wording(_("Write down why: the change is kept with its reason."), 422),
    "block.member_there": Wording(_("The block has a member “%(name)s” already."), 422),
    "block.member_unknown": Wording(_("The block has no such member."), 404),
    "block.organisation_unknown": Wording(
        _("No single organisation of the record has this name. Give its public id or its whole name."), 422
    ),
    "block.too_many_members": Wording(_("A block may have at most %(most)s members."), 422),
    "block.share_below_used": Wording(
        _("The sub-projects of %(name)s hold %(used)s shifts; its share can't be %(wanted)s."), 422
    ),
    "block.shares_above_block": Wording(
        _("The shares come to %(wanted)s shifts; the block has %(shifts)s. Lower one of them."), 422
    ),
    "block.passes_to_itself": Wording(_("Choose another member to pass the shifts to."), 422),
    "block.not_so_many_left": Wording(_("%(name)s has %(left)s unused shifts. Give a number from 1 to that."), 409),
    "block.not_so_many_undivided": Wording(
        _("The block has %(left)s shifts that no member holds. Give a number from 1 to that."), 409
    ),
    "block.over": Wording(_("The block's last day is past; no sub-project can begin in it."), 409),
    "part.not_found": Wording(_("This proposal is no sub-project of a block."), 404),
    "part.share_too_small": Wording(
        _(
            "The sub-project asks for %(asked)s shifts; the share of %(name)s has %(left)s left. Ask for fewer, or have another member pass shifts on."
        ),
        409,
    ),
    "part.samples_missing": Wording(
        _("Name at least one sample with its hazards; a run without any says so in one line."), 422
    ),
    "part.too_many_wishes": Wording(_("Name at most %(most)s spans of wished days."), 422),
    "part.wish_reversed": Wording(_("The wished days from %(day)s end before they start."), 422),
    "part.wish_outside": Wording(
        _("The wished days from %(day)s are outside the block's life, %(first)s to %(last)s."), 422
    ),
    "part.not_ready": Wording(_("Only a sub-project that was found feasible can be given days."), 409),
    "part.beamline_unfit": Wording(
        _("The sub-project did not choose this beamline, or its scientists did not find it fit there."), 422
    ),
    "part.outside_life": Wording(_("These days are outside the block's life."), 422),
    "part.no_beam": Wording(
        _("On %(day)s the beamline has no beam for users, or it is given to others. Choose other days."), 409
    ),
    "part.outside_group_time": Wording(
        _("The group has no beamtime there at this time. Choose a shift inside of it, or beamtime of its own."), 409
    ),
    "part.group_time_full": Wording(
        _("The sub-project needs %(asked)s shifts; the group's beamtime there has %(left)s left."), 409
    ),
    "part.in_the_way": Wording(_("%(proposal)s has the beamline at this time. Choose another shift."), 409),
}

# What comes next for a sub-project's people, where it is other than for a proposal.
NEXT_WITHIN = {
    "draft": _("Only the team sees it. It takes its shifts of the share when it is submitted."),
    "submitted": _("The beamline looks whether it can be done, and safely."),
    "under_review": _("The beamline looks whether it can be done, and safely. The verdict is told here and by mail."),
    "withdrawn": _("Its shifts are back in the share."),
    "infeasible": _("What the beamline says stands below. Its shifts are back in the share."),
}
# Fields of the audit trail.
BLOCK_FIELDS = {
    "block": _("block"),
    "last_day": _("Last day"),
    "member": pgettext_lazy("of a block", "member"),
    "pools": _("Pools"),
    "samples_open": _("samples open to all members"),
    "share": pgettext_lazy("of a block", "share"),
    "start": pgettext_lazy("of beamtime", "beginning"),
}

SHARE_REASONS = {
    "share.not_yours": Wording(
        _("Only the facility's user office and those who manage a funding organisation see its shares."), 403
    ),
    "share.nothing_yet": Wording(_("Nothing is allocated yet."), 200),
    "share.nobody_asked": Wording(
        _(
            "%(short)s shifts under its least of %(least)s: nobody of it asked for beamtime, so the plan leaves its least out."
        ),
        200,
    ),
    "share.under_least": Wording(_("%(short)s shifts under its least of %(least)s."), 200),
    "share.over_most": Wording(_("%(over)s shifts over its most of %(most)s."), 200),
    "share.within_most": Wording(_("Within its promise; its most of %(most)s leaves %(room)s shifts."), 200),
    "share.within_least": Wording(_("Within its promise; %(above)s shifts above its least of %(least)s."), 200),
}

BLOCK_NOTICES = {
    "block.opened": NoticeWording(
        _("The block of %(proposal)s is open"),
        _("Your group “%(title)s” has a block of %(shifts)s shifts until %(end)s. Its page says who may use them."),
    ),
    "block.member": NoticeWording(
        _("You answer for %(name)s in the block of %(proposal)s"),
        _("You may ask for shifts from the share of %(name)s on the page of the block “%(title)s”."),
    ),
    "block.share": NoticeWording(
        _("The share of %(name)s is %(shifts)s shifts"),
        _("In the block of “%(title)s” the share of %(name)s is now %(shifts)s shifts. %(reason)s"),
    ),
    "block.taken": NoticeWording(
        _("%(name)s asks for %(shifts)s shifts of your block"),
        _("The sub-project %(proposal)s of %(name)s took %(shifts)s shifts; its share has %(left)s left."),
    ),
    "block.passed": NoticeWording(
        _("%(shifts)s shifts passed on in the block of %(proposal)s"),
        _("%(giver)s passed %(shifts)s shifts to %(taker)s. %(reason)s"),
    ),
    "block.returned": NoticeWording(
        _("%(shifts)s shifts come back from the block of %(proposal)s"),
        _("%(name)s returned %(shifts)s unused shifts. %(number)s proposals of the call wait on its standby list."),
    ),
    "decision.accepted": NoticeWording(
        _("%(proposal)s is accepted"),
        _("Your sub-project “%(title)s” was found feasible. Its days follow. %(note)s"),
    ),
    "decision.placed": NoticeWording(
        _("Beamtime for %(proposal)s"),
        _("Your sub-project “%(title)s” has %(shifts)s shifts on %(beamline)s from %(start)s."),
    ),
    "decision.unplaced": NoticeWording(
        _("%(proposal)s was taken off its days"),
        _("Your sub-project “%(title)s” keeps its shifts and waits for other days. %(reason)s"),
    ),
}
