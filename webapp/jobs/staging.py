"""Folders on this machine in which attempts at jobs put something together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from webapp.jobs.models import Job, job_models, rows_of
from webapp.storage.orphans import delete_old


def staging(job: Job) -> Path:
    """Return the folder in which one attempt at a job puts something together."""
    return all_staging() / f"{job.pk}-{job.attempt}"


def all_staging() -> Path:
    """Return the folder of what is being put together."""
    return Path(settings.DATA_DIR) / "staging"


def delete_broken_off() -> None:
    """Delete what attempts that broke off left here: a chore of each worker, for it may be the only one here."""
    delete_old(all_staging(), except_for=_working)


def _working() -> Iterator[str]:
    """Yield the names of the folders that attempts work in now."""
    for model in job_models():
        yield from (staging(job).name for job in rows_of(model).active().only("attempt"))
