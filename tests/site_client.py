"""A program's way into a running site: the API over real HTTP, with a token."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import httpx

from tests.stack import Stack

ENDED = {"ready", "failed", "cancelled"}


class SiteClient:
    """Speaks to a running site's API as a user of its own."""

    def __init__(self, site: Stack, user: str) -> None:
        token = site.manage("create_api_token", user).strip()
        headers = {"Authorization": f"Bearer {token}"}
        self._http = httpx.Client(base_url=f"{site.url}/api/v1", headers=headers, timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def get(self, path: str) -> Any:
        """Read, and return the body."""
        return self._body(self._http.get(path))

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Send JSON, and return the body of the answer."""
        return self._body(self._http.post(path, json=body or {}))

    def upload(self, path: str, pictures: Mapping[str, bytes], **fields: str) -> Any:
        """Send pictures by their names as a form would, and return the body of the answer."""
        files = [("images", (name, data)) for name, data in pictures.items()]
        return self._body(self._http.post(path, files=files, data=fields))

    def send(self, path: str, photos: Mapping[str, bytes]) -> Any:
        """Send photos by the names of their fields, and return the body of the answer."""
        return self._body(self._http.post(path, files={name: (f"{name}.jpg", data) for name, data in photos.items()}))

    def delete(self, path: str) -> None:
        """Delete."""
        assert self._http.delete(path).status_code == 204

    def support_set(self, name: str, classes: Mapping[str, Mapping[str, bytes]]) -> str:
        """Make a support set with pictures in its classes, and return its id."""
        made: str = self.post("/support-sets", {"name": name})["id"]
        for class_name, pictures in classes.items():
            assert not self.upload(f"/support-sets/{made}/images", pictures, class_name=class_name)["refused"]
        return made

    def wait_for(self, path: str, seconds: float = 30.0) -> Any:
        """Read again and again until a job has ended, and return its body."""
        end = time.monotonic() + seconds
        while (body := self.get(path))["status"] not in ENDED:
            assert time.monotonic() < end, f"{path} has not ended within {seconds} s: {body}"
            time.sleep(0.05)
        return body

    def _body(self, response: httpx.Response) -> Any:
        """Return the body of a good answer."""
        assert response.is_success, f"{response.status_code} {response.text}"
        return response.json()
