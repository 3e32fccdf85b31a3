"""The checkpoints app: what can be learned with, and which of them is live."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CheckpointsConfig(AppConfig):
    """Register the app under its plain name."""

    name = "webapp.checkpoints"
    label = "checkpoints"
    verbose_name = _("Checkpoints")
    default_auto_field = "django.db.models.BigAutoField"
