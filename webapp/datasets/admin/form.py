"""The form that starts to ingest a data set, or another version of one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mlcore.data.datasets import DATASETS
from webapp.datasets.ingesting.registered import PUBLISHED_SPLITS
from webapp.datasets.models import Source
from webapp.datasets.services import Material

FIELDS = {
    Source.UPLOAD: ("upload", "least_pictures"),
    Source.REGISTERED: ("registered",),
    Source.FOLDER: ("folder", "least_pictures"),
    Source.SITE: ("least_pictures",),
}
"""Besides the name, what is asked for each source."""


def _zip_help() -> str:
    megabytes = settings.GLIMPSE_LIMITS["dataset_zip_bytes"] // 2**20
    text = _(
        "One folder of pictures for each class, up to %(n)d MB. Which classes are trained on and which are kept for "
        "the test is decided by their names: folders called train, val or test are not followed. You see the classes "
        "before they are ingested."
    )
    return text % {"n": megabytes}


def _folder_help() -> str:
    allowed = ", ".join(settings.GLIMPSE_DATASET_FOLDERS)
    if not allowed:
        return _("No folder is allowed yet. Whoever runs this server names some in GLIMPSE_DATASET_FOLDERS.")
    return _("A folder of class folders, below one of these: %(folders)s.") % {"folders": allowed}


class IngestForm(forms.Form):
    """What to ingest. Only the fields of the chosen source are shown; the services check them."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=64, help_text=gettext_lazy("As lists will show it."))
    upload = forms.FileField(label=gettext_lazy("Zip of class folders"), help_text=lazy(_zip_help, str)())
    registered = forms.ChoiceField(
        label=gettext_lazy("Data set"),
        choices=[(name, f"{name}: {DATASETS[name].description}") for name in PUBLISHED_SPLITS],
        help_text=gettext_lazy("Its published class split is used. Its files must lie on this server."),
    )
    folder = forms.CharField(label=gettext_lazy("Folder"), max_length=500, help_text=lazy(_folder_help, str)())
    least_pictures = forms.IntegerField(
        label=gettext_lazy("Pictures a class at least"),
        initial=10,
        min_value=2,
        max_value=1000,
        help_text=gettext_lazy(
            "Shots and queries together: 10 do for five of each, which a checkpoint is calibrated with. Smaller "
            "classes are left out and counted."
        ),
    )

    def __init__(self, *arguments: Any, source: str, is_new: bool, **options: Any) -> None:
        super().__init__(*arguments, **options)
        asked = {*FIELDS[Source(source)], *(["name"] if is_new else [])}
        for name in set(self.fields) - asked:
            del self.fields[name]
        self.fields["name" if is_new else next(iter(self.fields))].widget.attrs["autofocus"] = True
        for name, field in self.fields.items():
            field.widget.attrs["aria-describedby"] = f"{name}-help"
            field.widget.attrs["class"] = "control"

    def material(self) -> Material:
        """Return what the services are to ingest."""
        values = {name: self.cleaned_data[name] for name in self.fields if name != "name"}
        return Material(**values, waits="upload" in values)
