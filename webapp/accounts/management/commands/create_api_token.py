"""Make a token for the REST API."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from webapp.accounts import services


class Command(BaseCommand):
    """Print a new token, and nothing else, so that a script can keep it."""

    help = "Make an API token for a user, who is created if need be. Prints only the token."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.stdout.write(services.create_user_token(username=options["username"]))
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
