"""Serve the site: `python -m webapp.front`, which `make run` starts."""

import os
import resource

import django
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import Server

APPLICATION = "webapp.front.application:application"
BUFFER = 64 * 1024  # bytes of a connection's buffer; headers that fill it, and at most its double, are refused
GRACE = 4  # seconds that answers under way have when the server is told to stop
BACKLOG = 4096  # connections that the kernel keeps while the server is busy


def main() -> None:
    """Serve until a signal; the server's processes are forked from this one."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.config.settings")
    django.setup()
    from django.conf import settings

    from webapp.config.earlier_layout import refuse_earlier_layout

    refuse_earlier_layout()
    Server(
        APPLICATION,
        address=settings.GLIMPSE_BIND,
        port=settings.GLIMPSE_PORT,
        interface=Interfaces.ASGINL,
        workers=settings.GLIMPSE_WEB_PROCESSES,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(
            header_read_timeout=settings.GLIMPSE_LIMITS["header_seconds"] * 1000, max_buffer_size=BUFFER
        ),
        websockets=False,
        backlog=BACKLOG,
        backpressure=connections(),
        log_level=LogLevels.warning,
        log_dictconfig=settings.LOGGING,
        respawn_failed_workers=True,
        workers_kill_timeout=GRACE,
    ).serve()


def connections() -> int:
    """Return how many connections a process may hold: half of the files it may open, once it may open all it can."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return min(hard, 65_536) // 2


if __name__ == "__main__":
    main()
