"""Classifiers: learned from a support set as it stands, renamed, cancelled, deleted."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from webapp.accounts.models import Owner
from webapp.checkpoints import services as checkpoints
from webapp.checkpoints.models import Checkpoint
from webapp.core.errors import UserError
from webapp.core.rows.stored_json import require_sound
from webapp.jobs import services as jobs
from webapp.pictures.names import clean_name
from webapp.recognition.allowances import require_room
from webapp.recognition.deletion import remove_classifier
from webapp.recognition.models import Classifier, SupportImage, SupportSet
from webapp.recognition.services.readiness import readiness


@transaction.atomic
def start_classifier(
    *, owner: Owner, support_set: SupportSet, checkpoint: str | None = None, kind: str | None = None
) -> Classifier:
    """Start to learn the support set as it is now.

    ``checkpoint`` is a kind (its live one), an exact name or an id. Where ``kind`` is given, names are looked for in it
    first, and a checkpoint of another gives way to its live one. Where neither is, the pictures suggest the kind; if
    they suggest two, the worker tries both and takes the better one.
    """
    ready = readiness(support_set=support_set)
    suggestion = None if kind or checkpoint else ready.suggestion
    chosen = Checkpoint.objects.offered().filter(kind=kind or "", name=checkpoint or "").first()
    chosen = chosen or _checkpoint(checkpoint or kind or ready.suggestion.kinds[0])
    if kind and chosen.kind != kind:
        chosen = _checkpoint(kind)
    require_sound(chosen)
    if ready.missing:
        raise UserError("not_ready", " ".join(ready.missing), missing=ready.missing)
    jobs.take_place(owner, Classifier.queue)
    require_room(owner)
    names, image_ids = _snapshot(support_set)
    classifier = Classifier.objects.create(
        owner=owner,
        support_set=support_set,
        name=support_set.name,
        checkpoint=chosen,
        class_names=names,
        image_ids=image_ids,
        n_images=sum(map(len, image_ids)),
        kinds_to_try=list(suggestion.kinds) if suggestion and not suggestion.kind else [],
        kind_reason=suggestion.why if suggestion else "",
    )
    jobs.enqueue(classifier)
    return classifier


def _checkpoint(name: str) -> Checkpoint:
    """Return the checkpoint that is meant; raise UserError with the valid ones if there is none."""
    checkpoint = checkpoints.find_checkpoint(name=name)
    if checkpoint is None:
        valid = checkpoints.valid_names()
        message = _("There is no checkpoint “%(name)s”. Choose one of: %(valid)s.")
        raise UserError("unknown_checkpoint", message % {"name": name[:100], "valid": ", ".join(valid)}, valid=valid)
    return checkpoint


def _snapshot(support_set: SupportSet) -> tuple[list[str], list[list[str]]]:
    """Return the class names in order, and for each the ids of its pictures."""
    classes = list(support_set.classes.present())
    images: dict[object, list[str]] = {support_class.pk: [] for support_class in classes}
    present = SupportImage.objects.present().filter(support_class__in=classes)
    for class_id, image_id in present.values_list("support_class_id", "id"):
        images[class_id].append(str(image_id))
    return [support_class.name for support_class in classes], list(images.values())


def newer_checkpoint(*, classifier: Classifier) -> Checkpoint | None:
    """Return what went live in the place of a classifier's checkpoint since it was made, or None."""
    return checkpoints.successor(checkpoint=classifier.checkpoint, since=classifier.created)


def cancel_classifier(*, classifier: Classifier) -> Classifier:
    """Stop learning; one that runs becomes cancelled a moment later."""
    if not classifier.is_active:
        raise UserError("already_over", _("This classifier is no longer learning, so there is nothing to cancel."))
    jobs.cancel(classifier)
    return classifier


def rename_classifier(*, classifier: Classifier, name: str) -> Classifier:
    classifier.name = clean_name(name)
    classifier.save(update_fields=["name"])
    return classifier


def delete_classifier(*, classifier: Classifier) -> None:
    """Delete a classifier with its adapted state and its predictions; its support set stays."""
    remove_classifier(classifier)
