"""How much may be under way at once, from one address and in all, before any of it holds a thread."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf
from typing import Any, TypeVar

from django.utils.translation import gettext as _

from webapp.core.errors import Refusal

T = TypeVar("T")
RETRY_SECONDS = 10
SPARED_SECONDS = 2  # that a transfer has to show its pace


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


class TooSlow(Exception):
    """The other end does not keep up the pace that is demanded."""


class GaveWay(TooSlow):
    """Others came, and this one had stood still the longest."""


@dataclass(eq=False)
class Transfer:
    """One body on its way in, or one answer on its way out, at the pace of whoever is at the other end.

    awaited_since: the moment of the loop's clock since which the other end is waited for; never, while it is not.
    """

    address: str
    started: float
    awaited_since: float = inf
    gave_way: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    async def step(self, coroutine: Coroutine[Any, Any, T], *, until: float) -> T:
        """Return what the other end is waited for; raise TooSlow at a moment of the loop's clock, or GaveWay."""
        task = asyncio.ensure_future(coroutine)
        self.awaited_since = asyncio.get_running_loop().time()
        seconds = max(0.0, until - self.awaited_since)
        try:
            either: set[asyncio.Future[Any]] = {task, self.gave_way}
            await asyncio.wait(either, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            raise GaveWay if self.gave_way.done() else TooSlow
        finally:
            self.awaited_since = inf
            task.cancel()


class Transfers:
    """Transfers under way: so many in all, so many with one address.

    An address that has all of its own is refused another. Beyond the number in all, one gives way to a newcomer: of
    the address that has most, whichever stood still the longest, if possible none that has just begun.
    """

    def __init__(self, *, in_all: int, of_address: int) -> None:
        self._in_all, self._of_address = in_all, of_address
        self._under_way = set[Transfer]()

    @contextmanager
    def transfer(self, address: str) -> Iterator[Transfer]:
        """Yield a transfer, which is under way for as long as the block; raise Refusal if the address has its own."""
        self.expect(address)
        if len(self._under_way) >= self._in_all:
            self._end_one()
        transfer = Transfer(address, asyncio.get_running_loop().time())
        self._under_way.add(transfer)
        try:
            yield transfer
        finally:
            self._under_way.discard(transfer)

    def expect(self, address: str) -> None:
        """Raise Refusal if an address can have no other transfer now."""
        if sum(transfer.address == address for transfer in self._under_way) >= self._of_address:
            raise too_busy()

    def _end_one(self) -> None:
        now = asyncio.get_running_loop().time()
        numbers = Counter(transfer.address for transfer in self._under_way)
        largest = max(numbers.values())
        crowd = [transfer for transfer in self._under_way if numbers[transfer.address] == largest]
        stillest = max(crowd, key=lambda one: (now - one.started > SPARED_SECONDS, now - one.awaited_since))
        self._under_way.discard(stillest)
        if not stillest.gave_way.done():
            stillest.gave_way.set_result(None)
