"""The supervisor keeps programs running, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from launch import supervisor
from launch.supervisor import Child, Program
from tests.fake_clock import FakeClock
from tests.running import wait_until

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import sys
from launch.supervisor import Program, Supervisor
Supervisor([Program(name, ["sh", "-c", script], rank=int(rank), grace=0.5)
            for name, rank, script in (line.split("|", 2) for line in sys.argv[1:])]).run()
"""


class Supervised:
    """A supervisor in a process of its own; each program writes its process ids into a file."""

    def __init__(self, folder: Path, **scripts: str) -> None:
        self.folder = folder
        lines = [f"{name}|1|echo $$ >> {folder}/{name}; {script}" for name, script in scripts.items()]
        self.process = subprocess.Popen([sys.executable, "-c", SCRIPT, *lines], start_new_session=True, cwd=ROOT)
        wait_until(lambda: all((folder / name).exists() for name in scripts))

    def pids(self, name: str) -> list[int]:
        """Return the process ids that a program has had so far."""
        return [int(line) for line in (self.folder / name).read_text().split()]

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Send the supervisor a signal, and wait for its end."""
        self.process.send_signal(number)
        self.process.wait(10)


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[list[Supervised]]:
    """Yield a list; what a test puts there is killed when it ends."""
    running: list[Supervised] = []
    yield running
    for one in running:
        if one.process.poll() is None:
            one.stop()


def is_alive(pid: int) -> bool:
    """Say whether a process is there and not a zombie."""
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_a_killed_program_is_back_in_seconds(tmp_path: Path, supervised: list[Supervised]) -> None:
    supervised.append(one := Supervised(tmp_path, worker="exec sleep 60"))
    os.kill(one.pids("worker")[0], signal.SIGKILL)
    wait_until(lambda: len(one.pids("worker")) == 2, seconds=4)
    assert is_alive(one.pids("worker")[1])


def test_the_children_of_a_killed_program_go_with_it(tmp_path: Path, supervised: list[Supervised]) -> None:
    supervised.append(one := Supervised(tmp_path, worker=f"sleep 61 & echo $! > {tmp_path}/grandchild; wait"))
    wait_until(lambda: (tmp_path / "grandchild").exists())
    grandchild = int((tmp_path / "grandchild").read_text())
    os.kill(one.pids("worker")[0], signal.SIGKILL)
    wait_until(lambda: not is_alive(grandchild))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_every_program(tmp_path: Path, supervised: list[Supervised], number: int) -> None:
    supervised.append(one := Supervised(tmp_path, web="exec sleep 60", worker="sleep 60 & wait"))
    one.stop(number)
    assert one.process.returncode == 0
    assert not any(is_alive(pid) for name in ("web", "worker") for pid in one.pids(name))


def test_a_program_that_ignores_sigterm_is_killed(tmp_path: Path, supervised: list[Supervised]) -> None:
    supervised.append(one := Supervised(tmp_path, stubborn="trap '' TERM; while true; do sleep 0.1; done"))
    one.stop()
    assert not is_alive(one.pids("stubborn")[0])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_a_killed_supervisor_leaves_nothing_behind(tmp_path: Path, supervised: list[Supervised]) -> None:
    supervised.append(one := Supervised(tmp_path, worker="exec sleep 60"))
    one.stop(signal.SIGKILL)
    wait_until(lambda: not is_alive(one.pids("worker")[0]))


def test_a_program_that_keeps_dying_is_started_ever_more_slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock()
    monkeypatch.setattr(supervisor, "time", clock)
    child = Child(Program("broken", ["false"]))
    delays = []
    for _ in range(3):
        child.process.wait()
        child.keep_alive()
        delays.append(child.delay)
        died = child.process
        child.keep_alive()
        assert child.process is died
        clock.sleep(child.delay)
        child.keep_alive()
        assert child.process is not died
    child.stop(until=0)
    assert delays == [0.5, 1.0, 2.0]


def test_a_signal_while_preparing_takes_everything_along(tmp_path: Path) -> None:
    script = f"sleep 63 & echo $! > {tmp_path}/pid.new; mv {tmp_path}/pid.new {tmp_path}/pid; wait"
    code = f"from launch.supervisor import run_to_end; run_to_end(['sh', '-c', {script!r}])"
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    wait_until((tmp_path / "pid").exists)
    process.send_signal(signal.SIGTERM)
    process.wait(10)
    wait_until(lambda: not is_alive(int((tmp_path / "pid").read_text())))
