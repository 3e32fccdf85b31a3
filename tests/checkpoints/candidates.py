"""Checkpoints that can go live, and what an evaluation may find of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from mlcore.checkpoints.card import WEIGHTS_FILE, ModelCard
from mlcore.checkpoints.checkpoint import save_checkpoint
from mlcore.config import BackboneConfig
from mlcore.method_config.prototypical import PrototypicalConfig
from mlcore.methods import build_method
from webapp.checkpoints.models import Benchmark, Checkpoint, Evaluation
from webapp.checkpoints.stored_checkpoints import stored
from webapp.datasets.models import Dataset, DatasetVersion, Source
from webapp.jobs.models import JobStatus

SAME = {"classes": 40, "episodes": 1000, "accuracy": 0.9, "ci95": 0.01, "difference": 0.0}
GOOD = {**SAME, "against_accuracy": 0.9, "against_ci95": 0.01, "difference_ci95": 0.004}
"""Figures of two that are equally good, from enough episodes to tell."""


def candidate(name: str, *, kind: str = "characters", live: bool = False, **card: Any) -> Checkpoint:
    """Register a checkpoint whose stored weights are nothing that could be loaded."""
    weights = default_storage.save(f"checkpoints/{name}/{WEIGHTS_FILE}", ContentFile(b""))
    values = {"method": "prototypical", "config": {}, "transform": kind, "digest": name, **card}
    whole = ModelCard(name=name, kind=kind, **values).to_dict()
    return Checkpoint.objects.create(name=name, kind=kind, weights=weights, card=whole, digest=name, live=live)


def tiny(folder: Path, name: str = "tiny") -> Path:
    """Save a tiny untrained method as a checkpoint in a folder of its name, and return that."""
    torch.manual_seed(0)
    config = PrototypicalConfig(backbone=BackboneConfig(image_size=56, width=4))
    card = ModelCard(
        name=name, kind="characters", method="prototypical", config=config.to_dict(), transform="characters"
    )
    save_checkpoint(folder / name, build_method("prototypical", config), card)
    return folder / name


def registered(made: Path, **fields: Any) -> Checkpoint:
    """Register a checkpoint that was saved to a folder, under the name of its card."""
    with stored(made, name=ModelCard.read(made).name) as row:
        for name, value in fields.items():
            setattr(row, name, value)
        row.save()
    return row


def make_benchmark(kind: str = "characters", **settings: int) -> Benchmark:
    """Make the benchmark of a kind, on a data set of its own."""
    dataset = Dataset.objects.create(name=f"{kind} for benchmarks", source=Source.UPLOAD)
    version = DatasetVersion.objects.create(dataset=dataset, number=1, status=JobStatus.READY, mlcore_name="strokes")
    return Benchmark.objects.create(kind=kind, version=version, **settings)


def measured(checkpoint: Checkpoint, against: Checkpoint, benchmark: Benchmark, **findings: Any) -> Evaluation:
    """Write down an evaluation and its findings; by default, two that are equally good."""
    return Evaluation.objects.create(
        checkpoint=checkpoint,
        against=against,
        version=benchmark.version,
        drawn=benchmark.drawn,
        status=JobStatus.READY,
        findings={"exam": GOOD, "unseen": GOOD, **findings},
    )


def staff(name: str = "sue") -> User:
    """Make a member of staff who may do everything."""
    return User.objects.create_superuser(name)
