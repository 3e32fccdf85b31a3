"""What a Celery worker can be asked: each task makes one call into what does the work."""

from celery import shared_task


@shared_task(name="training.examine")
def examine(job_id: str, attempt: int | None = None) -> None:
    """Measure a checkpoint against the live one."""
    from webapp.checkpoints.worker import measuring

    measuring.examine(job_id, attempt)


@shared_task(name="training.import_checkpoint")
def import_checkpoint(job_id: str, attempt: int | None = None) -> None:
    """Take in a checkpoint's zip."""
    from webapp.checkpoints.worker import importing

    importing.take_in(job_id, attempt)
