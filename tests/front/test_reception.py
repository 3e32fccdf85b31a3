"""What a reception answers, whatever the site and whoever asks do."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from tests.front.stories import told
from webapp.front import bodies, reception
from webapp.front.connections import Connections
from webapp.front.reception import Message, Reception


def site(environ: dict[str, Any], start: Callable[..., object]) -> Iterable[bytes]:
    """Answer as a WSGI application."""
    start("200 OK", [])
    return broken() if environ["PATH_INFO"] == "/broken" else [environ["wsgi.input"].read()]


def broken() -> Iterator[bytes]:
    """Yield an answer whose storage does not go on."""
    yield b"x" * 300_000
    raise TimeoutError("the storage does not answer")


class Asker:
    """Who sends a request to a reception, chunk by chunk of its body, and keeps the answer."""

    def __init__(self, path: str, *chunks: bytes, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
        scope = {"method": "POST", "raw_path": path.encode(), "query_string": b"", "http_version": "1.1"}
        self._scope = {**scope, "client": ("203.0.113.1", 5000), "server": ("127.0.0.1", 8000), "headers": headers}
        self.unsent = list(chunks)
        self.answer = list[Message]()

    def ask(self) -> None:
        """Have the request answered."""
        told(Reception(site)(self._scope, self._receive, self._send))

    async def _receive(self) -> Message:
        if not self.unsent:
            await asyncio.get_running_loop().create_future()
        return {"type": "http.request", "body": self.unsent.pop(0), "more_body": bool(self.unsent)}

    async def _send(self, message: Message) -> None:
        self.answer.append(message)


def test_an_answer_that_the_site_breaks_off_is_logged_and_its_reader_not_blamed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    blamed = list[Any]()

    async def hang_up(_connections: Connections, peer: Any) -> None:
        blamed.append(peer)

    monkeypatch.setattr(Connections, "hang_up", hang_up)
    monkeypatch.setattr(reception.logger, "propagate", True)
    with caplog.at_level(logging.ERROR):
        Asker("/broken").ask()
    assert blamed == []
    assert "the storage does not answer" in caplog.text


@pytest.mark.parametrize(
    ("length", "header", "status"),
    [(b"900", (b"transfer-encoding", b"chunked"), 411), (b"900000", (b"accept", b"*/*"), 503)],
)
def test_whoever_is_refused_while_sending_is_heard_out(
    monkeypatch: pytest.MonkeyPatch, length: bytes, header: tuple[bytes, bytes], status: int
) -> None:
    monkeypatch.setattr(bodies, "_free_bytes", lambda: 0)
    asker = Asker("/account/sign-in/", *[b"x" * 100] * 9, headers=[(b"content-length", length), header])
    asker.ask()
    assert asker.answer[0]["status"] == status
    assert asker.unsent == []
