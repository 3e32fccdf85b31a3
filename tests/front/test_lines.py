"""Threads are shared out fairly between addresses and people, and a line that is too long sheds who crowds it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from tests.front.stories import told
from webapp.core.errors import Refusal
from webapp.front.bounds import Room
from webapp.front.lines import Gone, Line
from webapp.front.visitors import Visitor

ADA, BEN, CAT = Visitor("1", "ada"), Visitor("1", "ben"), Visitor("2", "cat")


class Held:
    """A line whose threads hold their work until they are let go; `order` is in which it was begun."""

    def __init__(self, threads: int, *, waiting: int = 100, waiting_of_address: int = 100) -> None:
        self.line = Line("held", threads, waiting=waiting, waiting_of_address=waiting_of_address)
        self.order = list[str]()
        self.go = threading.Event()

    def ask(
        self, visitor: Visitor, *, seconds: float = 60, gone: asyncio.Future[None] | None = None
    ) -> asyncio.Task[None]:
        """Ask for a thread."""
        never = asyncio.get_running_loop().create_future()
        work = partial(self._work, visitor.person)
        return asyncio.ensure_future(self.line.run(visitor, work, gone=gone or never, seconds=seconds))

    async def begun(self, number: int) -> list[str]:
        """Wait until so many pieces of work were begun, and return whose."""
        while len(self.order) < number:
            await asyncio.sleep(0.001)
        return self.order

    def _work(self, person: str) -> None:
        self.order.append(person)
        self.go.wait(30)


def run(story: Callable[[], Awaitable[None]]) -> None:
    """Run a story in an event loop."""
    told(story())  # type: ignore[arg-type]


def test_a_person_holds_half_of_the_threads_and_an_address_three_quarters() -> None:
    async def story() -> None:
        held = Held(8)
        asked = [held.ask(ADA) for _ in range(20)] + [held.ask(BEN) for _ in range(20)]
        assert sorted(await held.begun(6)) == ["ada"] * 4 + ["ben"] * 2
        asked += [held.ask(CAT) for _ in range(3)]
        assert sorted(await held.begun(8)) == ["ada"] * 4 + ["ben"] * 2 + ["cat"] * 2
        held.go.set()
        await asyncio.gather(*asked)
        assert len(held.order) == 43

    run(story)


def test_whoever_holds_fewest_threads_is_next() -> None:
    async def story() -> None:
        held = Held(1)
        asked = [held.ask(ADA)]
        await held.begun(1)
        asked += [held.ask(ADA), held.ask(ADA), held.ask(CAT), held.ask(BEN)]
        held.go.set()
        await asyncio.gather(*asked)
        assert sorted(held.order) == ["ada", "ada", "ada", "ben", "cat"]

    run(story)


@pytest.mark.parametrize(
    ("bound", "newcomer"),
    [("waiting_of_address", BEN), ("waiting", CAT)],
    ids=["another person of its address", "another address"],
)
def test_a_crowd_sheds_its_last_and_nobody_elses(bound: str, newcomer: Visitor) -> None:
    async def story() -> None:
        held = Held(1, **{bound: 3})
        first = held.ask(ADA)
        await held.begun(1)
        crowd = [held.ask(ADA) for _ in range(3)]
        await asyncio.sleep(0)
        other = held.ask(newcomer)
        with pytest.raises(Refusal, match="busy") as refused:
            await crowd[-1]
        assert (refused.value.status, refused.value.details["retry_after"]) == (503, 10)
        held.go.set()
        await asyncio.gather(first, *crowd[:2], other)

    run(story)


def test_people_who_are_made_up_do_not_turn_an_address_on_its_honest_one() -> None:
    async def story() -> None:
        held = Held(1, waiting_of_address=8)
        first = held.ask(ADA)
        await held.begun(1)
        honest = [held.ask(BEN), held.ask(BEN)]
        await asyncio.sleep(0)
        crowd = [held.ask(Visitor("1", f"made up {n}")) for n in range(12)]
        refused = await asyncio.wait_for(asyncio.gather(*crowd[6:], return_exceptions=True), 30)
        assert [type(one) for one in refused] == [Refusal] * 6
        held.go.set()
        await asyncio.gather(first, *honest, *crowd[:6])

    run(story)


def test_who_waits_too_long_is_refused_and_who_left_is_forgotten() -> None:
    async def story() -> None:
        held = Held(1)
        first = held.ask(ADA)
        await held.begun(1)
        with pytest.raises(Refusal, match="busy"):
            await held.ask(CAT, seconds=0.01)
        gone = asyncio.get_running_loop().create_future()
        leaving = held.ask(BEN, gone=gone)
        await asyncio.sleep(0)
        gone.set_result(None)
        with pytest.raises(Gone):
            await leaving
        held.go.set()
        await first
        assert held.order == ["ada"]

    run(story)


def test_bytes_are_bounded_for_an_address_and_in_all_but_one_request_alone_always_fits() -> None:
    room = Room(in_all=100, of_address=60)
    with room.share("1") as first:
        room.grow(first, 200)
    with room.share("1") as first, room.share("1") as second, room.share("2") as other:
        room.grow(first, 50)
        for share, number in ((second, 20), (other, 60)):
            with pytest.raises(Refusal, match="busy"):
                room.expect(share, number)
        room.grow(other, 50)
    with room.share("2") as share:
        room.grow(share, 100)
