"""The form of a run, made from the very configs that `mlcore` trains with: a field for each of their fields."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from mlcore.config import KINDS, OFFERED_TRANSFORMS
from mlcore.documents import with_values
from mlcore.errors import ConfigError
from mlcore.faces.config import FACE_LOSSES
from mlcore.method_config import METHODS
from mlcore.run_config import MetaRunConfig, settings_for
from mlcore.settings import Setting
from webapp.checkpoints.models import Checkpoint
from webapp.checkpoints.shown_settings import in_form_words
from webapp.core.errors import UserError
from webapp.datasets.models import DatasetVersion
from webapp.training.models import TrainingRun
from webapp.training.runs.beginnings import CHOICES, DEFAULT_KIND, DEFAULT_METHOD, LONGEST_NAME, kinds_of
from webapp.training.runs.setting_field import SettingField
from webapp.training.runs.settings import WAYS, AnyRunConfig, checked, defaults_of, is_fixed, ways_in

OF_A_RUN = MetaRunConfig.settings()
PLAIN = {"episodes.n_way", "episodes.k_shot", "episodes.n_query", "training.max_minutes", "training.steps"}
"""What everybody sees; the rest is folded away."""
FIRST = ("name", "version", "kind", "method", "start_from")
NEW_KIND = ("new_kind", "transform")
NOT_OF_FACES = ("start_from", *NEW_KIND)
TITLES: dict[str, str | Promise] = {
    "episodes": _("Episodes"),
    "training": _("Training"),
    "method_config.backbone": _("Backbone"),
    "method_config": _("Method"),
}


@dataclass(frozen=True)
class Group:
    """Fields that are shown together; those with a name may be folded away."""

    title: str | Promise
    fields: list[forms.BoundField]
    name: str = ""
    was_open: bool = False

    @property
    def is_open(self) -> bool:
        """Return whether it is not folded away: somebody opened it before, or a field of it has an error."""
        return self.was_open or any(field.errors for field in self.fields)


class StartChoice(forms.ModelChoiceField[Checkpoint]):
    """A choice of checkpoints, which says of each what it is for."""

    def label_from_instance(self, obj: Checkpoint) -> str:
        """Name a checkpoint, its kind of picture and its method."""
        return f"{obj.name} · {obj.kind} · {obj.method.replace('_', ' ')}"


def _methods() -> list[tuple[str | Promise, list[tuple[str, str]]]]:
    """List the methods by what they are for."""
    return [
        (_("To teach classes from a few pictures"), [(name, name.replace("_", " ")) for name in METHODS]),
        (_("To tell faces apart"), [(name, name) for name in FACE_LOSSES]),
    ]


class RunForm(forms.Form):
    """What to train on what; its settings are those of the method that is chosen.

    After `is_valid`, `settings` holds the configs.
    """

    name = forms.CharField(label=_("Name"), max_length=LONGEST_NAME, widget=UnfoldAdminTextInputWidget)
    version = forms.ModelChoiceField(
        label=_("Data set"),
        queryset=DatasetVersion.objects.none(),
        widget=UnfoldAdminSelectWidget,
        help_text=_("Only versions that are ready and complete can be trained on."),
    )
    kind = forms.ChoiceField(label=_(OF_A_RUN["kind"].label), widget=UnfoldAdminSelectWidget)
    method = forms.ChoiceField(
        label=_(OF_A_RUN["method"].label),
        choices=_methods,
        widget=UnfoldAdminSelectWidget,
        help_text=_(OF_A_RUN["method"].help),
    )
    start_from = StartChoice(
        label=_(OF_A_RUN["start_from"].label),
        queryset=Checkpoint.objects.none(),
        required=False,
        empty_label=_("scratch"),
        widget=UnfoldAdminSelectWidget,
        help_text=_("Its network is trained further. Choosing one fills in what it was made with."),
    )
    new_kind = forms.CharField(
        label=_("Name of a new kind"),
        required=False,
        max_length=50,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Small letters, digits, - and _. Leave it empty to take the kind above."),
    )
    transform = forms.ChoiceField(
        label=_(OF_A_RUN["transform"].label),
        required=False,
        choices=[(name, name) for name in OFFERED_TRANSFORMS],
        widget=UnfoldAdminSelectWidget,
        help_text=_(OF_A_RUN["transform"].help),
    )
    clone = forms.ModelChoiceField(queryset=TrainingRun.objects.all(), required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        initial: Mapping[str, Any] | None = None,
        opened: Collection[str] = (),
    ) -> None:
        """opened: names of the groups that are not to be folded away."""
        super().__init__(data, initial=dict(initial or {}))
        self.settings: AnyRunConfig | None = None
        self._opened = opened
        method = (data if data is not None else self.initial).get("method")
        self.chosen_method: str = method if method in METHODS or method in FACE_LOSSES else DEFAULT_METHOD
        self.initial.setdefault("method", self.chosen_method)
        self.fields["version"].queryset = DatasetVersion.objects.trainable().select_related("dataset")  # type: ignore[attr-defined]
        if not DatasetVersion.objects.trainable().exists():
            self.fields["version"].help_text = format_html(
                '{} <a class="text-primary-600 underline" href="{}">{}</a>',
                _("There is no data set yet that could be trained on."),
                reverse("admin:datasets_dataset_add"),
                _("Add one: a zip, a folder of the server, or one that is drawn by program."),
            )
        if self.chosen_method in FACE_LOSSES:
            for name in NOT_OF_FACES:
                del self.fields[name]
        beginnings = Checkpoint.objects.of_pictures().order_by("kind", "-live", "name")
        if "start_from" in self.fields:
            self.fields["start_from"].queryset = beginnings  # type: ignore[attr-defined]
        self.fields["kind"].choices = kinds = kinds_of(self.chosen_method)  # type: ignore[attr-defined]
        self.initial.setdefault("kind", kinds[0][0])
        self._add_settings()

    def _add_settings(self) -> None:
        """Add a field for each setting, whose default is that of the kind, the backbone and the data chosen so far."""
        known, version = settings_for(self.chosen_method), self._version()
        typed = self.data if self.is_bound else self.initial
        chosen = {**_kind_of(typed), "method": self.chosen_method, **_legible(typed, known)}
        defaults = defaults_of(with_values({}, chosen), version)
        for name, setting in known.items():
            if not is_fixed(name):
                self.fields[name] = SettingField(setting, initial=defaults.get(name, setting.default))
        for name in set(WAYS) & set(self.fields):
            self._fit(name, ways_in(version, with_values({}, chosen | defaults)) if version else None)

    def _fit(self, name: str, limit: int | None) -> None:
        """Offer no more classes than the data has, and say how many that are."""
        if limit is None:
            return
        words = _("The data has %(n)d to choose from.") % {"n": limit}
        self.fields[name].help_text = f"{self.fields[name].help_text} {words}"
        offered = _legible(self.initial, {name: self.fields[name].setting})  # type: ignore[attr-defined]
        if name in offered:
            self.initial[name] = min(offered[name], max(limit, 2))

    def _version(self) -> DatasetVersion | None:
        try:
            version: DatasetVersion | None = self.fields["version"].clean(self["version"].value())
        except forms.ValidationError:
            return None
        return version

    @property
    def first(self) -> Group:
        """Return what to train on what."""
        return Group("", [self[name] for name in FIRST if name in self.fields])

    @property
    def of_new_kind(self) -> Group:
        """Return what a new kind of picture needs."""
        fields = [self[name] for name in NEW_KIND if name in self.fields]
        is_named = "new_kind" in self.fields and bool(self["new_kind"].value())
        return Group(_("A new kind of picture"), fields, "new_kind", is_named or "new_kind" in self._opened)

    @property
    def plain(self) -> Group:
        """Return the settings that everybody sees."""
        return Group("", [self[name] for name in self.fields if name in PLAIN])

    @property
    def advanced(self) -> list[Group]:
        """Return the others, by what they are of."""
        groups = [(group, title, self._others(group)) for group, title in TITLES.items()]
        return [Group(title, fields, group, group in self._opened) for group, title, fields in groups if fields]

    @property
    def choices(self) -> list[tuple[forms.BoundField, str]]:
        """Return the fields whose choice changes what others hold, each with the part of the page that it changes."""
        return [(self[name], "#ways" if name == "version" else "#run-form") for name in CHOICES if name in self.fields]

    @property
    def ways(self) -> forms.BoundField:
        """Return the field that the data limits: how many classes, or people, a step is made of."""
        return next(self[name] for name in WAYS if name in self.fields)

    def _others(self, group: str) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.rpartition(".")[0] == group and name not in PLAIN]

    def clean(self) -> dict[str, Any]:
        """Build the configs, so that every range is checked before anything starts."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                self.settings = self._checked(cleaned)
            except UserError as error:
                self.show(error)
        return cleaned

    def _checked(self, cleaned: Mapping[str, Any]) -> AnyRunConfig:
        document = {**_kind_of(cleaned), "method": cleaned["method"]}
        known = settings_for(cleaned["method"])
        settings = {name: value for name, value in cleaned.items() if name in known}
        return checked(**with_values(document, settings))

    def show(self, error: UserError) -> None:
        """Show an error beside its field, or above the form where it is about none."""
        renamed = {"data.dataset": "version", **({"kind": "new_kind"} if self.data.get("new_kind") else {})}
        field = renamed.get(error.field, error.field)
        words = in_form_words(error.message, method=self.chosen_method)
        self.add_error(field if field in self.fields else None, words)

    @property
    def chosen(self) -> dict[str, Any]:
        """Return what services take beside a name."""
        picked = {name: self.cleaned_data.get(name) for name in ("version", "start_from")}
        return {**picked, "settings": self.settings}


def _kind_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the kind of picture, and the transform of a new one or of one that staff made before."""
    if values.get("new_kind"):
        return {"kind": values["new_kind"], "transform": values.get("transform") or None}
    kind = values.get("kind") or DEFAULT_KIND
    others = Checkpoint.objects.of_pictures().exclude(kind__in=KINDS).filter(kind=kind)
    made = next((row for row in others if not row.is_damaged), None)
    return {"kind": kind, "transform": made.card["transform"]} if made else {"kind": kind}


def _legible(values: Mapping[str, Any], known: Mapping[str, Setting]) -> dict[str, Any]:
    """Return those values of settings that may be so; the others are refused when the form is sent."""
    legible = {}
    for name in set(values) & set(known):
        with suppress(ConfigError):
            legible[name] = known[name].parse(known[name].text(values[name]))
    return legible
