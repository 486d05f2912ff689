from django.urls import path

from headwater.catalogue.views import reach, saved, search

urlpatterns = [
    path("instruments/", search.find, name="instruments"),
    path("instruments/found.csv", search.found_table, name="found_table"),
    path("instruments/compare/", search.compare, name="compare"),
    path("instruments/<str:public_id>/reach/", reach.instrument_reach, name="instrument_reach"),
    path("reach/", reach.reach, name="reach"),
    path("searches/", saved.searches, name="saved_searches"),
    path("searches/<str:public_id>/delete/", saved.delete, name="delete_search"),
]
