"""How well a panel's members fit proposals: by techniques they name, and by the words of what they wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from headwater.engines.relevance import match_texts
from headwater.useroffice.models import PanelMember, Proposal

TECHNIQUE_PART = 0.5  # of the fit; the rest is the text's


def affinity_of(
    proposals: Sequence[Proposal],
    members: Sequence[PanelMember],
    texts: Mapping[int, Sequence[Mapping[str, str]]],
) -> NDArray[np.float64]:
    """Fit from 0 to 1, a row a proposal: half the techniques' fit, half the texts'.

    ``texts`` are what each member (by user) wrote; names of proposers play no part. No query.
    """
    by_technique = technique_fit(proposals, members)
    by_text = text_fit(proposals, members, texts)
    return TECHNIQUE_PART * by_technique + (1 - TECHNIQUE_PART) * by_text


def technique_fit(proposals: Sequence[Proposal], members: Sequence[PanelMember]) -> NDArray[np.float64]:
    """The part of a proposal's techniques that a member names among her fields."""
    fit = np.zeros((len(proposals), len(members)))
    fields = [frozenset(word.casefold() for word in one.fields) for one in members]
    for p, one in enumerate(proposals):
        links = [link for choice in one.choices.all() for link in choice.instrument.technique_links.all()]
        words = {
            link.technique_id: {
                word.casefold()
                for word in (link.technique.code, link.technique.name_en, link.technique.name_zh)
                if word
            }
            for link in links
        }
        for m, own in enumerate(fields):
            fit[p, m] = sum(bool(each & own) for each in words.values()) / len(words) if words else 0.0
    return fit


def text_fit(
    proposals: Sequence[Proposal],
    members: Sequence[PanelMember],
    texts: Mapping[int, Sequence[Mapping[str, str]]],
) -> NDArray[np.float64]:
    """Nearness of title and abstract to a member's three nearest texts; the nearest pair of the panel is 1."""
    if not proposals or not any(texts.get(one.user_id) for one in members):
        return np.zeros((len(proposals), len(members)))
    asked = [[{"title": one.title, "text": one.abstract}] for one in proposals]
    found = np.array(list(match_texts(asked, [texts.get(one.user_id, ()) for one in members])))
    most = float(found.max(initial=0.0))
    return found / most if most > 0 else found
