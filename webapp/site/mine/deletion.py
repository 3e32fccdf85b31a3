"""Delete somebody with everything that is theirs, because they say so."""

from __future__ import annotations

from django.contrib.admin.models import LogEntry
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from webapp.accounts.models import ApiToken, Owner
from webapp.core import audit
from webapp.core.deletion import Deletion, counted, needed_by
from webapp.core.errors import UserError
from webapp.faces import deletion as faces
from webapp.recognition import deletion as recognition
from webapp.recognition.models import Classifier, Prediction, SupportImage, SupportSet

PAGE = 500
"""How many sessions are opened at once."""


def deletion_of(owner: Owner) -> Deletion:
    """Return what deleting an owner would mean to them."""
    counts = {
        "sets": SupportSet.objects.owned_by(owner).count(),
        "pictures": SupportImage.objects.owned_by(owner).present().count(),
        "classifiers": Classifier.objects.owned_by(owner).count(),
        "predictions": Prediction.objects.owned_by(owner).count(),
    }
    deletion = Deletion(goes=[])
    deletion.goes.append(
        _("Your support sets: %(sets)d. Pictures in them: %(pictures)d. Zips that wait to be imported.") % counts
    )
    deletion.goes.append(_("Your classifiers: %(classifiers)d. Predictions: %(predictions)d.") % counts)
    deletion.goes.append(_("Everything about faces: consents, photos, answers, your gallery."))
    deletion.stays.append(_("Models that have learned from pictures you let them learn from; the pictures go."))
    if owner.user is None:
        return deletion
    n_tokens = ApiToken.objects.owned_by(owner).count()
    deletion.goes.append(_("Your API tokens: %(n)d. Programs that use them are refused.") % {"n": n_tokens})
    deletion.goes.append(_("Your account, your e-mail address, and your sessions in every browser."))
    if LogEntry.objects.filter(user=owner.user).exists():
        deletion.goes.append(_("The admin’s history of what you did as staff."))
        deletion.stays.append(_("What you made as staff: data sets, runs and checkpoints, without your name."))
    if owner.user.is_staff or owner.user.is_superuser:
        message = _("You are staff. Have another superuser take these rights from you in the admin, then come back.")
        deletion.forbidden.append(message)
    if needed := needed_by(owner.user):
        deletion.forbidden.append(_("Your account is needed by %(these)s.") % {"these": counted(needed)})
    return deletion


def erase(*, owner: Owner) -> None:
    """Delete an owner with everything that is theirs; raise UserError, with the reasons, where that may not be."""
    user = owner.user
    user_id = user.pk if user else None
    with transaction.atomic():
        _require_deletable(owner)
        faces.erase(owner)
        recognition.remove_owner(owner)
        if user is not None:
            audit.record(user_id=user_id, row=user, sentence="Deleted, with everything that was theirs.")
            user.delete()
    if user_id:
        _end_sessions(user_id)


def _require_deletable(owner: Owner) -> None:
    if reasons := deletion_of(owner).forbidden:
        raise UserError("not_deletable", " ".join(reasons))


def _end_sessions(user_id: int) -> None:
    """Delete the sessions of a user who is gone; each of everybody's has to be opened to know whose it is."""
    sessions = Session.objects.filter(expire_date__gt=timezone.now()).order_by("pk")
    page = list(sessions[:PAGE])
    while page:
        theirs = [session.pk for session in page if session.get_decoded().get(SESSION_KEY) == str(user_id)]
        Session.objects.filter(pk__in=theirs).delete()
        page = list(sessions.filter(pk__gt=page[-1].pk)[:PAGE])
