"""A broker that hangs is tried once, and not for long."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.jobs.conftest import sender_to
from webapp.jobs import broker


@pytest.fixture
def hanging() -> Iterator[socket.socket]:
    """Listen as a broker does, and never answer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


def callers(listener: socket.socket) -> int:
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return 0
    return 1 + callers(listener)


def test_one_that_hangs_is_tried_once_for_half_a_second(
    hanging: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender = sender_to(f"redis://127.0.0.1:{hanging.getsockname()[1]}/0")
    timeouts: list[float | None] = []
    connect = socket.socket.connect

    def noting(self: socket.socket, address: object) -> None:
        timeouts.append(self.gettimeout())
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", noting)
    monkeypatch.setattr(broker, "current_app", sender)
    assert not broker.send_id(task_name="rehearse", queue="rehearsals", job_id="1", attempt=0)
    assert timeouts == [0.5]
    assert callers(hanging) == 1
    assert broker.PATIENCE_SECONDS == 0.5
