"""The command line, as a researcher types it, on an untrained checkpoint and characters drawn by program."""

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from mlcore.checkpoints.card import ModelCard
from mlcore.checkpoints.checkpoint import save_checkpoint
from mlcore.cli.main import main
from mlcore.config import BackboneConfig
from mlcore.method_config.prototypical import PrototypicalConfig
from mlcore.methods import build_method
from mlcore.training.progress import Progress
from tests.mlcore.data.datasets.files import jpeg, write_folder
from tests.mlcore.shared_data import need_data

STROKES = ["--dataset", "strokes", "--split", "test", "--n-classes", "26", "--image-size", "32", "--device", "cpu"]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    config = PrototypicalConfig(backbone=BackboneConfig(image_size=56, width=4))
    folder = tmp_path_factory.mktemp("checkpoints") / "tiny"
    card = ModelCard(
        name="tiny", kind="characters", method="prototypical", config=config.to_dict(), transform="characters"
    )
    save_checkpoint(folder, build_method("prototypical", config), card)
    return folder


@pytest.fixture
def evaluate(checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: str, data: list[str] = STROKES) -> dict[str, Any]:
        command = ["evaluate", "--checkpoint", str(checkpoint), *data, "--episodes", "10", "--json", *arguments]
        assert main(command) == 0
        result: dict[str, Any] = json.loads(capsys.readouterr().out)
        return result

    return run


def failure(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 1
    return capsys.readouterr().err


def test_evaluate_gives_its_figures_and_what_they_were_read_off(evaluate: Any) -> None:
    result = evaluate("--n-way", "4", "--k-shot", "2", "--n-query", "3")
    assert {"accuracy", "ci95", "ece", "nll", "seconds", "fingerprint", "digest"} < set(result)
    asked = {
        name: result[name] for name in ("n_way", "k_shot", "n_query", "episodes", "dataset", "split", "checkpoint")
    }
    assert asked == {
        "n_way": 4,
        "k_shot": 2,
        "n_query": 3,
        "episodes": 10,
        "dataset": "strokes",
        "split": "test",
        "checkpoint": "tiny",
    }
    assert result["notes"] == []


def test_evaluate_gives_the_same_figures_for_the_same_seed(evaluate: Any) -> None:
    runs = [evaluate("--seed", seed) for seed in ("1", "1", "2")]
    assert runs[0]["accuracy"] == runs[1]["accuracy"]
    assert runs[0]["nll"] == runs[1]["nll"] != runs[2]["nll"]


def test_one_drawer_within_an_alphabet_says_what_it_left_out(evaluate: Any) -> None:
    result = evaluate("--n-way", "20", "--within-alphabet", "--one-drawer")
    assert result["within_alphabet"]
    assert result["one_drawer"]
    assert result["n_query"] == 1
    assert result["notes"] == [
        "n_query was cut to 1, the pictures that one author drew of a class",
        "groups with fewer than 20 classes were left out: script02",
    ]


def test_within_alphabets_every_one_has_its_accuracy_the_hardest_first(evaluate: Any) -> None:
    result = evaluate("--n-way", "2", "--within-alphabet", "--n-classes", "30", "--episodes", "40")
    found = result["by_alphabet"]
    assert {"script01", "script02"} == set(found)
    assert list(found.values()) == sorted(found.values())
    assert min(found.values()) <= result["accuracy"] <= max(found.values())
    assert "by_alphabet" not in evaluate()


def test_what_a_data_set_left_out_is_among_the_notes(evaluate: Any, tmp_path: Path) -> None:
    files = {f"{name}/{number}.jpg": jpeg(name) for name in ("red", "green", "blue") for number in range(4)}
    root = write_folder(tmp_path / "x", files | {"red/notes.txt": b"no picture"})
    data = ["--dataset", "image_folder", "--data-root", str(root), "--split", "all", "--image-size", "32"]
    arguments = ["--n-way", "3", "--n-query", "2"]
    result = evaluate(*arguments, data=data)
    assert result["notes"] == ["Left out, not a picture that can be read: red/notes.txt."]


def test_quarter_turns_are_classes_of_their_own(evaluate: Any, capsys: pytest.CaptureFixture[str]) -> None:
    result = evaluate("--n-way", "20", "--n-rotations", "4", data=[*STROKES[:4], "--n-classes", "6", "--device", "cpu"])
    assert (result["n_rotations"], result["n_way"]) == (4, 20)
    assert "n_rotations is 3; it must be 1 or 4" in failure(
        capsys, "evaluate", "--checkpoint", "characters", *STROKES, "--n-rotations", "3"
    )


def test_degrading_changes_the_pictures_and_not_the_episodes(evaluate: Any) -> None:
    clean, noisy = evaluate(), evaluate("--degrade", "noisy")
    assert clean["fingerprint"] == noisy["fingerprint"]
    assert clean["nll"] != noisy["nll"]
    assert noisy["degrade"] == "noisy"


def test_the_split_is_the_usual_one_of_the_data_set_unless_another_is_chosen(evaluate: Any) -> None:
    drawn = ["--dataset", "strokes", "--n-classes", "6", "--image-size", "32", "--device", "cpu"]
    assert evaluate(data=drawn)["split"] == "test"
    assert evaluate("--split", "val", data=drawn)["split"] == "val"


def test_without_json_a_person_reads_lines(checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--checkpoint", str(checkpoint), *STROKES, "--episodes", "5"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[0] == "accuracy"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--dataset", "omniglot", "--data-root", "nowhere"], "Omniglot was not found in nowhere: expected "),
        (["--dataset", "omniglot"], "Omniglot is read from a folder"),
        (["--dataset", "strokes", "--split", "evaluation"], "strokes has no split called 'evaluation'"),
        ([*STROKES, "--degrade", "burnt"], "degrade is 'burnt'; it must be "),
        ([*STROKES, "--n-way", "1"], "n_way is 1; it must be at least 2"),
        ([*STROKES, "--n-way", "50"], "n_way is 50, but strokes (test) has 26 classes"),
        ([*STROKES, "--one-drawer"], "one_author needs within_group"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    arguments: list[str], sentence: str, checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sentence in failure(capsys, "evaluate", "--checkpoint", str(checkpoint), *arguments)


TRAIN = ["train", "--kind", "characters", "--split", "train", "--validation-split", "val", "--device", "cpu"]
DRAWN = ["--dataset", "strokes", "--image-size", "32", "--backbone-width", "4", "--backbone-image-size", "56"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--n-classes", "6", "--backbone-image-size", "28"], "set its in_channels to 1 and its image_size to 56"),
        (["--n-classes", "6", "--backbone-in-channels", "3"], "set its in_channels to 1 and its image_size to 56"),
        (["--n-classes", "6", "--n-way", "9"], "n_way is 9, but strokes (train) has 6 classes"),
        (["--n-classes", "1"], "n_way is 1; it must be at least 2"),
        (["--n-classes", "6", "--validation-n-way", "5", "--name", "x" * 301], "the card cannot be used: name is 'xxx"),
        (["--n-classes", "6", "--validation-n-way", "5", "--licence", "x" * 1001], "licence is 'xxx"),
    ],
)
def test_training_refuses_what_does_not_fit(
    arguments: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sentence in failure(capsys, *TRAIN, *DRAWN, "--out", str(tmp_path / "out"), *arguments)


def test_training_refuses_before_it_starts_what_would_fail_at_its_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = {
        f"{split}/{split}{n}/{k}.jpg": jpeg("red") for split in ("train", "val") for n in range(6) for k in range(6)
    }
    data = ["--dataset", "image_folder", "--data-root", str(write_folder(tmp_path / "x", small)), "--image-size", "32"]
    arguments = [*TRAIN, *data, "--backbone-image-size", "56", "--validation-n-way", "5", "--steps", "1000000"]
    assert "6 classes with fewer than 10 pictures" in failure(capsys, *arguments, "--out", str(tmp_path / "out"))
    (tmp_path / "file").touch()
    command = [*TRAIN, *DRAWN, "--n-classes", "6", "--validation-n-way", "5", "--out", str(tmp_path / "file")]
    assert "which cannot be a folder" in failure(capsys, *command)


def test_what_fails_after_training_costs_no_checkpoint_however_long_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("no number: \0" + "x" * 9000)

    monkeypatch.setattr("mlcore.cli.commands.train.calibrate", fail)
    monkeypatch.chdir(tmp_path)
    few = ["--n-classes", "6", "--n-way", "2", "--validation-n-way", "2", "--backbone-image-size", "56"]
    assert main([*TRAIN, *DRAWN, *few, "--steps", "1", "--validation-episodes", "2", "--out", "."]) == 0
    card = ModelCard.read(tmp_path)
    assert card.name == tmp_path.name
    assert card.notes.startswith("Its confidence is not calibrated: no number: xxx")
    assert main(["card", "."]) == 0


@pytest.mark.parametrize("splits", [("val", "val"), ("all", "val")])
def test_training_refuses_classes_that_both_teach_and_choose_unless_that_is_allowed(
    splits: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {
        f"{split}/{split}{n}/{k}.jpg": jpeg("red", (16, 16))
        for split in ("train", "val")
        for n in (0, 1)
        for k in range(10)
    }
    data = ["--dataset", "image_folder", "--data-root", str(write_folder(tmp_path / "x", files)), "--image-size", "16"]
    small = ["--backbone-width", "4", "--n-way", "2", "--steps", "1", "--validation-episodes", "2", "--device", "cpu"]
    split, validation = splits
    command = ["train", "--kind", "characters", *data, *small, "--split", split, "--validation-split", validation]
    refusal = failure(capsys, *command, "--out", str(tmp_path / "out"))
    assert f"validation_split is 'val', which shares 2 classes with '{split}', such as val0" in refusal
    assert "choose splits that share none, as train and val, or have the card say so with --allow-overlap" in refusal
    assert main([*command, "--allow-overlap", "--out", str(tmp_path / "out")]) == 0
    assert ModelCard.read(tmp_path / "out").data["validation_overlap"] == 2


def test_calibrating_on_test_classes_or_on_those_of_training_warns(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(checkpoint, copy)
    card = json.loads((copy / "card.json").read_text())
    (copy / "card.json").write_text(json.dumps({**card, "data": {"name": "strokes", "split": "train"}}))
    drawn = ["--dataset", "strokes", "--n-classes", "6", "--image-size", "32", "--device", "cpu"]
    warnings = {}
    for split in ("val", "test", "train"):
        assert main(["calibrate", "--checkpoint", str(copy), *drawn, "--split", split]) == 0
        warnings[split] = capsys.readouterr().err
    assert warnings["val"] == ""
    assert "The classes of test are for tests: " in warnings["test"]
    assert "Calibrate on val, or on classes of your own." in warnings["test"]
    assert warnings["train"].startswith("tiny may have learned from 6 of these 6 classes")


def test_an_unknown_checkpoint_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert "there is no checkpoint 'nothing'" in failure(capsys, "evaluate", "--checkpoint", "nothing", *STROKES)


def test_card_prints_the_card(checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["card", str(checkpoint)]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "tiny"


def test_it_runs_as_a_module(checkpoint: Path) -> None:
    command = [sys.executable, "-m", "mlcore", "card", str(checkpoint)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert ModelCard.from_dict(json.loads(done.stdout)) == ModelCard.read(checkpoint)


def test_help_needs_no_torch() -> None:
    program = (
        "import sys; from mlcore.cli.main import main; assert not {'torch', 'numpy'} & {*sys.modules}; main(['-h'])"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert "evaluate" in done.stdout


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stream", [Terminal(), io.StringIO()])
def test_progress_is_a_bar_on_a_terminal_and_plain_lines_in_a_log(stream: io.StringIO) -> None:
    progress = Progress(stream)
    for step in (1.0, 2.0):
        progress({"step": step, "progress": step / 2, "accuracy": 0.5})
    written = stream.getvalue()
    assert ("[####" in written) == stream.isatty()
    assert ("\r" in written) == stream.isatty()
    assert written.count("\n") == (1 if stream.isatty() else 2)
    assert "step 2  100%  accuracy 0.5000" in written


def test_the_shipped_characters_know_alphabets_they_never_saw(capsys: pytest.CaptureFixture[str]) -> None:
    root = need_data("omniglot")
    data = ["--dataset", "omniglot", "--data-root", str(root), "--split", "background_val", "--device", "cpu"]
    assert main(["evaluate", "--checkpoint", "characters", *data, "--views", "none", "--episodes", "50", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["accuracy"] > 0.97
