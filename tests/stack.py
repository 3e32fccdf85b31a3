"""The real site as processes: a web server, workers and the clock, over a data folder, a database and a broker."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import environ
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import connections
from pytest_django import DjangoDbBlocker

from tests.running import Broker, Process, free_port, python

ROOT = Path(__file__).resolve().parent.parent
# The exported photo backbone and the static files, each with the stamp that says what they were made from.
SLOWLY_MADE = ("onnx", "run/onnx", "static", "run/static")
SECRET_KEY = "tests-sign-nothing-of-value-but-need-a-key-of-at-least-fifty-characters"


class Stack:
    """A running site. Start the parts that a test needs; `stop` ends everything."""

    def __init__(
        self, folder: Path, broker: Broker, *, database_url: str = "", environment: Mapping[str, str] | None = None
    ) -> None:
        self.folder = folder
        self.broker = broker
        self.database_url = database_url or f"sqlite:///{folder / 'glimpse.sqlite3'}"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "webapp.config.settings",
            "GLIMPSE_SECRET_KEY": SECRET_KEY,
            "GLIMPSE_DATA_DIR": str(folder),
            "GLIMPSE_DEVICE": "cpu",
            "GLIMPSE_PORT": str(self.port),
            "GLIMPSE_URL": f"http://127.0.0.1:{self.port}",
            "GLIMPSE_WEB_PROCESSES": "1",
            "DATABASE_URL": self.database_url,
            "REDIS_URL": broker.url,
            "PYTHONPATH": str(ROOT),
            "OMP_NUM_THREADS": "1",
            "OMP_WAIT_POLICY": "PASSIVE",
            **(environment or {}),
        }
        self.processes: dict[str, Process] = {}

    def manage(self, *arguments: str) -> str:
        """Run a management command to its end, and return what it printed."""
        return self._run(str(ROOT / "manage.py"), *arguments)

    def set_up(self, kept: Path) -> None:
        """Make everything that `make run` makes before it serves; what is slow to make is kept for the next site."""
        with (kept / "lock").open("w") as lock:
            flock(lock, LOCK_EX)  # another process of tests waits, and copies
            for made in SLOWLY_MADE:
                _copy(kept / made, self.folder / made)
            self._run("-m", "launch.preparation")
            for made in SLOWLY_MADE:
                _copy(self.folder / made, kept / made)

    def start_web(self) -> Process:
        """Start the web server, and wait until it answers."""
        web = self.start("web", "-m", "webapp.front")
        web.wait_for(self._answers)
        return web

    def start_worker(self, queue: str = "interactive", *, name: str = "worker", concurrency: int = 1) -> Process:
        """Start a worker of one queue, and wait until it listens."""
        options = ["--queues", queue, "--concurrency", str(concurrency), "--hostname", f"{name}@%h", "--loglevel=INFO"]
        worker = self.start(name, "-m", "celery", "--app=webapp.config.celery", "worker", *options, "--without-mingle")
        already = worker.log.read_text().count(" ready.")
        worker.wait_for(lambda: worker.log.read_text().count(" ready.") > already)
        return worker

    def start_clock(self) -> Process:
        """Start the clock that sweeps jobs."""
        return self.start("clock", str(ROOT / "manage.py"), "clock")

    def start(self, name: str, *arguments: str) -> Process:
        """Start a Python process of the site; its log is `NAME.log` in the data folder."""
        self.processes[name] = Process(python(*arguments), log=self.folder / f"{name}.log", env=self.environment)
        return self.processes[name]

    def stop(self) -> None:
        """End every process that was started."""
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            process.end()
        self.processes.clear()

    def kill(self) -> None:
        """Kill every process that was started."""
        for process in self.processes.values():
            process.kill()
        self.processes.clear()

    @contextmanager
    def orm(self, blocker: DjangoDbBlocker) -> Iterator[None]:
        """Let the models of the test's own process read and write the site's database."""
        ours = connections.settings["default"]
        with blocker.unblock():
            self._connect(database_settings(self.database_url))
            try:
                yield
            finally:
                self._connect(ours)

    def _run(self, *arguments: str) -> str:
        """Run a Python program of the site to its end, and return what it printed."""
        done = subprocess.run(
            python(*arguments), env=self.environment, cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{' '.join(arguments)} failed:\n{done.stdout}{done.stderr}"
        return done.stdout

    def _connect(self, configuration: dict[str, Any]) -> None:
        """Make the default connection a fresh one with this configuration."""
        connections["default"].close()
        connections.settings["default"] = configuration
        del connections["default"]
        ContentType.objects.clear_cache()  # each database numbers them its own way

    def _answers(self) -> bool:
        """Say whether the web server answers at all."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("HEAD", "/")
            return connection.getresponse().status > 0
        except OSError:
            return False
        finally:
            connection.close()


@contextmanager
def running_site(site: Stack, kept: Path) -> Iterator[Stack]:
    """Set a site up and run every part of it."""
    site.set_up(kept)
    try:
        site.start_web()
        site.start_worker()
        site.start_worker("imports", name="importer")
        site.start_clock()
        yield site
    finally:
        site.stop()
        site.broker.stop()


def _copy(source: Path, target: Path) -> None:
    """Copy a file or a folder, if there is one."""
    target.parent.mkdir(exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    elif source.is_file():
        shutil.copyfile(source, target)


def database_settings(url: str) -> dict[str, Any]:
    """Return what Django needs to connect to a database as the site itself does."""
    configuration = environ.Env.db_url_config(url)
    if configuration["ENGINE"] == "django.db.backends.sqlite3":
        configuration["OPTIONS"] = settings.DATABASES["default"]["OPTIONS"]
    complete: dict[str, Any] = connections.configure_settings({"default": configuration})["default"]
    return complete
