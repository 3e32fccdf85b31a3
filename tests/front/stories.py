"""Stories in an event loop: each in a thread of its own, since a browser's loop may run in that of the tests."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")
PATIENCE = 60.0  # seconds


def told(story: Coroutine[Any, Any, T]) -> T:
    """Return what comes of a story; raise what it raises, and TimeoutError if it has no end."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, asyncio.wait_for(story, PATIENCE)).result()
