"""Staff let runs be repeated on a schedule. Who may do what with runs may do it here.

django-celery-beat's own pages are taken out: the clock does schedules alone, so that another periodic task would wait
for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe
from django_celery_beat import admin as beat

from webapp.core.errors import UserError
from webapp.core.staff.asking import who_asks
from webapp.training import recurrence
from webapp.training.models import Schedule
from webapp.training.runs.rights import AsRunsAdmin
from webapp.training.runs.settings import settings_of_run
from webapp.training.schedules import services as schedules
from webapp.training.schedules.form import RepeatForm, ScheduleForm

SHOWN = 20
Act = Callable[..., None]

admin.site.unregister(
    [beat.PeriodicTask, beat.IntervalSchedule, beat.CrontabSchedule, beat.SolarSchedule, beat.ClockedSchedule]
)


@admin.register(Schedule)
class ScheduleAdmin(AsRunsAdmin[Schedule]):
    """The list of schedules, the form of a new one, and the page of one."""

    list_display = ["name", "repeats", "stands", "data", "came_of_it"]
    list_select_related = ["timer__crontab", "dataset"]
    search_fields = ["name"]
    actions = None

    def get_urls(self) -> list[URLPattern]:
        """Add what happens on the page of a schedule, and of a new one."""
        acts: dict[str, Act] = {
            "pause": schedules.pause_schedule,
            "resume": schedules.resume_schedule,
            "remove": schedules.delete_schedule,
        }
        ours = [
            path(f"<uuid:pk>/{name}/", self._act(act), name=f"training_schedule_{name}") for name, act in acts.items()
        ]
        wrap = self.admin_site.admin_view
        ours += [
            path("next/", wrap(require_safe(self.next_view)), name="training_schedule_next"),
            path("<uuid:pk>/repeat/", wrap(require_POST(self.repeat_view)), name="training_schedule_repeat"),
        ]
        return [*ours, *super().get_urls()]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Show the form of a schedule, and make it."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = ScheduleForm(request.POST) if request.method == "POST" else ScheduleForm(initial=request.GET.dict())
        if form.is_bound and form.is_valid():
            try:
                schedule = schedules.add_schedule(by=who_asks(request), **form.chosen())
            except UserError as error:
                form.show(error)
            else:
                return HttpResponseRedirect(_page(schedule))
        return render(request, "admin/training/schedule/add.html", self._context(request, form=form))

    def next_view(self, request: HttpRequest) -> HttpResponse:
        """Show in words when what the form says comes first."""
        if not (self.has_add_permission(request) or self.has_change_permission(request)):
            raise PermissionDenied
        form = RepeatForm(request.GET)
        shown: dict[str, Any] = {"form": form}
        if form.is_valid() and form.repeat:
            moment = recurrence.next_after(form.repeat, timezone.now())
            shown |= {"repeats": recurrence.in_words(form.repeat), "first": recurrence.moment_in_words(moment)}
        return render(request, "admin/training/schedule/_next.html", shown)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        schedule = self._visible(request, object_id)
        form = RepeatForm(initial=recurrence.choices_in(schedule.timer.crontab))
        return self._show(request, schedule, form)

    def repeat_view(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Change when a schedule comes."""
        schedule = self._changeable(request, pk)
        form = RepeatForm(request.POST)
        if not form.is_valid():
            return self._show(request, schedule, form)
        schedules.change_schedule(by=who_asks(request), schedule=schedule, repeat=form.repeat)
        return HttpResponseRedirect(_page(schedule))

    def _act(self, act: Act) -> Callable[..., HttpResponse]:
        """Make the view that does something to a schedule, and goes back to its page, or to the list without it."""

        def view(request: HttpRequest, pk: str) -> HttpResponse:
            schedule = self._changeable(request, pk)
            try:
                act(by=who_asks(request), schedule=schedule)
            except UserError as error:
                messages.error(request, error.message)
            there = Schedule.objects.filter(pk=pk).exists()
            return HttpResponseRedirect(_page(schedule) if there else reverse("admin:training_schedule_changelist"))

        wrapped: Callable[..., HttpResponse] = self.admin_site.admin_view(require_POST(view))
        return wrapped

    def _visible(self, request: HttpRequest, pk: str) -> Schedule:
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = Schedule.objects.select_related("timer__crontab", "dataset", "run", "start_from", "created_by")
        return get_object_or_404(rows, pk=pk)

    def _changeable(self, request: HttpRequest, pk: str) -> Schedule:
        schedule = self._visible(request, pk)
        if not self.has_change_permission(request, schedule):
            raise PermissionDenied
        return schedule

    def _show(self, request: HttpRequest, schedule: Schedule, form: RepeatForm) -> HttpResponse:
        occasions = schedule.occasions.select_related("run")[:SHOWN]
        shown = {"schedule": schedule, "form": form, "occasions": occasions, "settings": settings_of_run(schedule)}
        may = {"may_change": self.has_change_permission(request, schedule), "title": schedule.name}
        context = self._context(request, **shown, **may)
        return render(request, "admin/training/schedule/schedule.html", context)

    def _context(self, request: HttpRequest, **more: Any) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "opts": self.opts, "title": _("New schedule"), **more}

    @admin.display(description=gettext_lazy("how it stands"))
    def stands(self, schedule: Schedule) -> str:
        """Return how it stands."""
        return schedule.sentence

    @admin.display(description=gettext_lazy("data"))
    def data(self, schedule: Schedule) -> str:
        """Name the data set."""
        return str(schedule.dataset or _("deleted"))

    @admin.display(description=gettext_lazy("what came of it"))
    def came_of_it(self, schedule: Schedule) -> str:
        """Return what came of its last time."""
        return str(schedule.latest or "–")


def _page(schedule: Schedule) -> str:
    return reverse("admin:training_schedule_change", args=[schedule.pk])
