"""Connections, which belong to the server: one is cut off where its reader would keep it for ever."""

from __future__ import annotations

import os
import socket
import struct
from contextlib import suppress
from pathlib import Path

FILES = Path("/dev/fd")
AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: what was not read yet is thrown away


def hang_up(peer: tuple[str, str | int]) -> None:
    """Cut off the connection of this process with a peer, its address and port.

    The server writes to a connection for as long as its reader likes; told to end an answer, it waits for what it
    wrote to be read. So the connection is looked for among the files of this process.
    """
    for number in [int(file.name) for file in FILES.iterdir() if file.is_socket()]:
        with suppress(OSError), socket.socket(fileno=os.dup(number)) as connection:
            if [str(part) for part in connection.getpeername()[:2]] == [str(part) for part in peer]:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
                connection.shutdown(socket.SHUT_RDWR)
