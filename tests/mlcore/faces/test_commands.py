"""`python -m mlcore faces train` and `evaluate`, on patterns in folders."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from mlcore.checkpoints.card import ModelCard
from mlcore.cli.main import main
from mlcore.errors import CheckpointError
from mlcore.faces.checkpoint import load_face_network
from tests.mlcore.faces.people import write_people

SETTINGS = (
    "--no-align --device cpu --threads 1 --backbone-width 8 --backbone-embedding-size 16 --people-per-step 4 "
    "--pictures-per-person 2 --validate-every 3 --save-every 1"
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Options that name a folder of identities."""
    folder = write_people(tmp_path_factory.mktemp("people"))
    return ["--dataset", "image_folder", "--data-root", str(folder), "--image-size", "32", "--data-name", "patterns"]


@pytest.fixture(scope="module")
def trained(data: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of six steps."""
    out = tmp_path_factory.mktemp("run") / "small"
    events = ["--events", str(out.parent / "events.jsonl")]
    assert (
        main(
            [
                "faces",
                "train",
                *data,
                *SETTINGS.split(),
                "--steps",
                "6",
                "--loss",
                "cosface",
                "--out",
                str(out),
                *events,
            ]
        )
        == 0
    )
    return out


def test_a_checkpoint_is_weights_and_a_card_without_the_loss(trained: Path) -> None:
    card = ModelCard.read(trained)
    assert (card.kind, card.method, card.transform) == ("faces", "cosface", "whole")
    network = {"name": "mobilefacenet", "width": 8, "embedding_size": 16}
    assert card.config == {"backbone": network, "margin": 0.35, "scale": 64.0}
    assert card.data["classes"] == 6
    assert card.command.startswith("python -m mlcore faces train --dataset image_folder")
    assert str(trained.parent) not in card.command
    assert sorted(path.name for path in trained.iterdir()) == ["card.json", "weights.safetensors"]
    loaded, _ = load_face_network(str(trained), device=torch.device("cpu"))
    assert loaded(torch.zeros(2, 3, 112, 112)).shape == (2, 16)


def test_events_tell_of_steps_states_and_the_end(trained: Path) -> None:
    lines = [json.loads(line) for line in (trained.parent / "events.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if line["event"] == "progress"] == [3, 6]
    assert {"accuracy", "ci95", "train_loss"} <= set(next(line for line in lines if line["event"] == "progress"))
    assert [line["step"] for line in lines if line["event"] == "saved"] == [1, 2, 3, 4, 5, 6]
    assert lines[-1]["event"] == "done"


def test_a_state_of_another_loss_or_seed_is_refused_and_what_differs_named(
    data: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlcore.cli.commands.runs.shutil.rmtree", lambda *_, **__: None)
    command = ["faces", "train", *data, *SETTINGS.split(), "--loss", "cosface"]
    assert main([*command, "--steps", "3", "--out", str(tmp_path / "out")]) == 0
    again = [*command, "--steps", "4", "--out", str(tmp_path / "again"), "--resume", str(tmp_path / "out" / "states")]
    assert main(again) == 0
    for options, difference in (
        (["--seed", "9"], "training.seed was 0 and is 9"),
        (["--loss", "triplet"], "method was 'cosface' and is 'triplet'"),
        (["--validation-split", "test"], "validation_split was 'val' and is 'test'; validation_fingerprint was '"),
    ):
        assert main([*again, *options]) == 1
        assert f"the training state is of another run: {difference}" in capsys.readouterr().err


def test_a_measurement_tells_every_figure_with_its_interval(
    data: list[str], trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["faces", "evaluate", *data, "--checkpoint", str(trained), "--draws", "40", "--device", "cpu", "--json"]
    assert main(arguments) == 0
    figures = json.loads(capsys.readouterr().out)
    for name in ("accuracy", "equal_error_rate", "fold_accuracy"):
        value, low, high = figures[name]
        assert 0 <= low <= value + 0.05
        assert value - 0.05 <= high <= 1
    assert figures["tar_at_far_0.001"] is None  # 540 pairs of strangers are too few
    assert (figures["people"], figures["pictures"], figures["folds"]) == (6, 36, 3)
    assert (figures["same_pairs"], figures["different_pairs"]) == (90, 540)
    assert figures["aligned"] is False


def test_an_estimate_trains_nothing(data: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "run"
    assert (
        main(["faces", "train", *data, *SETTINGS.split(), "--steps", "40", "--out", str(out), "--estimate", "2"]) == 0
    )
    figures = json.loads(capsys.readouterr().out)
    assert figures["seconds"] > 40 * figures["seconds_per_step"] > 0
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--validation-split", "train"], "choose splits that share nobody"),
        (["--loss", "arcface", "--margin", "3"], "margin is 3.0; it must be above 0 and below 1.5"),
        (["--loss", "sphereface", "--margin", "2.5"], "margin is 2.5; it must be 1, 2, 3 or 4"),
        (["--people-per-step", "50"], "people_per_step is 50, but the data set shows 6 people"),
        (["--backbone-name", "head", "--backbone-embedding-size", "16"], "must be 128 with a head"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    data: list[str], arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["faces", "train", *data, *SETTINGS.split(), "--out", str(tmp_path / "run"), *arguments]) == 1
    assert words in capsys.readouterr().err


def test_a_threshold_is_never_chosen_on_whom_it_is_tested_on(
    data: list[str], trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["faces", "evaluate", *data, "--checkpoint", str(trained), "--validation-split", "test"]) == 1
    assert "share people" in capsys.readouterr().err


def test_a_checkpoint_of_another_kind_is_refused() -> None:
    with pytest.raises(CheckpointError, match="not a face embedding"):
        load_face_network("characters-siamese", device=torch.device("cpu"))


def test_a_face_checkpoint_is_no_method_for_episodes(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--checkpoint", str(trained), "--dataset", "strokes", "--split", "test"]) == 1
    assert "unknown method 'cosface'" in capsys.readouterr().err


def test_other_commands_load_neither_dlib_nor_metric_learning() -> None:
    program = (
        "import sys; from mlcore.cli.main import main; import mlcore.cli.commands.train, mlcore.cli.commands.evaluate; "
        "print(sorted({'dlib', 'pytorch_metric_learning', 'sklearn', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
