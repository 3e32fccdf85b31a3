"""The recognition app: support sets, classifiers and what they say of query pictures."""

from typing import ClassVar

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RecognitionConfig(AppConfig):
    """Register the app under its plain name."""

    name = "webapp.recognition"
    label = "recognition"
    verbose_name = _("Recognition")
    default_auto_field = "django.db.models.BigAutoField"
    stored: ClassVar[dict[str, str]] = {
        "pictures": "webapp.recognition.retention.named",
        "states": "webapp.recognition.retention.named",
        "archives": "webapp.recognition.retention.named",
    }
