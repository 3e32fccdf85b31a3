"""The gate before publishing: where a checkpoint stands with it, and how it is measured."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from webapp.checkpoints.models import Checkpoint, GateExam, StandingExam
from webapp.checkpoints.verdicts import Check, checks_of
from webapp.core.errors import UserError
from webapp.core.staff import history
from webapp.jobs import services as jobs
from webapp.jobs.models import JobStatus


@dataclass(frozen=True, kw_only=True)
class Gate:
    """Where a checkpoint stands: measured against `live`, by `sitting` if there is one for the exam as it is now."""

    live: Checkpoint | None
    exam: StandingExam | None
    sitting: GateExam | None
    checks: list[Check] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Return whether every check passed."""
        return bool(self.checks) and all(check.passed for check in self.checks)

    @property
    def can_measure(self) -> bool:
        """Return whether a measurement can be started."""
        return self.exam is not None and self.live is not None and not (self.sitting and self.sitting.is_active)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as a publication keeps them."""
        return {
            "passed": self.passed,
            "against": self.live.name if self.live else None,
            "checks": [check.to_dict() for check in self.checks],
            "findings": self.sitting.findings if self.sitting else {},
        }


def gate_of(*, checkpoint: Checkpoint) -> Gate:
    """Return where a checkpoint stands with the gate against what is live of its kind."""
    live = Checkpoint.objects.live().filter(kind=checkpoint.kind).exclude(pk=checkpoint.pk).first()
    exam = StandingExam.objects.filter(kind=checkpoint.kind).select_related("version__dataset").first()
    if live is None:
        sentence = _("Nothing else of this kind is live, so there is nothing that it could be worse than.")
        return Gate(live=None, exam=exam, sitting=None, checks=[_check(sentence, passed=True)])
    if exam is None:
        sentence = _(
            "There is no standing exam for the kind “%(kind)s” yet. Set one up: choose a data set and the episodes."
        )
        return Gate(live=live, exam=None, sitting=None, checks=[_check(sentence % {"kind": checkpoint.kind})])
    sitting = GateExam.objects.of(checkpoint, live, exam)
    return Gate(live=live, exam=exam, sitting=sitting, checks=_checks(sitting))


def _checks(sitting: GateExam | None) -> list[Check]:
    """Judge what a sitting found, or say what it waits for."""
    if sitting is None:
        return [_check(_("It has not been measured against the live one yet."))]
    if sitting.status == JobStatus.READY:
        return checks_of(sitting.findings)
    return [_check(sitting.status_sentence)]


def _check(sentence: str, *, passed: bool = False) -> Check:
    return Check(title=_("The gate"), passed=passed, sentence=sentence)


@transaction.atomic
def measure(*, checkpoint: Checkpoint, by: User | None) -> GateExam:
    """Start to measure a checkpoint against the live one; one that is under way is kept.

    Raise UserError if there is nothing to measure it by or against.
    """
    gate = gate_of(checkpoint=checkpoint)
    if gate.sitting and gate.sitting.is_active:
        return gate.sitting
    if gate.live is None or gate.exam is None:
        raise UserError("nothing_to_measure_by", gate.checks[0].sentence)
    sitting = GateExam.objects.create(
        checkpoint=checkpoint, against=gate.live, version=gate.exam.version, drawn=gate.exam.drawn, created_by=by
    )
    jobs.enqueue(sitting)
    history.note(by=by, row=checkpoint, act="Started to measure it against %(live)s.", named={"live": gate.live})
    return sitting


def stop_measuring(*, checkpoint: Checkpoint, by: User | None) -> None:
    """Stop the measurement that is under way; raise UserError if there is none."""
    sitting = gate_of(checkpoint=checkpoint).sitting
    if sitting is None or not sitting.is_active:
        raise UserError("not_measuring", _("Nothing is being measured any more."))
    jobs.cancel(sitting)
    history.note(by=by, row=checkpoint, act="Stopped its measurement.")
