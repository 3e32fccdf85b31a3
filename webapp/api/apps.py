"""How Django finds this app."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """Describe the app to Django."""

    name = "webapp.api"
    default_auto_field = "django.db.models.BigAutoField"
