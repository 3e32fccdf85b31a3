"""Call chores again and again, each on its own beat."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping

from django.db import connection
from django.utils.module_loading import import_string

logger = logging.getLogger(__name__)


class Clock:
    """A thread for each chore, so that a slow chore never delays another, and a failing one is called again."""

    def __init__(self, chores: Mapping[str, float]) -> None:
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._tick, args=(path, seconds), name=path, daemon=True)
            for path, seconds in chores.items()
        ]

    def start(self) -> None:
        """Tick beside whatever else this process does, and end with it."""
        for thread in self._threads:
            thread.start()

    def run(self) -> None:
        """Tick until `stop` is called."""
        self.start()
        for thread in self._threads:
            thread.join()

    def stop(self) -> None:
        """Let the chores that run now come to their end, and start no other."""
        self._stopping.set()

    def _tick(self, path: str, seconds: float) -> None:
        """Call the chore at a dotted path, then rest, until the clock stops."""
        while not self._stopping.is_set():
            call(path)
            connection.close_if_unusable_or_obsolete()
            self._stopping.wait(seconds)
        connection.close()


def call(path: str) -> None:
    """Call the chore at a dotted path; one that fails is logged, and is called again at its time."""
    try:
        import_string(path)()
    except Exception:
        logger.exception("%s failed; it is called again.", path)
