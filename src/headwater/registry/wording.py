"""The registry's reasons in words. The Chinese stands in the site's message catalogue."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from headwater.accounts.words import Wording

INVALID = 422

ACTS = {
    "import.done": _("file taken in"),
    "instrument.added": _("instrument added"),
    "instrument.changed": _("instrument changed"),
    "region.loaded": _("region loaded"),
    "role.set": _("role set"),
}

REASONS = {
    "instrument.not_found": Wording(
        _("There is no such instrument, or it is not shown to you. Sign in if it is your own organisation's."), 404
    ),
    "instrument.changed_meanwhile": Wording(
        _(
            "Somebody changed this record while you worked on it (you read version %(yours)s, it is now %(now)s). Look at the newer one and try again."
        ),
        409,
    ),
    "organisation.not_yours": Wording(
        _("Only managers of the owning organisation may do this. Ask its administrator to make you one.")
    ),
    "organisation.none_managed": Wording(
        _("You manage the instruments of no organisation. Ask your organisation's administrator to make you a manager.")
    ),
    "organisation.not_administrator": Wording(_("Only administrators of the organisation may give roles in it.")),
    "organisation.last_administrator": Wording(
        _("This is the organisation's last administrator. Make somebody else one first."), 409
    ),
    "role.unknown": Wording(_("“%(value)s” is not a role. Use member, manager or administrator."), INVALID),
    "person.not_found": Wording(
        _("Nobody with the address %(email)s has an account here. Ask them to sign up first."), INVALID
    ),
    "organisation.not_found": Wording(_("There is no such organisation."), 404),
    "instrument.name_missing": Wording(_("The instrument has no name. Give it one in Chinese or English."), INVALID),
    "instrument.owner_unknown": Wording(
        _("No organisation is known as “%(value)s”. Use its public id, its ROR id, its credit code or its exact name."),
        INVALID,
    ),
    "instrument.facility_unknown": Wording(
        _("No facility is known as “%(value)s”. Use its public id or its code."), INVALID
    ),
    "instrument.facility_not_owners": Wording(
        _("The facility “%(value)s” is run by another organisation than the instrument's owner."), INVALID
    ),
    "instrument.city_unknown": Wording(
        _(
            "No city is known as “%(value)s”. Use its name in Chinese or English, or leave it empty to take the owner's."
        ),
        INVALID,
    ),
    "instrument.technique_unknown": Wording(
        _("No technique is known as “%(value)s”. Take one from the list of techniques."), INVALID
    ),
    "instrument.class_unknown": Wording(
        _("There is no class “%(value)s”. Write it as vocabulary:version:code."), INVALID
    ),
    "instrument.choice_unknown": Wording(_("“%(value)s” is not one of the values of %(field)s: %(allowed)s."), INVALID),
    "instrument.text_too_long": Wording(
        _("The text of %(field)s has %(have)s characters; the most is %(most)s. Shorten it."), INVALID
    ),
    "instrument.control_characters": Wording(
        _("The text of %(field)s holds control characters, which no page can show. Remove them."), INVALID
    ),
    "instrument.value_negative": Wording(_("The value is negative. Give what the instrument cost."), INVALID),
    "instrument.value_too_large": Wording(_("The value is larger than can be stored. Check its digits."), INVALID),
    "instrument.currency_unknown": Wording(
        _("“%(value)s” is not a currency. Use three capital letters, such as CNY."), INVALID
    ),
    "instrument.dates_reversed": Wording(
        _("It goes out of use on %(decommissioned)s, before it came into use on %(commissioned)s. Check both dates."),
        INVALID,
    ),
    "instrument.half_a_point": Wording(_("A place needs both latitude and longitude, or neither."), INVALID),
    "instrument.off_the_earth": Wording(
        _("Latitude %(lat)s, longitude %(lon)s is not on the earth. Are they swapped?"), INVALID
    ),
    "instrument.web_page_wrong": Wording(
        _("“%(value)s” is not the address of a web page. Begin it with https:// or http://."), INVALID
    ),
    "instrument.email_wrong": Wording(_("“%(value)s” is not an e-mail address."), INVALID),
    "instrument.country_wrong": Wording(
        _("“%(value)s” is not a country code. Use two capital letters, such as CN."), INVALID
    ),
    "instrument.local_id_taken": Wording(_("The owner already has an instrument with the number “%(value)s”."), 409),
    "instrument.pid_taken": Wording(_("Another instrument already has the identifier “%(value)s”."), 409),
    "instrument.amount_unreadable": Wording(_("“%(value)s” in %(field)s is not an amount of money."), INVALID),
    "instrument.date_unreadable": Wording(_("“%(value)s” in %(field)s is not a date. Write 2024-05-31."), INVALID),
    "instrument.number_unreadable": Wording(_("“%(value)s” in %(field)s is not a number."), INVALID),
    "import.too_large": Wording(
        _("The file has %(have)s MB; the most is %(most)s MB. Split it, or let the operator import it by command."), 413
    ),
    "import.empty": Wording(_("The file is empty."), INVALID),
    "import.owner_from_rows": Wording(_("Each row names its owner."), 200),
    "import.not_found": Wording(_("There is no such import, or it is not yours."), 404),
    "import.already_run": Wording(_("This file has already been taken in."), 409),
    "import.file_changed": Wording(_("The stored file is not the one that was checked. Upload it again."), 409),
    "import.row_short": Wording(
        _("The row has %(have)s cells, the header %(want)s. A quote or a comma may be missing."), INVALID
    ),
    "import.formula": Wording(
        _("The cell %(field)s holds a formula (%(value)s), not its value. Save the sheet with values."), INVALID
    ),
    "import.duplicate": Wording(
        _("The same instrument stands in line %(line)s already. Only the first is taken."), INVALID
    ),
    "import.shape_wrong": Wording(_("%(field)s should be %(want)s."), INVALID),
    "import.not_an_instrument": Wording(
        _("The row describes “%(value)s”, not an instrument; it was left out."), INVALID
    ),
    "import.encoding_broken": Wording(
        _("The file says that it is in %(encoding)s, but parts of it are not. Save it anew as CSV in UTF-8."), INVALID
    ),
    "import.encoding_unknown": Wording(_("The file's encoding can't be made out. Save it as CSV in UTF-8."), INVALID),
    "import.is_xls": Wording(
        _("The file is in Excel's old form (.xls). Save it as .xlsx or as CSV in UTF-8."), INVALID
    ),
    "import.is_pdf": Wording(_("The file is a PDF, not a table. Export the table itself as CSV or XLSX."), INVALID),
    "import.is_compressed": Wording(_("The file is compressed. Unpack it and import the table inside."), INVALID),
    "import.is_web_page": Wording(
        _("The file is a web page, not a table. Open it in a spreadsheet and save it as CSV in UTF-8."), INVALID
    ),
    "import.not_json": Wording(_("The file is not JSON: it breaks in line %(line)s, column %(column)s."), INVALID),
    "import.no_instruments": Wording(
        _('The JSON holds no list of instruments. It should be one object, a list of them, or {"instruments": […]}.'),
        INVALID,
    ),
    "import.no_header": Wording(
        _(
            "No row among the first ones names the columns. One of them must hold titles such as name_en, 仪器名称 or Name."
        ),
        INVALID,
    ),
    "import.no_rows": Wording(_("The file has no instruments in it, only a header."), INVALID),
    "import.column_twice": Wording(_("Two columns mean the same: %(column)s. Keep one of them."), INVALID),
    "import.csv_broken": Wording(
        _("The table breaks in line %(line)s: a cell there never ends. A closing quote is probably missing."), INVALID
    ),
    "import.quote_open": Wording(
        _("A quote that opens in line %(line)s is never closed; all that follows was read as one cell. Close it."),
        INVALID,
    ),
    "import.xlsx_broken": Wording(
        _("The XLSX file is damaged or incomplete. Open it in a spreadsheet and save it again."), INVALID
    ),
    "import.not_xlsx": Wording(
        _("The file is a package, but no XLSX workbook. Save the table as XLSX or as CSV in UTF-8."), INVALID
    ),
    "import.xlsx_too_large": Wording(
        _("Unpacked, the XLSX file has more than %(most)s MB. Save it as CSV in UTF-8."), INVALID
    ),
    "import.public_id_wrong": Wording(
        _("“%(value)s” is not a public id of an instrument. Leave the cell empty for a new one."), INVALID
    ),
    "import.collided": Wording(
        _("Somebody wrote the same instruments while the file was taken in; nothing of it was stored. Try again."), 409
    ),
    "import.owner_missing": Wording(
        _("The row names no owner. Name the organisation in the row, or choose one for the whole file."), INVALID
    ),
    "cursor.unknown": Wording(_("The cursor is not one that Headwater gave. Start again without it."), INVALID),
    "record.not_found": Wording(_("There is no such record."), 404),
    "request.unwritable": Wording(
        _("The request holds a character that can't be kept: NUL, or half of one. Leave it out and send it again."), 422
    ),
    "request.unreadable": Wording(_("The body of the request can't be read. Send JSON in UTF-8."), 400),
    "request.invalid": Wording(_("%(field)s: %(what)s"), INVALID),
}
