"""A web server with hasty limits, and strangers who send it what no browser sends."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.running import Process, free_port, python

TRUSTED = "127.0.0.9"


class Strangers:
    """Connections to a server that stay open until the test is over."""

    def __init__(self, port: int, open_connections: ExitStack) -> None:
        self._port, self._open = port, open_connections

    def send(self, data: bytes, *, address: str = "127.0.0.1") -> socket.socket:
        """Open a connection from an address of this machine, send bytes, and return it."""
        connection = socket.create_connection(("127.0.0.1", self._port), timeout=30, source_address=(address, 0))
        self._open.enter_context(closing(connection))
        connection.sendall(data)
        return connection

    def answer(self, data: bytes, *, address: str = "127.0.0.1") -> bytes:
        """Send bytes, and return all that comes until the server hangs up."""
        connection = self.send(data, address=address)
        return b"".join(iter(lambda: connection.recv(65536), b""))


class Server:
    """The server, its address and its process."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        variables = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "GLIMPSE_DATA_DIR": str(folder),
            "GLIMPSE_PORT": str(self.port),
            "GLIMPSE_WEB_PROCESSES": "1",
            "GLIMPSE_PROXIES": TRUSTED,
        }
        self.process = Process(python("-m", "tests.front.hasty"), log=folder / "web.log", env=variables)
        with httpx.Client(base_url=self.url, timeout=5) as client:
            self.process.wait_for(partial(answers, client))

    def files(self) -> int:
        """Count the files and connections that the serving process holds open."""
        [worker] = self.process.children()
        return len(list(Path(f"/proc/{worker}/fd").iterdir()))


def answers(client: httpx.Client) -> bool:
    """Say whether the server answers yet."""
    try:
        return client.get("/").status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run the server."""
    server = Server(tmp_path_factory.mktemp("front"))
    yield server
    server.process.terminate()
    server.process.end()


@pytest.fixture
def strangers(server: Server) -> Iterator[Strangers]:
    """Yield strangers, who are gone after the test."""
    with ExitStack() as open_connections:
        yield Strangers(server.port, open_connections)


@pytest.fixture
def visitor(server: Server) -> Iterator[httpx.Client]:
    """Return somebody who only wants a page, on a connection of its own each time."""
    limits = httpx.Limits(max_keepalive_connections=0)
    with httpx.Client(base_url=server.url, timeout=60, limits=limits) as client:
        yield client
