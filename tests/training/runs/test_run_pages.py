"""The pages of runs: what the form takes and refuses, who may do what, and what is written down."""

from __future__ import annotations

from html import unescape
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from mlcore.config import TrainingConfig
from mlcore.method_config import METHODS
from mlcore.method_config.maml import MamlConfig
from tests.checkpoints.candidates import candidate
from tests.training import small_runs
from tests.training.people import signed_in
from webapp.checkpoints.services.registry import sync_shipped
from webapp.datasets.models import DatasetVersion
from webapp.jobs.models import JobStatus
from webapp.training.models import RunEstimate, TrainingRun
from webapp.training.runs.beginnings import values_of_run
from webapp.training.runs.forms import RunForm

pytestmark = pytest.mark.django_db


@pytest.fixture
def version() -> DatasetVersion:
    return small_runs.small_version()


@pytest.fixture
def run(version: DatasetVersion) -> TrainingRun:
    return small_runs.start(version)


def filled(version: DatasetVersion, **changes: Any) -> dict[str, Any]:
    """Return what a browser sends of the form as it comes, with a name and a data set."""
    form = RunForm(initial={"method": changes.get("method", "prototypical")})
    values = {name: form[name].value() for name in form.fields}
    sent = {name: value for name, value in values.items() if value is not None and value is not False}
    return {**sent, "name": "Signs", "version": str(version.pk), "kind": "characters", **changes}


ADD = "admin:training_trainingrun_add"
ACTS = ("pause", "cancel", "resume")


def test_the_form_starts_a_run_and_writes_down_who_did(version: DatasetVersion) -> None:
    client = signed_in("add_trainingrun", "view_trainingrun", name="ada")
    answer = client.post(reverse(ADD), filled(version, **{"episodes.n_way": "5"}))
    run = TrainingRun.objects.get()
    assert answer.headers["Location"] == reverse("admin:training_trainingrun_change", args=[run.pk])
    assert (run.config["episodes"]["n_way"], run.config["method_config"]["backbone"]["image_size"]) == (5, 56)
    assert run.created_by
    assert run.created_by.username == "ada"
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id, entry.get_change_message()) == (run.created_by, str(run.pk), "Started.")


def test_the_form_of_a_site_without_data_sets_says_where_to_add_one() -> None:
    client = signed_in("add_trainingrun", "view_trainingrun", name="ada")
    add = reverse("admin:datasets_dataset_add")
    words = "There is no data set yet that could be trained on."
    page = client.get(reverse(ADD)).content.decode()
    assert words in page
    assert f'href="{add}"' in page
    small_runs.small_version()
    assert words not in client.get(reverse(ADD)).content.decode()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("episodes.n_way", "1", "Ways is 1; it must be at least 2"),
        ("training.outer_lr", "0", "Learning rate is 0.0; it must be above 0"),
        ("method_config.backbone.width", "0", "Width is 0; it must be between 1 and 1024"),
        ("method_config.shrinkage", "2", "Shrinkage is 2.0"),
        ("method_config.adapter", "5", "Adapter units is 5; it must be 0 with conv4"),
        ("training.optimizer", "rms", "Optimizer is 'rms'; it must be adam or sgd"),
        ("training.steps", "many", "Steps is 'many'; it must be a whole number"),
        ("new_kind", "Big Signs", "Kind of picture is 'Big Signs'; it must be small letters"),
    ],
)
def test_a_value_out_of_range_is_shown_beside_its_field(
    version: DatasetVersion, field: str, value: str, words: str
) -> None:
    form = RunForm(filled(version, **{field: value}))
    assert not form.is_valid()
    assert words in form.errors[field][0]


def test_every_method_has_a_form_that_is_right_as_it_comes(version: DatasetVersion) -> None:
    for method in METHODS:
        form = RunForm(filled(version, method=method))
        assert form.is_valid(), (method, form.errors)
        assert all(str(field.label) for group in form.advanced for field in group.fields)


def test_the_form_shows_the_label_and_the_help_of_every_setting(version: DatasetVersion) -> None:
    page = unescape(signed_in("add_trainingrun").get(reverse(ADD), {"method": "maml"}).content.decode())
    for part, config in (("training", TrainingConfig), ("method_config", MamlConfig)):
        for name, setting in config.settings().items():
            assert f'<label for="id_{part}.{name}">{setting.label}</label>' in page
            assert setting.help in page


def test_a_new_kind_takes_one_of_the_transforms(version: DatasetVersion) -> None:
    form = RunForm(filled(version, new_kind="runes", transform="characters"))
    assert form.is_valid(), form.errors
    assert form.settings
    assert (form.settings.kind, form.settings.transform) == ("runes", "characters")
    plain = RunForm(filled(version, new_kind="runes", transform="plain-84x3"))
    assert plain.is_valid(), plain.errors
    assert plain.settings
    assert plain.settings.method_config.backbone.to_dict()["image_size"] == 84


def test_a_kind_that_staff_made_keeps_the_transform_of_its_checkpoints(version: DatasetVersion) -> None:
    candidate("old", kind="runes", transform="plain-28x1")
    form = RunForm(filled(version, kind="runes", new_kind="", transform=""))
    assert form.is_valid(), form.errors
    assert form.settings
    assert (form.settings.kind, form.settings.transform) == ("runes", "plain-28x1")
    assert form.settings.method_config.backbone.image_size == 28


def test_data_that_is_not_ready_or_lost_pictures_cannot_be_chosen(version: DatasetVersion) -> None:
    for change in ({"incomplete": True}, {"incomplete": False, "status": JobStatus.RUNNING}):
        DatasetVersion.objects.update(**change)
        assert "version" in RunForm(filled(version)).errors


def test_a_start_from_another_network_is_refused_beside_what_differs(version: DatasetVersion) -> None:
    backbone = {"name": "conv4", "in_channels": 1, "image_size": 56, "width": 32}
    old = candidate("old", config={"backbone": backbone})
    client = signed_in("add_trainingrun")
    answer = client.post(reverse(ADD), filled(version, start_from=str(old.pk)))
    form = answer.context["form"]
    assert form.errors["method_config.backbone.width"] == [
        "Width is 64; it must be 32 to train 'old' further; or choose another checkpoint to start from"
    ]
    assert not TrainingRun.objects.exists()
    assert (
        client.post(
            reverse(ADD), filled(version, start_from=str(old.pk), **{"method_config.backbone.width": 32})
        ).status_code
        == 302
    )


def test_a_start_for_other_pictures_is_refused_beside_the_start(version: DatasetVersion) -> None:
    photos = next(row for row in sync_shipped() if row.name == "photos-prototypical")
    answer = signed_in("add_trainingrun").post(reverse(ADD), filled(version, start_from=str(photos.pk)))
    assert "takes pictures of 3 x 448 px" in answer.context["form"].errors["start_from"][0]
    assert not TrainingRun.objects.exists()


def test_what_a_run_failed_for_names_settings_as_the_form_does(run: TrainingRun) -> None:
    run.status, run.error = JobStatus.FAILED, "n_way is 7, but signs (train) has 6 classes to draw from."
    assert run.status_sentence == "Ways is 7, but signs (train) has 6 classes to draw from."
    run.error = "The loss became nan at step 3; try a smaller outer_lr"
    assert run.status_sentence == "The loss became nan at step 3; try a smaller Learning rate"
    run.error = "Another method is training into this width"
    assert run.status_sentence == run.error


def test_a_failed_run_shows_the_last_lines_of_its_log_and_others_do_not(run: TrainingRun) -> None:
    client, page = signed_in("view_trainingrun"), reverse("admin:training_trainingrun_change", args=[run.pk])
    TrainingRun.objects.update(log="step 4  33%\nmlcore: <the loss> became nan")
    assert "The last lines of its log" not in client.get(page).content.decode()
    TrainingRun.objects.update(status=JobStatus.FAILED, error="The loss became nan.")
    shown = client.get(page).content.decode()
    assert "step 4  33%\nmlcore: &lt;the loss&gt; became nan" in shown
    assert "The last lines of its log" in shown


def test_a_disk_without_room_is_said_before_anything_starts(version: DatasetVersion, settings: Any) -> None:
    settings.GLIMPSE_LIMITS = {**settings.GLIMPSE_LIMITS, "free_disk_bytes": 2**60}
    answer = signed_in("add_trainingrun").post(reverse(ADD), filled(version))
    assert "The disk is too full" in answer.content.decode()
    assert not TrainingRun.objects.exists()


def test_a_clone_has_the_settings_of_its_run(run: TrainingRun) -> None:
    form = RunForm(initial=values_of_run(run))
    assert (form["episodes.n_way"].value(), form["training.steps"].value()) == (5, 12)
    assert form["version"].value() == run.version_id
    page = signed_in("add_trainingrun").get(reverse(ADD), {"clone": str(run.pk)}).content.decode()
    assert f'value="{run.pk}"' in page


def test_an_estimate_is_a_job_for_the_staff_queue(version: DatasetVersion) -> None:
    client = signed_in("add_trainingrun")
    page = client.post(reverse("admin:training_run_estimate"), {**filled(version), "name": ""}).content.decode()
    row = RunEstimate.objects.get()
    assert reverse("admin:training_run_estimated", args=[row.pk]) in page
    assert row.queue == "staff"
    RunEstimate.objects.update(
        status=JobStatus.READY,
        timings={"seconds": 3700.0, "seconds_per_step": 0.25, "validation_seconds": 2.0, "preparation_seconds": 1.0},
    )
    done = client.get(reverse("admin:training_run_estimated", args=[row.pk]))
    assert done.status_code == 286
    assert "About 1:01 h" in done.content.decode()


def test_a_run_is_paused_resumed_and_cancelled_and_each_act_is_written_down(run: TrainingRun) -> None:
    client = signed_in("change_trainingrun", "view_trainingrun")
    for act, sentence in (("pause", "Paused at step 0."), ("resume", "Busy, queued"), ("cancel", "Cancelled.")):
        client.post(reverse(f"admin:training_run_{act}", args=[run.pk]))
        run.refresh_from_db()
        assert run.status_sentence.startswith(sentence), act
    acts = [entry.get_change_message() for entry in LogEntry.objects.order_by("pk")]
    assert acts == ["Paused.", "Resumed.", "Cancelled."]
    answer = client.post(reverse("admin:training_run_pause", args=[run.pk]), follow=True)
    assert "This run is over already." in answer.content.decode()


def test_a_run_whose_data_lost_pictures_does_not_go_on(run: TrainingRun) -> None:
    client = signed_in("change_trainingrun", "view_trainingrun")
    client.post(reverse("admin:training_run_pause", args=[run.pk]))
    DatasetVersion.objects.update(incomplete=True)
    answer = client.post(reverse("admin:training_run_resume", args=[run.pk]), follow=True)
    assert "Pictures were withdrawn" in answer.content.decode()
    assert "not repeatable" in answer.content.decode()


def test_the_live_part_stops_asking_once_the_run_is_over(run: TrainingRun) -> None:
    client = signed_in("view_trainingrun")
    live = reverse("admin:training_run_live", args=[run.pk])
    assert "hx-trigger" in client.get(live, {"state": run.state_key}).content.decode()
    TrainingRun.objects.update(status=JobStatus.FAILED, error="The server ran out of memory.")
    answer = client.get(live, {"state": run.state_key})
    assert answer.status_code == 286
    assert "ran out of memory" in answer.content.decode()


def test_only_those_with_the_permission_see_or_do_any_of_it(run: TrainingRun, version: DatasetVersion) -> None:
    user = signed_in(is_staff=False)
    staff = Client()
    staff.force_login(User.objects.create_user("ben", is_staff=True))
    viewer = Client()
    viewer.force_login(User.objects.create_user("cleo", is_staff=True))
    User.objects.get(username="cleo").user_permissions.set(Permission.objects.filter(codename="view_trainingrun"))
    estimate = RunEstimate.objects.create(version=version, kind="characters", method="prototypical")
    seen = [reverse("admin:training_trainingrun_changelist"), reverse(ADD)]
    seen += [reverse(f"admin:training_{name}", args=[run.pk]) for name in ("trainingrun_change", "run_live")]
    seen += [reverse("admin:training_run_estimated", args=[estimate.pk])]
    done = [reverse(f"admin:training_run_{act}", args=[run.pk]) for act in ACTS]
    done += [reverse(ADD), reverse("admin:training_run_estimate")]
    for address in seen:
        assert (user.get(address).status_code, staff.get(address).status_code) == (302, 403), address
    for address in done:
        statuses = [client.post(address, filled(version)).status_code for client in (user, staff, viewer)]
        assert statuses == [302, 403, 403], address
    run.refresh_from_db()
    assert (run.status, TrainingRun.objects.count(), RunEstimate.objects.count()) == (JobStatus.QUEUED, 1, 1)
    assert not LogEntry.objects.exists()
