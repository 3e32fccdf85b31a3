"""What a Celery worker can be asked about faces: one call into ``worker``, which alone loads what looks at them."""

from celery import shared_task


@shared_task(name="faces.answer")
def answer(job_id: str, attempt: int | None = None) -> None:
    """Answer a question about faces."""
    from webapp.faces.worker import answering

    answering.answer(job_id, attempt)


def warm() -> None:
    """Load what looks at faces: a chore of each process that serves people, of which the first time counts."""
    from webapp.faces.worker import answering

    answering.warm()
