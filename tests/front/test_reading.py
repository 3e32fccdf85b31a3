"""Bodies are read at a pace that is demanded, as far as there is room, and uploads take none from forms."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from django.conf import settings

from tests.front.stories import told
from webapp.core.errors import Refusal
from webapp.front import bodies
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


async def read(site: Bodies, receive: Receive, length: int, address: str = "1") -> int:
    """Read a body, and return how long it is."""
    with site.room(length).share(address) as share:
        body = await site.read(receive, length, share)
        with body:
            return len(body.read())


def run(story: Callable[[], Awaitable[None]]) -> None:
    """Run a story in an event loop."""
    told(story())  # type: ignore[arg-type]


def test_bytes_that_came_buy_no_silence() -> None:
    async def story() -> None:
        hasty = Bodies({**LIMITS, "transfer_seconds": 0.05, "transfer_bytes_per_second": 1})
        with pytest.raises(Refusal, match="too slowly") as refused:
            await read(hasty, Sender(b"x" * MEGABYTE, whole=False), 2 * MEGABYTE)
        assert refused.value.status == 408

    run(story)


def test_uploads_that_fill_their_room_leave_forms_theirs() -> None:
    async def story() -> None:
        site, length = Bodies(LIMITS), 2 * MEGABYTE
        strangers = {address: Sender(b"x" * length, whole=False) for address in "1234"}
        stalled = [asyncio.ensure_future(read(site, strangers[one], length, one)) for one in strangers]
        for stranger in strangers.values():
            await stranger.is_silent.wait()
        with pytest.raises(Refusal, match="busy"):
            await read(site, Sender(b"x" * length), length, "5")
        assert await read(site, Sender(b"x" * 200), 200, "5") == 200
        assert await read(site, Sender(b"x" * 200), 200, "1") == 200
        for task in stalled:
            task.cancel()

    run(story)


@pytest.mark.parametrize(("megabytes", "is_read"), [(20, True), (21, False)])
def test_an_upload_needs_room_on_the_disk_for_its_body_and_djangos_copy(
    monkeypatch: pytest.MonkeyPatch, megabytes: int, is_read: bool
) -> None:
    monkeypatch.setattr(bodies, "_free_bytes", lambda: LIMITS["free_disk_bytes"] + 40 * MEGABYTE)

    async def story() -> None:
        reading = read(Bodies(LIMITS), Sender(b"x"), megabytes * MEGABYTE)
        if is_read:
            assert await reading == 1
        else:
            with pytest.raises(Refusal, match="busy"):
                await reading

    run(story)


def test_an_upload_ends_when_others_fill_the_disk_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    free = iter([400, 380, 20])
    monkeypatch.setattr(bodies, "_free_bytes", lambda: LIMITS["free_disk_bytes"] + next(free) * MEGABYTE)

    async def story() -> None:
        sender = Sender(*[b"x" * MEGABYTE] * 64)
        with pytest.raises(Refusal, match="busy"):
            await read(Bodies(LIMITS), sender, 64 * MEGABYTE)
        assert not sender.is_silent.is_set()
        assert list(free) == []

    run(story)


def test_a_full_disk_is_said_to_be_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies.tempfile, "SpooledTemporaryFile", lambda _size: Path("/dev/full").open("r+b"))  # noqa: SIM115 - closed by who reads

    async def story() -> None:
        for length in (200, MEGABYTE):  # at the end, and on the way
            with pytest.raises(Refusal, match="busy"):
                await read(Bodies(LIMITS), Sender(b"x" * length), length)

    run(story)


def test_a_page_of_staff_takes_files_only_where_a_session_is() -> None:
    path = "/admin/datasets/dataset/add/"
    check_sender(path, 500 * MEGABYTE, "session")
    check_sender(path, MEGABYTE, "")
    with pytest.raises(Refusal, match="Sign in before you send a file"):
        check_sender(path, 500 * MEGABYTE, "")
