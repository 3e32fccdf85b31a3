"""What a Celery worker can be asked: each task makes one call into ``worker``, which alone loads torch."""

from typing import Any

from celery import current_app, shared_task
from celery.signals import worker_process_init


@shared_task(name="recognition.learn")
def learn(job_id: str) -> None:
    """Adapt a checkpoint to a support set."""
    from webapp.recognition import worker

    worker.learn(job_id)


@shared_task(name="recognition.predict")
def predict(job_id: str) -> None:
    """Answer what query pictures show."""
    from webapp.recognition import worker

    worker.predict(job_id)


@shared_task(name="recognition.import_zip")
def import_zip(job_id: str) -> None:
    """Import a zip of class folders."""
    from webapp.recognition import archive_job

    archive_job.import_zip(job_id)


@worker_process_init.connect
def warm(**_: Any) -> None:
    """Load the live checkpoints in each process that serves people, before its first job."""
    if "interactive" in current_app.amqp.queues.consume_from:
        from webapp.recognition import worker

        worker.warm()
