"""Save and load what was trained: a folder with `weights.safetensors` and `card.json`, never pickle."""

import hashlib
from dataclasses import replace
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from mlcore.backbones.pretrained import packages_of, pretrained_in, serve_from
from mlcore.checkpoints.card import CARD_FILE, PRETRAINED, WEIGHTS_FILE, ModelCard
from mlcore.data.images import find_transform
from mlcore.errors import CheckpointError, ConfigError
from mlcore.method_config import METHODS
from mlcore.methods import build_method
from mlcore.methods.base import FewShotMethod


def find_checkpoint(name: str) -> Path:
    """Find a checkpoint's folder by a path or the name of one that ships; raise CheckpointError if there is none."""
    for folder in (Path(name), PRETRAINED / name):
        if (folder / CARD_FILE).is_file():
            return folder
    shipped = ", ".join(sorted(path.parent.name for path in PRETRAINED.glob(f"*/{CARD_FILE}")))
    raise CheckpointError(f"there is no checkpoint {name!r}: give a folder with a {CARD_FILE}, or one of {shipped}")


def save_checkpoint(folder: Path, module: nn.Module, card: ModelCard) -> ModelCard:
    """Write the weights and the card, whose digest, parameter count and packages are filled in; return it.

    Both files appear whole or not at all.
    """
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in module.state_dict().items()}
    unfinished = folder / f"{WEIGHTS_FILE}.part"
    save_file(weights, unfinished)
    parameters = sum(parameter.numel() for parameter in module.parameters())
    card = replace(card, digest=_sha256(unfinished), parameters=parameters, packages=packages_of(module))
    unfinished.replace(folder / WEIGHTS_FILE)
    unfinished = folder / f"{CARD_FILE}.part"
    unfinished.write_text(card.to_json(), encoding="utf-8")
    unfinished.replace(folder / CARD_FILE)
    return card


def load_checkpoint(
    folder: Path, *, device: str | torch.device = "cpu", onnx_folder: Path | None = None
) -> FewShotMethod:
    """Load a method, ready to serve, its card at `.card`.

    onnx_folder: where a pretrained backbone finds its ONNX export, to be served through onnxruntime on a CPU.
    Raise CheckpointError if anything is missing, damaged or does not fit its card.
    """
    card = ModelCard.read(folder)
    method = _build(card)
    load_weights(folder, card, method)
    method.card = card
    if onnx_folder is not None and torch.device(device).type == "cpu":
        serve_from(method, onnx_folder)
    return method.to(device).eval().requires_grad_(False)


def load_weights(folder: Path, card: ModelCard, module: nn.Module) -> None:
    """Fill what a card describes with its weights.

    Raise CheckpointError if they are missing, damaged or do not fit, or if a package holds other ones than it did.
    """
    path = folder / WEIGHTS_FILE
    try:
        weights = load_file(path)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"no readable weights at {path}: {error}") from error
    if _sha256(path) != card.digest:
        raise CheckpointError(f"{path} is not the file that its card was written for; its SHA-256 differs")
    try:
        module.load_state_dict(weights)
    except RuntimeError as error:
        raise CheckpointError(f"{path} does not fit its card: {error}") from error
    for backbone in pretrained_in(module):
        backbone.check(card.packages)


def _build(card: ModelCard) -> FewShotMethod:
    if card.method not in METHODS:
        raise CheckpointError(f"the card names an unknown method {card.method!r}; known are {', '.join(METHODS)}")
    try:
        find_transform(card.transform)
        return build_method(card.method, METHODS[card.method].config.from_dict(card.config))
    except (ConfigError, TypeError) as error:
        raise CheckpointError(f"the card of {card.name} cannot be used: {error}") from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
