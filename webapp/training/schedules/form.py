"""The forms of a schedule: what is repeated, and when."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django_celery_beat.models import CrontabSchedule
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from webapp.core.errors import UserError
from webapp.datasets.models import Dataset
from webapp.jobs.models import JobStatus
from webapp.training.models import TrainingRun
from webapp.training.recurrence import DAYS, LAST_DAY, Every, crontab_of
from webapp.training.sweeps.form import RunChoice


class RepeatForm(forms.Form):
    """When something repeats; after `is_valid`, `repeat` holds it."""

    every = forms.ChoiceField(label=_("How often"), choices=Every.choices, widget=UnfoldAdminSelectWidget)
    weekday = forms.ChoiceField(
        label=_("On"), choices=list(DAYS.items()), required=False, widget=UnfoldAdminSelectWidget
    )
    day = forms.IntegerField(
        label=_("On day"),
        required=False,
        initial=1,
        widget=UnfoldAdminIntegerFieldWidget(attrs={"min": 1, "max": LAST_DAY}),
        help_text=_("Of the month: 1 to 28, which every month has."),
    )
    at = forms.TimeField(
        label=_("At"),
        required=False,
        initial="03:00",
        widget=UnfoldAdminTextInputWidget(attrs={"type": "time"}),
        help_text=_("Hours and minutes by the site's clock. At night, nobody waits for the machine."),
    )
    line = forms.CharField(
        label=_("Crontab line"),
        required=False,
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Minute, hour, day of the month, month, day of the week: 0 3 * * mon,thu"),
    )
    repeat: CrontabSchedule | None = None

    def clean(self) -> dict[str, Any]:
        """Make a crontab of the choices."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                self.repeat = crontab_of(**{name: cleaned[name] for name in RepeatForm.base_fields})
            except UserError as error:
                self.show(error)
        return cleaned

    def show(self, error: UserError) -> None:
        """Show an error beside its field, or above the form where it is about none."""
        self.add_error(error.field if error.field in self.fields else None, error.message)

    @property
    def when(self) -> list[forms.BoundField]:
        """Return the fields that say when."""
        return [self[name] for name in RepeatForm.base_fields]


class ScheduleForm(RepeatForm):
    """What is repeated on which data."""

    name = forms.CharField(label=_("Name"), max_length=50, widget=UnfoldAdminTextInputWidget)
    run = RunChoice(
        label=_("Repeat the run"),
        queryset=TrainingRun.objects.filter(status=JobStatus.READY).select_related("version"),
        widget=UnfoldAdminSelectWidget,
        help_text=_("Each time, a new run with its settings starts on the newest version of the data set."),
    )
    dataset = forms.ModelChoiceField(
        label=_("Data set"),
        queryset=Dataset.objects.all(),
        required=False,
        empty_label=_("the one of that run"),
        widget=UnfoldAdminSelectWidget,
        help_text=_("Where it has not changed, nothing is started, and a note says so."),
    )

    @property
    def what(self) -> list[forms.BoundField]:
        """Return the fields that say what."""
        return [self[name] for name in ("name", "run", "dataset")]

    def chosen(self) -> dict[str, Any]:
        """Return what `add_schedule` takes."""
        return {**{name: self.cleaned_data[name] for name in ("name", "run", "dataset")}, "repeat": self.repeat}
