"""Change somebody's password, as Django's command does, and revoke their tokens as a reset does."""

import getpass
from typing import Any

from django.contrib.auth.management.commands import changepassword
from django.contrib.auth.models import User

from webapp.accounts import services, tokens


class Command(changepassword.Command):
    """Whoever had the old password is out, programs included."""

    help = "Change a user's password, and revoke the user's API tokens."

    def handle(self, *args: Any, **options: Any) -> str:
        answer = super().handle(*args, **options)
        user = User.objects.using(options["database"]).get(username=options["username"] or getpass.getuser())
        tokens.revoke_all(owner=services.owner_of_user(user=user))
        return str(answer)
