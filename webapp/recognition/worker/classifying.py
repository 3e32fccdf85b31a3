"""The work of a worker process: support sets learned, query pictures classified.

Loaded late by ``tasks``, after the fork: a torch operation before it would hang the child.
"""

from __future__ import annotations

import logging
import time
from dataclasses import fields
from uuid import UUID, uuid4

import torch
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext as _
from safetensors.torch import save

from mlcore.data.episode import LabeledSet
from mlcore.data.images import find_transform, is_empty
from mlcore.errors import AdaptationError, MlcoreError
from mlcore.methods.base import Classifier as AdaptedClassifier
from mlcore.methods.base import FewShotMethod, Predictions, Watch
from webapp.checkpoints.models import Checkpoint
from webapp.core.rows.stored_json import require_sound
from webapp.jobs.claims import Claim
from webapp.jobs.errors import JobFailed
from webapp.jobs.services import run_claimed
from webapp.recognition.allowances import require_room, take_room
from webapp.recognition.models import Classifier, Examination, Prediction, Quality, Query, state_path
from webapp.recognition.worker import examining, loaded, looking, measuring, trying
from webapp.recognition.worker.verdicts import verdicts
from webapp.storage.files import deleted_on_failure

logger = logging.getLogger(__name__)

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
    transform = find_transform(loaded.card_of(method).transform)
    blank = transform.apply(torch.full((1, len(transform.mode), 64, 64), 255, dtype=torch.uint8))
    with torch.no_grad():
        method.features(blank.to(loaded.device()))


def learn(job_id: str, attempt: int | None = None) -> None:
    """Adapt a checkpoint to the support set of one classifier."""
    run_claimed(Classifier, job_id, _learn, attempt)


def predict(job_id: str, attempt: int | None = None) -> None:
    """Classify the query pictures of one prediction."""
    run_claimed(Prediction, job_id, _predict, attempt)


def _learn(claim: Claim[Classifier]) -> None:
    """Embed the support pictures, adapt, and keep the adapted state."""
    started = time.perf_counter()
    row = claim.job
    require_sound(row, row.checkpoint)
    chosen = trying.try_kinds(claim) if row.kinds_to_try else trying.Chosen(row.checkpoint, row.kind_reason)
    method = loaded.method_of(chosen.checkpoint)
    support = _support(claim, chosen, method)
    looked = time.perf_counter()
    adapted = _adapted(claim, method, support)
    seconds_of_adapting = time.perf_counter() - looked
    examined = examining.examined(claim, chosen.checkpoint, support)
    content = save({name: tensor.detach().cpu().contiguous() for name, tensor in adapted.state().items()})
    name = _keep_state(claim, content)
    with deleted_on_failure([name]), transaction.atomic():
        take_room(claim.owner, needed=len(content))
        claim.finish(
            checkpoint=chosen.checkpoint,
            kind_reason=chosen.reason,
            state_file=name,
            bytes=len(content),
            seconds=(seconds := time.perf_counter() - started),
            steps=adapted.adaptation.steps or None,
            loss=adapted.adaptation.loss,
            device=str(loaded.device()),
        )
        quality = Quality.objects.create(classifier=row)
        if examined is not None:
            Examination.objects.create(classifier=row, **examined)
    loaded.classifiers.put(row.pk, adapted)
    measuring.measure_now_or_later(quality, support, a_round=seconds_of_adapting, at_most=seconds)


def _support(claim: Claim[Classifier], chosen: trying.Chosen, method: FewShotMethod) -> LabeledSet:
    """Return features of the support set, with their labels; what trying has computed is not computed again."""
    features = chosen.features
    if features is None:
        features = looking.support_features(claim, method, until=_embedding_share(method))
    return LabeledSet(features, torch.tensor(claim.job.labels, device=loaded.device()))


@torch.no_grad()
def _adapted(claim: Claim[Classifier], method: FewShotMethod, support: LabeledSet) -> AdaptedClassifier:
    """Adapt a method to the support set, reporting its progress to the person."""
    try:
        return method.adapt_features(support, _watch(claim, _embedding_share(method)))
    except AdaptationError as error:
        logger.warning("Classifier %s came to nothing: %s", claim.job.pk, error)
        message = _(
            "This method lost its way on your pictures, so there is no classifier. Choose another method, or look"
            " for pictures that are in the wrong class, and learn again."
        )
        raise JobFailed(code="cannot_learn", message=message) from error
    except MlcoreError as error:
        raise JobFailed(code="cannot_learn", message=str(error)) from error


def _embedding_share(method: FewShotMethod) -> float:
    """Return how far the bar has come when every picture is embedded: to its end where no inner steps follow."""
    counts_steps = any(setting.name == "adapt_steps" for setting in fields(method.config))
    return EMBEDDING_SHARE if counts_steps else 1.0


def _watch(claim: Claim[Classifier], embedding_share: float) -> Watch:
    """Return the watch that reports inner steps to the person; it ends the adaptation once the job is cancelled."""

    def report(step: int, steps: int, loss: float) -> None:
        done = embedding_share + (1 - embedding_share) * step / steps
        claim.progress(done, _("Adapting: step %(step)d of %(steps)d") % {"step": step, "steps": steps})

    return report


def _keep_state(claim: Claim[Classifier], content: bytes) -> str:
    """Write an adapted state into private storage, and return its name; raise UserError if there is no room."""
    require_room(claim.owner, needed=len(content))
    return default_storage.save(state_path(None, f"{uuid4().hex}.safetensors"), ContentFile(content))


def _predict(claim: Claim[Prediction]) -> None:
    """Classify all query pictures, and write the answers together with the end of the job."""
    started = time.perf_counter()
    row = Classifier.objects.select_related("checkpoint").get(pk=claim.job.classifier_id)
    require_sound(row, row.checkpoint)
    method, adapted = loaded.method_of(row.checkpoint), loaded.adapted(row)
    queries = list(claim.job.queries.all())
    for start in range(0, len(queries), looking.CHUNK):
        chunk = queries[start : start + looking.CHUNK]
        claim.progress(start / len(queries))
        images = looking.tensors(claim, method, chunk)
        answers = adapted.predict(images, n_nearest=N_NEAREST)
        _require_finite(answers)
        results = verdicts(row, loaded.card_of(method), answers)
        for query, result, nothing in zip(chunk, results, is_empty(images).tolist(), strict=True):
            query.result = {**result, "sure": False, "is_empty": True} if nothing else result
    with transaction.atomic():
        claim.finish(seconds=time.perf_counter() - started)
        Query.objects.bulk_update(queries, ["result"])


def _require_finite(answers: Predictions) -> None:
    """Raise JobFailed where a network came to no number: nothing could be said, kept or shown of that."""
    parts = (answers.probabilities, answers.similarity, answers.familiarity)
    if not all(part is None or part.isfinite().all() for part in parts):
        message = _("This classifier came to no answer on these pictures. Learn again with another method.")
        raise JobFailed(code="no_answer", message=message)
