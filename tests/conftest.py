"""What every test may use: a quick password hash, empty caches, and a database that can be emptied between tests.

Property tests try the same examples at every run, so that a red run is about the change at hand. To hunt for new ones:
`pytest --hypothesis-profile=explore`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
from tests import emptying

hypothesis.settings.register_profile("repeat", derandomize=True, deadline=None)
hypothesis.settings.register_profile("explore", deadline=None)
hypothesis.settings.load_profile("repeat")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """pytest-django's own; before it drops the database, sessions that a live server's threads left are ended."""
    yield
    from django.db import connection

    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(scope="session", autouse=True)
def _kept_tables_can_be_emptied() -> Iterator[None]:
    """Lets a transactional test's clean-up, and nothing else, empty what the database keeps for ever."""
    from django.test import TransactionTestCase

    emptied = TransactionTestCase._fixture_teardown

    def empty(self: Any) -> None:
        with emptying.allowed():
            emptied(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty)
        yield


@pytest.fixture(scope="session", autouse=True)
def _static_folder_is_there() -> None:
    """WhiteNoise warns where nothing was collected yet; here files come from their sources."""
    from django.conf import settings

    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)


@pytest.fixture(autouse=True)
def _quick_and_empty(settings: Any) -> Iterator[None]:
    """One cheap hash a password, figures counted anew, the language back to English."""
    from django.core.cache import caches
    from django.utils import translation

    from headwater.support import book

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    caches["local"].clear()
    book.forget()
    translation.activate("en")
    yield
    translation.activate("en")
