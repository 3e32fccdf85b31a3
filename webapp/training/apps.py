"""The training app: meta-training runs, and the sweeps and schedules that start them."""

from typing import ClassVar

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TrainingConfig(AppConfig):
    """Register the app under its plain name."""

    name = "webapp.training"
    label = "training"
    verbose_name = _("Training")
    default_auto_field = "django.db.models.BigAutoField"
    stored: ClassVar[dict[str, str]] = {"runs": "webapp.training.retention.named"}

    def ready(self) -> None:
        """Register what deleting the rows of apps below means here."""
        from webapp.training import deletion  # noqa: F401
