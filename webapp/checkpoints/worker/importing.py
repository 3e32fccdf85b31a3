"""The work on a checkpoint's zip: it is looked at once more, tried by a process of its own, and kept if it is sound."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext as _

from mlcore.checkpoints.card import ModelCard
from mlcore.data.names import clean
from webapp.checkpoints.models import Checkpoint, CheckpointImport
from webapp.checkpoints.stored_checkpoints import stored
from webapp.checkpoints.zips import card_in, require_fitting
from webapp.core.staff import history
from webapp.jobs.claims import Claim
from webapp.jobs.errors import JobFailed
from webapp.jobs.services import run_claimed
from webapp.jobs.staging import staging
from webapp.processes.questions import ask
from webapp.storage.disk import full_disk_in_words, keep_room

TRY_SECONDS = 180
UNSOUND = "unsound"


def take_in(job_id: str, attempt: int | None = None) -> None:
    """Take in one zip, and delete it once nothing more is to be done with it."""
    run_claimed(CheckpointImport, job_id, _take_in, attempt)
    row = CheckpointImport.objects.filter(pk=job_id).first()
    if row is not None and not row.is_active:
        default_storage.delete(row.upload.name or "")


def _take_in(claim: Claim[CheckpointImport]) -> None:
    folder = staging(claim.job)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    try:
        with full_disk_in_words():
            path = _fetched(claim, folder / "sent.zip")
            _require_sound(claim, path)
            made = folder / "checkpoint"
            _try(claim, path, made)
            _register(claim, made)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fetched(claim: Claim[CheckpointImport], path: Path) -> Path:
    """Copy the zip from storage."""
    claim.progress(0.0, _("Looking at it."))
    keep_room(2 * claim.job.upload.size)
    with claim.job.upload.open("rb") as source, path.open("xb") as copy:
        shutil.copyfileobj(source, copy)
    return path


def _require_sound(claim: Claim[CheckpointImport], path: Path) -> None:
    """Check it once more: another of the same weights may have come in meanwhile."""
    require_fitting(card_in(path))
    claim.check()


def _try(claim: Claim[CheckpointImport], path: Path, made: Path) -> None:
    """Load the weights in a process of its own, which keeps them in the folder if they fit their card."""
    claim.note(progress=0.3, progress_text=_("Trying its weights; this takes some seconds."))
    limit = ["--memory-mb", str(settings.GLIMPSE_LIMITS["import_memory_bytes"] // 2**20)]
    command = [sys.executable, "-m", "mlcore", "import-checkpoint", str(path), "--out", str(made), *limit]
    message = _("Trying it broke off or took too long, so it was left. Try again when the machine is less busy.")
    broke_off = JobFailed(code="too_slow", message=message)
    try:
        ask(claim, command, refused=UNSOUND, broke_off=broke_off, within=TRY_SECONDS)
    except JobFailed as failure:
        if failure.code != UNSOUND:
            raise
        why = re.sub(r"/\S*/", "", failure.message).rstrip(".")  # where it was tried says nothing to who sent it
        why = why[:1].lower() + why[1:]
        raise JobFailed(code=UNSOUND, message=_("It is not sound: %(why)s.") % {"why": why[:300]}) from failure


def _register(claim: Claim[CheckpointImport], made: Path) -> None:
    """Store it, and register it under a name that nothing else has, together with the end of the job."""
    card = ModelCard.read(made)
    name = clean(card.name)[:100] or card.method
    if Checkpoint.objects.filter(name=name).exists():
        name = f"{name[:80]}-{card.digest[:8]}"
    with stored(made, name=name) as row, transaction.atomic():
        row.save(force_insert=True)
        claim.finish(checkpoint=row)
        history.note(by=claim.job.created_by, row=row, act=_("Imported."))
