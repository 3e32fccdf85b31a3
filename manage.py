#!/usr/bin/env python
"""Run one of Django's management commands."""

import os
import sys


def main() -> None:
    """Hand the command line to Django."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.config.settings")
    from django.core.management import BaseCommand, ManagementUtility

    class Commands(ManagementUtility):
        """Django's, of which those that read the site's tables end with a sentence on tables of an earlier layout."""

        def fetch_command(self, subcommand: str) -> BaseCommand:
            """Return a command by its name."""
            command = super().fetch_command(subcommand)
            if subcommand == "migrate" or type(command).__module__.startswith("webapp."):
                from webapp.config.earlier_layout import refuse_earlier_layout

                refuse_earlier_layout()
            return command

    Commands(sys.argv).execute()


if __name__ == "__main__":
    main()
