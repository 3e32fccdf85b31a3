"""Read the parameters of a network that dlib saved, in the order in which its layers compute.

dlib writes whole numbers as one byte (how many bytes follow; the top bit is the sign) and those bytes, least first; a
tensor as the number 2 (the format's version), its four dimensions, and its values as little-endian float32.
"""

import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from mlcore.errors import CheckpointError

_FORMAT = 2


class DlibWeights:
    """A file that is read from its start to its end, tensor by tensor."""

    def __init__(self, path: Path) -> None:
        self._data = path.read_bytes()
        self._position = 0
        self._name = path.name
        self.count = 0  # of the values read so far

    def read(self, *shape: int, stored: tuple[int, int] | None = None) -> Tensor:
        """Return the next tensor of this many values, `shape`; its first two dimensions lie as `stored` in the file.

        Raise CheckpointError if there is none.
        """
        count = math.prod(shape)
        rows, columns = stored or (count, 1)
        header = b"".join(map(_whole_number, (_FORMAT, rows, columns, 1, 1)))
        start = self._data.find(header, self._position) + len(header)
        if start < len(header) or start + 4 * count > len(self._data):
            raise CheckpointError(f"{self._name} holds no further tensor of {count} values")
        self._position = start + 4 * count
        self.count += count
        values = np.frombuffer(self._data, "<f4", count, start)
        return torch.from_numpy(values.astype(np.float32)).reshape(shape)


def read_convolution(weights: DlibWeights, convolution: nn.Conv2d) -> None:
    """Read the kernel of a convolution, and its bias after it; to be called without gradients, as what follows."""
    shape = convolution.weight.shape
    parameters = weights.read(shape.numel() + shape[0])
    convolution.weight.copy_(parameters[: shape.numel()].reshape(shape))
    if convolution.bias is not None:
        convolution.bias.copy_(parameters[shape.numel() :])


def fold(convolution: nn.Conv2d, *, scale: Tensor, offset: Tensor) -> None:
    """Fold what follows a convolution on each channel into it: times scale (channels,), plus offset (channels,)."""
    convolution.weight.mul_(scale.reshape(-1, 1, 1, 1))
    if convolution.bias is not None:
        convolution.bias.mul_(scale).add_(offset)


def _whole_number(value: int) -> bytes:
    size = (value.bit_length() + 7) // 8
    return bytes([size]) + value.to_bytes(size, "little")
