"""What a Celery worker can be asked about faces: one call into ``worker``, which alone loads what looks at them."""

from typing import Any

from celery import current_app, shared_task
from celery.signals import worker_process_init


@shared_task(name="faces.answer")
def answer(job_id: str) -> None:
    """Answer a question about faces."""
    from webapp.faces import worker

    worker.answer(job_id)


@worker_process_init.connect
def warm(**_: Any) -> None:
    """Load what looks at faces in each process that serves people, before its first job."""
    if "interactive" in current_app.amqp.queues.consume_from:
        from webapp.faces import worker

        worker.warm()
