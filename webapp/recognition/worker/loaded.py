"""What a worker process keeps in memory: methods, and the classifiers it adapted or restored last."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar
from uuid import UUID

import torch
from django.conf import settings
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from mlcore.checkpoints.card import ModelCard
from mlcore.checkpoints.checkpoint import load_checkpoint
from mlcore.devices import resolve_device
from mlcore.errors import CheckpointError
from mlcore.methods.base import Classifier as AdaptedClassifier
from mlcore.methods.base import FewShotMethod
from webapp.checkpoints import services as checkpoints
from webapp.checkpoints.models import Checkpoint
from webapp.jobs.errors import JobFailed
from webapp.recognition.models import Classifier

logger = logging.getLogger(__name__)

V = TypeVar("V")

METHODS_KEPT = 8
"""The live ones and those that people chose last. One for photos takes about 30 MB of its own, the first 100 MB more;
one that was let go is back within a tenth of a second, so keeping all would buy little."""
CLASSIFIERS_KEPT = 64

# One thread a worker process: several processes share the cores, and threads that wait on each other cost more.
torch.set_num_threads(1)


class Latest(Generic[V]):
    """Values by id; the one not used for longest goes when there are too many.

    A job and a chore may ask at once. Where both ask for what is not there, both make it, and nobody waits for another.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._values: OrderedDict[UUID, V] = OrderedDict()

    def get(self, key: UUID, make: Callable[[], V]) -> V:
        """Return the value of a key, made if it is not there."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = make()
        self.put(key, value)
        return value

    def put(self, key: UUID, value: V) -> None:
        """Keep a value, and let the oldest go if there are too many."""
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > self._limit:
                self._values.popitem(last=False)


methods: Latest[FewShotMethod] = Latest(METHODS_KEPT)
classifiers: Latest[AdaptedClassifier] = Latest(CLASSIFIERS_KEPT)


def device() -> torch.device:
    """Return the device that this worker computes on."""
    return resolve_device(settings.GLIMPSE_DEVICE)


def method_of(checkpoint: Checkpoint) -> FewShotMethod:
    """Return a checkpoint's method, loaded the first time."""
    return methods.get(checkpoint.pk, lambda: _load(checkpoint))


def _load(checkpoint: Checkpoint) -> FewShotMethod:
    folder = _folder_of(checkpoint)
    try:
        method = load_checkpoint(folder, device=device(), onnx_folder=settings.DATA_DIR / "onnx")
    except CheckpointError as error:
        logger.exception("Checkpoint %s cannot be loaded.", checkpoint.pk)
        message = _("The checkpoint of this classifier is damaged. Learn again with another method.")
        raise JobFailed(code="checkpoint_damaged", message=message) from error
    logger.info("Loaded checkpoint %s on %s.", checkpoint.pk, device())
    return method


def _folder_of(checkpoint: Checkpoint) -> Path:
    """Return a checkpoint's folder on this machine; fail the job in words for its person if there is none any more."""
    try:
        return checkpoints.local_folder(checkpoint=checkpoint)
    except JobFailed as error:
        if error.code != "checkpoint_gone":
            raise
        message = _("The checkpoint of this classifier has been replaced. Learn again to use the new one.")
        raise JobFailed(code="checkpoint_replaced", message=message) from error


def card_of(method: FewShotMethod) -> ModelCard:
    """Return the card of a loaded method, which always has one."""
    if method.card is None:
        raise TypeError("a method that was not loaded from a checkpoint has no card")
    return method.card


def adapted(row: Classifier) -> AdaptedClassifier:
    """Return the adapted classifier of a row, restored from its state the first time."""
    return classifiers.get(row.pk, lambda: method_of(row.checkpoint).restore(_state(row)))


def _state(row: Classifier) -> dict[str, Tensor]:
    try:
        with default_storage.open(row.state_file.name or "") as file:
            state = load(file.read())
    except (OSError, SafetensorError) as error:
        logger.exception("The state of classifier %s cannot be read.", row.pk)
        message = _("What this classifier had learned is lost. Learn again.")
        raise JobFailed(code="state_lost", message=message) from error
    return {name: tensor.to(device()) for name, tensor in state.items()}
