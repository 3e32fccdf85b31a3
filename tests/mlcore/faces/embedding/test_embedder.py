"""The embedder: dlib's own answers, in torch."""

import dlib
import numpy as np
import pytest
import torch

from mlcore.errors import CheckpointError
from mlcore.faces.alignment import CHIP_SIZE, Pixels
from mlcore.faces.embedding.dlib_weights import DlibWeights
from mlcore.faces.embedding.embedder import N_WEIGHTS, FaceEmbedder, embed, load_embedder, to_tensor
from mlcore.faces.packages import RECOGNISER, PackagedFile
from tests.mlcore.faces.drawn import draw_face


@pytest.fixture(scope="module")
def embedder() -> FaceEmbedder:
    return load_embedder().eval().requires_grad_(False)


def chips() -> Pixels:
    """Return a drawn face, noise, black and white."""
    noise = np.random.default_rng(0).integers(0, 256, (CHIP_SIZE, CHIP_SIZE, 3)).astype(np.uint8)
    return np.stack([draw_face(side=CHIP_SIZE), noise, np.zeros_like(noise), np.full_like(noise, 255)])


def test_it_gives_what_dlib_gives(embedder: FaceEmbedder) -> None:
    theirs = dlib.face_recognition_model_v1(str(RECOGNISER.path()))
    expected = np.array([theirs.compute_face_descriptor(np.ascontiguousarray(chip)) for chip in chips()])
    with torch.no_grad():
        embeddings = embedder(to_tensor(torch.from_numpy(chips()))).numpy()
    assert np.linalg.norm(embeddings - expected, axis=1).max() <= 1e-3


def test_it_holds_every_weight_of_the_file_but_what_is_folded(embedder: FaceEmbedder) -> None:
    folded = 2 * sum(layer.out_channels for layer in embedder.modules() if isinstance(layer, torch.nn.Conv2d))
    assert sum(weight.numel() for weight in embedder.parameters()) + folded == N_WEIGHTS


def test_embeddings_have_length_one_and_do_not_depend_on_their_neighbours(embedder: FaceEmbedder) -> None:
    together = embed(embedder, chips())
    assert together.shape == (4, 128)
    assert np.linalg.norm(together, axis=1) == pytest.approx(np.ones(4), abs=1e-6)
    assert embed(embedder, chips()[:1])[0] == pytest.approx(together[0], abs=1e-5)


def test_a_mirrored_face_embeds_alike(embedder: FaceEmbedder) -> None:
    face = chips()[:1]
    assert embed(embedder, face) == pytest.approx(embed(embedder, face[:, :, ::-1]), abs=1e-5)


def test_no_faces_give_no_embeddings(embedder: FaceEmbedder) -> None:
    assert embed(embedder, np.zeros((0, CHIP_SIZE, CHIP_SIZE, 3), np.uint8)).shape == (0, 128)


def test_it_can_be_tuned() -> None:
    embedder = load_embedder()
    embedder(to_tensor(torch.from_numpy(chips()[:1]))).square().sum().backward()
    assert all(weight.grad is not None and torch.isfinite(weight.grad).all() for weight in embedder.parameters())
    assert embedder.stem.weight.grad is not None
    assert embedder.stem.weight.grad.abs().sum() > 0


def test_a_file_that_is_not_the_measured_one_is_refused() -> None:
    with pytest.raises(CheckpointError, match="not the file that Glimpse was measured with"):
        PackagedFile(RECOGNISER.name, "0" * 64).path()


def test_weights_that_are_not_there_are_missed() -> None:
    with pytest.raises(CheckpointError, match="no further tensor of 123456789 values"):
        DlibWeights(RECOGNISER.path()).read(123456789)
