"""What a person did about faces that cannot be done, said in a sentence that they can act on."""

from __future__ import annotations

from webapp.pictures.errors import PersonError


class ConsentNeeded(PersonError):
    """Nothing about faces is done before the notice is agreed to."""

    code = "consent_needed"
    status = 403


class GalleryNotWanted(PersonError):
    """The owner has not said that faces may be kept in a gallery."""

    code = "gallery_not_wanted"
    status = 403


class NotMeasurable(PersonError):
    """A false-accept rate is asked for that the measured pairs cannot show, or that is not offered."""

    code = "not_measurable"


class PersonKnown(PersonError):
    """Somebody in the gallery has this name."""

    code = "name_taken"


class GalleryFull(PersonError):
    """The gallery holds as many people or faces as it may."""

    code = "limit_reached"


class GalleryEmpty(PersonError):
    """There is nobody in the gallery to compare with."""

    code = "gallery_empty"
    status = 409


class NoPhoto(PersonError):
    """No photo was sent, or too many."""

    code = "no_usable_picture"
