"""The process that sweeps jobs and calls every other regular chore."""

import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from webapp.jobs.clock import Clock


class Command(BaseCommand):
    """Run the clock until SIGTERM or SIGINT."""

    requires_system_checks: list[str] = []
    help = "Sweep jobs, and call the chores of GLIMPSE_CLOCK at their times, until stopped."

    def handle(self, *args: Any, **options: Any) -> None:
        """Tick until a signal comes."""
        clock = Clock(settings.GLIMPSE_CLOCK)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_signal: clock.stop())
        self.stdout.write(f"The clock runs {len(settings.GLIMPSE_CLOCK)} chores.")
        clock.run()
