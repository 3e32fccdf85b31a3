"""The way to the queues. A broker that is down, or that hangs, holds nobody up for long."""

from __future__ import annotations

import logging

from celery import current_app
from celery.exceptions import CeleryError
from kombu.exceptions import KombuError
from kombu.pools import producers
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 0.5
BROKER_ERRORS = (KombuError, CeleryError, RedisError, OSError)


def send_id(*, task_name: str, queue: str, job_id: str, attempt: int) -> bool:
    """Send a job's id to a queue with the attempts before this one; return whether the broker took it."""
    try:
        # Workers wait for messages on their own connections; those that send keep a much shorter patience.
        connection = current_app.connection_for_write(transport_options={"socket_timeout": PATIENCE_SECONDS})
        with producers[connection].acquire(block=True, timeout=PATIENCE_SECONDS) as producer:
            current_app.send_task(task_name, args=[job_id, attempt], queue=queue, producer=producer)
    except BROKER_ERRORS as error:
        logger.warning("Job %s stays queued: the broker did not take it (%s).", job_id, error)
        return False
    return True
