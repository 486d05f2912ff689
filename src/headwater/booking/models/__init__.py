"""What is stored of an instrument's time, and what the database itself guarantees about it."""

from headwater.booking.models.base import SYNTHETIC
from headwater.booking.models.groups import Group, GroupMember
from headwater.booking.models.policies import Course, CourseState, Policy, Qualification, SignUp, SignUpState
from headwater.booking.models.reservations import OCCUPYING, OVER, Kind, Reservation, Series, State
from headwater.booking.models.terminals import Pass, Terminal
from headwater.booking.models.using import Interlock, Signal, Usage
from headwater.booking.models.waiting import Answered, Feed, WaitingWish, WishState

__all__ = [
    "OCCUPYING",
    "OVER",
    "SYNTHETIC",
    "Answered",
    "Course",
    "CourseState",
    "Feed",
    "Group",
    "GroupMember",
    "Interlock",
    "Kind",
    "Pass",
    "Policy",
    "Qualification",
    "Reservation",
    "Series",
    "SignUp",
    "SignUpState",
    "Signal",
    "State",
    "Terminal",
    "Usage",
    "WaitingWish",
    "WishState",
]
