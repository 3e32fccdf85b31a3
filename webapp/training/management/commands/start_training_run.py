"""Start a meta-training run, as the admin does."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandParser

from webapp.checkpoints import services as checkpoints
from webapp.core.staff.command import StaffCommand
from webapp.training.runs import services as runs
from webapp.training.runs import words
from webapp.training.runs.beginnings import DEFAULT_KIND, DEFAULT_METHOD


class Command(StaffCommand):
    """Queue a run; watch it with `watch_run`."""

    help = "Start a meta-training run; `watch_run` follows it."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add what is trained on what, and how."""
        super().add_arguments(parser)
        parser.add_argument("name", help="What to call it.")
        parser.add_argument("--dataset", required=True, help="A data set's name: its newest ready version is taken.")
        parser.add_argument("--dataset-version", type=int, help="Another version's number.")
        parser.add_argument(
            "--kind",
            default="",
            help=f"The kind of picture; a new one needs --transform (that of --start-from, else {DEFAULT_KIND}).",
        )
        parser.add_argument("--transform", default="", help="How pictures of a new kind are treated.")
        parser.add_argument(
            "--method",
            default="",
            help="A name in mlcore's METHODS, or with --kind faces one in FACE_LOSSES "
            f"(that of --start-from, else {DEFAULT_METHOD}).",
        )
        parser.add_argument(
            "--start-from",
            metavar="CHECKPOINT",
            default="",
            help="Its name or id, whose backbone is trained further, with the settings of its card; else, scratch.",
        )
        parser.add_argument(
            "--set",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            dest="chosen",
            help="A setting: episodes.n_way=5, training.steps=500, method_config.distance=cosine.",
        )

    def act(self, by: User, options: dict[str, Any]) -> tuple[dict[str, Any], str]:
        """Check every setting, then queue the run."""
        version = words.named_version(name=options["dataset"], number=options["dataset_version"])
        name = options["start_from"]
        start = checkpoints.named_checkpoint(name=name) if name else None
        settings = words.settings_from_words(
            kind=options["kind"],
            transform=options["transform"],
            method=options["method"],
            words=options["chosen"],
            version=version,
            start_from=start,
        )
        run = runs.start_run(by=by, name=options["name"], settings=settings, version=version, start_from=start)
        return words.plain_run(run=run), f"{run.name} is queued: {run.pk}"
