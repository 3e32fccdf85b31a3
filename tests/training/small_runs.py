"""Runs that are over within seconds, on pictures that are drawn here."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.core.files.base import ContentFile
from PIL import Image, ImageDraw

from tools.drawing.portraits import Portrait
from webapp.datasets.models import Dataset, DatasetVersion, Source
from webapp.jobs.models import JobStatus
from webapp.training.models import TrainingRun
from webapp.training.runs import services as runs
from webapp.training.runs.settings import AnyRunConfig, checked

CLASSES = {"train": 6, "val": 5, "test": 5}
PICTURES = 10
ENDLESS = 1_000_000


def pictures_zip(draw: Callable[[int, int], bytes], pictures: int) -> bytes:
    """Draw a few classes for each split."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for start, (split, classes) in zip((0, 6, 11), CLASSES.items(), strict=True):
            for number in range(start, start + classes):
                for shot in range(pictures):
                    archive.writestr(f"{split}/sign{number}/{shot}.png", draw(number, shot))
    return out.getvalue()


def sign(number: int, shot: int) -> bytes:
    """Draw a sign: a bar at an angle of its own, a little off each time."""
    image = Image.new("L", (56, 56), "white")
    draw = ImageDraw.Draw(image)
    draw.line((6 + shot, 6 + 2 * number, 50 - number, 50 - shot), fill="black", width=3)
    draw.ellipse((4 + 2 * number, 30, 16 + 2 * number, 42 - shot // 2), outline="black", width=2)
    return _png(image)


def face(number: int, shot: int) -> bytes:
    """Draw somebody's face, in another light each time."""
    somebody = Portrait(
        width=76 + 2 * number, height=100 + 2 * number, eyes_apart=34 + number % 5, glasses=number % 3 == 0
    )
    return _png(replace(somebody, light=1 - 0.1 * shot).draw(160))


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def small_version(
    name: str = "signs", *, draw: Callable[[int, int], bytes] = sign, pictures: int = PICTURES
) -> DatasetVersion:
    """Return a version that is ready."""
    dataset = Dataset.objects.create(name=name, source=Source.UPLOAD)
    version = DatasetVersion(dataset=dataset, number=1, status=JobStatus.READY)
    version.archive.save("signs.zip", ContentFile(pictures_zip(draw, pictures)))
    return version


def small_settings(**training: Any) -> AnyRunConfig:
    """Return settings whose steps take milliseconds."""
    quick = {"steps": 12, "max_minutes": 0.0, "validate_every": 4, "validation_episodes": 4, "save_every": 4, "seed": 3}
    return checked(
        kind="characters",
        method="prototypical",
        method_config={"backbone": {"width": 4}},
        episodes={"n_way": 5, "k_shot": 1, "n_query": 2},
        training={**quick, **training},
    )


def start(version: DatasetVersion | None = None, **training: Any) -> TrainingRun:
    """Start a run."""
    version = version or DatasetVersion.objects.first() or small_version()
    return runs.start_run(by=None, name="Signs", settings=small_settings(**training), version=version)
