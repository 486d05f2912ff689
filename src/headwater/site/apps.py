from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "headwater.site"
    label = "site"
