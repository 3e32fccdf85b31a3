"""Say how good a classifier is, in numbers that need no statistics."""

from collections.abc import Sequence

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext as _

register = template.Library()

NAMED = 5
"""How many classes a sentence names before it counts the rest."""


@register.filter
def in_100(share: float) -> str:
    """Return a share of 1 as how many of 100."""
    return number_format(round(share * 100))


@register.filter
def named(names: Sequence[str]) -> str:
    """Return the names of classes as a sentence has them: all of a few, and how many more there are."""
    if len(names) > NAMED:
        listed = ", ".join(names[:NAMED])
        return _("%(names)s and %(n)d more") % {"names": listed, "n": len(names) - NAMED}
    *others, last = names
    return _("%(names)s and %(last)s") % {"names": ", ".join(others), "last": last} if others else last
