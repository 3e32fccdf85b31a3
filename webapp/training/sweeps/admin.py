"""Staff begin sweeps over settings, watch them, and stop them. Who may do what with runs may do it here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from webapp.checkpoints.shown_settings import label_of, value_in_words
from webapp.core.errors import UserError
from webapp.core.responses import STOP_POLLING
from webapp.core.staff.asking import who_asks
from webapp.training.models import Sweep, TrainingRun
from webapp.training.models.sweeps import best_of
from webapp.training.runs.curves import Dot, trials_chart
from webapp.training.runs.rights import AsRunsAdmin
from webapp.training.sweeps import services as sweeps
from webapp.training.sweeps.form import DrawsForm, SweepForm
from webapp.training.sweeps.search_space import values_of

START = {"n": 1000, "k": 10, "confidence": 90}
"""What the calculator begins with."""


@admin.register(Sweep)
class SweepAdmin(AsRunsAdmin[Sweep]):
    """The list of sweeps, the form of a new one, and the page of one."""

    list_display = ["name", "strategy", "method", "stands", "created"]
    search_fields = ["name"]
    actions = None

    def get_urls(self) -> list[URLPattern]:
        """Add what happens on the page of a sweep, and of a new one."""
        wrap = self.admin_site.admin_view
        ours = [
            path("draws/", wrap(require_safe(self.draws_view)), name="training_sweep_draws"),
            path("<uuid:pk>/live/", wrap(require_safe(self.live_view)), name="training_sweep_live"),
            path("<uuid:pk>/stop/", wrap(require_POST(self.stop_view)), name="training_sweep_stop"),
        ]
        return [*ours, *super().get_urls()]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Show the form of a sweep, and begin it."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = SweepForm(request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid():
            try:
                sweep = sweeps.start_sweep(by=who_asks(request), **form.chosen())
            except UserError as error:
                form.show(error)
            else:
                return HttpResponseRedirect(_page(sweep))
        calculator = DrawsForm.counting(START, form.combinations() if form.is_bound else None)
        context = self._context(request, form=form, calculator=calculator)
        return render(request, "admin/training/sweep/add.html", context)

    def draws_view(self, request: HttpRequest) -> HttpResponse:
        """Show how many random draws are needed; where what is searched was typed too, of its combinations."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if "space" not in request.GET:
            return render(request, "admin/training/sweep/_draws.html", {"calculator": DrawsForm(request.GET)})
        calculator = DrawsForm.counting(request.GET, SweepForm(request.GET).combinations())
        return render(request, "admin/training/sweep/_calculator.html", {"calculator": calculator})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        sweep = self._visible(request, object_id)
        context = self._context(request, **self._shown(request, sweep))
        return render(request, "admin/training/sweep/sweep.html", context)

    def live_view(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Show the part of a sweep's page that changes, until it is over."""
        sweep = self._visible(request, pk)
        shown = {**self._shown(request, sweep), "is_over": not sweep.is_active}
        status = 200 if sweep.is_active else STOP_POLLING
        return render(request, "admin/training/sweep/_live.html", shown, status=status)

    def stop_view(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Stop a sweep, and go back to its page."""
        sweep = self._visible(request, pk)
        if not self.has_change_permission(request, sweep):
            raise PermissionDenied
        try:
            sweeps.stop_sweep(by=who_asks(request), sweep=sweep)
        except UserError as error:
            messages.error(request, error.message)
        return HttpResponseRedirect(_page(sweep))

    def _visible(self, request: HttpRequest, pk: str) -> Sweep:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return get_object_or_404(Sweep.objects.select_related("version__dataset", "created_by"), pk=pk)

    def _shown(self, request: HttpRequest, sweep: Sweep) -> dict[str, Any]:
        runs = sweep.trials
        best = best_of(runs)
        trials = [(run, _written(run, sweep), _accuracy(run) if run.best else "–", run == best) for run in runs]
        dots = [_dot(run, run == best) for run in runs if run.best]
        shares = sorted(sweep.importance.items(), key=lambda pair: -pair[1])
        weights = [(label_of(sweep.method, name), name, round(100 * share)) for name, share in shares]
        may = {"may_change": self.has_change_permission(request, sweep)}
        searched = [(label_of(sweep.method, name), name, _range(part)) for name, part in sweep.space.items()]
        drawn = {"searched": searched, "trials": trials, "chart": trials_chart(dots), "weights": weights, "best": best}
        return {"sweep": sweep, "title": sweep.name, **drawn, **may}

    def _context(self, request: HttpRequest, **more: Any) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "opts": self.opts, "title": _("New sweep"), **more}

    @admin.display(description=gettext_lazy("how it stands"))
    def stands(self, sweep: Sweep) -> str:
        return sweep.sentence


def _written(run: TrainingRun, sweep: Sweep) -> list[str]:
    """Write what a trial has for each setting."""
    values = values_of(run, sweep.space).values()
    return [f"{value:.4g}" if isinstance(value, float) else value_in_words(value) for value in values]


def _range(part: Mapping[str, Any]) -> str:
    """Write what a setting may be: its choices, or from where to where it goes."""
    if "choices" in part:
        return ", ".join(map(value_in_words, part["choices"]))
    ends = f"{value_in_words(part['low'])} – {value_in_words(part['high'])}"
    return _("%(ends)s, logarithmic") % {"ends": ends} if part.get("log") else ends


def _accuracy(run: TrainingRun) -> str:
    return f"{run.best['accuracy']:.1%}"


def _dot(run: TrainingRun, best: bool) -> Dot:
    name = f"{run.name}: {_accuracy(run)}"
    link = reverse("admin:training_trainingrun_change", args=[run.pk])
    return Dot((run.trial or 0) + 1, float(run.best["accuracy"]), name, link, best)


def _page(sweep: Sweep) -> str:
    return reverse("admin:training_sweep_change", args=[sweep.pk])
