"""Connections, which belong to the server: some are cut off where their readers would keep them for ever."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Set
from contextlib import suppress
from pathlib import Path

Peer = tuple[str, str | int]
FILES = Path("/dev/fd")
AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: what was not read yet is thrown away
TOGETHER = 0.1  # seconds in which those to be cut off gather


class Connections:
    """The connections of this process."""

    def __init__(self) -> None:
        self._peers = set[Peer]()
        self._cutting: asyncio.Task[None] | None = None
        self._one_at_a_time = asyncio.Lock()

    async def hang_up(self, peer: Peer) -> None:
        """Cut off the connection with a peer, its address and port, together with others that gather meanwhile.

        The server writes to a connection for as long as its reader likes; told to end an answer, it waits for what it
        wrote to be read. So the connection is looked for among the files of this process, which may be thousands.
        """
        self._peers.add(peer)
        self._cutting = self._cutting or asyncio.ensure_future(self._cut())
        await asyncio.shield(self._cutting)

    async def _cut(self) -> None:
        await asyncio.sleep(TOGETHER)
        async with self._one_at_a_time:
            peers, self._peers, self._cutting = self._peers, set(), None
            await asyncio.to_thread(cut_off, peers)


def cut_off(peers: Set[Peer]) -> None:
    """Look through the files of this process once, and end the connections with these peers."""
    named = {(str(address), str(port)) for address, port in peers}
    for number in [int(file.name) for file in FILES.iterdir() if file.is_socket()]:
        with suppress(OSError), socket.socket(fileno=os.dup(number)) as connection:
            if tuple(str(part) for part in connection.getpeername()[:2]) in named:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
                connection.shutdown(socket.SHUT_RDWR)
