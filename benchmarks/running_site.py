"""A whole Glimpse, started as `make run` starts it, in a data folder of its own, with people who use it over HTTP."""

from __future__ import annotations

import io
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
from PIL import Image, ImageDraw

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 600
JOB_SECONDS = 60


class Site:
    """The running site: its address, its processes, its people."""

    def __init__(self, url: str, process: subprocess.Popen[bytes], environment: dict[str, str]) -> None:
        self.url = url
        self.data_folder = Path(environment["GLIMPSE_DATA_DIR"])
        self._process = process
        self.environment = environment

    def person(self, name: str) -> Person:
        """Sign somebody up, with a browser's session and an API token."""
        browser = httpx.Client(base_url=self.url, timeout=JOB_SECONDS, follow_redirects=True)
        page = browser.get("/account/sign-up/").raise_for_status().text
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        assert token is not None
        form = {"csrfmiddlewaretoken": token[1], "username": name, "password1": "Glimpse-77", "password2": "Glimpse-77"}
        browser.post("/account/sign-up/", data=form, headers={"Referer": self.url}).raise_for_status()
        command = [sys.executable, "manage.py", "create_api_token", name]
        made = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, check=True, text=True)
        return Person(self.url, browser, made.stdout.strip())

    def web_bytes(self) -> list[int]:
        """Return the memory of each web process with its helper: private pages, and shared ones in part."""
        servers = [process for process in self.processes() if "webapp.front" in " ".join(process.cmdline())]
        workers = [server for server in servers if any(server.ppid() == other.pid for other in servers)]
        return [sum(_pss(process) for process in [worker, *worker.children(recursive=True)]) for worker in workers]

    def cpu_seconds(self) -> float:
        """Add up the processor time of all processes, ended helpers included: what a busy machine does not blur."""
        return sum(_cpu(process) for process in self.processes())

    def processes(self) -> list[psutil.Process]:
        """List every process of the site."""
        return psutil.Process(self._process.pid).children(recursive=True)


def _pss(process: psutil.Process) -> int:
    try:
        memory: int = process.memory_full_info().pss
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return 0
    return memory


def _cpu(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


class Person:
    """Somebody who uses the API, and the pages, over a connection that stays open."""

    def __init__(self, url: str, browser: httpx.Client, token: str) -> None:
        self.browser = browser
        self.api = httpx.Client(
            base_url=f"{url}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=JOB_SECONDS
        )

    def teach(self, classes: dict[str, list[bytes]], checkpoint: str) -> tuple[str, str, float]:
        """Upload pictures and learn them; return the ids of support set and classifier, and the seconds of Learn."""
        support_set = self.api.post("/support-sets", json={"name": "Benchmark"}).raise_for_status().json()["id"]
        for name, pictures in classes.items():
            files = [("images", (f"{place}.jpg", data)) for place, data in enumerate(pictures)]
            path = f"/support-sets/{support_set}/images"
            self.api.post(path, data={"class_name": name}, files=files).raise_for_status()
        started = time.perf_counter()
        answer = self.api.post(f"/support-sets/{support_set}/classifiers", json={"checkpoint": checkpoint})
        classifier = answer.raise_for_status().json()["id"]
        self._wait(f"/classifiers/{classifier}")
        return support_set, classifier, time.perf_counter() - started

    def ask(self, classifier: str, picture: bytes) -> tuple[float, httpx.Response]:
        """Ask about one picture; return the seconds to its answer."""
        started = time.perf_counter()
        files = [("images", ("query.jpg", picture))]
        answer = self.api.post(f"/classifiers/{classifier}/predictions", params={"wait": 30}, files=files)
        return time.perf_counter() - started, answer

    def _wait(self, path: str) -> None:
        """Look every 10 ms until a job is ready."""
        until = time.monotonic() + JOB_SECONDS
        while time.monotonic() < until:
            job: dict[str, Any] = self.api.get(path).raise_for_status().json()
            if job["status"] == "ready":
                return
            if job["status"] not in ("queued", "running"):
                raise RuntimeError(f"{path}: {job}")
            time.sleep(0.01)
        raise TimeoutError(path)


@contextmanager
def running_site(*, device: str = "cpu") -> Iterator[Site]:
    """Run the site on a free port of this machine, with nothing left behind; its workers compute on the device."""
    with tempfile.TemporaryDirectory(prefix="glimpse-bench-") as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        environment = {**os.environ, "GLIMPSE_DATA_DIR": folder, "GLIMPSE_PORT": str(port), "GLIMPSE_DEVICE": device}
        environment.pop("DJANGO_SETTINGS_MODULE", None)
        log = Path(folder, "site.log").open("wb")  # noqa: SIM115 - closed below, after the process has ended
        process = subprocess.Popen([sys.executable, "-m", "launch"], cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_until_served(url, process, Path(log.name))
            yield Site(url, process, environment)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)
            log.close()


def _wait_until_served(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            httpx.get(url, timeout=5).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"The site did not start:\n{log.read_text()}")


def photo(width: int, height: int, seed: int, quality: int = 88) -> bytes:
    """Make a JPEG with soft shapes and fine grain, about as hard to decode as a camera's."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (9, 12, 3), dtype=np.uint8))
    soft = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), dtype=np.int16)
    grain = rng.integers(-14, 15, (height // 2 + 1, width // 2 + 1, 1), dtype=np.int16)
    grain = grain.repeat(2, 0).repeat(2, 1)[:height, :width]
    out = io.BytesIO()
    Image.fromarray((soft + grain).clip(0, 255).astype(np.uint8)).save(out, "JPEG", quality=quality)
    return out.getvalue()


def drawing(seed: int, side: int = 400) -> bytes:
    """Make a PNG of pen strokes, as the page's canvas sends it."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (side, side), "white")
    points = [tuple(point) for point in rng.integers(side // 8, side * 7 // 8, (6, 2)).tolist()]
    ImageDraw.Draw(image).line(points, fill="black", width=side // 30, joint="curve")
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
