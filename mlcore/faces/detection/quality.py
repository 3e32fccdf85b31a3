"""Judge how well a face can be seen."""

import numpy as np
from PIL import Image

from mlcore.faces.alignment import Pixels, Points
from mlcore.faces.detection.notes import QualityNote

LEAST_SIDE = 50  # of a face's box, px
LEAST_BRIGHTNESS = 45  # mean of the aligned face, of 255
LEAST_SHARPNESS = 0.009  # variance of its Laplacian over its own variance
MOST_TURNED = 0.22  # how far the nose lies from between the eyes, of their distance


def notes_on(
    chip: Pixels, box: tuple[float, float, float, float], landmarks: Points, *, picture_size: tuple[int, int]
) -> tuple[QualityNote, ...]:
    """Return what may spoil an answer about this face.

    chip: the aligned face, (150, 150, 3) uint8. box, landmarks (5, 2) and picture_size (width, height): in px.
    """
    left, top, right, bottom = box
    grey = np.asarray(Image.fromarray(chip).convert("L"), float)
    holds = {
        QualityNote.TOO_SMALL: max(right - left, bottom - top) < LEAST_SIDE,
        QualityNote.TOO_BLURRED: sharpness(grey) < LEAST_SHARPNESS,
        QualityNote.TOO_DARK: grey.mean() < LEAST_BRIGHTNESS,
        QualityNote.TURNED_AWAY: turned_away(landmarks) > MOST_TURNED,
        QualityNote.CUT_OFF: not ((landmarks >= 0).all() and (landmarks < picture_size).all()),
    }
    return tuple(note for note, is_so in holds.items() if is_so)


def sharpness(grey: Pixels | Points) -> float:
    """Return the variance of a picture's Laplacian over its own variance, which the light does not change."""
    core = np.asarray(grey, float)[30:-30, 30:-30]
    laplacian = core[:-2, 1:-1] + core[2:, 1:-1] + core[1:-1, :-2] + core[1:-1, 2:] - 4 * core[1:-1, 1:-1]
    return float(laplacian.var() / max(core.var(), 1e-6))


def turned_away(landmarks: Points) -> float:
    """Return how far the nose lies beside the middle of the eyes, as a share of the distance of their outer corners."""
    right_eye, left_eye, nose = landmarks[:2].mean(0), landmarks[2:4].mean(0), landmarks[4]
    across = landmarks[0] - landmarks[2]
    length = float(np.hypot(*across))
    if length < 1e-6:
        return 1.0
    return abs(float((nose - (right_eye + left_eye) / 2) @ across)) / length**2
