"""The faces app: two photos compared, a gallery kept for a day, and consent before either."""

from typing import ClassVar

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FacesConfig(AppConfig):
    """Register the app under its plain name."""

    name = "webapp.faces"
    label = "faces"
    verbose_name = _("Faces")
    default_auto_field = "django.db.models.BigAutoField"
    stored_briefly: ClassVar[dict[str, str]] = {"faces": "webapp.faces.photos.named"}
