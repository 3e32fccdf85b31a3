"""Batch norm whose statistics can be chosen: Ioffe & Szegedy, "Batch normalization" (ICML 2015).

Running statistics serve one picture alone as among others. Published MAML and relation figures normalise by the query
batch at hand (`batch_statistics`). Between the two lie the support's statistics, taken once and used for every query
(`recording`, `replaying`): Bronskill et al., "TaskNorm" (ICML 2020), who call it MetaBN.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm

Statistics = dict[str, tuple[Tensor, Tensor]]
"""Mean and variance (channels,) of each norm layer, by the layer's name within its network."""
Scales = dict[str, tuple[Tensor, Tensor]]
"""Scale and shift (channels,) of each norm layer, likewise."""


class BatchNorm2d(nn.BatchNorm2d):
    """PyTorch's, except within `recording` and `replaying`."""

    name = ""
    recorded: Statistics | None = None
    replayed: Statistics | None = None
    scales: Scales | None = None
    by_batch = False

    def forward(self, maps: Tensor) -> Tensor:
        """Normalise (n, channels, h, w)."""
        if self.by_batch or (self.recorded is None and self.replayed is None):
            return super().forward(maps) if self.scales is None else self._forward_scaled(maps, *self.scales[self.name])
        mean, variance = (statistic.reshape(1, -1, 1, 1) for statistic in self._statistics(maps))
        normal = (maps - mean) * torch.rsqrt(variance + self.eps)
        scale, shift = (self.weight, self.bias) if self.scales is None else self.scales[self.name]
        return normal * scale.reshape(1, -1, 1, 1) + shift.reshape(1, -1, 1, 1)

    def _forward_scaled(self, maps: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        """Normalise as PyTorch does, but by another scale and shift."""
        by_batch, momentum = self.training, self.momentum or 0.0
        return functional.batch_norm(
            maps, self.running_mean, self.running_var, scale, shift, by_batch, momentum, self.eps
        )

    def _statistics(self, maps: Tensor) -> tuple[Tensor, Tensor]:
        if self.replayed is not None:
            return self.replayed[self.name]
        variance, mean = torch.var_mean(maps.to(self.weight.dtype), (0, 2, 3), correction=0)
        if self.recorded is not None:
            self.recorded[self.name] = (mean, variance)
        return mean, variance


@contextmanager
def recording(network: nn.Module, scales: Scales | None = None) -> Iterator[Statistics]:
    """Normalise what runs within by its own batch, and yield the statistics; gradients flow through them.

    scales: those in force; None leaves the network's own.
    """
    recorded: Statistics = {}
    for name, norm in norms_of(network):
        norm.name, norm.recorded, norm.scales = name, recorded, scales
    try:
        yield recorded
    finally:
        for _, norm in norms_of(network):
            norm.recorded = norm.scales = None


@contextmanager
def replaying(network: nn.Module, statistics: Statistics | None, scales: Scales | None = None) -> Iterator[None]:
    """Normalise what runs within by these statistics; None leaves the network's own in force.

    scales: those in force with these statistics; None leaves the network's own.
    """
    for name, norm in norms_of(network):
        norm.name, norm.replayed, norm.scales = name, statistics, scales
    try:
        yield
    finally:
        for _, norm in norms_of(network):
            norm.replayed = norm.scales = None


def norms_of(network: nn.Module) -> list[tuple[str, BatchNorm2d]]:
    """List the norm layers of a network with their names."""
    return [(name, layer) for name, layer in network.named_modules() if isinstance(layer, BatchNorm2d)]


@contextmanager
def batch_statistics(module: nn.Module) -> Iterator[None]:
    """Let every batch norm within use the statistics of its batch, and leave its running ones alone."""
    norms = [layer for layer in module.modules() if isinstance(layer, _BatchNorm)]
    before = [(norm.training, norm.momentum) for norm in norms]
    for norm in norms:
        norm.training, norm.momentum = True, 0.0
    for _, own in norms_of(module):
        own.by_batch = True
    try:
        yield
    finally:
        for _, own in norms_of(module):
            own.by_batch = False
        for norm, (training, momentum) in zip(norms, before, strict=True):
            norm.training, norm.momentum = training, momentum
