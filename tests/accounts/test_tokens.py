"""Personal tokens: made once, kept as a digest, refused by reason."""

from __future__ import annotations

import re
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from tests.factories import make_instrument, make_member, make_organisation, make_token, make_user

from headwater.accounts import actions
from headwater.accounts.audit import SYSTEM
from headwater.accounts.models import AuditEntry, Token
from headwater.core.decision import Refused

ME = "/api/v1/me"
UNKNOWN = "This token is not known, or it has been revoked. Make a new one on your account page."


def bearer(key: str) -> dict[str, str]:
    return {"HTTP_AUTHORIZATION": f"Bearer {key}"}


@pytest.mark.django_db
def test_token_is_shown_once_and_stored_as_a_digest(client):
    user = make_user()
    client.force_login(user)
    page = client.post("/account/", {"name": "my script", "scopes": ["read"], "days": "30"})
    key = re.search(r'<pre id="key">(hw_[\w-]{43})</pre>', page.content.decode())[1]
    token = Token.objects.get()
    assert (token.name, token.scopes, token.hint) == ("my script", ["read"], key[:8])
    assert timedelta(days=29) < token.expires_at - timezone.now() <= timedelta(days=30)
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(t)::text FROM accounts_token t")
        assert key not in cursor.fetchone()[0]
    assert key not in client.get("/account/").content.decode()
    assert client.get(ME, **bearer(key)).json()["email"] == user.email


@pytest.mark.django_db
def test_token_making_and_revoking_are_in_the_trail(client):
    user = make_user()
    client.force_login(user)
    client.post("/account/", {"name": "my script", "scopes": ["read", "write"], "days": "30"})
    token = Token.objects.get()
    client.post(f"/account/tokens/{token.pk}/revoke/")
    entries = AuditEntry.objects.filter(subject=f"tok_{token.pk}").order_by("id")
    assert [(entry.act, entry.actor, entry.way, entry.changes) for entry in entries] == [
        ("token.made", user, "page", {"name": [None, "my script"], "scopes": [None, ["read", "write"]]}),
        ("token.revoked", user, "page", {"name": ["my script", "my script"]}),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("live", None),
        ("revoked", UNKNOWN),
        ("owner gone", UNKNOWN),
        ("unknown", UNKNOWN),
        ("other scheme", UNKNOWN),
        ("expired", "This token expired on 2025-01-31. Make a new one on your account page."),
    ],
)
def test_token_opens_only_while_it_lives(client, state, sentence):
    user = make_user()
    token, key = make_token(user)
    header = f"Bearer {key}"
    if state == "revoked":
        actions.revoke_token(user, token.pk, by=SYSTEM, at=timezone.now())
    elif state == "owner gone":
        user.is_active = False
        user.save()
    elif state == "unknown":
        header = "Bearer hw_" + "0" * 43
    elif state == "other scheme":
        header = f"Basic {key}"
    elif state == "expired":
        token.expires_at = timezone.datetime(2025, 1, 31, 12, tzinfo=timezone.get_current_timezone())
        token.save()
    answer = client.get(ME, HTTP_AUTHORIZATION=header)
    if sentence is None:
        assert answer.status_code == 200
        assert "WWW-Authenticate" not in answer
        return
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["WWW-Authenticate"] == 'Bearer realm="Headwater"'
    assert answer.json()["title"] == sentence
    assert [reason["code"] for reason in answer.json()["reasons"]] == [
        "token.expired" if state == "expired" else "token.unknown"
    ]


@pytest.mark.django_db
def test_wrong_token_is_refused_even_where_nobody_needs_one(client):
    make_instrument()
    assert client.get("/api/v1/instruments").status_code == 200
    assert client.get("/api/v1/instruments", **bearer("hw_wrong")).status_code == 401


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("scopes", "status", "codes"),
    [(("read",), 403, ["token.scope_missing"]), (("read", "write"), 201, None), (("write",), 201, None)],
)
def test_only_the_write_scope_writes(client, scopes, status, codes):
    user, organisation = make_user(), make_organisation()
    make_member(user, organisation)
    _token, key = make_token(user, scopes=scopes)
    answer = client.post(
        "/api/v1/instruments",
        {"owner": organisation.public_id, "name_en": "Balance"},
        content_type="application/json",
        **bearer(key),
    )
    assert answer.status_code == status
    assert [reason["code"] for reason in answer.json().get("reasons", [])] == (codes or [])
    assert organisation.instruments.count() == (status == 201)


@pytest.mark.django_db
def test_token_gives_no_more_than_its_owner_may(client):
    organisation = make_organisation()
    _token, key = make_token(make_user(), scopes=("read", "write"))
    answer = client.post(
        "/api/v1/instruments",
        {"owner": organisation.public_id, "name_en": "Balance"},
        content_type="application/json",
        **bearer(key),
    )
    assert answer.status_code == 403
    assert [reason["code"] for reason in answer.json()["reasons"]] == ["organisation.not_yours"]
    assert organisation.instruments.count() == 0


@pytest.mark.django_db
def test_twenty_first_token_is_refused_until_one_is_revoked(client):
    user = make_user()
    client.force_login(user)
    tokens = [make_token(user)[0] for _ in range(20)]
    wanted = {"name": "one more", "scopes": ["read"], "days": "30"}
    refused = client.post("/account/", wanted)
    assert refused.status_code == 409
    assert "You have 20 tokens, the most there may be. Revoke one that you no longer use." in refused.content.decode()
    client.post(f"/account/tokens/{tokens[0].pk}/revoke/")
    assert client.post("/account/", wanted).status_code == 200
    assert Token.objects.filter(revoked_at=None).count() == 20


@pytest.mark.django_db
def test_token_without_name_or_scope_is_refused_beside_the_form(client):
    client.force_login(make_user())
    page = client.post("/account/", {"name": " ", "days": "30"})
    assert page.content.decode().count('class="errorlist"') == 2
    assert Token.objects.count() == 0


@pytest.mark.django_db
def test_somebody_else_s_token_can_not_be_revoked(client):
    token, key = make_token(make_user())
    client.force_login(make_user())
    answer = client.post(f"/account/tokens/{token.pk}/revoke/")
    assert answer.status_code == 403
    assert UNKNOWN in answer.content.decode()
    token.refresh_from_db()
    assert token.revoked_at is None
    assert client.get(ME, **bearer(key)).status_code == 200


@pytest.mark.django_db
def test_revoking_by_get_does_nothing(client):
    user = make_user()
    token, _key = make_token(user)
    client.force_login(user)
    assert client.get(f"/account/tokens/{token.pk}/revoke/").status_code == 405
    token.refresh_from_db()
    assert token.revoked_at is None


@pytest.mark.django_db
def test_use_of_a_token_is_noted_coarsely():
    user = make_user()
    token, key = make_token(user)
    begun = timezone.now()
    used = []
    for minutes in (0, 9, 11):
        actions.use_token(key, at=begun + timedelta(minutes=minutes))
        token.refresh_from_db()
        used.append(token.used_at - begun)
    assert used == [timedelta(0), timedelta(0), timedelta(minutes=11)]


@pytest.mark.django_db(transaction=True)
def test_two_tokens_at_once_do_not_pass_twenty():
    user = make_user()
    for _ in range(19):
        make_token(user)
    together = threading.Barrier(2)
    outcomes: list[str] = []

    def make() -> None:
        try:
            together.wait(10)
            make_token(user)
            outcomes.append("made")
        except Refused as refused:
            outcomes.append(",".join(refused.decision.codes))
        finally:
            connection.close()

    threads = [threading.Thread(target=make) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["made", "token.too_many"]
    assert Token.objects.filter(user=user, revoked_at=None).count() == 20
