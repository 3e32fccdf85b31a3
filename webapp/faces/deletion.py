"""Erase faces for good: rows and files at once, and what the database's own log still holds of them.

SQLite runs with `secure_delete`, so that what is deleted is overwritten in the database file; the pages as they were
before still lie in its write-ahead log until that is written back and cut to nothing. Workers keep no face in memory
between two jobs, and messages carry ids alone, so that there is nothing to erase there.
"""

from __future__ import annotations

import logging

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from webapp.accounts.models import Owner
from webapp.faces import photos
from webapp.faces.models import Consent, EnrolledFace, FaceQuestion, FaceQuestionQuerySet, Person

logger = logging.getLogger(__name__)

PATIENCE_MS = 500
"""How long cutting the log waits for those who read; the clock tries again."""


@transaction.atomic
def erase(owner: Owner) -> None:
    """Withdraw an owner's consents, and erase everything that is kept about faces for them."""
    Consent.objects.owned_by(owner).filter(withdrawn__isnull=True).update(withdrawn=timezone.now())
    erase_questions(owner.face_questions.all())
    owner.people.all().delete()
    transaction.on_commit(truncate_log)


@transaction.atomic
def erase_questions(questions: FaceQuestionQuerySet) -> None:
    """Delete questions with their photos and answers. A worker on one of them finds its row gone and writes nothing."""
    doomed = [name for names in questions.values_list("photos", flat=True) for name in names]
    questions.delete()
    transaction.on_commit(lambda: photos.remove(doomed))


@transaction.atomic
def erase_people(people: QuerySet[Person]) -> None:
    """Delete people with their faces, and with the photos that they are still to be remembered by."""
    erase_questions(FaceQuestion.objects.filter(person__in=people))
    people.delete()
    transaction.on_commit(truncate_log)


def erase_face(face: EnrolledFace) -> None:
    """Delete one face of a person."""
    face.delete()
    transaction.on_commit(truncate_log)


def truncate_log() -> None:
    """Write SQLite's log back and cut it to nothing, for somebody may have had a face in it, who is gone by now."""
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        return
    with connection.cursor() as cursor:
        usual = cursor.execute("PRAGMA busy_timeout").fetchone()[0]
        cursor.execute(f"PRAGMA busy_timeout = {PATIENCE_MS}")
        busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        cursor.execute(f"PRAGMA busy_timeout = {usual}")
    if busy:
        logger.info("The log of the database is in use; it is cut later.")
