"""What is kept about faces, and for how long: consents, questions with their answers, and galleries.

Nothing here is registered in the admin: staff see no face, no name and no answer.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from mlcore.schemas import AnyOf, Listed, Number, Record, Text, Whole
from webapp.accounts.models import OwnedQuerySet, Owner
from webapp.core.rows.stored_json import UUID, StoredJSON
from webapp.jobs.models import ACTIVE, Job, JobQuerySet

NOTICE_VERSION = 1
"""Of what people agree to. Raise it with every change of what is computed or kept, and everybody is asked anew."""
NAME_LENGTH = 64
SEND_AGAIN = _("Send the photos once more.")
NUMBERS = Listed(Number())
FACE = Record(
    {
        **dict.fromkeys(("left", "top", "right", "bottom", "confidence"), Number()),
        "landmarks": Listed(NUMBERS),
        "notes": Listed(Text()),
        "crop": Text(10_000_000),
    }
)
PHOTO = Record({"width": Whole(), "height": Whole(), "faces": Listed(FACE)})
NEAR = Record({"person": UUID, "score": Number()})
BASE64 = Text(10_000_000, "[A-Za-z0-9+/]*={0,2}", "base64")
DOUBT = Record({"kind": Text()}, {"person": UUID, "score": Number()})
HELD = Record({"photo": Whole(), "doubts": Listed(DOUBT), "embedding": BASE64, "crop": BASE64})
REFUSED = Record({"photo": Whole(), "reason": Text(2000)})
DETECTED = Record({"photos": Listed(PHOTO, 1, minimum=1)})
COMPARED = Record({"photos": Listed(PHOTO, 2, minimum=2), "scores": Listed(Listed(Number(), minimum=1), minimum=1)})
IDENTIFIED = Record(
    {"photos": Listed(PHOTO, 1, minimum=1), "nearest": Listed(Listed(NEAR)), "threshold": Number()},
)
ENROLLED = Record({"kept": Listed(UUID), "refused": Listed(REFUSED)}, {"doubtful": Listed(HELD)})
ANSWER = AnyOf((COMPARED, IDENTIFIED, ENROLLED, DETECTED))
"""What `webapp.faces.worker.answering` writes, for each kind of question."""


class ConsentQuerySet(OwnedQuerySet["Consent"]):
    """Reads of consents."""

    def standing(self) -> Self:
        """Return those to the present notice, neither withdrawn nor run out; what allows most comes first."""
        since = timezone.now() - consent_lasts()
        return self.filter(version=NOTICE_VERSION, withdrawn__isnull=True, given__gt=since).order_by(
            "-gallery", "-given"
        )

    def run_out(self) -> Self:
        """Return those that nobody withdrew and that hold no longer: to an earlier notice, or given too long ago."""
        return self.filter(withdrawn__isnull=True).exclude(pk__in=self.standing())


class Consent(models.Model):
    """A person's agreement to the notice on faces; it stays as a record, without anything of a face, once withdrawn."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(Owner, on_delete=models.CASCADE, related_name="face_consents")
    version = models.PositiveSmallIntegerField(default=NOTICE_VERSION)
    given = models.DateTimeField(default=timezone.now, editable=False)
    withdrawn = models.DateTimeField(null=True, blank=True)
    gallery = models.BooleanField(default=False, help_text=_("Its owner also wants faces kept in a gallery."))

    objects = ConsentQuerySet.as_manager()

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        ordering = ["-given"]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def expires(self) -> datetime:
        """Return when the consent runs out, and everything goes as if it had been withdrawn."""
        return self.given + consent_lasts()


class PersonQuerySet(OwnedQuerySet["Person"]):
    """Reads of people in galleries."""

    def owned_by(self, owner: Owner | None) -> Self:
        """Return those of one owner whose time is not up; none for a visitor who has made nothing."""
        return super().owned_by(owner).filter(expires__gt=timezone.now())


class Person(models.Model):
    """Somebody in an owner's gallery."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(Owner, on_delete=models.CASCADE, related_name="people")
    name = models.CharField(max_length=NAME_LENGTH)
    created = models.DateTimeField(default=timezone.now, editable=False)
    expires = models.DateTimeField(db_index=True)

    objects = PersonQuerySet.as_manager()

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = ["created", "id"]

    def __str__(self) -> str:
        return str(self.id)


class EnrolledFaceQuerySet(OwnedQuerySet["EnrolledFace"]):
    """Reads of enrolled faces."""

    owner_path = "person__owner"

    def owned_by(self, owner: Owner | None) -> Self:
        """Return those of one owner whose time is not up; none for a visitor who has made nothing."""
        return super().owned_by(owner).filter(person__expires__gt=timezone.now())

    def numbers(self) -> list[tuple[str, bytes | memoryview]]:
        """Return each face's person, as text for ten thousand UUIDs take as long as all else, and its embedding."""
        whose = self.order_by().annotate(whose=Cast("person_id", models.CharField()))
        return list(whose.values_list("whose", "embedding"))


class EnrolledFace(models.Model):
    """One face of a person: its numbers and, in a row of its own, a crop of 150 pixels; never the photo."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="faces")
    embedding = models.BinaryField(help_text=_("128 numbers, little-endian float32."))
    created = models.DateTimeField(default=timezone.now, editable=False)

    objects = EnrolledFaceQuerySet.as_manager()

    class Meta:
        verbose_name = _("enrolled face")
        verbose_name_plural = _("enrolled faces")
        ordering = ["created", "id"]

    def __str__(self) -> str:
        return str(self.id)


class FaceCrop(models.Model):
    """What an enrolled face looks like; apart from its numbers, of which ten thousand are read for one question."""

    face = models.OneToOneField(EnrolledFace, primary_key=True, on_delete=models.CASCADE, related_name="crop")
    jpeg = models.BinaryField(help_text=_("JPEG of 150×150 pixels."))

    class Meta:
        verbose_name = _("crop of a face")
        verbose_name_plural = _("crops of faces")

    def __str__(self) -> str:
        return str(self.face_id)


class QuestionKind(models.TextChoices):
    """What is asked about photos."""

    DETECT = "detect", _("Where are faces?")
    VERIFY = "verify", _("Is this the same person?")
    IDENTIFY = "identify", _("Who is this?")
    ENROL = "enrol", _("Remember this person.")


class FaceQuestionQuerySet(OwnedQuerySet["FaceQuestion"], JobQuerySet["FaceQuestion"]):  # type: ignore[override] # of as_manager
    """Reads of questions."""

    def owned_by(self, owner: Owner | None) -> Self:
        """Return those of one owner whose answers are still kept; none for a visitor who has made nothing."""
        return super().owned_by(owner).exclude(finished__lt=answers_kept_since())

    def ended(self) -> Self:
        """Return those that are neither queued nor running."""
        return self.exclude(status__in=ACTIVE)


class FaceQuestion(Job):
    """A question about faces in photos; the row is also its job.

    The photos lie in private storage while it is active, and go when it ends, however it ends. ``answer`` is null until
    it is ready; the whole row goes ten minutes after its end. What an answer holds,
    ``webapp.faces.worker.answering`` says.
    """

    task_name = "faces.answer"

    owner = models.ForeignKey(Owner, on_delete=models.CASCADE, related_name="face_questions")
    kind = models.CharField(max_length=8, choices=QuestionKind.choices)
    photos = StoredJSON(
        schema=Listed(Text(300)),
        remedy=SEND_AGAIN,
        default=list,
        help_text=_("Names of the stored photos; empty once they are gone."),
    )
    person = models.ForeignKey(Person, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    far = models.FloatField(null=True, blank=True, help_text=_("The false-accept rate that the person chose."))
    answer = StoredJSON(schema=ANSWER, remedy=SEND_AGAIN, null=True, blank=True)
    seconds = models.FloatField(null=True, blank=True)

    objects = FaceQuestionQuerySet.as_manager()

    class Meta(Job.Meta):
        abstract = False
        verbose_name = _("question about faces")
        verbose_name_plural = _("questions about faces")
        ordering = ["-created"]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def expires(self) -> datetime:
        """Return when the answer goes."""
        return (self.finished or timezone.now()) + answers_last()


def consent_lasts() -> timedelta:
    """Return how long a consent holds."""
    return timedelta(days=settings.GLIMPSE_LIMITS["face_consent_days"])


def answers_last() -> timedelta:
    """Return how long an answer is kept, and how long a question may wait for one."""
    return timedelta(seconds=settings.GLIMPSE_LIMITS["face_answer_seconds"])


def answers_kept_since() -> datetime:
    """Return when the oldest answer that is still kept was given."""
    return timezone.now() - answers_last()
