"""Owners (a user or a guest), what they may still spend, API tokens, and how often something was tried."""

from __future__ import annotations

import datetime
import uuid
from typing import ClassVar, Self, TypeVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

M = TypeVar("M", bound=models.Model, covariant=True)


class OwnerQuerySet(models.QuerySet["Owner"]):
    """Reads of owners."""

    def expired_guests(self, *, before: datetime.datetime) -> OwnerQuerySet:
        """Keep the guests who have not been seen since ``before``."""
        return self.filter(user__isnull=True, last_seen__lt=before)

    def hold(self, owner: Owner) -> bool:
        """Hold an owner until the transaction ends: what is counted of theirs meanwhile, no other request changes.

        It comes before every other lock, so that nobody waits in a circle. Return whether the owner is still there: a
        guest who has signed in is not.
        """
        return self.select_for_update(no_key=True).filter(pk=owner.pk).first() is not None


class Owner(models.Model):
    """The one who made something: a signed-in user, or a guest known only by their session."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="owner"
    )
    guest_id = models.CharField(max_length=64, unique=True, null=True, blank=True, editable=False)
    created = models.DateTimeField(default=timezone.now, editable=False)
    last_seen = models.DateTimeField(default=timezone.now, db_index=True, editable=False)

    objects = OwnerQuerySet.as_manager()

    class Meta:
        verbose_name = _("owner")
        verbose_name_plural = _("owners")
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, guest_id__isnull=True) | Q(user__isnull=True, guest_id__isnull=False),
                name="owner_is_user_or_guest",
            )
        ]

    def __str__(self) -> str:
        return f"guest {self.id}" if self.is_guest else f"user {self.user_id}"

    @property
    def is_guest(self) -> bool:
        """Return whether nobody has signed in for this owner."""
        return self.user_id is None


class OwnedQuerySet(models.QuerySet[M]):
    """Rows of a model that an owner has, at the end of ``owner_path``: the one way to what is somebody's own."""

    owner_path: ClassVar[str] = "owner"

    def owned_by(self, owner: Owner | None) -> Self:
        """Keep those of one owner; none for a visitor who has made nothing."""
        return self.filter(**{self.owner_path: owner}) if owner else self.none()


class Allowance(models.Model):
    """How often an owner did one kind of thing since a window of time opened."""

    owner = models.ForeignKey(Owner, on_delete=models.CASCADE, related_name="allowances")
    name = models.CharField(max_length=32)
    opened = models.DateTimeField(default=timezone.now)
    used = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("allowance")
        verbose_name_plural = _("allowances")
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="one_allowance_per_name")]

    def __str__(self) -> str:
        return f"{self.name}: {self.used}"


class Scope(models.TextChoices):
    """What a token may do; each scope includes those before it."""

    READ = "read", _("Read: look at what you have")
    CLASSIFY = "classify", _("Classify: read, and ask about pictures and faces")
    TRAIN = "train", _("Train: everything, with making, changing and deleting")

    def includes(self, scope: Scope) -> bool:
        """Return whether a token of this scope may do what another scope is enough for."""
        order = list(Scope)
        return order.index(self) >= order.index(scope)


class ApiTokenQuerySet(OwnedQuerySet["ApiToken"]):
    """Reads of API tokens."""


class ApiToken(models.Model):
    """A key to the REST API; only its SHA-256 is kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(Owner, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=64, blank=True)
    scope = models.CharField(max_length=8, choices=Scope.choices, default=Scope.TRAIN)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created = models.DateTimeField(default=timezone.now, editable=False)
    expires = models.DateTimeField(null=True, blank=True, help_text=_("Empty for a token that never does."))
    last_used = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ["-created"]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def is_expired(self) -> bool:
        """Return whether the token's time is up."""
        return self.expires is not None and self.expires <= timezone.now()

    @property
    def scope_in_words(self) -> str:
        """Return the name of the scope, without what it means."""
        return str(Scope(self.scope).label).partition(":")[0]


class Attempts(models.Model):
    """How often something was tried since a window of time opened: wrong passwords for a name, say.

    ``subject`` is a keyed hash of the name or the address; neither is kept.
    """

    throttle = models.CharField(max_length=40)
    subject = models.CharField(max_length=64)
    opened = models.DateTimeField(default=timezone.now, db_index=True)
    used = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("attempts")
        verbose_name_plural = _("attempts")
        constraints = [models.UniqueConstraint(fields=["throttle", "subject"], name="one_row_per_throttle_and_subject")]

    def __str__(self) -> str:
        return f"{self.throttle}: {self.used}"
