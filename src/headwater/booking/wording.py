"""The reasons of booking in words. The Chinese stands in the site's message catalogue."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from headwater.accounts.notices import NoticeWording
from headwater.accounts.words import Wording

INVALID, CONFLICT = 422, 409

ACTS = {
    "booking.made": _("time booked"),
    "booking.moved": _("booking moved"),
    "booking.handed_over": _("booking handed over"),
    "booking.cancelled": _("booking cancelled"),
    "booking.displaced": _("booking cancelled for an outage"),
    "booking.approved": _("booking approved"),
    "booking.declined": _("booking declined"),
    "booking.expired": _("booking never approved"),
    "booking.missed": _("booking missed"),
    "hold.made": _("time held for the waiting list"),
    "hold.lapsed": _("held time not taken"),
    "hold.taken": _("held time taken"),
    "wish.made": _("waiting list joined"),
    "wish.withdrawn": _("waiting list left"),
    "use.started": _("use started"),
    "use.stopped": _("use stopped"),
    "use.settled": _("use that nobody stopped settled"),
    "policy.set": _("rules set"),
    "terminal.made": _("terminal set up"),
    "terminal.revoked": _("terminal revoked"),
    "terminal.rested": _("terminal stopped after wrong PINs or badges"),
    "pass.set": _("PIN or badge for terminals set"),
    "pass.dropped": _("PIN and badge for terminals given up"),
    "calendar.made_up": _("calendars filled with made-up bookings"),
    "outage.recorded": _("outage recorded"),
    "outage.ended": _("outage ended early"),
    "beamtime.placed": _("beamtime placed"),
    "beamtime.moved": _("beamtime moved"),
    "beamtime.released": _("beamtime released"),
    "course.announced": _("course announced"),
    "course.cancelled": _("course cancelled"),
    "course.signed_up": _("signed up for a course"),
    "course.left": _("course left"),
    "course.held": _("course held"),
    "interlock.set": _("interlock set"),
    "qualification.granted": _("qualification granted"),
    "qualification.revoked": _("qualification taken back"),
    "group.made": _("group made"),
    "group.renamed": _("group renamed"),
    "group.joined": _("people added to a group"),
    "group.left": _("people taken out of a group"),
    "group.dissolved": _("group dissolved"),
    "feed.opened": _("calendar address made"),
    "feed.closed": _("calendar address revoked"),
}

REASONS = {
    "booking.for_other": Wording(_("Only the instrument's managers may book for somebody else.")),
    "booking.not_by_booking": Wording(
        _("Time on this instrument is not given by booking. See on its page how to get it."), CONFLICT
    ),
    "booking.not_operating": Wording(
        _("The instrument is not operating at present. Ask its contact when it will be."), CONFLICT
    ),
    "booking.project_too_long": Wording(
        _("The project's name has %(have)s characters; the most is %(most)s. Shorten it."), INVALID
    ),
    "booking.note_too_long": Wording(_("The note has %(have)s characters; the most is %(most)s. Shorten it."), INVALID),
    "booking.ends_before_start": Wording(_("The time ends before it starts. Check both."), INVALID),
    "booking.in_the_past": Wording(_("This time is over. Choose a later one."), INVALID),
    "booking.too_soon": Wording(
        _("Bookings must be made %(notice)s minutes ahead. Choose a later time, or ask the manager."), CONFLICT
    ),
    "booking.too_far": Wording(
        _("Bookings can be made up to %(days)s days ahead. Choose an earlier time, or book again later."), CONFLICT
    ),
    "booking.too_short": Wording(
        _("This takes %(asked)s minutes; the least on this instrument is %(least)s."), CONFLICT
    ),
    "booking.too_long": Wording(
        _("This takes %(asked)s minutes; the most on this instrument is %(most)s. Take less, or ask the manager."),
        CONFLICT,
    ),
    "booking.off_grid": Wording(
        _(
            "Times on this instrument are whole multiples of %(step)s minutes after midnight. Choose such a start and end."
        ),
        CONFLICT,
    ),
    "booking.closed": Wording(
        _("%(minutes)s minutes of this lie outside the opening hours. Choose a time within them."), CONFLICT
    ),
    "booking.taken": Wording(
        _("It is taken from %(start)s until %(end)s (%(zone)s). Choose another time, or join the waiting list."),
        CONFLICT,
    ),
    "booking.held": Wording(
        _(
            "It is held from %(start)s until %(end)s (%(zone)s) for somebody on the waiting list. Choose another time, or join the list."
        ),
        CONFLICT,
    ),
    "booking.outage": Wording(
        _("The instrument is down from %(start)s until %(end)s (%(zone)s). Choose another time."), CONFLICT
    ),
    "booking.person_quota": Wording(
        _(
            "A person may have %(most)s minutes a week on this instrument. Of these %(have)s are booked in the week from %(week)s and %(left)s are left; this takes %(asked)s. Take less, or a time from %(until)s on."
        ),
        CONFLICT,
    ),
    "booking.person_peak_quota": Wording(
        _(
            "A person may have %(most)s minutes in the busy hours of a week on this instrument. Of these %(have)s are booked in the week from %(week)s and %(left)s are left; this takes %(asked)s of them. Take less, a time outside the busy hours, or one from %(until)s on."
        ),
        CONFLICT,
    ),
    "booking.person_off_peak_quota": Wording(
        _(
            "A person may have %(most)s minutes outside the busy hours of a week on this instrument. Of these %(have)s are booked in the week from %(week)s and %(left)s are left; this takes %(asked)s of them. Take less, or a time from %(until)s on."
        ),
        CONFLICT,
    ),
    "booking.organisation_quota": Wording(
        _(
            "The people of one organisation may have %(most)s minutes a week between them on this instrument. Of these %(have)s are booked in the week from %(week)s and %(left)s are left; this takes %(asked)s. Take less, or a time from %(until)s on."
        ),
        CONFLICT,
    ),
    "booking.organisation_peak_quota": Wording(
        _(
            "The people of one organisation may have %(most)s minutes in the busy hours of a week between them on this instrument. Of these %(have)s are booked in the week from %(week)s and %(left)s are left; this takes %(asked)s of them. Take less, a time outside the busy hours, or one from %(until)s on."
        ),
        CONFLICT,
    ),
    "booking.organisation_off_peak_quota": Wording(
        _(
            "The people of one organisation may have %(most)s minutes outside the busy hours of a week between them on this instrument. Of these %(have)s are booked in the week from %(week)s and %(left)s are left; this takes %(asked)s of them. Take less, or a time from %(until)s on."
        ),
        CONFLICT,
    ),
    "booking.group_quota": Wording(
        _(
            "The members of the group “%(whose)s” may have %(most)s minutes a week between them on this instrument. Of these %(have)s are booked in the week from %(week)s and %(left)s are left; this takes %(asked)s. Take less, or a time from %(until)s on."
        ),
        CONFLICT,
    ),
    "booking.group_peak_quota": Wording(
        _(
            "The members of the group “%(whose)s” may have %(most)s minutes in the busy hours of a week between them on this instrument. Of these %(have)s are booked in the week from %(week)s and %(left)s are left; this takes %(asked)s of them. Take less, a time outside the busy hours, or one from %(until)s on."
        ),
        CONFLICT,
    ),
    "booking.group_off_peak_quota": Wording(
        _(
            "The members of the group “%(whose)s” may have %(most)s minutes outside the busy hours of a week between them on this instrument. Of these %(have)s are booked in the week from %(week)s and %(left)s are left; this takes %(asked)s of them. Take less, or a time from %(until)s on."
        ),
        CONFLICT,
    ),
    "booking.person_quota_together": Wording(
        _(
            "A person may have %(most)s minutes a week on all instruments of %(owner)s whose limits count together. Of these %(have)s are booked in the week from %(week)s and %(left)s are left; this takes %(asked)s. Take less, or a time from %(until)s on."
        ),
        CONFLICT,
    ),
    "booking.person_peak_quota_together": Wording(
        _(
            "A person may have %(most)s minutes in the busy hours of a week on all instruments of %(owner)s whose limits count together. Of these %(have)s are booked in the week from %(week)s and %(left)s are left; this takes %(asked)s of them. Take less, a time outside the busy hours, or one from %(until)s on."
        ),
        CONFLICT,
    ),
    "booking.person_off_peak_quota_together": Wording(
        _(
            "A person may have %(most)s minutes outside the busy hours of a week on all instruments of %(owner)s whose limits count together. Of these %(have)s are booked in the week from %(week)s and %(left)s are left; this takes %(asked)s of them. Take less, or a time from %(until)s on."
        ),
        CONFLICT,
    ),
    "booking.organisation_quota_together": Wording(
        _(
            "The people of one organisation may have %(most)s minutes a week between them on all instruments of %(owner)s whose limits count together. Of these %(have)s are booked in the week from %(week)s and %(left)s are left; this takes %(asked)s. Take less, or a time from %(until)s on."
        ),
        CONFLICT,
    ),
    "booking.organisation_peak_quota_together": Wording(
        _(
            "The people of one organisation may have %(most)s minutes in the busy hours of a week between them on all instruments of %(owner)s whose limits count together. Of these %(have)s are booked in the week from %(week)s and %(left)s are left; this takes %(asked)s of them. Take less, a time outside the busy hours, or one from %(until)s on."
        ),
        CONFLICT,
    ),
    "booking.organisation_off_peak_quota_together": Wording(
        _(
            "The people of one organisation may have %(most)s minutes outside the busy hours of a week between them on all instruments of %(owner)s whose limits count together. Of these %(have)s are booked in the week from %(week)s and %(left)s are left; this takes %(asked)s of them. Take less, or a time from %(until)s on."
        ),
        CONFLICT,
    ),
    "booking.group_quota_together": Wording(
        _(
            "The members of the group “%(whose)s” may have %(most)s minutes a week between them on all instruments of %(owner)s whose limits count together. Of these %(have)s are booked in the week from %(week)s and %(left)s are left; this takes %(asked)s. Take less, or a time from %(until)s on."
        ),
        CONFLICT,
    ),
    "booking.group_peak_quota_together": Wording(
        _(
            "The members of the group “%(whose)s” may have %(most)s minutes in the busy hours of a week between them on all instruments of %(owner)s whose limits count together. Of these %(have)s are booked in the week from %(week)s and %(left)s are left; this takes %(asked)s of them. Take less, a time outside the busy hours, or one from %(until)s on."
        ),
        CONFLICT,
    ),
    "booking.group_off_peak_quota_together": Wording(
        _(
            "The members of the group “%(whose)s” may have %(most)s minutes outside the busy hours of a week between them on all instruments of %(owner)s whose limits count together. Of these %(have)s are booked in the week from %(week)s and %(left)s are left; this takes %(asked)s of them. Take less, or a time from %(until)s on."
        ),
        CONFLICT,
    ),
    "booking.their_quota": Wording(
        _(
            "In the week from %(week)s the limits of whoever it is for leave no room for this. Ask the instrument's manager, or take another week."
        ),
        CONFLICT,
    ),
    "group.not_found": Wording(_("There is no such group, or it is not shown to you."), 404),
    "group.no_owner": Wording(_("There is no such organisation."), 404),
    "group.code": Wording(
        _("A group's code has 1 to %(most)s characters, without line breaks. Choose another."), INVALID
    ),
    "group.name": Wording(
        _("A group needs a Chinese or an English name of up to %(most)s characters. Give one."), INVALID
    ),
    "group.code_taken": Wording(_("There is a group with the code %(code)s already. Choose another code."), CONFLICT),
    "group.too_many": Wording(_("An organisation has up to %(most)s groups. Dissolve one first."), CONFLICT),
    "group.too_large": Wording(_("A group has up to %(most)s members. Make a second group."), CONFLICT),
    "group.elsewhere": Wording(
        _("%(email)s is in the group %(code)s of this organisation. Take her out of it first."), CONFLICT
    ),
    "group.line": Wording(_("In line %(line)s the group %(code)s cannot be taken in."), INVALID),
    "group.line_twice": Wording(
        _("Line %(line)s: %(email)s is in another group in line %(first)s. Somebody is in one group at most."), INVALID
    ),
    "booking.shorter_instead": Wording(_("Shorter, at the time you want: %(start)s until %(end)s (%(zone)s)."), 200),
    "booking.next_course": Wording(
        _("The next training with a free place begins on %(start)s (%(zone)s); it has %(left)s left."), 200
    ),
    "booking.similar_here": Wording(_("A similar instrument is free at that time in the same place: %(name)s."), 200),
    "booking.similar_instead": Wording(_("A similar instrument is free at that time, %(km)s km away: %(name)s."), 200),
    "terminal.unknown": Wording(
        _("This terminal is not known, or it was revoked. Ask the instrument's manager for a new address."), 404
    ),
    "terminal.not_known": Wording(
        _("That is no PIN or badge that is known here. Check both; you set them on your bookings page."), 403
    ),
    "terminal.rests": Wording(
        _("Too many wrong PINs or badges: this terminal takes none until %(until)s. Start and stop on your own page."),
        429,
    ),
    "terminal.name": Wording(_("Give the terminal a name of at most %(most)s characters."), INVALID),
    "terminal.too_many": Wording(
        _("There are %(have)s terminals, the most an instrument may have. Revoke one first."), CONFLICT
    ),
    "pin.shape": Wording(_("A PIN has %(least)s to %(most)s digits."), INVALID),
    "pin.weak": Wording(
        _("This PIN is among the first that are guessed. Choose one with more different digits."), INVALID
    ),
    "badge.shape": Wording(_("A badge's code has %(least)s to %(most)s letters, digits or signs."), INVALID),
    "badge.taken": Wording(_("This badge is somebody else's already. Check its code."), CONFLICT),
    "booking.similar_by_rail": Wording(
        _("A similar instrument is free at that time, %(minutes)s minutes away by rail, door to door: %(name)s."), 200
    ),
    "booking.free_instead": Wording(_("Free instead: %(start)s until %(end)s (%(zone)s)."), 200),
    "booking.not_qualified": Wording(
        _(
            "This instrument is for people who have been trained on it, and you are not, or not any more. Ask its contact for the next training."
        )
    ),
    "booking.qualification_ends": Wording(
        _("Your qualification ends on %(until)s, before this time is over. Renew it, or choose an earlier time.")
    ),
    "booking.too_many_missed": Wording(
        _(
            "In the last 90 days you did not turn up for, or gave up too late, %(missed)s bookings. Ask the manager to let you book again."
        )
    ),
    "booking.needs_approval": Wording(_("A manager has to approve this; the time is kept for you until then."), 200),
    "booking.collided": Wording(
        _("Too many people are booking this instrument at the same moment. Nothing was booked; try again."), CONFLICT
    ),
    "reservation.not_found": Wording(_("There is no such reservation, or it is not yours."), 404),
    "reservation.changed_meanwhile": Wording(
        _(
            "The reservation was changed while you looked at it (you read version %(yours)s, it is now %(now)s). Look at it again."
        ),
        CONFLICT,
    ),
    "reservation.state_forbids": Wording(
        _("The reservation is in a state in which this can't be done any more. Look at it again."), CONFLICT
    ),
    "reservation.kind_forbids": Wording(_("This can't be done to this kind of reservation."), CONFLICT),
    "hold.lapsed": Wording(
        _("The time was held for you, but you did not take it in time. Join the waiting list again."), CONFLICT
    ),
    "series.shape": Wording(_("A series has 2 to %(most)s bookings, 1 to 366 days apart."), INVALID),
    "series.day": Wording(_("These are the reasons for %(day)s."), 200),
    "series.empty": Wording(_("No day of the series is left. Leave out fewer days."), INVALID),
    "wish.does_not_fit": Wording(
        _("%(minutes)s minutes do not fit into the window you gave. Widen it, or ask for less."), INVALID
    ),
    "wish.window_too_long": Wording(_("A window may span %(most)s days at most. Narrow it."), INVALID),
    "wish.too_many": Wording(
        _("You wait for %(have)s times already, the most there may be. Leave one of the lists."), CONFLICT
    ),
    "wish.not_found": Wording(_("There is no such wish on a waiting list, or it is not yours."), 404),
    "waiver.not_yours": Wording(_("Only the instrument's managers may pass its rules.")),
    "beamtime.not_yours": Wording(
        _("You may not place beamtime on the instrument %(instrument)s, or there is none such.")
    ),
    "beamtime.unsound": Wording(
        _(
            "The beamtime “%(reference)s” has no reference of its own of at most 60 characters, or ends before it starts. Check it."
        ),
        INVALID,
    ),
    "beamtime.overlaps_itself": Wording(
        _("The beamtime “%(reference)s” overlaps another of the same set. Move one of them."), INVALID
    ),
    "beamtime.stands": Wording(
        _(
            "On %(instrument)s something stands in the way from %(start)s until %(end)s (%(zone)s). Move the beamtime, or clear the time first."
        ),
        CONFLICT,
    ),
    "beamtime.too_many": Wording(
        _("A set of %(have)s pieces is more than the %(most)s that are placed at once. Split it."), INVALID
    ),
    "course.not_found": Wording(_("There is no such course, or its instrument is not shown to you."), 404),
    "course.closed": Wording(_("This course takes no sign-ups any more. Choose another one."), CONFLICT),
    "course.was_cancelled": Wording(_("This course was cancelled: nobody can have passed it."), CONFLICT),
    "course.not_begun": Wording(
        _("This course begins at %(start)s (%(zone)s). Write down who passed when it has been held."), CONFLICT
    ),
    "course.full": Wording(_("All %(places)s places of this course are taken. Choose another one."), CONFLICT),
    "course.places": Wording(_("A course has 1 to %(most)s places."), INVALID),
    "course.fewer_than_taken": Wording(_("%(taken)s places are taken already; the course can't have fewer."), CONFLICT),
    "course.too_long": Wording(_("A course lasts %(most)s days at most."), INVALID),
    "interlock.unreadable": Wording(
        _("This is no address that can be told of anything. Write it as https://lock.lab.example.org/headwater."),
        INVALID,
    ),
    "interlock.host_forbidden": Wording(
        _(
            "The operator of this node does not let “%(host)s” be told of anything. Ask the operator to add it to HEADWATER_INTERLOCK_HOSTS."
        ),
        CONFLICT,
    ),
    "outage.stands": Wording(
        _(
            "From %(start)s until %(end)s there stands an outage, beamtime or use that an outage can't displace. Choose the time around it."
        ),
        CONFLICT,
    ),
    "usage.in_use": Wording(
        _("The instrument is in use. Whoever uses it, or a manager, has to stop that first."), CONFLICT
    ),
    "usage.reserved": Wording(_("It is reserved for somebody else from %(start)s until %(end)s (%(zone)s)."), CONFLICT),
    "usage.without_reservation": Wording(_("You use it without a reservation; another's booking goes first."), 200),
    "usage.none": Wording(_("There is no use of yours to stop on this instrument."), CONFLICT),
    "policy.hours_unreadable": Wording(
        _("“%(value)s” is not a span of opening hours. Write 08:00-12:00, 13:00-18:00."), INVALID
    ),
    "policy.in_the_past": Wording(_("Rules can't be set for the past. Choose a time from now on."), INVALID),
    "policy.lengths": Wording(
        _(
            "The least length (%(least)s minutes) must be above 0 and not above the greatest (%(most)s minutes), which may be 60 days."
        ),
        INVALID,
    ),
    "policy.step": Wording(
        _("A step of %(step)s minutes does not divide a day. Take 5, 10, 15, 30 or 60, for instance."), INVALID
    ),
    "policy.horizon": Wording(_("%(days)s days ahead is not from 1 to 3660."), INVALID),
    "policy.hold": Wording(_("Holding time for %(minutes)s minutes is not from 1 to 10080."), INVALID),
    "policy.too_large": Wording(_("The value of %(field)s is not from 0 to %(most)s."), INVALID),
    "policy.kind_unknown": Wording(_("“%(value)s” is no kind of user. Use own, company or outside."), INVALID),
    "feed.too_many": Wording(
        _("You have %(have)s calendar addresses, the most there may be. Revoke one that you no longer use."), CONFLICT
    ),
    "request.key_too_long": Wording(
        _("An Idempotency-Key has at most %(most)s characters that can be printed."), INVALID
    ),
    "reservation.version_missing": Wording(
        _("Say which version you read, as `version` or in the If-Match header, so that nobody's change is lost."),
        INVALID,
    ),
    "calendar.too_long": Wording(_("At most %(most)s days of a calendar are read at once. Ask for fewer."), INVALID),
    "calendar.too_many": Wording(
        _("There are more than %(most)s entries in this time. Ask for a shorter one."), INVALID
    ),
    "request.key_used": Wording(
        _("The Idempotency-Key “%(key)s” was used for another request already. Take a new one."), INVALID
    ),
}

TOPICS = {
    "booking": _("What others do to your bookings"),
    "waiting": _("Waiting lists"),
    "training": _("Training and qualifications"),
    "group": _("Groups that share a limit"),
    "approval": _("Bookings that await your approval"),
}

NOTICES = {
    "group.joined": NoticeWording(
        _("You are in the group %(group)s"),
        _("You were added to the group %(group)s on the instruments of %(owner)s. Its members share its limits."),
    ),
    "group.left": NoticeWording(
        _("You are in the group %(group)s no more"),
        _(
            "You are no more in the group %(group)s on the instruments of %(owner)s. Its limits do not hold for you now."
        ),
    ),
    "booking.pin_paused": NoticeWording(
        _("Somebody entered wrong PINs for you"),
        _(
            "At the terminal of %(instrument)s %(wrong)s wrong PINs were entered for your address. No PIN of yours is taken until %(until)s, unless you set a new one."
        ),
    ),
    "booking.made_for_you": NoticeWording(
        _("%(instrument)s was booked for you"), _("%(instrument)s was booked for you from %(start)s until %(end)s.")
    ),
    "booking.handed_to_you": NoticeWording(
        _("A booking of %(instrument)s was handed to you"),
        _("%(giver)s handed you the booking of %(instrument)s from %(start)s until %(end)s."),
    ),
    "booking.moved": NoticeWording(
        _("Your booking of %(instrument)s was moved"),
        _("Your booking of %(instrument)s is now from %(start)s until %(end)s."),
    ),
    "booking.cancelled": NoticeWording(
        _("Your booking of %(instrument)s was cancelled"),
        _("Your booking of %(instrument)s from %(start)s until %(end)s was cancelled by a manager."),
    ),
    "booking.approved": NoticeWording(
        _("Your booking of %(instrument)s is approved"),
        _("Your booking of %(instrument)s from %(start)s until %(end)s is approved."),
    ),
    "booking.declined": NoticeWording(
        _("Your booking of %(instrument)s was declined"),
        _("Your booking of %(instrument)s from %(start)s until %(end)s was declined. Ask its contact why."),
    ),
    "booking.expired": NoticeWording(
        _("Your booking of %(instrument)s was never approved"),
        _(
            "Nobody approved your booking of %(instrument)s from %(start)s until %(end)s before it began. Its time is free again."
        ),
    ),
    "booking.missed": NoticeWording(
        _("You missed your booking of %(instrument)s"),
        _(
            "You did not start to use %(instrument)s, booked from %(start)s until %(end)s, in time. The rest of the time was given free."
        ),
    ),
    "booking.displaced": NoticeWording(
        _("%(instrument)s is not available at your time"),
        _(
            "%(instrument)s is not available, and your booking from %(start)s until %(end)s had to be cancelled. Free instead: %(new_start)s until %(new_end)s."
        ),
    ),
    "booking.displaced_for_long": NoticeWording(
        _("%(instrument)s is not available at your time"),
        _(
            "%(instrument)s is not available, and your booking from %(start)s until %(end)s had to be cancelled. There is no free time near; look at its calendar."
        ),
    ),
    "booking.use_settled": NoticeWording(
        _("Your use of %(instrument)s was ended by rule"),
        _(
            "You did not stop your use of %(instrument)s. It was ended by rule at %(until)s; tell its manager if you used it longer."
        ),
    ),
    "waiting.held": NoticeWording(
        _("Time on %(instrument)s is held for you"),
        _(
            "%(instrument)s has become free from %(start)s until %(end)s and is held for you until %(until)s. Take it before then."
        ),
    ),
    "waiting.lapsed": NoticeWording(
        _("The time held for you on %(instrument)s has gone"),
        _(
            "You did not take %(instrument)s from %(start)s until %(end)s in time; it was offered to the next who waits."
        ),
    ),
    "approval.asked": NoticeWording(
        _("A booking of %(instrument)s awaits your approval"),
        _("%(holder)s asks for %(instrument)s from %(start)s until %(end)s."),
    ),
    "training.cancelled": NoticeWording(
        _("The course on %(instrument)s is cancelled"),
        _("The course on %(instrument)s on %(start)s is cancelled. Look for another one."),
    ),
    "training.qualified": NoticeWording(
        _("You are qualified for %(instrument)s"), _("You may now book %(instrument)s.")
    ),
    "training.expires": NoticeWording(
        _("Your qualification for %(instrument)s ends soon"),
        _("Your qualification for %(instrument)s ends on %(until)s. Renew it before then to go on booking."),
    ),
}
