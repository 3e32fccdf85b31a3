"""Uploads that are too large for memory."""

from __future__ import annotations

import tempfile
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler


class NamelessFileHandler(FileUploadHandler):
    """Receive an upload into a file without a name, which is gone with its process, even one that is killed."""

    def new_file(self, *arguments: Any, **options: Any) -> None:
        super().new_file(*arguments, **options)
        self.file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with its request

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.file.write(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile[bytes]:
        """Return the whole file, to be read from its start."""
        self.file.seek(0)
        about = (self.content_type, file_size, self.charset, self.content_type_extra)
        return UploadedFile(self.file, self.file_name, *about)

    def upload_interrupted(self) -> None:
        """Let go of what had come, if anything had: a small upload goes to another handler."""
        if hasattr(self, "file"):
            self.file.close()
