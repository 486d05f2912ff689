"""Papers: whole in both languages, the same bytes each time, nothing read as markup."""

from __future__ import annotations

import io
from datetime import date
from xml.etree import ElementTree

import pytest
from pypdf import PdfReader

from headwater.papers.drawing import Disc, Drawing, Ring, Stroke, Words, svg
from headwater.papers.pdf import Heading, Pairs, Table, Text, make_pdf

DAY = date(2025, 9, 1)


def read(content: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(content))


def words(content: bytes) -> str:
    return "".join("".join(page.extract_text() for page in read(content).pages).split())


BLOCKS = [
    Heading("账单 Invoice"),
    Text("上海光源 provides 3.5 h of 机时.\nThank you."),
    Pairs([("付款人 Payer", "合肥某公司")]),
    Table(
        ["项目", "金额"],
        [["使用费", "1,234.50"], ["样品制备 preparation", "80.00"]],
        numeric=frozenset([1]),
        widths=[3, 1],
    ),
]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_word_can_be_read_back(language):
    paper = make_pdf("发票 Invoice 7", BLOCKS, language=language, made_on=DAY)
    found = words(paper)
    for text in (
        "发票Invoice7",
        "上海光源provides3.5hof机时.",
        "Thankyou.",
        "付款人Payer",
        "合肥某公司",
        "1,234.50",
        "2025-09-01",
    ):
        assert text in found
    assert read(paper).metadata.title == "发票 Invoice 7"


def test_fonts_are_inside():
    fonts = read(make_pdf("题", BLOCKS, language="zh", made_on=DAY)).pages[0]["/Resources"]["/Font"]
    embedded = [font.get_object() for font in fonts.values()]
    names = [one["/BaseFont"] for one in embedded if "/FontDescriptor" in one or "/DescendantFonts" in one]
    assert any("Droid" in name for name in names)


def test_same_blocks_give_the_same_bytes():
    assert make_pdf("A", BLOCKS, language="en", made_on=DAY) == make_pdf("A", BLOCKS, language="en", made_on=DAY)
    assert make_pdf("A", BLOCKS, language="en", made_on=DAY) != make_pdf("B", BLOCKS, language="en", made_on=DAY)


def test_text_is_never_markup():
    hostile = '<b>bold</b> & <font name="x">未闭合 <para> \x00\x1b </font'
    assert "<b>bold</b>&<fontname=" in words(make_pdf(hostile, [Text(hostile)], language="en", made_on=DAY))


def test_long_table_goes_over_pages_with_its_head_on_each():
    rows = [[f"row {n}", "长" * 60] for n in range(200)]
    paper = make_pdf("long", [Table(["名称 name", "说明"], rows)], language="zh", made_on=DAY)
    pages = [page.extract_text() for page in read(paper).pages]
    assert len(pages) > 5
    assert all("name" in page for page in pages)
    assert "row199" in words(paper)


def test_empty_blocks_make_a_page():
    assert len(read(make_pdf("", [Pairs([]), Table(["a"], [])], language="en", made_on=DAY)).pages) == 1


DRAWING = Drawing(
    480,
    900,
    [
        Ring([(0, 0), (100, 0), (50, 80)], "land", "rule"),
        Ring([(0, 0), (9, 0), (9, 9)], None, "ink"),
        Stroke(0, 10, 480, 10, 1, "main"),
        Disc(40, 50, 4, "other"),
        Words(240, 60, "上海 <Shanghai> & 合肥", "middle"),
    ],
    'A map "of" places & 城市.',
)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_drawing_stands_in_the_paper_with_its_words_and_caption(language):
    paper = make_pdf("题", [*BLOCKS, DRAWING], language=language, made_on=DAY)
    found = words(paper)
    assert "<Shanghai>" in found
    assert "合肥" in found
    assert 'Amap"of"places&城市.' in found
    assert paper == make_pdf("题", [*BLOCKS, DRAWING], language=language, made_on=DAY)


def test_drawing_on_a_page_is_one_named_element_without_style():
    text = svg(DRAWING)
    root = ElementTree.fromstring(text)
    assert root.get("aria-label") == DRAWING.caption
    assert [child.tag for child in root] == ["path", "path", "line", "circle", "text"]
    assert root[4].text == "上海 <Shanghai> & 合肥"
    assert "style=" not in text
