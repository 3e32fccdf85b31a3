"""Characters drawn by program."""

import pytest
import torch

from mlcore.data.datasets import load_dataset
from mlcore.data.datasets.base import PictureDataset
from mlcore.data.datasets.strokes import _render, _spline
from mlcore.errors import DatasetError


def draw(split: str = "train", *, seed: int = 0, n_classes: int = 6, side: int = 48) -> PictureDataset:
    return load_dataset("strokes", split=split, seed=seed, n_classes=n_classes, image_size=side)


def test_a_seed_draws_the_same_pictures_again() -> None:
    assert draw().fingerprint == draw().fingerprint


def test_another_seed_and_another_split_draw_others() -> None:
    assert len({draw().fingerprint, draw(seed=1).fingerprint, draw("val").fingerprint, draw("test").fingerprint}) == 4


def test_twenty_hands_draw_every_character() -> None:
    dataset = draw(n_classes=30)
    assert dataset.images.shape == (600, 1, 48, 48)
    assert dataset.labels.tolist() == torch.arange(30).repeat_interleave(20).tolist()
    assert dataset.class_names[24:26] == ("script01/character25", "script02/character01")
    assert dataset.group_names == ("script01", "script02")
    assert dataset.authors is not None
    assert dataset.authors.unique().tolist() == list(range(40))


def test_every_picture_is_sparse_ink_on_white_paper() -> None:
    images = draw(n_classes=50, side=105).images
    ink = (images < 128).float().mean((1, 2, 3))
    assert ink.min() > 0.003
    assert ink.max() < 0.25
    assert images.max() == 255
    assert images.min() == 0


def test_drawings_of_a_character_differ_but_less_than_characters_do() -> None:
    ink = blurred(255 - draw(n_classes=20).images.float()).reshape(20, 20, -1)
    ink = ink / ink.norm(dim=-1, keepdim=True)
    alike = torch.einsum("aid,bjd->abij", ink, ink).mean((2, 3))
    same, other = alike.diagonal().mean(), alike[~torch.eye(20, dtype=torch.bool)].mean()
    assert other + 0.1 < same < 0.99


def blurred(images: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.avg_pool2d(images, 6)


def test_a_straight_stroke_is_as_wide_as_its_pen_and_as_long_as_its_path() -> None:
    points = torch.stack([torch.linspace(-1, 1, 5), torch.zeros(5)], dim=-1)[None, None]
    image = _render(points, torch.ones(1, 1, dtype=torch.bool), torch.tensor([0.06]), 100)[0, 0]
    ink = (255 - image.float()) / 255
    assert ink[:, 50].sum() == pytest.approx(6, abs=0.3)
    assert ink[50].sum() == pytest.approx(68, abs=3)


def test_a_spline_begins_at_its_first_point_and_passes_through_the_others() -> None:
    points = torch.rand(3, 5, 2, generator=torch.Generator().manual_seed(0))
    curve = _spline(points)
    assert torch.allclose(curve[:, :: curve.shape[1] // 4], points[:, :4], atol=1e-6)


@pytest.mark.parametrize(("n_classes", "side"), [(0, 48), (6, 4)])
def test_what_cannot_be_drawn_is_refused(n_classes: int, side: int) -> None:
    with pytest.raises(DatasetError, match=f"{n_classes} classes of {side} x {side}"):
        draw(n_classes=n_classes, side=side)
