"""The checkpoints app: what can be learned with, and which of them is live."""

from typing import ClassVar

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CheckpointsConfig(AppConfig):
    """Register the app under its plain name."""

    name = "webapp.checkpoints"
    label = "checkpoints"
    verbose_name = _("Checkpoints")
    default_auto_field = "django.db.models.BigAutoField"
    stored: ClassVar[dict[str, str]] = {
        "checkpoints": "webapp.checkpoints.retention.named_checkpoints",
        "imports": "webapp.checkpoints.retention.named_imports",
    }

    def ready(self) -> None:
        """Register what deleting the rows of apps below means here."""
        from webapp.checkpoints import deletion  # noqa: F401
