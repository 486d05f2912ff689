from datetime import timedelta

import pytest
from tests.factories import AT

from headwater.accounts.rules import MOST_TOKENS, TokenFacts, UseFacts, may_make_token, may_use_token


@pytest.mark.parametrize(
    ("facts", "codes"),
    [
        (TokenFacts("reader", ("read",), 0), ()),
        (TokenFacts("reader", ("read", "write"), 19), ()),
        (TokenFacts("", ("read",), 0), ("token.name_missing",)),
        (TokenFacts("reader", (), 0), ("token.scopes_missing",)),
        (TokenFacts("reader", ("read",), 20), ("token.too_many",)),
        (TokenFacts("", (), 21), ("token.name_missing", "token.scopes_missing", "token.too_many")),
    ],
)
def test_may_make_token_gives_all_reasons(facts, codes):
    assert may_make_token(facts).codes == codes


def test_twenty_tokens_are_the_most():
    assert MOST_TOKENS == 20


@pytest.mark.parametrize(
    ("facts", "codes"),
    [
        (UseFacts(None, None, True), ()),
        (UseFacts(None, AT + timedelta(seconds=1), True), ()),
        (UseFacts(None, AT, True), ("token.expired",)),
        (UseFacts(AT, None, True), ("token.unknown",)),
        (UseFacts(AT, AT, True), ("token.unknown",)),
        (UseFacts(None, None, False), ("token.unknown",)),
        (None, ("token.unknown",)),
    ],
)
def test_may_use_token_tells_expired_from_unknown(facts, codes):
    assert may_use_token(facts, now=AT).codes == codes


def test_more_tokens_never_turn_a_no_into_a_yes():
    answers = [may_make_token(TokenFacts("reader", ("read",), have)).allowed() for have in range(25)]
    assert answers == [True] * 20 + [False] * 5
