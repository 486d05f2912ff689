from django.urls import include, path

from headwater.site import health, views
from headwater.site.api import api, docs

urlpatterns = [
    path("", views.home, name="home"),
    path("", include("headwater.booking.urls")),
    path("", include("headwater.catalogue.urls")),
    path("", include("headwater.support.urls")),
    path("", include("headwater.registry.urls")),
    path("beamtime/", include("headwater.useroffice.urls")),
    path("observatory/", include("headwater.observatory.urls")),
    path("", include("headwater.partnering.urls")),
    path("account/", include("headwater.accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("api/v1/", api.urls),
    path("api/docs", docs, name="api_docs"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
]
handler404 = "headwater.site.views.missing"
handler500 = "headwater.site.views.broken"
