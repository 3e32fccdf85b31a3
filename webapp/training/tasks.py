"""What a Celery worker can be asked: each task makes one call into what does the work."""

from celery import shared_task


@shared_task(name="training.examine")
def examine(job_id: str) -> None:
    """Measure a checkpoint against the live one."""
    from webapp.training import gate_job

    gate_job.examine(job_id)


@shared_task(name="training.import_checkpoint")
def import_checkpoint(job_id: str) -> None:
    """Take in a checkpoint's zip."""
    from webapp.training import import_job

    import_job.take_in(job_id)


@shared_task(name="training.ingest")
def ingest(job_id: str) -> None:
    """Ingest a version of a data set."""
    from webapp.training import ingest_job

    ingest_job.ingest(job_id)


@shared_task(name="training.train")
def train(job_id: str) -> None:
    """Do a meta-training run, or go on with it."""
    from webapp.training import worker

    worker.train(job_id)


@shared_task(name="training.estimate")
def estimate(job_id: str) -> None:
    """Time a few steps of a run that is not started yet."""
    from webapp.training import worker

    worker.estimate(job_id)
