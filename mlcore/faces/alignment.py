"""Turn, scale and move a face to where the embedder expects it."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mlcore.errors import ImageError

CHIP_SIZE = 150  # side of an aligned face, px
PADDING = 0.25  # room around the template on each side, of its side
TEMPLATE = (  # where dlib's five points lie in its chips without padding, of their side
    (0.8595674595992, 0.2134981538014),  # outer and inner corner of the eye on the right of the picture
    (0.6460604764104, 0.2289674387677),
    (0.1205750620789, 0.2137274526848),  # outer and inner corner of the eye on its left
    (0.3340850613712, 0.2290642403242),
    (0.4901123135679, 0.6277975316475),  # below the nose
)

Pixels = NDArray[np.uint8]
Points = NDArray[np.float64]


def align(picture: Pixels, landmarks: Points, *, size: int = CHIP_SIZE, padding: float = PADDING) -> Pixels:
    """Cut an upright face out: (H, W, 3) uint8, five landmarks (5, 2) in px -> (size, size, 3) uint8.

    What lies outside the picture is black. Raise ImageError if the landmarks are one point.
    """
    # Pillow has the centre of the first pixel at (0.5, 0.5); landmarks have it at (0, 0).
    to_picture = similarity(template(size, padding) + 0.5, np.asarray(landmarks, float) + 0.5)
    source = Image.fromarray(picture)
    shrink = int(np.hypot(*to_picture[:, 0]))
    if shrink > 1:  # average, so that what is finer than a pixel of the chip does not alias
        source, to_picture = source.reduce(shrink), to_picture / shrink
    chip = source.transform(
        (size, size), Image.Transform.AFFINE, tuple(to_picture.flat), resample=Image.Resampling.BILINEAR
    )
    return np.asarray(chip)


def template(size: int = CHIP_SIZE, padding: float = PADDING) -> Points:
    """Return where the five landmarks lie in a chip, (5, 2) px."""
    return (np.array(TEMPLATE) + padding) / (1 + 2 * padding) * size - 0.5


def similarity(source: Points, target: Points) -> Points:
    """Return the turn, scale and move that take points nearest to others (least squares; Umeyama, PAMI 13(4), 1991).

    (n, 2), (n, 2) -> (2, 3), to be applied as `matrix @ (x, y, 1)`; it never mirrors. Raise ImageError if either is
    one point alone.
    """
    source_mean, target_mean = source.mean(0), target.mean(0)
    from_centre, to_centre = source - source_mean, target - target_mean
    if not (np.isfinite(source).all() and np.isfinite(target).all()):
        raise ImageError("The landmarks of this face are no numbers")
    if min(np.abs(from_centre).max(), np.abs(to_centre).max()) < 1e-9:
        raise ImageError("The landmarks of this face are all in one place")
    left, spread, right = np.linalg.svd(to_centre.T @ from_centre)
    sign = np.array([1.0, np.sign(np.linalg.det(left @ right))])
    linear = (spread * sign).sum() / (from_centre**2).sum() * (left * sign) @ right
    return np.column_stack([linear, target_mean - linear @ source_mean])
