"""The Celery task of a rehearsal."""

from celery import shared_task

from webapp.jobs.services import run_claimed

from .models import Rehearsal


@shared_task(name=Rehearsal.task_name)
def rehearse(rehearsal_id: str, attempt: int | None = None) -> None:
    """Do one rehearsal."""
    from .worker import work

    run_claimed(Rehearsal, rehearsal_id, work, attempt)
