"""A lock that owners take in turns: whoever brings many pictures makes nobody wait for more than one of them."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Hashable, Iterator
from contextlib import contextmanager


class TurnLock:
    """Like a `threading.Lock`, but handed from owner to owner, in the order in which owners came."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._holder: Hashable = None
        self._is_held = False
        self._waiting: OrderedDict[Hashable, deque[threading.Event]] = OrderedDict()

    @contextmanager
    def turn(self, whose: Hashable) -> Iterator[None]:
        """Hold the lock for the block; wait for one turn of each other owner at most, and for one's own before."""
        called = self._take_or_line_up(whose)
        if called:
            called.wait()
        try:
            yield
        finally:
            self._pass_on()

    def _take_or_line_up(self, whose: Hashable) -> threading.Event | None:
        """Take the lock if it is free, or return what calls when it is passed on."""
        with self._guard:
            if not self._is_held:
                self._is_held, self._holder = True, whose
                return None
            called = threading.Event()
            self._waiting.setdefault(whose, deque()).append(called)
            return called

    def _pass_on(self) -> None:
        """Call the owner who has waited longest since their last turn; the holder comes last."""
        with self._guard:
            if self._holder in self._waiting:
                self._waiting.move_to_end(self._holder)
            if not self._waiting:
                self._is_held, self._holder = False, None
                return
            self._holder, calls = self._waiting.popitem(last=False)
            calls.popleft().set()
            if calls:
                self._waiting[self._holder] = calls
