"""Django's answers: made in a thread, portion by portion, and sent at the reader's pace without one.

A stream may hold no database cursor, transaction or lock between two of its chunks: the next portion may be made in
another thread, whenever its reader is ready, while this thread and its connection to the database serve others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

WSGIApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
PORTION = 256 * 1024
"""Bytes that a thread reads of a long answer, such as a file, before somebody else has the thread."""


class Answer:
    """The answer of a WSGI application to one request. Its methods are called in threads, one after another."""

    def __init__(self, site: WSGIApplication, environ: dict[str, Any]) -> None:
        self._site, self._environ = site, environ
        self._content: Iterable[bytes] = ()
        self._chunks: Iterator[bytes] = iter(())
        self.status = 500
        self.headers: list[tuple[bytes, bytes]] = []
        self.over = False

    def begin(self) -> bytes:
        """Ask the site; return the first portion of its content. Status and headers are known then."""
        self._content = self._site(self._environ, self._start)
        self._chunks = iter(self._content)
        return self.portion()

    def portion(self) -> bytes:
        """Return the next portion of the content, the last one with `over` set."""
        portion = bytearray()
        try:
            while len(portion) < PORTION:
                portion += next(self._chunks)
        except StopIteration:
            self.close()
        except BaseException:
            self.close()
            raise
        return bytes(portion)

    def close(self) -> None:
        """Let go of the content, once."""
        if not self.over:
            self.over = True
            getattr(self._content, "close", lambda: None)()

    def _start(self, status: str, headers: list[tuple[str, str]], _error: object = None) -> None:
        self.status = int(status.partition(" ")[0])
        self.headers = [(name.lower().encode("latin1"), value.strip().encode("latin1")) for name, value in headers]
