"""Pictures of people who are patterns: small, drawn by program, told apart with ease."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from mlcore.data.datasets.base import PictureDataset
from mlcore.faces.training.face_set import FaceSet, cut_out


def pictures(n_people: int, n_pictures: int, *, seed: int) -> torch.Tensor:
    """Draw coarse patterns, one a person, under noise: (n_people * n_pictures, 3, 32, 32) uint8."""
    generator = torch.Generator().manual_seed(seed)
    patterns = torch.randint(40, 215, (n_people, 3, 4, 4), generator=generator).float()
    large = patterns.repeat_interleave(8, 2).repeat_interleave(8, 3).repeat_interleave(n_pictures, 0)
    return (large + 20 * torch.randn(large.shape, generator=generator)).clamp(0, 255).to(torch.uint8)


def people(n_people: int, n_pictures: int = 6, *, seed: int) -> FaceSet:
    """Make a set of such people."""
    dataset = PictureDataset(
        name="patterns",
        split=f"seed {seed}",
        images=pictures(n_people, n_pictures, seed=seed),
        labels=torch.arange(n_people).repeat_interleave(n_pictures),
        class_names=tuple(f"{seed}-{number}" for number in range(n_people)),
    )
    return cut_out(dataset, align=False)


def write_people(folder: Path, n_people: int = 6, n_pictures: int = 6) -> Path:
    """Write them as a folder of one's own: different people in train, val and test."""
    for seed, split in enumerate(("train", "val", "test")):
        drawn = pictures(n_people, n_pictures, seed=seed).reshape(n_people, n_pictures, 3, 32, 32)
        for person, faces in enumerate(drawn):
            place = folder / split / f"{split} {person}"
            place.mkdir(parents=True)
            for number, face in enumerate(faces):
                Image.fromarray(np.ascontiguousarray(face.permute(1, 2, 0).numpy())).save(place / f"{number}.png")
    return folder
