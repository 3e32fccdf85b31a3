"""A run's config is one document: from a file, by dotted names or by options, it says and refuses the same."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mlcore.checkpoints.card import ModelCard
from mlcore.cli.main import _parser, main
from mlcore.cli.options import options_of
from mlcore.cli.run_options import run_config_of
from mlcore.config import TrainingConfig
from mlcore.errors import ConfigError
from mlcore.faces.config import FACE_LOSSES
from mlcore.method_config import METHODS
from mlcore.run_config import FaceRunConfig, MetaRunConfig, RunConfig

SMALL: dict[str, Any] = {
    "kind": "characters",
    "method": "prototypical",
    "data": {"dataset": "strokes", "n_classes": 6, "split": "train"},
    "validation_split": "val",
    "validation_n_way": 5,
    "episodes": {"n_way": 5, "n_query": 2},
    "training": {"steps": 2, "validate_every": 2, "validation_episodes": 2, "save_every": 0},
    "method_config": {"backbone": {"width": 4, "image_size": 56}},
}


def file(folder: Path, document: object) -> str:
    path = folder / "run.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return str(path)


def config_of(*arguments: str, config: type[RunConfig] = MetaRunConfig, out: str = "x") -> RunConfig:
    words = ["train"] if config is MetaRunConfig else ["faces", "train"]
    command = [*words, "--out", out, *arguments]
    return run_config_of(config, _parser(command).parse_args(command))


def test_a_file_and_names_train_as_a_process_of_its_own(tmp_path: Path) -> None:
    out = tmp_path / "made"
    sources = ["--config", file(tmp_path, SMALL), "--set", "training.outer_lr=0.01", "--out", str(out)]
    command = [sys.executable, "-m", "mlcore", "train", *sources, "--k-shot", "2", "--device", "cpu"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    card = ModelCard.read(out)
    assert card.training["config"] == TrainingConfig(**{**SMALL["training"], "outer_lr": 0.01}).to_dict()
    assert (card.training["episodes"]["n_way"], card.training["episodes"]["k_shot"]) == (5, 2)
    assert card.config["backbone"]["width"] == 4


def test_the_command_on_a_card_repeats_a_run_without_its_file(tmp_path: Path) -> None:
    sources = ["--config", file(tmp_path, SMALL), "--set", "training.outer_lr=0.01", "--out", str(tmp_path / "made")]
    assert main(["train", *sources, "--device", "cpu"]) == 0
    (tmp_path / "run.json").unlink()
    made = ModelCard.read(tmp_path / "made")
    words = made.command.split()[3:]
    assert {"--outer-lr=0.01", "--n-way=5", "--backbone-width=4", "cpu"} < set(words)
    assert not {"--config", "--set"} & set(words)
    words[words.index("--out") + 1] = str(tmp_path / "again")
    assert main(words) == 0
    again = ModelCard.read(tmp_path / "again")
    assert (again.digest, again.training["config"]) == (made.digest, made.training["config"])


def test_options_override_names_and_names_override_the_file(tmp_path: Path) -> None:
    sources = ["--config", file(tmp_path, SMALL), "--set", "training.steps=7", "--set", "episodes.k_shot=3"]
    config = config_of(*sources, "--k-shot", "4")
    assert isinstance(config, MetaRunConfig)
    assert (config.episodes.n_way, config.training.steps, config.episodes.k_shot) == (5, 7, 4)
    assert config.training.outer_lr == TrainingConfig().outer_lr


def test_another_method_than_the_files_has_settings_of_its_own(tmp_path: Path) -> None:
    config = config_of("--config", file(tmp_path, SMALL), "--method", "maml", "--inner-steps", "3")
    assert config.method_config.to_dict()["inner_steps"] == 3
    named = config_of("--config", file(tmp_path, SMALL), "--set", "method=maml", "--set", "method_config.inner_steps=3")
    assert named == config


@pytest.mark.parametrize(
    ("options", "backbone", "adapter", "affine"),
    [
        (["--kind", "characters"], ("conv4", 1, 56), 0, 1.0),
        (["--kind", "photos"], ("efficientnet_lite2", 3, 448), 32, 0.0),
        (["--kind", "fruit", "--transform=photos"], ("efficientnet_lite2", 3, 448), 32, 0.0),
        (["--kind=photos", "--backbone-name=conv4"], ("conv4", 3, 448), 0, 1.0),
        (["--set", "kind=photos", "--adapter", "0", "--set=training.affine=0"], ("efficientnet_lite2", 3, 448), 0, 0.0),
        (["--set", "kind=photos", "--kind", "characters"], ("conv4", 1, 56), 0, 1.0),
    ],
)
@pytest.mark.parametrize("method", ["prototypical", "maml"])
def test_the_backbone_and_what_it_needs_follow_the_kind_of_picture(
    method: str, options: list[str], backbone: tuple[str, int, int], adapter: int, affine: float
) -> None:
    config = config_of("--method", method, "--dataset", "image_folder", *options)
    assert isinstance(config, MetaRunConfig)
    network = config.method_config.backbone
    assert (network.name, network.in_channels, network.image_size) == backbone
    assert (config.method_config.adapter, config.training.affine) == (adapter, affine)
    written = {"kind": config.kind, "transform": config.transform, "method": method}
    document = {**written, "data": {"dataset": "image_folder"}, "method_config": {"backbone": {"name": network.name}}}
    assert MetaRunConfig.from_dict(document).method_config.backbone == network


@pytest.mark.parametrize("options", ["--method relation", "--method siamese", "--steps 0"])
def test_nothing_is_added_to_a_pretrained_backbone_where_enough_is_trained_or_nothing(options: str) -> None:
    config = config_of("--kind", "photos", "--dataset", "image_folder", *options.split())
    assert isinstance(config, MetaRunConfig)
    assert config.method_config.adapter == 0


@pytest.mark.parametrize(
    ("dataset", "splits"),
    [("omniglot", ("background_train", "background_val")), ("strokes", ("train", "val"))],
)
def test_the_splits_follow_the_data_set(dataset: str, splits: tuple[str, str]) -> None:
    config = config_of("--kind", "characters", "--dataset", dataset)
    assert (config.data.split, config.validation_split) == splits
    chosen = config_of("--kind", "characters", "--dataset", dataset, "--split", "test", "--validation-split", "x")
    assert (chosen.data.split, chosen.validation_split) == ("test", "x")


def test_a_backbone_for_pictures_of_another_shape_is_refused_beside_its_field() -> None:
    with pytest.raises(ConfigError, match="takes 1 x 56 px, but pictures of photos are 3 x 448 px") as refused:
        MetaRunConfig.from_dict(
            {**SMALL, "kind": "photos"} | {"method_config": {"backbone": {"in_channels": 1, "image_size": 56}}}
        )
    assert refused.value.field == "method_config.backbone.in_channels"


BAD: list[tuple[str, Any, str, str]] = [
    ("training.outer_lr", 0.0, "--outer-lr=0", "training.outer_lr is 0.0; it must be above 0"),
    ("training.optimizer", "rms", "--optimizer=rms", "training.optimizer is 'rms'; it must be adam or sgd"),
    ("training.steps", "many", "--steps=many", "training.steps is 'many'; it must be a whole number"),
    ("episodes.n_way", 1, "--n-way=1", "episodes.n_way is 1; it must be at least 2"),
    (
        "method_config.backbone.width",
        0,
        "--backbone-width=0",
        "method_config.backbone.width is 0; it must be between 1 and 1024",
    ),
    (
        "method_config.adapter",
        8,
        "--adapter=8",
        "method_config.adapter is 8; it must be 0 with conv4, which is trained",
    ),
]


@pytest.mark.parametrize(("name", "value", "option", "sentence"), BAD)
def test_a_bad_value_is_refused_with_the_same_sentence_wherever_it_stands(
    name: str, value: Any, option: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document: dict[str, Any] = json.loads(json.dumps(SMALL))
    *parts, leaf = name.split(".")
    place = document
    for part in parts:
        place = place[part]
    place[leaf] = value
    good = file(tmp_path, SMALL)
    for sources in ([option], ["--set", f"{name}={value}"]):
        assert main(("train", "--out", str(tmp_path / "out"), "--config", good, *sources)) == 1
        assert capsys.readouterr().err == f"mlcore: {sentence}\n"
    assert main(["train", "--out", str(tmp_path / "out"), "--config", file(tmp_path, document)]) == 1
    assert capsys.readouterr().err == f"mlcore: {sentence}\n"
    with pytest.raises(ConfigError) as refused:
        MetaRunConfig.from_dict(document)
    assert (refused.value.field, str(refused.value)) == (name, sentence)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("sources", "sentence"),
    [
        (["--set", "training.speed=5"], "training.speed is no setting; there are steps, "),
        (["--set", "speed"], "'speed' is no setting; write it as training.steps=500"),
        (["--config", "nowhere.json"], "config is 'nowhere.json', which cannot be read: "),
        (["--set", "kind=Big Signs"], "kind is 'Big Signs'; it must be small letters, digits, - and _"),
        (["--set", "kind=runes"], "kind is 'runes', which is new; name its transform too"),
        (["--set", "transform=photos"], "transform is 'photos', but pictures of characters have their own"),
        (["--set", "kind=faces"], "kind is 'faces'; it must be another"),
        (["--set", "method=alchemy"], "method is 'alchemy'; it must be maml, "),
    ],
)
def test_what_is_no_setting_and_what_does_not_go_together_is_said(
    sources: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = [] if "--config" in sources else ["--config", file(tmp_path, SMALL)]
    assert main(["train", "--out", str(tmp_path / "out"), *first, *sources]) == 1
    assert capsys.readouterr().err.startswith(f"mlcore: {sentence}")


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({**SMALL, "speed": 5}, "speed is no setting; there are "),
        ({**SMALL, "training": {"speed": 5}}, "training.speed is no setting; there are "),
        ({**SMALL, "training": [1]}, "training is [1]; it must hold settings"),
        ("[]", "which holds no JSON object"),
        ("{", "which cannot be read"),
    ],
)
def test_a_file_that_is_no_config_is_refused(
    document: Any, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "--out", str(tmp_path / "out"), "--config", file(tmp_path, document)]) == 1
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize("method", METHODS)
def test_the_options_of_a_run_say_all_of_its_config(method: str) -> None:
    config = MetaRunConfig.from_dict({**SMALL, "method": method, "name": "a b", "licence": "MIT"})
    assert config_of(*options_of(config)) == config


def test_an_option_overrides_the_method_that_is_set_by_name() -> None:
    data = ("--kind", "characters", "--dataset", "strokes")
    config = config_of(*data, "--set", "method=maml", "--method", "relation", "--hidden", "4")
    assert (config.method, config.method_config.to_dict()["hidden"]) == ("relation", 4)


@pytest.mark.parametrize("loss", FACE_LOSSES)
def test_so_do_those_of_a_run_of_faces(loss: str) -> None:
    document = {"method": loss, "data": {"dataset": "orl_faces", "root": "/x y"}, "align": False}
    config = FaceRunConfig.from_dict(document)
    assert config_of(*options_of(config), config=FaceRunConfig) == config
    assert config.kind == "faces"


def test_the_document_of_a_run_of_faces_says_its_loss(tmp_path: Path) -> None:
    document = {"method": "triplet", "data": {"dataset": "orl_faces"}, "method_config": {"margin": 0.3}}
    config = config_of("--config", file(tmp_path, document), "--set", "training.steps=5", config=FaceRunConfig)
    assert (config.method, config.method_config.to_dict()["margin"], config.training.steps) == ("triplet", 0.3, 5)


def test_the_help_shows_what_a_setting_is_may_be_and_is_by_default(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mlcore", "train", "--config", file(tmp_path, SMALL), "--help"]
    done = subprocess.run(command, capture_output=True, text=True, env={"COLUMNS": "400"}, check=True)
    lines = [line.strip() for line in done.stdout.splitlines()]
    setting = TrainingConfig.settings()["outer_lr"]
    [line] = [line for line in lines if line.startswith("--outer-lr X")]
    assert line.removeprefix("--outer-lr X").strip() == f"{setting.help} (above 0; default: 0.001)"
    assert any(line.startswith("--optimizer {adam,sgd}") for line in lines)
    assert any(line.startswith("--n-way N") and line.endswith("(at least 2; default: 5)") for line in lines)


def test_the_page_of_settings_says_all_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settings"]) == 0
    page = capsys.readouterr().out
    for config, methods in ((MetaRunConfig, METHODS), (FaceRunConfig, FACE_LOSSES)):
        for method in methods:
            for name, setting in config.all_settings({"method": method}).items():
                assert f"| `{name}` | {setting.label} | {setting.help} | {setting.requirement} |" in page
