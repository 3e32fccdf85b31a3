"""A setting is described once, on its config's field: words, ranges, texts and options all follow from that."""

from __future__ import annotations

from dataclasses import MISSING, dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlcore.errors import ConfigError
from mlcore.faces.config import FACE_LOSSES
from mlcore.method_config import METHODS
from mlcore.method_config.maml import AnilConfig, MamlConfig
from mlcore.run_config import FaceRunConfig, MetaRunConfig, RunConfig
from mlcore.settings import Config, Setting, setting

RUNS = [(MetaRunConfig, method) for method in METHODS] + [(FaceRunConfig, loss) for loss in FACE_LOSSES]
EVERY = {name: own for config, method in RUNS for name, own in config.all_settings({"method": method}).items()}


@dataclass(frozen=True, kw_only=True)
class Engine(Config):
    """Two settings and a part."""

    power: float = setting(1.0, above=0, maximum=10, label="Power", help="How strong it is.")
    fuel: str = setting("oil", choices=("oil", "gas"), label="Fuel", help="What it burns.")
    seats: int | None = setting(None, minimum=1, label="Seats", help="For how many.")


@dataclass(frozen=True, kw_only=True)
class Car(Config):
    """A config with a part."""

    engine: Engine
    loud: bool = setting(False, label="Loud", help="Whether it is heard.")
    name: str = setting(label="Name", help="What it is called.")


@pytest.mark.parametrize(("config", "method"), RUNS)
def test_every_field_of_every_config_has_a_label_and_a_help(config: type[RunConfig], method: str) -> None:
    described = config.all_settings({"method": method})
    assert [name for name, own in described.items() if not own.label[:1].isupper() or not own.help.endswith(".")] == []
    of_people = [own.label for name, own in described.items() if name.startswith(("episodes", "training", "method_"))]
    assert len(of_people) == len(set(of_people))


def test_labels_are_the_terms_of_the_field() -> None:
    labels = {
        "training.outer_lr": "Learning rate",
        "training.optimizer": "Optimizer",
        "training.weight_decay": "Weight decay",
        "training.clip_norm": "Gradient clipping",
        "method_config.inner_lr": "Inner learning rate",
        "method_config.norm": "Batch norm statistics",
        "method_config.backbone.name": "Backbone",
        "method_config.backbone.width": "Width",
        "episodes.n_way": "Ways",
        "episodes.k_shot": "Shots",
        "episodes.n_query": "Queries per class",
        "training.episodes_per_step": "Episodes per step",
    }
    described = MetaRunConfig.all_settings({"method": "maml"})
    assert {name: described[name].label for name in labels} == labels


@pytest.mark.parametrize(
    ("values", "field", "sentence"),
    [
        ({"engine": {"power": 0}}, "engine.power", "engine.power is 0; it must be above 0 and at most 10"),
        ({"engine": {"power": True}}, "engine.power", "engine.power is True; it must be a number"),
        ({"engine": {"power": float("nan")}}, "engine.power", "engine.power is nan; it must be a number"),
        ({"engine": {"fuel": "wind"}}, "engine.fuel", "engine.fuel is 'wind'; it must be oil or gas"),
        ({"engine": {"seats": 0}}, "engine.seats", "engine.seats is 0; it must be at least 1"),
        ({"engine": {"seats": 2.5}}, "engine.seats", "engine.seats is 2.5; it must be a whole number"),
        ({"engine": {"wings": 2}}, "engine.wings", "engine.wings is no setting; there are power, fuel, seats"),
        ({"engine": 5}, "engine", "engine is 5; it must hold settings"),
        ({"loud": 1}, "loud", "loud is 1; it must be true or false"),
        ({"wings": 2}, "wings", "wings is no setting; there are engine, loud, name"),
    ],
)
def test_a_bad_value_is_named_with_its_field_and_what_it_must_be(
    values: dict[str, Any], field: str, sentence: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        Car.from_dict({"name": "x", **values})
    assert (refused.value.field, str(refused.value)) == (field, sentence)


def test_what_has_no_default_has_to_be_given() -> None:
    with pytest.raises(ConfigError, match="name is missing; it must be text"):
        Car.from_dict({})
    assert Car.from_dict({"name": "x"}) == Car(name="x", engine=Engine())


def test_a_config_comes_back_from_its_plain_values() -> None:
    car = Car(name="x", loud=True, engine=Engine(seats=4, fuel="gas"))
    assert Car.from_dict(car.to_dict()) == car


def test_a_subclass_that_changes_a_default_keeps_the_words_and_may_say_others() -> None:
    assert AnilConfig.settings()["adapts"].help == MamlConfig.settings()["adapts"].help
    assert (AnilConfig.settings()["adapts"].default, MamlConfig.settings()["adapts"].default) == ("head", "all")
    norms = {method: METHODS[method].config.settings()["norm"].label for method in ("maml", "relation")}
    assert norms == {"maml": "Batch norm statistics", "relation": "Relation normalization"}


def test_a_field_without_a_description_is_a_fault_that_names_it() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Bare(Config):
        size: int = 3

    with pytest.raises(TypeError, match=r"Bare\.size has no description"):
        Bare()


def allowed(own: Setting) -> st.SearchStrategy[Any]:
    """Draw values that a setting may have."""
    if own.choices:
        return st.sampled_from(list(own.choices))
    if own.type is bool:
        return st.booleans()
    if own.type is int:
        return st.integers(int(own.minimum or 0), int(own.maximum or 10**9))
    if own.type is float:
        ends = {"exclude_min": own.above is not None, "exclude_max": own.below is not None, "allow_infinity": False}
        low, high = own.above or own.minimum or 0, own.below or own.maximum or 1e9
        return st.floats(float(low), float(high), **ends)
    return st.text("ab 0/=,:-_é", min_size=1).filter(lambda text: text != "none")


@settings(deadline=None)
@given(st.data())
def test_what_prints_a_value_is_undone_by_what_reads_it(data: st.DataObject) -> None:
    own = EVERY[data.draw(st.sampled_from(sorted(EVERY)))]
    value = data.draw(st.none() | allowed(own)) if own.is_optional else data.draw(allowed(own))
    own.require(value)
    assert own.parse(own.text(value)) == value


def test_every_default_is_one_that_its_setting_may_have() -> None:
    for own in EVERY.values():
        if own.default is not MISSING:
            own.require(own.default)
