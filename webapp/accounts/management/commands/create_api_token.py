"""Make a token for the REST API."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from webapp.accounts import tokens
from webapp.accounts.models import Scope
from webapp.core.errors import UserError


class Command(BaseCommand):
    """Print a new token, and nothing else, so that a script can keep it."""

    help = "Make an API token for a user, who is created if need be. Prints only the token."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        says = "what it may do, each with what stands before it: %(choices)s (default: %(default)s)"
        parser.add_argument("--scope", choices=Scope.values, default=Scope.TRAIN.value, help=says)
        says = "days until it expires, 0 for never (default: %(default)s)"
        parser.add_argument("--days", type=int, default=tokens.USUAL_DAYS, help=says)

    def handle(self, *args: Any, **options: Any) -> None:
        if not 0 <= options["days"] <= 3650:
            raise CommandError(f"--days is {options['days']}; it must be 1 to 3650, or 0 for never.")
        asked = {name: options[name] for name in ("username", "scope", "days")}
        try:
            self.stdout.write(tokens.create_user_token(**asked))
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        except UserError as error:
            raise CommandError(error.message) from error
