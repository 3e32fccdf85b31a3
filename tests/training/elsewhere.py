"""A storage that is no local disk, as a bucket is none: its files have no path on this machine."""

from __future__ import annotations

from typing import Any

from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage


class Elsewhere(Storage):
    """Keep files in memory, with no path to them."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def _open(self, name: str, mode: str = "rb") -> File[bytes]:
        return ContentFile(self._content(name))

    def _content(self, name: str) -> bytes:
        if name not in self.kept:
            raise FileNotFoundError(name)
        return self.kept[name]

    def _save(self, name: str, content: File[Any]) -> str:
        self.kept[name] = content.read()
        return name

    def exists(self, name: str) -> bool:
        """Return whether there is a file of this name."""
        return name in self.kept

    def size(self, name: str) -> int:
        """Count the bytes of the file of this name."""
        return len(self._content(name))

    def delete(self, name: str) -> None:
        """Delete the file of this name."""
        self.kept.pop(name, None)
