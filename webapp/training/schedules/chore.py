"""Start what schedules are due for: a chore that the clock calls."""

from __future__ import annotations

import logging

from webapp.training.models import Schedule
from webapp.training.schedules import services as schedules

logger = logging.getLogger(__name__)


def start_due() -> None:
    """Start what is due of each schedule that does not rest; one that fails here holds no other one up."""
    going = Schedule.objects.filter(timer__enabled=True)
    for schedule in going.select_related("timer__crontab", "dataset", "run__version", "start_from", "created_by"):
        try:
            schedules.start_if_due(schedule=schedule)
        except Exception:
            logger.exception("Schedule %s failed; it is tried again.", schedule.pk)
