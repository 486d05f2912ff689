from django.urls import path

from headwater.observatory import clusterviews, views

urlpatterns = [
    path("", views.statements, name="observatory"),
    path("indicators/", views.indicators, name="observatory_indicators"),
    path("indicators.csv", views.indicators_csv, name="observatory_indicators_csv"),
    path("indicators/<slug:code>/", views.indicator, name="observatory_indicator"),
    path("clusters/", clusterviews.clusters, name="observatory_clusters"),
    path("clusters/new/", clusterviews.new_clusters, name="observatory_new_clusters"),
    path("clusters/<str:public_id>/", clusterviews.tried, name="observatory_tried_clusters"),
    path("flows/", views.flows_page, name="observatory_flows"),
    path("reach/", views.reach, name="observatory_reach"),
    path("reports/", views.reports, name="observatory_reports"),
    path("reports/new/", views.new_report, name="observatory_new_report"),
    path("reports/<str:public_id>/", views.report, name="observatory_report"),
    path("reports/<str:public_id>/<str:name>", views.report_file, name="observatory_report_file"),
    path("data/", views.data, name="observatory_data"),
    path("data/snapshots/new/", views.new_snapshot, name="observatory_new_snapshot"),
    path("data/<slug:table>/<str:name>", views.data_file, name="observatory_data_file"),
]
