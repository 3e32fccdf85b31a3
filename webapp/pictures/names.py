"""What the name of a class, or of what holds classes, may be."""

from __future__ import annotations

import unicodedata

from django.conf import settings
from django.utils.translation import gettext as _

from mlcore.data import names
from webapp.core.errors import UserError

_UNSHOWABLE = frozenset({"Cc", "Cs", "Co", "Cn"})


def clean_name(text: str) -> str:
    """Return the name as it is kept, without what cannot be seen; raise UserError if it cannot be one."""
    name = names.clean(text)
    longest = settings.GLIMPSE_LIMITS["class_name_length"]
    kinds = {unicodedata.category(character) for character in name}
    if all(kind[0] in "ZC" and kind != "Cn" and kind != "Co" for kind in kinds):
        raise UserError("invalid_name", _("A name needs at least one character that can be seen."), field="name")
    if len(name) > longest:
        raise UserError(
            "invalid_name", _("A name may have at most %(longest)d characters.") % {"longest": longest}, field="name"
        )
    if kinds & {"Cc", "Cs"}:
        raise UserError("invalid_name", _("A name may not hold control characters."), field="name")
    return name


def display_file_name(name: str | None) -> str:
    """Return the last part of an uploaded file's name, fit to be stored and shown."""
    last = (name or "").replace("\\", "/").rsplit("/", 1)[-1]
    return display_path(last) or _("picture")


def display_path(path: str) -> str:
    """Return a file's name with its folders, fit to be stored and shown."""
    return "".join("\ufffd" if unicodedata.category(c) in _UNSHOWABLE else c for c in names.clean(path))[:255]
