"""Prepare and run everything: `python -m launch`, which is what `make run` calls."""

import fcntl
import logging.config
import os
import sys
from pathlib import Path
from typing import IO

os.environ["GLIMPSE_EMBEDDED"] = "1"

from launch.address import Announcement, is_free
from launch.programs import programs
from launch.supervisor import Supervisor, run_to_end
from webapp.config import private_folders, settings


def main() -> None:
    """Check, prepare, and supervise until told to stop."""
    logging.config.dictConfig(settings.LOGGING)
    if not is_free(settings.GLIMPSE_BIND, settings.GLIMPSE_PORT):
        sys.exit(
            f"Port {settings.GLIMPSE_PORT} is in use: stop what uses it, or choose another, "
            f"as in `GLIMPSE_PORT={settings.GLIMPSE_PORT + 1} make run`."
        )
    lock = take_data_folder(settings.DATA_DIR / "run")
    if settings.EMBEDDED_VALKEY:
        private_folders.make_private(settings.VALKEY_SOCKET.parent)
    if run_to_end([sys.executable, "-m", "launch.preparation"]) != 0:
        sys.exit("Glimpse could not be prepared: the lines above say why.")
    Supervisor(programs()).run(Announcement(settings.GLIMPSE_BIND, settings.GLIMPSE_PORT, settings.GLIMPSE_URL))
    lock.close()


def take_data_folder(folder: Path) -> IO[str]:
    """Claim the data folder for this process, or end with a sentence if another Glimpse runs from it."""
    private_folders.make_private(folder)
    lock = (folder / "lock").open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        sys.exit(f"Glimpse already runs from {folder.parent}: stop it, or set GLIMPSE_DATA_DIR to another folder.")
    return lock


if __name__ == "__main__":
    main()
