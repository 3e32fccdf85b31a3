"""Show which method a classifier stands on, with which settings, and how far its loss came down."""

from decimal import Decimal

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from webapp.checkpoints import services as checkpoints
from webapp.checkpoints.models import Checkpoint
from webapp.recognition.methods.catalogue import title_of

register = template.Library()

LEAST_LOSS = 0.001
"""A loss below this tells nobody more than that it is below."""


@register.filter
def method_title(checkpoint: Checkpoint) -> str:
    return title_of(checkpoint.card)


@register.filter
def method_settings(checkpoint: Checkpoint) -> list[dict[str, str]]:
    """Return the settings of a checkpoint's method: label, help and value."""
    return [setting._asdict() for setting in checkpoints.method_settings(checkpoint=checkpoint)]


@register.filter
def loss_in_words(loss: float) -> str:
    """Return a loss with three significant digits, unless it is next to nothing."""
    if loss < LEAST_LOSS:
        return _("under %(least)s") % {"least": number_format(LEAST_LOSS)}
    return number_format(Decimal(f"{loss:.3g}"))
