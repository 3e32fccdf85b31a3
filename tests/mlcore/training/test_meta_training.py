"""The training loop, on characters drawn by program."""

import json
import math
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from mlcore.checkpoints.checkpoint import load_checkpoint
from mlcore.cli.main import main
from mlcore.config import BackboneConfig, EpisodeConfig, TrainingConfig
from mlcore.data.datasets import load_dataset
from mlcore.data.episode import EpisodeSampler
from mlcore.data.images import INK_SIZE, find_transform
from mlcore.method_config.prototypical import PrototypicalConfig
from mlcore.methods import build_method
from mlcore.training.meta_training import MetaTraining, Validation
from mlcore.training.pictures import TrainingPictures
from mlcore.training.processes import Team

TRAIN = [
    "train",
    "--kind",
    "characters",
    "--dataset",
    "strokes",
    "--split",
    "train",
    "--validation-split",
    "val",
    "--backbone-image-size",
    "56",
    "--backbone-width",
    "8",
    "--n-way",
    "5",
    "--n-query",
    "2",
    "--validation-n-way",
    "5",
    "--validation-episodes",
    "20",
    "--validate-every",
    "4",
    "--n-classes",
    "8",
    "--steps",
    "8",
    "--threads",
    "1",
    "--device",
    "cpu",
]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "small"
    assert main([*TRAIN, "--out", str(folder)]) == 0
    return folder


def test_training_saves_a_checkpoint_whose_card_tells_how(trained: Path) -> None:
    card = load_checkpoint(trained).card
    assert card is not None
    assert card.data["name"] == "strokes"
    assert card.training["config"]["steps"] == 8
    assert card.training["validation"]["accuracy"] > 0.2
    assert card.temperature > 0
    assert card.command.startswith("python -m mlcore")
    assert card.command.endswith("--out small")


def test_the_same_seed_trains_the_same_weights(trained: Path, tmp_path: Path) -> None:
    assert main([*TRAIN, "--out", str(tmp_path / "again")]) == 0
    again = load_checkpoint(tmp_path / "again").state_dict()
    for name, tensor in load_checkpoint(trained).state_dict().items():
        assert torch.equal(again[name], tensor), name


def test_evaluating_prints_one_json_object(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = "--dataset strokes --split test --n-classes 8 --device cpu"
    assert main(["evaluate", "--checkpoint", str(trained), *data.split(), "--episodes", "20", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert 0.2 < result["accuracy"] <= 1
    assert result["ci95"] > 0
    assert 0 <= result["ece"] <= 1
    assert result["n_way"] == 5


def test_calibrating_changes_how_it_serves_and_says_so_on_the_card(trained: Path, tmp_path: Path) -> None:
    folder = tmp_path / "served"
    shutil.copytree(trained, folder)
    data = "--dataset strokes --split val --n-classes 8 --device cpu"
    assert main(["calibrate", "--checkpoint", str(folder), *data.split(), "--views", "wobble"]) == 0
    before, after = load_checkpoint(trained), load_checkpoint(folder)
    assert before.card is not None
    assert after.card is not None
    assert after.card.config["views"] == "wobble"
    assert after.card.temperature != before.card.temperature
    assert after.card.command.startswith(before.card.command + " && python -m mlcore calibrate --checkpoint served ")


def test_an_impossible_setting_is_refused_before_anything_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*TRAIN, "--out", str(tmp_path / "bad"), "--outer-lr", "-1"]) == 1
    assert "outer_lr is -1.0; it must be above 0" in capsys.readouterr().err
    assert not (tmp_path / "bad").exists()


def test_quarter_turns_turn_the_picture_and_nothing_else() -> None:
    dataset = load_dataset("strokes", split="train", n_classes=5)
    still = TrainingConfig(affine=0.0)
    pictures = TrainingPictures(dataset, find_transform("characters"), still, torch.device("cpu"))
    index = EpisodeSampler(dataset, EpisodeConfig(n_way=5, n_rotations=4), seed=0).draw(4)
    drawn = pictures.gather(index).support.flatten(0, 1)
    clean = find_transform("characters").apply(dataset.images)[index.support.flatten()]
    for picture, original, turns in zip(drawn, clean, index.support_turns.flatten().tolist(), strict=True):
        torch.testing.assert_close(picture, torch.rot90(original, turns, (1, 2)), atol=0.02, rtol=0)
    assert drawn.shape[1:] == (1, INK_SIZE, INK_SIZE)
    assert set(index.support_turns.flatten().tolist()) == {0, 1, 2, 3}


def test_random_changes_differ_from_draw_to_draw() -> None:
    dataset = load_dataset("strokes", split="train", n_classes=5)
    config = TrainingConfig(degraded_copies=1)
    pictures = TrainingPictures(dataset, find_transform("characters"), config, torch.device("cpu"))
    index = EpisodeSampler(dataset, EpisodeConfig(n_way=5), seed=0).draw(1)
    assert not torch.equal(pictures.gather(index).support, pictures.gather(index).support)


def test_a_warped_episode_changes_all_its_pictures_alike() -> None:
    dataset = load_dataset("strokes", split="train", n_classes=5)
    config = TrainingConfig(affine=0.0, warped_share=1.0)
    pictures = TrainingPictures(dataset, find_transform("characters"), config, torch.device("cpu"))
    index = EpisodeSampler(dataset, EpisodeConfig(n_way=5, k_shot=2, n_query=2), seed=0).draw(2)
    same = replace(index, query=index.support, query_turns=index.support_turns)
    drawn = pictures.gather(same)
    assert torch.equal(drawn.support, drawn.query)
    swapped = pictures.gather(replace(index, support=index.support.flip(0), query=index.support.flip(0)))
    assert not torch.allclose(swapped.support.flip(0), drawn.support, atol=0.05)


def test_no_episode_is_warped_unless_asked_for() -> None:
    dataset = load_dataset("strokes", split="train", n_classes=5)
    index = EpisodeSampler(dataset, EpisodeConfig(n_way=5), seed=0).draw(2)
    transform = find_transform("characters")
    drawn = TrainingPictures(dataset, transform, TrainingConfig(affine=0.0), torch.device("cpu")).gather(index).support
    clean = transform.apply(dataset.images)[index.support]
    torch.testing.assert_close(drawn, clean, atol=0.02, rtol=0)


def inner_lr(value: str, out: Path) -> list[str]:
    """Train MAML with a rate of its inner loop, beyond which no episode settles."""
    return [*TRAIN, "--method", "maml", "--inner-lr", value, "--out", str(out)]


def test_a_run_whose_episodes_do_not_settle_ends_with_what_to_lower(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*inner_lr("1e6", tmp_path / "run"), "--steps", "60"]) == 1
    assert re.search(r"by step 50, 100% of it .* outer_lr or inner_lr", capsys.readouterr().err)


def test_a_short_run_that_does_not_settle_leaves_a_checkpoint_that_says_so(tmp_path: Path) -> None:
    assert main(inner_lr("1e6", tmp_path / "run")) == 0
    card = load_checkpoint(tmp_path / "run").card
    assert card is not None
    assert re.search(r"Learning did not settle: by step 8, 100% of it .* outer_lr or inner_lr", card.notes)
    assert card.training["diverged"] == 1.0


def test_what_fails_after_the_last_step_is_a_note_on_the_card(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    events = tmp_path / "events.jsonl"
    assert main([*inner_lr("1e6", tmp_path / "run"), "--steps", "0", "--events", str(events)]) == 0
    card = load_checkpoint(tmp_path / "run").card
    assert card is not None
    assert card.notes.startswith("Its confidence is not calibrated: no episode of the validation classes settled")
    assert card.notes in capsys.readouterr().err
    assert card.training["validation"]["diverged"] == 1.0
    assert [json.loads(line)["diverged"] for line in events.read_text().splitlines()[:1]] == [1.0]


def test_calibrating_later_takes_the_note_away(tmp_path: Path) -> None:
    assert main([*TRAIN, "--out", str(tmp_path / "run")]) == 0
    path = tmp_path / "run" / "card.json"
    card = json.loads(path.read_text())
    path.write_text(json.dumps(card | {"notes": "Its confidence is not calibrated: training ended before that."}))
    data = "--dataset strokes --split val --n-classes 8 --device cpu"
    assert main(["calibrate", "--checkpoint", str(tmp_path / "run"), *data.split()]) == 0
    assert json.loads(path.read_text())["notes"] == ""


@pytest.mark.parametrize("what", ["loss", "gradient", "an episode"])
def test_one_step_that_does_not_settle_is_left_out_and_counted(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    gather, places = MetaTraining.gather_gradients, iter(range(1, 9))
    weights = list[dict[str, Tensor]]()

    def spoilt(run: MetaTraining, progress: float) -> dict[str, float]:
        weights.append({name: value.clone() for name, value in run.module.state_dict().items()})
        metrics = gather(run, progress)
        if next(places) != 3:
            return metrics
        if what == "gradient":
            next(value.grad for value in run.module.parameters() if value.grad is not None).fill_(torch.inf)
        return {**metrics, "loss": math.nan} if what == "loss" else metrics | {"diverged": float(what == "an episode")}

    monkeypatch.setattr(MetaTraining, "gather_gradients", spoilt)
    backbone = BackboneConfig(image_size=56, width=4)
    data = load_dataset("strokes", split="train", n_classes=6)
    run = MetaTraining(
        build_method("prototypical", PrototypicalConfig(backbone=backbone)),
        data,
        transform=find_transform("characters"),
        episodes=EpisodeConfig(n_way=3, n_query=2),
        config=TrainingConfig(steps=8, validate_every=4, validation_episodes=2),
        validation=Validation(data, EpisodeConfig(n_way=3, n_query=2)),
        team=Team(torch.device("cpu")),
    )
    events, ticks = list[dict[str, float]](), list[dict[str, float]]()
    run.run(events.append, tick=ticks.append)
    assert [tick.get("train_diverged", 0.0) for tick in ticks] == [0, 0, 1, 0, 0, 0, 0, 0]
    assert [event.get("train_diverged", 0.0) for event in events] == [0.25, 0]
    assert all(math.isfinite(event["train_loss"]) for event in events)
    assert all(torch.equal(weights[3][name], value) for name, value in weights[2].items())
    assert any(not torch.equal(weights[4][name], value) for name, value in weights[3].items())


def test_a_last_validation_that_fails_loses_no_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    score, calls = MetaTraining.score, iter(range(9))

    def out_of_memory_at_last(run: MetaTraining) -> dict[str, float]:
        if next(calls):
            raise torch.OutOfMemoryError("the GPU is full")
        return score(run)

    monkeypatch.setattr(MetaTraining, "score", out_of_memory_at_last)
    events = tmp_path / "events.jsonl"
    assert main([*TRAIN, "--out", str(tmp_path / "run"), "--events", str(events), "--save-every", "100"]) == 0
    card = load_checkpoint(tmp_path / "run").card
    assert card is not None
    assert card.notes == "Its last weights were not validated: the GPU is full."
    assert card.notes in capsys.readouterr().err
    assert card.training["validation"]["step"] == 4
    told = [json.loads(line) for line in events.read_text().splitlines()]
    assert [line["step"] for line in told if line["event"] == "saved"] == [8], "a state of the last step is kept first"
    assert ["accuracy" in line for line in told if line["event"] == "progress"] == [True, False]
