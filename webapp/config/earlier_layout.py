"""A database of an earlier layout, from before the first release, is met by one sentence and never by a traceback."""

import sys
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import Error, connection
from django.db.migrations.recorder import MigrationRecorder

BOOT_ERROR = 3
"""The exit status, a number, which is all that Celery's processes end by."""


def refuse_earlier_layout() -> None:
    """End the process with a sentence if migrations were applied that the site no longer has.

    A database that cannot be asked is left to whoever needs it.
    """
    try:
        applied = MigrationRecorder(connection).applied_migrations()
    except Error:
        return
    finally:
        connection.close()  # web processes fork next
    migrations = own_migrations()
    if any(app in migrations and name not in migrations[app] for app, name in applied):
        sys.stderr.write(f"{_sentence()}\n")
        sys.exit(BOOT_ERROR)


def own_migrations() -> dict[str, set[str]]:
    """Return the names of the migrations that each app of the site has, by its label."""
    ours = [config for config in apps.get_app_configs() if config.name.startswith("webapp.")]
    return {config.label: {path.stem for path in Path(config.path, "migrations").glob("*.py")} for config in ours}


def _sentence() -> str:
    if settings.DATABASE_URL:
        origin = f"The database that DATABASE_URL names (with the data folder {settings.DATA_DIR})"
        remedy = "name an empty database there, and set GLIMPSE_DATA_DIR to a new folder"
    else:
        origin = f"The data folder {settings.DATA_DIR}"
        remedy = "move it away, or set GLIMPSE_DATA_DIR to a new folder"
    return (
        f"{origin} was made by an earlier layout of Glimpse, from before the first release, which cannot be read any "
        f"more: {remedy}, and keep the old one, for checkpoints exported from it as zips can be imported again."
    )
