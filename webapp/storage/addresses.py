"""Where people's pictures, data sets, states and checkpoints lie: on the local disk, or in a bucket."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _

from webapp.core.errors import Refusal

LOCAL = {"BACKEND": "django.core.files.storage.FileSystemStorage"}
OPTIONS = ("endpoint", "region")
MEMORY_BYTES = 8 * 2**20
"""What is read from a bucket and is larger than this passes through a temporary file."""

RETRY_SECONDS = 30


class StorageDown(Refusal):
    """The storage does not answer, or cannot just now: nobody's mistake, and over when it is up again."""

    def __init__(self) -> None:
        message = _(
            "The place where this site keeps its files does not answer just now. What you made is safe; wait a minute,"
            " then try again."
        )
        super().__init__("storage_down", message, retry_after=RETRY_SECONDS)


def storage_at(url: str) -> dict[str, Any]:
    """Return the entry of `STORAGES` for an address: nothing is the local disk, else s3://BUCKET/PREFIX?endpoint=URL.

    Keys are taken from where all programs of AWS take them, such as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
    Raise ImproperlyConfigured for an address that is none.
    """
    if not url:
        return LOCAL
    parts, options = urlsplit(url), dict(parse_qsl(urlsplit(url).query))
    if parts.scheme != "s3" or not parts.netloc or "@" in parts.netloc or set(options) - set(OPTIONS):
        raise ImproperlyConfigured(
            "GLIMPSE_STORAGE_URL is to be s3://BUCKET/PREFIX, with ?endpoint=URL for a server that is not Amazon’s and"
            " &region=NAME where one is needed; keys go into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        )
    endpoint = options.get("endpoint")
    return {
        "BACKEND": "webapp.storage.bucket.BucketStorage",
        "OPTIONS": {
            "bucket_name": parts.netloc,
            "location": parts.path.strip("/"),
            "endpoint_url": endpoint,
            "region_name": options.get("region"),
            "file_overwrite": False,
            "max_memory_size": MEMORY_BYTES,
            "client_config": _client(at_amazon=endpoint is None),
        },
    }


def _client(*, at_amazon: bool) -> Any:
    """Return a client whose patience ends, so that a bucket that hangs holds no page up for ever."""
    from botocore.config import Config  # late, so that sites on the local disk do without

    others: dict[str, Any] = {
        "s3": {"addressing_style": "path"},  # their buckets seldom have names in the DNS
        "request_checksum_calculation": "when_required",  # few of them know the newer checksums
        "response_checksum_validation": "when_required",
    }
    patience = {"connect_timeout": 5, "read_timeout": 30, "retries": {"mode": "standard", "total_max_attempts": 3}}
    return Config(signature_version="s3v4", **patience, **({} if at_amazon else others))
