"""Keeps a set of programs running, and ends all of them together."""

import contextlib
import ctypes
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FrameType

logger = logging.getLogger(__name__)

TICK = 0.1  # seconds between two looks at the programs
STEADY = 10.0  # a program that lived this many seconds is started again at once
LONGEST_DELAY = 8.0  # seconds before a program that keeps dying is started again
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Program:
    """A command to keep running; those with a lower rank start first and stop last."""

    name: str
    command: Sequence[str]
    environment: dict[str, str] = field(default_factory=dict)
    rank: int = 1
    delay: float = 0.0  # seconds that it lets the others start first
    grace: float = 6.0  # seconds between SIGTERM and SIGKILL


class Child:
    """One program and the process that runs it now."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.delay = 0.0
        self.start_at = 0.0
        self.start()

    def start(self) -> None:
        """Start the program at the head of a process group of its own."""
        self.started = time.monotonic()
        self.restarting = False
        self.process = start_group(self.program.command, self.program.environment)

    def keep_alive(self) -> None:
        """Start the program again if it died, later and later if it keeps dying."""
        if self.restarting:
            if time.monotonic() >= self.start_at:
                self.start()
        elif self.process.poll() is not None:
            kill_group(self.process)
            lived = time.monotonic() - self.started
            self.delay = 0.0 if lived >= STEADY else min(max(2 * self.delay, 0.5), LONGEST_DELAY)
            self.start_at = time.monotonic() + self.delay
            self.restarting = True
            how = describe_exit(self.process.returncode)
            logger.warning("The %s ended (%s); starting it again.", self.program.name, how)

    def stop(self, until: float) -> None:
        """Wait for the program until a moment of the monotonic clock, then kill what is left."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(max(0.0, until - time.monotonic()))
        kill_group(self.process)
        self.process.wait()


class Supervisor:
    """Run programs until SIGTERM, SIGINT or SIGHUP."""

    def __init__(self, programs: Sequence[Program]) -> None:
        self.waiting = sorted(programs, key=lambda program: program.rank)
        self.children: list[Child] = []
        self.stopping = False

    def run(self, on_tick: Callable[[], None] = lambda: None) -> None:
        """Start everything, keep it alive, call `on_tick` now and then, and stop everything at a signal."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self.ask_to_stop)
        begun = time.monotonic()
        try:
            while not self.stopping:
                self.start_due(time.monotonic() - begun)
                for child in self.children:
                    child.keep_alive()
                on_tick()
                time.sleep(TICK)
        finally:
            self.stop()

    def start_due(self, elapsed: float) -> None:
        """Start the programs whose time has come."""
        due = [program for program in self.waiting if program.delay <= elapsed]
        for program in due:
            self.waiting.remove(program)
            self.children.append(Child(program))

    def ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        """Note that a signal asked for the end."""
        self.stopping = True

    def stop(self) -> None:
        """End the programs, the last started first, each rank at once."""
        for rank in sorted({child.program.rank for child in self.children}, reverse=True):
            same = [child for child in self.children if child.program.rank == rank]
            for child in same:
                with contextlib.suppress(ProcessLookupError):
                    child.process.terminate()
            until = time.monotonic() + max(child.program.grace for child in same)
            for child in same:
                child.stop(until)


def run_to_end(command: Sequence[str]) -> int:
    """Run a command and return its exit status; a signal to end takes it along with everything it started."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(0))
    process = start_group(command, {})
    try:
        return process.wait()
    finally:
        kill_group(process)


def start_group(command: Sequence[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start a command at the head of a process group of its own."""
    variables = {**os.environ, **environment}
    return subprocess.Popen(list(command), env=variables, start_new_session=True, preexec_fn=end_with_parent)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill every process that is still in a group that `start_group` made."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def end_with_parent() -> None:
    """Ask the kernel to end this process if the supervisor itself is killed (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def describe_exit(code: int) -> str:
    """Return how a process ended."""
    return signal.Signals(-code).name if code < 0 else f"exit status {code}"


def say(sentence: str) -> None:
    """Print a sentence at once."""
    print(sentence, flush=True)  # noqa: T201
