"""A job that does nothing but take its time, and the results that it leaves."""

from __future__ import annotations

from django.db import models

from webapp.accounts.models import OwnedQuerySet, Owner
from webapp.jobs.models import Job, JobQuerySet


class RehearsalQuerySet(OwnedQuerySet["Rehearsal"], JobQuerySet["Rehearsal"]):  # type: ignore[override] # of as_manager
    """Reads of rehearsals."""


class Rehearsal(Job):
    """Work through a number of steps, each a tenth of a second long."""

    queue = "rehearsals"
    task_name = "rehearsals.rehearse"

    # Without a constraint, for an app without migrations has its tables made before those of others.
    owner = models.ForeignKey(Owner, null=True, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    steps = models.PositiveIntegerField(default=1)
    kills_its_worker = models.BooleanField(default=False)
    answer = models.TextField(default="")

    objects = RehearsalQuerySet.as_manager()


class RehearsalResult(models.Model):
    """What an attempt leaves beside its job's row: there must be exactly one."""

    rehearsal = models.ForeignKey(Rehearsal, on_delete=models.CASCADE, related_name="results")
    attempt = models.PositiveIntegerField()
    worker = models.PositiveIntegerField(help_text="the id of the process")

    def __str__(self) -> str:
        return f"attempt {self.attempt}"


class RehearsalStep(models.Model):
    """A step that some attempt began."""

    rehearsal = models.ForeignKey(Rehearsal, on_delete=models.CASCADE, related_name="steps_begun")
    attempt = models.PositiveIntegerField()
    began = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"attempt {self.attempt}"
