"""Forget faces whose time is up: a chore that the clock calls. Where nothing is due, it writes nothing."""

from __future__ import annotations

from django.utils import timezone

from webapp.accounts.models import Owner
from webapp.faces import deletion, photos
from webapp.faces.models import Consent, FaceQuestion, Person, answers_kept_since
from webapp.jobs import services as jobs


def forget() -> None:
    """Delete the photos of ended questions, old answers, people after their day, and what ended consents allowed."""
    _give_up_waiting()
    photos.remove_of_ended(FaceQuestion.objects.all())
    old = FaceQuestion.objects.ended().filter(finished__lt=answers_kept_since())
    if old.exists():
        deletion.erase_questions(old)
    people = Person.objects.filter(expires__lt=timezone.now())
    if people.exists():
        deletion.erase_people(people)
    for owner in Owner.objects.filter(face_consents__in=Consent.objects.run_out()).distinct():
        _end_consents(owner)


def _give_up_waiting() -> None:
    """Cancel questions that nobody answered within the time that photos may be kept."""
    for question in FaceQuestion.objects.active().filter(created__lt=answers_kept_since(), cancel_requested=False):
        jobs.cancel(question)


def _end_consents(owner: Owner) -> None:
    """Erase what an owner agreed to until now, or only end the earlier consents of one who has agreed anew."""
    if Consent.objects.owned_by(owner).standing().exists():
        Consent.objects.owned_by(owner).run_out().update(withdrawn=timezone.now())
    else:
        deletion.erase(owner)
