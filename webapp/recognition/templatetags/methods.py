"""Say which method a classifier stands on, and with which settings."""

from django import template

from webapp.checkpoints.models import Checkpoint
from webapp.recognition.methods.catalogue import title_of
from webapp.recognition.methods.settings_in_words import loss_in_words, settings_of

register = template.Library()
register.filter(loss_in_words)


@register.filter
def method_title(checkpoint: Checkpoint) -> str:
    """Name the method of a checkpoint."""
    return title_of(checkpoint.card)


@register.filter
def method_settings(checkpoint: Checkpoint) -> list[tuple[str, str]]:
    """List the settings of a checkpoint's method with their values."""
    return settings_of(checkpoint.card)
