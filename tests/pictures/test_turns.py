"""Owners take turns at a lock, whoever came with more."""

from __future__ import annotations

import threading

import pytest

from tests.running import wait_until
from webapp.pictures.turns import TurnLock


def waiting(lock: TurnLock) -> int:
    return sum(map(len, lock._waiting.values()))


@pytest.mark.parametrize(
    ("came", "expected"),
    [("AAAB", "BAAA"), ("AAABBC", "BCABAA"), ("BBBA", "BABB"), ("AAA", "AAA"), ("CBCB", "CBCB")],
)
def test_the_lock_goes_from_owner_to_owner(came: str, expected: str) -> None:
    lock, order, threads = TurnLock(), list[str](), list[threading.Thread]()

    def take(whose: str) -> None:
        with lock.turn(whose):
            order.append(whose)

    with lock.turn("A"):
        for n, whose in enumerate(came, 1):
            threads.append(threading.Thread(target=take, args=(whose,)))
            threads[-1].start()
            wait_until(lambda n=n: waiting(lock) == n)  # type: ignore[misc]
    for thread in threads:
        thread.join(10)
    assert "".join(order) == expected
    with lock.turn("D"):
        assert not waiting(lock)


def test_a_turn_that_fails_passes_the_lock_on() -> None:
    lock = TurnLock()
    with pytest.raises(ZeroDivisionError), lock.turn("A"):
        1 / 0  # noqa: B018
    with lock.turn("B"):
        pass
