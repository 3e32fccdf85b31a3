"""Support sets: made, renamed, changed as a whole, deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from webapp.accounts.models import Owner
from webapp.core.errors import UserError
from webapp.pictures.names import clean_name
from webapp.recognition.deletion import remove_support_set
from webapp.recognition.models import SupportClass, SupportSet
from webapp.recognition.services.classes import find_class, reorder_classes


@transaction.atomic
def create_support_set(*, owner: Owner, name: str) -> SupportSet:
    """Make an empty support set; raise UserError if the owner has as many as one may have."""
    limit = settings.GLIMPSE_LIMITS["support_sets"]
    Owner.objects.hold(owner)
    if SupportSet.objects.owned_by(owner).count() >= limit:
        message = _("You may have at most %(limit)d support sets. Delete one you no longer need.")
        raise UserError("limit_reached", message % {"limit": limit})
    return SupportSet.objects.create(owner=owner, name=clean_name(name))


def rename_support_set(*, support_set: SupportSet, name: str) -> SupportSet:
    support_set.name = clean_name(name)
    support_set.updated = timezone.now()
    support_set.save(update_fields=["name", "updated"])
    return support_set


def allow_improvement(*, support_set: SupportSet, allowed: bool) -> SupportSet:
    """Let the models learn from a support set, or take that back; raise UserError for a guest."""
    if allowed and support_set.owner.is_guest:
        raise UserError(
            "account_needed", _("Sign up first: without an account your pictures are deleted after a while.")
        )
    support_set.may_improve_models = allowed
    support_set.save(update_fields=["may_improve_models"])
    return support_set


@transaction.atomic
def change_support_set(
    *,
    support_set: SupportSet,
    name: str | None = None,
    class_names: Mapping[str, str] | None = None,
    order: Sequence[str] | None = None,
    may_improve_models: bool | None = None,
) -> SupportSet:
    """Rename the support set and classes (old name to new, all at once), then put them in order; all or nothing."""
    if may_improve_models is not None:
        allow_improvement(support_set=support_set, allowed=may_improve_models)
    if name is not None:
        rename_support_set(support_set=support_set, name=name)
    if class_names:
        _rename_classes(support_set, class_names)
    if order is not None:
        reorder_classes(support_set=support_set, names=order)
    support_set.refresh_from_db(fields=["updated"])
    return support_set


def _rename_classes(support_set: SupportSet, class_names: Mapping[str, str]) -> None:
    """Rename classes together, so that two may swap names."""
    renamed = {find_class(support_set=support_set, name=old): clean_name(new) for old, new in class_names.items()}
    kept = support_set.classes.present().exclude(pk__in=[support_class.pk for support_class in renamed])
    after = [*kept.values_list("name", flat=True), *renamed.values()]
    if len(set(after)) < len(after):
        raise UserError("name_taken", _("Two classes would have the same name."))
    for support_class in renamed:  # frees the old names first
        SupportClass.objects.filter(pk=support_class.pk).update(name=f"-{support_class.pk}")
    for support_class, new in renamed.items():
        SupportClass.objects.filter(pk=support_class.pk).update(name=new)


def delete_support_set(*, support_set: SupportSet) -> None:
    """Delete a support set with its pictures, and the classifiers that learned from it."""
    remove_support_set(support_set)
