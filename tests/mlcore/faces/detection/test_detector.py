"""Detection: faces drawn by program, and pictures without any."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image, ImageFilter

from mlcore.errors import ImageError
from mlcore.faces.alignment import Pixels, align
from mlcore.faces.detection.cnn_detector import Box
from mlcore.faces.detection.detector import Face, FaceDetector
from mlcore.faces.detection.notes import QualityNote
from mlcore.faces.detection.quality import turned_away
from tests.mlcore.faces.drawn import SIDE, draw_face

EYES = {"right": (155, 115), "left": (85, 115)}  # outer corners in a drawn face's picture, px


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector()


def the_face(detector: FaceDetector, picture: Pixels) -> Face:
    (face,) = detector.detect(picture)
    return face


def boxes(faces: list[Face]) -> list[Box]:
    return [face.box for face in faces]


def crowd(n: int) -> Pixels:
    rows = [[draw_face(seed=5 * row + column) for column in range(5)] for row in range(n // 5)]
    return np.vstack([np.hstack(row) for row in rows])


def test_a_face_has_a_box_and_landmarks_in_the_pictures_pixels(detector: FaceDetector) -> None:
    face = the_face(detector, draw_face())
    left, top, right, bottom = face.box
    assert 50 < left < 85 < 155 < right < 190
    assert 60 < top < 115 < bottom < 210
    assert face.landmarks[0] == pytest.approx(EYES["right"], abs=6)
    assert face.landmarks[2] == pytest.approx(EYES["left"], abs=6)
    assert face.notes == ()


def test_a_face_comes_cut_out_at_its_landmarks(detector: FaceDetector) -> None:
    picture = draw_face()
    face = the_face(detector, picture)
    assert face.chip == pytest.approx(align(picture, np.array(face.landmarks)))


@pytest.mark.parametrize("side", [120, 1000, 3000])
def test_boxes_are_in_the_pictures_pixels_whatever_its_size(detector: FaceDetector, side: int) -> None:
    face = the_face(detector, draw_face(side=side))
    assert np.array(face.landmarks[0]) * SIDE / side == pytest.approx(EYES["right"], abs=8)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_photo_on_its_side_or_upside_down_is_turned(detector: FaceDetector, quarters: int) -> None:
    upright = the_face(detector, draw_face())
    picture = np.rot90(np.pad(draw_face(), ((0, 0), (0, 60), (0, 0)), mode="edge"), quarters)
    face = the_face(detector, picture)
    x, y = face.landmarks[0]
    width = SIDE + 60
    before = {1: (width - 1 - y, x), 2: (width - 1 - x, SIDE - 1 - y), 3: (y, SIDE - 1 - x)}[quarters]
    assert before == pytest.approx(upright.landmarks[0], abs=4)


def test_ten_faces_are_all_found_the_largest_first(detector: FaceDetector) -> None:
    faces = detector.detect(crowd(10))
    assert len(faces) == 10
    assert [face.size for face in faces] == sorted((face.size for face in faces), reverse=True)


def test_a_grey_picture_will_do(detector: FaceDetector) -> None:
    grey = np.asarray(Image.fromarray(draw_face()).convert("L"))
    assert the_face(detector, grey).box == the_face(detector, np.repeat(grey[..., None], 3, 2)).box


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 500, 3), (7, 7), (90, 90, 3), (400, 20, 3)])
def test_no_face_is_found_where_there_is_none(detector: FaceDetector, shape: tuple[int, ...]) -> None:
    assert detector.detect(np.full(shape, 128, np.uint8)) == []
    assert detector.detect(np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)) == []


@pytest.mark.parametrize("cut", [np.s_[:, :110], np.s_[:, 130:], np.s_[:115], np.s_[140:]])
def test_half_a_face_is_none_or_has_landmarks(detector: FaceDetector, cut: tuple[slice, ...]) -> None:
    faces = detector.detect(draw_face()[cut])
    assert all(len(face.landmarks) == 5 for face in faces)


@pytest.mark.parametrize(
    "picture",
    [np.zeros((0, 5, 3), np.uint8), np.zeros((5, 5, 4), np.uint8), np.zeros((5, 5, 3)), np.zeros(5, np.uint8)],
)
def test_what_is_no_picture_is_refused(detector: FaceDetector, picture: Pixels) -> None:
    with pytest.raises(ImageError):
        detector.detect(picture)


def test_what_spoils_a_face_is_noted(detector: FaceDetector) -> None:
    blurred = Image.fromarray(draw_face()).filter(ImageFilter.GaussianBlur(4))
    assert the_face(detector, draw_face(side=90)).notes == (QualityNote.TOO_SMALL,)
    assert the_face(detector, draw_face() // 8).notes == (QualityNote.TOO_DARK,)
    assert the_face(detector, np.asarray(blurred)).notes == (QualityNote.TOO_BLURRED,)


def test_a_nose_far_from_between_the_eyes_is_a_face_turned_away() -> None:
    eyes = [(150, 115), (130, 115), (70, 115), (90, 115)]
    assert turned_away(np.array([*eyes, (110, 150)], float)) == 0
    assert turned_away(np.array([*eyes, (130, 150)], float)) == pytest.approx(20 / 80)
    assert turned_away(np.zeros((5, 2))) == 1


def test_threads_that_share_a_detector_find_what_each_would_alone(detector: FaceDetector) -> None:
    pictures = [np.zeros((150, 150, 3), np.uint8), crowd(10), draw_face()]
    alone = [detector.detect(picture) for picture in pictures]
    with ThreadPoolExecutor(len(pictures)) as threads:
        together = list(threads.map(detector.detect, pictures * 10))
    assert [boxes(faces) for faces in together] == [boxes(faces) for faces in alone] * 10
