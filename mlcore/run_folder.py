"""Keep two processes from one run: a lock on its folder, and an end with the parent that started it."""

import fcntl
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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


def end_with_parent() -> None:
    """End this process at once when its standard input closes, as a pipe does when the process that holds it dies."""

    def wait() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        os._exit(ENDED_WITH_PARENT)

    threading.Thread(target=wait, daemon=True, name="end-with-parent").start()
