"""Make a link by which somebody without an e-mail address can choose a new password."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from webapp.accounts.passwords import resets


class Command(BaseCommand):
    """Print the link, and nothing else; give it to nobody but the one it is for."""

    help = "Print a link to choose a new password by. It works once, for an hour; then the user's tokens are revoked."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        says = "where the site is, such as https://example.org (default: GLIMPSE_URL, %(default)s)"
        parser.add_argument("--site", default=settings.GLIMPSE_URL, help=says)

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"], is_active=True).first()
        if user is None:
            raise CommandError(f"There is no user {options['username']} who may sign in.")
        self.stdout.write(options["site"].rstrip("/") + resets.path_of(user))
