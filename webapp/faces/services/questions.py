"""Questions about faces: asked, waited for, ended early."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.files import File
from django.db import transaction
from django.utils.translation import gettext as _

from webapp.accounts.models import Owner
from webapp.core.errors import UserError
from webapp.faces import allowances, deletion, photos
from webapp.faces.models import EnrolledFace, FaceQuestion, Person, QuestionKind
from webapp.faces.rates import require_offered
from webapp.faces.services.consent import require_consent, require_gallery
from webapp.faces.services.gallery import require_faces_left
from webapp.jobs import services as jobs
from webapp.pictures.allowances import decoding, place_in_flight
from webapp.storage.files import deleted_on_failure


def verify(*, owner: Owner, image_a: File[bytes], image_b: File[bytes], far: float | None = None) -> FaceQuestion:
    """Queue a verification: do two photos show the same person? ``far`` is the false-accept rate to answer at."""
    require_consent(owner=owner)
    rate = require_offered(far)
    return _ask(owner, QuestionKind.VERIFY, [image_a, image_b], called=[_("First photo"), _("Second photo")], far=rate)


def detect(*, owner: Owner, image: File[bytes]) -> FaceQuestion:
    """Queue a detection: where does a photo show faces?"""
    require_consent(owner=owner)
    return _ask(owner, QuestionKind.DETECT, [image])


def identify(*, owner: Owner, image: File[bytes]) -> FaceQuestion:
    """Queue an identification: who of the gallery does a photo show?"""
    require_gallery(owner=owner)
    if not EnrolledFace.objects.owned_by(owner).exists():
        raise UserError(
            "gallery_empty", _("There is nobody in your gallery to compare with. Add a person and a photo first.")
        )
    return _ask(owner, QuestionKind.IDENTIFY, [image])


def enrol(*, person: Person, images: Sequence[File[bytes]]) -> FaceQuestion:
    """Queue the enrolment of a person by photos that show them alone; a crop and the embedding of each are kept."""
    require_gallery(owner=person.owner)
    limit = settings.GLIMPSE_LIMITS["face_photos_at_once"]
    if not 1 <= len(images) <= limit:
        raise UserError("no_usable_picture", _("Send 1 to %(limit)d photos at once.") % {"limit": limit})
    require_faces_left(person.owner, n_faces=len(images))
    called = [_("Photo %(n)d") % {"n": n} for n in range(1, len(images) + 1)]
    return _ask(person.owner, QuestionKind.ENROL, images, called=called, person=person)


def _ask(
    owner: Owner,
    kind: QuestionKind,
    files: Sequence[File[bytes]],
    *,
    called: Sequence[str] | None = None,
    **fields: Any,
) -> FaceQuestion:
    """Store the photos and queue the question."""
    allowances.spend_question(owner)
    jobs.require_place(owner, FaceQuestion.queue)
    with place_in_flight(owner), decoding(owner) as decoder:
        pictures = photos.read(files, called=called or [_("The photo")], decoder=decoder)
    names = photos.keep(pictures)
    with deleted_on_failure(names), transaction.atomic():
        jobs.take_place(owner, FaceQuestion.queue)
        require_consent(owner=owner)  # it may have been withdrawn while the photos were read
        question = FaceQuestion.objects.create(owner=owner, kind=kind, photos=names, **fields)
        jobs.enqueue(question)
    return question


def end_question(*, question: FaceQuestion) -> None:
    """Delete a question with its photos and its answer, whether it is answered yet or not."""
    deletion.erase_questions(FaceQuestion.objects.filter(pk=question.pk))
