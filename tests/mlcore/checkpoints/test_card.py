"""The model card's temperature, by the number of support pictures."""

import pytest

from mlcore.checkpoints.card import ModelCard


def card(**values: float) -> ModelCard:
    return ModelCard(name="c", kind="photos", method="prototypical", config={}, transform="photos", **values)


def test_a_temperature_without_growth_is_the_same_for_all() -> None:
    assert card(temperature=3.0).temperature_of([1, 50]) == 3.0


def test_a_temperature_grows_with_the_pictures_of_a_class() -> None:
    assert card(temperature=3.0, temperature_growth=0.5).temperature_of([4, 4]) == pytest.approx(6.0)


def test_classes_with_few_pictures_weigh_most() -> None:
    # the harmonic mean of 1 and 3 is 1.5
    assert card(temperature=2.0, temperature_growth=1.0).temperature_of([1, 3]) == pytest.approx(3.0)
