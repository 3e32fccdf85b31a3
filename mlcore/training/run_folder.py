"""Keep two processes from one run: a lock on its folder, and an end with the parent that started it."""

import fcntl
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from select import select

from mlcore.errors import TrainingError

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


@contextmanager
def stop_on_terminate() -> Iterator[Callable[[], bool]]:
    """Let SIGTERM ask for an end instead of being one; yield what says whether it has come."""
    requested = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield requested.is_set
        return
    before = signal.signal(signal.SIGTERM, lambda *_: requested.set())
    try:
        yield requested.is_set
    finally:
        signal.signal(signal.SIGTERM, before)
