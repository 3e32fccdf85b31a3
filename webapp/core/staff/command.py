"""What the command line twins of the admin's actions share: who does it, `--json`, and exit codes.

Exit codes: 0 done, 1 refused in words that say what to mend, 2 wrong usage, 3 what was waited for was stopped.
"""

from __future__ import annotations

import json
from abc import abstractmethod
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from webapp.core.errors import UserError

REFUSED = 1
USAGE = 2
STOPPED = 3


class StaffCommand(BaseCommand):
    """A command that calls one service and says what came of it."""

    def add_arguments(self, parser: CommandParser) -> None:
        """Take who does it and how to answer; a subclass adds its own."""
        parser.add_argument("--by", metavar="USERNAME", required=True, help="Whom the log names as having done it.")
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Act, and print what came of it, or why it was refused."""
        try:
            done, words = self.act(self._who(options["by"]), options)
        except UserError as error:
            if options["json"]:
                self.stdout.write(json.dumps({"error": error.code, "message": error.message, "field": error.field}))
            raise CommandError(error.message, returncode=REFUSED) from error
        self.stdout.write(json.dumps(done) if options["json"] else words)

    @abstractmethod
    def act(self, by: User, options: dict[str, Any]) -> tuple[dict[str, Any], str]:
        """Do it; return plain values and a sentence, or raise UserError."""

    def _who(self, username: str) -> User:
        user = User.objects.filter(username=username, is_staff=True, is_active=True).first()
        if user is None:
            raise CommandError(f"There is no member of staff called {username}.", returncode=USAGE)
        return user
