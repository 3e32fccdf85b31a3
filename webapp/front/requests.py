"""What the server received, as the site is asked it: the environ of WSGI, with the address that it really came from."""

from __future__ import annotations

import sys
from functools import cached_property
from typing import IO, Any
from urllib.parse import unquote_to_bytes

from django.conf import settings

from webapp.front.visitors import Visitor, client_address, is_trusted, visitor

Scope = dict[str, Any]
FORWARDED = "HTTP_X_FORWARDED_"
"""Headers by which proxies say where a request came from; anybody can write them."""


class Request:
    """One HTTP request, its body aside."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self.method: str = scope["method"]
        self.path = unquote_to_bytes(scope["raw_path"]).decode("latin1")
        self.peer: tuple[str, str | int] = scope["client"]
        peer = self.peer[0]
        self._from_proxy = is_trusted(peer, settings.GLIMPSE_PROXIES)
        self.headers = self._named_headers()
        self.address = client_address(peer, self.headers.get("HTTP_X_FORWARDED_FOR", ""), settings.GLIMPSE_PROXIES)

    @cached_property
    def visitor(self) -> Visitor:
        """Return whose share this request counts against."""
        return visitor(
            self.address,
            cookie=self.headers.get("HTTP_COOKIE", ""),
            authorization=self.headers.get("HTTP_AUTHORIZATION", ""),
            session_cookie=settings.SESSION_COOKIE_NAME,
        )

    @property
    def length(self) -> int:
        """Return the bytes of the body: what the server checked to be one number, or 0."""
        return int(self.headers.get("CONTENT_LENGTH") or 0)

    @property
    def is_for_programs(self) -> bool:
        """Return whether the API is asked, whose errors are JSON."""
        return self.path.startswith("/api/")

    def environ(self, body: IO[bytes], length: int) -> dict[str, Any]:
        """Return what a WSGI application is called with; ``length`` bytes of a body came."""
        host, port = self._scope["server"]
        version = self._scope["http_version"]
        return {
            **self.headers,
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": self.path,
            "QUERY_STRING": self._scope["query_string"].decode("latin1"),
            "CONTENT_LENGTH": str(length),
            "SERVER_NAME": host,
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": f"HTTP/{version}" if "." in version else f"HTTP/{version}.0",
            "REMOTE_ADDR": self.address,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": body,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }

    def _named_headers(self) -> dict[str, str]:
        """Return the headers by WSGI's names, without those that only trusted proxies may send.

        A name with `_` would be taken for the one with `-`, and is left out.
        """
        headers = dict[str, str]()
        for raw_name, raw_value in self._scope["headers"]:
            name, value = raw_name.decode("latin1"), raw_value.decode("latin1")
            key = name.upper().replace("-", "_")
            key = key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"
            if "_" not in name and self._may_say(key):
                headers[key] = f"{headers[key]},{value}" if key in headers else value
        return headers

    def _may_say(self, key: str) -> bool:
        """Return whether a header counts; without known proxies, X-Forwarded-Proto is left to GLIMPSE_HTTPS."""
        if not key.startswith(FORWARDED) or self._from_proxy:
            return True
        return key == "HTTP_X_FORWARDED_PROTO" and not settings.GLIMPSE_PROXIES
