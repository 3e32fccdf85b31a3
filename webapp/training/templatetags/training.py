"""What templates ask of training."""

from __future__ import annotations

from django import template
from django.db.models import QuerySet

from webapp.checkpoints.models import Checkpoint
from webapp.datasets.models import DatasetVersion
from webapp.training.contributions import published_learners

register = template.Library()


@register.simple_tag
def learners_of(version: DatasetVersion) -> QuerySet[Checkpoint]:
    """Return the published checkpoints that learned from a version of a data set."""
    return published_learners(version=version)
