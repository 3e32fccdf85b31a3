"""What becomes of a run whose process dies: before its checkpoint is saved, and after."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings

from tests.checkpoints.candidates import tiny
from tests.training import small_runs
from webapp.jobs.models import JobStatus
from webapp.training.models import TrainingRun
from webapp.training.runs.worker import training

KILLED = "echo calibrating >&2; kill -9 $$"


@pytest.fixture
def run(db: None, settings: Settings, tmp_path: Path) -> TrainingRun:
    settings.DATA_DIR = settings.MEDIA_ROOT = tmp_path
    return small_runs.start()


def train(run: TrainingRun, script: str, monkeypatch: pytest.MonkeyPatch) -> TrainingRun:
    """Let a shell script, in the folder of the attempt, stand for the process; the kernel says that memory ran out."""
    monkeypatch.setattr(training, "train_command", lambda _run, folder: ["sh", "-c", f"cd {folder}; {script}"])
    monkeypatch.setattr(training, "kernel_kills", iter(range(9)).__next__)
    training.train(str(run.pk))
    run.refresh_from_db()
    return run


def test_a_checkpoint_saved_before_the_process_was_killed_is_kept(
    run: TrainingRun, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made = tiny(tmp_path)
    done = train(run, f"cp -r {made} checkpoint; {KILLED}", monkeypatch)
    assert (done.status, done.log) == (JobStatus.READY, "calibrating")
    assert done.checkpoint
    assert done.checkpoint.weights.read() == (made / "weights.safetensors").read_bytes()


@pytest.mark.parametrize("damage", ["rm checkpoint/card.json", "echo >> checkpoint/weights.safetensors"])
def test_a_checkpoint_that_was_half_saved_is_none(
    run: TrainingRun, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, damage: str
) -> None:
    failed = train(run, f"cp -r {tiny(tmp_path)} checkpoint; {damage}; {KILLED}", monkeypatch)
    assert (failed.status, failed.checkpoint) == (JobStatus.FAILED, None)
    assert "ran out of memory" in failed.error
