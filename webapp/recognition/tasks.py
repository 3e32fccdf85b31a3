"""The Celery tasks of recognition: each makes one call into ``worker``, which alone loads torch."""

from celery import shared_task


@shared_task(name="recognition.learn")
def learn(job_id: str, attempt: int | None = None) -> None:
    """Adapt a checkpoint to a support set."""
    from webapp.recognition.worker import classifying

    classifying.learn(job_id, attempt)


@shared_task(name="recognition.measure_quality")
def measure_quality(job_id: str, attempt: int | None = None) -> None:
    """Tell from its own pictures how often a classifier will be right."""
    from webapp.recognition.worker import measuring

    measuring.measure(job_id, attempt)


@shared_task(name="recognition.predict")
def predict(job_id: str, attempt: int | None = None) -> None:
    """Classify the query pictures of a prediction."""
    from webapp.recognition.worker import classifying

    classifying.predict(job_id, attempt)


@shared_task(name="recognition.import_zip")
def import_zip(job_id: str, attempt: int | None = None) -> None:
    """Import a zip of class folders."""
    from webapp.recognition.worker import archives

    archives.import_zip(job_id, attempt)


def warm() -> None:
    """Load what has gone live: a chore of each process that serves people."""
    from webapp.recognition.worker import classifying

    classifying.warm()
