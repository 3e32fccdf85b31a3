"""What a run leaves: a checkpoint, put where checkpoints lie, with a row that is not live."""

from __future__ import annotations

import shutil
from pathlib import Path

from django.conf import settings
from django.db import transaction

from mlcore.model_card import CARD_FILE, WEIGHTS_FILE, ModelCard
from webapp.jobs.claims import Claim
from webapp.training.command_line import checkpoint_name
from webapp.training.models import Checkpoint, TrainingRun


def register(claim: Claim[TrainingRun], made: Path) -> None:
    """Put the checkpoint where checkpoints lie, and register it together with the end of the run."""
    name = checkpoint_name(claim.job)
    target = Path(settings.DATA_DIR) / "checkpoints" / name
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{name}-{claim.job.attempt}")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    for file in (WEIGHTS_FILE, CARD_FILE):
        shutil.copyfile(made / file, unfinished / file)
    shutil.rmtree(target, ignore_errors=True)  # of an attempt that ended between here and the row
    unfinished.replace(target)
    card = ModelCard.read(target)
    with transaction.atomic():
        row = Checkpoint.objects.create(name=name, kind=card.kind, folder=name, card=card.to_dict(), digest=card.digest)
        claim.finish(checkpoint=row, state_file="", earlier_state_file="")
