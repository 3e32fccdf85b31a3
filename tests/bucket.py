"""A bucket in a server of its own on this machine, as S3 is, for the site to keep its files in."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import Request, urlopen
from uuid import uuid4

import boto3
from botocore.config import Config
from django.conf import settings
from django.test import override_settings
from moto.server import ThreadedMotoServer

from webapp.storage.addresses import storage_at

KEYS = {"AWS_ACCESS_KEY_ID": "tests", "AWS_SECRET_ACCESS_KEY": "open nothing of value"}
PREFIX = "site"


class Bucket:
    """One bucket; the site keeps its files under a prefix of it."""

    def __init__(self, endpoint: str) -> None:
        self.name = f"glimpse-{uuid4().hex[:8]}"
        self.endpoint = endpoint
        self.url = f"s3://{self.name}/{PREFIX}?endpoint={endpoint}&region=eu-central-1"
        key, secret = KEYS.values()
        self._s3 = boto3.resource(
            "s3", endpoint_url=endpoint, aws_access_key_id=key, aws_secret_access_key=secret, region_name="us-east-1"
        )
        self._s3.create_bucket(Bucket=self.name)

    @property
    def names(self) -> set[str]:
        """Name everything that lies under the prefix, as the site does."""
        return {each.key.removeprefix(f"{PREFIX}/") for each in self._s3.Bucket(self.name).objects.all()}

    def put(self, name: str, content: bytes) -> None:
        """Put a file there behind the site's back."""
        self._s3.Object(self.name, f"{PREFIX}/{name}").put(Body=content)

    def ask_as_stranger(self, name: str) -> int:
        """Ask for a file without a key, and return the status; raise HTTPError if that is refused."""
        request = Request(f"{self.endpoint}/{self.name}/{PREFIX}/{name}")  # noqa: S310 - on this machine
        with urlopen(request) as answer:  # noqa: S310
            status: int = answer.status
        return status


@contextmanager
def s3_server() -> Iterator[str]:
    """Run the server on a free port of this machine alone, and give its address."""
    server: Any = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@contextmanager
def out_of_reach(bucket: Bucket) -> Iterator[None]:
    """Let the site look for its bucket where nothing listens, and once only, for as long as the block runs."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        entry = storage_at(bucket.url.replace(bucket.endpoint, f"http://127.0.0.1:{taken.getsockname()[1]}"))
        once = Config(retries={"total_max_attempts": 1})
        entry["OPTIONS"]["client_config"] = entry["OPTIONS"]["client_config"].merge(once)
        with override_settings(STORAGES={**settings.STORAGES, "default": entry}):
            yield
