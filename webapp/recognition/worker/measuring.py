"""Tell from its own pictures how often a classifier will be right: each is left out, and asked about.

It costs a few adaptations. Where these take no longer than learning did, they follow at once, in the same worker and
with the features at hand; else a job of its own does them, which gives way to whoever waits for an answer.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
from django.utils.translation import gettext as _
from torch import Tensor

from mlcore.data.episode import LabeledSet
from mlcore.errors import AdaptationError
from mlcore.evaluation.leave_one_out import leave_one_of_each_out, rounds_of
from mlcore.methods.base import FewShotMethod
from webapp.core.rows.stored_json import require_sound
from webapp.jobs import services as jobs
from webapp.jobs.claims import Claim
from webapp.jobs.errors import JobFailed
from webapp.recognition.models import Quality
from webapp.recognition.worker import loaded, looking

logger = logging.getLogger(__name__)

AT_MOST = 500
"""Pictures that are asked about, as many of each class: they tell the accuracy to 5 points or so."""
MOST_ROUNDS = 10
"""Adaptations; where a class has more pictures, several of it are left out at once."""
MOST_SECONDS = 60.0
"""After which no further round is begun, once two are done."""
SLICE = 1.0
"""Seconds after which it gives way to whoever waits."""
EMBEDDING_SHARE = 0.5
"""How far the bar has come when every picture is embedded."""


def measure_now_or_later(quality: Quality, support: LabeledSet, *, a_round: float, at_most: float) -> None:
    """Measure at once if all rounds take at most so many seconds, where one takes about ``a_round``; else queue it."""
    if a_round * len(_rounds(support.labels)) <= at_most:
        jobs.run_claimed(Quality, quality.pk, partial(_measure, support=support))
    else:
        jobs.send(quality)


def measure(job_id: str, attempt: int | None = None) -> None:
    """Measure the quality of one classifier."""
    jobs.run_claimed(Quality, job_id, _measure, attempt)


@torch.no_grad()
def _measure(claim: Claim[Quality], support: LabeledSet | None = None) -> None:
    """Ask round by round; what is answered is kept, and another attempt goes on from there."""
    row, started = claim.job, time.monotonic()
    require_sound(row, row.classifier, row.classifier.checkpoint)
    labels = torch.tensor(row.classifier.labels)
    rounds, seconds = _rounds(labels), row.seconds
    left = rounds[row.n_rounds :]
    if left:
        method = loaded.method_of(row.classifier.checkpoint)
        support = support or _looked_at(claim, method, labels)
        slice_ends = time.monotonic() + max(SLICE, time.monotonic() - started)
        for places, answers in _asked(claim, method, support, left):
            _note(row, labels, places, answers)
            row.seconds = seconds + time.monotonic() - started
            if row.n_rounds == len(rounds) or (row.n_rounds > 1 and row.seconds > MOST_SECONDS):
                break
            claim.progress(*_how_far(row, len(rounds)))
            if time.monotonic() > slice_ends and jobs.anybody_waits(row):
                return claim.give_way(behind_own=True, text=_("Others come first."), **_kept(row))
            claim.keep(**_kept(row))
    return claim.finish(**_kept(row))


def _rounds(labels: Tensor) -> list[Tensor]:
    return rounds_of(labels, at_most=AT_MOST, n_rounds=MOST_ROUNDS)


def _looked_at(claim: Claim[Quality], method: FewShotMethod, labels: Tensor) -> LabeledSet:
    features = looking.support_features(claim, method, until=EMBEDDING_SHARE)
    return LabeledSet(features, labels.to(loaded.device()))


def _asked(
    claim: Claim[Quality], method: FewShotMethod, support: LabeledSet, rounds: list[Tensor]
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield round by round the places that were left out and the answers; fail the job in words if it goes astray."""
    try:
        for places, probabilities in leave_one_of_each_out(method, support, rounds, watch=lambda *_step: claim.check()):
            if not probabilities.isfinite().all():
                raise AdaptationError("there are answers that are no numbers")
            yield places, probabilities.argmax(-1)
    except AdaptationError as error:
        logger.warning("The quality %s came to nothing: %s", claim.job.pk, error)
        message = _(
            "With some of your pictures left out this method lost its way, so nothing can be said of how good it is."
            " Choose another method, or look for pictures that are in the wrong class, and learn again."
        )
        raise JobFailed(code="cannot_measure", message=message) from error


def _note(row: Quality, labels: Tensor, places: Tensor, answers: Tensor) -> None:
    """Add the answers of a round to the row, which is written by who calls."""
    ids = row.support_image_ids
    row.n_rounds += 1
    row.answers += [
        {"image_id": ids[place], "label": int(labels[place]), "answer": answer}
        for place, answer in zip(places.tolist(), answers.tolist(), strict=True)
    ]


def _how_far(row: Quality, n_rounds: int) -> tuple[float, str]:
    """Return how far the bar has come, and in words."""
    words = _("Asked about %(n)d of your %(all)d pictures, each left out in turn")
    counts = {"n": len(row.answers), "all": row.classifier.n_images}
    return EMBEDDING_SHARE + (1 - EMBEDDING_SHARE) * row.n_rounds / n_rounds, words % counts


def _kept(row: Quality) -> dict[str, Any]:
    """Return the fields from which another attempt goes on."""
    return {"answers": row.answers, "n_rounds": row.n_rounds, "seconds": row.seconds}
