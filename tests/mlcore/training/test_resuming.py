"""A run that is stopped anywhere goes on from its last state, and ends in the same weights as an unbroken one."""

import io
import json
import multiprocessing
import os
import random
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import cache
from operator import itemgetter
from pathlib import Path

import pytest
import torch
from torch import Tensor

from mlcore.checkpoints.checkpoint import load_checkpoint
from mlcore.cli.main import main
from mlcore.config import BackboneConfig, EpisodeConfig, TrainingConfig
from mlcore.data.datasets import load_dataset
from mlcore.data.datasets.base import PictureDataset
from mlcore.data.images import find_transform
from mlcore.errors import CheckpointError, TrainingError
from mlcore.method_config.prototypical import PrototypicalConfig
from mlcore.methods import build_method
from mlcore.training.meta_training import MetaTraining, Validation
from mlcore.training.processes import Team
from mlcore.training.progress import Events, Progress
from mlcore.training.run_folder import ENDED_WITH_PARENT, locked
from mlcore.training.state import KEPT, TrainingState, load_state, newest_readable, save_state
from tests.mlcore.data.datasets.files import jpeg, write_folder

STEPS = 24
TRAIN = (
    "train --kind characters --dataset strokes --split train --validation-split val --n-classes 6 --device cpu "
    "--threads 1 --backbone-image-size 56 --backbone-width 4 --n-way 5 --n-query 2 --validation-n-way 5 "
    "--validation-episodes 5 --validate-every 8 --degraded-copies 1 --seed 3"
)


class Killed(Exception):
    """Ends a run as a kill would: between any two steps, without a word."""


@cache
def strokes(split: str) -> PictureDataset:
    return load_dataset("strokes", split=split, n_classes=6)


def new_run(width: int = 4) -> MetaTraining:
    torch.manual_seed(3)
    episodes = EpisodeConfig(n_way=5, n_query=2)
    config = TrainingConfig(steps=STEPS, validate_every=8, validation_episodes=5, save_every=1, seed=3)
    backbone = BackboneConfig(image_size=56, width=width)
    return MetaTraining(
        build_method("prototypical", PrototypicalConfig(backbone=backbone)),
        strokes("train"),
        transform=find_transform("characters"),
        episodes=episodes,
        config=config,
        validation=Validation(strokes("val"), episodes),
        team=Team(torch.device("cpu")),
    )


def silent(event: dict[str, float]) -> None:
    """Report to nobody."""


@pytest.fixture(scope="module")
def unbroken() -> dict[str, Tensor]:
    run = new_run()
    run.run(silent)
    return run.method.state_dict()


def test_twenty_stops_at_random_end_in_the_weights_of_an_unbroken_run(
    unbroken: dict[str, Tensor], tmp_path: Path
) -> None:
    stops = set(random.Random(0).sample(range(1, STEPS), 20))

    def keep(state: TrainingState) -> None:
        save_state(tmp_path, state)
        if state.numbers["step"] in stops:
            raise Killed

    for _ in range(20):
        run = new_run()
        if found := newest_readable(tmp_path):
            run.resume(found[1])
        with pytest.raises(Killed):
            run.run(silent, keep)
    run = new_run()
    found = newest_readable(tmp_path)
    assert found
    run.resume(found[1])
    run.run(silent, keep)
    assert run.step == STEPS
    for name, tensor in run.method.state_dict().items():
        assert torch.equal(tensor, unbroken[name]), name


def test_slow_steps_keep_states_by_the_clock_and_end_in_the_same_weights(
    unbroken: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlcore.training.loop.SAVE_SECONDS", 0.0)
    run, kept = new_run(), []
    run.config = replace(run.config, save_every=1000)
    run.run(silent, lambda state: kept.append(state.numbers["step"]))
    assert kept == list(range(1, STEPS + 1))
    for name, tensor in run.method.state_dict().items():
        assert torch.equal(tensor, unbroken[name]), name


def test_the_last_two_states_are_kept(tmp_path: Path) -> None:
    state = new_run().state()
    for step in (1, 2, 3):
        save_state(tmp_path, TrainingState(state.tensors, {**state.numbers, "step": step}))
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"step-00000000{n}.safetensors" for n in (2, 3)]
    assert KEPT == 2


def test_a_state_of_another_backbone_is_refused(tmp_path: Path) -> None:
    path = save_state(tmp_path, new_run(width=6).state())
    with pytest.raises(CheckpointError, match="another method or backbone"):
        new_run().resume(load_state(path))


def test_a_damaged_state_is_refused(tmp_path: Path) -> None:
    path = save_state(tmp_path, new_run().state())
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(CheckpointError, match="no readable training state"):
        load_state(path)


def test_a_damaged_state_falls_back_to_the_one_before_it(tmp_path: Path) -> None:
    state = new_run().state()
    kept = [save_state(tmp_path, TrainingState(state.tensors, {**state.numbers, "step": step})) for step in (1, 2)]
    kept[1].write_bytes(kept[1].read_bytes()[:100])
    found = newest_readable(tmp_path)
    assert found
    assert (found[0], found[1].numbers["step"]) == (kept[0], 1)
    kept[0].write_bytes(b"")
    with pytest.raises(CheckpointError, match="no readable training state"):
        newest_readable(tmp_path)


def start(out: Path, *more: str) -> "subprocess.Popen[bytes]":
    command = [
        sys.executable,
        "-m",
        "mlcore",
        *TRAIN.split(),
        "--out",
        str(out),
        "--events",
        str(out) + ".jsonl",
        *more,
    ]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)


def events(out: Path) -> list[dict[str, object]]:
    path = Path(str(out) + ".jsonl")
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def wait_for(out: Path, name: str, process: "subprocess.Popen[bytes]") -> None:
    while not any(event["event"] == name for event in events(out)):
        assert process.poll() is None, process.stderr and process.stderr.read()
        time.sleep(0.05)


def test_a_killed_process_is_resumed_by_the_next_one(tmp_path: Path) -> None:
    endless = ["--steps", "1000000", "--save-every", "5"]
    first = start(tmp_path / "run", *endless)
    wait_for(tmp_path / "run", "saved", first)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    # The clock ends it: seconds that the first process trained count.
    more = ["--max-minutes", "0.01", "--resume", str(tmp_path / "run" / "states")]
    assert (
        main([*TRAIN.split(), *endless, "--out", str(tmp_path / "run"), *more, "--events", f"{tmp_path}/run.jsonl"])
        == 0
    )
    names = [event["event"] for event in events(tmp_path / "run")]
    assert names.index("resumed") > names.index("saved")
    assert names[-1] == "done"
    progress = [event for event in events(tmp_path / "run") if event["event"] == "progress"][-1]
    assert {"step", "train_loss", "accuracy", "ci95", "seconds_left", "memory_mb"} < set(progress)
    assert load_checkpoint(tmp_path / "run").card
    assert not (tmp_path / "run" / "states").exists()


def test_twenty_kills_at_random_end_in_the_weights_of_an_unbroken_run(tmp_path: Path) -> None:
    often = ["--steps", "200", "--save-every", "2", "--validate-every", "100"]
    whole, broken, chance = tmp_path / "whole", tmp_path / "broken", random.Random(0)
    goes_on = [*TRAIN.split(), *often, "--out", str(broken), "--resume", str(broken / "states")]
    loaded = multiprocessing.get_context("forkserver")  # its processes find loaded what takes seconds
    loaded.set_forkserver_preload(["mlcore.cli.commands.train", "mlcore.methods.prototypical", "torch._dynamo"])
    assert main([*TRAIN.split(), *often, "--out", str(whole)]) == 0
    for _ in range(20):
        wanted = len(events(broken)) + chance.randint(2, 5)
        process = loaded.Process(target=main, args=([*goes_on, "--events", f"{broken}.jsonl"],))
        process.start()
        while len(events(broken)) < wanted:
            assert process.is_alive()
            time.sleep(0.01)
        time.sleep(chance.random() / 20)
        process.kill()
        process.join()
    assert main(goes_on) == 0
    weights = [(folder / "weights.safetensors").read_bytes() for folder in (whole, broken)]
    assert weights[0] == weights[1]


def test_a_process_ends_with_its_parent_and_never_shares_its_folder(tmp_path: Path) -> None:
    process = start(tmp_path / "run", "--steps", "1000000", "--save-every", "5", "--end-with-parent")
    try:
        wait_for(tmp_path / "run", "saved", process)
        with pytest.raises(TrainingError, match="another process is training"), locked(tmp_path / "run"):
            pass
        assert process.stdin
        process.stdin.close()
        assert process.wait(10) == ENDED_WITH_PARENT
        with locked(tmp_path / "run"):
            pass
    finally:
        process.kill()
        process.wait()


def test_a_process_ends_when_its_parent_has_nothing_more_to_say(tmp_path: Path) -> None:
    process = start(tmp_path / "run", "--steps", "1000000", "--save-every", "5", "--end-with-parent", "1")
    try:
        assert process.wait(60) == ENDED_WITH_PARENT
    finally:
        process.kill()
        process.wait()


def test_a_process_that_is_asked_to_stop_keeps_its_state_first(tmp_path: Path) -> None:
    process = start(tmp_path / "run", "--steps", "1000000", "--save-every", "1000000", "--end-with-parent")
    try:
        wait_for(tmp_path / "run", "progress", process)
        process.terminate()
        assert process.wait(20) == ENDED_WITH_PARENT
        last = events(tmp_path / "run")[-1]
        assert last["event"] == "saved"
        assert load_state(Path(str(last["file"]))).numbers["step"] == last["step"]
    finally:
        process.kill()
        process.wait()


OTHER: list[tuple[list[str], str]] = [
    (["--seed", "4"], "training.seed was 3 and is 4"),
    (["--outer-lr", "0.1"], "training.outer_lr was 0.001 and is 0.1"),
    (["--split", "test"], "data.split was 'train' and is 'test'; data.fingerprint was '"),
    (["--n-classes", "7"], "data.n_classes was 6 and is 7; "),
    (["--k-shot", "2"], "episodes.k_shot was 1 and is 2"),
    (["--distance", "cosine"], "method_config.distance was 'euclidean' and is 'cosine'"),
    (["--validation-episodes", "6"], "training.validation_episodes was 5 and is 6"),
    (["--method", "matching"], "method was 'prototypical' and is 'matching'"),
    (["--kind", "runes", "--transform", "plain-56x1"], "kind was 'characters' and is 'runes'; transform was None and"),
]


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train a few steps, and return the folder of the states that are left when a run breaks off."""
    out = tmp_path_factory.mktemp("stopped") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mlcore.cli.commands.runs.shutil.rmtree", lambda *_, **__: None)
        assert main([*TRAIN.split(), "--steps", "10", "--save-every", "5", "--out", str(out)]) == 0
    return out / "states"


def resume(states: Path, out: Path, *more: str) -> int:
    return main([*TRAIN.split(), "--steps", "12", "--out", str(out), "--resume", str(states), *more])


@pytest.mark.parametrize(("options", "difference"), OTHER, ids=[" ".join(options) for options, _ in OTHER])
def test_a_state_of_other_settings_or_data_is_refused_and_what_differs_named(
    options: list[str], difference: str, stopped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert resume(stopped, tmp_path / "out", *options) == 1
    errors = capsys.readouterr().err
    assert f"mlcore: the training state is of another run: {difference}" in errors
    assert "or start the run anew" in errors
    assert not (tmp_path / "out" / "card.json").exists()


def test_a_state_of_other_pictures_under_the_same_name_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def pictures(colour: str) -> list[str]:
        files = {
            f"{split}/{split}{n}/{k}.jpg": jpeg(colour if (n, k) == (0, 0) else "blue", (16, 16))
            for split in ("train", "val")
            for n in range(5)
            for k in range(10)
        }
        root = str(write_folder(tmp_path / colour, files))
        return ["--dataset", "image_folder", "--data-root", root, "--data-name", "own", "--image-size", "16"]

    state = tmp_path / "states"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mlcore.cli.commands.runs.shutil.rmtree", lambda *_, **__: None)
        first = [*TRAIN.split(), *pictures("red"), "--n-way", "2", "--steps", "3", "--save-every", "2"]
        assert main([*first, "--out", str(state.parent / "out")]) == 0
    again = [*first, "--out", str(tmp_path / "again"), "--resume", str(tmp_path / "out" / "states")]
    assert main(again) == 0
    assert main([*again, *pictures("green")]) == 1
    assert "is of another run: data.fingerprint was '" in capsys.readouterr().err


def test_a_run_that_is_over_is_not_begun_again_by_resuming_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert main([*TRAIN.split(), "--steps", "2", "--out", str(out)]) == 0
    made = (out / "card.json").read_text()
    for folder in (out, tmp_path / "elsewhere"):
        again = [*TRAIN.split(), "--steps", "4", "--seed", "9", "--out", str(folder), "--resume", str(out / "states")]
        assert main(again) == 1
        assert f"the run in {out} is over; train its checkpoint further with --start-from" in capsys.readouterr().err
    assert (out / "card.json").read_text() == made


def test_resuming_what_was_never_there_is_refused_and_what_has_no_state_yet_begins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = [*TRAIN.split(), "--steps", "2", "--out", str(tmp_path / "run")]
    assert main([*first, "--resume", str(tmp_path / "mistyped" / "states")]) == 1
    assert f"no run in {tmp_path / 'mistyped'}" in capsys.readouterr().err
    assert main([*first, "--resume", str(tmp_path / "run" / "states")]) == 0


def test_a_run_asked_to_stop_while_it_measures_its_last_weights_stops_at_once(tmp_path: Path) -> None:
    process = start(tmp_path / "run", "--steps", "3", "--save-every", "1", "--validation-episodes", "1000000")
    assert process.stderr
    assert any(b"100%  measuring on the validation classes" in line for line in process.stderr)
    process.terminate()
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 143, errors
    assert b"stopped after the last step, as asked; its state is kept" in errors
    assert not (tmp_path / "run" / "card.json").exists()
    newest = newest_readable(tmp_path / "run" / "states")
    assert newest
    assert newest[1].numbers["step"] == 3


def test_more_steps_or_minutes_and_another_name_are_no_other_run(stopped: Path, tmp_path: Path) -> None:
    more = "--steps 14 --max-minutes 9 --name longer --licence MIT --save-every 0 --validate-every 7"
    assert resume(stopped, tmp_path / "out", *more.split()) == 0
    card = load_checkpoint(tmp_path / "out").card
    assert card
    assert (card.name, card.training["config"]["steps"]) == ("longer", 14)


def test_a_state_that_does_not_say_what_it_is_of_is_refused(
    stopped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = load_state(sorted(stopped.iterdir())[-1])
    old = TrainingState(state.tensors, {name: value for name, value in state.numbers.items() if name != "run"})
    save_state(tmp_path / "old", old)
    assert resume(tmp_path / "old", tmp_path / "out") == 1
    assert "is an old one, which does not say what settings and data it comes from" in capsys.readouterr().err


def test_a_state_further_than_the_run_goes_is_validated_once_and_saved(stopped: Path, tmp_path: Path) -> None:
    early = min(stopped.iterdir())
    state = load_state(early)
    assert (state.numbers["step"], state.numbers["best"]) == (5, {"accuracy": -1.0})  # it was never validated
    assert resume(early, tmp_path / "out", "--steps", "4", "--events", f"{tmp_path / 'out'}.jsonl") == 0
    names = [event["event"] for event in events(tmp_path / "out")]
    assert names == ["resumed", "progress", "done"]
    card = load_checkpoint(tmp_path / "out").card
    assert card
    assert card.training["validation"]["step"] == 5


def test_a_state_further_than_the_run_goes_ends_with_what_did_best(stopped: Path, tmp_path: Path) -> None:
    late = max(stopped.iterdir())
    best = load_state(late).numbers["best"]
    assert best["step"] == 8  # its own weights, of step 10, were not validated
    assert resume(late, tmp_path / "out", "--steps", "4", "--events", f"{tmp_path / 'out'}.jsonl") == 0
    resumed, last, done = events(tmp_path / "out")
    assert [event["event"] for event in (resumed, last, done)] == ["resumed", "progress", "done"]
    card = load_checkpoint(tmp_path / "out").card
    assert card
    found = card.training["validation"]
    assert (found["step"], found["accuracy"]) == max((8, best["accuracy"]), (10, last["accuracy"]), key=itemgetter(1))


def test_steps_are_told_of_between_validations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "events.jsonl"
    told = Events(file, Progress(io.StringIO()), episodes_per_step=4)
    for step, loss, seconds in ((1.0, 3.0, 1000.0), (2.0, 1.0, 0.0)):
        monkeypatch.setattr("mlcore.training.progress.TICK_SECONDS", seconds)
        told.step({"step": step, "progress": step / 10, "train_loss": loss})
    (line,) = [json.loads(line) for line in file.read_text().splitlines()]
    assert (line["event"], line["step"], line["train_loss"]) == ("step", 2.0, 2.0)
    assert line["episodes_per_second"] > 0


def test_the_loss_of_a_validation_is_that_of_the_steps_since_the_line_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "events.jsonl"
    reporting = Events(file, Progress(io.StringIO()))
    monkeypatch.setattr("mlcore.training.progress.TICK_SECONDS", 0.0)
    validated = {"progress": 0.5, "train_loss": 9.0, "accuracy": 0.5}  # its own mean reaches back to the last one
    reporting.step({"step": 1.0, "progress": 0.1, "train_loss": 2.0})
    reporting.progress({"step": 1.0, **validated})
    monkeypatch.setattr("mlcore.training.progress.TICK_SECONDS", 1000.0)
    reporting.step({"step": 2.0, "progress": 0.2, "train_loss": 1.0})
    reporting.progress({"step": 2.0, **validated})
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(line["event"], line["step"], line["train_loss"]) for line in lines] == [
        ("step", 1.0, 2.0),
        ("progress", 1.0, 2.0),
        ("progress", 2.0, 1.0),
    ]


def test_an_estimate_trains_nothing_and_leaves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*TRAIN.split(), "--out", str(tmp_path / "run"), "--steps", "1000", "--estimate", "2"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["seconds"] > 1000 * found["seconds_per_step"] > 0
    assert not (tmp_path / "run").exists()


def test_a_loss_that_is_no_number_ends_the_run_with_what_to_try(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = f"{TRAIN} --out {tmp_path / 'run'} --steps 50 --outer-lr 1e30 --optimizer sgd"
    assert main(settings.split()) == 1
    assert re.search(r"by step 50, 98% of it .* try a smaller outer_lr", capsys.readouterr().err)
