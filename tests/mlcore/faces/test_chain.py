"""The whole chain, and which of the package's files it opens."""

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mlcore.errors import ImageError
from mlcore.faces.card import face_card
from mlcore.faces.chain import LOAD_SIDE, FaceChain, load_chain
from mlcore.faces.packages import CNN_DETECTOR, LANDMARKS, RECOGNISER
from mlcore.faces.verification.scores import score
from tests.mlcore.faces.drawn import draw_face

ROOT = Path(__file__).resolve().parents[3]
WATCH = """
import sys
opened = set()
sys.addaudithook(lambda event, arguments: opened.add(str(arguments[0])) if event == "open" else None)
from mlcore.faces import packages
from mlcore.faces.chain import load_chain
from tests.mlcore.faces.drawn import draw_face
chain, picture = load_chain(), draw_face()
assert chain.detect(picture[:60]) == []
assert len(chain.embed(chain.chips(chain.detect(picture)))) == 1
print("\\n".join(opened))
"""


@pytest.fixture(scope="module")
def chain() -> FaceChain:
    return load_chain()


def as_file(pixels: np.ndarray, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=95, **options)
    return buffer.getvalue()


def test_one_face_is_like_itself_and_unlike_noise(chain: FaceChain) -> None:
    picture = draw_face()
    again = draw_face(side=300)
    first = chain.embed(chain.chips(chain.detect(picture)))[0]
    second = chain.embed(chain.chips(chain.detect(again)))[0]
    noise = chain.embed(np.random.default_rng(0).integers(0, 256, (1, 150, 150, 3)).astype(np.uint8))[0]
    threshold = face_card().default_threshold
    assert score(first, second) > threshold
    assert score(first, noise) < threshold


def test_a_picture_without_faces_gives_no_chips(chain: FaceChain) -> None:
    picture = np.zeros((60, 60, 3), np.uint8)
    chips = chain.chips(chain.detect(picture))
    assert chips.shape == (0, 150, 150, 3)
    assert chain.embed(chips).shape == (0, 128)


def test_a_file_is_read_upright_and_not_larger_than_needed(chain: FaceChain) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera lay on its side
    data = as_file(np.rot90(draw_face(side=2000)), exif=exif)
    picture = chain.read(data)
    assert picture.shape == (LOAD_SIDE, LOAD_SIDE, 3)
    assert len(chain.detect(picture)) == 1


def test_what_is_no_picture_is_refused(chain: FaceChain) -> None:
    with pytest.raises(ImageError):
        chain.read(b"nothing of the kind")


def test_the_68_point_predictor_is_never_opened(tmp_path: Path) -> None:
    """What dlib opens by itself is not seen by Python's hook, so the chain must also do where that file is not."""
    models = tmp_path / "face_recognition_models" / "models"
    models.mkdir(parents=True)
    (models.parent / "__init__.py").touch()
    for file in (RECOGNISER, LANDMARKS, CNN_DETECTOR):
        (models / file.name).symlink_to(file.path())
    for search in (ROOT, tmp_path):
        opened = run_watched(search)
        assert any(path.endswith(RECOGNISER.name) for path in opened)
        assert any(path.endswith(LANDMARKS.name) for path in opened)
        assert any(path.endswith(CNN_DETECTOR.name) for path in opened)
        assert not any("68_face_landmarks" in path for path in opened)


def run_watched(search: Path) -> list[str]:
    """Run the chain with packages of a folder before all others; return the files that Python opened."""
    environment = {**os.environ, "PYTHONPATH": str(search)}
    done = subprocess.run([sys.executable, "-c", WATCH], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
