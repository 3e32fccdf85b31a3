"""The app of what every part of the site stands on: tags, scripts, the stylesheet."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    """Register the app under its plain name."""

    name = "webapp.core"
    label = "core"
    default_auto_field = "django.db.models.BigAutoField"
