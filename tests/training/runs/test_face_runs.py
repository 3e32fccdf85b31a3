"""Runs that train embeddings of faces: started like any other, and never published."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from mlcore.checkpoints.card import ModelCard
from mlcore.cli.main import _parser
from mlcore.cli.run_options import run_config_of
from mlcore.faces.config import FACE_LOSSES
from mlcore.run_config import FaceRunConfig
from tests.checkpoints.candidates import candidate, staff
from tests.training import small_runs
from tests.training.runs.test_run_pages import ADD, filled, signed_in
from webapp.checkpoints import services as checkpoints
from webapp.checkpoints.models import Checkpoint
from webapp.checkpoints.stored_checkpoints import stored
from webapp.core.errors import UserError
from webapp.datasets.models import DatasetVersion
from webapp.training.models import TrainingRun
from webapp.training.runs import services as runs
from webapp.training.runs.beginnings import values_of_run
from webapp.training.runs.command_line import estimate_command, train_command
from webapp.training.runs.forms import RunForm
from webapp.training.runs.settings import AnyRunConfig, changed, checked, room_needed, settings_of_run
from webapp.training.runs.words import settings_from_words

pytestmark = pytest.mark.django_db


@pytest.fixture
def version() -> DatasetVersion:
    return small_runs.small_version()


def small_settings(method: str = "cosface", **training: Any) -> AnyRunConfig:
    quick = {"steps": 4, "people_per_step": 4, "pictures_per_person": 2, "validate_every": 2, "max_minutes": 0.0}
    network = {"name": "mobilefacenet", "width": 8, "embedding_size": 16}
    return checked(kind="faces", method=method, method_config={"backbone": network}, training={**quick, **training})


def start(version: DatasetVersion, **training: Any) -> TrainingRun:
    return runs.start_run(by=None, name="Faces", settings=small_settings(**training), version=version)


@pytest.mark.parametrize("method", FACE_LOSSES)
def test_every_loss_has_a_form_that_starts_a_run(version: DatasetVersion, method: str) -> None:
    sent = {**filled(version, method=method), "kind": "faces"}
    assert not any(name.startswith("episodes.") for name in sent)
    answer = signed_in("add_trainingrun", "view_trainingrun").post(reverse(ADD), sent)
    run = TrainingRun.objects.get()
    assert answer.headers["Location"] == reverse("admin:training_trainingrun_change", args=[run.pk])
    assert (run.kind, run.method, set(run.config)) == ("faces", method, {"kind", "method", "training", "method_config"})
    assert run.config["method_config"]["backbone"]["name"] == "mobilefacenet"
    labels = [setting.label for setting in settings_of_run(run)]
    assert "People per step" in labels
    assert len(labels) == len(set(labels))
    assert room_needed(run) < 2**30


def test_the_form_offers_a_loss_no_kind_but_faces_and_a_method_all_others(version: DatasetVersion) -> None:
    candidate("mine", kind="faces")
    candidate("runes", kind="runes")
    kinds = {
        method: [name for name, _words in RunForm(initial={"method": method}).fields["kind"].choices]  # type: ignore[attr-defined]
        for method in ("arcface", "siamese")
    }
    assert kinds == {"arcface": ["faces"], "siamese": ["characters", "photos", "runes"]}
    assert "mine" not in str(RunForm()["start_from"])
    assert {"start_from", "new_kind", "transform"}.isdisjoint(RunForm(initial={"method": "arcface"}).fields)


def test_settings_of_one_sort_are_not_carried_over_to_the_other(version: DatasetVersion) -> None:
    client = signed_in("add_trainingrun")
    typed = {"name": "Mine", "version": str(version.pk), "kind": "photos", "method": "arcface", "training.steps": "77"}
    form = client.get(reverse(ADD), typed).context["form"]
    assert (form["name"].value(), form["method"].value(), form["training.steps"].value()) == ("Mine", "arcface", 2000)
    form = client.get(reverse(ADD), {**typed, "kind": "faces", "method": "cosface"}).context["form"]
    assert form["training.steps"].value() == "77"


@pytest.mark.parametrize(
    ("kind", "method", "field"), [("characters", "arcface", "kind"), ("faces", "siamese", "method")]
)
def test_a_loss_for_faces_goes_with_faces_alone(kind: str, method: str, field: str) -> None:
    with pytest.raises(UserError) as caught:
        checked(kind=kind, method=method)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("training.people_per_step", "1", "People per step is 1; it must be at least 2"),
        ("method_config.backbone.width", "65", "Width is 65; it must be between 8 and 64"),
        ("method_config.margin", "2", "Margin is 2.0; it must be above 0 and below 1.5"),
    ],
)
def test_a_value_out_of_range_is_shown_beside_its_field(
    version: DatasetVersion, name: str, value: str, words: str
) -> None:
    form = RunForm({**filled(version, method="arcface"), "kind": "faces", name: value})
    assert not form.is_valid()
    assert words in form.errors[name][0]


def test_faces_start_from_scratch(version: DatasetVersion) -> None:
    for settings, start_from in (
        (small_settings(), candidate("letters")),
        (small_runs.small_settings(), candidate("mine", kind="faces")),
    ):
        with pytest.raises(UserError, match="from scratch"):
            runs.start_run(by=None, name="x", settings=settings, version=version, start_from=start_from)


def test_a_form_and_a_command_start_nothing_from_faces(version: DatasetVersion) -> None:
    faces = candidate("mine", kind="faces", method="arcface")
    client = signed_in("add_trainingrun")
    for typed in ({"start_from": str(faces.pk)}, {"start_from": str(faces.pk), "fill": "start_from"}):
        assert client.get(reverse(ADD), typed).status_code == 200
    User.objects.create_user("ada", is_staff=True)
    with pytest.raises(CommandError, match="from scratch"):
        call_command("start_training_run", "x", "--dataset", "signs", "--by", "ada", "--start-from", "mine")


@pytest.mark.parametrize("method", FACE_LOSSES)
def test_every_setting_comes_through_to_the_command(version: DatasetVersion, method: str, tmp_path: Path) -> None:
    words = ["method_config.backbone.width=16"]
    settings = settings_from_words(kind="faces", method=method, words=words)
    run = runs.start_run(by=None, name="Faces", settings=settings, version=version)
    train_command(run, tmp_path)
    command = ["faces", "train", "--out", "x", "--config", str(tmp_path / "run.json")]
    config = run_config_of(FaceRunConfig, _parser(command).parse_args(command))
    assert (config.method, config.method_config, config.training) == (method, settings.method_config, settings.training)


def test_a_clone_and_a_trial_have_the_settings_of_their_run(version: DatasetVersion) -> None:
    run = start(version)
    form = RunForm(initial=values_of_run(run))
    assert (form["kind"].value(), form["method"].value()) == ("faces", "cosface")
    assert (form["training.people_per_step"].value(), form["method_config.margin"].value()) == (4, 0.35)
    trial = changed(run, {"method_config.margin": 0.2})
    assert trial.method_config.to_dict()["margin"] == 0.2


def test_the_command_of_a_run_leaves_a_checkpoint_that_can_never_be_published(
    version: DatasetVersion, tmp_path: Path
) -> None:
    run = start(version)
    command = train_command(run, tmp_path)
    command = command[: command.index("--end-with-parent")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with stored(tmp_path / "checkpoint", name="faces-1") as row:
        row.save(force_insert=True)
    assert (row.kind, row.method, row.live) == ("faces", "cosface", False)
    assert ModelCard.from_dict(row.card).config["backbone"]["width"] == 8
    with pytest.raises(UserError, match="never published"):
        checkpoints.publish(checkpoint=row, by=staff(), reason="because it is good")
    assert not Checkpoint.objects.live().filter(kind="faces").exists()


def test_the_page_of_its_checkpoint_says_so_and_offers_nothing(client: Client) -> None:
    row = candidate("mine", kind="faces", method="arcface")
    client = signed_in("view_checkpoint", "publish_checkpoint")
    page = client.get(reverse("admin:checkpoints_checkpoint_change", args=[row.pk])).content.decode()
    assert "Never published" in page
    assert reverse("admin:checkpoints_checkpoint_publish", args=[row.pk]) not in page


def test_a_run_is_timed_by_the_same_command(version: DatasetVersion, tmp_path: Path) -> None:
    row = runs.start_estimate(by=None, settings=small_settings(), version=version)
    command = estimate_command(row, tmp_path, steps=3)
    assert command[2:5] == ["mlcore", "faces", "train"]
    assert command[-2:] == ["--estimate", "3"]
