"""Load a face embedding that was trained here, or the default one, for measuring."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from mlcore.checkpoints.card import ModelCard
from mlcore.checkpoints.checkpoint import find_checkpoint, load_weights
from mlcore.errors import CheckpointError, ConfigError
from mlcore.faces.config import FACES, FaceNetworkConfig
from mlcore.faces.training.face_training import build_network

DEFAULT = "default"
"""The name of the default embedder, where a checkpoint is asked for."""


def load_face_network(name: str, *, device: torch.device) -> tuple[nn.Module, ModelCard]:
    """Load a network, ready to embed, with its card; `default` is the default embedder, whose card is an empty one.

    Raise CheckpointError if it is missing, damaged, or no face embedding.
    """
    if name == DEFAULT:
        card = ModelCard(name=DEFAULT, kind=FACES, method="", config={}, transform="aligned")
        network = build_network(FaceNetworkConfig(name="head", width=8))
    else:
        folder = find_checkpoint(name)
        card = ModelCard.read(folder)
        network = build_network(_network_config(card))
        load_weights(folder, card, network)
    return network.to(device).eval().requires_grad_(False), card


def _network_config(card: ModelCard) -> FaceNetworkConfig:
    network: Mapping[str, Any] | None = card.config.get("backbone")
    if card.kind != FACES or network is None:
        raise CheckpointError(f"the checkpoint {card.name} is of {card.kind}, not a face embedding")
    try:
        return FaceNetworkConfig.from_dict(network)
    except (ConfigError, TypeError) as error:
        raise CheckpointError(f"the card's config cannot be used: {error}") from error
