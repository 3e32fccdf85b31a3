"""Register the checkpoints that ship with the project."""

from typing import Any

from django.core.management.base import BaseCommand

from webapp.checkpoints import services as checkpoints


class Command(BaseCommand):
    """Bring the table of checkpoints up to date; running it again changes nothing."""

    help = "Register the checkpoints that ship with the project."

    def handle(self, *args: Any, **options: Any) -> None:
        """Register them, and print which are live."""
        for checkpoint in checkpoints.sync_shipped():
            self.stdout.write(f"{checkpoint.name} ({checkpoint.kind}){', live' if checkpoint.live else ''}")
