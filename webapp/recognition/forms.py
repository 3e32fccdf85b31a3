"""What pages send besides names: pictures, and what to learn with."""

from typing import cast

from django.core.files import File
from django.http import HttpRequest


def sent_pictures(request: HttpRequest) -> list[File[bytes]]:
    """Return the pictures of an upload, however many."""
    return cast("list[File[bytes]]", request.FILES.getlist("images"))


def sent_choice(request: HttpRequest) -> dict[str, str | None]:
    """Return the kind and the checkpoint that were chosen; either may be left out."""
    return {"kind": request.POST.get("kind") or None, "checkpoint": request.POST.get("checkpoint") or None}
