"""Every value of every choice trains from nothing, beside every value of every other (pairwise), and then serves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from allpairspy import AllPairs

from mlcore.checkpoints.card import ModelCard
from mlcore.checkpoints.checkpoint import load_checkpoint, save_checkpoint
from mlcore.config import BACKBONES, BackboneConfig, EpisodeConfig, TrainingConfig
from mlcore.data.datasets import load_dataset
from mlcore.data.datasets.base import PictureDataset
from mlcore.data.episode import LabeledSet
from mlcore.data.images import INK_SIZE, find_transform
from mlcore.errors import ConfigError
from mlcore.method_config import METHODS
from mlcore.method_config.base import MethodConfig
from mlcore.methods import build_method
from mlcore.settings import Setting
from mlcore.training.meta_training import MetaTraining, Validation
from mlcore.training.processes import Team

Row = dict[str, Any]
TRAINED = [name for name, backbone in BACKBONES.items() if not backbone.pretrained]
"""Those that come with weights are trained in `test_training_photos`."""


def values_of(setting: Setting) -> tuple[Any, ...]:
    """Return what can be chosen, the default first; nothing where a value is free."""
    values = (False, True) if setting.type is bool else tuple(setting.choices or ())
    return tuple(sorted(values, key=lambda value: value != setting.default))


def choices(config: type[MethodConfig]) -> dict[str, tuple[Any, ...]]:
    """Return the choices of a run of a method, by dotted name."""
    own = {f"method_config.{name}": values_of(setting) for name, setting in config.settings().items()}
    loop = {f"training.{name}": values_of(setting) for name, setting in TrainingConfig.settings().items()}
    drawn = {"episodes.n_rotations": values_of(EpisodeConfig.settings()["n_rotations"])}
    offered = {"backbone": tuple(TRAINED), **own, **loop, **drawn}
    return {name: values for name, values in offered.items() if values}


def config_of(row: Row) -> MethodConfig:
    backbone = BackboneConfig(name=row.get("backbone", "conv4"), image_size=INK_SIZE, width=4)
    own = {name.removeprefix("method_config."): value for name, value in row.items() if name.startswith("method_c")}
    return METHODS[row["method"]].config(backbone=backbone, **own)


def families() -> dict[tuple[str, ...], list[str]]:
    """Put methods together that have the same choices."""
    found: dict[tuple[str, ...], list[str]] = {}
    for name, registered in METHODS.items():
        found.setdefault(tuple(sorted(registered.config.settings())), []).append(name)
    return found


def rows() -> Iterator[Row]:
    for family in families().values():
        parameters = {"method": tuple(family), **choices(METHODS[family[0]].config)}

        def is_offered(values: Sequence[Any], names: Sequence[str] = tuple(parameters)) -> bool:
            return can_be(dict(zip(names, values, strict=False)))

        pairs = AllPairs(list(parameters.values()), filter_func=is_offered)
        tried = [dict(zip(parameters, values, strict=True)) for values in pairs]
        yield from tried
        yield from left_out(tried, parameters)


def left_out(tried: list[Row], parameters: dict[str, tuple[Any, ...]]) -> Iterator[Row]:
    """Complete what the search for pairs came to no row with."""
    for method in parameters["method"]:
        for name, values in parameters.items():
            for value in values:
                wanted = {"method": method, name: value}
                if can_be(wanted) and not any(wanted.items() <= row.items() for row in tried):
                    yield completed(wanted, parameters)


def completed(row: Row, parameters: dict[str, tuple[Any, ...]]) -> Row:
    """Choose the first value that fits for all that is still open, in the order of the parameters."""
    for name, values in parameters.items():
        if name not in row:
            row = row | {name: next(value for value in values if can_be({**row, name: value}))}
    return {name: row[name] for name in parameters}


def can_be(row: Row) -> bool:
    """Return whether a method takes these values, whatever one more has to be chosen for them."""
    others = {name: values for name, values in choices(METHODS[row["method"]].config).items() if name not in row}
    for more in ({}, *({name: value} for name, values in others.items() for value in values)):
        try:
            config_of({**row, **more})
        except ConfigError:
            continue
        return True
    return False


ROWS = list(rows())


@cache
def characters(split: str) -> PictureDataset:
    return load_dataset("strokes", split=split, n_classes=6)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: " ".join(map(str, row.values())))
def test_it_trains_from_nothing_validates_saves_loads_and_predicts(row: Row, tmp_path: Path) -> None:
    torch.manual_seed(0)
    transform, config = find_transform("characters"), config_of(row)
    of_loop = {name.removeprefix("training."): value for name, value in row.items() if name.startswith("training.")}
    run = MetaTraining(
        build_method(row["method"], config),
        characters("train"),
        transform=transform,
        episodes=EpisodeConfig(n_way=3, n_query=2, n_rotations=row["episodes.n_rotations"]),
        config=TrainingConfig(steps=2, validate_every=2, validation_episodes=2, outer_lr=1e-3, **of_loop),
        validation=Validation(characters("val"), EpisodeConfig(n_way=3, n_query=2)),
        team=Team(torch.device("cpu")),
    )
    before = {name: value.clone() for name, value in run.method.backbone.state_dict().items()}
    events = list[dict[str, float]]()
    best = run.run(events.append)
    assert [event["step"] for event in events] == [2]
    assert {event.get("train_diverged", 0.0) for event in events} == {0.0}
    assert 0 <= best["accuracy"] <= 1
    moved = {name for name, value in run.method.backbone.state_dict().items() if not torch.equal(value, before[name])}
    assert any(name.endswith("weight") for name in moved)

    card = ModelCard(
        name="tried", kind="characters", method=row["method"], config=config.to_dict(), transform="characters"
    )
    save_checkpoint(tmp_path, run.method, card)
    pictures = transform.apply(characters("test").images[:: len(characters("test").images) // 8][:8])
    support = LabeledSet(pictures[:4], torch.tensor([0, 0, 1, 2]))
    answers = [
        served.eval().requires_grad_(False).adapt(support).predict(pictures[4:]).probabilities
        for served in (run.method, load_checkpoint(tmp_path))
    ]
    assert answers[0].shape == (4, 3)
    torch.testing.assert_close(answers[0].sum(1), torch.ones(4))
    torch.testing.assert_close(answers[1], answers[0], rtol=0, atol=5e-3)  # inner loops add rounding up


def test_every_value_of_every_choice_has_a_row_with_every_method() -> None:
    for family in families().values():
        for method in family:
            for name, values in choices(METHODS[method].config).items():
                for value in values:
                    tried = any(row["method"] == method and row[name] == value for row in ROWS)
                    assert tried == can_be({"method": method, name: value}), f"{method} with {name} = {value}"
