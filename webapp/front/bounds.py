"""How much may be under way at once, from one address and in all, before any of it holds a thread."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.utils.translation import gettext as _

from webapp.core.errors import Refusal

T = TypeVar("T")
RETRY_SECONDS = 10


def too_busy() -> Refusal:
    """Return the refusal of what there is no room for now."""
    return Refusal("too_busy", _("The site is busy. Please try again in a moment."), retry_after=RETRY_SECONDS)


@dataclass(eq=False)
class Share:
    """The bytes that one request holds until it is answered."""

    room: Room
    address: str
    bytes: int = 0


class Room:
    """Bytes of requests: so many in all, so many from one address. A request that is alone always has room."""

    def __init__(self, *, in_all: int, of_address: int) -> None:
        self._in_all, self._of_address = in_all, of_address
        self._held = Counter[str]()

    @contextmanager
    def share(self, address: str) -> Iterator[Share]:
        """Yield what a request of this address holds, for as long as the block."""
        share = Share(self, address)
        try:
            yield share
        finally:
            self._held[address] -= share.bytes
            self._held += Counter()  # drops addresses that hold nothing

    def expect(self, share: Share, number: int) -> None:
        """Raise Refusal if a request could not hold so many more bytes now."""
        held, in_all = self._held[share.address], self._held.total()
        beyond_address = held > share.bytes and held + number > self._of_address
        if beyond_address or (in_all > share.bytes and in_all + number > self._in_all):
            raise too_busy()

    def grow(self, share: Share, number: int) -> None:
        """Hold so many more bytes; raise Refusal if there is no room for them."""
        self.expect(share, number)
        share.bytes += number
        self._held[share.address] += number


class GaveWay(Exception):
    """Others came, and this was the slowest."""


@dataclass(eq=False)
class Transfer:
    """One body on its way in, or one answer on its way out, at the pace of whoever is at the other end."""

    address: str
    started: float
    bytes: int = 0
    gave_way: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    async def step(self, coroutine: Coroutine[Any, Any, T], *, until: float) -> T:
        """Return what the other end is waited for; raise TimeoutError at a moment of the loop's clock, or GaveWay."""
        task = asyncio.ensure_future(coroutine)
        seconds = max(0.0, until - asyncio.get_running_loop().time())
        try:
            either: set[asyncio.Future[Any]] = {task, self.gave_way}
            await asyncio.wait(either, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            raise GaveWay if self.gave_way.done() else TimeoutError
        finally:
            task.cancel()


class Transfers:
    """Transfers under way: so many in all, so many with one address; beyond that the slowest gives way."""

    def __init__(self, *, in_all: int, of_address: int) -> None:
        self._in_all, self._of_address = in_all, of_address
        self._under_way = set[Transfer]()

    @contextmanager
    def transfer(self, address: str) -> Iterator[Transfer]:
        """Yield a transfer, which is under way for as long as the block."""
        transfer = Transfer(address, asyncio.get_running_loop().time())
        self._make_place(address)
        self._under_way.add(transfer)
        try:
            yield transfer
        finally:
            self._under_way.discard(transfer)

    def _make_place(self, address: str) -> None:
        if len(self._under_way) < self._of_address:
            return
        same = [transfer for transfer in self._under_way if transfer.address == address]
        if len(same) >= self._of_address:
            self._end_slowest(same)
        elif len(self._under_way) >= self._in_all:
            self._end_slowest(list(self._under_way))

    def _end_slowest(self, transfers: list[Transfer]) -> None:
        now = asyncio.get_running_loop().time()
        slowest = min(transfers, key=lambda transfer: (transfer.bytes + 1) / (now - transfer.started + 0.001))
        self._under_way.discard(slowest)
        if not slowest.gave_way.done():
            slowest.gave_way.set_result(None)
