"""Pictures that people let the models be improved with: offered to training, and taken back when they say so."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import QuerySet

from webapp.datasets.ingesting import sources
from webapp.datasets.models import Contribution
from webapp.recognition.models import SupportImage
from webapp.training import contributions


def contributed() -> QuerySet[SupportImage]:
    """Return the pictures that may be used now: of people with an account, in support sets that they opted in."""
    agreed = {"support_class__support_set__may_improve_models": True}
    return SupportImage.objects.present().filter(**agreed, support_class__support_set__owner__user__isnull=False)


def offered() -> Iterator[sources.Offered]:
    """Yield these pictures for training; a class is one of one support set, whatever others call theirs."""
    pictures = contributed().order_by("support_class__support_set", "support_class", "created", "id")
    for image in pictures.select_related("support_class").iterator():
        yield sources.Offered(
            support_set=image.support_class.support_set_id,
            class_name=image.support_class.name,
            picture=image.pk,
            stored=image.file.name or "",
        )


def withdraw() -> None:
    """Take back what was deleted, or is no longer to be used: a chore that the clock calls."""
    contributions.withdraw(
        contributions=Contribution.objects.exclude(picture__in=contributed().order_by().values("pk"))
    )
