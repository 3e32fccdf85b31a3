"""A run is the same command that a researcher types, and says every setting."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.urls import reverse

from mlcore.checkpoints.card import ModelCard
from mlcore.cli.main import _parser
from mlcore.cli.run_options import run_config_of
from mlcore.method_config import METHODS
from mlcore.run_config import MetaRunConfig
from tests.training import small_runs
from tests.training.people import signed_in
from webapp.training.runs import services as runs
from webapp.training.runs.command_line import repeating_command, train_command
from webapp.training.runs.words import settings_from_words

pytestmark = pytest.mark.django_db


def test_the_command_names_its_files_its_config_and_its_bond(tmp_path: Path) -> None:
    run = small_runs.start()
    command = train_command(run, tmp_path)
    assert command[:4] == [sys.executable, "-m", "mlcore", "train"]
    options = _parser(command[3:]).parse_args(command[3:])
    assert (options.out, options.events) == (tmp_path / "checkpoint", tmp_path / "events.jsonl")
    assert (options.resume, options.end_with_parent) == (tmp_path / "resume", 3.0)
    assert (options.threads, options.leave_gpu_mb, options.config) == (1, 4096, tmp_path / "run.json")
    config = run_config_of(MetaRunConfig, options)
    assert (config.episodes.n_way, config.training.steps, config.method_config.backbone.width) == (5, 12, 4)
    assert (config.data.dataset, config.data.name, config.data.split) == ("image_folder", "signs", "train")
    assert (config.name, config.validation_split) == (f"signs-{str(run.pk)[:8]}", "val")


@pytest.mark.parametrize("method", METHODS)
def test_every_setting_of_every_method_comes_through(method: str, tmp_path: Path) -> None:
    words = ["method_config.backbone.width=16"]
    settings = settings_from_words(kind="characters", method=method, words=words)
    version = small_runs.small_version()
    run = runs.start_run(by=None, name="Signs", settings=settings, version=version)
    train_command(run, tmp_path)
    command = ["train", "--out", "x", "--config", str(tmp_path / "run.json")]
    config = run_config_of(MetaRunConfig, _parser(command).parse_args(command))
    assert (config.kind, config.method, config.method_config) == ("characters", method, settings.method_config)
    assert (config.training, config.episodes) == (settings.training, settings.episodes)


def test_what_the_page_of_a_run_shows_repeats_it_elsewhere(tmp_path: Path) -> None:
    run = small_runs.start()
    client = signed_in("view_trainingrun")
    page = client.get(reverse("admin:training_trainingrun_change", args=[run.pk])).content.decode()
    assert repeating_command(run) in page
    address = reverse("admin:training_run_config", args=[run.pk])
    assert f'href="{address}"' in page
    config = client.get(address)
    assert run.version.archive.path not in config.content.decode()
    (tmp_path / "run.json").write_bytes(config.content)
    words = repeating_command(run).split()
    places = {"python": sys.executable, "DATA": run.version.archive.path, "FOLDER": "made"}
    command = [places.get(word, word) for word in words]
    root = Path(__file__).parents[3]
    done = subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": str(root)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    card = ModelCard.read(tmp_path / "made")
    parts = {"method_config": card.config, "training": card.training["config"], "episodes": card.training["episodes"]}
    assert parts == {name: json.loads(config.content)[name] for name in parts}
    assert "--config" not in card.command
    assert run.version.archive.path not in card.to_json()
