"""How many processes answer people depends on the device and on what was asked."""

from pathlib import Path

import pytest

from launch import programs
from webapp.config import settings
from webapp.config.site_url import site_url
from webapp.jobs.models import job_models


@pytest.fixture
def four_cores_two_gpus(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Return a patcher for a machine with four cores and two GPUs."""
    monkeypatch.setattr(programs.os, "cpu_count", lambda: 4)
    monkeypatch.setattr(programs.Path, "glob", lambda *_: iter([Path("/dev/nvidia0"), Path("/dev/nvidia1")]))
    monkeypatch.setattr(settings, "GLIMPSE_WORKERS", 0)
    return monkeypatch


@pytest.mark.parametrize(("device", "processes"), [("auto", 2), ("cuda", 2), ("cuda:1", 1), ("cpu", 4)])
def test_one_process_a_gpu_or_one_a_core(four_cores_two_gpus: pytest.MonkeyPatch, device: str, processes: int) -> None:
    four_cores_two_gpus.setattr(settings, "GLIMPSE_DEVICE", device)
    assert programs.interactive_processes() == processes


def test_a_number_that_was_asked_for_is_kept(four_cores_two_gpus: pytest.MonkeyPatch) -> None:
    four_cores_two_gpus.setattr(settings, "GLIMPSE_WORKERS", 3)
    assert programs.interactive_processes() == 3


def test_every_queue_that_a_job_names_has_a_worker() -> None:
    served = {
        each for program in programs.programs() for each in (*program.command, "") if "--queues" in program.command
    }
    assert {model.queue for model in job_models()} - {"rehearsals"} <= served


def test_the_staff_worker_gives_way_to_others() -> None:
    assert list(programs.staff_worker().command[:3]) == ["nice", "-n", "5"]


def test_the_worker_of_imports_gives_way_further() -> None:
    assert list(programs.import_worker().command[:3]) == ["nice", "-n", "10"]


def test_redis_url_leaves_the_embedded_server_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "EMBEDDED_VALKEY", True)
    embedded = [program.name for program in programs.programs()]
    monkeypatch.setattr(settings, "EMBEDDED_VALKEY", False)
    assert [program.name for program in programs.programs()] == embedded[1:]
    assert embedded[0] == "queue"


USUAL = ["localhost", "127.0.0.1", "[::1]"]


@pytest.mark.parametrize(
    ("hosts", "bind", "https", "url"),
    [
        (USUAL, "127.0.0.1", False, "http://localhost:8000"),
        (USUAL, "0.0.0.0", False, "http://localhost:8000"),  # noqa: S104 - which means every address, and is none
        (["*"], "192.0.2.7", False, "http://192.0.2.7:8000"),
        (["localhost", "school.example.org"], "0.0.0.0", False, "http://school.example.org:8000"),  # noqa: S104
        (["school.example.org"], "127.0.0.1", True, "https://school.example.org"),
        ([".example.org"], "2001:db8::1", False, "http://[2001:db8::1]:8000"),
    ],
)
def test_people_are_sent_where_the_site_may_be_called(hosts: list[str], bind: str, https: bool, url: str) -> None:
    assert site_url(hosts=hosts, bind=bind, port=8000, https=https) == url
