"""What each process of a worker does besides its jobs."""

from typing import Any

from celery import current_app
from celery.signals import worker_process_init
from django.conf import settings

from webapp.jobs.clock import Clock, call


@worker_process_init.connect
def start_clock(**_: Any) -> None:
    """Do the chores of the queues that this process serves: once before its first job, then beside its jobs."""
    served = current_app.amqp.queues.consume_from
    chores: dict[str, float] = {}
    for queue in served:
        chores |= settings.GLIMPSE_WORKER_CLOCK.get(queue, {})
    for path in chores:
        call(path)
    Clock(chores).start()
