"""Save and load what was trained: a folder with `weights.safetensors` and `card.json`, never pickle."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from mlcore.backbones.pretrained import packages_of, pretrained_in, serve_from
from mlcore.checkpoints.banks import Bank, bank_for
from mlcore.checkpoints.card import CARD_FILE, PRETRAINED, WEIGHTS_FILE, ModelCard
from mlcore.data.images import find_transform
from mlcore.errors import CheckpointError, ConfigError
from mlcore.method_config import METHODS
from mlcore.methods import build_method
from mlcore.methods.base import FewShotMethod

MOST_HEADER_BYTES = 2**20
"""What the list of tensors of a weights file may take."""
DTYPES = {torch.float32: "F32", torch.float64: "F64", torch.float16: "F16", torch.bfloat16: "BF16"}
DTYPES |= {torch.int64: "I64", torch.int32: "I32", torch.uint8: "U8", torch.bool: "BOOL"}
"""What safetensors calls the types of tensors."""


def find_checkpoint(name: str) -> Path:
    """Find a checkpoint's folder by a path or the name of one that ships; raise CheckpointError if there is none."""
    for folder in (Path(name), PRETRAINED / name):
        if (folder / CARD_FILE).is_file():
            return folder
    shipped = ", ".join(sorted(path.parent.name for path in PRETRAINED.glob(f"*/{CARD_FILE}")))
    raise CheckpointError(f"there is no checkpoint {name!r}: give a folder with a {CARD_FILE}, or one of {shipped}")


def save_checkpoint(folder: Path, module: nn.Module, card: ModelCard) -> ModelCard:
    """Write the weights and the card, whose digest, parameter count and packages are filled in; return it.

    The weights name the pretrained ones that they stand on, so that the digest tells checkpoints on different networks
    apart. Both files appear whole or not at all. Raise CheckpointError, before anything is written, for a card that
    nobody could read again.
    """
    parameters = sum(parameter.numel() for parameter in module.parameters())
    card = replace(card, parameters=parameters, packages=packages_of(module))
    card.require_readable()
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in module.state_dict().items()}
    unfinished = folder / f"{WEIGHTS_FILE}.part"
    save_file(weights, unfinished, _foundation(card))
    card = replace(card, digest=_sha256(unfinished))
    unfinished.replace(folder / WEIGHTS_FILE)
    unfinished = folder / f"{CARD_FILE}.part"
    unfinished.write_text(card.to_json(), encoding="utf-8")
    unfinished.replace(folder / CARD_FILE)
    return card


def _foundation(card: ModelCard) -> dict[str, str] | None:
    """Return what the weights file says of pretrained weights: the SHA-256 of each package that holds any."""
    return {name: entry["sha256"] for name, entry in card.packages.items() if "sha256" in entry} or None


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
    method = method.to(device).eval().requires_grad_(False)
    if card.familiarity.get("bank"):
        method.bank = _bank(card, method).features(method)
    return method


def _bank(card: ModelCard, method: FewShotMethod) -> Bank:
    """Return the bank that a card's familiarity was fitted with; raise CheckpointError if it is not the one here."""
    bank = bank_for(method.config)
    named = {name: card.familiarity[name] for name in ("bank", "bank_digest")}
    if bank is None or named != {"bank": bank.name, "bank_digest": bank.digest}:
        raise CheckpointError(
            f"{card.name} tells strangers by another bank of pictures than the one that ships here; calibrate it anew"
        )
    return bank


def load_weights(folder: Path, card: ModelCard, module: nn.Module) -> None:
    """Fill what a card describes with its weights: the very tensors that it has, all of finite numbers.

    Raise CheckpointError if they are missing, damaged or do not fit, or if a package holds other ones than it did.
    """
    path = folder / WEIGHTS_FILE
    try:
        _require_header(path)
        if _sha256(path) != card.digest:
            raise CheckpointError(f"{path} is not the file that its card was written for; its SHA-256 differs")
        _require_fitting(path, module.state_dict())
        weights = load_file(path)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"no readable weights at {path}: {error}") from error
    if wild := next((name for name, tensor in weights.items() if not tensor.isfinite().all()), None):
        raise CheckpointError(f"{path} cannot be used: its {wild} holds NaN or infinity; train it again, more gently")
    module.load_state_dict(weights)
    for backbone in pretrained_in(module):
        backbone.check(card.packages)


def _require_header(path: Path) -> None:
    """Raise CheckpointError if the list of tensors is longer than that of any network here."""
    with path.open("rb") as file:
        n_bytes = int.from_bytes(file.read(8), "little")
    if n_bytes > MOST_HEADER_BYTES:
        raise CheckpointError(f"no readable weights at {path}: its header is larger than {MOST_HEADER_BYTES} bytes")


def _require_fitting(path: Path, expected: Mapping[str, Tensor]) -> None:
    """Raise CheckpointError unless a file lists exactly these tensors, before any number of it is read."""
    with safe_open(path, framework="pt") as file:
        listed = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118 - it is no mapping
        shapes = {name: (tuple(part.get_shape()), part.get_dtype()) for name, part in listed.items()}
    needed = {name: (tuple(tensor.shape), DTYPES.get(tensor.dtype, "")) for name, tensor in expected.items()}
    for name in sorted(shapes.keys() | needed.keys()):
        if shapes.get(name) != needed.get(name):
            here, there = (_in_words(tensors.get(name)) for tensors in (needed, shapes))
            raise CheckpointError(
                f"{path} does not fit its card: {name[:100]} is {here} there, and {there} in the file"
            )


def _in_words(tensor: tuple[tuple[int, ...], str] | None) -> str:
    return "not" if tensor is None else f"{' x '.join(map(str, tensor[0])) or 'one number'} of {tensor[1]}"


def _build(card: ModelCard) -> FewShotMethod:
    if card.method not in METHODS:
        raise CheckpointError(f"the card names an unknown method {card.method!r}; known are {', '.join(METHODS)}")
    try:
        find_transform(card.transform)
        return build_method(card.method, METHODS[card.method].config.from_dict(card.config))
    except (ConfigError, TypeError, ValueError) as error:
        raise CheckpointError(f"the card of {card.name} cannot be used: {error}") from error
    except (MemoryError, RuntimeError) as error:  # what torch raises where memory ends, or for sizes that fit nothing
        raise CheckpointError(f"the network of {card.name} cannot be built here: {str(error)[:200]}") from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
