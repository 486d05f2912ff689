"""Each test begins without an index of profiles: the one before was of another test's records."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from headwater.partnering import indexing


@pytest.fixture(autouse=True)
def _no_index_of_another_test() -> Iterator[None]:
    indexing.forget()
    yield
    indexing.forget()
