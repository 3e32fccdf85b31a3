"""Search for good settings, as the admin does."""

from __future__ import annotations

from time import sleep
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandError, CommandParser

from webapp.core.staff.command import REFUSED, STOPPED, StaffCommand
from webapp.training.models import Strategy, Sweep
from webapp.training.runs.settings import checked_row
from webapp.training.runs.words import named_run
from webapp.training.sweeps import services as sweeps
from webapp.training.sweeps.search_space import space_from_words

LOOK_SECONDS = 1.0


class Command(StaffCommand):
    """Start a sweep over settings; the clock starts its trials, and a worker of the queue training does them.

    Where it waited, it exits with 1 if the sweep could not go on, and with 3 if a person stopped it.
    """

    help = "Search for good settings: each trial is a run with the settings of another one but for those searched."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add what is searched, from which run, how and how long."""
        super().add_arguments(parser)
        parser.add_argument("name", help="What to call it; 50 characters at most.")
        parser.add_argument("--run", required=True, help="The id of the run whose data and settings are taken.")
        parser.add_argument(
            "--search",
            action="append",
            required=True,
            metavar="SETTING=VALUES",
            help="'Learning rate = 0.0001 .. 0.01 log' or 'episodes.n_way = 5, 10'; may be given again.",
        )
        parser.add_argument("--strategy", choices=Strategy.values, default=Strategy.TPE.value)
        parser.add_argument("--budget", type=int, default=20, help="How many trials (%(default)s).")
        parser.add_argument("--seed", type=int, default=0, help="The same seed makes the same choices.")
        parser.add_argument("--wait", action="store_true", help="Wait for the end.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print how it stands, and raise CommandError where it did not come to its end by itself."""
        super().handle(*args, **options)
        if self.sweep.stopped:
            returncode = REFUSED if self.sweep.obstacle else STOPPED
            raise CommandError(self.sweep.sentence, returncode=returncode)

    def act(self, by: User, options: dict[str, Any]) -> tuple[dict[str, Any], str]:
        """Check everything, then start, and wait for the end if asked."""
        run = named_run(name=options["run"])
        self.sweep: Sweep = sweeps.start_sweep(
            by=by,
            name=options["name"],
            settings=checked_row(run),
            version=run.version,
            start_from=run.start_from,
            space=space_from_words(options["search"], method=run.method),
            **{name: options[name] for name in ("strategy", "budget", "seed")},
        )
        while options["wait"] and self.sweep.is_active:
            sleep(LOOK_SECONDS)
            self.sweep.refresh_from_db()
        words = f"{self.sweep.name}: {self.sweep.pk}: {self.sweep.sentence}"
        return sweeps.plain_sweep(sweep=self.sweep), words
