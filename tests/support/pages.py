"""The pages of terms and money by name: who looks at each in the tests."""

from __future__ import annotations

# Name of the page → who looks at it, and its address with names of a `World`'s records.
PAGES = {
    "instrument_quote": ("engineer", "/instruments/{instrument}/quote/?hours=2&organisation={company}"),
    "money": ("engineer", "/support/"),
    "orders": ("engineer", "/support/orders/"),
    "order": ("engineer", "/support/orders/{order}/"),
    "vouchers": ("engineer", "/support/vouchers/"),
    "registration": ("chief", "/support/registrations/{company}/"),
    "claims": ("engineer", "/support/claims/"),
    "claim": ("officer", "/support/claims/{claim}/"),
    "schemes": ("engineer", "/support/schemes/"),
    "scheme": ("officer", "/support/schemes/{scheme}/"),
    "new_scheme": ("officer", "/support/schemes/new/?from={scheme}"),
    "import_schemes": ("officer", "/support/schemes/import/"),
    "office": ("officer", "/support/office/"),
    "settlements": ("officer", "/support/settlements/"),
    "entry": ("manager", "/support/entry/{lab}/"),
    "proofs": ("engineer", "/support/proofs/"),
    "recognitions": ("officer", "/support/recognitions/"),
    "rates": ("manager", "/support/rates/{lab}/"),
    "import_rates": ("manager", "/support/rates/{lab}/import/"),
    "charges": ("manager", "/support/charges/of/{lab}/"),
    "charge": ("manager", "/support/charges/{charge}/"),
    "invoice": ("manager", "/support/invoices/{invoice}/"),
    "assessment": ("manager", "/support/assessments/{lab}/?year=2026"),
    "reports": ("manager", "/support/reports/"),
    "report": ("manager", "/support/reports/{report}/"),
}
FILES = {
    *("cancel_order", "claim_document", "end_entry", "invoice_pdf", "invoice_xlsx"),
    *("ledger", "rates_csv", "rates_xlsx", "report_rejects", "revoke_entry"),
}
