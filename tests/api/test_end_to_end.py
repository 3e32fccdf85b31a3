"""From pictures to answers through the running site: a web server, a broker, a worker."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from tests.running import wait_until
from tests.stack import Stack

from .client import drawing


class RemoteApi:
    """Speaks to the running site over HTTP."""

    def __init__(self, stack: Stack) -> None:
        self._port = stack.port
        self._token = stack.manage("create_api_token", "ada").strip()

    def json(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Send JSON, and return the status and the answer."""
        return self._send(method, path, None if body is None else json.dumps(body).encode(), "application/json")

    def upload(self, path: str, images: list[SimpleUploadedFile], **fields: str) -> tuple[int, Any]:
        """Send pictures, and return the status and the answer."""
        return self._send("POST", path, encode_multipart(BOUNDARY, {**fields, "images": images}), MULTIPART_CONTENT)

    def _send(self, method: str, path: str, body: bytes | None, content_type: str) -> tuple[int, Any]:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=90)
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": content_type}
        connection.request(method, f"/api/v1{path}", body, headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read() or b"null")


@pytest.fixture
def remote(stack: Stack) -> RemoteApi:
    """Return a client with a token of its own."""
    return RemoteApi(stack)


def test_drawings_are_learned_and_told_apart(remote: RemoteApi) -> None:
    _, support_set = remote.json("POST", "/support-sets", {"name": "Shapes"})
    for shape in ("cross", "ring"):
        images = [drawing(shape, seed) for seed in range(3)]
        status, report = remote.upload(f"/support-sets/{support_set['id']}/images", images, class_name=shape)
        assert (status, len(report["accepted"]), report["refused"]) == (201, 3, [])

    status, started = remote.json("POST", f"/support-sets/{support_set['id']}/classifiers", {})
    assert status == 202
    path = f"/classifiers/{started['id']}"
    classifier = wait_until(lambda: _done(remote.json("GET", path)[1]), 60, "the classifier")
    assert classifier["status"] == "ready", classifier["error"]
    assert classifier["kind"] == "characters"
    assert classifier["class_names"] == ["cross", "ring"]
    assert classifier["seconds"] > 0

    queries = [drawing("ring", 10, "a.png"), drawing("cross", 11, "b.png")]
    status, answer = remote.upload(f"{path}/predictions?wait=60", queries)
    assert (status, answer["status"]) == (200, "ready")
    assert [(query["file"], query["class_name"]) for query in answer["predictions"]] == [
        ("a.png", "ring"),
        ("b.png", "cross"),
    ]
    for query in answer["predictions"]:
        assert query["scores"].keys() == {"cross", "ring"}
        assert sum(query["scores"].values()) == pytest.approx(1.0, abs=1e-3)
        assert query["confidence"] == max(query["scores"].values())
        assert query["nearest"][0]["class_name"] == query["class_name"]
    assert remote.json("GET", f"/predictions/{answer['id']}") == (200, answer)

    status, kept = remote.json(
        "POST", f"/predictions/{answer['id']}/corrections", {"file": "a.png", "class_name": "circle"}
    )
    assert status == 201
    _, now = remote.json("GET", f"/support-sets/{support_set['id']}")
    assert now["classes"][-1] == {"name": "circle", "count": 1, "image_ids": [kept["image_id"]]}
    assert remote.json("DELETE", f"/support-sets/{support_set['id']}") == (204, None)
    assert remote.json("GET", path)[0] == 404


def _done(classifier: dict[str, Any]) -> dict[str, Any] | None:
    """Return the classifier once its learning is over."""
    return classifier if classifier["status"] not in ("queued", "running") else None
