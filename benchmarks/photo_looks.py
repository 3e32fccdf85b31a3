"""Look at every photo in many ways by onnxruntime: what `benchmarks.photos` compares is made of these."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx.utils
import torch
from onnxruntime import InferenceSession, SessionOptions
from torch import Tensor, nn
from torch.nn import functional

from mlcore.backbones.efficientnet_lite import load_network, middle
from mlcore.data.images import photos

LAYERS = {0: "the first layer", 6: "block 6", 12: "block 12", 16: "block 16"}
EDGES = ("top left", "top right", "bottom left", "bottom right")
_OUTPUTS = ["last", "cubic", *(f"mean{layer}" for layer in LAYERS), *(f"spread{layer}" for layer in LAYERS)]


@dataclass(frozen=True)
class Look:
    """Pooled maps of one view of n photos.

    last: mean of the last map, (n, 1280); cubic: its generalised mean of power 3. means, spreads: mean and standard
    deviation of the maps of `LAYERS` over the places, (n, C) each.
    """

    last: Tensor
    cubic: Tensor
    means: dict[int, Tensor]
    spreads: dict[int, Tensor]


Looks = dict[str, Look]


class Probe(nn.Module):
    """EfficientNet-Lite with the maps of some layers pooled as outputs, in the order of `_OUTPUTS`."""

    def __init__(self, backbone: str) -> None:
        super().__init__()
        self.network: Any = load_network(backbone)

    def forward(self, view: Tensor) -> list[Tensor]:
        """Pool: (n, 3, h, w) -> one (n, C) for each output."""
        network = self.network
        maps = network._swish(network._bn0(network._conv_stem(view)))
        kept = {0: maps}
        for number, block in enumerate(network._blocks, start=1):
            kept[number] = maps = block(maps)
        last = network._swish(network._bn1(network._conv_head(maps)))
        cubic = last.clamp(min=1e-6).pow(3).mean((2, 3)).pow(1 / 3)
        means = [kept[layer].mean((2, 3)) for layer in LAYERS]
        spreads = [_spread(kept[layer]) for layer in LAYERS]
        return [last.mean((2, 3)), cubic, *means, *spreads]


def _spread(maps: Tensor) -> Tensor:
    return (maps - maps.mean((2, 3), keepdim=True)).pow(2).mean((2, 3)).sqrt()


def look_at(images: Tensor, backbone: str) -> Looks:
    """Look at stored photos, (n, 3, H, W) uint8, in every way, a few at a time."""
    session = open_probe(_OUTPUTS, backbone)
    parts: dict[str, list[list[Tensor]]] = {}
    for chunk in images.split(8):
        for name, view in _views(chunk).items():
            pooled = session.run(_OUTPUTS, {"view": view.contiguous().numpy()})
            parts.setdefault(name, []).append([torch.from_numpy(array) for array in pooled])
    return {
        name: _as_look([torch.cat(chunks) for chunks in zip(*several, strict=True)]) for name, several in parts.items()
    }


def _as_look(pooled: list[Tensor]) -> Look:
    named = dict(zip(_OUTPUTS, pooled, strict=True))
    means = {layer: named[f"mean{layer}"] for layer in LAYERS}
    spreads = {layer: named[f"spread{layer}"] for layer in LAYERS}
    return Look(named["last"], named["cubic"], means, spreads)


def _views(chunk: Tensor) -> dict[str, Tensor]:
    large = photos(chunk)
    whole = functional.avg_pool2d(large, 2)
    crops = [large[:, :, top : top + 312, left : left + 312] for top in (0, 136) for left in (0, 136)]
    return {
        "whole": whole,
        "mirrored": whole.flip(3),
        "whole at 288": functional.interpolate(large, size=288, mode="bilinear", antialias=True),
        **{f"middle {side}": middle(large, side) for side in (160, 192, 224)},
        **{
            f"corner {edge}": functional.interpolate(crop, size=224, mode="bilinear", antialias=True)
            for edge, crop in zip(EDGES, crops, strict=True)
        },
    }


def open_probe(outputs: list[str], backbone: str) -> InferenceSession:
    """Run the probe by onnxruntime, computing no more than these of its outputs."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "probe.onnx"
        torch.onnx.export(
            Probe(backbone).eval(),
            (torch.zeros(2, 3, 224, 224),),
            path,
            input_names=["view"],
            output_names=_OUTPUTS,
            dynamic_axes={"view": {0: "n", 2: "h", 3: "w"}, **{output: {0: "n"} for output in _OUTPUTS}},
            dynamo=False,
        )
        onnx.utils.extract_model(path, path.with_name("part.onnx"), ["view"], outputs)
        options = SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        return InferenceSession(path.with_name("part.onnx"), options, providers=["CPUExecutionProvider"])
