"""Classes of a support set: made, renamed, put in order, deleted and brought back."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from webapp.accounts.models import Owner
from webapp.core.errors import UserError
from webapp.pictures.names import clean_name
from webapp.recognition.models import SupportClass, SupportSet


@transaction.atomic
def add_class(*, support_set: SupportSet, name: str) -> SupportClass:
    """Add an empty class at the end."""
    name = clean_name(name)
    hold(support_set)
    _require_free(support_set, name)
    return _append(support_set, name)


@transaction.atomic
def class_named(*, support_set: SupportSet, name: str) -> SupportClass:
    """Return the class of that name, adding it if it is new."""
    name = clean_name(name)
    hold(support_set)
    return support_set.classes.present().filter(name=name).first() or _append(support_set, name)


@transaction.atomic
def rename_class(*, support_class: SupportClass, name: str) -> SupportClass:
    """Rename a class; classifiers keep the names that they learned."""
    name = clean_name(name)
    hold(support_class.support_set)
    if name != support_class.name:
        _require_free(support_class.support_set, name)
        support_class.name = name
        support_class.save(update_fields=["name"])
    return support_class


@transaction.atomic
def reorder_classes(*, support_set: SupportSet, names: Sequence[str]) -> None:
    """Put the classes in the order of their names, which must hold each class once."""
    names = [clean_name(name) for name in names]
    hold(support_set)
    classes = {support_class.name: support_class for support_class in support_set.classes.present()}
    if sorted(names) != sorted(classes):
        raise UserError("wrong_order", _("The new order must name every class once."))
    for position, name in enumerate(names):
        classes[name].position = position
    SupportClass.objects.bulk_update(classes.values(), ["position"])


@transaction.atomic
def delete_class(*, support_class: SupportClass) -> None:
    """Delete a class with its pictures; it can be brought back for an hour."""
    hold(support_class.support_set)
    support_class.deleted_at = timezone.now()
    support_class.save(update_fields=["deleted_at"])


@transaction.atomic
def restore_class(*, support_class: SupportClass) -> SupportClass:
    """Bring a deleted class back with the pictures it had."""
    Owner.objects.hold(support_class.support_set.owner)  # as whoever needs room for more, and deletes it for good
    hold(support_class.support_set)
    if not SupportClass.objects.filter(pk=support_class.pk).exists():
        raise UserError("picture_gone", _("This class was deleted too long ago to be brought back."))
    if support_class.deleted_at is not None:
        _require_free(support_class.support_set, support_class.name)
        _require_place(support_class.support_set)
        support_class.deleted_at = None
        support_class.save(update_fields=["deleted_at"])
    return support_class


def find_class(*, support_set: SupportSet, name: str) -> SupportClass:
    """Return the class of that name; raise UserError if there is none."""
    support_class = support_set.classes.present().filter(name=clean_name(name)).first()
    if support_class is None:
        raise UserError("unknown_class", _("There is no class “%(name)s”.") % {"name": name})
    return support_class


def hold(support_set: SupportSet) -> None:
    """Touch the support set's row, which holds it until the transaction ends, after its owner's."""
    SupportSet.objects.filter(pk=support_set.pk).update(updated=timezone.now())


def _append(support_set: SupportSet, name: str) -> SupportClass:
    _require_place(support_set)
    last = support_set.classes.present().aggregate(last=Max("position"))["last"]
    return SupportClass.objects.create(support_set=support_set, name=name, position=0 if last is None else last + 1)


def _require_free(support_set: SupportSet, name: str) -> None:
    if support_set.classes.present().filter(name=name).exists():
        raise UserError("name_taken", _("There is a class “%(name)s” already.") % {"name": name})


def _require_place(support_set: SupportSet) -> None:
    limit = settings.GLIMPSE_LIMITS["classes"]
    if support_set.classes.present().count() >= limit:
        raise UserError("limit_reached", _("A support set may have at most %(limit)d classes.") % {"limit": limit})
