"""Errors of the library; each message is a sentence that a person can act on."""


class MlcoreError(Exception):
    """Root of everything this library raises on purpose."""


class SupportSetError(MlcoreError):
    """The labelled pictures cannot teach a classifier as they are."""


class AdaptationError(MlcoreError):
    """The inner loop came to no classifier: its loss grew beyond bounds."""


class TrainingError(MlcoreError):
    """A meta-training run cannot go on."""


class Stopped(MlcoreError):
    """A meta-training run was asked to stop, and its state is kept."""


class CheckpointError(MlcoreError):
    """A checkpoint is missing, damaged or of another kind than was asked for."""


class DatasetError(MlcoreError):
    """A data set is missing, damaged or unknown; the message tells how to get it."""


class ConfigError(MlcoreError):
    """A setting has a value that cannot be used; `field` names it where one alone is to blame."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field

    def within(self, part: str) -> "ConfigError":
        """Return the same error with the dotted name of its field, which stands in a part of a config."""
        if not self.field:
            return self
        sentence = str(self)
        return ConfigError(
            f"{part}.{sentence}" if sentence.startswith(self.field) else sentence, field=f"{part}.{self.field}"
        )


class ImageError(MlcoreError):
    """The bytes given are not a picture that can be used; `code` tells programs why.

    damaged, unknown_type, not_installed, too_many_pixels, or blank: all of one colour.
    """

    def __init__(self, message: str, *, code: str = "damaged") -> None:
        super().__init__(message)
        self.code = code


class ZipError(MlcoreError):
    """The file is no zip, or one whose list of contents cannot be read."""
