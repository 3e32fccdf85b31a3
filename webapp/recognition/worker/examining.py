"""Look over what a classifier learned from: what is wrong with its pictures, and which class to add to.

Pictures are seen through the checkpoint that ships for their kind, whichever method learned, for what is usual was
measured there. Where the method is that one, its features are at hand; else the pictures are embedded once more.
"""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import Any

import torch
from django.core.files.storage import default_storage

from mlcore.data.episode import LabeledSet
from mlcore.data.images import image_to_tensor
from mlcore.errors import CheckpointError, ImageError
from mlcore.evaluation import doctor
from mlcore.evaluation.looks import Looks
from mlcore.evaluation.next_picture import what_to_add
from mlcore.evaluation.norms import Norms, norms_of
from webapp.checkpoints.models import Checkpoint
from webapp.jobs.claims import Claim
from webapp.recognition.models import Classifier, SupportImage
from webapp.recognition.worker import loaded, looking

logger = logging.getLogger(__name__)

EMBEDDED_AGAIN = 250
"""Pictures that are embedded once more at most, where another method learned; larger sets are not looked over then."""
LOOKED_AT = 500
"""Pictures whose thumbnails are looked at for blur and colour; of larger sets none is, for it takes too long."""


@torch.no_grad()
def examined(claim: Claim[Classifier], checkpoint: Checkpoint, support: LabeledSet) -> dict[str, Any] | None:
    """Return the fields of an examination; None for what nobody knows what is usual of."""
    try:
        norms = norms_of(checkpoint.kind)
    except CheckpointError as error:
        logger.info("Classifier %s is not looked over: %s", claim.job.pk, error)
        return None
    seen = _seen(claim, checkpoint, support, norms)
    if seen is None:
        return None
    ids = claim.job.support_image_ids
    rows = {str(row.pk): row for row in SupportImage.objects.filter(pk__in=ids)}
    pictures = [rows[image_id] for image_id in ids if image_id in rows]
    if len(pictures) < len(ids):
        raise looking.gone()
    findings = doctor.examine(
        seen,
        norms,
        digests=[row.pixel_digest for row in pictures],
        drawn=[row.looks_drawn for row in pictures] if checkpoint.kind == "photos" else (),
        looks=_looks(claim, pictures) if checkpoint.kind == "photos" else None,
    )
    need = what_to_add(doctor.mended(seen, findings), norms)
    return {"findings": [_as_json(finding, ids) for finding in findings], "need": asdict(need) if need else None}


def _seen(claim: Claim[Classifier], checkpoint: Checkpoint, support: LabeledSet, norms: Norms) -> LabeledSet | None:
    """Return embeddings by the checkpoint that the norms are of, and labels, on the CPU; None where it is not here."""
    if checkpoint.name == norms.checkpoint and checkpoint.digest == norms.digest:
        return LabeledSet(support.images.cpu(), support.labels.cpu())
    ships = Checkpoint.objects.filter(kind=checkpoint.kind, name=norms.checkpoint, digest=norms.digest).first()
    if ships is None or len(support.labels) > EMBEDDED_AGAIN:
        return None
    features = looking.support_features(claim, loaded.method_of(ships), since=1.0, until=1.0)
    return LabeledSet(features.cpu(), support.labels.cpu())


def _looks(claim: Claim[Classifier], pictures: list[SupportImage]) -> Looks | None:
    """Look at thumbnails; None of too many, or where one cannot be read, which then is for who looks at it to mend."""
    if len(pictures) > LOOKED_AT:
        return None
    parts = []
    for row in pictures:
        claim.check()
        try:
            with default_storage.open(row.thumbnail.name or "") as file:
                parts.append(Looks.of(image_to_tensor(file.read(), "photos").unsqueeze(0)))
        except (FileNotFoundError, ImageError) as error:
            logger.warning("Classifier %s: no thumbnail of %s can be read: %s", claim.job.pk, row.pk, error)
            return None
    return Looks.joined(parts)


def _as_json(finding: doctor.Finding, ids: list[str]) -> dict[str, Any]:
    """Return what a row keeps of a finding: ids for places."""
    image_ids = [ids[place] for place in finding.places]
    known = {"kind": finding.kind, "score": finding.score, "labels": list(finding.labels)}
    return {**known, "image_ids": image_ids}
