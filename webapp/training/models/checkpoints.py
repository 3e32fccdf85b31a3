"""Checkpoints: methods that can be adapted to a person's support set."""

from __future__ import annotations

import uuid
from pathlib import Path

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from mlcore.model_card import PRETRAINED, WEIGHTS_FILE, ModelCard


class CheckpointQuerySet(models.QuerySet["Checkpoint"]):
    """Reads of checkpoints."""

    def live(self) -> CheckpointQuerySet:
        """The checkpoints that new classifiers stand on, one for each kind."""
        return self.filter(live=True)


class Checkpoint(models.Model):
    """A saved method of one kind of picture; at most one of each kind is live."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=50, db_index=True)
    folder = models.CharField(max_length=255, help_text=_("Relative to the shipped checkpoints or the data folder."))
    card = models.JSONField()
    digest = models.CharField(max_length=64)
    live = models.BooleanField(default=False)
    created = models.DateTimeField(default=timezone.now, editable=False)

    objects = CheckpointQuerySet.as_manager()

    class Meta:
        verbose_name = _("checkpoint")
        verbose_name_plural = _("checkpoints")
        ordering = ["kind", "-live", "-created", "name"]
        permissions = [("publish_checkpoint", _("Can publish and roll back checkpoints"))]
        constraints = [
            models.UniqueConstraint(fields=["kind"], condition=Q(live=True), name="one_live_checkpoint_per_kind")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def method(self) -> str:
        """The name in `METHODS` of what it is a checkpoint of."""
        name: str = self.card["method"]
        return name

    @property
    def model_card(self) -> ModelCard:
        """What is known of it."""
        return ModelCard.from_dict(self.card)

    @property
    def is_replaced(self) -> bool:
        """Say whether newer weights took its place and its name: what stands on it stays, nothing new can."""
        return bool(self.name != self.card["name"])

    @property
    def is_there(self) -> bool:
        """Say whether its files lie on this machine."""
        return (self.path / WEIGHTS_FILE).is_file()

    @property
    def path(self) -> Path:
        """The folder on this machine: one that ships with the project, else one under the data folder."""
        shipped = PRETRAINED / self.folder
        return shipped if shipped.is_dir() else Path(settings.DATA_DIR) / "checkpoints" / self.folder
