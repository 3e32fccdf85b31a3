"""Roll the latest publication of a kind back, as the admin does."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandParser

from webapp.checkpoints import services as checkpoints
from webapp.core.staff.command import StaffCommand


class Command(StaffCommand):
    """Bring back what the latest publication of a kind replaced."""

    help = "Bring back what the latest publication of a kind replaced."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("kind", help="The kind of picture, such as characters.")

    def act(self, by: User, options: dict[str, Any]) -> tuple[dict[str, Any], str]:
        done = checkpoints.roll_back(kind=options["kind"], by=by)
        return checkpoints.plain(publication=done), f"{done.checkpoint.name} is live again for {done.kind}."
