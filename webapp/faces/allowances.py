"""How often an owner may ask about faces, and how much of it may wait."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext as _

from webapp.accounts import services as accounts
from webapp.accounts.models import Owner
from webapp.core.errors import UserError
from webapp.faces.models import FaceQuestion
from webapp.jobs.models import JobStatus


def spend_question(owner: Owner) -> None:
    """Count one question about faces; raise UserError beyond the limit."""
    limit = settings.GLIMPSE_LIMITS["face_questions_per_minute"]
    wait = accounts.spend(owner=owner, name="face_questions_per_minute", per_minute=limit)
    if wait:
        message = _("That is more than %(n)d questions about faces in a minute. Go on in %(wait)d seconds.")
        raise UserError("too_often", message % {"n": limit, "wait": wait}, retry_after=wait)


def require_free_job(owner: Owner) -> None:
    """Raise UserError if as many of the owner's questions wait as may."""
    limit = settings.GLIMPSE_LIMITS["waiting_jobs"]
    if FaceQuestion.objects.owned_by(owner).filter(status=JobStatus.QUEUED).count() >= limit:
        raise UserError(
            "too_many_jobs", _("%(n)d of your jobs wait already. Try again when one has started.") % {"n": limit}
        )


def take_job_place(owner: Owner) -> None:
    """Do as ``require_free_job`` in the transaction that makes the job, so that no two requests take one place."""
    Owner.objects.select_for_update().get(pk=owner.pk)
    require_free_job(owner)
