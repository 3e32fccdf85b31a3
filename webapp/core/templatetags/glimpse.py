"""Write numbers as people say them, and where their pictures are."""

from django import template
from django.core.files.storage import FileSystemStorage, default_storage
from django.db.models import Model
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mlcore.data import picture_formats
from webapp.core.rows import stored_json

register = template.Library()


@register.simple_tag
def pictures_stay_here() -> bool:
    """Return whether the site keeps pictures on its own disk, rather than in a bucket."""
    return isinstance(default_storage, FileSystemStorage)


@register.simple_tag
def damage_of(row: Model) -> list[stored_json.Damage]:
    """Return what is damaged of a row; nothing where it is sound."""
    return stored_json.damage_of(row)


@register.simple_tag
def picture_types() -> str:
    """Return the `accept` attribute of a file input that takes pictures."""
    return picture_formats.accept()


@register.simple_tag(name="picture_formats")
def formats_in_words() -> str:
    """Return the names of the formats that a picture may come in, as a sentence has them."""
    return picture_formats.in_words()


@register.filter
def percent(share: float) -> str:
    """Return a share of 1 in whole percent, without ever claiming certainty, nor rounding down to none."""
    whole = round(share * 100)
    if whole >= 100:
        return _("> 99 %")
    if whole == 0 and share > 0:
        return _("< 1 %")
    return _("%(number)s %%") % {"number": number_format(whole)}


@register.filter
def svg_percent(share: float) -> str:
    """Return a share of 1 as the percentage that an SVG attribute takes, whatever the language."""
    return f"{100 * min(max(share, 0), 1):.1f}%"


@register.filter
def seconds(duration: float | None) -> str:
    """Return a duration in seconds, or in minutes if it is long."""
    if duration is None:
        return _("no time")
    if duration >= 90:
        minutes = round(duration / 60)
        return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
    digits = 2 if duration < 1 else 1
    return _("%(number)s s") % {"number": number_format(round(duration, digits), digits)}


@register.filter
def millions(number: int) -> str:
    """Return a number in millions."""
    return number_format(number / 1_000_000, 0)


@register.filter
def device_name(device: str) -> str:
    """Return in words on which part of the machine the work was done."""
    return _("the graphics card") if device.startswith("cuda") else _("the processor")


@register.filter
def best(scores: dict[str, float], limit: int) -> list[tuple[str, float]]:
    """Return the classes with the highest scores, the highest first."""
    return sorted(scores.items(), key=lambda item: -item[1])[:limit]
