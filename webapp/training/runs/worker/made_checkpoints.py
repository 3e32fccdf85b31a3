"""What a run leaves: a checkpoint in storage, with a row that is not live."""

from __future__ import annotations

from pathlib import Path

from django.db import transaction

from webapp.checkpoints.stored_checkpoints import stored
from webapp.jobs.claims import Claim
from webapp.storage.disk import full_disk_in_words
from webapp.training.models import TrainingRun
from webapp.training.runs.command_line import checkpoint_name


def register(claim: Claim[TrainingRun], made: Path) -> None:
    """Store the checkpoint, and register it together with the end of the run."""
    with full_disk_in_words(), stored(made, name=checkpoint_name(claim.job)) as row, transaction.atomic():
        row.save(force_insert=True)
        claim.finish(checkpoint=row, state_file="", earlier_state_file="")
