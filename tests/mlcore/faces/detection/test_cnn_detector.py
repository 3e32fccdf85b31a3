"""The network that finds faces: dlib's own answers, in torch."""

import dlib
import numpy as np
import pytest

from mlcore.faces.detection.cnn_detector import CnnDetector, load_cnn_detector, overlap
from mlcore.faces.packages import CNN_DETECTOR
from tests.mlcore.faces.drawn import draw_face


@pytest.fixture(scope="module")
def detector() -> CnnDetector:
    return load_cnn_detector()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_it_finds_what_dlib_finds(detector: CnnDetector, seed: int) -> None:
    picture = draw_face(seed=seed)
    (theirs,) = dlib.cnn_face_detection_model_v1(str(CNN_DETECTOR.path()))(picture, 0)
    (ours,) = detector.find(picture)
    box = theirs.rect
    assert overlap(ours.box, (box.left(), box.top(), box.right(), box.bottom())) > 0.7
    assert ours.score == pytest.approx(theirs.confidence, abs=0.1)


def test_a_face_may_touch_the_edge(detector: CnnDetector) -> None:
    (scored,) = detector.find(draw_face()[60:, 50:190])
    assert scored.score > 0


@pytest.mark.parametrize("shape", [(1, 1, 3), (39, 200, 3), (100, 100, 3)])
def test_no_face_is_found_where_there_is_none(detector: CnnDetector, shape: tuple[int, ...]) -> None:
    assert detector.find(np.full(shape, 128, np.uint8)) == []


def test_overlaps_are_of_both_or_of_a_box_within_another() -> None:
    assert overlap((0, 0, 2, 2), (1, 0, 3, 2)) == pytest.approx(1 / 3)
    assert overlap((0, 0, 4, 4), (1, 1, 2, 2)) == 1
    assert overlap((0, 0, 1, 1), (2, 2, 3, 3)) == 0
