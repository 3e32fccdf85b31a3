"""Real worker processes load what goes live before anybody asks for it, and their parent never loads torch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker, Settings

from tests.checkpoints.candidates import registered, tiny
from tests.running import made, valkey, wait_until
from tests.stack import Stack
from webapp.checkpoints.models import Checkpoint

PROCESSES = 2


@pytest.fixture
def site(server_folder: Path, django_db_blocker: DjangoDbBlocker, settings: Settings) -> Iterator[Stack]:
    """Prepare a site whose database and files are also those of the test's own process."""
    folder = made(server_folder / "preload")
    site = Stack(folder, valkey(folder))
    site.manage("migrate", "--skip-checks", "--verbosity=0")
    settings.MEDIA_ROOT = folder / "media"
    with site.orm(django_db_blocker):
        yield site
    site.kill()
    site.broker.stop()


def test_each_process_loads_what_goes_live_before_anybody_asks(site: Stack, tmp_path: Path) -> None:
    first = registered(tiny(tmp_path, "first"), live=True)
    second = registered(tiny(tmp_path, "second"))
    worker = site.start_worker(concurrency=PROCESSES)

    def loads(checkpoint: Checkpoint) -> int:
        return worker.log.read_text().count(f"Loaded checkpoint {checkpoint.pk} on")

    wait_until(lambda: loads(first) == PROCESSES, 60, what="the first in each process")
    assert loads(second) == 0
    Checkpoint.objects.update(live=False)
    Checkpoint.objects.filter(pk=second.pk).update(live=True)
    wait_until(lambda: loads(second) == PROCESSES, 30, what="the second in each process")
    assert len(worker.children()) == PROCESSES
    assert "libtorch" not in Path(f"/proc/{worker.pid}/maps").read_text()
    assert all("libtorch" in Path(f"/proc/{child}/maps").read_text() for child in worker.children())
