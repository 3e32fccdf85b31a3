"""A run is the same command that a researcher types, and says every setting."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mlcore.cli.main import _parser
from mlcore.cli.options import from_options
from mlcore.method_config import METHODS
from tests.training import small_runs
from webapp.training.models import TrainingRun
from webapp.training.runs import words as words_module
from webapp.training.runs.command_line import settings_options, train_command

pytestmark = pytest.mark.django_db


def test_the_command_names_its_files_its_settings_and_its_bond(tmp_path: Path) -> None:
    run = small_runs.start()
    command = train_command(run, tmp_path)
    assert command[:4] == [sys.executable, "-m", "mlcore", "train"]
    options = _parser(command[3:]).parse_args(command[3:])
    assert (options.out, options.events) == (tmp_path / "checkpoint", tmp_path / "events.jsonl")
    assert (options.resume, options.end_with_parent) == (tmp_path / "resume", 3.0)
    assert (options.n_way, options.steps, options.backbone_width, options.threads) == (5, 12, 4, 1)
    assert (options.leave_gpu_mb, options.data_name) == (4096, "signs")
    assert options.name == f"signs-{str(run.pk)[:8]}"


@pytest.mark.parametrize("method", METHODS)
def test_every_setting_of_every_method_comes_through(method: str) -> None:
    settings = words_module.settings_from_words(kind="characters", method=method, words=[("backbone.width", "16")])
    run = TrainingRun(**settings.fields())
    words = ["train", "--out", "x", "--kind", "characters", "--dataset", "strokes", "--method", method]
    options = _parser([*words, *settings_options(run)]).parse_args([*words, *settings_options(run)])
    backbone = settings.method_config.backbone
    assert from_options(METHODS[method].config, options, backbone=backbone) == settings.method_config
    assert from_options(type(settings.training), options) == settings.training
    assert from_options(type(settings.episodes), options) == settings.episodes
