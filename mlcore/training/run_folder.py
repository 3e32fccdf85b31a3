"""Keep two processes from one run: a lock on its folder, and an end with the parent that started it."""

import fcntl
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from select import select

from mlcore.errors import Stopped, TrainingError

LOCK_FILE = "lock"
ENDED_WITH_PARENT = 143
"""Exit status of a process whose parent is gone: that of one ended by SIGTERM."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder for this process alone; the system lets go when it ends, however it ends.

    Raise TrainingError if another process holds it.
    """
    with (folder / LOCK_FILE).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise TrainingError(f"another process is training into {folder}; wait for it, or choose another") from error
        yield
        (folder / LOCK_FILE).unlink(missing_ok=True)


def end_with_parent(patience: float = 0.0) -> None:
    """End this process at once when its standard input closes, as a pipe does when the process that holds it dies.

    With patience, end it also when nothing has come through for that many seconds: the parent may be frozen.
    """

    def wait() -> None:
        stdin = sys.stdin.fileno()
        while select([stdin], [], [], patience or None)[0] and os.read(stdin, 1024):
            pass
        os._exit(ENDED_WITH_PARENT)

    threading.Thread(target=wait, daemon=True, name="end-with-parent").start()


class Stop:
    """Says, when called, whether an end has been asked for; within `at_once`, the request ends what is done by Stopped.

    Use `at_once` only where all that matters is kept already.
    """

    def __init__(self) -> None:
        self._requested = self._interrupts = False

    def __call__(self) -> bool:
        return self._requested

    def request(self, *_: object) -> None:
        """Ask for an end; takes what a signal gives its handler."""
        self._requested = True
        self._end()

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Raise Stopped as soon as an end is asked for, or was before."""
        self._interrupts = True
        try:
            self._end()
            yield
        finally:
            self._interrupts = False

    def _end(self) -> None:
        if self._requested and self._interrupts:
            raise Stopped("stopped after the last step, as asked; its state is kept")


@contextmanager
def stop_on_terminate() -> Iterator[Stop]:
    """Let SIGTERM ask for an end instead of being one; yield what says whether it has come."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = signal.signal(signal.SIGTERM, stop.request)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGTERM, before)
