"""Transfers that stand still give way to newcomers, and are cut off together."""

from __future__ import annotations

import asyncio
import socket
from contextlib import ExitStack, closing
from typing import Any

import pytest

from tests.front.stories import told
from webapp.core.errors import Refusal
from webapp.front import connections
from webapp.front.bounds import GaveWay, Transfer, Transfers
from webapp.front.connections import Connections


def still(transfer: Transfer, *, age: float = 0, silence: float = 0) -> asyncio.Task[None]:
    """Begin a step that nobody answers, in a transfer that began and stood still some seconds ago."""
    step = asyncio.ensure_future(transfer.step(asyncio.sleep(60), until=asyncio.get_running_loop().time() + 60))
    step.get_loop().call_soon(_set_back, transfer, age, silence)
    return step


def _set_back(transfer: Transfer, age: float, silence: float) -> None:
    transfer.started -= age
    transfer.awaited_since -= silence


def run(story: Any) -> None:
    """Run a story in an event loop."""
    told(story())


def test_an_address_that_has_all_its_transfers_is_refused_another_and_nobody_else_is() -> None:
    async def story() -> None:
        transfers = Transfers(in_all=10, of_address=2)
        with transfers.transfer("1"), transfers.transfer("1"):
            with pytest.raises(Refusal, match="busy"), transfers.transfer("1"):
                pass
            with transfers.transfer("2"):
                pass
        with transfers.transfer("1"):
            pass

    run(story)


@pytest.mark.parametrize(
    ("ages", "silences", "ended"),
    [
        ((50, 40, 30), (1, 20, 2), 1),  # whoever stood still the longest
        ((50, 1, 30), (1, 1, 0.1), 0),  # but none that has just begun
        ((1, 0.5, 0.1), (1, 0.5, 0.1), 0),  # unless all have
    ],
)
def test_of_the_address_with_most_transfers_one_that_stands_still_gives_way(
    ages: tuple[float, ...], silences: tuple[float, ...], ended: int
) -> None:
    async def story() -> None:
        transfers = Transfers(in_all=4, of_address=3)
        with ExitStack() as stack:
            honest = still(stack.enter_context(transfers.transfer("2")), age=100, silence=25)
            pairs = zip(ages, silences, strict=True)
            steps = [still(stack.enter_context(transfers.transfer("1")), age=a, silence=s) for a, s in pairs]
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            stack.enter_context(transfers.transfer("3"))
            with pytest.raises(GaveWay):
                await steps.pop(ended)
            assert not any(step.done() for step in [honest, *steps])
            for step in [honest, *steps]:
                step.cancel()

    run(story)


def test_connections_are_cut_off_in_one_look_through_the_files(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = list[int]()
    cut_off = connections.cut_off
    monkeypatch.setattr(connections, "cut_off", lambda peers: (looks.append(len(peers)), cut_off(peers)))

    async def story(pairs: list[tuple[socket.socket, socket.socket]]) -> None:
        site = Connections()
        await asyncio.gather(*(site.hang_up(near.getsockname()) for near, _far in pairs[:5]))

    with ExitStack() as stack:
        listener = stack.enter_context(closing(socket.create_server(("127.0.0.1", 0))))
        pairs = list[tuple[socket.socket, socket.socket]]()
        for _ in range(6):
            near = stack.enter_context(closing(socket.create_connection(listener.getsockname(), timeout=30)))
            pairs.append((near, stack.enter_context(closing(listener.accept()[0]))))
        told(story(pairs))
        for near, _far in pairs[:5]:
            assert near.recv(1) == b""
        pairs[5][1].sendall(b"x")
        assert pairs[5][0].recv(1) == b"x"
    assert looks == [5]
