"""Publish a checkpoint, as the admin does."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandParser

from webapp.checkpoints import services as checkpoints
from webapp.core.staff.command import StaffCommand


class Command(StaffCommand):
    """Make a checkpoint the live one of its kind, if the gate passes or a reason overrides it."""

    help = "Make a checkpoint the live one of its kind, if the gate passes or a reason overrides it."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the checkpoint, the reason and whether only to measure."""
        super().add_arguments(parser)
        parser.add_argument("checkpoint", help="Its name or id.")
        parser.add_argument("--reason", default="", help="Why it is published though the gate did not pass.")
        parser.add_argument("--measure", action="store_true", help="Only start to measure it for the gate.")

    def act(self, by: User, options: dict[str, Any]) -> tuple[dict[str, Any], str]:
        """Publish, or start to measure."""
        checkpoint = checkpoints.named_checkpoint(name=options["checkpoint"])
        if options["measure"]:
            evaluation = checkpoints.measure(checkpoint=checkpoint, by=by)
            return {"measurement": str(evaluation.pk), "status": evaluation.status}, evaluation.status_sentence
        done = checkpoints.publish(checkpoint=checkpoint, by=by, reason=options["reason"])
        return checkpoints.plain(publication=done), f"{checkpoint.name} is live for {checkpoint.kind}."
