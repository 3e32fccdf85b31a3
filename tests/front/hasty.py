"""The web server with hasty limits, before a site of its own: `python -m tests.front.hasty`.

`/nap` and `/doze` hold a thread until `/wake` is asked, the one as an upload that is being decoded does, the other as a
slow page; `/long` is a download. Every answer says who asked, what was sent, and what was closed before.
"""

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings

from webapp.front import bodies, reception
from webapp.front.reception import Reception

LONG = 64 * 1024 * 1024
HASTY = {"transfer_seconds": 1, "transfer_bytes_per_second": 10_000_000, "header_seconds": 1}
awake = threading.Event()
closed = list[str]()


def site(environ: dict[str, Any], start: Callable[..., object]) -> Iterator[bytes]:
    """Answer as a WSGI application."""
    path = environ["PATH_INFO"]
    start("200 OK", [("Content-Type", "application/json")])
    match path:
        case "/long":
            return download()
        case "/nap" | "/doze":
            awake.wait(30)
        case "/wake":
            awake.set()
    body = environ["wsgi.input"].read()
    names = ("REMOTE_ADDR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_FOR", "SERVER_PROTOCOL", "QUERY_STRING")
    told = {name: environ.get(name) for name in names}
    thread = threading.current_thread().name.partition("_")[0]
    answer = {**told, "path": path, "received": len(body), "thread": thread, "closed": closed}
    return iter([json.dumps(answer).encode()])


def download() -> Iterator[bytes]:
    """Yield a long answer, as a file is read, and note that it was closed."""
    try:
        for _ in range(LONG // 4096):
            yield b"x" * 4096
    finally:
        closed.append("download")


def upload_limit(path: str) -> int:
    """Take files at two addresses."""
    return 1024 * 1024 * 1024 if path in {"/nap", "/upload"} else 0


settings.GLIMPSE_LIMITS = {**settings.GLIMPSE_LIMITS, **HASTY}
reception.upload_limit = upload_limit
reception.DISCARDED_SECONDS = 1
bodies.IN_MEMORY = 16 * 1024
application = Reception(site)

if __name__ == "__main__":
    from webapp.front import __main__ as front

    front.APPLICATION = "tests.front.hasty:application"
    front.main()
