"""Uploads that are too large for memory leave nothing behind, however their process ends."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory

from webapp.storage.uploads import NamelessFileHandler

CONTENT = bytes(range(256)) * 12_000


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of temporary files, a new one."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_what_comes_in_has_no_name_that_a_killed_process_could_leave(temporary: Path) -> None:
    handler = NamelessFileHandler()
    handler.new_file("file", "signs.zip", "application/zip", len(CONTENT))
    handler.receive_data_chunk(CONTENT, 0)
    assert list(temporary.iterdir()) == []
    handler.upload_interrupted()
    assert handler.file.closed


def test_a_small_upload_that_breaks_off_was_never_its_own() -> None:
    handler = NamelessFileHandler()
    handler.upload_interrupted()
    assert not hasattr(handler, "file")


def test_a_large_upload_is_taken_that_way_and_stored_whole(rf: RequestFactory, temporary: Path) -> None:
    assert len(CONTENT) > settings.FILE_UPLOAD_MAX_MEMORY_SIZE
    sent = SimpleUploadedFile("signs.zip", CONTENT, content_type="application/zip")
    file = rf.post("/", {"file": sent}).FILES["file"]
    assert list(temporary.iterdir()) == []
    assert (file.name, file.size, file.content_type) == ("signs.zip", len(CONTENT), "application/zip")
    stored = default_storage.save("archives/signs.zip", file)
    assert Path(default_storage.path(stored)).stat().st_mode & 0o777 == settings.FILE_UPLOAD_PERMISSIONS
    with default_storage.open(stored) as kept:
        assert kept.read() == CONTENT
