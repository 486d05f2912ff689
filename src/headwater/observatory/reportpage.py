"""A report as one HTML file that needs no other."""

from __future__ import annotations

from datetime import date
from html import escape

from headwater import __version__
from headwater.papers.drawing import Drawing, svg
from headwater.papers.pdf import Block, Heading, Pairs, Text

STYLE = """
body{font:16px/1.6 "Helvetica Neue",Arial,"PingFang SC","Noto Sans CJK SC","Microsoft YaHei",sans-serif;color:#16232e;
max-width:60rem;margin:2rem auto;padding:0 1rem}h1{font-size:1.7rem}h2{font-size:1.15rem;margin-top:2rem}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{text-align:left;vertical-align:top;padding:.3rem .7rem .3rem 0;
border-bottom:1px solid #dfe6ea}.num{text-align:right;font-variant-numeric:tabular-nums}dl{display:grid;
grid-template-columns:minmax(9rem,16rem) 1fr;gap:.2rem 1rem;border-bottom:1px solid #dfe6ea;padding-bottom:.6rem}
figure{margin:1rem 0;max-width:46rem}figure svg{display:block;width:100%;height:auto}
figcaption{color:#51626f;font-size:.85rem}dt{color:#51626f}dd{margin:0}footer{color:#51626f;font-size:.85rem;margin-top:2rem}
"""


def page(title: str, blocks: list[Block], language: str, made_on: date) -> str:
    """The report as one file that needs no other."""
    body = "\n".join(_element(block) for block in blocks)
    code = "zh-Hans" if language == "zh" else "en"
    return (
        f'<!doctype html>\n<html lang="{code}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head>\n<body><h1>{escape(title)}</h1>\n{body}\n"
        f"<footer>Headwater {__version__} · {made_on.isoformat()}</footer></body></html>\n"
    )


def _element(block: Block) -> str:
    if isinstance(block, Heading):
        return f"<h2>{escape(block.text)}</h2>"
    if isinstance(block, Text):
        return "<p>" + "<br>".join(escape(line) for line in block.text.split("\n")) + "</p>"
    if isinstance(block, Pairs):
        return (
            "<dl>" + "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in block.rows) + "</dl>"
        )
    if isinstance(block, Drawing):
        return f"<figure>{svg(block)}<figcaption>{escape(block.caption)}</figcaption></figure>"
    head = "".join(_cell("th", text, k, block.numeric) for k, text in enumerate(block.head))
    rows = "".join(
        "<tr>" + "".join(_cell("td", text, k, block.numeric) for k, text in enumerate(row)) + "</tr>"
        for row in block.rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _cell(tag: str, text: str, column: int, numeric: frozenset[int]) -> str:
    kind = ' class="num"' if column in numeric else ""
    return f"<{tag}{kind}>{escape(text)}</{tag}>"
