"""A cable between a worker and its database that can be pulled: nothing comes through, and nobody is told."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

CHUNK = 1 << 16


class Cable:
    """A proxy from a port of its own to another port of this machine."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._whole = threading.Event()
        self._whole.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def pull(self) -> None:
        """Block everything; connections stay open, as they do where a cable is pulled."""
        self._whole.clear()

    def plug_in(self) -> None:
        """Pass everything on again."""
        self._whole.set()

    def close(self) -> None:
        """Refuse new connections."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _address = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._to))
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(source, target), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError), source, target:
            while data := source.recv(CHUNK):
                self._whole.wait()
                target.sendall(data)
