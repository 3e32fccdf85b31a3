"""Staff start runs, watch them, stop them and let them go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from webapp.core.errors import UserError
from webapp.core.responses import STOP_POLLING
from webapp.core.staff.asking import who_asks
from webapp.core.staff.deletion_page import DeletingAdmin
from webapp.training import deletion
from webapp.training.models import RunEstimate, TrainingRun
from webapp.training.runs import services as runs
from webapp.training.runs.beginnings import beginning
from webapp.training.runs.command_line import CONFIG_FILE, repeating_command, run_document
from webapp.training.runs.comparison import pages
from webapp.training.runs.curves import accuracy_chart, loss_chart
from webapp.training.runs.forms import RunForm
from webapp.training.runs.settings import settings_of_run

Act = Callable[..., None]


@admin.register(TrainingRun)
class TrainingRunAdmin(DeletingAdmin[TrainingRun]):
    """The list of runs, the form of a new one, and the page of one."""

    deletion = deletion
    list_display = ["name", "state", "kind", "method", "data", "accuracy", "minutes", "created"]
    list_filter = ["status", "kind", "method"]
    list_select_related = ["version__dataset"]
    search_fields = ["name"]
    actions = ["compare"]

    def get_urls(self) -> list[URLPattern]:
        """Add what happens on the page of a run, and of a new one."""
        acts: dict[str, Act] = {
            "cancel": runs.cancel_run,
            "pause": runs.pause_run,
            "resume": runs.resume_run,
        }
        ours = [path(f"<uuid:pk>/{name}/", self._act(act), name=f"training_run_{name}") for name, act in acts.items()]
        wrap = self.admin_site.admin_view
        ours += [
            path("<uuid:pk>/live/", wrap(self.live_view), name="training_run_live"),
            path("compare/", wrap(self._comparison), name="training_comparison"),
            path(f"<uuid:pk>/{CONFIG_FILE}", wrap(self.config_view), name="training_run_config"),
            path("estimate/", wrap(require_POST(self.estimate_view)), name="training_run_estimate"),
            path("estimate/<uuid:pk>/", wrap(self.estimated_view), name="training_run_estimated"),
        ]
        return [*ours, *super().get_urls()]

    @admin.action(description=gettext_lazy("Compare side by side"), permissions=["view"])
    def compare(self, request: HttpRequest, queryset: QuerySet[TrainingRun]) -> HttpResponse:
        """Redirect to the page that compares what is selected."""
        return pages.lead_to(runs=queryset)

    def _comparison(self, request: HttpRequest) -> HttpResponse:
        return pages.show(request, self.admin_site.each_context(request))

    def has_delete_permission(self, request: HttpRequest, obj: TrainingRun | None = None) -> bool:
        """Return whether somebody may delete a run, and the checkpoint that it left."""
        also = obj is None or obj.checkpoint_id is None or request.user.has_perm("checkpoints.delete_checkpoint")
        return super().has_delete_permission(request, obj) and also

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Show the form of a run, and start it."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        typed = request.POST if request.method == "POST" else request.GET
        is_sent = request.method == "POST" and "fill" not in typed
        content: dict[str, Any] = {"data": typed} if is_sent else {"initial": beginning(typed.dict())}
        form = RunForm(**content, opened=typed.getlist("opened"))
        if form.is_bound and form.is_valid():
            try:
                origin = {"name": form.cleaned_data["name"], "cloned_from": form.cleaned_data["clone"]}
                run = runs.start_run(by=who_asks(request), **origin, **form.chosen)
            except UserError as error:
                form.show(error)
            else:
                return HttpResponseRedirect(_page(run))
        return render(request, "admin/training/trainingrun/add.html", self._context(request, form=form))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        run = self._visible(request, object_id)
        context = self._context(request, **self._shown(request, run))
        return render(request, "admin/training/trainingrun/run.html", context)

    def live_view(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Show the part of a run's page that changes, until the run is over."""
        run = self._visible(request, pk)
        shown = {**self._shown(request, run), "acts_change": request.GET.get("state") != run.state_key}
        status = 200 if run.is_active else STOP_POLLING
        return render(request, "admin/training/trainingrun/_live.html", shown, status=status)

    def config_view(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Return the config of a run as a file, which repeats it on whatever machine."""
        run = self._visible(request, pk)
        answer = JsonResponse(run_document(run), json_dumps_params={"indent": 2})
        answer["Content-Disposition"] = f'attachment; filename="{CONFIG_FILE}"'
        return answer

    def estimate_view(self, request: HttpRequest) -> HttpResponse:
        """Time a few steps of what the form says."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form, row = RunForm({**request.POST.dict(), "name": "estimate"}), None
        if form.is_valid():
            try:
                row = runs.start_estimate(by=who_asks(request), **form.chosen)
            except UserError as error:
                form.show(error)
        return render(request, "admin/training/trainingrun/_estimate.html", {"form": form, "estimate": row})

    def estimated_view(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Show what came of timing steps."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        row = get_object_or_404(RunEstimate, pk=pk)
        status = 200 if row.is_active else STOP_POLLING
        return render(request, "admin/training/trainingrun/_estimate.html", {"estimate": row}, status=status)

    def _act(self, act: Act) -> Callable[..., HttpResponse]:
        """Make the view that does something to a run, and goes back to its page."""

        def view(request: HttpRequest, pk: str) -> HttpResponse:
            run = self._visible(request, pk)
            if not self.has_change_permission(request, run):
                raise PermissionDenied
            try:
                act(by=who_asks(request), run=run)
            except UserError as error:
                messages.error(request, error.message)
            return HttpResponseRedirect(_page(run))

        wrapped: Callable[..., HttpResponse] = self.admin_site.admin_view(require_POST(view))
        return wrapped

    def _visible(self, request: HttpRequest, pk: str) -> TrainingRun:
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = TrainingRun.objects.select_related("version__dataset", "start_from", "checkpoint", "cloned_from")
        return get_object_or_404(rows, pk=pk)

    def _shown(self, request: HttpRequest, run: TrainingRun) -> dict[str, Any]:
        drawn = (loss_chart((_("Loss in training"), run.points)), accuracy_chart((_("Accuracy"), run.points)))
        charts = [chart for chart in drawn if chart]
        may = {"may_change": self.has_change_permission(request, run), "may_add": self.has_add_permission(request)}
        may["may_delete"] = self.has_delete_permission(request, run)
        shown = {"accuracy": self.accuracy(run), "settings": settings_of_run(run), "title": run.name}
        shown["command"] = repeating_command(run)
        return {"run": run, "charts": charts, **may, **shown}

    def _context(self, request: HttpRequest, **more: Any) -> dict[str, Any]:
        shared = {"opts": self.opts, "title": _("New training run"), "may_add": self.has_add_permission(request)}
        return {**self.admin_site.each_context(request), **shared, **more}

    @admin.display(description=gettext_lazy("state"), ordering="status")
    def state(self, run: TrainingRun) -> str:
        return run.state_name

    @admin.display(description=gettext_lazy("data"))
    def data(self, run: TrainingRun) -> str:
        return str(run.version)

    @admin.display(description=gettext_lazy("accuracy"))
    def accuracy(self, run: TrainingRun) -> str:
        """Return the best accuracy on validation classes, with its interval."""
        return f"{run.best['accuracy']:.1%} ± {run.best.get('ci95', 0):.1%}" if run.best else "–"

    @admin.display(description=gettext_lazy("time"))
    def minutes(self, run: TrainingRun) -> str:
        return run.trained_for


def _page(run: TrainingRun) -> str:
    return reverse("admin:training_trainingrun_change", args=[run.pk])
