"""The form of a run, made from the very configs that `mlcore` trains with: a field for each of their fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from mlcore.config import KINDS, OFFERED_TRANSFORMS
from mlcore.documents import value_at, with_values
from mlcore.faces.config import FACE_LOSSES, FACES
from mlcore.method_config import METHODS
from mlcore.run_config import MetaRunConfig, settings_for
from webapp.checkpoints.models import Checkpoint
from webapp.checkpoints.shown_settings import in_form_words
from webapp.core.errors import UserError
from webapp.datasets.models import DatasetVersion
from webapp.training.models import TrainingRun
from webapp.training.runs.setting_field import SettingField
from webapp.training.runs.settings import DEFAULTS, AnyRunConfig, checked, is_fixed

OF_A_RUN = MetaRunConfig.settings()
DEFAULT_METHOD: str = OF_A_RUN["method"].default
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
    """Fields that are shown together."""

    title: str | Promise
    fields: list[forms.BoundField]

    @property
    def is_wrong(self) -> bool:
        """Return whether a field of it has an error, so that it is not folded away."""
        return any(field.errors for field in self.fields)


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

    name = forms.CharField(label=_("Name"), max_length=64, widget=UnfoldAdminTextInputWidget)
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
    start_from = forms.ModelChoiceField(
        label=_(OF_A_RUN["start_from"].label),
        queryset=Checkpoint.objects.none(),
        required=False,
        empty_label=_("scratch"),
        widget=UnfoldAdminSelectWidget,
        help_text=_(OF_A_RUN["start_from"].help),
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

    def __init__(self, data: Mapping[str, Any] | None = None, *, initial: Mapping[str, Any] | None = None) -> None:
        super().__init__(data, initial=dict(initial or {}))
        self.settings: AnyRunConfig | None = None
        method = (data if data is not None else self.initial).get("method")
        self.chosen_method: str = method if method in METHODS or method in FACE_LOSSES else DEFAULT_METHOD
        self.initial.setdefault("method", self.chosen_method)
        self.fields["version"].queryset = DatasetVersion.objects.trainable().select_related("dataset")  # type: ignore[attr-defined]
        if self.chosen_method in FACE_LOSSES:
            for name in NOT_OF_FACES:
                del self.fields[name]
        beginnings = Checkpoint.objects.of_pictures().order_by("kind", "-live", "name")
        if "start_from" in self.fields:
            self.fields["start_from"].queryset = beginnings  # type: ignore[attr-defined]
        self.fields["kind"].choices = _kinds(self.chosen_method)  # type: ignore[attr-defined]
        for name, setting in settings_for(self.chosen_method).items():
            if not is_fixed(name):
                self.fields[name] = SettingField(setting, initial=DEFAULTS.get(name, setting.default))

    @property
    def first(self) -> Group:
        """Return what to train on what."""
        return Group("", [self[name] for name in FIRST if name in self.fields])

    @property
    def of_new_kind(self) -> Group:
        """Return what a new kind of picture needs."""
        return Group(_("A new kind of picture"), [self[name] for name in NEW_KIND if name in self.fields])

    @property
    def plain(self) -> Group:
        """Return the settings that everybody sees."""
        return Group("", [self[name] for name in self.fields if name in PLAIN])

    @property
    def advanced(self) -> list[Group]:
        """Return the others, by what they are of."""
        return [Group(title, self._others(group)) for group, title in TITLES.items() if self._others(group)]

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
        kind, is_new = cleaned.get("new_kind") or cleaned["kind"], bool(cleaned.get("new_kind"))
        document = {"kind": kind, "method": cleaned["method"]}
        if transform := cleaned["transform"] if is_new else _transform_of(kind):
            document["transform"] = transform
        known = settings_for(cleaned["method"])
        settings = {name: value for name, value in cleaned.items() if name in known}
        return checked(**with_values(document, settings))

    def show(self, error: UserError) -> None:
        """Show an error beside its field, or above the form where it is about none."""
        renamed = {"kind": "new_kind"} if self.data.get("new_kind") else {}
        field = renamed.get(error.field, error.field)
        words = in_form_words(error.message, method=self.chosen_method)
        self.add_error(field if field in self.fields else None, words)

    @property
    def chosen(self) -> dict[str, Any]:
        """Return what services take beside a name."""
        picked = {name: self.cleaned_data.get(name) for name in ("version", "start_from")}
        return {**picked, "settings": self.settings}


def kept(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return what stays of what was typed when another method is chosen: no settings, where one is of faces alone."""
    of_faces = typed.get("method") in FACE_LOSSES
    same_sort = (typed.get("kind", FACES if of_faces else "") == FACES) == of_faces
    return dict(typed) if same_sort else {name: typed[name] for name in ("name", "version", "method") if name in typed}


def values_of(run: TrainingRun) -> dict[str, Any]:
    """Return what fills the form with a run's settings, to be changed."""
    plain = {"version": run.version_id, "method": run.method, "start_from": run.start_from_id, "clone": run.pk}
    known = run.kind in dict(_kinds(run.method))
    kind = {"kind": run.kind} if known else {"new_kind": run.kind, "transform": run.config.get("transform")}
    settings = {name: value_at(run.config, name) for name in settings_for(run.method)}
    return {**plain, **kind, "name": run.name, **settings}


def _transform_of(kind: str) -> str:
    """Return what becomes of pictures of a kind that staff made; nothing for the kinds of mlcore, which say it."""
    made = None if kind in KINDS else Checkpoint.objects.of_pictures().filter(kind=kind).first()
    return made.card.get("transform", "") if made else ""


def _kinds(method: str) -> list[tuple[str, Any]]:
    """List the kinds that a method can be trained for: those of mlcore and those that staff made, or faces alone."""
    if method in FACE_LOSSES:
        return [(FACES, _("Faces (never published)"))]
    others = Checkpoint.objects.of_pictures().exclude(kind__in=KINDS)
    made = others.order_by("kind").values_list("kind", flat=True).distinct()
    return [(name, kind.description) for name, kind in KINDS.items()] + [(name, name) for name in made]
