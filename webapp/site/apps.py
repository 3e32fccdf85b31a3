"""The site app: the start page, the privacy page, the examples. It has no rows of its own."""

from django.apps import AppConfig


class SiteConfig(AppConfig):
    """Register the app under its plain name."""

    name = "webapp.site"
    label = "site"
    default_auto_field = "django.db.models.BigAutoField"
