"""Threads that visitors share, and the line before them: whoever holds the fewest is next."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from webapp.front.bounds import too_busy
from webapp.front.visitors import Visitor

T = TypeVar("T")


class Gone(Exception):
    """Nobody waits for the answer any more."""


class Line:
    """A pool of threads before which requests wait in the event loop, fairly between addresses and their people.

    A person holds at most half of the threads and an address three quarters, even while nobody else waits: the next
    visitor finds a free one. Where too many wait, the last to come of the address with most of them is refused, or the
    last of one person who is more than half of these. What is said of people holds among honest ones only: anybody can
    be many, by cookies that are made up, and is held by what is said of addresses.
    waiting: how many may wait in all, and of one address.
    """

    def __init__(self, name: str, threads: int, *, waiting: int, waiting_of_address: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._places = threads
        self._of_person, self._of_address = max(1, threads // 2), max(1, threads - threads // 4)
        self._most_waiting, self._most_of_address = waiting, waiting_of_address
        self._people, self._addresses = Counter[Visitor](), Counter[str]()
        self._waiting = dict[asyncio.Future[None], Visitor]()  # in the order in which they came

    async def run(self, visitor: Visitor, work: Callable[[], T], *, gone: asyncio.Future[None], seconds: float) -> T:
        """Return the result of work done in a thread; raise Refusal if none comes free in time, or Gone."""
        if gone.done():
            raise Gone
        await self._place(visitor, gone, seconds)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._count(visitor, -1)
            self._call()

    async def _place(self, visitor: Visitor, gone: asyncio.Future[None], seconds: float) -> None:
        """Wait until a thread is this visitor's."""
        called: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[called] = visitor
        self._call()
        self._keep_short(visitor)
        await asyncio.wait({called, gone}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if not called.done():
            del self._waiting[called]
            raise Gone if gone.done() else too_busy()
        called.result()

    def _call(self) -> None:
        """Call whoever is next to the threads that are free."""
        while self._people.total() < self._places and (next_one := self._next()):
            visitor = self._waiting.pop(next_one)
            self._count(visitor, +1)
            next_one.set_result(None)

    def _next(self) -> asyncio.Future[None] | None:
        """Return who holds fewest threads of those who may hold another, the first to come among equals."""
        eligible = {
            called: (self._addresses[visitor.address], self._people[visitor])
            for called, visitor in self._waiting.items()
            if self._addresses[visitor.address] < self._of_address and self._people[visitor] < self._of_person
        }
        return min(eligible, key=lambda called: eligible[called], default=None)

    def _keep_short(self, visitor: Visitor) -> None:
        """Refuse one of those who wait if they are too many."""
        addresses = Counter(waiting.address for waiting in self._waiting.values())
        if addresses[visitor.address] > self._most_of_address:
            self._refuse_last(visitor.address)
        elif addresses.total() > self._most_waiting:
            self._refuse_last(addresses.most_common(1)[0][0])

    def _refuse_last(self, address: str) -> None:
        """Refuse the last to come of an address, or of the person who crowds it."""
        same = {called: visitor for called, visitor in self._waiting.items() if visitor.address == address}
        [(person, number)] = Counter(same.values()).most_common(1)
        crowd = [called for called, visitor in same.items() if visitor == person or 2 * number <= len(same)]
        del self._waiting[crowd[-1]]
        crowd[-1].set_exception(too_busy())

    def _count(self, visitor: Visitor, change: int) -> None:
        self._people[visitor] += change
        self._addresses[visitor.address] += change
        self._people += Counter()  # drops who holds none
        self._addresses += Counter()
