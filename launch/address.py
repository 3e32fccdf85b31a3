"""The address that the site is served at: whether it is free, and whether it answers."""

import http.client
import socket
import time

from launch.supervisor import say

PATIENCE = 60.0  # seconds after which a site that does not answer is worth a word


def is_free(host: str, port: int) -> bool:
    """Return whether a server could listen there."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError:
            return False
    return True


class Announcement:
    """Prints the address that people open once, when the site answers."""

    def __init__(self, host: str, port: int, url: str = "") -> None:
        self.host = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104
        self.port = port
        self.url = url
        self.deadline = time.monotonic() + PATIENCE
        self.done = False
        self.warned = False

    def __call__(self) -> None:
        """Look once; say so when the site has begun to answer, or still does not."""
        if self.done:
            return
        if self.answers():
            self.done = True
            say(f"\nGlimpse is ready: open {self.url}/ in your browser. Ctrl-C stops it.\n")
        elif time.monotonic() > self.deadline and not self.warned:
            self.warned = True
            say("The web server does not answer yet; the lines above should say why.")

    def answers(self) -> bool:
        """Return whether anything speaks HTTP at the address."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=3)
        try:
            connection.request("GET", "/")
            connection.getresponse()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        return True
