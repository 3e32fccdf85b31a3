"""The forms of a sweep, and of the calculator beside its budget."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from webapp.checkpoints.shown_settings import in_form_words
from webapp.core.errors import UserError
from webapp.training.models import Strategy, TrainingRun
from webapp.training.runs.settings import checked_row
from webapp.training.sweeps.search_space import count, draws_needed, space_from_words


class RunChoice(forms.ModelChoiceField[TrainingRun]):
    """A choice of runs, whose names alone need not tell them apart."""

    def label_from_instance(self, obj: TrainingRun) -> str:
        """Name a run, its method and when it began."""
        return f"{obj.name} · {obj.method} · {obj.created:%Y-%m-%d %H:%M}"


class SweepForm(forms.Form):
    """What is searched, from which run on, how, and how long."""

    name = forms.CharField(label=_("Name"), max_length=50, widget=UnfoldAdminTextInputWidget)
    run = RunChoice(
        label=_("As the run"),
        queryset=TrainingRun.objects.filter(sweep=None).select_related("version"),
        widget=UnfoldAdminSelectWidget,
        help_text=_("Its data and settings are taken, but for those that are searched."),
    )
    space = forms.CharField(
        label=_("What is searched"),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4, "spellcheck": "false"}),
        help_text=_(
            "A setting a line, called as in the form of a run: Learning rate = 0.0001 .. 0.01 log for a range, "
            "Ways = 5, 10 for choices."
        ),
    )
    strategy = forms.ChoiceField(
        label=_("How"), choices=Strategy.choices, initial=Strategy.TPE, widget=UnfoldAdminSelectWidget
    )
    budget = forms.IntegerField(
        label=_("Trials"), initial=20, widget=UnfoldAdminIntegerFieldWidget, help_text=_("Each trial is a run.")
    )
    seed = forms.IntegerField(
        label=_("Seed"),
        initial=0,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=_("The same seed makes the same choices."),
    )

    def combinations(self) -> int | None:
        """Count the combinations of what was typed so far; nothing where they cannot be counted."""
        try:
            run = self.fields["run"].clean(self["run"].value())
            space = space_from_words(str(self["space"].value() or "").splitlines(), method=run.method)
        except (forms.ValidationError, UserError):
            return None
        return count(space) if space else None

    def chosen(self) -> dict[str, Any]:
        """Return what `start_sweep` takes; raise UserError where the space is not understood."""
        run = self.cleaned_data["run"]
        plain = {name: self.cleaned_data[name] for name in ("name", "strategy", "budget", "seed")}
        base = {"settings": checked_row(run), "version": run.version, "start_from": run.start_from}
        return {**plain, **base, "space": space_from_words(self.cleaned_data["space"].splitlines(), method=run.method)}

    def show(self, error: UserError) -> None:
        """Show an error beside its field; what is about a setting stands beside what is searched."""
        of_space = "." in error.field or error.code == "bad_space"
        field = "space" if of_space else error.field
        words = in_form_words(error.message, method=self.cleaned_data["run"].method)
        self.add_error(field if field in self.fields else None, words)


class DrawsForm(forms.Form):
    """How many random draws meet one of the best."""

    n = forms.IntegerField(
        label=_("Combinations"), initial=1000, min_value=1, max_value=10**9, widget=UnfoldAdminIntegerFieldWidget
    )
    k = forms.IntegerField(
        label=_("One of the best"), initial=10, min_value=1, max_value=10**9, widget=UnfoldAdminIntegerFieldWidget
    )
    confidence = forms.FloatField(
        label=_("Confidence in percent"),
        initial=90,
        min_value=1,
        max_value=99.99,
        widget=UnfoldAdminDecimalFieldWidget(attrs={"step": "any"}),
    )

    @classmethod
    def counting(cls, typed: Mapping[str, Any], combinations: int | None) -> DrawsForm:
        """Fill in how many combinations there are, if that is known, and no more of the best than these."""
        values = {name: typed.get(name, "") for name in cls.base_fields}
        if combinations is None:
            return cls(values)
        best = str(values["k"])
        fewer = min(int(best), combinations) if best.isdecimal() else best
        return cls({**values, "n": str(combinations), "k": str(fewer)})

    def clean(self) -> dict[str, Any]:
        """Refuse more of the best than there are."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and cleaned["k"] > cleaned["n"]:
            self.add_error("k", _("There are fewer combinations than that."))
        return cleaned

    def draws(self) -> int | None:
        """Count the draws; nothing where a number makes no sense."""
        values = self.cleaned_data if self.is_bound and self.is_valid() else None
        return draws_needed(values["n"], values["k"], values["confidence"] / 100) if values else None
