"""How often an owner may ask about faces."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext as _

from webapp.accounts import services as accounts
from webapp.accounts.models import Owner
from webapp.core.errors import UserError
from webapp.storage import disk


def spend_question(owner: Owner) -> None:
    """Count one question about faces; raise UserError beyond the limit, or a Refusal while the disk is full."""
    disk.require_room_for_uploads(of_guest=owner.is_guest)
    limit = settings.GLIMPSE_LIMITS["face_questions_per_minute"]
    wait = accounts.spend(owner=owner, name="face_questions_per_minute", per_minute=limit)
    if wait:
        message = _("That is more than %(n)d questions about faces in a minute. Go on in %(wait)d seconds.")
        raise UserError("too_often", message % {"n": limit, "wait": wait}, retry_after=wait)
