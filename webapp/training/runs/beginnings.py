"""What fills the form of a run: a run to be cloned, a checkpoint to be trained further, data, or what was typed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext as _

from mlcore.config import KINDS, UNCHANGED_PICTURES
from mlcore.documents import value_at, with_values
from mlcore.faces.config import FACE_LOSSES, FACES
from mlcore.method_config import METHODS
from mlcore.run_config import MetaRunConfig, settings_for
from webapp.checkpoints.cards import settings_of
from webapp.checkpoints.models import Checkpoint
from webapp.core.errors import UserError
from webapp.core.rows.stored_json import require_sound
from webapp.datasets.models import DatasetVersion
from webapp.training.models import TrainingRun

LONGEST_NAME = 64
DEFAULT_KIND = next(iter(KINDS))
DEFAULT_METHOD: str = MetaRunConfig.settings()["method"].default
BACKBONE = "method_config.backbone.name"
CHOICES = ("method", "kind", "version", "start_from", BACKBONE)
"""Fields whose choice changes what others hold, or which there are."""
OF_A_BACKBONE = ("method_config.adapter", *UNCHANGED_PICTURES)
"""Settings that hang on the backbone, and it on the kind: they have their defaults again where these change."""
M = TypeVar("M", bound=Model)


def beginning(typed: Mapping[str, str]) -> dict[str, Any]:
    """Return what fills the form: what was typed so far, and what follows from the choice that `fill` names.

    An address that names a run as `clone`, a checkpoint as `start_from` or a data set's `version`, and nothing else,
    asks for a form of it.
    """
    alone = next(iter(typed)) if len(typed) == 1 else ""
    fill = typed.get("fill", alone)
    if fill == "clone" and (run := _row(TrainingRun.objects.all(), typed.get("clone", ""))):
        return values_of_run(run)
    start = _row(Checkpoint.objects.of_pictures(), typed.get("start_from", ""))
    if fill == "start_from" and start:
        return values_of_checkpoint(start) | {name: typed[name] for name in ("name", "version") if typed.get(name)}
    if alone == "version" and (version := _row(DatasetVersion.objects.all(), typed["version"])):
        return values_of_data(version)
    return _following(typed, fill, start)


def _following(typed: Mapping[str, str], fill: str, start: Checkpoint | None) -> dict[str, Any]:
    """Return what stays of what was typed: what another choice decides has the default of that choice again."""
    of_faces = typed.get("method") in FACE_LOSSES
    if (typed.get("kind", FACES if of_faces else "") == FACES) != of_faces:
        return {name: typed[name] for name in ("name", "version", "method") if name in typed}
    dropped: set[str] = set()
    if fill == "kind":
        dropped = {BACKBONE, *OF_A_BACKBONE}
        dropped |= {"start_from"} if start and start.kind != typed.get("kind") else set()
    if fill == BACKBONE:
        dropped = set(OF_A_BACKBONE)
    return {name: value for name, value in typed.items() if name not in dropped}


def values_of_run(run: TrainingRun) -> dict[str, Any]:
    """Return what fills the form with a run's settings, to be changed."""
    require_sound(run)
    plain = {"name": run.name, "version": run.version_id, "start_from": run.start_from_id, "clone": run.pk}
    return {**plain, **_settings(run.method, run.config), **_kind(run.kind, run.method, run.config.get("transform"))}


def values_of_checkpoint(checkpoint: Checkpoint) -> dict[str, Any]:
    """Return what fills the form with all that a checkpoint's card says of how it was made, to train it further."""
    document = document_of_start(checkpoint)
    name = _("%(name)s, further") % {"name": checkpoint.name}
    version = _version_of(checkpoint)
    plain = {"name": name[:LONGEST_NAME], "start_from": checkpoint.pk, "version": version.pk if version else None}
    kind = _kind(checkpoint.kind, checkpoint.method, checkpoint.card["transform"])
    return {**plain, **_settings(checkpoint.method, document), **kind}


def document_of_start(checkpoint: Checkpoint, *, method: str = "") -> dict[str, Any]:
    """Return what a checkpoint's card says of a run's config; for another method, no more than it can go on with.

    Where nothing was trained, as in a pretrained network without an adapter, the size of the adapter is left open.
    Raise UserError for an embedding of faces.
    """
    require_pictures(checkpoint.kind)
    require_sound(checkpoint)
    card = checkpoint.model_card
    config = METHODS[card.method].config.from_dict(card.config)
    document: dict[str, Any] = {"kind": checkpoint.kind, "method": card.method}
    if checkpoint.kind not in KINDS:
        document["transform"] = card.transform
    if method in ("", card.method):
        document |= {**settings_of(card), "method_config": config.to_dict()}
        if "adapter" not in config.to_go_on and config.is_pretrained:
            del document["method_config"]["adapter"]
        return document
    return with_values(document, {f"method_config.{name}": value for name, value in config.to_go_on.items()})


def require_pictures(*kinds: str) -> None:
    """Raise UserError where faces are among what a run trains for and what it starts from."""
    if FACES in kinds:
        message = _("Embeddings of faces start from scratch, and nothing else starts from them.")
        raise UserError("faces_from_scratch", message, field="start_from")


def values_of_data(version: DatasetVersion) -> dict[str, Any]:
    """Return what fills the form with a data set, and the kind and method of the last run on it, if there is one."""
    run = TrainingRun.objects.filter(version__dataset=version.dataset_id).order_by("-created").first()
    if run is None:
        return {"version": version.pk}
    return {"version": version.pk, "method": run.method, **_kind(run.kind, run.method, run.config.get("transform"))}


def kinds_of(method: str) -> list[tuple[str, Any]]:
    """List the kinds that a method can be trained for: those of mlcore and those that staff made, or faces alone."""
    if method in FACE_LOSSES:
        return [(FACES, _("Faces (never published)"))]
    others = Checkpoint.objects.of_pictures().exclude(kind__in=KINDS)
    made = others.order_by("kind").values_list("kind", flat=True).distinct()
    return [(name, kind.description) for name, kind in KINDS.items()] + [(name, name) for name in made]


def _settings(method: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that a document has for a method."""
    values = {name: value_at(document, name) for name in settings_for(method)}
    return {"method": method, **{name: value for name, value in values.items() if value is not None}}


def _kind(kind: str, method: str, transform: str | None) -> dict[str, Any]:
    return {"kind": kind} if kind in dict(kinds_of(method)) else {"new_kind": kind, "transform": transform}


def _version_of(checkpoint: Checkpoint) -> DatasetVersion | None:
    """Find the newest version of the data set that a checkpoint learned from; none where it is not here."""
    learned = Q(runs__checkpoint=checkpoint)
    if fingerprint := checkpoint.card.get("data", {}).get("fingerprint"):
        learned |= Q(fingerprint=fingerprint)
    datasets = DatasetVersion.objects.filter(learned).values("dataset")
    return DatasetVersion.objects.trainable().filter(dataset__in=datasets).order_by("-created").first()


def _row(rows: QuerySet[M], pk: str) -> M | None:
    """Find one of these rows by its id; none where it is not among them, or where that is no id."""
    try:
        return rows.filter(pk=uuid.UUID(pk)).first()
    except ValueError:
        return None
