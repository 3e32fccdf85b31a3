"""What can be wrong with a face's picture, in one word each."""

from enum import StrEnum


class QualityNote(StrEnum):
    """Why an answer about a face is less sure than usual."""

    TOO_SMALL = "too_small"
    TOO_BLURRED = "too_blurred"
    TOO_DARK = "too_dark"
    TURNED_AWAY = "turned_away"
    CUT_OFF = "cut_off"
