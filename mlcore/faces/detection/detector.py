"""Find faces: by gradients, which is quick, and where these find none for sure, by a network, which finds more.

Histograms of oriented gradients are dlib's (Dalal & Triggs, CVPR 2005), the network is that of
`mlcore.faces.detection.cnn_detector`.
Five landmarks a face come from an ensemble of regression trees (Kazemi & Sullivan, CVPR 2014). `docs/faces.md` says how
these and other detectors did.
"""

from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import Any

import dlib
import numpy as np
import torch
from PIL import Image

from mlcore.errors import ImageError
from mlcore.faces.alignment import Pixels, Points, align
from mlcore.faces.detection.cnn_detector import Box, CnnDetector, ScoredBox, load_cnn_detector
from mlcore.faces.detection.notes import QualityNote
from mlcore.faces.detection.quality import notes_on
from mlcore.faces.packages import LANDMARKS

WORK_SIDE = 800  # longest side that faces are looked for at, px; they are enlarged twofold then
LEAST_SIDE = 20  # shorter side of a picture that can hold a face, px: enlarged, it is half of the detector's window
TURNS = (0, 90, 270, 180)  # degrees: a photo that lies on its side is tried again
SURE = 0.5  # score of gradients from which on a face is one, and its picture upright
SURE_BY_NETWORK = 0.8  # the same by the network, which half finds faces that lie on their side
LIKELY = 0.0  # score of gradients from which on dlib counts a face
CNN_SIDE = 640  # longest side that the network looks at, px; it enlarges smaller ones twofold at most


@dataclass(frozen=True)
class Face:
    """A face in a picture, in px: its box (left, top, right, bottom), five landmarks, and what may be wrong with it.

    landmarks: outer and inner corner of the eye on the right of the upright face's picture, of the eye on its left, and
    the base of the nose. confidence: the detector's score, above 0; the higher, the surer. chip:
    the face cut out upright, (150, 150, 3) uint8, which an embedder looks at.
    """

    box: Box
    landmarks: tuple[tuple[float, float], ...]
    confidence: float
    notes: tuple[QualityNote, ...]
    chip: Pixels = field(repr=False, compare=False)

    @property
    def size(self) -> float:
        """Return the longer side of the box, px."""
        left, top, right, bottom = self.box
        return max(right - left, bottom - top)


class FaceDetector:
    """Find every face of a picture; threads may share one detector."""

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self._device = device
        self._one_at_a_time = Lock()  # dlib's detector works in memory of its own, which two threads would spoil

    @cached_property
    def _gradients(self) -> Any:
        return dlib.get_frontal_face_detector()

    @cached_property
    def _network(self) -> CnnDetector:
        return load_cnn_detector(self._device)

    @cached_property
    def _predictor(self) -> Any:
        return dlib.shape_predictor(str(LANDMARKS.path()))

    def detect(self, picture: Pixels) -> list[Face]:
        """Find faces, the largest first: (H, W, 3) or (H, W) uint8 -> faces, none if there are none.

        A picture on its side or upside down is turned until a face is found. Raise ImageError if it is no picture.
        """
        pixels = as_colour(picture)
        whole = Image.fromarray(pixels)
        scale = min(1.0, WORK_SIDE / max(whole.size))
        if min(whole.size) * scale < LEAST_SIDE:
            return []
        small = whole.resize([round(side * scale) for side in whole.size], Image.Resampling.BOX)
        turn, boxes = self._search(np.asarray(small))
        grey = turned(np.asarray(small.convert("L")), turn)
        faces = [self._face(pixels, small, turn, scored, self._landmarks(grey, scored.box)) for scored in boxes]
        return sorted(faces, key=lambda face: -face.size)

    def _search(self, picture: Pixels) -> tuple[int, list[ScoredBox]]:
        """Return the first turn at which a face is sure, or else that at which one is surest, with the boxes there."""
        grey = np.asarray(Image.fromarray(picture).convert("L"))
        for turn in TURNS:
            boxes = self._by_gradients(turned(grey, turn))
            if _surest(boxes) >= SURE:
                return turn, boxes
        best: tuple[int, list[ScoredBox]] = (0, [])
        for turn in TURNS:
            boxes = self._by_network(turned(picture, turn))
            if _surest(boxes) > _surest(best[1]):
                best = turn, boxes
            if _surest(boxes) >= SURE_BY_NETWORK:
                break
        return best

    def _by_gradients(self, grey: Pixels) -> list[ScoredBox]:
        with self._one_at_a_time:
            boxes, scores, _ = self._gradients.run(grey, 1, LIKELY)
        corners = [(float(box.left()), float(box.top()), float(box.right()), float(box.bottom())) for box in boxes]
        return [ScoredBox(box, score) for box, score in zip(corners, scores, strict=True)]

    def _by_network(self, picture: Pixels) -> list[ScoredBox]:
        enlarge = min(CNN_SIDE / max(picture.shape), 2.0)
        return self._network.find(picture, enlarge=enlarge)

    def _landmarks(self, grey: Pixels, box: Box) -> Points:
        parts = self._predictor(grey, dlib.rectangle(*(round(side) for side in box))).parts()
        return np.array([(part.x, part.y) for part in parts], float)

    def _face(self, pixels: Pixels, small: Image.Image, turn: int, scored: ScoredBox, landmarks: Points) -> Face:
        """Turn and scale a detection in the small picture back, cut the face out, and judge its quality."""
        scale = pixels.shape[1] / small.width, pixels.shape[0] / small.height
        corners = _turned_back(np.array(scored.box).reshape(2, 2), turn, small.size) * scale
        points = _turned_back(landmarks, turn, small.size) * scale
        left, top, right, bottom = (float(v) for v in (*corners.min(0), *corners.max(0)))
        chip = align(pixels, points)
        return Face(
            box=(left, top, right, bottom),
            landmarks=tuple((float(x), float(y)) for x, y in points),
            confidence=float(scored.score),
            notes=notes_on(chip, (left, top, right, bottom), points, picture_size=(pixels.shape[1], pixels.shape[0])),
            chip=chip,
        )


def as_colour(picture: Pixels) -> Pixels:
    """Return a picture with three channels; raise ImageError for what is not (H, W, 3) or (H, W) uint8."""
    if picture.dtype != np.uint8 or picture.size == 0 or picture.ndim not in (2, 3):
        raise ImageError("This is not a picture: bytes of grey or of red, green and blue are needed")
    if picture.ndim == 2:
        picture = np.repeat(picture[..., None], 3, 2)
    if picture.shape[2] != 3:
        raise ImageError(f"This picture has {picture.shape[2]} channels; red, green and blue are needed")
    return np.ascontiguousarray(picture)


def _surest(boxes: list[ScoredBox]) -> float:
    return max((scored.score for scored in boxes), default=0.0)


def turned(picture: Pixels, turn: int) -> Pixels:
    """Turn a picture against the clock by a multiple of 90 degrees."""
    return np.ascontiguousarray(np.rot90(picture, turn // 90))


def _turned_back(points: Points, turn: int, size: tuple[int, int]) -> Points:
    """Return where points (n, 2) of a picture that was turned against the clock lay before, in one of this size."""
    width, height = size
    x, y = points.T
    before = {
        0: (x, y),
        90: (width - 1 - y, x),
        180: (width - 1 - x, height - 1 - y),
        270: (y, height - 1 - x),
    }[turn]
    return np.stack(before, 1)
