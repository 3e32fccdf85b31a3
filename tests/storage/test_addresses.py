"""One address says where files are kept: the local disk, or a bucket."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from pytest_django import Settings

from launch.preparation import require_storage
from tests.bucket import Bucket
from webapp.storage.addresses import storage_at


def test_files_lie_on_the_local_disk_unless_an_address_is_given() -> None:
    assert storage_at("") == {"BACKEND": "django.core.files.storage.FileSystemStorage"}


def test_an_address_names_the_bucket_the_prefix_and_the_server() -> None:
    entry = storage_at("s3://pictures/a/site/?endpoint=https://store.example:9000&region=eu-west-1")
    options = entry["OPTIONS"]
    assert entry["BACKEND"] == "webapp.storage.bucket.BucketStorage"
    assert (options["bucket_name"], options["location"]) == ("pictures", "a/site")
    assert (options["endpoint_url"], options["region_name"]) == ("https://store.example:9000", "eu-west-1")
    assert options["client_config"].s3 == {"addressing_style": "path"}
    assert options["file_overwrite"] is False


def test_amazons_own_needs_no_more_than_a_bucket() -> None:
    options = storage_at("s3://pictures")["OPTIONS"]
    assert (options["bucket_name"], options["location"], options["endpoint_url"]) == ("pictures", "", None)
    assert (options["client_config"].connect_timeout, options["client_config"].read_timeout) == (5, 30)


@pytest.mark.parametrize(
    "url", ["pictures", "https://pictures", "s3://", "s3:///site", "s3://key:secret@pictures", "s3://b?endpiont=x"]
)
def test_an_address_that_is_none_is_refused_with_one_that_is(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="s3://BUCKET/PREFIX"):
        storage_at(url)


def test_a_file_goes_to_the_bucket_and_comes_back(bucket: Bucket) -> None:
    names = [default_storage.save("pictures/same.png", ContentFile(content)) for content in (b"one", b"two")]
    assert bucket.names == set(names)
    assert [default_storage.open(name).read() for name in names] == [b"one", b"two"]
    with pytest.raises(FileNotFoundError):
        default_storage.open("pictures/none.png")
    with pytest.raises(NotImplementedError):
        default_storage.path(names[0])


def test_a_site_is_not_started_over_a_bucket_that_is_not_there(bucket: Bucket, settings: Settings) -> None:
    require_storage()
    assert bucket.names == set()
    elsewhere = bucket.url.replace(bucket.name, "no-such-bucket")
    settings.STORAGES = {**settings.STORAGES, "default": storage_at(elsewhere)}
    with pytest.raises(SystemExit, match=r"Files cannot be kept in no-such-bucket: .*does not exist"):
        require_storage()
