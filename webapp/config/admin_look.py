"""How the admin looks: Glimpse's name and colours, and a navigation in the order of the work."""

from typing import Any

from django.apps import apps
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

GROUPS: list[tuple[Any, dict[str, str]]] = [  # title, then model -> name of a symbol in unfold's own font
    (
        _("Training"),
        {
            "datasets.dataset": "folder_copy",
            "datasets.datasetversion": "stacks",
            "training.trainingrun": "model_training",
            "training.sweep": "grid_view",
            "training.schedule": "schedule",
            "checkpoints.checkpoint": "deployed_code",
            "checkpoints.checkpointimport": "input",
            "checkpoints.benchmark": "fact_check",
            "checkpoints.evaluation": "rule",
            "checkpoints.publication": "history",
        },
    ),
    (
        _("Site"),
        {
            "recognition.supportset": "photo_library",
            "recognition.classifier": "category",
            "recognition.prediction": "image_search",
            "recognition.zipimport": "folder_zip",
        },
    ),
    (
        _("Accounts"),
        {
            "accounts.owner": "badge",
            "auth.user": "person",
            "auth.group": "group",
        },
    ),
]


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the groups with the pages that this member of staff may see."""
    groups = [{"title": title, "items": _items(request, symbols)} for title, symbols in GROUPS]
    return [group for group in groups if group["items"]]


def _items(request: HttpRequest, symbols: dict[str, str]) -> list[dict[str, Any]]:
    """Return the pages of one group: those of models that are registered and may be looked at."""
    from django.contrib import admin

    shown = []
    for label, symbol in symbols.items():
        model = apps.get_model(label) if _is_known(label) else None
        if model and admin.site.is_registered(model) and admin.site.get_model_admin(model).has_view_permission(request):
            link = reverse(f"admin:{label.replace('.', '_')}_changelist")
            shown.append({"title": model._meta.verbose_name_plural.capitalize(), "icon": symbol, "link": link})
    return shown


def _is_known(label: str) -> bool:
    app_label, _dot, name = label.partition(".")
    return name in apps.all_models.get(app_label, {})


def stylesheet(request: HttpRequest) -> str:
    """Return the address of what the project's own admin pages look like."""
    return static("glimpse/admin.css")


def late_answers(request: HttpRequest) -> str:
    """Return the address of what lets htmx meet a page that has gone on; the pages of the site load it, too."""
    return static("glimpse/late-answers.js")


def icon(request: HttpRequest) -> str:
    """Return the address of the site's icon."""
    return static("glimpse/icon.svg")


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Glimpse",
    "SITE_HEADER": "Glimpse",
    "SITE_SUBHEADER": _("for staff"),
    "SITE_ICON": "webapp.config.admin_look.icon",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "webapp.config.admin_look.icon"}],
    "STYLES": ["webapp.config.admin_look.stylesheet"],
    "SCRIPTS": ["webapp.config.admin_look.late_answers"],
    "BORDER_RADIUS": "10px",
    "COLORS": {
        "base": {
            "50": "#faf9f6",
            "100": "#f2f0eb",
            "200": "#e2dfd8",
            "300": "#cbc8c0",
            "400": "#97a09c",
            "500": "#5f6a66",
            "600": "#56615e",
            "700": "#3a4542",
            "800": "#222927",
            "900": "#1a201e",
            "950": "#121615",
        },
        "primary": {
            "50": "#f0f8f6",
            "100": "#e2f0ec",
            "200": "#bfe2da",
            "300": "#8adccc",
            "400": "#62ccb8",
            "500": "#2fa893",
            "600": "#0b6b5d",
            "700": "#085247",
            "800": "#0a4139",
            "900": "#17352f",
            "950": "#06231d",
        },
    },
    "SIDEBAR": {"navigation": "webapp.config.admin_look.navigation"},
}
