"""Find faces: dlib's histograms of oriented gradients (Dalal & Triggs, CVPR 2005; King, arXiv:1502.00046).

Five landmarks a face come from an ensemble of regression trees (Kazemi & Sullivan, CVPR 2014). `docs/faces.md` says
how other detectors did.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import dlib
import numpy as np
from PIL import Image

from mlcore.errors import ImageError
from mlcore.faces.alignment import Pixels, Points
from mlcore.faces.notes import QualityNote
from mlcore.faces.packages import LANDMARKS
from mlcore.faces.quality import notes_on

WORK_SIDE = 800  # longest side that faces are looked for at, px; they are enlarged twofold then
LEAST_SIDE = 20  # shorter side of a picture that can hold a face, px: enlarged, it is half of the detector's window
TURNS = (0, 90, 270, 180)  # degrees: a photo that lies on its side is tried again
SURE = 0.5  # score from which on a face is one, and its picture upright
LIKELY = 0.0  # score from which on dlib counts a face
LEAST_SCORE = -0.3  # of a face where none is likely: dark and turned ones

Box = tuple[float, float, float, float]
Found = tuple[Box, Points, float]


@dataclass(frozen=True)
class Face:
    """A face in a picture, in px: its box (left, top, right, bottom), five landmarks, and what may be wrong with it.

    landmarks: outer and inner corner of the eye on the right of the upright face's picture, of the eye on its left, and
    the base of the nose. confidence: the detector's score; the higher, the surer.
    """

    box: Box
    landmarks: tuple[tuple[float, float], ...]
    confidence: float
    notes: tuple[QualityNote, ...]

    @property
    def size(self) -> float:
        """The longer side of the box, px."""
        left, top, right, bottom = self.box
        return max(right - left, bottom - top)


class FaceDetector:
    """Find every face of a picture."""

    @cached_property
    def _detector(self) -> Any:
        return dlib.get_frontal_face_detector()

    @cached_property
    def _predictor(self) -> Any:
        return dlib.shape_predictor(str(LANDMARKS.path()))

    def detect(self, picture: Pixels) -> list[Face]:
        """Find faces, the largest first: (H, W, 3) or (H, W) uint8 -> faces, none if there are none.

        A picture on its side or upside down is turned until a face is found. Raise ImageError if it is no picture.
        """
        pixels = as_colour(picture)
        grey = Image.fromarray(pixels).convert("L")
        scale = min(1.0, WORK_SIDE / max(grey.size))
        if min(grey.size) * scale < LEAST_SIDE:
            return []
        small = grey.resize([round(side * scale) for side in grey.size], Image.Resampling.BOX)
        turn, found = self._surest_turn(np.asarray(small))
        return sorted((self._face(pixels, small, turn, *each) for each in found), key=lambda face: -face.size)

    def _surest_turn(self, grey: Pixels) -> tuple[int, list[Found]]:
        """Turn the picture until a face is sure; else choose the turn at which one is surest."""
        best: tuple[int, list[Found]] = (0, [])
        for turn in TURNS:
            found = self._upright(np.ascontiguousarray(np.rot90(grey, turn // 90)))
            if _surest(found) > _surest(best[1]):
                best = turn, found
            if _surest(found) >= SURE:
                break
        return best

    def _upright(self, grey: Pixels) -> list[Found]:
        """Find likely faces, or where there are none, others."""
        boxes, scores, _ = self._detector.run(grey, 1, LEAST_SCORE)
        enough = LIKELY if max(scores, default=LIKELY) >= LIKELY else LEAST_SCORE
        return [
            (_corners(box), self._landmarks(grey, box), score)
            for box, score in zip(boxes, scores, strict=True)
            if score >= enough
        ]

    def _landmarks(self, grey: Pixels, box: Any) -> Points:
        return np.array([(part.x, part.y) for part in self._predictor(grey, box).parts()], float)

    def _face(
        self, pixels: Pixels, small: Image.Image, turn: int, box: Box, landmarks: Points, confidence: float
    ) -> Face:
        """Turn and scale back what was found in the small picture, and look at its quality."""
        scale = pixels.shape[1] / small.width, pixels.shape[0] / small.height
        corners = _turned_back(np.array(box).reshape(2, 2), turn, small.size) * scale
        points = _turned_back(landmarks, turn, small.size) * scale
        left, top, right, bottom = (float(v) for v in (*corners.min(0), *corners.max(0)))
        return Face(
            box=(left, top, right, bottom),
            landmarks=tuple((float(x), float(y)) for x, y in points),
            confidence=float(confidence),
            notes=notes_on(pixels, (left, top, right, bottom), points),
        )


def as_colour(picture: Pixels) -> Pixels:
    """Give a picture three channels; raise ImageError if it is not (H, W, 3) or (H, W) uint8 with a pixel at least."""
    if picture.dtype != np.uint8 or picture.size == 0 or picture.ndim not in (2, 3):
        raise ImageError("This is not a picture: bytes of grey or of red, green and blue are needed")
    if picture.ndim == 2:
        picture = np.repeat(picture[..., None], 3, 2)
    if picture.shape[2] != 3:
        raise ImageError(f"This picture has {picture.shape[2]} channels; red, green and blue are needed")
    return np.ascontiguousarray(picture)


def _surest(found: list[Found]) -> float:
    return max((score for *_, score in found), default=-math.inf)


def _corners(box: Any) -> Box:
    return float(box.left()), float(box.top()), float(box.right()), float(box.bottom())


def _turned_back(points: Points, turn: int, size: tuple[int, int]) -> Points:
    """Say where points (n, 2) of a picture that was turned against the clock lay before, in one of this size."""
    width, height = size
    x, y = points.T
    before = {
        0: (x, y),
        90: (width - 1 - y, x),
        180: (width - 1 - x, height - 1 - y),
        270: (y, height - 1 - x),
    }[turn]
    return np.stack(before, 1)
