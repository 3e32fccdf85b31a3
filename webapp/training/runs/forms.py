"""The form of a run, made from the very configs that `mlcore` trains with: a field for each of their fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from mlcore.config import KINDS, SHAPES, Config
from mlcore.faces.config import FACE_LOSSES, FACES
from mlcore.method_config import METHODS
from webapp.checkpoints.models import Checkpoint
from webapp.checkpoints.settings_in_words import choices_of, words_of
from webapp.core.errors import UserError
from webapp.datasets.models import DatasetVersion
from webapp.training.models import TrainingRun
from webapp.training.runs.settings import DEFAULTS, CheckedSettings, checked, configs_of

DEFAULT_METHOD = "prototypical"
PLAIN = {"episodes.n_way", "episodes.k_shot", "episodes.n_query", "training.max_minutes", "training.steps"}
"""What everybody sees; the rest is folded away."""
FIRST = ("name", "version", "kind", "method", "start_from")
NEW_KIND = ("new_kind", "transform")
NOT_OF_FACES = ("start_from", *NEW_KIND)
TITLES: dict[str, str | Promise] = {
    "episodes": _("Episodes"),
    "training": _("Training"),
    "backbone": _("Network"),
    "method_config": _("Method"),
}


@dataclass(frozen=True)
class Group:
    """Fields that are shown together."""

    title: str | Promise
    fields: list[forms.BoundField]

    @property
    def is_wrong(self) -> bool:
        """Say whether a field of it has an error, so that it is not folded away."""
        return any(field.errors for field in self.fields)


class RunForm(forms.Form):
    """What to train on what; its settings are those of the method that is chosen.

    After `is_valid`, `settings` holds the configs.
    """

    name = forms.CharField(label=_("Name"), max_length=64, widget=UnfoldAdminTextInputWidget)
    version = forms.ModelChoiceField(
        label=_("Data set"),
        queryset=DatasetVersion.objects.none(),
        widget=UnfoldAdminSelectWidget,
        help_text=_("Only versions that are ready and complete can be trained on."),
    )
    kind = forms.ChoiceField(label=_("Kind of picture"), widget=UnfoldAdminSelectWidget)
    method = forms.ChoiceField(
        label=_("Method"),
        choices=[
            (_("To teach classes from a few pictures"), [(name, name.replace("_", " ")) for name in METHODS]),
            (_("To tell faces apart"), [(name, name) for name in FACE_LOSSES]),
        ],
        widget=UnfoldAdminSelectWidget,
        help_text=_("Each has settings of its own below."),
    )
    start_from = forms.ModelChoiceField(
        label=_("Start from"),
        queryset=Checkpoint.objects.none(),
        required=False,
        empty_label=_("scratch"),
        widget=UnfoldAdminSelectWidget,
        help_text=_("A checkpoint of the same network is trained further: retraining."),
    )
    new_kind = forms.CharField(
        label=_("Name of a new kind"),
        required=False,
        max_length=50,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Small letters, digits, - and _. Leave it empty to take the kind above."),
    )
    transform = forms.ChoiceField(
        label=_("Its pictures are treated like"),
        required=False,
        choices=[(name, name) for name in SHAPES],
        widget=UnfoldAdminSelectWidget,
    )
    clone = forms.ModelChoiceField(queryset=TrainingRun.objects.all(), required=False, widget=forms.HiddenInput)

    def __init__(self, data: Mapping[str, Any] | None = None, *, initial: Mapping[str, Any] | None = None) -> None:
        super().__init__(data, initial=dict(initial or {}))
        self.settings: CheckedSettings | None = None
        given = (data if data is not None else self.initial).get("method")
        self.chosen_method: str = given if given in METHODS or given in FACE_LOSSES else DEFAULT_METHOD
        self.initial.setdefault("method", self.chosen_method)
        self.fields["version"].queryset = DatasetVersion.objects.trainable().select_related("dataset")  # type: ignore[attr-defined]
        if self.chosen_method in FACE_LOSSES:
            for name in NOT_OF_FACES:
                del self.fields[name]
        beginnings = Checkpoint.objects.of_pictures().order_by("kind", "-live", "name")
        if "start_from" in self.fields:
            self.fields["start_from"].queryset = beginnings  # type: ignore[attr-defined]
        self.fields["kind"].choices = _kinds(self.chosen_method)  # type: ignore[attr-defined]
        for group, config in configs_of(self.chosen_method).items():
            self.fields |= dict(_fields(group, config, self.chosen_method))

    @property
    def first(self) -> Group:
        """Give what to train on what."""
        return Group("", [self[name] for name in FIRST if name in self.fields])

    @property
    def of_new_kind(self) -> Group:
        """Give what a new kind of picture needs."""
        return Group(_("A new kind of picture"), [self[name] for name in NEW_KIND if name in self.fields])

    @property
    def plain(self) -> Group:
        """Give the settings that everybody sees."""
        return Group("", [self[name] for name in self.fields if name in PLAIN])

    @property
    def advanced(self) -> list[Group]:
        """Give the others, by what they are of."""
        return [Group(title, self._others(group)) for group, title in TITLES.items() if self._others(group)]

    def _others(self, group: str) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith(f"{group}.") and name not in PLAIN]

    def clean(self) -> dict[str, Any]:
        """Build the configs, so that every range is checked before anything starts."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                self.settings = self._checked(cleaned)
            except UserError as error:
                self.show(error)
        return cleaned

    def _checked(self, cleaned: Mapping[str, Any]) -> CheckedSettings:
        values = {group: _values(group, cleaned) for group in TITLES}
        return checked(
            kind=cleaned.get("new_kind") or cleaned["kind"],
            transform=cleaned.get("transform", ""),
            method=cleaned["method"],
            method_config={**values["method_config"], "backbone": values["backbone"]},
            episodes=values["episodes"],
            training=values["training"],
        )

    def show(self, error: UserError) -> None:
        """Show an error beside its field, or above the form where it is about none."""
        renamed = {"kind": "new_kind"} if self.data.get("new_kind") else {}
        field = renamed.get(error.field, error.field)
        self.add_error(field if field in self.fields else None, error.message)

    @property
    def chosen(self) -> dict[str, Any]:
        """Give what services take beside a name."""
        picked = {name: self.cleaned_data.get(name) for name in ("version", "start_from")}
        return {**picked, "settings": self.settings}


def kept(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Give what stays of what was typed when another method is chosen: no settings, where one is of faces alone."""
    of_faces = typed.get("method") in FACE_LOSSES
    same_sort = (typed.get("kind", FACES if of_faces else "") == FACES) == of_faces
    return dict(typed) if same_sort else {name: typed[name] for name in ("name", "version", "method") if name in typed}


def values_of(run: TrainingRun) -> dict[str, Any]:
    """Give what fills the form with a run's settings, to be changed."""
    plain = {"version": run.version_id, "method": run.method, "start_from": run.start_from_id, "clone": run.pk}
    known = run.kind in dict(_kinds(run.method))
    kind = {"kind": run.kind} if known else {"new_kind": run.kind}
    method_config = {name: value for name, value in run.method_config.items() if name != "backbone"}
    groups = {
        "episodes": run.episodes,
        "training": run.training,
        "backbone": run.method_config["backbone"],
        "method_config": method_config,
    }
    settings = {f"{group}.{name}": value for group, values in groups.items() for name, value in values.items()}
    return {**plain, **kind, "transform": run.transform, "name": run.name, **settings}


def _kinds(method: str) -> list[tuple[str, Any]]:
    """List the kinds that a method can be trained for: those of mlcore and those that staff made, or faces alone."""
    if method in FACE_LOSSES:
        return [(FACES, _("Faces (never published)"))]
    others = Checkpoint.objects.of_pictures().exclude(kind__in=KINDS)
    made = others.order_by("kind").values_list("kind", flat=True).distinct()
    return [(name, kind.description) for name, kind in KINDS.items()] + [(name, name) for name in made]


def _values(group: str, cleaned: Mapping[str, Any]) -> dict[str, Any]:
    return {name.partition(".")[2]: value for name, value in cleaned.items() if name.startswith(f"{group}.")}


def _fields(group: str, config: type[Config], method: str) -> Iterator[tuple[str, forms.Field]]:
    """Make a form field for each plain field of a config; what the kind fixes is left out."""
    for entry in fields(config):  # type: ignore[arg-type]
        if group == "backbone" and entry.name in ("in_channels", "image_size"):
            continue
        default = DEFAULTS.get(group, {}).get(entry.name, entry.default)
        if default is not MISSING and entry.type in (bool, int, float, str):
            yield f"{group}.{entry.name}", _field(group, entry.name, entry.type, default, method)


def _field(group: str, name: str, kind: Any, default: Any, method: str) -> forms.Field:
    known = f"backbone.{name}" if group == "backbone" else name
    words, choices = words_of(method, known), choices_of(method, known)
    said: dict[str, Any] = {"label": words.label, "help_text": words.help, "initial": default}
    if kind is bool:
        return forms.BooleanField(required=False, widget=UnfoldBooleanSwitchWidget, **said)
    if kind is int:
        return forms.IntegerField(widget=UnfoldAdminIntegerFieldWidget, **said)
    if kind is float:
        return forms.FloatField(widget=UnfoldAdminDecimalFieldWidget(attrs={"step": "any"}), **said)
    if choices:
        pairs = [(choice, choice.replace("_", " ")) for choice in choices]
        return forms.ChoiceField(choices=pairs, widget=UnfoldAdminSelectWidget, **said)
    return forms.CharField(required=False, widget=UnfoldAdminTextInputWidget, **said)
