from django.urls import path

from headwater.accounts import views

urlpatterns = [
    path("", views.account, name="account"),
    path("notices/", views.notices, name="notices"),
    path("notices/read/", views.read_notices, name="read_notices"),
    path("notices/mails/", views.choose_mails, name="choose_mails"),
    path("notices/<int:notice_id>/", views.follow_notice, name="follow_notice"),
    path("tokens/<int:token_id>/revoke/", views.revoke_token, name="revoke_token"),
]
