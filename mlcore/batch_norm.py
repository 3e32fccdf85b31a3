"""Batch norm by the batch at hand: Ioffe & Szegedy, "Batch normalization" (ICML 2015). Transductive results use it."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


@contextmanager
def batch_statistics(module: nn.Module) -> Iterator[None]:
    """Let every batch norm within use the statistics of its batch, and leave its running ones alone."""
    norms = [each for each in module.modules() if isinstance(each, _BatchNorm)]
    before = [(norm.training, norm.momentum) for norm in norms]
    for norm in norms:
        norm.training, norm.momentum = True, 0.0
    try:
        yield
    finally:
        for norm, (training, momentum) in zip(norms, before, strict=True):
            norm.training, norm.momentum = training, momentum
