"""Consent: given to the notice, asked for before anything else, withdrawn with everything it allowed."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from webapp.accounts.models import Owner
from webapp.core.errors import UserError
from webapp.faces import deletion
from webapp.faces.models import Consent


@transaction.atomic
def give_consent(*, owner: Owner, gallery: bool = False) -> Consent:
    """Record a consent to the notice as it is now; ``gallery`` also lets faces be kept in a gallery."""
    Owner.objects.hold(owner)
    standing = consent_of(owner=owner)
    if standing is None:
        return Consent.objects.create(owner=owner, gallery=gallery)
    if gallery and not standing.gallery:
        standing.gallery = True
        standing.save(update_fields=["gallery"])
    return standing


def consent_of(*, owner: Owner | None) -> Consent | None:
    """Return the consent under which an owner uses faces, or None."""
    return Consent.objects.owned_by(owner).standing().first()


def require_consent(*, owner: Owner | None) -> Consent:
    """Return the standing consent; raise UserError if there is none."""
    consent = consent_of(owner=owner)
    if consent is None:
        raise UserError(
            "consent_needed",
            _(
                "Nothing about faces is done before you agree to the notice at /faces/, on that page or by"
                " POST /api/v1/faces/consent."
            ),
        )
    return consent


def require_gallery(*, owner: Owner | None) -> Consent:
    """Return the consent that allows a gallery; raise UserError if there is none."""
    consent = require_consent(owner=owner)
    if not consent.gallery:
        raise UserError(
            "gallery_not_wanted",
            _(
                "A gallery is kept only for those who ask for one: at /faces/gallery/, or by"
                " POST /api/v1/faces/consent?gallery=true."
            ),
        )
    return consent


def withdraw_consent(*, owner: Owner) -> None:
    """Withdraw the consent and erase everything that is kept about faces."""
    deletion.erase(owner)
