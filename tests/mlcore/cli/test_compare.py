"""Two checkpoints are measured in the same episodes, on an exam and on those of its classes that neither was taught."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from mlcore.checkpoints.card import CARD_FILE, ModelCard
from mlcore.checkpoints.checkpoint import save_checkpoint
from mlcore.cli.main import main
from mlcore.config import BackboneConfig
from mlcore.method_config.prototypical import PrototypicalConfig
from mlcore.methods import build_method

STROKES = ["--dataset", "strokes", "--split", "test", "--n-classes", "30", "--image-size", "32", "--device", "cpu"]
TAUGHT = {"name": "strokes", "split": "train"}


def save(folder: Path, *, seed: int, data: dict[str, Any] = TAUGHT, **card: Any) -> Path:
    torch.manual_seed(seed)
    config = PrototypicalConfig(backbone=BackboneConfig(image_size=56, width=4))
    values = {"kind": "characters", "transform": "characters", **card}
    whole = ModelCard(name=folder.name, method="prototypical", config=config.to_dict(), data=data, **values)
    save_checkpoint(folder, build_method("prototypical", config), whole)
    return folder


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("checkpoints")
    return save(folder / "new", seed=1), save(folder / "live", seed=0)


@pytest.fixture
def compare(capsys: pytest.CaptureFixture[str]) -> Any:
    def run(ours: Path, theirs: Path, *arguments: str) -> dict[str, Any]:
        command = ["compare", "--checkpoint", str(ours), "--against", str(theirs), *STROKES, "--episodes", "12"]
        assert main([*command, "--json", *arguments]) == 0
        result: dict[str, Any] = json.loads(capsys.readouterr().out)
        return result

    return run


def test_the_difference_is_that_of_the_two_accuracies_with_an_interval(compare: Any, two: tuple[Path, Path]) -> None:
    result = compare(*two)
    exam = result["exam"]
    assert exam["difference"] == pytest.approx(exam["accuracy"] - exam["against_accuracy"])
    assert exam["difference_ci95"] > 0
    assert (exam["classes"], exam["episodes"]) == (30, 12)
    assert (result["checkpoint"], result["against"]) == ("new", "live")
    assert result["unseen"] == exam


def test_a_checkpoint_differs_from_itself_by_nothing_and_for_sure(compare: Any, two: tuple[Path, Path]) -> None:
    exam = compare(two[0], two[0])["exam"]
    assert (exam["difference"], exam["difference_ci95"]) == (0.0, 0.0)


def test_the_figures_are_those_of_evaluate(
    compare: Any, two: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    exam = compare(*two)["exam"]
    assert main(["evaluate", "--checkpoint", str(two[1]), *STROKES, "--episodes", "12", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["accuracy"] == exam["against_accuracy"]


def test_what_either_was_taught_is_left_out_of_the_second_exam(
    compare: Any, two: tuple[Path, Path], tmp_path: Path
) -> None:
    taught = {"name": "strokes", "split": "test", "class_names": [f"script01/character0{n}" for n in range(1, 6)]}
    exam = compare(save(tmp_path / "taught", seed=2, data=taught), two[1])
    assert (exam["exam"]["classes"], exam["unseen"]["classes"]) == (30, 25)


def test_what_an_ancestor_was_taught_counts(compare: Any, two: tuple[Path, Path], tmp_path: Path) -> None:
    ancestors = [{"name": "first", "digest": "0", "data": {"name": "strokes", "split": "test"}}]
    child = save(tmp_path / "child", seed=2, training={"ancestors": ancestors})
    assert compare(child, two[1])["unseen"] == {"classes": 0, "needed": 20}


@pytest.mark.parametrize(("classes", "n_way", "needed"), [(29, 5, 20), (19, 2, 20), (25, 24, 24)])
def test_too_few_unseen_classes_are_counted_and_not_measured(
    compare: Any, two: tuple[Path, Path], tmp_path: Path, classes: int, n_way: int, needed: int
) -> None:
    names = [f"script{n // 25 + 1:02d}/character{n % 25 + 1:02d}" for n in range(classes)]
    child = save(tmp_path / "child", seed=2, data={"name": "strokes", "split": "test", "class_names": names})
    found = compare(child, two[1], "--n-way", str(n_way))["unseen"]
    assert found == {"classes": 30 - classes, "needed": needed}


def test_nobody_can_tell_where_a_card_says_nothing(compare: Any, two: tuple[Path, Path], tmp_path: Path) -> None:
    assert compare(save(tmp_path / "silent", seed=2, data={}), two[1])["unseen"] == {"classes": 0, "unknown": "silent"}


def test_two_kinds_are_not_compared(two: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = save(tmp_path / "other", seed=1)
    card = replace(ModelCard.read(other), transform="photos")
    (other / CARD_FILE).write_text(card.to_json(), encoding="utf-8")
    assert main(["compare", "--checkpoint", str(two[0]), "--against", str(other), *STROKES]) == 1
    assert "compare checkpoints of one kind" in capsys.readouterr().err


def test_without_json_a_person_reads_lines(two: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    command = ["compare", "--checkpoint", str(two[0]), "--against", str(two[1]), *STROKES, "--episodes", "5"]
    assert main(command) == 0
    assert capsys.readouterr().out.split()[:2] == ["checkpoint", "new"]


def test_it_ends_with_the_parent_that_started_it(two: tuple[Path, Path]) -> None:
    command = [sys.executable, "-m", "mlcore", "compare", "--checkpoint", str(two[0]), "--against", str(two[1])]
    endless = [*STROKES, "--episodes", "100000000", "--end-with-parent"]
    with subprocess.Popen([*command, *endless], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdin
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(5)
        process.stdin.close()
        assert process.wait(60) == 143
