"""Which checkpoint went live when, by whom and on what grounds: the audit log, to which rows are only added."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from mlcore.schemas import Flag, Listed, Maybe, Record, Text
from webapp.checkpoints.models.checkpoints import Checkpoint
from webapp.checkpoints.models.evaluations import FINDINGS
from webapp.checkpoints.models.usable_cards import UsableCard
from webapp.core.rows.stored_json import StoredJSON

CHECK = Record({"title": Text(), "passed": Flag(), "sentence": Text(2000)}, {"figures": Text(2000)})
GATE = Record(optional={"passed": Flag(), "against": Maybe(Text()), "checks": Listed(CHECK), "findings": FINDINGS})
"""What the gate found, as a publication keeps it."""


class Act(models.TextChoices):
    """What was done."""

    PUBLISH = "publish", _("published")
    ROLL_BACK = "roll_back", _("rolled back")


class PublicationQuerySet(models.QuerySet["Publication"]):
    """Reads of the audit log."""

    def to_undo(self, kind: str) -> Publication | None:
        """Return the newest publication of a kind that was not rolled back, or None."""
        return self.filter(kind=kind, act=Act.PUBLISH, undone_by=None).order_by("-at", "-pk").first()


class Publication(models.Model):
    """One change of the live checkpoint of a kind."""

    kind = models.CharField(max_length=50, db_index=True)
    act = models.CharField(max_length=10, choices=Act.choices)
    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="publications")
    replaced = models.ForeignKey(Checkpoint, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    at = models.DateTimeField(default=timezone.now, editable=False)
    undoes = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="undone_by", editable=False
    )
    gate = StoredJSON(schema=GATE, default=dict)  # what the gate found
    reason = models.TextField(blank=True)  # why it was overridden
    card = StoredJSON(schema=UsableCard(), default=dict)  # the model card as it was shown

    objects = PublicationQuerySet.as_manager()

    class Meta:
        verbose_name = _("publication")
        verbose_name_plural = _("publications")
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.checkpoint} {self.get_act_display()}"
