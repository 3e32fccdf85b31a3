"""How familiar a picture looks: near its class, far from others, whatever else is asked about."""

import pytest
import torch
from torch import Tensor

from mlcore.data.episode import LabeledSet
from mlcore.methods.metrics.familiar import COLUMNS, Acquaintance

DISTANCE, CROWD = COLUMNS.index("distance"), COLUMNS.index("crowd")
SIZE = 32


def around(*axes: int, n: int = 4, spread: float = 0.05, seed: int = 0) -> LabeledSet:
    """Return n embeddings (n, 32) around each of some axes, class by class."""
    noise = torch.randn(len(axes) * n, SIZE, generator=torch.Generator().manual_seed(seed)) * spread
    labels = torch.arange(len(axes)).repeat_interleave(n)
    return LabeledSet(torch.eye(SIZE)[list(axes)].repeat_interleave(n, 0) + noise, labels)


def test_pictures_of_a_class_lie_nearer_than_strangers() -> None:
    acquaintance = Acquaintance.of(around(0, 1), None)
    known, strangers = around(0, 1, seed=1).images, around(2, 3, seed=1).images
    assert acquaintance.columns(known)[:, DISTANCE].max() < acquaintance.columns(strangers)[:, DISTANCE].min()


def test_a_stranger_of_the_bank_lies_in_a_crowd() -> None:
    acquaintance = Acquaintance.of(around(0, 1), around(4, 5, n=6, seed=2))
    crowd = acquaintance.columns(torch.cat([around(4, seed=3).images, around(9, seed=3).images]))[:, CROWD]
    assert crowd[:4].min() > crowd[4:].max()


def test_a_class_of_the_bank_that_a_person_shows_too_is_left_out() -> None:
    shown = Acquaintance.of(around(0, 1), around(0, 5, n=6, seed=2))
    without = Acquaintance.of(around(0, 1), LabeledSet(around(5, n=6, seed=2).images, torch.zeros(6).long()))
    assert shown.crowd is not None
    assert len(shown.crowd) == 6
    queries = around(0, seed=3).images
    assert shown.columns(queries)[:, CROWD].max() < 0.5
    assert without.crowd is not None


@pytest.mark.parametrize("row", [0, 3])
def test_what_is_said_of_a_picture_does_not_depend_on_the_others(row: int) -> None:
    acquaintance = Acquaintance.of(around(0, 1), around(4, 5, n=6))
    queries = torch.cat([around(0, seed=1).images, around(2, seed=1).images])
    torch.testing.assert_close(acquaintance.columns(queries)[row], acquaintance.columns(queries[row : row + 1])[0])


@pytest.mark.parametrize(
    "support",
    [
        LabeledSet(torch.ones(1, SIZE), torch.zeros(1).long()),
        LabeledSet(torch.ones(3, SIZE), torch.zeros(3).long()),
        LabeledSet(torch.zeros(2, SIZE), torch.tensor([0, 1])),
        LabeledSet(torch.ones(2, 4, 2, 2), torch.tensor([0, 1])),
    ],
    ids=["one picture", "one picture thrice", "pictures of nothing", "maps"],
)
def test_the_least_support_gives_numbers(support: LabeledSet) -> None:
    bank = LabeledSet(torch.ones(1, *support.images.shape[1:]), torch.zeros(1).long())
    columns: Tensor = Acquaintance.of(support, bank).columns(support.images)
    assert columns.shape == (len(support.labels), len(COLUMNS))
    assert columns.isfinite().all()
