"""Follow a run until it is over."""

from __future__ import annotations

import json
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from webapp.core.errors import UserError
from webapp.core.staff.command import REFUSED, STOPPED
from webapp.jobs.models import JobStatus
from webapp.training.models import TrainingRun
from webapp.training.runs import words


class Command(BaseCommand):
    """Print how a run stands, each time that this changes. Exit codes: 0 ready, 1 failed or unknown, 3 stopped."""

    help = "Follow a run until it is over; exit with 0 if it ended ready, 1 if it failed, 3 if it was stopped."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the run, and how to print."""
        parser.add_argument("run", help="Its id.")
        parser.add_argument("--json", action="store_true", help="Print one JSON object a line.")
        parser.add_argument("--once", action="store_true", help="Print how it stands now, and do not wait.")
        parser.add_argument("--every", type=float, default=1.0, metavar="SECONDS", help="How often to look.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print each change until the run is over."""
        printed = ""
        while True:
            run = self._run(options["run"])
            line = json.dumps(words.plain_run(run=run)) if options["json"] else words.run_in_words(run=run)
            if line != printed:
                self.stdout.write(line)
                printed = line
            if options["once"] or not run.is_active:
                break
            time.sleep(options["every"])
        self._end(run)

    def _run(self, pk: str) -> TrainingRun:
        try:
            return words.named_run(name=pk)
        except UserError as error:
            raise CommandError(error.message, returncode=REFUSED) from error

    def _end(self, run: TrainingRun) -> None:
        if run.status == JobStatus.FAILED:
            raise CommandError(run.error, returncode=REFUSED)
        if run.status == JobStatus.CANCELLED:
            raise CommandError(run.status_sentence, returncode=STOPPED)
