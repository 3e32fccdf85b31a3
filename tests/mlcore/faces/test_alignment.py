"""Alignment: known coordinates, and dlib's own chips."""

import dlib
import numpy as np
import pytest

from mlcore.errors import ImageError
from mlcore.faces.alignment import CHIP_SIZE, align, similarity, template
from tests.mlcore.faces.drawn import draw_face


def turned(points: np.ndarray, *, degrees: float, scale: float, move: tuple[float, float]) -> np.ndarray:
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return scale * points @ turn.T + move


@pytest.mark.parametrize("degrees", [0, 20, -75, 180])
def test_a_similarity_is_found_again(degrees: float) -> None:
    source = np.array([[0.0, 0], [10, 1], [3, 8], [-4, 5], [2, -7]])
    target = turned(source, degrees=degrees, scale=2.5, move=(30, -12))
    matrix = similarity(source, target)
    assert source @ matrix[:, :2].T + matrix[:, 2] == pytest.approx(target, abs=1e-9)


def test_a_similarity_never_mirrors() -> None:
    source = np.array([[0.0, 0], [10, 0], [0, 10], [10, 12]])
    assert np.linalg.det(similarity(source, source * (-1, 1))[:, :2]) > 0


def test_landmarks_come_to_lie_on_the_template() -> None:
    picture = np.zeros((300, 400, 3), np.uint8)
    landmarks = turned(template(), degrees=30, scale=1.3, move=(150, 40)).round()
    for row, (x, y) in enumerate(landmarks.astype(int)):
        spot = picture.copy()
        spot[y - 2 : y + 3, x - 2 : x + 3] = 255
        light = align(spot, landmarks)[..., 0].astype(float)
        where = np.argwhere(light > 0)[:, ::-1]
        middle = (where * light[light > 0][:, None]).sum(0) / light.sum()
        assert middle == pytest.approx(template()[row], abs=0.6)


@pytest.mark.parametrize(("side", "tolerance"), [(240, 1.0), (480, 1.0), (960, 2.0)])
def test_chips_are_dlibs(side: int, tolerance: float) -> None:
    picture = draw_face(side=side)
    landmarks = turned(template(), degrees=8, scale=side / 200, move=(side * 0.1, side * 0.05)).round()
    points = dlib.full_object_detection(
        dlib.rectangle(0, 0, side, side), dlib.points([dlib.point(int(x), int(y)) for x, y in landmarks])
    )
    expected = dlib.get_face_chip(picture, points, CHIP_SIZE, 0.25)
    assert np.abs(align(picture, landmarks).astype(int) - expected).mean() < tolerance


def test_what_lies_outside_the_picture_is_black() -> None:
    chip = align(np.full((50, 50, 3), 200, np.uint8), template() - 75)
    assert chip.shape == (CHIP_SIZE, CHIP_SIZE, 3)
    assert chip[:60, :60].max() == 0
    assert chip[100, 100].tolist() == [200, 200, 200]


@pytest.mark.parametrize("landmarks", [np.full((5, 2), 7.0), np.full((5, 2), np.nan)])
def test_landmarks_that_are_no_face_are_refused(landmarks: np.ndarray) -> None:
    with pytest.raises(ImageError, match="landmarks"):
        align(np.zeros((50, 50, 3), np.uint8), landmarks)
