"""The catalogue's reasons in words. The Chinese stands in the site's message catalogue."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from headwater.accounts.notices import NoticeWording
from headwater.accounts.words import Wording

INVALID = 422

ACTS = {
    "timetable.loaded": _("timetable loaded"),
    "search.saved": _("search saved"),
    "search.deleted": _("saved search deleted"),
}

TOPICS = {"search": _("saved searches")}
NOTICES = {
    "search.new_fits": NoticeWording(
        _("New for your search “%(search)s”: %(count)s"),
        _("New instruments that fit your search “%(search)s”: %(count)s. Among them: %(names)s."),
    ),
}

# What was left out of a query or loosened in it, told above the results.
REMARKS = {
    "control_characters": _("Characters that can't be printed were left out."),
    "stop_words": _("Words such as “the” and “of” narrow nothing: these are all instruments."),
    "no_words": _("The query has no word or number in it: these are all instruments."),
    "too_many_terms": _("Only the first twelve words of the query were used."),
    "filtered_out": _("Instruments hold these words, but the filters leave none of them. Take a filter away."),
    "beginning": _("No instrument holds the last word whole; these hold words that begin with it."),
    "any_term": _("No instrument holds all of these words; these hold some of them."),
}

REASONS = {
    "query.too_long": Wording(
        _("The query has %(have)s characters; the most is %(most)s. Name what you want to measure in a few words."),
        INVALID,
    ),
    "reach.origin_unknown": Wording(_("No city is known as “%(value)s”. Choose one of the list."), INVALID),
    "reach.no_station": Wording(
        _("The timetable has no station in %(city)s, so nothing can be said about journeys from there."), INVALID
    ),
    "reach.no_timetable": Wording(
        _("No timetable is loaded yet, so nothing can be said about journeys. The operator loads one by command."), 409
    ),
    "reach.number_wrong": Wording(_("“%(value)s” in %(field)s is not a number from %(low)s to %(high)s."), INVALID),
    "reach.time_wrong": Wording(_("“%(value)s” is not a time of day. Write it as 07:30."), INVALID),
    "reach.date_wrong": Wording(_("“%(value)s” is not a day. Write it as 2026-03-02."), INVALID),
    "reach.date_outside": Wording(
        _("The timetable covers %(first)s to %(last)s; nothing can be said about %(date)s. Choose a day within it."),
        INVALID,
    ),
    "reach.no_trains": Wording(_("No train of the timetable runs on %(date)s. Choose another day."), INVALID),
    "reach.sort_needs_origin": Wording(_("Say where you start from to sort by reach."), INVALID),
    "find.sort_unknown": Wording(_("“%(value)s” is no order to sort by. Use one of: %(known)s."), INVALID),
    "find.cursor_unknown": Wording(
        _("The position in the list is not one that Headwater gave. Start again without it."), INVALID
    ),
    "find.filter_unknown": Wording(_("“%(value)s” is not a value of the filter %(field)s."), INVALID),
    "compare.too_many": Wording(
        _("Up to %(most)s instruments can be compared; %(have)s were chosen. Leave some out."), INVALID
    ),
    "compare.not_found": Wording(
        _(
            "%(missing)s of these instruments are not in the record, or not yours to see. Choose them again from a list."
        ),
        404,
    ),
    "search.nothing_asked": Wording(
        _("This search asks for nothing in particular. Type something or choose a filter before saving it."), INVALID
    ),
    "search.too_broad": Wording(
        _("More than %(most)s instruments fit this search; news of it would never end. Narrow it, then save it."),
        INVALID,
    ),
    "search.too_many": Wording(
        _("You keep %(have)s searches, the most there may be. Delete one that you no longer need."), 409
    ),
    "search.not_found": Wording(_("There is no such saved search, or it is not yours."), 404),
    "search.name_missing": Wording(
        _("Give the search a name of up to %(most)s characters, so that you know it again."), INVALID
    ),
}
