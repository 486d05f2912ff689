"""Which public schemes would pay part of the work: asked of the part that holds the schemes, once it is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from headwater.registry.models import Organisation


@dataclass(frozen=True, slots=True)
class SchemeThatPays:
    """A scheme that would pay, and its share as people read it."""

    name: str
    share: str


Asked = Callable[[Organisation, Sequence[Organisation]], Mapping[int, Sequence[SchemeThatPays]]]
_ASKED: list[Asked] = []


def answer_by(asked: Asked) -> None:
    """Have ``asked`` say which schemes would pay an organisation's work with each of others."""
    _ASKED[:] = [asked]


def known() -> bool:
    """Whether anybody knows of schemes."""
    return bool(_ASKED)


def paying(company: Organisation, providers: Sequence[Organisation]) -> Mapping[int, Sequence[SchemeThatPays]]:
    """By provider's key, the schemes that would pay; empty where nobody knows of any."""
    return _ASKED[0](company, providers) if _ASKED else {}
