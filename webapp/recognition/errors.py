"""What a person did that cannot be done, said in a sentence that they can act on."""

from __future__ import annotations

from webapp.pictures.errors import InvalidName as InvalidName
from webapp.pictures.errors import PersonError as PersonError
from webapp.pictures.errors import TooLarge as TooLarge
from webapp.pictures.errors import UnusablePicture as UnusablePicture


class NameTaken(PersonError):
    """Another class of the support set has this name."""

    code = "name_taken"


class UnknownClass(PersonError):
    """The support set has no class of that name."""

    code = "unknown_class"


class WrongOrder(PersonError):
    """A new order does not hold every class once."""

    code = "wrong_order"


class AccountNeeded(PersonError):
    """What is asked for needs an account."""

    code = "account_needed"


class NotReady(PersonError):
    """The support set cannot be learned yet, or the classifier cannot be asked yet."""

    code = "not_ready"


class ClassifierNotReady(NotReady):
    """The classifier has not learned, so it cannot be asked."""

    code = "classifier_not_ready"
    status = 409


class AlreadyOver(PersonError):
    """The work has ended, so it cannot be cancelled."""

    code = "already_over"
    status = 409


class UnknownCheckpoint(PersonError):
    """No checkpoint goes by that name."""

    code = "unknown_checkpoint"


class NoUsablePicture(PersonError):
    """None of the pictures could be used; ``details["refused"]`` says why for each."""

    code = "no_usable_picture"


class UnusableArchive(PersonError):
    """An uploaded file is not a zip that can be imported."""

    code = "unusable_archive"


class UnknownPicture(PersonError):
    """The prediction holds no picture of that name, or several."""

    code = "unknown_picture"


class PictureGone(PersonError):
    """The picture is deleted for good, so it cannot be brought back or kept."""

    code = "picture_gone"
    status = 409


class LimitReached(PersonError):
    """A support set holds as many classes or pictures as it may."""

    code = "limit_reached"


class StorageFull(PersonError):
    """The owner's share of the disk is used up."""

    code = "storage_full"
    status = 413


class TooManyJobs(PersonError):
    """As many jobs of the owner wait already as may."""

    code = "too_many_jobs"
    status = 429


class TooOften(PersonError):
    """The owner uploads more often than allowed; ``details["retry_after"]`` is in seconds."""

    code = "too_often"
    status = 429
