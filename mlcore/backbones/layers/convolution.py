"""The step that the residual networks for drawings are made of."""

from torch import nn

from mlcore.backbones.layers.batch_norm import BatchNorm2d


def convolution(in_channels: int, out_channels: int, *, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolve, keeping the side (divided by the stride and rounded up), and normalise."""
    convolve = nn.Conv2d(in_channels, out_channels, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(convolve, BatchNorm2d(out_channels))
