"""The datasets app: what can be trained on."""

from typing import ClassVar

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DatasetsConfig(AppConfig):
    """Register the app under its plain name."""

    name = "webapp.datasets"
    label = "datasets"
    verbose_name = _("Data sets")
    default_auto_field = "django.db.models.BigAutoField"
    stored: ClassVar[dict[str, str]] = {"datasets": "webapp.datasets.retention.named"}
