from django.urls import path

from headwater.registry.views import browse, edit, imports

urlpatterns = [
    path("instruments/new/", edit.new_instrument, name="new_instrument"),
    path("instruments/export.csv", imports.export_instruments, name="export_instruments"),
    path("instruments/import/", imports.new_import, name="new_import"),
    path("instruments/import/<str:public_id>/", imports.import_run, name="import_run"),
    path("instruments/import/<str:public_id>/take/", imports.take_import, name="take_import"),
    path("instruments/import/<str:public_id>/rejects", imports.import_rejects, name="import_rejects"),
    path("instruments/<str:public_id>/", browse.instrument, name="instrument"),
    path("instruments/<str:public_id>/edit/", edit.edit_instrument, name="edit_instrument"),
    path("instruments/<str:public_id>/history/", browse.instrument_history, name="instrument_history"),
    path("instruments/<str:public_id>/pidinst.json", browse.instrument_pidinst, name="instrument_pidinst"),
    path("organisations/", browse.organisations, name="organisations"),
    path("organisations/<str:public_id>/", browse.organisation, name="organisation"),
    path("organisations/<str:public_id>/people/", edit.people, name="organisation_people"),
    path("facilities/", browse.facilities, name="facilities"),
    path("facilities/<str:public_id>/", browse.facility, name="facility"),
    path("cities/", browse.cities, name="cities"),
    path("cities/<slug:code>/", browse.city, name="city"),
    path("zones/", browse.zones, name="zones"),
    path("zones/<slug:code>/", browse.zone, name="zone"),
    path("techniques/", browse.techniques, name="techniques"),
    path("figures/", browse.figures, name="figures"),
    path("sources/<str:key>/", browse.source, name="source"),
]
