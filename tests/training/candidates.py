"""Checkpoints that can go live, and what a measurement may find of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User

from mlcore.model_card import WEIGHTS_FILE, ModelCard
from webapp.jobs.models import JobStatus
from webapp.training.models import Checkpoint, Dataset, DatasetVersion, GateExam, Source, StandingExam

SAME = {"classes": 40, "episodes": 1000, "accuracy": 0.9, "ci95": 0.01, "difference": 0.0}
GOOD = {**SAME, "against_accuracy": 0.9, "against_ci95": 0.01, "difference_ci95": 0.004}
"""Figures of two that are equally good, from enough episodes to tell."""


def candidate(name: str, *, kind: str = "characters", live: bool = False, **card: Any) -> Checkpoint:
    """Register a checkpoint whose folder holds a file of weights that nobody loads."""
    folder = Path(settings.DATA_DIR) / "checkpoints" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / WEIGHTS_FILE).touch()
    values = {"method": "prototypical", "config": {}, "transform": kind, "digest": name, **card}
    whole = ModelCard(name=name, kind=kind, **values).to_dict()
    return Checkpoint.objects.create(name=name, kind=kind, folder=name, card=whole, digest=name, live=live)


def standing_exam(kind: str = "characters", **settings: int) -> StandingExam:
    """Give a kind a standing exam on a data set of its own."""
    dataset = Dataset.objects.create(name=f"{kind} for exams", source=Source.UPLOAD)
    version = DatasetVersion.objects.create(dataset=dataset, number=1, status=JobStatus.READY, mlcore_name="strokes")
    return StandingExam.objects.create(kind=kind, version=version, **settings)


def measured(checkpoint: Checkpoint, against: Checkpoint, exam: StandingExam, **findings: Any) -> GateExam:
    """Write down that a measurement found something; by default, two that are equally good."""
    return GateExam.objects.create(
        checkpoint=checkpoint,
        against=against,
        version=exam.version,
        drawn=exam.drawn,
        status=JobStatus.READY,
        findings={"exam": GOOD, "unseen": GOOD, **findings},
    )


def staff(name: str = "sue") -> User:
    """Make a member of staff who may do everything."""
    return User.objects.create_superuser(name)
