"""`make run` as a person meets it: it serves, mends itself, refuses clearly, and leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.running import Process, free_port, wait_until

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ("valkey-server", "webapp.front", "queues interactive", "queues training", "manage.py clock")


class Launched:
    """`python -m launch` over a data folder, on a port of its own."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.port = free_port()
        self.log = data.parent / f"{self.port}.log"
        self.process = Process([sys.executable, "-m", "launch"], log=self.log, env=environment(data, self.port))

    def wait_until_ready(self, seconds: float) -> None:
        """Wait for the line with the address."""
        self.process.wait_for(lambda: f"http://localhost:{self.port}/" in self.log.read_text(), seconds)

    def find(self, words: str) -> list[psutil.Process]:
        """Return its direct children whose command contains some words."""
        children = psutil.Process(self.process.pid).children()
        return [child for child in children if words in command_of(child)]

    def everything(self) -> list[psutil.Process]:
        """Return every process that it has started and that those have started."""
        return psutil.Process(self.process.pid).children(recursive=True)


def command_of(process: psutil.Process) -> str:
    """Return the command of a process, empty once it has died."""
    try:
        return " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return ""


def environment(data: Path, port: int) -> dict[str, str]:
    """Return what a person would set to run Glimpse from a folder, on a port."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("GLIMPSE_", "DJANGO_"))}
    inherited.pop("REDIS_URL", None)
    inherited.pop("DATABASE_URL", None)
    return {**inherited, "GLIMPSE_DATA_DIR": str(data), "GLIMPSE_PORT": str(port), "GLIMPSE_WORKERS": "1"}


@dataclass(frozen=True)
class Ended:
    """What was seen of a first start that SIGTERM ended."""

    data: Path
    port: int
    started: list[psutil.Process]
    left: list[psutil.Process]


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """Start Glimpse for the first time, and end it with SIGTERM."""
    first = Launched(tmp_path_factory.mktemp("launch") / "data")
    try:
        first.wait_until_ready(400)
        wait_until(lambda: all(first.find(words) for words in PROGRAMS))
        started = first.everything()
        os.kill(first.process.pid, signal.SIGTERM)
        wait_until(lambda: not first.process.is_running(), seconds=20)
        return Ended(first.data, first.port, started, [process for process in started if command_of(process)])
    finally:
        first.process.kill()


@pytest.fixture(scope="module")
def launched(ended: Ended) -> Iterator[Launched]:
    """Yield a Glimpse that serves, started for the second time."""
    second = Launched(ended.data)
    try:
        second.wait_until_ready(60)
        wait_until(lambda: all(second.find(words) for words in PROGRAMS))
        yield second
    finally:
        second.process.terminate()
        second.process.end(20)


def test_sigterm_stops_everything(ended: Ended) -> None:
    assert len(ended.started) > len(PROGRAMS)
    assert ended.left == []
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", ended.port))


def test_it_serves_and_runs_every_program(launched: Launched) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{launched.port}/") as page:
        assert page.status == 200
        assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    assert all(launched.find(words) for words in PROGRAMS)


def test_a_second_start_repeats_nothing(launched: Launched) -> None:
    assert "Collecting" not in launched.log.read_text()
    assert "Exporting" not in launched.log.read_text()


def test_the_secret_key_is_made_once_for_its_owner_alone(launched: Launched) -> None:
    key = launched.data / "secret-key"
    assert len(key.read_text()) >= 50
    assert key.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("words", PROGRAMS)
def test_a_killed_program_is_back_in_seconds(launched: Launched, words: str) -> None:
    (before,) = launched.find(words)
    before.send_signal(signal.SIGKILL)
    wait_until(lambda: [child for child in launched.find(words) if child.pid != before.pid], seconds=5)
    assert "WARNING launch.supervisor The " in launched.log.read_text()


def launch_to_its_end(data: Path, port: int) -> subprocess.CompletedProcess[str]:
    """Start Glimpse where it must refuse, and return what it said."""
    command = [sys.executable, "-m", "launch"]
    return subprocess.run(command, cwd=ROOT, env=environment(data, port), capture_output=True, text=True, timeout=60)


def test_a_port_in_use_gets_one_clear_sentence(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        done = launch_to_its_end(tmp_path, port)
    assert done.returncode == 1
    assert done.stderr.strip().splitlines() == [
        f"Port {port} is in use: stop what uses it, or choose another, as in `GLIMPSE_PORT={port + 1} make run`."
    ]


def test_a_data_folder_in_use_gets_one_clear_sentence(launched: Launched) -> None:
    done = launch_to_its_end(launched.data, free_port())
    assert done.returncode == 1
    assert done.stderr.startswith(f"Glimpse already runs from {launched.data}: stop it")
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("server", [["-m", "webapp.front"], ["-c", "import webapp.config.wsgi"]])
def test_production_refuses_to_start_without_a_secret_key(tmp_path: Path, server: list[str]) -> None:
    variables = environment(tmp_path, free_port())
    done = subprocess.run([sys.executable, *server], cwd=ROOT, env=variables, capture_output=True, text=True)
    assert done.returncode != 0
    assert "There is no secret key." in done.stderr


def test_a_server_that_one_stranger_could_stop_is_refused(tmp_path: Path) -> None:
    variables = {**environment(tmp_path, free_port()), "GLIMPSE_SECRET_KEY": 50 * "k"}
    command = [sys.executable, "-c", "import webapp.config.wsgi"]
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("A WSGI server holds a thread for every connection")
    assert "`make run`" in done.stderr
    variables["GLIMPSE_DEBUG"] = "1"
    assert subprocess.run(command, cwd=ROOT, env=variables).returncode == 0


def test_a_proxy_that_is_no_address_is_refused(tmp_path: Path) -> None:
    variables = {**environment(tmp_path, free_port()), "GLIMPSE_SECRET_KEY": 50 * "k"}
    variables["GLIMPSE_PROXIES"] = "10.0.0.0/8,my-proxy"
    command = [sys.executable, "-m", "webapp.front"]
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True)
    assert done.returncode != 0
    assert "GLIMPSE_PROXIES: 'my-proxy' does not appear to be" in done.stderr
