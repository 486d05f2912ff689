"""A PDF from plain blocks, in Chinese, English or both, with its fonts inside it.

The same blocks give the same bytes, on every machine and on every day: a paper can be made again and compared.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from reportlab.graphics import shapes as draw
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Flowable, KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table as Grid

from headwater.papers.drawing import COLOURS, Disc, Drawing, Ring, Shape, Stroke, Words

MARGIN = 20 * mm
HIGHEST = 125 * mm  # of a drawing, so that it and its caption share a page with its heading
INK, RULE = colors.HexColor("#1c2a33"), colors.HexColor("#b9c4cb")
LATIN, LATIN_BOLD, HAN = "HeadwaterLatin", "HeadwaterLatinBold", "HeadwaterHan"
# What a PDF has no business showing: control characters, which fonts have no shape for.
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading inside the paper."""

    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph; a line break in it is kept."""

    text: str


@dataclass(frozen=True, slots=True)
class Pairs:
    """Labels with their values, such as who, when and how much."""

    rows: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows below a head; the columns in ``numeric`` are set to the right, ``widths`` are their shares of the line."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: frozenset[int] = frozenset()
    widths: Sequence[float] = ()


Block = Heading | Text | Pairs | Table | Drawing


def make_pdf(title: str, blocks: Sequence[Block], *, language: str, made_on: date) -> bytes:
    """The paper as PDF bytes.

    Parameters
    ----------
    title : str
        Stands on top and in the document's properties.
    blocks : sequence of Heading, Text, Pairs, Table or Drawing
        Plain texts: nothing in them is read as markup.
    language : str
        ``zh…`` breaks lines between any two characters, others between words.
    made_on : date
        Stands at the foot of each page, with the page's number. No other clock is read.

    Returns
    -------
    bytes
        The same for the same arguments.
    """
    _register()
    styles = _Styles("CJK" if language.startswith("zh") else None)
    story: list[Flowable] = [_paragraph(title, styles.title), Spacer(1, 4 * mm)]
    for block in blocks:
        story += _flow(block, styles)
    file = io.BytesIO()
    paper = SimpleDocTemplate(
        file,
        pagesize=A4,
        **dict.fromkeys(("leftMargin", "rightMargin", "topMargin", "bottomMargin"), MARGIN),
        title=title,
        author="Headwater",
        lang=language,
        invariant=1,
    )

    def foot(canvas: Any, _paper: Any) -> None:
        canvas.setFont(LATIN, 8)
        canvas.setFillColor(INK)
        canvas.drawString(MARGIN, 12 * mm, made_on.isoformat())
        canvas.drawRightString(A4[0] - MARGIN, 12 * mm, str(canvas.getPageNumber()))

    paper.build(story, onFirstPage=foot, onLaterPages=foot)
    return file.getvalue()


class _Styles:
    def __init__(self, wrap: str | None) -> None:
        def style(name: str, size: float, font: str = LATIN, **more: Any) -> ParagraphStyle:
            return ParagraphStyle(
                name, fontName=font, fontSize=size, leading=1.45 * size, textColor=INK, wordWrap=wrap, **more
            )

        self.title = style("title", 16, LATIN_BOLD)
        self.heading = style("heading", 12, LATIN_BOLD, spaceBefore=5 * mm, spaceAfter=2 * mm)
        self.text = style("text", 10, spaceAfter=2 * mm)
        self.label = style("label", 9, LATIN_BOLD)
        self.caption = style("caption", 8.5, spaceAfter=3 * mm)
        self.cell = style("cell", 9)
        self.number = style("number", 9, alignment=2)
        self.number_label = style("number label", 9, LATIN_BOLD, alignment=2)


@cache
def _register() -> None:
    """Make the fonts known; the first call takes a fifth of a second."""
    pdfmetrics.registerFont(TTFont(LATIN, "Vera.ttf"))  # these two come with reportlab
    pdfmetrics.registerFont(TTFont(LATIN_BOLD, "VeraBd.ttf"))
    pdfmetrics.registerFont(TTFont(HAN, str(Path(__file__).parent / "fonts" / "DroidSansFallbackFull.ttf")))


@cache
def _latin() -> Callable[[int], bool]:
    shapes = pdfmetrics.getFont(LATIN).face.charToGlyph
    return lambda character: character in shapes


def _runs(text: str) -> list[tuple[str, bool]]:
    """The text in runs; whether each is set in the Latin font, or in the Chinese one that has its shapes."""
    known, runs = _latin(), []
    begun, latin = 0, True
    text = CONTROLS.sub("", text)
    for at, character in enumerate(text + "\n"):
        is_latin = latin if character.isspace() and at < len(text) else known(ord(character))
        if at == len(text) or is_latin != latin:
            if at > begun:
                runs.append((text[begun:at], latin))
            begun, latin = at, is_latin
    return runs


def _marked(text: str) -> str:
    """The text escaped, each run that the Latin font has no shapes for set in the Chinese one."""
    parts = []
    for run, latin in _runs(text):
        marked = escape(run).replace("\n", "<br/>")
        parts.append(marked if latin else f'<font name="{HAN}">{marked}</font>')
    return "".join(parts)


def _paragraph(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(_marked(text), style)


def _flow(block: Block, styles: _Styles) -> list[Flowable]:
    width = A4[0] - 2 * MARGIN
    if isinstance(block, Heading):
        return [_paragraph(block.text, styles.heading)]
    if isinstance(block, Text):
        return [_paragraph(block.text, styles.text)]
    if isinstance(block, Pairs):
        pairs = [[_paragraph(label, styles.label), _paragraph(value, styles.cell)] for label, value in block.rows]
        return [_grid(pairs, [0.3 * width, 0.7 * width], head=False), Spacer(1, 3 * mm)] if pairs else []
    if isinstance(block, Drawing):
        return [KeepTogether([_drawn(block, width), _paragraph(block.caption, styles.caption)])]
    rows = [
        [
            _paragraph(text, styles.number_label if at in block.numeric else styles.label)
            for at, text in enumerate(block.head)
        ]
    ]
    rows += [
        [_paragraph(text, styles.number if at in block.numeric else styles.cell) for at, text in enumerate(row)]
        for row in block.rows
    ]
    shares = block.widths or [1.0] * len(block.head)
    return [_grid(rows, [width * share / sum(shares) for share in shares], head=True), Spacer(1, 3 * mm)]


def _grid(rows: list[list[Paragraph]], widths: list[float], *, head: bool) -> Grid:
    rules: list[tuple[Any, ...]] = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, RULE),
        ("LEFTPADDING", (0, 0), (-1, -1), 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), 2),
    ]
    if head:
        rules.append(("LINEBELOW", (0, 0), (-1, 0), 0.9, INK))
    return Grid(rows, colWidths=widths, repeatRows=1 if head else 0, style=rules, hAlign="LEFT")


def _drawn(block: Drawing, width: float) -> draw.Drawing:
    scale = min(width / block.width, HIGHEST / block.height)
    group = draw.Group(transform=(scale, 0, 0, scale, 0, 0))
    for shape in block.shapes:
        for one in _shapes(shape, block.height):
            group.add(one)
    return draw.Drawing(block.width * scale, block.height * scale, group)


def _shapes(shape: Shape, top: float) -> list[draw.Shape]:
    """The shape in reportlab's terms, whose y points up."""
    if isinstance(shape, Stroke):
        line = draw.Line(shape.x1, top - shape.y1, shape.x2, top - shape.y2)
        line.strokeColor, line.strokeWidth = _colour(shape.colour), shape.width
        return [line]
    if isinstance(shape, Disc):
        disc = draw.Circle(shape.x, top - shape.y, shape.radius)
        disc.fillColor, disc.strokeColor, disc.strokeWidth = _colour(shape.colour), colors.white, 0.5
        return [disc]
    if isinstance(shape, Ring):
        ring = draw.Polygon([number for x, y in shape.points for number in (x, top - y)])
        ring.fillColor = _colour(shape.fill) if shape.fill else None
        ring.strokeColor, ring.strokeWidth = (_colour(shape.line) if shape.line else None), 0.8
        return [ring]
    return _set(shape, top)


def _set(words: Words, top: float) -> list[draw.Shape]:
    runs = [(run, LATIN if latin else HAN) for run, latin in _runs(words.text)]
    widths = [pdfmetrics.stringWidth(run, font, words.size) for run, font in runs]
    at = words.x - {"start": 0.0, "middle": 0.5, "end": 1.0}[words.anchor] * sum(widths)
    made: list[draw.Shape] = []
    for (run, font), wide in zip(runs, widths, strict=True):
        one = draw.String(at, top - words.y, run)
        one.fontName, one.fontSize, one.fillColor = font, words.size, _colour(words.colour)
        made.append(one)
        at += wide
    return made


def _colour(name: str) -> colors.Color:
    return colors.HexColor(COLOURS[name])
