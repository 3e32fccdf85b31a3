"""The gate before publishing: where a checkpoint stands with it, and how it is measured."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from webapp.checkpoints.judging import Check, checks_of
from webapp.checkpoints.models import Benchmark, Checkpoint, Evaluation
from webapp.core.errors import UserError
from webapp.core.staff import history
from webapp.jobs import services as jobs
from webapp.jobs.models import JobStatus


@dataclass(frozen=True, kw_only=True)
class Gate:
    """Where a checkpoint stands: measured against `live`, by `evaluation` if the benchmark as it is now has one."""

    live: Checkpoint | None
    benchmark: Benchmark | None
    evaluation: Evaluation | None
    checks: list[Check] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Return whether every check passed."""
        return bool(self.checks) and all(check.passed for check in self.checks)

    @property
    def can_measure(self) -> bool:
        """Return whether an evaluation can be started."""
        return (
            self.benchmark is not None and self.live is not None and not (self.evaluation and self.evaluation.is_active)
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as a publication keeps them."""
        return {
            "passed": self.passed,
            "against": self.live.name if self.live else None,
            "checks": [check.to_dict() for check in self.checks],
            "findings": self.evaluation.findings if self.evaluation else {},
        }


def gate_of(*, checkpoint: Checkpoint) -> Gate:
    """Return where a checkpoint stands with the gate against what is live of its kind."""
    live = Checkpoint.objects.live().filter(kind=checkpoint.kind).exclude(pk=checkpoint.pk).first()
    benchmark = Benchmark.objects.filter(kind=checkpoint.kind).select_related("version__dataset").first()
    if live is None:
        sentence = _("Nothing else of this kind is live, so there is nothing that it could be worse than.")
        return Gate(live=None, benchmark=benchmark, evaluation=None, checks=[_check(sentence, passed=True)])
    if benchmark is None:
        sentence = _(
            "There is no benchmark for the kind “%(kind)s” yet. Set one up: choose a data set and the episodes."
        )
        return Gate(live=live, benchmark=None, evaluation=None, checks=[_check(sentence % {"kind": checkpoint.kind})])
    evaluation = Evaluation.objects.of(checkpoint, live, benchmark)
    return Gate(live=live, benchmark=benchmark, evaluation=evaluation, checks=_checks(evaluation))


def _checks(evaluation: Evaluation | None) -> list[Check]:
    """Judge the findings of an evaluation, or return what it waits for."""
    if evaluation is None:
        return [_check(_("It has not been measured against the live one yet."))]
    if evaluation.status == JobStatus.READY and not evaluation.findings:
        return [_check(_("What was measured of it is damaged, so it says nothing. Measure again."))]
    if evaluation.status == JobStatus.READY:
        return checks_of(evaluation.findings)
    return [_check(evaluation.status_sentence)]


def _check(sentence: str, *, passed: bool = False) -> Check:
    return Check(title=_("The gate"), passed=passed, sentence=sentence)


@transaction.atomic
def measure(*, checkpoint: Checkpoint, by: User | None) -> Evaluation:
    """Start to measure a checkpoint against the live one; one that is under way is kept.

    Raise UserError if there is nothing to measure it by or against.
    """
    gate = gate_of(checkpoint=checkpoint)
    if gate.evaluation and gate.evaluation.is_active:
        return gate.evaluation
    if gate.live is None or gate.benchmark is None:
        raise UserError("nothing_to_measure_by", gate.checks[0].sentence)
    evaluation = Evaluation.objects.create(
        checkpoint=checkpoint,
        against=gate.live,
        version=gate.benchmark.version,
        drawn=gate.benchmark.drawn,
        created_by=by,
    )
    jobs.enqueue(evaluation)
    history.note(by=by, row=checkpoint, act="Started to measure it against %(live)s.", named={"live": gate.live})
    return evaluation


def stop_measuring(*, checkpoint: Checkpoint, by: User | None) -> None:
    """Stop the evaluation that is under way; raise UserError if there is none."""
    evaluation = gate_of(checkpoint=checkpoint).evaluation
    if evaluation is None or not evaluation.is_active:
        raise UserError("not_measuring", _("Nothing is being measured any more."))
    jobs.cancel(evaluation)
    history.note(by=by, row=checkpoint, act="Stopped its measurement.")
