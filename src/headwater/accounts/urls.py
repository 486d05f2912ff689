from django.urls import path

from headwater.accounts import views

urlpatterns = [
    path("", views.account, name="account"),
    path("tokens/<int:token_id>/revoke/", views.revoke_token, name="revoke_token"),
]
