"""Who is qualified, and the courses that make them so."""

from __future__ import annotations

from datetime import datetime, timedelta

from headwater.accounts.actions.notices import tell
from headwater.accounts.audit import Act, Actor, record
from headwater.accounts.models import User
from headwater.booking import queries, rules
from headwater.booking.actions.reserving import found_instrument, found_user
from headwater.booking.actions.settling import settled
from headwater.booking.facts import asker_of
from headwater.booking.models import Course, CourseState, Qualification, SignUp, SignUpState
from headwater.booking.policies import in_force
from headwater.booking.telling import instant, name_of
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.core.identity import new_id
from headwater.registry.models import Instrument
from headwater.registry.rules import Viewer


@settled
def qualify(
    instrument_id: str, email: str, viewer: Viewer, *, note: str = "", by: Actor, at: datetime
) -> Qualification:
    """Say that somebody has been trained; it lasts as long as the policy in force says."""
    instrument = found_instrument(instrument_id, viewer)
    permit(rules.may_manage_time(asker_of(viewer, instrument.owner_id)))
    return _qualify(instrument, found_user(email), note=note, by=by, at=at)


def _qualify(instrument: Instrument, user: User, *, note: str, by: Actor, at: datetime) -> Qualification:
    days = in_force(instrument, at).qualification_days
    expires = None if days is None else at + timedelta(days=days)
    made, _new = Qualification.objects.update_or_create(
        user=user,
        instrument=instrument,
        defaults={
            "granted_at": at,
            "expires_at": expires,
            "granted_by": by.user,
            "revoked_at": None,
            "note": note[:300],
        },
    )
    changes = {"person": [None, user.email], "expires": [None, expires.isoformat() if expires else None]}
    record(Act("qualification.granted", instrument.public_id, changes), by=by, at=at)
    facts = {"instrument": name_of(instrument)}
    path = f"/instruments/{instrument.public_id}/calendar/"
    tell(user, "training.qualified", facts, path=path, at=at, key=f"training.qualified:{made.pk}:{at.isoformat()}")
    return made


@settled
def disqualify(instrument_id: str, email: str, viewer: Viewer, *, by: Actor, at: datetime) -> None:
    """Take a qualification back; what is booked stays booked."""
    instrument = found_instrument(instrument_id, viewer)
    permit(rules.may_manage_time(asker_of(viewer, instrument.owner_id)))
    user = found_user(email)
    ended = Qualification.objects.filter(user=user, instrument=instrument, revoked_at=None).update(revoked_at=at)
    if ended:
        record(Act("qualification.revoked", instrument.public_id, {"person": [user.email, None]}), by=by, at=at)


# Courses --------------------------------------------------------------------------------------------------------
def _locked_course(public_id: str, viewer: Viewer) -> tuple[Course, Instrument]:
    """A course, locked: its places are given out one by one."""
    row = Course.objects.select_for_update(of=("self",)).filter(public_id=public_id).first()
    instrument = None if row is None else queries.bookable(viewer).filter(pk=row.instrument_id).first()
    if row is None or instrument is None:
        raise Refused(Decision((Reason("course.not_found"),)))
    return row, instrument


def _tell(user: User, course: Course, instrument: Instrument, code: str, *, at: datetime, **more: object) -> None:
    facts = {"instrument": name_of(instrument), "start": instant(course.starts_at, instrument), "room": course.room}
    path = f"/instruments/{instrument.public_id}/training/"
    tell(user, code, facts | more, path=path, at=at, key=f"{code}:{course.public_id}:{at.isoformat()}")


@settled
def give_course(
    instrument_id: str,
    start: datetime,
    end: datetime,
    places: int,
    viewer: Viewer,
    *,
    room: str = "",
    note: str = "",
    by: Actor,
    at: datetime,
) -> Course:
    """Announce a course; people sign up for its places."""
    instrument = found_instrument(instrument_id, viewer)
    facts = rules.CourseFacts(asker_of(viewer, instrument.owner_id), start, end, places)
    permit(rules.may_give_course(facts, now=at))
    row = Course.objects.create(
        public_id=new_id(Course.KIND, queries.node()),
        instrument=instrument,
        starts_at=start,
        ends_at=end,
        places=places,
        room=room[:200],
        note=note[:500],
        made_by=by.user,
        made_at=at,
    )
    changes = {"span": [None, [start.isoformat(), end.isoformat()]], "places": [None, places]}
    record(Act("course.announced", row.public_id, changes), by=by, at=at)
    return row


@settled
def cancel_course(public_id: str, viewer: Viewer, *, by: Actor, at: datetime) -> Course:
    """Cancel a course that was not held; whoever signed up is told."""
    row, instrument = _locked_course(public_id, viewer)
    permit(rules.may_manage_time(asker_of(viewer, instrument.owner_id)))
    if row.state != CourseState.OPEN:
        raise Refused(Decision((Reason("course.closed"),)))
    row.state = CourseState.CANCELLED
    row.save(update_fields=["state"])
    record(Act("course.cancelled", row.public_id, {"state": ["open", "cancelled"]}), by=by, at=at)
    for one in queries.sign_ups(row.pk).filter(state=SignUpState.SIGNED_UP):
        _tell(one.user, row, instrument, "training.cancelled", at=at)
    return row


@settled
def sign_up(public_id: str, viewer: Viewer, *, by: Actor, at: datetime) -> SignUp:
    """Take a place in a course; taken twice it is there once."""
    if by.user is None:
        raise Refused(Decision((Reason("sign_in.needed"),)))
    row, instrument = _locked_course(public_id, viewer)
    known = SignUp.objects.filter(course=row, user=by.user).first()
    if known is not None and known.state == SignUpState.SIGNED_UP:
        return known
    taken = queries.sign_ups(row.pk).exclude(state=SignUpState.WITHDRAWN).count()
    asker = asker_of(viewer, instrument.owner_id)
    permit(rules.may_sign_up(asker, state=row.state, starts=row.starts_at, places=row.places, taken=taken, now=at))
    made, _new = SignUp.objects.update_or_create(
        course=row, user=by.user, defaults={"state": SignUpState.SIGNED_UP, "made_at": at}
    )
    record(Act("course.signed_up", row.public_id, {"person": [None, by.user.email]}), by=by, at=at)
    return made


@settled
def leave_course(public_id: str, viewer: Viewer, *, by: Actor, at: datetime) -> None:
    """Give one's place in a course back; a second time changes nothing."""
    row, instrument = _locked_course(public_id, viewer)
    permit(rules.may_write(asker_of(viewer, instrument.owner_id)))
    left = SignUp.objects.filter(course=row, user=viewer.user_id, state=SignUpState.SIGNED_UP).update(
        state=SignUpState.WITHDRAWN
    )
    if left and by.user is not None:
        record(Act("course.left", row.public_id, {"person": [by.user.email, None]}), by=by, at=at)


@settled
def settle_course(public_id: str, passed: set[int], viewer: Viewer, *, by: Actor, at: datetime) -> list[Qualification]:
    """Write down who passed, by the user's key; they are qualified from now on, as long as the rules in force say."""
    row, instrument = _locked_course(public_id, viewer)
    asker, zone = asker_of(viewer, instrument.owner_id), queries.zone_of(instrument)
    permit(rules.may_settle_course(asker, state=row.state, starts=row.starts_at, zone=zone, now=at))
    made = []
    for one in queries.sign_ups(row.pk).exclude(state=SignUpState.WITHDRAWN):
        state = SignUpState.PASSED if one.user_id in passed else SignUpState.FAILED
        if one.state == state:
            continue
        one.state = state
        one.save(update_fields=["state"])
        if state == SignUpState.PASSED:
            made.append(_qualify(instrument, one.user, note=row.public_id, by=by, at=at))
    row.state = CourseState.HELD
    row.save(update_fields=["state"])
    changes = {"state": [None, "held"], "passed": [None, sorted(str(one.user) for one in made)]}
    record(Act("course.held", row.public_id, changes), by=by, at=at)
    return made


# By rule --------------------------------------------------------------------------------------------------------
WARNED_BEFORE = timedelta(days=30)


def warn_of_expiry(*, at: datetime) -> int:
    """Tell everybody whose qualification ends within a month, once; says how many."""
    told = 0
    for one in queries.expiring(at, at + WARNED_BEFORE):
        instrument = one.instrument
        assert one.expires_at is not None
        facts = {"instrument": name_of(instrument), "until": instant(one.expires_at, instrument)}
        path = f"/instruments/{instrument.public_id}/training/"
        key = f"training.expires:{one.pk}:{one.expires_at.isoformat()}"
        told += tell(one.user, "training.expires", facts, path=path, at=at, key=key) is not None
    return told
