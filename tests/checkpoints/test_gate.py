"""The gate: what it asks, how it judges figures, and how they come about in a process of their own."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from django.core.files.base import ContentFile
from PIL import Image

from mlcore.checkpoints.card import ModelCard
from mlcore.checkpoints.checkpoint import save_checkpoint
from mlcore.config import BackboneConfig
from mlcore.method_config.prototypical import PrototypicalConfig
from mlcore.methods import build_method
from tests.checkpoints.candidates import GOOD, candidate, make_benchmark, measured, registered, staff
from webapp.checkpoints import services as checkpoints
from webapp.checkpoints.judging import checks_of
from webapp.checkpoints.models import Checkpoint, Evaluation
from webapp.checkpoints.worker import measuring
from webapp.core.errors import UserError
from webapp.datasets.models import DatasetVersion
from webapp.jobs.models import JobStatus

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("long_lease")]


@pytest.fixture(autouse=True)
def _data_folder(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    settings.GLIMPSE_DEVICE = "cpu"


def figures(difference: float, ci95: float) -> dict[str, Any]:
    return {**GOOD, "difference": difference, "difference_ci95": ci95}


@pytest.mark.parametrize(
    ("difference", "ci95", "passed", "word"),
    [
        (0.05, 0.01, True, "Not worse"),
        (0.0, 0.01, True, "Not worse"),
        (0.0, 0.0101, False, "Cannot be told"),
        (-0.005, 0.004, True, "Not worse"),
        (-0.005, 0.006, False, "Cannot be told"),
        (-0.03, 0.01, False, "Worse"),
        (0.02, 0.05, False, "Cannot be told"),
    ],
)
def test_not_worse_means_that_the_interval_shows_no_loss_beyond_one_point(
    difference: float, ci95: float, passed: bool, word: str
) -> None:
    benchmark, unseen = checks_of({"exam": figures(difference, ci95), "unseen": GOOD})
    assert (benchmark.passed, benchmark.sentence.startswith(word)) == (passed, True)
    assert unseen.passed


def test_the_figures_behind_a_judgement_are_told() -> None:
    benchmark = checks_of({"exam": GOOD, "unseen": GOOD})[0]
    expected = "This one: 90.0 ± 1.0 % right, the live one: 90.0 ± 1.0 %, in 1000 episodes of 40 classes."
    assert benchmark.figures == expected


def test_too_few_new_classes_or_unknown_ones_do_not_pass_and_say_so() -> None:
    few = checks_of({"exam": GOOD, "unseen": {"classes": 12, "needed": 20}})[1]
    assert (few.passed, "Only 12" in few.sentence, "20 are needed" in few.sentence) == (False, True, True)
    unknown = checks_of({"exam": GOOD, "unseen": {"classes": 0, "unknown": "old"}})[1]
    assert (unknown.passed, "card of old does not list" in unknown.sentence) == (False, True)


def test_without_a_benchmark_the_gate_says_what_to_set_up() -> None:
    candidate("old", live=True)
    new = candidate("new")
    gate = checkpoints.gate_of(checkpoint=new)
    assert (gate.passed, gate.can_measure) == (False, False)
    assert "no benchmark" in gate.checks[0].sentence
    with pytest.raises(UserError, match="no benchmark"):
        checkpoints.measure(checkpoint=new, by=None)


def test_the_gate_passes_by_an_evaluation_against_what_is_live_on_the_benchmark_as_it_is() -> None:
    old, new, benchmark = candidate("old", live=True), candidate("new"), make_benchmark()
    assert not checkpoints.gate_of(checkpoint=new).passed
    measured(new, old, benchmark)
    assert checkpoints.gate_of(checkpoint=new).passed
    benchmark.k_shot = 5
    benchmark.save()
    assert "not been measured" in checkpoints.gate_of(checkpoint=new).checks[0].sentence
    measured(new, old, benchmark)
    old.live = False
    old.save()
    candidate("third", live=True)
    assert not checkpoints.gate_of(checkpoint=new).passed


def test_the_newest_measurement_counts_and_one_that_runs_is_not_started_again() -> None:
    old, new, benchmark = candidate("old", live=True), candidate("new"), make_benchmark()
    measured(new, old, benchmark)
    again = checkpoints.measure(checkpoint=new, by=staff())
    assert checkpoints.measure(checkpoint=new, by=None) == again
    gate = checkpoints.gate_of(checkpoint=new)
    assert (gate.passed, gate.can_measure, gate.evaluation) == (False, False, again)


def save(folder: Path, name: str, *, seed: int, live: bool = False, **card: Any) -> Checkpoint:
    """Save a tiny untrained method with its row."""
    torch.manual_seed(seed)
    config = PrototypicalConfig(backbone=BackboneConfig(image_size=56, width=4))
    values = {"data": {"name": "strokes", "split": "train"}, **card}
    whole = ModelCard(
        name=name, kind="characters", method="prototypical", config=config.to_dict(), transform="characters", **values
    )
    save_checkpoint(folder / name, build_method("prototypical", config), whole)
    return registered(folder / name, live=live)


@pytest.fixture
def evaluation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Evaluation:
    """Start an evaluation of two tiny checkpoints on characters drawn by program."""
    drawn = ["--dataset", "strokes", "--split", "test", "--n-classes", "24", "--image-size", "32"]
    monkeypatch.setattr(measuring, "benchmark_arguments", lambda *, version: drawn)
    save(tmp_path, "old", seed=0, live=True)
    make_benchmark(episodes=20)
    return checkpoints.measure(checkpoint=save(tmp_path, "new", seed=1), by=None)


def test_an_evaluation_is_made_by_a_process_of_its_own(evaluation: Evaluation) -> None:
    measuring.examine(str(evaluation.pk))
    evaluation.refresh_from_db()
    assert (evaluation.status, evaluation.error) == (JobStatus.READY, "")
    assert evaluation.findings["checkpoint"] == "new"
    assert evaluation.findings["exam"]["episodes"] == 20
    assert evaluation.findings["unseen"]["classes"] == 24
    assert len(checkpoints.gate_of(checkpoint=evaluation.checkpoint).checks) == 2


def test_the_test_classes_of_an_uploaded_data_set_are_measured_less_those_that_were_learned_from(
    tmp_path: Path,
) -> None:
    save(tmp_path, "old", seed=0, live=True)
    benchmark = make_benchmark(episodes=10, n_query=1)
    benchmark.version.mlcore_name = "image_folder"
    files = {f"test/sign {number:02d}/{copy}.png": png(number) for number in range(22) for copy in range(2)}
    files |= {f"{side}/{side} sign/{copy}.png": png(99) for side in ("train", "val") for copy in range(2)}
    benchmark.version.archive.save("signs.zip", ContentFile(zipped(files)))
    learned = {"name": benchmark.version.dataset.name, "split": "train", "class_names": ["train sign", "sign 03"]}
    evaluation = checkpoints.measure(checkpoint=save(tmp_path, "new", seed=1, data=learned), by=None)
    measuring.examine(str(evaluation.pk))
    evaluation.refresh_from_db()
    assert (evaluation.status, evaluation.error) == (JobStatus.READY, "")
    assert evaluation.findings["dataset"] == benchmark.version.dataset.name
    assert (evaluation.findings["exam"]["classes"], evaluation.findings["unseen"]["classes"]) == (22, 21)


def png(seed: int) -> bytes:
    out, image = io.BytesIO(), Image.new("L", (32, 32), seed * 2)
    image.paste(255, (8, 8, 24, 24))
    image.save(out, "PNG")
    return out.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def test_what_cannot_be_measured_is_said_in_words(evaluation: Evaluation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        measuring, "benchmark_arguments", lambda *, version: ["--dataset", "omniglot", "--data-root", "x"]
    )
    measuring.examine(str(evaluation.pk))
    evaluation.refresh_from_db()
    assert (evaluation.status, evaluation.error_code) == (JobStatus.FAILED, "cannot_measure")
    assert "Omniglot was not found in x" in evaluation.error
    assert "Omniglot was not found" in checkpoints.gate_of(checkpoint=evaluation.checkpoint).checks[0].sentence


def test_a_process_that_is_killed_fails_in_words(
    evaluation: Evaluation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "killed"
    program.write_text("#!/bin/sh\nkill -9 $$\n")
    program.chmod(0o755)
    monkeypatch.setattr(measuring.sys, "executable", str(program))
    measuring.examine(str(evaluation.pk))
    evaluation.refresh_from_db()
    assert (evaluation.status, evaluation.error_code) == (JobStatus.FAILED, "measuring_broke_off")


def test_a_data_set_that_is_not_ready_is_said_in_words(evaluation: Evaluation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    DatasetVersion.objects.update(status=JobStatus.FAILED)
    measuring.examine(str(evaluation.pk))
    evaluation.refresh_from_db()
    assert evaluation.error_code == "dataset_not_ready"
