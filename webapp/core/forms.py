"""What forms of several apps send."""

from typing import cast

from django.core.files import File
from django.http import HttpRequest


def sent_pictures(request: HttpRequest) -> list[File[bytes]]:
    """Return the pictures of an upload, however many."""
    return cast("list[File[bytes]]", request.FILES.getlist("images"))
