"""The work of a worker process: support sets learned, query pictures classified.

Loaded late by ``tasks``, after the fork: a torch operation before it would hang the child.
"""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any
from uuid import UUID, uuid4

import torch
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext as _
from PIL import Image
from safetensors.torch import save
from torch import Tensor

from mlcore.data.episode import LabeledSet
from mlcore.data.images import image_to_tensor
from mlcore.errors import AdaptationError, ImageError, MlcoreError
from mlcore.methods.base import Classifier as AdaptedClassifier
from mlcore.methods.base import FewShotMethod, Predictions, Watch
from webapp.checkpoints.models import Checkpoint
from webapp.jobs.claims import Claim
from webapp.jobs.errors import JobFailed
from webapp.jobs.services import run_claimed
from webapp.recognition.allowances import require_room
from webapp.recognition.models import Classifier, Prediction, Query, SupportImage, state_path
from webapp.recognition.worker import loaded
from webapp.storage.files import deleted_on_failure

logger = logging.getLogger(__name__)

CHUNK = 8
"""Pictures embedded at once: enough to be quick, few enough that a cancelled job stops soon."""
N_NEAREST = 3
EMBEDDING_SHARE = 0.5
"""How far the bar has come when every picture is embedded, where inner steps follow."""


_warm: set[UUID] = set()
"""The checkpoints that were live at the last look."""


def warm() -> None:
    """Load what has gone live since the last look and run it once, so that the first person waits no longer."""
    live = list(Checkpoint.objects.live())
    for checkpoint in live:
        if checkpoint.pk not in _warm:
            try:
                _embed_blank(loaded.method_of(checkpoint))
            except Exception:  # whatever storage and files are up to: the others are loaded all the same
                logger.exception("Checkpoint %s cannot be loaded.", checkpoint.pk)
    _warm.clear()
    _warm.update(checkpoint.pk for checkpoint in live)


def _embed_blank(method: FewShotMethod) -> None:
    blank = io.BytesIO()
    Image.new("L", (64, 64), 255).save(blank, "PNG")
    with torch.no_grad():
        method.features(image_to_tensor(blank.getvalue(), loaded.card_of(method).transform)[None].to(loaded.device()))


def learn(job_id: str) -> None:
    """Adapt a checkpoint to the support set of one classifier."""
    run_claimed(Classifier, job_id, _learn)


def predict(job_id: str) -> None:
    """Classify the query pictures of one prediction."""
    run_claimed(Prediction, job_id, _predict)


def _learn(claim: Claim[Classifier]) -> None:
    """Embed the support pictures, adapt, and keep the adapted state."""
    started = time.perf_counter()
    row = claim.job
    adapted = _adapted(claim, loaded.method_of(row.checkpoint))
    content = save({name: tensor.detach().cpu().contiguous() for name, tensor in adapted.state().items()})
    name = _keep_state(row, content)
    with deleted_on_failure([name]):
        claim.finish(
            state_file=name,
            bytes=len(content),
            seconds=time.perf_counter() - started,
            steps=adapted.adaptation.steps or None,
            loss=adapted.adaptation.loss,
            device=str(loaded.device()),
        )
    loaded.classifiers.put(row.pk, adapted)


@torch.no_grad()
def _adapted(claim: Claim[Classifier], method: FewShotMethod) -> AdaptedClassifier:
    """Adapt a method to the support set, reporting its progress to the person."""
    embedding_share = EMBEDDING_SHARE if _counts_steps(method) else 1.0
    features = torch.cat(list(_support_features(claim, method, embedding_share)))
    labels = torch.tensor(claim.job.labels, device=loaded.device())
    try:
        return method.adapt_features(LabeledSet(features, labels), _watch(claim, embedding_share))
    except AdaptationError as error:
        logger.warning("Classifier %s came to nothing: %s", claim.job.pk, error)
        message = _(
            "This method lost its way on your pictures, so there is no classifier. Choose another method, or look"
            " for pictures that are in the wrong class, and learn again."
        )
        raise JobFailed(code="cannot_learn", message=message) from error
    except MlcoreError as error:
        raise JobFailed(code="cannot_learn", message=str(error)) from error


def _counts_steps(method: FewShotMethod) -> bool:
    """Return whether a method has a setting for how many inner steps it takes."""
    return any(setting.name == "adapt_steps" for setting in fields(method.config))


def _watch(claim: Claim[Classifier], embedding_share: float) -> Watch:
    """Return the watch that reports inner steps to the person; it ends the adaptation once the job is cancelled."""

    def report(step: int, steps: int, loss: float) -> None:
        done = embedding_share + (1 - embedding_share) * step / steps
        claim.progress(done, _("Adapting: step %(step)d of %(steps)d") % {"step": step, "steps": steps})

    return report


def _support_features(claim: Claim[Classifier], method: FewShotMethod, embedding_share: float) -> Iterator[Tensor]:
    """Yield the features of the support pictures a chunk at a time, reporting the progress to the person."""
    ids = claim.job.support_image_ids
    files = dict(SupportImage.objects.filter(pk__in=ids).values_list("pk", "file"))
    by_id = {str(pk): file for pk, file in files.items()}
    for start in range(0, len(ids), CHUNK):
        done = embedding_share * start / len(ids)
        claim.progress(done, _("Looking at picture %(n)d of %(all)d") % {"n": start + 1, "all": len(ids)})
        names = [by_id.get(image_id, "") for image_id in ids[start : start + CHUNK]]
        yield method.features(_tensors(claim, method, names))


def _tensors(claim: Claim[Any], method: FewShotMethod, names: Sequence[str]) -> Tensor:
    """Load stored pictures as the method takes them, (n, C, H, W); stop between two if the job is cancelled."""
    transform = loaded.card_of(method).transform
    tensors = []
    for name in names:
        claim.check()
        tensors.append(image_to_tensor(_read(name), transform))
    return torch.stack(tensors).to(loaded.device())


def _read(name: str) -> bytes:
    """Return the bytes of a stored picture; fail the job in words if it was deleted meanwhile."""
    try:
        if not name:
            raise FileNotFoundError
        with default_storage.open(name) as file:
            data: bytes = file.read()
    except (FileNotFoundError, ImageError) as error:
        message = _("A picture was deleted before it could be looked at. Start again with those that are left.")
        raise JobFailed(code="picture_gone", message=message) from error
    return data


def _keep_state(row: Classifier, content: bytes) -> str:
    """Write an adapted state into private storage, and return its name; raise UserError if there is no room."""
    require_room(row.owner, needed=len(content))
    return default_storage.save(state_path(None, f"{uuid4().hex}.safetensors"), ContentFile(content))


def _predict(claim: Claim[Prediction]) -> None:
    """Classify all query pictures, and write the answers together with the end of the job."""
    started = time.perf_counter()
    row = Classifier.objects.select_related("checkpoint").get(pk=claim.job.classifier_id)
    method, adapted = loaded.method_of(row.checkpoint), loaded.adapted(row)
    queries = list(claim.job.queries.all())
    for start in range(0, len(queries), CHUNK):
        chunk = queries[start : start + CHUNK]
        claim.progress(start / len(queries))
        images = _tensors(claim, method, [query.file.name or "" for query in chunk])
        answers = adapted.predict(images, n_nearest=N_NEAREST)
        for query, result in zip(chunk, _results(row, loaded.card_of(method).not_sure_below, answers), strict=True):
            query.result = result
    with transaction.atomic():
        claim.finish(seconds=time.perf_counter() - started)
        Query.objects.bulk_update(queries, ["result"])


def _results(row: Classifier, not_sure_below: float, answers: Predictions) -> Iterator[dict[str, Any]]:
    """Yield the answer to each query as its row keeps it: names for labels, ids for places."""
    ids, labels, names = row.support_image_ids, row.labels, row.class_names
    rows = zip(answers.probabilities.tolist(), answers.nearest.tolist(), answers.similarity.tolist(), strict=True)
    for probabilities, nearest, similarity in rows:
        confidence = max(probabilities)
        yield {
            "class_name": names[probabilities.index(confidence)],
            "confidence": confidence,
            "sure": confidence >= not_sure_below,
            "scores": dict(zip(names, probabilities, strict=True)),
            "nearest": [
                {"image_id": ids[place], "class_name": names[labels[place]], "similarity": min(max(alike, -1.0), 1.0)}
                for place, alike in zip(nearest, similarity, strict=True)
            ],
        }
