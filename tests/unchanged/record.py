"""Record anew what must not change unmeant: `python -m tests.unchanged.record`."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

from tests.unchanged import answers, cards, options, recordings, site
from tests.unchanged.recordings import Rows

EXACT = {
    "api_schema": site.api_schema,
    "card_keys": cards.card_keys,
    "command_options": options.command_options,
    "environment": site.environment,
    "management_commands": site.management_commands,
    "task_names": site.task_names,
    "url_names": site.url_names,
}
"""What is held to its recording to the letter."""
NUMBERS = {"answers": answers.answers, "face_embeddings": answers.face_embeddings}
"""What may differ by how a CPU rounds."""


def main() -> None:
    """Write every recording."""
    django.setup()
    for name, current in EXACT.items():
        recordings.write(name, current())
    for name, current in NUMBERS.items():
        recordings.write(name, unless_rounded_otherwise(recordings.read(name), current()))


def unless_rounded_otherwise(recorded: dict[str, Rows], current: dict[str, Rows]) -> dict[str, Rows]:
    """Return current rows, or the recorded ones where they agree: another machine's rounding is no change."""
    return {
        name: recorded[name] if name in recorded and recordings.agree(recorded[name], rows) else rows
        for name, rows in current.items()
    }


if __name__ == "__main__":
    main()
