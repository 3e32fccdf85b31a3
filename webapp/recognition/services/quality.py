"""How good a classifier is: measured again, and broken off."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from webapp.core.errors import UserError
from webapp.jobs import services as jobs
from webapp.jobs.models import JobStatus
from webapp.recognition.models import Classifier, Quality


@transaction.atomic
def measure_quality(*, classifier: Classifier) -> Quality:
    """Start to measure how good a classifier is, in place of what was measured before; one that is under way goes on.

    Raise UserError if the classifier has not learned.
    """
    if classifier.status != JobStatus.READY:
        message = _("This classifier has learned nothing that could be measured. Learn, and wait until it is ready.")
        raise UserError("classifier_not_ready", message)
    jobs.take_place(classifier.owner, Quality.queue)
    if running := Quality.objects.active().filter(classifier=classifier).first():
        return running
    Quality.objects.filter(classifier=classifier).delete()
    quality = Quality.objects.create(classifier=classifier)
    jobs.enqueue(quality)
    return quality


def cancel_quality(*, classifier: Classifier) -> None:
    """Stop measuring; the classifier itself stays as it is."""
    quality = Quality.objects.active().filter(classifier=classifier).first()
    if quality is not None:
        jobs.cancel(quality)
