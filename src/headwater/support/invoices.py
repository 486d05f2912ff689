"""Invoices on paper: PDF and XLSX."""

from __future__ import annotations

import io
from collections.abc import Sequence

from django.utils import translation
from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.styles import Font

from headwater.core.money import Money
from headwater.papers.pdf import Pairs, Table, Text, make_pdf
from headwater.support.models import Invoice, InvoiceLine


def _amount(currency: str, minor: int) -> str:
    return f"{Money(currency, minor).major:,}"


def _line(one: InvoiceLine) -> tuple[str, ...]:
    charge = one.charge
    instrument = charge.order.instrument.name if charge.order.instrument else "—"
    return (
        f"{charge.issued_at:%Y-%m-%d}",
        str(charge.get_kind_display()),
        instrument if not charge.ground else f"{instrument}: {charge.ground}",
        _amount(charge.currency, charge.gross_minor),
        _amount(charge.currency, charge.supported_minor),
        _amount(charge.currency, charge.user_minor),
    )


def _head() -> tuple[str, ...]:
    return (_("Day"), _("What"), _("Instrument"), _("Price"), _("Paid by schemes"), _("You pay"))


def as_pdf(invoice: Invoice, lines: Sequence[InvoiceLine], *, language: str) -> bytes:
    """The invoice as a PDF; the same bytes for the same invoice and language."""
    with translation.override(language):
        pairs = (
            (_("Invoice"), str(invoice)),
            (_("From"), invoice.provider.name),
            (_("To"), invoice.organisation.name),
            (_("Issued on"), f"{invoice.issued_at:%Y-%m-%d}"),
        )
        total = f"{invoice.currency} {_amount(invoice.currency, invoice.total_minor)}"
        blocks = (
            Pairs(pairs),
            Table(
                _head(), [_line(one) for one in lines], numeric=frozenset({3, 4, 5}), widths=(12, 12, 34, 14, 14, 14)
            ),
            Pairs(((_("Total to pay"), total),)),
            Text(
                _("This paper is no tax invoice. It names what the ledger charges under %(id)s.")
                % {"id": invoice.public_id}
            ),
        )
        return make_pdf(_("Invoice"), blocks, language=language, made_on=invoice.issued_at.date())


def as_xlsx(invoice: Invoice, lines: Sequence[InvoiceLine]) -> bytes:
    """The invoice as a workbook of one sheet, amounts as numbers."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = str(invoice)
    sheet.append([_("Invoice"), str(invoice)])
    sheet.append([_("From"), invoice.provider.name])
    sheet.append([_("To"), invoice.organisation.name])
    sheet.append([_("Currency"), invoice.currency])
    sheet.append([])
    sheet.append(list(_head()))
    for cell in sheet[6]:
        cell.font = Font(bold=True)
    for one in lines:
        charge = one.charge
        day, what, text, *_amounts = _line(one)
        amounts = (charge.gross_minor, charge.supported_minor, charge.user_minor)
        sheet.append([day, what, text, *(Money(charge.currency, minor).major for minor in amounts)])
    sheet.append(["", "", _("Total to pay"), "", "", Money(invoice.currency, invoice.total_minor).major])
    for row in sheet.iter_rows(min_row=1, max_row=sheet.max_row):
        for cell in row:
            if isinstance(cell.value, str):
                cell.data_type = "s"  # a text that begins with = is a text
    for column, width in zip("ABCDEF", (12, 16, 48, 14, 16, 14), strict=True):
        sheet.column_dimensions[column].width = width
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
