"""The process of a run: in a group of its own, held by a pipe, watched by a thread, and never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from django.conf import settings

from webapp.jobs.claims import Claim

NICENESS = 10
GRACE_SECONDS = 2.5
"""How long a process that is asked to stop may take to keep its state."""
SIGNS_SECONDS = 0.25
ENVIRONMENT = ["env", "OMP_NUM_THREADS=1", "OMP_WAIT_POLICY=PASSIVE"]


class Child:
    """A process that ends with this one."""

    def __init__(self, command: Sequence[str], *, errors: Path, output: Path = Path(os.devnull)) -> None:
        sign_pipe, self._pipe = os.pipe()
        with errors.open("wb") as stderr, output.open("wb") as stdout:
            self._process = subprocess.Popen(
                [*ENVIRONMENT, "nice", "-n", str(NICENESS), *command],
                stdin=sign_pipe,
                stdout=stdout,
                stderr=stderr,
                process_group=0,
            )
        os.close(sign_pipe)
        self.pid = self._process.pid
        self.was_stopped = False

    @property
    def returncode(self) -> int | None:
        """Return how it ended; nothing while it runs."""
        return self._process.poll()

    def send_sign(self) -> None:
        """Write a sign of life to its pipe."""
        with suppress(OSError):
            os.write(self._pipe, b".")

    def stop(self) -> None:
        """Ask it to keep its state and end, and kill it if it takes too long."""
        self.was_stopped = True
        self._signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE_SECONDS)
        self.kill()

    def kill(self) -> None:
        """Kill it with all that it started."""
        self.was_stopped = True
        self._signal(signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        """End it if it still runs, and let go of the pipe that held it."""
        if self.returncode is None:
            self.kill()
        os.close(self._pipe)

    def _signal(self, number: signal.Signals) -> None:
        if self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, number)


@contextmanager
def bound(child: Child, claim: Claim[Any], *, patience: float) -> Iterator[None]:
    """Send the process signs of life as long as more of the lease than its patience is left; else, end it.

    It is a thread of its own, because the one that writes to the database may hang there.
    """
    done = threading.Event()

    def watch() -> None:
        while not done.wait(SIGNS_SECONDS):
            if claim.lease_left <= patience:
                child.kill()
                return
            child.send_sign()

    thread = threading.Thread(target=watch, name=f"child-{child.pid}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        child.close()


def bond() -> list[str]:
    """Return the options that let a process end with its worker."""
    return ["--end-with-parent", str(patience_seconds())]


def patience_seconds() -> float:
    """Return how long the process waits for a sign of its worker: not longer than the lease of a worker that is silent.

    The worker sends signs as long as more than this is left of its lease, so that the process ends before the lease.
    """
    return float(settings.GLIMPSE_JOBS["lease_seconds"]) / 2
