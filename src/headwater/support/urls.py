from django.urls import path

from headwater.support.views import offices, owners, reports, using

urlpatterns = [
    path("instruments/<str:public_id>/quote/", using.instrument_quote, name="instrument_quote"),
    path("support/", using.money_home, name="money"),
    path("support/orders/", using.orders, name="orders"),
    path("support/orders/<str:public_id>/", using.order, name="order"),
    path("support/orders/<str:public_id>/cancel/", using.cancel_order, name="cancel_order"),
    path("support/vouchers/", using.vouchers, name="vouchers"),
    path("support/registrations/<str:public_id>/", using.registration, name="registration"),
    path("support/claims/", using.claims, name="claims"),
    path("support/claims/<str:public_id>/", using.claim, name="claim"),
    path("support/claims/<str:public_id>/documents/<int:number>", using.claim_document, name="claim_document"),
    path("support/schemes/", offices.schemes, name="schemes"),
    path("support/schemes/new/", offices.new_scheme, name="new_scheme"),
    path("support/schemes/import/", offices.import_scheme_file, name="import_schemes"),
    path("support/schemes/<str:code>/", offices.scheme, name="scheme"),
    path("support/office/", offices.office, name="office"),
    path("support/settlements/", offices.settlements, name="settlements"),
    path("support/rates/<str:public_id>/", owners.rates, name="rates"),
    path("support/charges/of/<str:public_id>/", owners.charges, name="charges"),
    path("support/charges/<str:public_id>/", owners.charge, name="charge"),
    path("support/invoices/<str:public_id>/", owners.invoice, name="invoice"),
    path("support/invoices/<str:public_id>.pdf", owners.invoice_pdf, name="invoice_pdf"),
    path("support/invoices/<str:public_id>.xlsx", owners.invoice_xlsx, name="invoice_xlsx"),
    path("support/assessments/<str:public_id>/", reports.assessment, name="assessment"),
    path("support/reports/", reports.reports, name="reports"),
    path("support/reports/<str:public_id>/", reports.report, name="report"),
    path("support/reports/<str:public_id>/rejects.csv", reports.report_rejects, name="report_rejects"),
    path("support/ledger/<str:public_id>.csv", owners.ledger, name="ledger"),
]
