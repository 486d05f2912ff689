"""The writers of notices: what people are told on the page and by mail, each once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from email.utils import parseaddr
from smtplib import SMTPRecipientsRefused, SMTPResponseException

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from headwater.accounts import notices
from headwater.accounts.models import Mail, Notice, NoticeChoice, User


def tell(
    user: User, code: str, facts: Mapping[str, object], *, path: str, at: datetime, key: str = ""
) -> Notice | None:
    """Tell somebody something in the caller's transaction: kept for the page, and mailed where she wants mails.

    With a ``key`` she is told once, however often this is called; None says that she was told before. ``path`` is
    where the notice leads to, ``facts`` is what its wording names (see `notices.shown`). Nothing goes out of a
    transaction that is rolled back: the mail is a job in the same database.
    """
    from headwater.accounts.tasks import send_mail  # procrastinate's models load after this app's

    if code not in notices.NOTICES:
        raise ValueError(f"The notice {code} has no words.")
    choice = NoticeChoice.objects.filter(user=user, topic=notices.topic_of(code)).first()
    wanted = user.is_active and (choice is None or choice.by_mail)
    values = {"code": code, "facts": dict(facts), "path": path, "at": at, "mail": Mail.DUE if wanted else Mail.UNWANTED}
    with transaction.atomic():  # a notice without its job, or a job without its notice, can't be
        if key:
            notice, is_new = Notice.objects.get_or_create(user=user, key=key, defaults=values)
            if not is_new:
                return None
        else:
            notice = Notice.objects.create(user=user, **values)
        if wanted:
            send_mail.defer(notice_id=notice.pk)
    return notice


@transaction.atomic
def mail_notice(notice_id: int, *, at: datetime) -> bool:
    """Send a notice's mail if it is still due; False says that there was nothing to send.

    The row stays locked from before the mail goes until it is written down, so that two workers never send one. A
    worker that dies after the mail server took the mail and before that is written sends it again with the same
    Message-ID, by which mail programs know it for the same mail. An address that the mail server refuses for good is
    not tried again; any other trouble is the caller's to retry.
    """
    notice = (
        Notice.objects.select_for_update(of=("self",))
        .select_related("user")
        .filter(pk=notice_id, mail=Mail.DUE)
        .first()
    )
    if notice is None:
        return False
    with translation.override(notice.user.language):
        subject, sentence = notices.in_words(notice.code, notice.facts)
        address = settings.BASE_URL + notice.path
        choose = _("You choose what is mailed to you at %(address)s") % {
            "address": settings.BASE_URL + "/account/notices/"
        }
        mail = EmailMessage(
            " ".join(subject.split()),
            f"{sentence}\n\n{address}\n\n-- \n{choose}\n",
            to=[notice.user.email],
            headers={"Message-ID": f"<notice-{notice.pk}.{notice.at:%Y%m%d%H%M%S}@{_mail_domain()}>"},
        )
    try:
        mail.send()
    except (SMTPRecipientsRefused, SMTPResponseException) as error:
        codes = [code for code, _why in getattr(error, "recipients", {}).values()] or [getattr(error, "smtp_code", 0)]
        if not all(500 <= code < 600 for code in codes):
            raise
        notice.mail, notice.mail_fault = Mail.REFUSED, str(error)[:300]
    else:
        notice.mail = Mail.SENT
    notice.mailed_at = at
    notice.save(update_fields=["mail", "mail_fault", "mailed_at"])
    return True


def _mail_domain() -> str:
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"


def mark_read(user: User, *, at: datetime, only: Collection[int] | None = None) -> int:
    """Mark one's own notices as read, all or some; says how many were not yet."""
    unread = Notice.objects.filter(user=user, read_at=None)
    return (unread if only is None else unread.filter(pk__in=only)).update(read_at=at)


@transaction.atomic
def choose_mails(user: User, topics: Collection[str]) -> None:
    """Mail notices of these topics from now on, and of no others."""
    for topic in notices.TOPICS:
        NoticeChoice.objects.update_or_create(user=user, topic=topic, defaults={"by_mail": topic in topics})
