"""Look at stored pictures: tensors and features, as a method takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _
from torch import Tensor

from mlcore.data.images import CHANNELS, find_transform, image_to_tensor, is_empty
from mlcore.errors import ImageError
from mlcore.methods.base import FewShotMethod
from webapp.jobs.claims import Claim
from webapp.jobs.errors import JobFailed
from webapp.recognition.models import Classifier, Quality, Query, SupportImage
from webapp.recognition.worker import loaded

CHUNK = 8
"""Pictures embedded at once: enough to be quick, few enough that a cancelled job stops soon."""
NAMED = 5
"""How many pictures a sentence names before it counts the rest."""


class NothingLeft(JobFailed):
    """Some pictures hold nothing once they are read as a kind."""


@torch.no_grad()
def support_features(
    claim: Claim[Classifier] | Claim[Quality], method: FewShotMethod, *, until: float, since: float = 0.0
) -> Tensor:
    """Return the features of the support pictures, (n, ...), reporting the progress from ``since`` to ``until``.

    Raise NothingLeft, which names them, if there are pictures that the method's transform leaves nothing of.
    """
    ids = claim.job.support_image_ids
    rows = {str(row.pk): row for row in SupportImage.objects.filter(pk__in=ids)}
    features: list[Tensor] = []
    empty: list[str] = []
    for start in range(0, len(ids), CHUNK):
        done = since + (until - since) * start / len(ids)
        claim.progress(done, _("Looking at picture %(n)d of %(all)d") % {"n": start + 1, "all": len(ids)})
        chunk = [rows.get(image_id) for image_id in ids[start : start + CHUNK]]
        images = tensors(claim, method, chunk)
        empty += [
            row.original_name for row, nothing in zip(chunk, is_empty(images).tolist(), strict=True) if row and nothing
        ]
        features.append(method.features(images))
    if empty:
        raise NothingLeft(code="cannot_learn", message=_nothing_left(empty, loaded.card_of(method).transform))
    return torch.cat(features)


def _nothing_left(names: Sequence[str], transform: str) -> str:
    listed = ", ".join(names[:NAMED])
    if len(names) > NAMED:
        listed = _("%(names)s and %(n)d more") % {"names": listed, "n": len(names) - NAMED}
    if transform != "characters":
        return _("There is nothing to see in %(names)s. Delete what is blank, and learn again.") % {"names": listed}
    return _(
        "As a drawing there is nothing to see in %(names)s. Delete what is blank, or choose “Photos”, and learn again."
    ) % {"names": listed}


def tensors(claim: Claim[Any], method: FewShotMethod, rows: Sequence[SupportImage | Query | None]) -> Tensor:
    """Load stored pictures as the method takes them, (n, C, H, W); stop between two if the job is cancelled.

    A blank one, which an earlier version may have kept, is loaded as one value alone: `is_empty` tells of it.
    """
    transform = loaded.card_of(method).transform
    images = []
    for row in rows:
        claim.check()
        images.append(_tensor(row, transform))
    return torch.stack(images).to(loaded.device())


def _tensor(row: SupportImage | Query | None, transform: str) -> Tensor:
    """Read one stored picture; fail the job in words if it was deleted meanwhile, or cannot be read any more."""
    if row is None or not row.file.name:
        raise gone()
    try:
        with default_storage.open(row.file.name) as file:
            return image_to_tensor(file.read(), transform)
    except FileNotFoundError as error:
        raise gone() from error
    except ImageError as error:
        if error.code == "blank":
            steps = find_transform(transform)
            return torch.full((CHANNELS[steps.mode], steps.size, steps.size), steps.low)
        message = _("%(name)s was kept, but cannot be read any more. Delete it, and start again.")
        raise JobFailed(code="unusable_picture", message=message % {"name": row.original_name}) from error


def gone() -> JobFailed:
    """Return how a job ends that lacks a picture."""
    message = _("A picture was deleted before it could be looked at. Start again with those that are left.")
    return JobFailed(code="picture_gone", message=message)
