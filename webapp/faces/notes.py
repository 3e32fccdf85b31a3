"""What makes a face hard to compare, in words that say what helps."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _


def notes_in_words(notes: Iterable[str]) -> list[str]:
    """Say each note as a sentence."""
    words = {
        "too_small": _("This face is small in the photo: come nearer, or send the photo in full size."),
        "too_blurred": _("This face is blurred: hold still, and let the camera focus."),
        "too_dark": _("This face is dark: turn towards the light."),
        "cut_off": _("This face is cut off by the edge of the photo: show all of it."),
        "turned_away": _("This face is turned away: look towards the camera."),
    }
    return [words[note] for note in notes]
