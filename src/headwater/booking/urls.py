from django.urls import path

from headwater.booking.views import bookings, calendars, managing, terminals, using

urlpatterns = [
    path("instruments/<str:public_id>/calendar/", calendars.instrument_calendar, name="instrument_calendar"),
    path("instruments/<str:public_id>/book/", calendars.book_form, name="book"),
    path("instruments/<str:public_id>/book/decision/", calendars.book_decision, name="book_decision"),
    path("instruments/<str:public_id>/wait/", bookings.join_waiting, name="join_waiting"),
    path("instruments/<str:public_id>/rules/", managing.instrument_rules, name="instrument_rules"),
    path("instruments/<str:public_id>/outages/", managing.instrument_outages, name="instrument_outages"),
    path("instruments/<str:public_id>/training/", managing.instrument_training, name="instrument_training"),
    path("instruments/<str:public_id>/training/revoke/", managing.take_back, name="take_back"),
    path("instruments/<str:public_id>/use/", managing.instrument_use, name="instrument_use"),
    path("instruments/<str:public_id>/kiosk/", using.kiosk, name="kiosk"),
    path("instruments/<str:public_id>/terminals/", terminals.instrument_terminals, name="instrument_terminals"),
    path(
        "instruments/<str:public_id>/terminals/<int:terminal_id>/revoke/",
        terminals.revoke_instrument_terminal,
        name="revoke_terminal",
    ),
    path("terminals/<str:secret>/", terminals.terminal, name="terminal"),
    path("instruments/<str:public_id>/freebusy.ics", using.freebusy, name="freebusy"),
    path("outages/<str:public_id>/end/", managing.end_instrument_outage, name="end_outage"),
    path("courses/<str:public_id>/", managing.course, name="course"),
    path("bookings/", bookings.bookings, name="bookings"),
    path("bookings/approvals/", bookings.approvals, name="approvals"),
    path("bookings/calendars/", bookings.make_feed, name="make_feed"),
    path("bookings/calendars/<int:feed_id>/revoke/", bookings.revoke_feed, name="revoke_feed"),
    path("bookings/pass/", terminals.my_pass, name="my_pass"),
    path("bookings/<str:public_id>/", bookings.booking, name="booking"),
    path("bookings/<str:public_id>/move/", bookings.move_booking, name="move_booking"),
    path("bookings/<str:public_id>/cancel/", bookings.cancel_booking, name="cancel_booking"),
    path("bookings/<str:public_id>/hand-over/", bookings.hand_booking, name="hand_booking"),
    path("bookings/<str:public_id>/take/", bookings.take_booking, name="take_booking"),
    path("bookings/<str:public_id>/decide/", bookings.decide_booking, name="decide_booking"),
    path("wishes/<str:public_id>/leave/", bookings.leave_waiting, name="leave_waiting"),
    path("calendars/<str:secret>.ics", using.feed, name="feed"),
]
