"""What pages send besides names and pictures: what to learn with."""

from django.http import HttpRequest


def sent_choice(request: HttpRequest) -> dict[str, str | None]:
    """Return the kind and the checkpoint that were chosen; either may be left out."""
    return {"kind": request.POST.get("kind") or None, "checkpoint": request.POST.get("checkpoint") or None}
