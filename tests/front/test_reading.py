"""Bodies are read at a pace that is demanded, as far as there is room, and uploads take none from forms."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from django.conf import settings

from webapp.core.errors import Refusal
from webapp.front.bodies import MEGABYTE, Bodies, Message, Receive, check_sender

LIMITS = {**settings.GLIMPSE_LIMITS, "bodies_bytes": 8 * MEGABYTE, "bodies_bytes_of_address": 2 * MEGABYTE}


class Sender:
    """Who sends a body in chunks, and then nothing any more; `is_silent` once that is so."""

    def __init__(self, *chunks: bytes, whole: bool = True) -> None:
        self._chunks, self._whole = list(chunks), whole
        self.is_silent = asyncio.Event()

    async def __call__(self) -> Message:
        """Receive the next chunk."""
        if not self._chunks:
            self.is_silent.set()
            await asyncio.get_running_loop().create_future()
        chunk = self._chunks.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(self._chunks) or not self._whole}


async def read(bodies: Bodies, receive: Receive, length: int, address: str = "1") -> int:
    """Read a body, and return how long it is."""
    with bodies.room(length).share(address) as share:
        body = await bodies.read(receive, length, share)
        with body:
            return len(body.read())


def run(story: Callable[[], Awaitable[None]]) -> None:
    """Run a story in an event loop."""
    asyncio.run(asyncio.wait_for(story(), 60))  # type: ignore[arg-type]


def test_bytes_that_came_buy_no_silence() -> None:
    async def story() -> None:
        bodies = Bodies({**LIMITS, "transfer_seconds": 0.05, "transfer_bytes_per_second": 1})
        with pytest.raises(Refusal, match="too slowly") as refused:
            await read(bodies, Sender(b"x" * MEGABYTE, whole=False), 2 * MEGABYTE)
        assert refused.value.status == 408

    run(story)


def test_uploads_that_fill_their_room_leave_forms_theirs() -> None:
    async def story() -> None:
        bodies, length = Bodies(LIMITS), 2 * MEGABYTE
        strangers = {address: Sender(b"x" * length, whole=False) for address in "1234"}
        stalled = [asyncio.ensure_future(read(bodies, strangers[one], length, one)) for one in strangers]
        for stranger in strangers.values():
            await stranger.is_silent.wait()
        with pytest.raises(Refusal, match="busy"):
            await read(bodies, Sender(b"x" * length), length, "5")
        assert await read(bodies, Sender(b"x" * 200), 200, "5") == 200
        assert await read(bodies, Sender(b"x" * 200), 200, "1") == 200
        for task in stalled:
            task.cancel()

    run(story)


def test_a_page_of_staff_takes_files_only_where_a_session_is() -> None:
    path = "/admin/datasets/dataset/add/"
    check_sender(path, 500 * MEGABYTE, "session")
    check_sender(path, MEGABYTE, "")
    with pytest.raises(Refusal, match="Sign in before you send a file"):
        check_sender(path, 500 * MEGABYTE, "")
