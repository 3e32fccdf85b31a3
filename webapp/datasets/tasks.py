"""What a Celery worker can be asked: each task makes one call into what does the work."""

from celery import shared_task


@shared_task(name="training.ingest")
def ingest(job_id: str, attempt: int | None = None) -> None:
    """Ingest a version of a data set."""
    from webapp.datasets import worker

    worker.ingest(job_id, attempt)
