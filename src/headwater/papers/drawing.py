"""Charts and maps as plain shapes: the same ones become SVG on a page and vectors in a PDF.

Coordinates are points (1/72 inch) from the upper left corner. Nothing here reads a clock or draws a number by chance,
so that the same shapes give the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

COLOURS = {
    "ink": "#1c2a33",
    "muted": "#51626f",
    "rule": "#b9c4cb",
    "land": "#edf1f3",
    "main": "#0b6477",
    "soft": "#8fc1cb",
    "other": "#b8541a",
}
FONT = "Helvetica Neue, Arial, PingFang SC, Noto Sans CJK SC, Microsoft YaHei, sans-serif"


@dataclass(frozen=True, slots=True)
class Stroke:
    """A straight line."""

    x1: float
    y1: float
    x2: float
    y2: float
    width: float
    colour: str


@dataclass(frozen=True, slots=True)
class Disc:
    """A filled circle, with a thin white rim so that neighbours can be told apart."""

    x: float
    y: float
    radius: float
    colour: str


@dataclass(frozen=True, slots=True)
class Ring:
    """A closed outline through points, filled or only drawn."""

    points: Sequence[tuple[float, float]]
    fill: str | None
    line: str | None


@dataclass(frozen=True, slots=True)
class Words:
    """One line of text; ``anchor`` is start, middle or end."""

    x: float
    y: float
    text: str
    anchor: str = "start"
    size: float = 8.0
    colour: str = "ink"


Shape = Stroke | Disc | Ring | Words


@dataclass(frozen=True, slots=True)
class Drawing:
    """Shapes in painting order, and a sentence that says what they show; a table beside holds the numbers."""

    width: float
    height: float
    shapes: Sequence[Shape]
    caption: str


def svg(drawing: Drawing) -> str:
    """The drawing as one SVG element, its caption as its name."""
    inside = "".join(_element(shape) for shape in drawing.shapes)
    return (
        f'<svg viewBox="0 0 {drawing.width:.1f} {drawing.height:.1f}" role="img" '
        f"aria-label={quoteattr(drawing.caption)} font-family={quoteattr(FONT)}>{inside}</svg>"
    )


def _element(shape: Shape) -> str:
    if isinstance(shape, Stroke):
        return (
            f'<line x1="{shape.x1:.1f}" y1="{shape.y1:.1f}" x2="{shape.x2:.1f}" y2="{shape.y2:.1f}" '
            f'stroke="{COLOURS[shape.colour]}" stroke-width="{shape.width:.2f}"/>'
        )
    if isinstance(shape, Disc):
        return (
            f'<circle cx="{shape.x:.1f}" cy="{shape.y:.1f}" r="{shape.radius:.2f}" '
            f'fill="{COLOURS[shape.colour]}" stroke="#fff" stroke-width="0.5"/>'
        )
    if isinstance(shape, Ring):
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in shape.points) + "Z"
        fill = COLOURS[shape.fill] if shape.fill else "none"
        line = f' stroke="{COLOURS[shape.line]}" stroke-width="0.8"' if shape.line else ""
        return f'<path d="{path}" fill="{fill}"{line}/>'
    return (
        f'<text x="{shape.x:.1f}" y="{shape.y:.1f}" font-size="{shape.size:.1f}" text-anchor="{shape.anchor}" '
        f'fill="{COLOURS[shape.colour]}">{escape(shape.text)}</text>'
    )
