"""What a Celery worker can be asked: each task makes one call into what does the work."""

from celery import shared_task


@shared_task(name="training.train")
def train(job_id: str, attempt: int | None = None) -> None:
    """Train a meta-training run, or resume it."""
    from webapp.training.runs.worker import training

    training.train(job_id, attempt)


@shared_task(name="training.estimate")
def estimate(job_id: str, attempt: int | None = None) -> None:
    """Time a few steps of a run that is not started yet."""
    from webapp.training.runs.worker import training

    training.estimate(job_id, attempt)
