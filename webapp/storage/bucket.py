"""A bucket as the site's storage."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection
from storages.backends.s3 import S3File, S3Storage  # type: ignore[import-untyped]

from webapp.storage.addresses import StorageDown

logger = logging.getLogger(__name__)


@contextmanager
def _storage_down() -> Iterator[None]:
    """Raise StorageDown for whatever says that the bucket does not answer, or cannot just now."""
    try:
        yield
    except (NoConnection, HTTPClientError, ClientError) as error:
        if isinstance(error, ClientError) and error.response["ResponseMetadata"]["HTTPStatusCode"] < 500:
            raise  # it answers, and refuses
        logger.error("The bucket does not answer: %s", error)
        raise StorageDown from error


class BucketStorage(S3Storage):  # type: ignore[misc]
    """A bucket; whatever is asked of it raises StorageDown while it does not answer."""

    _save = _storage_down()(S3Storage._save)
    delete = _storage_down()(S3Storage.delete)
    exists = _storage_down()(S3Storage.exists)
    listdir = _storage_down()(S3Storage.listdir)
    size = _storage_down()(S3Storage.size)
    get_modified_time = _storage_down()(S3Storage.get_modified_time)

    @_storage_down()
    def _open(self, name: str, mode: str = "rb") -> S3File:
        """Open a file; one that is to be read is fetched at once, so that no answer breaks off half-way."""
        return super()._open(name, mode).open()
