"""What may be searched for, compared and kept. Facts in, decisions out."""

from __future__ import annotations

from headwater.core.decision import Decision, Reason

MOST_LETTERS = 300
MOST_COMPARED = 5
MOST_SAVED = 50
MOST_FITS = 2000
LONGEST_NAME = 120


def may_search(text: str) -> Decision:
    """Say whether a text can be searched for at all."""
    if len(text) > MOST_LETTERS:
        return Decision((Reason("query.too_long", facts={"have": len(text), "most": MOST_LETTERS}),))
    return Decision()


def may_compare(chosen: int, seen: int) -> Decision:
    """Say whether so many instruments, of which ``seen`` may be seen, can stand side by side."""
    found = []
    if chosen > MOST_COMPARED:
        found.append(Reason("compare.too_many", facts={"have": chosen, "most": MOST_COMPARED}))
    elif seen < chosen:
        found.append(Reason("compare.not_found", facts={"missing": chosen - seen}))
    return Decision(tuple(found))


def may_save_search(*, signed_in: bool, may_write: bool, asks: bool, fits: int, kept: int, name: str) -> Decision:
    """Say whether somebody who keeps ``kept`` searches may keep one more, which ``fits`` instruments fit now."""
    found = []
    if not signed_in:
        found.append(Reason("sign_in.needed"))
    elif not may_write:
        found.append(Reason("token.scope_missing", facts={"scope": "write"}))
    if not asks:
        found.append(Reason("search.nothing_asked"))
    elif fits > MOST_FITS:
        found.append(Reason("search.too_broad", facts={"most": MOST_FITS}))
    if kept >= MOST_SAVED:
        found.append(Reason("search.too_many", facts={"have": kept}))
    if not name or len(name) > LONGEST_NAME:
        found.append(Reason("search.name_missing", facts={"most": LONGEST_NAME}))
    return Decision(tuple(found))
