"""Delete somebody with everything that is theirs, because they say so."""

from __future__ import annotations

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import User
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
    if owner.user.is_staff:
        deletion.stays.append(_("What you did as staff: data sets, runs and checkpoints, without your name."))
    if needed := needed_by(owner.user):
        deletion.forbidden.append(_("Your account is needed by %(these)s.") % {"these": counted(needed)})
    if _is_last_superuser(owner.user):
        deletion.forbidden.append(_("You are the last superuser. Make somebody else one first, in the admin."))
    return deletion


def erase(*, owner: Owner) -> None:
    """Delete an owner with everything that is theirs; raise UserError, with the reasons, where that may not be.

    Faces go first and by themselves, for the database's own log is cut while it is still known that there were any.
    """
    _require_deletable(owner)
    faces.erase(owner)
    with transaction.atomic():
        _require_deletable(owner)
        user = owner.user
        recognition.remove_owner(owner)
        if user is not None:
            audit.record(user_id=user.pk, row=user, sentence="Deleted, with everything that was theirs.")
            _end_sessions(user)
            user.delete()


def _require_deletable(owner: Owner) -> None:
    if reasons := deletion_of(owner).forbidden:
        raise UserError("not_deletable", " ".join(reasons))


def _is_last_superuser(user: User) -> bool:
    """Return whether nobody else may do everything; within a transaction, two of them cannot both go."""
    superusers = User.objects.filter(is_superuser=True, is_active=True).order_by("pk")
    if transaction.get_connection().in_atomic_block:
        superusers = superusers.select_for_update()
    return user.is_superuser and [other.pk for other in superusers] == [user.pk]


def _end_sessions(user: User) -> None:
    """Delete the sessions of a user; each has to be opened to know whose it is."""
    for session in Session.objects.filter(expire_date__gt=timezone.now()).iterator():
        if session.get_decoded().get(SESSION_KEY) == str(user.pk):
            session.delete()
