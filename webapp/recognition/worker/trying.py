"""Try the kinds that may suit on the support pictures themselves, and take the one that knows more of them."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import torch
from django.utils.translation import gettext as _
from torch import Tensor

from mlcore.data.episode import LabeledSet
from mlcore.errors import MlcoreError
from mlcore.evaluation.leave_one_out import leave_one_out
from webapp.checkpoints.models import Checkpoint
from webapp.jobs.claims import Claim
from webapp.recognition.methods.kinds import title_of_kind
from webapp.recognition.models import Classifier
from webapp.recognition.worker import loaded, looking

logger = logging.getLogger(__name__)

AT_MOST = 50
"""Pictures that each kind is tried on: enough to tell two kinds apart, few enough for a method that learns in steps."""
SHARE = 0.8
"""How far the bar has come when all kinds are tried."""


@dataclass(frozen=True)
class Chosen:
    """What to learn with, and why; features: (n, ...) of the support pictures, where they were computed on the way."""

    checkpoint: Checkpoint
    reason: str
    features: Tensor | None = None


@dataclass(frozen=True)
class Trial:
    """How a kind did: of m pictures, each left out in turn, it knew n_right. m is 0 where it could not be tried.

    features: as of `Chosen`; none where it is out. nothing_left: it is, as some pictures hold nothing when read so.
    """

    checkpoint: Checkpoint
    n_right: int = 0
    m: int = 0
    features: Tensor | None = None
    nothing_left: bool = False


def try_kinds(claim: Claim[Classifier]) -> Chosen:
    """Leave each picture out in turn, with the live checkpoint of each kind; of equals, the likelier kind is taken."""
    row = claim.job
    live = {checkpoint.kind: checkpoint for checkpoint in Checkpoint.objects.live().filter(kind__in=row.kinds_to_try)}
    kinds = [kind for kind in row.kinds_to_try if kind in live]
    if not kinds:
        return Chosen(row.checkpoint, "")
    trials = [_try(claim, live[kind], place, len(kinds)) for place, kind in enumerate(kinds)]
    best = max(trials, key=lambda trial: (trial.features is not None, trial.n_right))
    return Chosen(best.checkpoint, _reason(best, [trial for trial in trials if trial is not best]), best.features)


def _try(claim: Claim[Classifier], checkpoint: Checkpoint, place: int, n: int) -> Trial:
    """Try one of n kinds; one that the pictures are nothing for, or that loses its way on them, is out."""
    method, share = loaded.method_of(checkpoint), SHARE / n
    begin, middle = share * place, share * (place + 0.6)

    def watch(asked: int, of: int) -> None:
        words = _("Trying “%(kind)s” on your pictures") % {"kind": title_of_kind(checkpoint.kind)}
        claim.progress(middle + 0.4 * share * asked / of, words)

    try:
        features = looking.support_features(claim, method, since=begin, until=middle)
        labels = torch.tensor(claim.job.labels, device=loaded.device())
        measured = leave_one_out(method, LabeledSet(features, labels), at_most=AT_MOST, watch=watch)
    except (looking.NothingLeft, MlcoreError) as error:
        logger.info("Kind %s does not suit classifier %s: %s", checkpoint.kind, claim.job.pk, error)
        return Trial(checkpoint, nothing_left=isinstance(error, looking.NothingLeft))
    return Trial(checkpoint, measured.n_right, len(measured), features)


def _reason(best: Trial, others: list[Trial]) -> str:
    """Return in words why a kind was taken."""
    other = next((trial for trial in others if trial.features is not None), None)
    names = {"best": title_of_kind(best.checkpoint.kind)}
    if other is None:
        return _reason_alone(best, others) % names
    names["other"] = title_of_kind(other.checkpoint.kind)
    if not best.m:
        sentence = _(
            "Learned as “%(best)s”, which they look like; with one picture a class there was nothing to try on."
        )
        return sentence % names
    counts = {"right": best.n_right, "others": other.n_right, "all": best.m}
    if best.n_right == other.n_right:
        sentence = _(
            "Both ways knew %(right)d of %(all)d of your pictures, each left out in turn; learned as “%(best)s”, which"
            " they look like."
        )
    else:
        sentence = _(
            "Learned as “%(best)s”, which knew %(right)d of %(all)d of your pictures, each left out in turn;"
            " “%(other)s” knew %(others)d."
        )
    return sentence % {**names, **counts}


def _reason_alone(best: Trial, others: list[Trial]) -> str:
    """Return in words, for the name of the kind, why there was nothing to compare it with."""
    if best.features is None:
        return _("Learned as “%(best)s”, which they look like: it could not be tried on your pictures first.")
    if not others:
        return _("Learned as “%(best)s”: nothing else is offered any more that your pictures may be.")
    if any(trial.nothing_left for trial in others):
        return _("Learned as “%(best)s”: read the other way, nothing is left of some pictures.")
    return _("Learned as “%(best)s”: read the other way, the method loses its way on your pictures.")
