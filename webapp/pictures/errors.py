"""What is wrong with a picture, a name or a zip that was sent, said in a sentence that its sender can act on."""

from __future__ import annotations

from typing import Any


class PersonError(Exception):
    """Base of every error that the person can mend: ``code`` for programs, ``message`` in words, a 4xx ``status``."""

    code = "invalid"
    status = 422

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class InvalidName(PersonError):
    """A name is empty, too long, or holds characters that cannot be shown."""

    code = "invalid_name"


class TooLarge(PersonError):
    """A file or a request is larger than it may be."""

    code = "too_large"
    status = 413


class UnusablePicture(PersonError):
    """A picture is damaged, of another type, or too large."""

    code = "unusable_picture"


class UnusableEntry(PersonError):
    """An entry of a zip leads out of it, lies in no class folder, or cannot be unpacked."""

    code = "unusable_entry"
