"""Mend what was found, one click each: move a picture, delete it, take either back; or hear no more of it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from webapp.core.errors import UserError
from webapp.recognition.models import Classifier, Dismissal, SupportImage
from webapp.recognition.services.images import delete_image, move_image, restore_image
from webapp.recognition.trust.findings import FindingsReport, FoundPicture, ShownFinding, subject_of

DELETED = {"delete": 0, "delete_second": 1}
"""Which picture of a finding an action deletes."""


def mend(*, classifier: Classifier, place: str, action: str) -> None:
    """Do what a person chose about a finding: "move", "delete", "delete_second", "undo", "dismiss" or "recall".

    place: as of `ShownFinding`. Raise UserError where there is no such finding, picture or action, and for what
    services of pictures refuse.
    """
    finding = _finding(classifier, place)
    if action == "dismiss":
        Dismissal.objects.get_or_create(**_about(classifier, finding))
    elif action == "recall":
        Dismissal.objects.filter(**_about(classifier, finding)).delete()
    elif action == "undo":
        _undo(classifier, finding)
    elif action == "move" and finding.kind == "mislabelled":
        move_image(image=_image(classifier, finding.pictures[0]), class_name=finding.second)
    elif DELETED.get(action, len(finding.pictures)) < len(finding.pictures):
        delete_image(image=_image(classifier, finding.pictures[DELETED[action]]))
    else:
        raise UserError("unknown_action", _("This cannot be done here. Load the page again."))


def _finding(classifier: Classifier, place: str) -> ShownFinding:
    for finding in FindingsReport(classifier).all:
        if str(finding.place) == place:
            return finding
    raise UserError("finding_gone", _("This is not there any more. Load the page again."))


def _image(classifier: Classifier, picture: FoundPicture) -> SupportImage:
    """Return the row of a picture, deleted or not; raise UserError if it is gone for good."""
    images = SupportImage.objects.filter(pk=picture.id, support_class__support_set=classifier.support_set_id)
    image = images.select_related("support_class__support_set__owner").first()
    if image is None:
        raise UserError("picture_gone", _("This picture was deleted too long ago to be brought back."))
    return image


def _undo(classifier: Classifier, finding: ShownFinding) -> None:
    """Put every picture of a finding back to where it was when it was learned."""
    names = [finding.first, finding.first if finding.kind == "mislabelled" else finding.second]
    for picture, name in zip(finding.pictures, names, strict=False):
        image = _image(classifier, picture)
        if not picture.class_name:
            image = restore_image(image=image)
        move_image(image=image, class_name=name)


def _about(classifier: Classifier, finding: ShownFinding) -> dict[str, Any]:
    names = [finding.first, finding.second]
    subject = subject_of(finding.kind, [picture.id for picture in finding.pictures], names)
    return {"support_set_id": classifier.support_set_id, "kind": finding.kind, "subject": subject}
