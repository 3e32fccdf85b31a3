"""What a support set still lacks before it can be learned, and which kind of pictures it seems to hold."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from webapp.recognition.models import SupportClass, SupportSet
from webapp.recognition.services.suggestion import Suggestion, suggestion_for


@dataclass(frozen=True)
class Readiness:
    """Whether *Learn* can be pressed: ``missing`` says in sentences what has to be done first."""

    ok: bool
    missing: list[str]
    suggestion: Suggestion


def readiness(*, support_set: SupportSet) -> Readiness:
    """Return what is missing before the support set can be learned."""
    classes = support_set.classes.present().annotate(n=Count("images", filter=Q(images__deleted_at__isnull=True)))
    missing = _missing(list(classes))
    return Readiness(ok=not missing, missing=missing, suggestion=suggestion_for(support_set=support_set))


def _missing(classes: list[SupportClass]) -> list[str]:
    sentences = []
    if not classes:
        sentences.append(_("Add two or more classes."))
    elif len(classes) == 1:
        sentences.append(_("Add a second class: with one alone there is nothing to tell apart."))
    for support_class in classes:
        if not support_class.n:  # type: ignore[attr-defined]
            sentences.append(_("Add a picture to “%(name)s”, or delete the class.") % {"name": support_class.name})
    return sentences
